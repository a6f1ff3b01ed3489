import type { Channel, NoticeKind, Operation, Timestamp } from './run-record.ts';

/**
 * An open problem of a plan, from its first failing run to recovery: `incidents/<plan>.json` in the bucket.
 * `signature` names what is wrong; a failing run with the same signature is the same failure and is not told again.
 */
export type Incident = {
  readonly lifeboat: 1;
  readonly plan: string;
  readonly state: 'open' | 'closed';
  readonly openedBy: string;
  readonly openedAt: Timestamp;
  /** The last run that was taken into account. */
  readonly lastRun: string;
  /** The last one of the whole fleet: an older run that ends later changes nothing. */
  readonly lastFleetRun?: string;
  /** What that run did to the incident: answered again when the same run is taken into account twice. */
  readonly lastChange: IncidentChange;
  /** Instances that are not protected. */
  readonly instances: readonly string[];
  readonly signature: string;
  readonly failingRuns: number;
  /** What was last worth telling: what comes after is compared with it. */
  readonly news: IncidentNews;
  /** The notice that a channel has to hear, and the newest one that it has heard: apart while it is behind. */
  readonly due?: Partial<Readonly<Record<Channel, NoticeName>>>;
  readonly heard?: Partial<Readonly<Record<Channel, NoticeName>>>;
  readonly slack?: SlackThread;
  /**
   * A message may be in Slack that we have got no answer to, of this incident or of one since this: the channels are looked
   * through before the next one is sent.
   */
  readonly slackUnsure?: { readonly openedBy: string; readonly openedAt: Timestamp };
  /** Threads that the incident has left for another channel. */
  readonly slackBefore?: readonly SlackThread[];
  readonly jira?: { readonly key: string };
  /** Nothing but the recovery is told until then. */
  readonly muted?: { readonly at: Timestamp; readonly until: Timestamp };
  /** Somebody is at it: no daily reminder. */
  readonly acknowledged?: { readonly at: Timestamp };
  /** The incident before this one, for an issue that is opened again. */
  readonly earlier?: { readonly closedAt: Timestamp; readonly jira?: { readonly key: string } };
  readonly closedBy?: string;
  readonly closedAt?: Timestamp;
};

/** `name`: the channel as the plan calls it. */
export type SlackThread = { readonly channel: string; readonly thread: string; readonly name?: string };
export type NoticeName = { readonly run: string; readonly kind: NoticeKind };

export type IncidentNews = {
  readonly run: string;
  readonly at: Timestamp;
  readonly signature: string;
  readonly instances: number;
  /** Data of an instance is older than the plan's recovery point objective. */
  readonly atRisk: boolean;
  /** What made it news; empty for the failure that opened the incident and for a reminder. */
  readonly matters: readonly Matter[];
};
export type Matter = 'more-instances' | 'other-cause' | 'at-risk';

/**
 * `opened` and `changed` are told as failures, `escalated` as data that is now at risk, `reminded` once a day, `recovered` as
 * such; `same` is not told.
 */
export type IncidentChange = 'opened' | 'changed' | 'escalated' | 'reminded' | 'same' | 'recovered';

export const isMuted = ({ muted }: Incident, at: Date): boolean =>
  muted !== undefined && at.getTime() < Date.parse(muted.until);

/** The incident that a run counts for. Names of plans have no dot. */
export const incidentName = ({
  plan,
  operation,
}: {
  readonly plan: string;
  readonly operation: Operation;
}): string => (operation === 'prune' ? `${plan}.prune` : plan);

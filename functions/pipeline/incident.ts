import type { Operation, Timestamp } from './run-record.ts';

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
  readonly slack?: { readonly channel: string; readonly thread: string };
  readonly jira?: { readonly key: string };
  readonly closedBy?: string;
  readonly closedAt?: Timestamp;
};

/** `opened` and `changed` are told as failures, `recovered` as such, `same` is not told. */
export type IncidentChange = 'opened' | 'changed' | 'same' | 'recovered';

/** The incident that a run counts for. Names of plans have no dot. */
export const incidentName = ({
  plan,
  operation,
}: {
  readonly plan: string;
  readonly operation: Operation;
}): string => (operation === 'prune' ? `${plan}.prune` : plan);

import type { Plan } from '../config/plan.ts';
import { type Incident, isMuted, type NoticeName } from './incident.ts';
import { timeOf } from './incident-news.ts';
import { isGood, type Judgement, noticeOf } from './judge-incident.ts';
import { channelsFor } from './owed-notices.ts';
import type { Channel, NoticeKind, NoticeState, RunRecord } from './run-record.ts';

/**
 * Which notice each channel has to hear of a judged run. A channel that is behind, since it was down or has come into the plan
 * since, gets this run's instead of the one that it has not got: how it stands now, once. So nothing is lost however long
 * a service is down, and nothing that has passed is told as if it were so.
 */
export const withDue = (plan: Plan, judgement: Judgement, record: RunRecord): Incident | undefined => {
  const { incident } = judgement;
  if (incident === undefined) return undefined;
  const kind = noticeOf(judgement, record);
  const wanted = kind === undefined || kind === 'succeeded' ? [] : channelsFor(plan, kind, record);
  const late = lateKind(judgement, record);
  const due: Due = { ...incident.due };
  let isLate = false;
  for (const channel of channelsFor(plan, 'failed', record)) {
    if (kind !== undefined && wanted.includes(channel)) due[channel] = { run: record.run, kind };
    else if (late !== undefined && isBehind(incident, channel, late)) {
      due[channel] = { run: record.run, kind: late };
      isLate = true;
    }
  }
  if (same(due, incident.due)) return incident;
  return { ...withNewDue(incident, due), ...(isLate ? { news: asItIs(incident) } : {}) };
};

/** What a channel has to hear instead of what it has not got, or got without our knowing. */
export const withNewDue = (incident: Incident, due: Due): Incident => {
  const { openedBy, openedAt, heard, slackUnsure } = incident;
  const before = incident.due?.slack;
  const isUnsure =
    before !== undefined &&
    (due.slack === undefined || !isSame(before, due.slack)) &&
    (heard?.slack === undefined || !isSame(before, heard.slack));
  return {
    ...incident,
    due,
    ...(isUnsure ? { slackUnsure: slackUnsure ?? { openedBy, openedAt } } : {}),
  };
};

/** What a channel knows that hears how it stands now, and nothing of what was before. */
export const asItIs = ({ news, signature, instances }: Incident): Incident['news'] => ({
  ...news,
  signature,
  instances: instances.length,
});

type Due = Partial<Record<Channel, NoticeName>>;

/** What a channel that is behind gets of this run; undefined where the run does not say how it stands. */
const lateKind = ({ incident, change }: Judgement, record: RunRecord): NoticeKind | undefined => {
  if (incident === undefined || record.run < (incident.lastFleetRun ?? '')) return undefined;
  if (incident.state === 'open' && !isGood(record) && change !== undefined)
    return isMuted(incident, new Date(timeOf(record))) ? undefined : 'failed';
  return incident.state === 'closed' && isGood(record) && record.run > (incident.closedBy ?? '')
    ? 'recovered'
    : undefined;
};

/** Of a recovery only who has heard of the failure. */
const isBehind = ({ due, heard }: Incident, channel: Channel, late: NoticeKind): boolean => {
  const known = heard?.[channel];
  return known === undefined ? late === 'failed' : !isSame(known, due?.[channel]);
};

const isSame = (one: NoticeName, other: NoticeName | undefined): boolean =>
  one.run === other?.run && one.kind === other.kind;

const same = (one: Due, other: Due = {}): boolean =>
  (['slack', 'jira'] as const).every((channel) => {
    const [first, second] = [one[channel], other[channel]];
    return first === undefined ? second === undefined : isSame(first, second);
  });

/** The notices of this run that are due and that its record does not have yet. */
export const dueNotices = (
  incident: Incident | undefined,
  { run, notices }: Pick<RunRecord, 'run' | 'notices'>,
): readonly NoticeState[] =>
  (['slack', 'jira'] as const).flatMap((channel): readonly NoticeState[] => {
    const name = incident?.due?.[channel];
    if (name?.run !== run) return [];
    const isKnown = notices.some((notice) => notice.channel === channel && notice.kind === name.kind);
    return isKnown ? [] : [{ kind: name.kind, channel, state: 'owed', attempts: 0 }];
  });

/** A notice of an incident that is not what its channel has to hear any more, or not now. */
export const isOvertaken = (
  incident: Incident | undefined,
  run: string,
  { kind, channel }: Pick<NoticeState, 'kind' | 'channel'>,
  now: Date,
): boolean => {
  if (incident === undefined || !(isOfIncident(kind) || kind === 'unheard')) return false;
  if (kind !== 'recovered' && incident.state === 'open' && isMuted(incident, now)) return true;
  if (kind === 'unheard') return false;
  const name = incident.due?.[channel];
  return name !== undefined && !isSame({ run, kind }, name);
};

export const isOfIncident = (kind: NoticeKind): boolean =>
  kind === 'failed' || kind === 'escalated' || kind === 'reminded' || kind === 'recovered';

/** The incident after the channel has heard this. */
export const withHeard = (incident: Incident, channel: Channel, name: NoticeName): Incident => {
  const due = incident.due?.[channel];
  const known = incident.heard?.[channel];
  if (due === undefined || !isSame(name, due) || (known !== undefined && isSame(known, name)))
    return incident;
  return { ...incident, heard: { ...incident.heard, [channel]: name } };
};

import { type Incident, type IncidentChange, type IncidentNews, isMuted, type Matter } from './incident.ts';
import type { RunRecord } from './run-record.ts';

/** An incident as a failing run finds it. */
export type Found = {
  readonly signature: string;
  readonly instances: readonly string[];
  readonly atRisk: boolean;
};

/** A night is a reminder, two runs of the same night are not. */
const reminderMilliseconds = 18 * 3_600_000;

/**
 * What is new for those who have heard {@link Incident.news}: more instances, a cause that was not named, data that is now
 * older than the objective. Fewer instances or causes, other names of the same number and the same failure again are not, but
 * once a day it is said that it goes on, until somebody acknowledges it. Nothing is while it is muted.
 */
export const changeOf = (open: Incident, record: RunRecord, found: Found): IncidentChange => {
  if (isMuted(open, new Date(timeOf(record)))) return 'same';
  const matters = mattersOf(open.news, record, found);
  if (matters.includes('at-risk')) return 'escalated';
  if (matters.length > 0) return 'changed';
  return isReminder(open, record) ? 'reminded' : 'same';
};

export const mattersOf = (news: IncidentNews, record: RunRecord, found: Found): readonly Matter[] => {
  const known = new Set(news.signature.split(' '));
  const isOther = found.signature.split(' ').some((cause) => cause !== '' && !known.has(cause));
  return [
    ...(record.operation !== 'prune' && isMore(news.instances, found.instances.length)
      ? (['more-instances'] as const)
      : []),
    ...(isOther ? (['other-cause'] as const) : []),
    ...(found.atRisk && !news.atRisk ? (['at-risk'] as const) : []),
  ];
};

/** By a tenth at least: in a fleet of thousands a few come and go every night. */
const isMore = (known: number, now: number): boolean => now - known >= Math.max(1, Math.ceil(known / 10));

const isReminder = ({ news, acknowledged }: Incident, record: RunRecord): boolean =>
  acknowledged === undefined &&
  record.scope === 'fleet' &&
  // That pruning does not work is told once: nothing is lost, and the share says when it matters.
  record.operation !== 'prune' &&
  Date.parse(timeOf(record)) - Date.parse(news.at) >= reminderMilliseconds;

/** When a run counts. */
export const timeOf = (record: RunRecord): string => record.closedAt ?? record.startedAt;

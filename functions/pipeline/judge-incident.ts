import { isProtected } from './decide.ts';
import type { Incident, IncidentChange } from './incident.ts';
import { isGoodResult, type NoticeKind, type RunRecord } from './run-record.ts';

/**
 * What a closed run does to the plan's incident: the incident as it is afterwards (undefined: none, and none is needed)
 * and the change. Taking the same run into account twice answers the same twice; a run older than the last one of the
 * whole fleet that counted changes nothing.
 */
export const judgeIncident = (before: Incident | undefined, record: RunRecord): Judgement => {
  if (before !== undefined && before.lastRun === record.run)
    return { incident: before, change: before.lastChange };
  // Its notices were not decided when its worker died, and another run has been judged since.
  if (before?.openedBy === record.run) return { incident: before, change: 'opened' };
  if (before?.closedBy === record.run) return { incident: before, change: 'recovered' };
  if (before?.lastFleetRun !== undefined && before.lastFleetRun > record.run)
    return { incident: before, change: undefined };
  const failing = stillFailing(before, record);
  const open = before?.state === 'open' ? before : undefined;
  if (isGood(record) && failing.length === 0)
    return open === undefined ? none(before) : recovered(open, record);
  if (isGood(record) && open === undefined) return none(before);
  return open === undefined ? opened(record, failing) : goesOn(open, record, failing);
};

export type Judgement = {
  readonly incident: Incident | undefined;
  /** Undefined: the run has nothing to do with an incident. */
  readonly change: IncidentChange | undefined;
};

export const isGood = ({ result }: RunRecord): boolean => isGoodResult(result);

/**
 * Instances that are not protected after this run. A run of named instances says nothing about the others: what was
 * failing before and was not named is failing still.
 */
const stillFailing = (before: Incident | undefined, record: RunRecord): readonly string[] => {
  const results = record.results ?? [];
  const failing = results.filter((result) => !isProtected(result)).map(({ instance }) => instance);
  if (record.scope === 'fleet' || before?.state !== 'open') return failing;
  const seen = new Set(results.map(({ instance }) => instance));
  return [...before.instances.filter((instance) => !seen.has(instance)), ...failing].sort();
};

/** What is wrong, without names and numbers of instances: they come and go, the failure stays the same. */
const signatureOf = (record: RunRecord): string =>
  [
    ...new Set(
      (record.results ?? []).filter((result) => !isProtected(result)).map(({ cause }) => cause ?? 'unknown'),
    ),
    ...(record.problems.length > 0 ? ['fleet'] : []),
  ]
    .toSorted()
    .join(' ');

const none = (before: Incident | undefined): Judgement => ({ incident: before, change: undefined });

const opened = (record: RunRecord, instances: readonly string[]): Judgement => ({
  change: 'opened',
  incident: {
    lifeboat: 1,
    plan: record.plan,
    state: 'open',
    openedBy: record.run,
    openedAt: record.closedAt ?? record.startedAt,
    lastRun: record.run,
    lastChange: 'opened',
    instances,
    signature: signatureOf(record),
    failingRuns: 1,
    ...fleetRunOf(record),
  },
});

const goesOn = (open: Incident, record: RunRecord, instances: readonly string[]): Judgement => {
  const signature = isGood(record) ? open.signature : signatureOf(record);
  const change = signature === open.signature ? 'same' : 'changed';
  return {
    change,
    incident: {
      ...open,
      lastRun: record.run,
      lastChange: change,
      instances,
      signature,
      failingRuns: open.failingRuns + (isGood(record) ? 0 : 1),
      ...fleetRunOf(record),
    },
  };
};

const recovered = (open: Incident, record: RunRecord): Judgement => ({
  change: 'recovered',
  incident: {
    ...open,
    state: 'closed',
    lastRun: record.run,
    lastChange: 'recovered',
    instances: [],
    closedBy: record.run,
    closedAt: record.closedAt ?? record.startedAt,
    ...fleetRunOf(record),
  },
});

const fleetRunOf = (record: RunRecord): { readonly lastFleetRun?: string } =>
  record.scope === 'fleet' ? { lastFleetRun: record.run } : {};

/** What is told of such a change; undefined where silence is right: the same failure is not told again. */
export const noticeOf = ({ change }: Judgement, record: RunRecord): NoticeKind | undefined => {
  switch (change) {
    case 'opened':
    case 'changed':
      return 'failed';
    case 'recovered':
      return 'recovered';
    case 'same':
    case undefined:
      return isGood(record) ? 'succeeded' : undefined;
  }
};

import type { CauseId } from './causes.ts';
import { isProtected } from './decide.ts';
import type { Incident, IncidentChange, IncidentNews } from './incident.ts';
import { changeOf, type Found, mattersOf, timeOf } from './incident-news.ts';
import { isGoodResult, type NoticeKind, type RunRecord } from './run-record.ts';

/**
 * What a closed run does to the plan's incident: the incident as it is afterwards (undefined: none, and none is needed)
 * and the change. Taking the same run into account twice answers the same twice; a run older than the last one of the
 * whole fleet that counted changes nothing. `known` is what the plan's overview says of instances.
 */
export const judgeIncident = (
  before: Incident | undefined,
  record: RunRecord,
  known: Known = knowsNothing,
): Judgement => {
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
  const found = {
    signature: signatureAfter(open, record, failing, known),
    instances: failing,
    atRisk: known.isAtRisk(failing),
  };
  return open === undefined ? opened(before, record, found) : goesOn(open, record, found);
};

export type Known = {
  /** Whether data of one of them is older than the plan's recovery point objective. */
  readonly isAtRisk: (instances: readonly string[]) => boolean;
  /** Why its newest run did not protect it. */
  readonly causeOf: (instance: string) => CauseId | undefined;
};

export const knowsNothing: Known = { isAtRisk: () => false, causeOf: () => undefined };

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

/** A run of named instances leaves the causes of the others as they were. */
const signatureAfter = (
  open: Incident | undefined,
  record: RunRecord,
  failing: readonly string[],
  { causeOf }: Known,
): string => {
  const own = signatureOf(record);
  if (open === undefined || record.scope === 'fleet') return own;
  const seen = new Set((record.results ?? []).map(({ instance }) => instance));
  const others = failing.filter((instance) => !seen.has(instance)).map(causeOf);
  const before = others.some((cause) => cause === undefined) ? open.signature.split(' ') : others;
  const isFleet = open.signature.split(' ').includes('fleet');
  return [...new Set([...own.split(' '), ...before, ...(isFleet ? ['fleet'] : [])])]
    .filter((cause) => cause !== undefined && cause !== '')
    .toSorted()
    .join(' ');
};

const none = (before: Incident | undefined): Judgement => ({ incident: before, change: undefined });

const opened = (before: Incident | undefined, record: RunRecord, found: Found): Judgement => ({
  change: 'opened',
  incident: {
    lifeboat: 1,
    plan: record.plan,
    state: 'open',
    openedBy: record.run,
    openedAt: timeOf(record),
    lastRun: record.run,
    lastChange: 'opened',
    instances: found.instances,
    signature: found.signature,
    failingRuns: 1,
    news: newsOf(record, found, []),
    ...fleetRunOf(record),
    ...(before === undefined ? {} : inherited(before)),
  },
});

/**
 * A channel that has not heard of the last recovery knows one problem that goes on: it stays in the same thread. The issue
 * of the last incident is remembered, for it may be opened again.
 */
const inherited = (before: Incident): Partial<Incident> => {
  const { heard, due, slack, slackBefore, slackUnsure, jira, closedAt, openedBy, openedAt } = before;
  const knowsNoEnd = due?.slack !== undefined && heard?.slack?.run !== due.slack.run;
  return {
    ...(knowsNoEnd ? { slackUnsure: slackUnsure ?? { openedBy, openedAt } } : {}),
    ...(knowsNoEnd && slack !== undefined ? { slack } : {}),
    ...(knowsNoEnd && slackBefore !== undefined ? { slackBefore } : {}),
    ...(closedAt === undefined ? {} : { earlier: { closedAt, ...(jira === undefined ? {} : { jira }) } }),
  };
};

const newsOf = (record: RunRecord, found: Found, matters: IncidentNews['matters']): IncidentNews => ({
  run: record.run,
  at: timeOf(record),
  signature: found.signature,
  instances: found.instances.length,
  atRisk: found.atRisk,
  matters,
});

const goesOn = (open: Incident, record: RunRecord, found: Found): Judgement => {
  // A good run of named instances leaves others failing, and says nothing about them.
  const change = isGood(record) ? 'same' : changeOf(open, record, found);
  return {
    change,
    incident: {
      ...open,
      lastRun: record.run,
      lastChange: change,
      instances: found.instances,
      signature: found.signature,
      failingRuns: open.failingRuns + (isGood(record) ? 0 : 1),
      news:
        change === 'same'
          ? { ...open.news, atRisk: open.news.atRisk && found.atRisk }
          : newsOf(record, found, mattersOf(open.news, record, found)),
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
    closedAt: timeOf(record),
    ...fleetRunOf(record),
  },
});

const fleetRunOf = (record: RunRecord): { readonly lastFleetRun?: string } =>
  record.scope === 'fleet' ? { lastFleetRun: record.run } : {};

/** What is told of such a change; undefined where silence is right: the same failure is not told again at once. */
export const noticeOf = ({ change }: Judgement, record: RunRecord): NoticeKind | undefined => {
  switch (change) {
    case 'opened':
    case 'changed':
      return 'failed';
    case 'escalated':
    case 'reminded':
    case 'recovered':
      return change;
    case 'same':
    case undefined:
      return isGood(record) ? 'succeeded' : undefined;
  }
};

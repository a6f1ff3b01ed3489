import type { Plan } from '../config/plan.ts';
import { isAtRisk, riskBegins } from './at-risk.ts';
import type { IncidentStore, Metrics, OverviewStore, PlanStanding, ReportStore } from './doors.ts';
import { escalated } from './escalate.ts';
import { incidentName } from './incident.ts';
import { dueNotices, withDue } from './incident-due.ts';
import { timeOf } from './incident-news.ts';
import {
  isGood,
  type Judgement,
  judgeIncident,
  type Known,
  knowsNothing,
  noticeOf,
} from './judge-incident.ts';
import { forPruneIncident } from './judge-prune.ts';
import { emptyOverview, makesPoints, type Overview, withRun, worstAge } from './overview.ts';
import { owedNotices } from './owed-notices.ts';
import { revise, reviseOrCreate } from './revise.ts';
import type { NoticeState, RunRecord } from './run-record.ts';
import { shareStanding } from './share-trend.ts';
import { type Telling, tellOwed } from './tell.ts';
import type { Worker } from './worker.ts';

export type AfterClosing = Telling & {
  readonly overviews: OverviewStore;
  readonly incidents: IncidentStore;
  readonly reports: ReportStore;
  readonly metrics: Metrics;
};

/**
 * Everything that a closed run still owes, each part safe to do twice: its place in the overview, its incident, its
 * metrics, its notices, its report.
 */
export const afterClosing = async (
  doors: AfterClosing,
  plan: Plan,
  record: RunRecord,
  worker: Worker,
): Promise<void> => {
  const decided =
    record.noticesDecided === true
      ? await escalated(doors, plan, record)
      : await decideNotices(doors, plan, record);
  doors.metrics.planStands(plan.name, await standingOf(doors, plan));
  await tellOwed(doors, plan, decided, worker);
  const after = (await doors.runs.read(record.run))?.value ?? decided;
  await doors.reports.write(after, plan.schedule.timezone);
};

const decideNotices = async (doors: AfterClosing, plan: Plan, record: RunRecord): Promise<RunRecord> => {
  await reviseOverview(doors.overviews, record);
  const judgement = await judge(doors, plan, record);
  let decidedByUs = false;
  const { value } = await revise(doors.runs, record.run, (current): RunRecord | undefined => {
    decidedByUs = current.noticesDecided !== true;
    const notices = [...current.notices.map(asItEnded), ...owedOf(plan, judgement, current)];
    return decidedByUs ? { ...current, noticesDecided: true, notices } : undefined;
  });
  if (decidedByUs && makesPoints(value) && value.result !== 'paused') doors.metrics.runClosed(value);
  if (decidedByUs && judgement?.change === 'recovered' && makesPoints(value))
    await lookOnceMore(doors, record);
  return value;
};

/**
 * What a plan's channels hear is whether its files are protected, and that pruning does not work or works again. Whoever
 * restores or asks for a dry run looks at the answer.
 */
const judge = async (doors: AfterClosing, plan: Plan, record: RunRecord): Promise<Judgement | undefined> => {
  // Skipped on purpose: no incident begins or ends by it.
  if (record.result === 'paused') return undefined;
  if (!makesPoints(record)) {
    const counts = record.operation === 'prune' && record.parameters.prune?.dryRun !== true;
    return counts ? reviseIncident(doors.incidents, plan, forPruneIncident(record), knowsNothing) : undefined;
  }
  const overview = (await doors.overviews.read(plan.name))?.value ?? emptyOverview(plan.name);
  const at = new Date(timeOf(record));
  const judgement = await reviseIncident(doors.incidents, plan, record, {
    isAtRisk: (instances) => isAtRisk(overview, plan, instances, at),
    causeOf: (instance) => overview.instances[instance]?.cause,
  });
  if (!isGood(record)) await lookWhenAtRisk(doors, plan, record.run, overview, judgement);
  return judgement;
};

const owedOf = (plan: Plan, judgement: Judgement | undefined, record: RunRecord): readonly NoticeState[] => {
  // Every skipped night is told.
  if (record.result === 'paused') return owedNotices(plan, 'paused', record);
  if (judgement === undefined) return [];
  const due = dueNotices(judgement.incident, record);
  if (!makesPoints(record) || noticeOf(judgement, record) !== 'succeeded') return due;
  // Who hears late that it is good again hears with it that this run was.
  const other = owedNotices(plan, 'succeeded', record).filter(
    ({ channel }) => !due.some((notice) => notice.channel === channel),
  );
  return [...due, ...other];
};

/** Data gets older while nobody runs: somebody looks again when the first instance breaks the objective. */
const lookWhenAtRisk = async (
  { wakeUps, clock }: AfterClosing,
  plan: Plan,
  run: string,
  overview: Overview,
  { incident }: Judgement,
): Promise<void> => {
  if (incident?.state !== 'open' || incident.news.atRisk) return;
  const at = riskBegins(overview, plan, incident.instances, clock.now());
  if (at !== undefined) await wakeUps.wakeCheck(run, new Date(at.getTime() + 1_000), 'look-again');
};

/** A recovery within a minute of the failure would be hidden by it: see {@link standingOf}. */
const lookOnceMore = async ({ wakeUps, clock }: AfterClosing, { run }: RunRecord): Promise<void> =>
  wakeUps.wakeCheck(run, new Date(clock.now().getTime() + onceMoreMilliseconds), 'look-again');

const onceMoreMilliseconds = 2 * 60_000;

/**
 * How the plan stands now, in the numbers that alarms look at. Told each time that a closed run is looked at, the last time
 * at its deadline: CloudWatch keeps the worst value of a minute, and a good run may follow a bad one within it.
 */
const standingOf = async (
  { overviews, incidents, clock }: AfterClosing,
  plan: Plan,
): Promise<PlanStanding> => {
  const overview = (await overviews.read(plan.name))?.value ?? emptyOverview(plan.name);
  const incident = (await incidents.read(plan.name))?.value;
  const age = worstAge(overview, clock.now());
  const share = shareStanding(overview, plan.alarms);
  const isOpen = incident?.state === 'open';
  return {
    // An open incident without an instance is one of the fleet itself: a group that does not exist.
    notProtected: isOpen ? Math.max(1, incident.instances.length) : 0,
    ...(age === undefined ? {} : { recoveryPointAgeSeconds: Math.round(age / 1000) }),
    ...(share === undefined ? {} : { share }),
  };
};

const reviseOverview = (overviews: OverviewStore, record: RunRecord): Promise<void> =>
  reviseOrCreate(overviews, record.plan, (known = emptyOverview(record.plan)) => withRun(known, record));

/** That a run has begun is no news any more when it has ended: it is not told late, but shown as not told. */
const asItEnded = (notice: NoticeState): NoticeState =>
  notice.state === 'told' || notice.state === 'failed'
    ? notice
    : { ...notice, state: 'failed', error: 'The run ended before this was told.' };

const reviseIncident = async (
  incidents: IncidentStore,
  plan: Plan,
  record: RunRecord,
  known: Known,
): Promise<Judgement> => {
  let judgement: Judgement = { incident: undefined, change: undefined };
  await reviseOrCreate(incidents, incidentName(record), (before) => {
    judgement = judgeIncident(before, record, known);
    const incident = withDue(plan, judgement, record);
    if (incident === undefined || incident === before) return undefined;
    judgement = { ...judgement, incident };
    return incident;
  });
  return judgement;
};

import type { Plan } from '../config/plan.ts';
import type { IncidentStore, Metrics, OverviewStore, PlanStanding, ReportStore } from './doors.ts';
import { type Incident, incidentName } from './incident.ts';
import { judgeIncident, noticeOf } from './judge-incident.ts';
import { forPruneIncident } from './judge-prune.ts';
import { emptyOverview, makesPoints, withRun, worstAge } from './overview.ts';
import { revise } from './revise.ts';
import type { NoticeKind, NoticeState, RunRecord } from './run-record.ts';
import { shareStanding } from './share-trend.ts';
import { owedNotices, type Telling, tellOwed } from './tell.ts';
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
  const decided = record.noticesDecided === true ? record : await decideNotices(doors, plan, record);
  doors.metrics.planStands(plan.name, await standingOf(doors, plan));
  await tellOwed(doors, plan, decided, worker);
  const after = (await doors.runs.read(record.run))?.value ?? decided;
  await doors.reports.write(after, plan.schedule.timezone);
};

const decideNotices = async (doors: AfterClosing, plan: Plan, record: RunRecord): Promise<RunRecord> => {
  await reviseOverview(doors.overviews, record);
  const kind = await whatIsNews(doors.incidents, record);
  const owed = kind === undefined ? [] : owedNotices(plan, kind, record);
  let decidedByUs = false;
  const { value } = await revise(doors.runs, record.run, (current): RunRecord | undefined => {
    decidedByUs = current.noticesDecided !== true;
    return decidedByUs
      ? { ...current, noticesDecided: true, notices: [...current.notices.map(asItEnded), ...owed] }
      : undefined;
  });
  if (decidedByUs && makesPoints(value) && value.result !== 'paused') doors.metrics.runClosed(value);
  if (decidedByUs && kind === 'recovered' && makesPoints(value)) await lookOnceMore(doors, record);
  return value;
};

/**
 * What a plan's channels hear is whether its files are protected, and that pruning does not work or works again. Whoever
 * restores or asks for a dry run looks at the answer.
 */
const whatIsNews = async (incidents: IncidentStore, record: RunRecord): Promise<NoticeKind | undefined> => {
  // Skipped on purpose: no incident begins or ends by it, and every skipped night is told.
  if (record.result === 'paused') return 'paused';
  if (makesPoints(record)) return noticeOf(await reviseIncident(incidents, record), record);
  if (record.operation !== 'prune' || record.parameters.prune?.dryRun === true) return undefined;
  const seen = forPruneIncident(record);
  const kind = noticeOf(await reviseIncident(incidents, seen), seen);
  return kind === 'succeeded' ? undefined : kind;
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

const reviseOverview = async (overviews: OverviewStore, record: RunRecord): Promise<void> => {
  for (let round = 1; round <= maxRounds; round += 1) {
    const before = await overviews.read(record.plan);
    const known = before?.value ?? emptyOverview(record.plan);
    const after = withRun(known, record);
    if (after === undefined) return;
    const written =
      before === undefined
        ? await overviews.create(record.plan, after)
        : await overviews.replace(record.plan, before, after);
    if (written !== undefined) return;
  }
  throw new Error(`The overview of ${record.plan} was changed by others ${maxRounds} times; giving up.`);
};

/** That a run has begun is no news any more when it has ended: it is not told late, but shown as not told. */
const asItEnded = (notice: NoticeState): NoticeState =>
  notice.state === 'told' || notice.state === 'failed'
    ? notice
    : { ...notice, state: 'failed', error: 'The run ended before this was told.' };

/** More rounds than workers can meet on one incident. */
const maxRounds = 20;

const reviseIncident = async (incidents: IncidentStore, record: RunRecord) => {
  const name = incidentName(record);
  for (let round = 1; round <= maxRounds; round += 1) {
    const before = await incidents.read(name);
    const judgement = judgeIncident(before?.value, record);
    const { incident } = judgement;
    if (incident === undefined || incident === before?.value) return judgement;
    if ((await writeIncident(incidents, name, before, incident)) !== undefined) return judgement;
  }
  throw new Error(`The incident of ${name} was changed by others ${maxRounds} times; giving up.`);
};

const writeIncident = (
  incidents: IncidentStore,
  name: string,
  before: Awaited<ReturnType<IncidentStore['read']>>,
  incident: Incident,
) => (before === undefined ? incidents.create(name, incident) : incidents.replace(name, before, incident));

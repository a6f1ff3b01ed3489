import type { Plan } from '../config/plan.ts';
import type {
  Clock,
  IncidentStore,
  Log,
  Metrics,
  OverviewStore,
  RunStore,
  Tellers,
  Told,
  WakeUps,
} from './doors.ts';
import { type Incident, incidentName } from './incident.ts';
import { isOfIncident, isOvertaken, withHeard } from './incident-due.ts';
import { newestPoints } from './newest-points.ts';
import { otherRoad, stillUnheard } from './other-road.ts';
import { makesPoints } from './overview.ts';
import { owedNotices } from './owed-notices.ts';
import { revise } from './revise.ts';
import type { Channel, NoticeKind, NoticeState, RunRecord } from './run-record.ts';
import type { Worker } from './worker.ts';

export type Telling = {
  readonly clock: Clock;
  readonly runs: RunStore;
  readonly incidents: IncidentStore;
  readonly overviews: Pick<OverviewStore, 'read'>;
  readonly tellers: Tellers;
  readonly metrics: Metrics;
  readonly wakeUps: WakeUps;
  readonly log: Log;
  readonly links: (record: RunRecord) => Links;
};
export type Links = { readonly report?: string; readonly runbook: string; readonly console?: string };

/**
 * After so many attempts, a day, a notice stays untold and is only shown: in the report, the log and the metric. If it is about
 * an incident, the next run of the plan tells how it stands then (incident-due.ts).
 */
const mostAttempts = 27;
/** A worker that is sending has either noted the end by then or died. */
const sendingMilliseconds = 120_000;

/** After ten minutes, twenty, forty, and then every hour. */
const nextAttemptMilliseconds = (attempts: number): number =>
  Math.min(60, 10 * 2 ** Math.max(0, attempts - 1)) * 60_000;

/** Tells that a run has begun, if the plan wants that. */
export const tellStarted = async (doors: Telling, plan: Plan, run: string, worker: Worker): Promise<void> => {
  const { value } = await revise(doors.runs, run, (record) => {
    if (!makesPoints(record)) return undefined;
    const known = record.notices.some(({ kind }) => kind === 'started');
    const owed = owedNotices(plan, 'started', record);
    return known || owed.length === 0 || record.state === 'closed'
      ? undefined
      : { ...record, notices: [...record.notices, ...owed] };
  });
  // That it has begun is no news any more when it has ended.
  if (value.state !== 'closed') await tellOwed(doors, plan, value, worker, ['started']);
};

/** All but that a run has begun, which is news for a moment alone. */
const afterTheEnd: readonly NoticeKind[] = [
  'succeeded',
  'failed',
  'escalated',
  'reminded',
  'recovered',
  'unheard',
  'paused',
];

/**
 * Tells what the record still owes, each notice once: it is claimed with a conditional write before it is sent, and
 * noted after. One whose sender died in between is told by the next worker, which asks the channel first whether it
 * has arrived. A channel that fails never fails the run, and never keeps the other channel from being told.
 */
export const tellOwed = async (
  doors: Telling,
  plan: Plan,
  record: RunRecord,
  worker: Worker,
  kinds: readonly NoticeKind[] = afterTheEnd,
): Promise<void> => {
  const attempts = await tellEach(doors, plan, record, worker, kinds);
  if (attempts.length === 0) return;
  const { value } = await revise(doors.runs, record.run, (current) => {
    const more = otherRoad(plan, current);
    return more.length === 0 ? undefined : { ...current, notices: [...current.notices, ...more] };
  });
  attempts.push(...(await tellEach(doors, plan, value, worker, ['unheard'])));
  const wait = nextAttemptMilliseconds(Math.min(...attempts));
  await doors.wakeUps.wakeCheck(record.run, new Date(doors.clock.now().getTime() + wait), 'look-again');
};

/** Tells each; answers how often those were tried that have to be tried again. */
const tellEach = async (
  doors: Telling,
  plan: Plan,
  record: RunRecord,
  worker: Worker,
  kinds: readonly NoticeKind[],
): Promise<number[]> => {
  const attempts: number[] = [];
  for (const { kind, channel } of record.notices.filter((notice) => kinds.includes(notice.kind))) {
    const claimed = await claim(doors, record.run, { kind, channel }, worker);
    if (claimed === undefined) continue;
    const end = await send(doors, plan, claimed);
    await note(doors, record.run, { kind, channel }, end);
    // That a run has begun is news for a moment: nobody is woken to tell it later.
    if (end.state === 'failed' && kind !== 'started' && claimed.notice.attempts < mostAttempts)
      attempts.push(claimed.notice.attempts);
  }
  return attempts;
};

type Address = { readonly kind: NoticeKind; readonly channel: Channel };
type Claimed = { readonly record: RunRecord; readonly notice: NoticeState; readonly mayBeTold: boolean };

const at = (address: Address) => (notice: NoticeState) =>
  notice.kind === address.kind && notice.channel === address.channel;

const claim = async (
  doors: Telling,
  run: string,
  address: Address,
  worker: Worker,
): Promise<Claimed | undefined> => {
  const now = doors.clock.now();
  let before: NoticeState | undefined;
  const { value: record } = await revise(doors.runs, run, (current) => {
    before = current.notices.find(at(address));
    if (before === undefined || !isFree(before, worker, now)) {
      before = undefined;
      return undefined;
    }
    return withNotice(current, address, {
      ...before,
      state: 'sending',
      attempts: before.attempts + 1,
      at: now.toISOString(),
      by: worker.requestId,
    });
  });
  const notice = record.notices.find(at(address));
  return before === undefined || notice === undefined
    ? undefined
    : { record, notice, mayBeTold: before.state !== 'owed' };
};

const isFree = (notice: NoticeState, worker: Worker, now: Date): boolean => {
  switch (notice.state) {
    case 'owed':
      return true;
    case 'told':
    case 'overtaken':
      return false;
    case 'failed':
      return notice.attempts < mostAttempts;
    case 'sending':
      return (
        notice.by === worker.requestId || Date.parse(notice.at ?? '') + sendingMilliseconds < now.getTime()
      );
  }
};

type End =
  | { readonly state: 'told'; readonly reference: string }
  | { readonly state: 'overtaken' }
  | { readonly state: 'failed'; readonly error: string; readonly reference?: string };

const send = async (doors: Telling, plan: Plan, claimed: Claimed): Promise<End> => {
  const { record, notice } = claimed;
  const { kind, channel } = notice;
  try {
    const incident = (await doors.incidents.read(incidentName(record)))?.value;
    const about = kind === 'unheard' ? stillUnheard(record, notice) : undefined;
    if (isOvertaken(incident, record.run, notice, doors.clock.now())) return { state: 'overtaken' };
    if (kind === 'unheard' && about === undefined) return { state: 'overtaken' };
    const teller = doors.tellers.of(plan)[channel];
    if (teller === undefined) throw new Error(`The plan ${plan.name} has no ${channel} any more.`);
    const told = await teller.tell({
      kind,
      plan,
      record,
      ...(incident === undefined ? {} : { incident }),
      ...(isOfIncident(kind) && makesPoints(record)
        ? { points: await newestPoints(doors, plan, record, incident) }
        : {}),
      ...(about === undefined ? {} : { about }),
      links: doors.links(record),
      mayBeTold: claimed.mayBeTold,
      ...(notice.reference === undefined ? {} : { toldAs: notice.reference }),
    });
    if (incident !== undefined && isOfIncident(kind)) await remember(doors, claimed, incident, told);
    doors.log.info('told', { run: record.run, kind, channel, reference: told.reference });
    if (told.rest === undefined) return { state: 'told', reference: told.reference };
    return failedTo(doors, plan, claimed, told.rest, told.rest, told.reference);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return failedTo(doors, plan, claimed, error, message);
  }
};

const failedTo = (
  doors: Telling,
  plan: Plan,
  { record, notice: { kind, channel, attempts, reference: known } }: Claimed,
  error: unknown,
  message: string,
  reference = known,
): End => {
  doors.log.error('could not tell', { run: record.run, kind, channel, attempt: attempts, error });
  doors.metrics.escalationFailed(plan.name, channel);
  return { state: 'failed', error: message, ...(reference === undefined ? {} : { reference }) };
};

/**
 * The first message of an incident is its thread, the first issue its issue: later notices go there. And that the channel is
 * not behind any more.
 */
const remember = async (
  doors: Telling,
  { record, notice: { kind, channel } }: Claimed,
  { openedBy }: Incident,
  told: Told,
): Promise<void> => {
  const { reference } = told;
  await revise(doors.incidents, incidentName(record), (now): Incident | undefined => {
    if (now.openedBy !== openedBy) return undefined;
    // A head that does not show it yet is brought up to date by this notice, or by the one that takes its place.
    const heard = told.rest === undefined ? withHeard(now, channel, { run: record.run, kind }) : now;
    const after =
      channel === 'jira'
        ? now.jira?.key === reference
          ? heard
          : { ...heard, jira: { key: reference } }
        : withThread(heard, told);
    return after === now ? undefined : after;
  });
};

const withThread = (incident: Incident, { thread, left = [] }: Told): Incident => {
  if (thread === undefined) return incident;
  const { slackUnsure, slack, slackBefore = [], ...rest } = incident;
  if (slackUnsure === undefined && slack?.thread === thread.thread && left.length === 0) return incident;
  const heads = [...slackBefore, ...(slack === undefined ? [] : [slack]), ...left];
  const others = [...new Map(heads.map((head) => [head.thread, head])).values()].filter(
    (head) => head.thread !== thread.thread,
  );
  return { ...rest, slack: thread, ...(others.length === 0 ? {} : { slackBefore: others }) };
};

const note = async (doors: Telling, run: string, address: Address, end: End): Promise<void> => {
  await revise(doors.runs, run, (record) => {
    const notice = record.notices.find(at(address));
    return notice === undefined || notice.state === 'told' || notice.state === 'overtaken'
      ? undefined
      : withNotice(record, address, { ...notice, ...end });
  });
};

const withNotice = (record: RunRecord, address: Address, notice: NoticeState): RunRecord => ({
  ...record,
  notices: record.notices.map((each) => (at(address)(each) ? notice : each)),
});

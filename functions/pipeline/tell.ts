import type { Plan } from '../config/plan.ts';
import type { Clock, IncidentStore, Log, Metrics, RunStore, Tellers, Told, WakeUps } from './doors.ts';
import { type Incident, incidentName } from './incident.ts';
import { makesPoints } from './overview.ts';
import { revise } from './revise.ts';
import type { Channel, NoticeKind, NoticeState, RunRecord } from './run-record.ts';
import type { Worker } from './worker.ts';

export type Telling = {
  readonly clock: Clock;
  readonly runs: RunStore;
  readonly incidents: IncidentStore;
  readonly tellers: Tellers;
  readonly metrics: Metrics;
  readonly wakeUps: WakeUps;
  readonly log: Log;
  readonly links: (record: RunRecord) => Links;
};
export type Links = { readonly report?: string; readonly runbook: string; readonly console?: string };

/** After so many attempts a notice stays untold and is only shown: in the report, the log and the metric. */
const mostAttempts = 5;
/** A worker that is sending has either noted the end by then or died. */
const sendingMilliseconds = 120_000;
const nextAttemptMilliseconds = 10 * 60_000;

/** The channels that a notice of this kind goes to, as the plan wants it. */
export const owedNotices = (
  plan: Plan,
  kind: NoticeKind,
  { trigger, operation }: Pick<RunRecord, 'trigger' | 'operation'>,
): readonly NoticeState[] =>
  channelsFor(plan, kind, trigger.kind === 'hand')
    // An issue is about files that are not protected; a prune that does not work is a warning.
    .filter((channel) => channel === 'slack' || operation !== 'prune')
    .map((channel) => ({ kind, channel, state: 'owed', attempts: 0 }));

const channelsFor = (plan: Plan, kind: NoticeKind, byHand: boolean): readonly Channel[] => {
  const slack: readonly Channel[] = plan.slack === undefined ? [] : ['slack'];
  const jira: readonly Channel[] = plan.jira === undefined ? [] : ['jira'];
  const wanted = (when: 'always' | 'by-hand' | 'never' | undefined) =>
    when === 'always' || (when === 'by-hand' && byHand);
  switch (kind) {
    case 'started':
      return wanted(plan.slack?.tell.start) ? slack : [];
    case 'succeeded':
      return wanted(plan.slack?.tell.success) ? slack : [];
    case 'failed':
    case 'recovered':
      return [...slack, ...jira];
    case 'paused':
      return slack;
  }
};

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
  kinds: readonly NoticeKind[] = ['succeeded', 'failed', 'recovered', 'paused'],
): Promise<void> => {
  const failed: string[] = [];
  for (const { kind, channel } of record.notices.filter((notice) => kinds.includes(notice.kind))) {
    const claimed = await claim(doors, record.run, { kind, channel }, worker);
    if (claimed === undefined) continue;
    const end = await send(doors, plan, claimed);
    await note(doors, record.run, { kind, channel }, end);
    // That a run has begun is news for a moment: nobody is woken to tell it later.
    if (end.state === 'failed' && kind !== 'started' && claimed.notice.attempts < mostAttempts)
      failed.push(channel);
  }
  if (failed.length === 0) return;
  const later = new Date(doors.clock.now().getTime() + nextAttemptMilliseconds);
  await doors.wakeUps.wakeCheck(record.run, later, 'look-again');
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
  | { readonly state: 'failed'; readonly error: string };

const send = async (doors: Telling, plan: Plan, claimed: Claimed): Promise<End> => {
  const { kind, channel } = claimed.notice;
  try {
    const teller = doors.tellers.of(plan)[channel];
    if (teller === undefined) throw new Error(`The plan ${plan.name} has no ${channel} any more.`);
    const incident = (await doors.incidents.read(incidentName(claimed.record)))?.value;
    const told = await teller.tell({
      kind,
      plan,
      record: claimed.record,
      ...(incident === undefined ? {} : { incident }),
      links: doors.links(claimed.record),
      mayBeTold: claimed.mayBeTold,
    });
    if (incident !== undefined && kind !== 'started')
      await remember(doors, plan, claimed.record, channel, told);
    doors.log.info('told', { run: claimed.record.run, kind, channel, reference: told.reference });
    return { state: 'told', reference: told.reference };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    doors.log.error('could not tell', {
      run: claimed.record.run,
      kind,
      channel,
      attempt: claimed.notice.attempts,
      error,
    });
    doors.metrics.escalationFailed(plan.name, channel);
    return { state: 'failed', error: message };
  }
};

/** The first message of an incident is its thread, the first issue its issue: later notices go there. */
const remember = async (
  doors: Telling,
  plan: Plan,
  record: RunRecord,
  channel: Channel,
  told: Told,
): Promise<void> => {
  const { reference, channel: place } = told;
  await revise(doors.incidents, incidentName(record), (incident): Incident | undefined => {
    if (incident.state !== 'open') return undefined;
    if (channel === 'jira')
      return incident.jira === undefined ? { ...incident, jira: { key: reference } } : undefined;
    const via = plan.slack?.via;
    return incident.slack === undefined && via?.kind === 'bot'
      ? { ...incident, slack: { channel: place ?? via.channel, thread: reference } }
      : undefined;
  });
};

const note = async (doors: Telling, run: string, address: Address, end: End): Promise<void> => {
  await revise(doors.runs, run, (record) => {
    const notice = record.notices.find(at(address));
    return notice === undefined || notice.state === 'told'
      ? undefined
      : withNotice(record, address, { ...notice, ...end });
  });
};

const withNotice = (record: RunRecord, address: Address, notice: NoticeState): RunRecord => ({
  ...record,
  notices: record.notices.map((each) => (at(address)(each) ? notice : each)),
});

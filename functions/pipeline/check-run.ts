import type { Plan } from '../config/plan.ts';
import { type AfterClosing, afterClosing } from './after-closing.ts';
import { covered, targetsOf } from './covered.ts';
import { type Decision, decide } from './decide.ts';
import type { Inventory, WakeUps } from './doors.ts';
import { explained, newcomers, unexplained, withReplacements } from './explain.ts';
import { pruneAfter } from './prune-run.ts';
import type { Truth } from './reconcile.ts';
import { revise } from './revise.ts';
import type { RunRecord } from './run-record.ts';
import { intendedCommands, isUnsent, type Sending, sendIntended, sentUnnoted } from './send-commands.ts';
import { truthOf, type Witnesses } from './witnesses.ts';
import { leaseOf, mayTakeOver, type Worker, withoutLease } from './worker.ts';

export type CheckDoors = Sending &
  AfterClosing &
  Witnesses & {
    readonly inventory: Inventory;
    readonly wakeUps: WakeUps;
  };

export type CheckAnswer = {
  readonly run: string;
  readonly state: RunRecord['state'] | 'unknown';
  readonly result?: RunRecord['result'];
  /** What came of each instance, where they are few: a person who restores reads it here. */
  readonly results?: RunRecord['results'];
  readonly note: string;
};

/** SSM tells the end of a command before it tells the ends of all its invocations: seconds, as a rule. */
const settleMilliseconds = [500, 1_000, 2_000, 4_000, 8_000];
const lookAgainMilliseconds = 2 * 60_000;

/**
 * Finds out how a run stands, by asking AWS and never by believing the event that woke it, and does what is next: wait,
 * send again, or close the run and tell. Safe to be called at any time, by several at once, and again after it died
 * anywhere: a closed run is never opened, and what it owes is told.
 *
 * `endedCommand` is the command whose end an event has told. The event is believed only so far that it is worth looking
 * again where SSM's lists do not show that end yet: no second event would come.
 */
export const checkRun = async (
  doors: CheckDoors,
  plan: Plan,
  run: string,
  worker: Worker,
  endedCommand?: string,
): Promise<CheckAnswer> => {
  const answer = await bringForward(doors, plan, run, worker, endedCommand);
  if (answer.state !== 'closed') return answer;
  const record = (await doors.runs.read(run))?.value;
  if (record !== undefined) await pruneAfter(doors, plan, record, worker);
  return answer;
};

const bringForward = async (
  doors: CheckDoors,
  plan: Plan,
  run: string,
  worker: Worker,
  endedCommand: string | undefined,
): Promise<CheckAnswer> => {
  const stored = await doors.runs.read(run);
  if (stored === undefined) return { run, state: 'unknown', note: 'no such run: it was never begun' };
  if (stored.value.state === 'closed') return settle(doors, plan, stored.value, worker);
  if (stored.value.operation === 'final-backup') return waiting(stored.value, 'drain looks after it');
  try {
    return await goOn(doors, plan, stored.value, worker, endedCommand);
  } catch (error) {
    return closeBlindly(doors, plan, stored.value, worker, error);
  }
};

const goOn = async (
  doors: CheckDoors,
  plan: Plan,
  record: RunRecord,
  worker: Worker,
  endedCommand: string | undefined,
): Promise<CheckAnswer> => {
  const ready = await takeUpUnsent(doors, plan, record, worker);
  if (ready === undefined) return lookAgain(doors, record, 'another worker is sending its commands');
  return proceed(doors, plan, ready, worker, endedCommand);
};

/** So long after the deadline AWS is asked again before a run is closed without its answer. */
const blindMilliseconds = 15 * 60_000;

/**
 * AWS does not let us see how the run stands. Before the deadline that is an error like any other, which Lambda tries
 * again. After it somebody must hear of it: the run is closed with what the record knows, and with the reason.
 */
const closeBlindly = async (
  doors: CheckDoors,
  plan: Plan,
  seen: RunRecord,
  worker: Worker,
  error: unknown,
): Promise<CheckAnswer> => {
  const record = (await doors.runs.read(seen.run))?.value ?? seen;
  const overdue = doors.clock.now().getTime() - Date.parse(record.deadline);
  if (record.state === 'closed' || overdue < 0) throw error;
  doors.log.error('could not see how the run stands', { run: record.run, error });
  if (overdue < blindMilliseconds)
    return lookAgain(doors, record, 'AWS could not be asked how the run stands');
  const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const problem = `AWS could not be asked how the run stands (${why.slice(0, 200)}).`;
  const blind = { ...record, problems: [...record.problems, problem] };
  const now = new Map((record.expected ?? []).map((member) => [member.instance, member]));
  const commands = record.commands.map((command) => ({ command, ended: false, invocations: [] }));
  const decision = decide(blind, { commands, now, mayLag: false }, doors.clock.now());
  if (decision.kind !== 'close') throw error;
  return closeRun(doors, plan, blind, decision, worker);
};

const proceed = async (
  doors: CheckDoors,
  plan: Plan,
  record: RunRecord,
  worker: Worker,
  endedCommand?: string,
): Promise<CheckAnswer> => {
  for (const pause of [...settleMilliseconds, undefined]) {
    const truth = await truthOf(doors, plan, record, pause !== undefined);
    const decision = decide(record, truth, doors.clock.now());
    switch (decision.kind) {
      case 'close':
        return closeExplained(doors, plan, record, truth, decision, worker);
      case 'retry':
        return retry(doors, plan, record, decision.instances, worker);
      case 'wait':
        if (!decision.soon && !lagsBehind(truth, endedCommand))
          return waiting(record, `still at work: ${decision.open}`);
        if (pause !== undefined) await doors.clock.sleep(pause);
    }
  }
  return lookAgain(
    doors,
    record,
    'the command has ended, but SSM does not show the end of every invocation yet',
  );
};

const lagsBehind = ({ commands }: Truth, endedCommand: string | undefined): boolean =>
  endedCommand !== undefined &&
  commands.some(({ command, ended }) => command.commandId === endedCommand && !ended);

/**
 * A record whose sender died before it had sent everything: this worker goes on in its place, unless the time of the
 * run is over or a person ended it. Undefined while the sender may still be at it.
 */
const takeUpUnsent = async (
  doors: CheckDoors,
  plan: Plan,
  record: RunRecord,
  worker: Worker,
): Promise<RunRecord | undefined> => {
  const now = doors.clock.now();
  const overdue = record.cancelled !== undefined || Date.parse(record.deadline) <= now.getTime();
  const incomplete = record.expected === undefined || record.commands.some(isUnsent);
  if (!incomplete) return record;
  if (!overdue && !mayTakeOver(record, worker, now)) return undefined;
  const whole = record.expected === undefined ? await doors.inventory.take(plan.fleet) : undefined;
  const named = record.scope === 'fleet' ? undefined : (record.named ?? []);
  const { value } = await revise(doors.runs, record.run, (current) => {
    if (current.state === 'closed') return undefined;
    if (!overdue && !mayTakeOver(current, worker, now)) return undefined;
    if (current.expected !== undefined || whole === undefined) return { ...current, lease: leaseOf(worker) };
    const fleet = covered(whole, named);
    const commands =
      overdue || fleet.expected.length === 0
        ? []
        : intendedCommands(record.run, 1, targetsOf(plan.fleet, named, fleet, whole), now);
    return { ...current, ...fleet, commands, lease: leaseOf(worker) };
  });
  if (value.state === 'closed' || value.lease?.holder !== worker.requestId) return undefined;
  return overdue ? adoptSent(doors, value) : (await sendIntended(doors, plan, record.run)).value;
};

/** Past the end of a run nothing is sent any more, but a command that was sent and not noted still counts. */
const adoptSent = async (doors: CheckDoors, record: RunRecord): Promise<RunRecord> => {
  const found = await sentUnnoted(doors, record);
  if (found.size === 0) return record;
  const { value } = await revise(doors.runs, record.run, (current) => ({
    ...current,
    commands: current.commands.map((command) => {
      const commandId = found.get(command.comment);
      return commandId === undefined || !isUnsent(command) ? command : { ...command, commandId };
    }),
  }));
  return value;
};

/** Closes with every difference named: who came after the run had begun, and why those that could not be reached were not. */
const closeExplained = async (
  doors: CheckDoors,
  plan: Plan,
  record: RunRecord,
  { others = [] }: Truth,
  decision: Extract<Decision, { kind: 'close' }>,
  worker: Worker,
): Promise<CheckAnswer> => {
  const reported = new Set(decision.results.map(({ instance }) => instance));
  const unreached = unexplained(decision.results);
  const facts = unreached.length === 0 ? new Map() : await doors.inventory.explain(unreached);
  const came = newcomers(record, others, reported);
  const results = withReplacements(explained(decision.results, facts, doors.clock.now()), record, others);
  const named = { ...record, skipped: [...record.skipped, ...came] };
  return closeRun(doors, plan, named, { ...decision, results }, worker);
};

const retry = async (
  doors: CheckDoors,
  plan: Plan,
  record: RunRecord,
  instances: readonly string[],
  worker: Worker,
): Promise<CheckAnswer> => {
  const now = doors.clock.now();
  const { value } = await revise(doors.runs, record.run, (current) =>
    current.state === 'closed' ||
    current.cancelled !== undefined ||
    current.commands.some(({ attempt }) => attempt === 2) ||
    !mayTakeOver(current, worker, now)
      ? undefined
      : {
          ...current,
          commands: [
            ...current.commands,
            ...intendedCommands(record.run, 2, { kind: 'instances', instances }, now),
          ],
          lease: leaseOf(worker),
        },
  );
  if (value.lease?.holder !== worker.requestId)
    return lookAgain(doors, value, 'another worker sends the retry');
  doors.log.info('sending again', { run: record.run, instances });
  const { value: sent } = await sendIntended(doors, plan, record.run);
  if (sent.commands.every(({ attempt, commandId }) => attempt === 1 || commandId === undefined))
    return proceed(doors, plan, sent, worker);
  return waiting(sent, `sent again to ${instances.join(', ')}`);
};

/** Closes a run that nobody has closed or sent anything for since `record` was read, and does what a closed run owes. */
export const closeRun = async (
  doors: AfterClosing,
  plan: Plan,
  record: RunRecord,
  decision: Extract<Decision, { kind: 'close' }>,
  worker: Worker,
): Promise<CheckAnswer> => {
  const closedAt = doors.clock.now().toISOString();
  let closedByUs = false;
  const { value } = await revise(doors.runs, record.run, (current): RunRecord | undefined => {
    // Another worker has sent something since, or a person ended it: what was judged is not how it stands any more.
    closedByUs =
      current.state !== 'closed' &&
      current.commands.length === record.commands.length &&
      current.cancelled?.at === record.cancelled?.at;
    if (!closedByUs) return undefined;
    const { kind: _, ...outcome } = decision;
    const { settled: __, ...open } = withoutLease(current);
    const { problems, skipped } = record;
    return { ...open, ...outcome, problems, skipped, state: 'closed', closedAt };
  });
  if (value.state !== 'closed')
    return lookAgain(doors, value, 'another worker has sent again or cancelled it meanwhile');
  if (closedByUs) doors.log.info('closed', { run: value.run, result: value.result });
  return settle(doors, plan, value, worker);
};

const mostShown = 5;

export const settle = async (
  doors: AfterClosing,
  plan: Plan,
  record: RunRecord,
  worker: Worker,
): Promise<CheckAnswer> => {
  await afterClosing(doors, plan, record, worker);
  return {
    run: record.run,
    state: 'closed',
    result: record.result,
    ...((record.results?.length ?? 0) <= mostShown ? { results: record.results } : {}),
    note: `closed at ${record.closedAt ?? 'an unknown time'}`,
  };
};

export const waiting = (record: RunRecord, note: string): CheckAnswer => ({
  run: record.run,
  state: record.state,
  note,
});

const lookAgain = async (doors: AfterClosing, record: RunRecord, note: string): Promise<CheckAnswer> => {
  const later = doors.clock.now().getTime() + lookAgainMilliseconds;
  const at = Math.min(later, Math.max(Date.parse(record.deadline), doors.clock.now().getTime() + 1_000));
  await doors.wakeUps.wakeCheck(record.run, new Date(at), 'look-again');
  return waiting(record, note);
};

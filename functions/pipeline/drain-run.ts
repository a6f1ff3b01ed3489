import type { Plan } from '../config/plan.ts';
import { type CheckAnswer, closeRun, settle, waiting } from './check-run.ts';
import { atDeadline, resultOf } from './decide.ts';
import { backupUntil, type Drain, isWaiting } from './drain.ts';
import type { DrainDoors } from './drain-doors.ts';
import { endSave, isWorthAnother, noteAction, refusalOf } from './let-go.ts';
import { reconcile, type Standing } from './reconcile.ts';
import { revise } from './revise.ts';
import type { ExpectedInstance, InstanceResult, RunRecord } from './run-record.ts';
import { isUnsent } from './send-commands.ts';
import { holdDrain, isFor, release, sendTo } from './send-final.ts';
import { patience, withCommand } from './wave.ts';
import type { Worker } from './worker.ts';

/** SSM tells the end of a command before it tells the end of its invocation: seconds, as a rule. */
const settleMilliseconds = [500, 1_000, 2_000, 4_000];

/** What makes drain look: the end of one command, a wake-up of the whole run, or an instance that could be sent nothing. */
export type WakeReason =
  | { readonly kind: 'ended'; readonly commandId: string }
  | { readonly kind: 'instance'; readonly instance: string }
  | { readonly kind: 'wake-up' };

/**
 * Finds out how the final backups of a run stand and does what is next for each instance: wait and let the heart beat, send
 * again, or take the last resort and let it go. Closes the run when all have gone their way and nobody can join any more.
 * Safe at any time, by several at once, and after a death anywhere.
 */
export const lookAfterDrain = async (
  doors: DrainDoors,
  plan: Plan,
  run: string,
  worker: Worker,
  why: WakeReason,
): Promise<CheckAnswer> => {
  const stored = await doors.runs.read(run);
  if (stored === undefined) return { run, state: 'unknown', note: 'no such run: it was never begun' };
  if (stored.value.state === 'closed') return settle(doors, plan, stored.value, worker);
  const meant = meantBy(why, stored.value);
  const there = await doors.inventory.find(meant);
  let record = stored.value;
  for (const instance of meant)
    record = await lookAtInstance({ doors, plan, record, instance, there, worker, why });
  if (why.kind === 'wake-up') await stayAwake(doors, record);
  return closeWhenOver(doors, plan, record, worker);
};

const meantBy = (why: WakeReason, record: RunRecord): readonly string[] => {
  const open = openInstances(record);
  switch (why.kind) {
    case 'wake-up':
      return open;
    case 'instance':
      return open.filter((instance) => instance === why.instance);
    case 'ended': {
      const command = record.commands.find(({ commandId }) => commandId === why.commandId);
      return command === undefined ? [] : open.filter((instance) => isFor(instance)(command));
    }
  }
};

const openInstances = ({ expected, settled }: RunRecord): readonly string[] => {
  const done = new Set((settled ?? []).map(({ instance }) => instance));
  return (expected ?? []).map(({ instance }) => instance).filter((instance) => !done.has(instance));
};

type Look = {
  readonly doors: DrainDoors;
  readonly plan: Plan;
  readonly record: RunRecord;
  readonly instance: string;
  readonly there: ReadonlyMap<string, ExpectedInstance>;
  readonly worker: Worker;
  readonly why: WakeReason;
};

/** Answers the record as it is afterwards. */
const lookAtInstance = async (look: Look): Promise<RunRecord> => {
  const { doors, plan, record, instance } = look;
  const drain = (await doors.drains.read(instance))?.value;
  if (drain === undefined)
    throw new Error(`drains/${instance}.json does not exist: who deleted it from the bucket?`);
  const known = drain.saves[plan.name];
  if (known?.run === record.run && known.result !== undefined)
    return endSave(doors, plan, record, known.result);
  if (record.commands.filter(isFor(instance)).some(isUnsent)) return sendUnsent(look);
  const standing = await standingOf(look);
  const now = doors.clock.now();
  const isLate = now >= backupUntil(drain);
  if (standing.kind === 'open') {
    if (!isLate) return record;
    return endSave(doors, plan, record, atDeadline(standing, record));
  }
  const { result } = standing;
  if (!isLate && mayTryAgain(look, drain, result)) return tryAgain(look, result);
  return endSave(doors, plan, record, result);
};

const standingOf = async (look: Look): Promise<Standing> => {
  const pauses = look.why.kind === 'ended' ? settleMilliseconds : [];
  for (const pause of pauses) {
    const standing = await lookOnce(look);
    if (standing.kind === 'settled') return standing;
    await look.doors.clock.sleep(pause);
  }
  return lookOnce(look);
};

const lookOnce = async ({ doors, record, instance, there }: Look): Promise<Standing> => {
  const commands = [];
  for (const command of record.commands.filter(isFor(instance))) {
    const told =
      command.commandId === undefined
        ? { ended: false, invocations: [] }
        : await doors.runCommand.truth(command.commandId);
    commands.push({ command, ...told });
  }
  const own: RunRecord = {
    ...record,
    expected: (record.expected ?? []).filter((member) => member.instance === instance),
    commands: commands.map(({ command }) => command),
  };
  const [standing] = reconcile(own, { commands, now: there, mayLag: false });
  if (standing === undefined) throw new Error(`${record.run} does not expect ${instance}.`);
  return standing;
};

/** Whoever was to send it has died, or is still at it: then the lease says so, and the next wake-up looks again. */
const sendUnsent = async ({ doors, plan, record, instance, worker }: Look): Promise<RunRecord> => {
  const held = await holdDrain(doors, instance, worker);
  if (held === undefined) return record;
  await sendTo(doors, plan, record, held);
  await release(doors, instance, worker);
  return (await doors.runs.read(record.run))?.value ?? record;
};

/** A spot instance has no time for a second command. */
const mayTryAgain = ({ there, instance }: Look, drain: Drain, result: InstanceResult): boolean =>
  isWorthAnother(result) && drain.why !== 'spot' && there.get(instance)?.ping === 'Online';

/** A night that is still at work on the instance takes a while: asked again when the heart beats, and not at once. */
const tryAgain = async (look: Look, { attempts, cause }: InstanceResult): Promise<RunRecord> => {
  const { doors, record, instance, why } = look;
  if (why.kind !== 'wake-up' && cause === 'already-running') return record;
  const before = record.commands.filter(isFor(instance)).length;
  const { value } = await revise(
    doors.runs,
    record.run,
    (current) =>
      current.state === 'closed' || current.commands.filter(isFor(instance)).length > before
        ? undefined
        : withCommand(current, instance, attempts + 1, doors.clock.now()),
    patience(doors),
  );
  return sendUnsent({ ...look, record: value });
};

/** Lets the hearts beat, and sees to it that somebody comes again in time. */
const stayAwake = async (doors: DrainDoors, record: RunRecord): Promise<void> => {
  const now = doors.clock.now();
  const times: number[] = [];
  for (const instance of openInstances(record)) {
    const drain = (await doors.drains.read(instance))?.value;
    if (drain === undefined) continue;
    times.push(backupUntil(drain).getTime());
    for (const action of drain.actions.filter(isWaiting)) {
      times.push(now.getTime() + (action.heartbeatSeconds / 2) * 1000);
      const fate = await doors.lifeCycle.beat(action, instance);
      if (fate.kind === 'done') continue;
      await noteAction(doors, instance, action, fate.kind);
      if (fate.kind === 'refused')
        await noteProblem(doors, record.run, refusalOf(action, instance, fate.why));
    }
  }
  if (times.length === 0) return;
  const next = Math.max(Math.min(...times), now.getTime());
  await doors.wakeUps.wakeDrain(record.run, new Date(next), 'heartbeat');
};

const noteProblem = async (doors: DrainDoors, run: string, problem: string): Promise<void> => {
  await revise(
    doors.runs,
    run,
    (record) =>
      record.state === 'closed' || record.problems.includes(problem)
        ? undefined
        : { ...record, problems: [...record.problems, problem] },
    patience(doors),
  );
};

const closeWhenOver = async (
  doors: DrainDoors,
  plan: Plan,
  seen: RunRecord,
  worker: Worker,
): Promise<CheckAnswer> => {
  const record = (await doors.runs.read(seen.run))?.value ?? seen;
  const open = openInstances(record);
  if (open.length > 0) return waiting(record, `still to be saved: ${open.length}`);
  if (doors.clock.now() < new Date(record.scheduledTime))
    return waiting(record, `all are saved; others may join until ${record.scheduledTime}`);
  const results = [...(record.settled ?? [])].sort((one, other) => (one.instance < other.instance ? -1 : 1));
  const result = resultOf(results, record.problems.length > 0);
  return closeRun(doors, plan, record, { kind: 'close', result, results }, worker);
};

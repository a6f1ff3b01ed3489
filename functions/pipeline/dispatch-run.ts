import type { Plan } from '../config/plan.ts';
import { covered, targetsOf } from './covered.ts';
import { departedSince } from './departed.ts';
import type { DrainStore, FleetSnapshot, Inventory, OverviewStore, Stored, WakeUps } from './doors.ts';
import { revise } from './revise.ts';
import { runId } from './run-id.ts';
import type {
  Operation,
  PruneRequest,
  RestoreRequest,
  RunRecord,
  SkippedInstance,
  Trigger,
  VerifyRequest,
} from './run-record.ts';
import { intendedCommands, type Sending, sendIntended } from './send-commands.ts';
import type { Telling } from './tell.ts';
import { tellStarted } from './tell.ts';
import { leaseOf, mayTakeOver, type Worker } from './worker.ts';

export type DispatchDoors = Sending &
  Telling & {
    readonly inventory: Inventory;
    readonly wakeUps: WakeUps;
    readonly drains: Pick<DrainStore, 'read'>;
    readonly overviews: Pick<OverviewStore, 'read'>;
  };

export type DispatchRequest = {
  readonly plan: Plan;
  readonly operation: Operation;
  readonly trigger: Trigger;
  readonly scheduledTime: Date;
  /** Only these; undefined: the whole fleet. */
  readonly instances?: readonly string[];
  readonly allowShrink: boolean;
  /** Instances at a time, in place of the plan's number. */
  readonly concurrency?: string;
  /** What a restore brings back; there is one where the operation is `restore`. */
  readonly restore?: RestoreRequest;
  readonly verify?: VerifyRequest;
  /** What a prune goes by; there is one where the operation is `prune`. */
  readonly prune?: PruneRequest;
  readonly dryRun: boolean;
};

export type DispatchAnswer = {
  readonly run: string;
  readonly state: RunRecord['state'] | 'dry-run';
  readonly expected: readonly string[];
  /** Instances whose agent was online when the inventory was taken. */
  readonly online: readonly string[];
  /** Instances that SSM had delivered the command to when the answer was given; only looked up for a run by hand. */
  readonly reached?: readonly string[];
  readonly skipped: readonly SkippedInstance[];
  readonly problems: readonly string[];
  readonly commands: readonly string[];
  readonly deadline: string;
  readonly note?: string;
};

/**
 * Begins a run: wake-up at the deadline, record, inventory, command. Each step is written down before the next, so
 * that a second trigger finds the run and does nothing, and a retry after a crash goes on where the first one died.
 */
export const dispatchRun = async (
  doors: DispatchDoors,
  request: DispatchRequest,
  worker: Worker,
): Promise<DispatchAnswer> => {
  const run = runId(request.plan.name, request.scheduledTime, request.operation);
  if (request.dryRun) return dryRun(doors, request, run);
  if (request.instances !== undefined) await refuseStrangers(doors, request.plan, request.instances);
  const deadline = new Date(doors.clock.now().getTime() + request.plan.deadlineMinutes * 60_000);
  // Before the record: a run without a wake-up would stay open for ever, a wake-up without a run does nothing.
  if ((await doors.runs.read(run)) === undefined) await doors.wakeUps.wakeCheck(run, deadline, 'deadline');
  const claimed = await claim(doors, request, run, deadline, worker);
  if (claimed.kind === 'taken') {
    // The same trigger, delivered again because its first worker died: perhaps before it had told the start.
    if (claimed.record.trigger.requestId === worker.requestId)
      await tellStarted(doors, request.plan, run, worker);
    return answer(claimed.record, claimed.note);
  }
  await writeDownFleet(doors, request, run, worker);
  const { value: sent } = await sendIntended(doors, request.plan, run);
  // No command that AWS took: no status event will ever come.
  if (sent.commands.every(({ commandId }) => commandId === undefined))
    await doors.wakeUps.wakeCheck(
      run,
      new Date(doors.clock.now().getTime() + lookAgainMilliseconds),
      'look-again',
    );
  await tellStarted(doors, request.plan, run, worker);
  return request.trigger.kind === 'hand' ? withReached(doors, sent) : answer(sent);
};

/** The run has begun: that nobody could be asked whom it has reached is no reason to tell a person that it failed. */
const withReached = async (doors: DispatchDoors, record: RunRecord): Promise<DispatchAnswer> => {
  try {
    return { ...answer(record), reached: await reachedSoon(doors, record) };
  } catch (error) {
    doors.log.error('could not see whom the command has reached', { run: record.run, error });
    return answer(record, 'The run has begun; whom the command has reached could not be asked yet.');
  }
};

const lookAgainMilliseconds = 5_000;

export class UnknownInstances extends Error {
  override readonly name = 'UnknownInstances';
}

/** A run for nobody is a mistake of the person who typed it: said at once, before anything is written. */
const refuseStrangers = async (
  doors: DispatchDoors,
  plan: Plan,
  instances: readonly string[],
): Promise<void> => {
  const { expected } = covered(await doors.inventory.take(plan.fleet), instances);
  if (expected.length > 0) return;
  throw new UnknownInstances(
    `None of ${instances.join(', ')} is in the fleet of the plan ${plan.name}; nothing was started. ` +
      `\`{"plan":"${plan.name}","dryRun":true}\` lists the fleet.`,
  );
};

/** A person waits for this answer, so it looks for a few seconds at whom the command has reached. */
const reachedSoon = async (doors: DispatchDoors, record: RunRecord): Promise<readonly string[]> => {
  const online = (record.expected ?? []).filter(({ ping }) => ping === 'Online').length;
  let reached: readonly string[] = [];
  for (let look = 1; look <= 5 && reached.length < online; look += 1) {
    await doors.clock.sleep(look * 200);
    reached = await reachedBy(doors, record);
  }
  return reached;
};

const reachedBy = async (doors: DispatchDoors, record: RunRecord): Promise<readonly string[]> => {
  const reached = new Set<string>();
  for (const { commandId } of record.commands) {
    if (commandId === undefined) continue;
    for (const { instance, status } of (await doors.runCommand.truth(commandId)).invocations)
      if (status !== 'Pending' && status !== 'Delayed') reached.add(instance);
  }
  return [...reached].sort();
};

type Claim =
  | { readonly kind: 'ours'; readonly record: RunRecord }
  | { readonly kind: 'taken'; readonly record: RunRecord; readonly note: string };

const claim = async (
  doors: DispatchDoors,
  request: DispatchRequest,
  run: string,
  deadline: Date,
  worker: Worker,
): Promise<Claim> => {
  const created = await doors.runs.create(run, newRecord(doors, request, run, deadline, worker));
  if (created !== undefined) return { kind: 'ours', record: created.value };
  const now = doors.clock.now();
  const mine = (record: RunRecord) =>
    record.lease?.holder === worker.requestId ||
    (record.state === 'starting' && mayTakeOver(record, worker, now));
  const stored: Stored<RunRecord> = await revise(doors.runs, run, (record) =>
    mine(record) ? { ...record, lease: leaseOf(worker) } : undefined,
  );
  return stored.value.lease?.holder === worker.requestId
    ? { kind: 'ours', record: stored.value }
    : { kind: 'taken', record: stored.value, note: 'This run was begun before; nothing was sent again.' };
};

const newRecord = (
  doors: DispatchDoors,
  request: DispatchRequest,
  run: string,
  deadline: Date,
  worker: Worker,
): RunRecord => {
  const now = doors.clock.now();
  return {
    lifeboat: 1,
    run,
    plan: request.plan.name,
    operation: request.operation,
    trigger: request.trigger,
    state: 'starting',
    scheduledTime: request.scheduledTime.toISOString(),
    startedAt: now.toISOString(),
    deadline: deadline.toISOString(),
    lease: leaseOf(worker),
    ...(request.instances === undefined
      ? { scope: 'fleet' }
      : { scope: 'instances', named: request.instances }),
    skipped: [],
    problems: [],
    commands: [],
    parameters: {
      allowShrink: request.allowShrink,
      ...(request.concurrency === undefined ? {} : { concurrency: request.concurrency }),
      ...(request.restore === undefined ? {} : { restore: request.restore }),
      ...(request.verify === undefined ? {} : { verify: request.verify }),
      ...(request.prune === undefined ? {} : { prune: request.prune }),
    },
    notices: [],
  };
};

const writeDownFleet = async (
  doors: DispatchDoors,
  request: DispatchRequest,
  run: string,
  worker: Worker,
): Promise<void> => {
  const whole = await doors.inventory.take(request.plan.fleet);
  const fleet =
    request.instances === undefined && request.operation === 'backup'
      ? await withDeparted(doors, request.plan, whole)
      : covered(whole, request.instances);
  await revise(doors.runs, run, (record) => {
    if (record.expected !== undefined) return undefined;
    return {
      ...record,
      ...fleet,
      commands:
        fleet.expected.length === 0
          ? []
          : intendedCommands(
              run,
              1,
              targetsOf(request.plan.fleet, request.instances, fleet, whole),
              doors.clock.now(),
            ),
      lease: leaseOf(worker),
    };
  });
};

/** The fleet with those that have gone since the last night and that nobody has saved. */
const withDeparted = async (
  doors: DispatchDoors,
  plan: Plan,
  fleet: FleetSnapshot,
): Promise<FleetSnapshot> => {
  const overview = (await doors.overviews.read(plan.name))?.value;
  return { ...fleet, skipped: [...fleet.skipped, ...(await departedSince(doors.drains, overview, fleet))] };
};

const dryRun = async (
  doors: DispatchDoors,
  request: DispatchRequest,
  run: string,
): Promise<DispatchAnswer> => {
  const fleet = covered(await doors.inventory.take(request.plan.fleet), request.instances);
  return {
    run,
    state: 'dry-run',
    ...told(fleet),
    commands: [],
    deadline: new Date(doors.clock.now().getTime() + request.plan.deadlineMinutes * 60_000).toISOString(),
    note: 'Nothing was written and nothing was sent.',
  };
};

const answer = (record: RunRecord, note?: string): DispatchAnswer => ({
  run: record.run,
  state: record.state,
  ...told({ expected: record.expected ?? [], skipped: record.skipped, problems: record.problems }),
  commands: record.commands.flatMap(({ commandId }) => (commandId === undefined ? [] : [commandId])),
  deadline: record.deadline,
  ...(note === undefined ? {} : { note }),
});

const told = ({ expected, skipped, problems }: FleetSnapshot) => ({
  expected: expected.map(({ instance }) => instance),
  online: expected.filter(({ ping }) => ping === 'Online').map(({ instance }) => instance),
  skipped,
  problems,
});

import { type Command, hasEnded, type Invocation, type InvocationState, isError } from './command.ts';
import type { EngineOptions } from './command-engine.ts';
import { commandEvents } from './command-events.ts';
import { commandStateOf, limitOf } from './command-status.ts';
import { type Delivery, deliver } from './delivery.ts';

/** A command under way: handed to as many instances at once as MaxConcurrency allows, until MaxErrors is passed. */
export type CommandRun = {
  readonly command: Command;
  readonly options: EngineOptions;
  readonly events: ReturnType<typeof commandEvents>;
  /** How many invocations are still to fail as RateExceeded, over all commands. */
  readonly faults: { rateExceeded: number };
  readonly concurrency: number;
  readonly errorLimit: number;
  /** Invocations that nobody was handed yet, in the order of the command's instances. */
  readonly waiting: Set<Invocation>;
  readonly deliveries: Map<Invocation, Delivery>;
  /** Invocations that have not ended. */
  open: number;
  errors: number;
  cancelled: boolean;
  started: boolean;
};

export const newRun = (
  command: Command,
  options: EngineOptions,
  faults: { rateExceeded: number },
): CommandRun => ({
  command,
  options,
  events: commandEvents(command, options),
  faults,
  concurrency: Math.max(1, limitOf(command.request.maxConcurrency, command.invocations.length)),
  errorLimit: limitOf(command.request.maxErrors, command.invocations.length),
  waiting: new Set(command.invocations),
  deliveries: new Map(),
  open: command.invocations.length,
  errors: 0,
  cancelled: false,
  started: false,
});

/** Begins in a moment: the answer to SendCommand still shows the command as Pending. */
export const startRun = (run: CommandRun): void => {
  setImmediate(() => {
    run.started = true;
    advance(run);
  });
};

export const cancelRun = (run: CommandRun, instanceIds: readonly string[]): void => {
  const chosen = run.command.invocations.filter(
    ({ instanceId }) => instanceIds.length === 0 || instanceIds.includes(instanceId),
  );
  run.cancelled ||= chosen.length === run.command.invocations.length;
  for (const invocation of chosen) {
    const delivery = run.deliveries.get(invocation);
    if (delivery !== undefined) delivery.cancel();
    else change(run, invocation, ended(run, 'Cancelled', 'Cancelled'));
  }
};

/** Of which a living instance, or local AWS itself, will report without anybody skipping time. */
export const countWorking = (run: CommandRun): number => {
  if (!run.started) return 1;
  return [...run.deliveries.values()].filter((delivery) => delivery.isWorking()).length;
};

export const stopRun = (run: CommandRun): void => {
  for (const delivery of run.deliveries.values()) delivery.stop();
};

/** Hands over what may be handed over now. */
const advance = (run: CommandRun): void => {
  if (run.errors > run.errorLimit) {
    for (const { state } of run.waiting) state.set(ended(run, 'Cancelled', 'Terminated'));
    run.open -= run.waiting.size;
    run.waiting.clear();
  }
  for (const invocation of run.waiting) {
    if (run.cancelled || run.deliveries.size >= run.concurrency) break;
    run.waiting.delete(invocation);
    run.deliveries.set(invocation, handOver(run, invocation));
  }
  settle(run);
};

const handOver = (run: CommandRun, invocation: Invocation): Delivery => {
  if (run.faults.rateExceeded <= 0) {
    return deliver(run.command, invocation, run.options, (state) => change(run, invocation, state));
  }
  run.faults.rateExceeded -= 1;
  setImmediate(() => change(run, invocation, ended(run, 'Failed', 'RateExceeded')));
  return { cancel: () => undefined, isWorking: () => true, stop: () => undefined };
};

const change = (run: CommandRun, invocation: Invocation, state: InvocationState): void => {
  if (hasEnded(invocation.state.now())) return;
  invocation.state.set(state);
  run.events.invocation(invocation);
  if (!hasEnded(state)) {
    settle(run);
    return;
  }
  run.open -= 1;
  run.waiting.delete(invocation);
  run.deliveries.delete(invocation);
  if (isError(state)) run.errors += 1;
  advance(run);
};

/** The command's own state follows from its invocations. */
const settle = (run: CommandRun): void => {
  const before = run.command.state.now();
  const after = commandStateOf(run.command, run.cancelled, run.open === 0);
  if (hasEnded(before) || before.statusDetails === after.statusDetails) return;
  run.command.state.set(after);
  run.events.command();
};

const ended = (
  run: CommandRun,
  status: InvocationState['status'],
  statusDetails: string,
): InvocationState => ({ status, statusDetails, finishedAt: run.options.clock.now(), steps: [] });

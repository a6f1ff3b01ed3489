import type { Plan } from '../config/plan.ts';
import { type Clock, CommandRefused, type RunCommand, type RunStore, type Stored } from './doors.ts';
import { revise } from './revise.ts';
import type { CommandTargets, RunRecord, SentCommand } from './run-record.ts';
import { spreadSeconds } from './spread.ts';
import { withoutLease } from './worker.ts';

export type Sending = {
  readonly clock: Clock;
  readonly runs: RunStore;
  readonly runCommand: RunCommand;
};

/** Instance ids that one command takes (`SendCommand`, Targets: 50 values a criterion). */
export const instancesPerCommand = 50;
/** `timeoutSeconds` of a document step: 5 to 172,800 seconds; out of that range the agent silently takes an hour. */
const longestExecutionSeconds = 172_800;
/** `TimeoutSeconds` of SendCommand: 30 seconds at least. */
const shortestDeliverySeconds = 30;

/** The commands that reach these targets, written down before any of them is sent. */
export const intendedCommands = (
  run: string,
  attempt: number,
  targets: CommandTargets,
  now: Date,
): readonly SentCommand[] =>
  parts(targets).map((part, index) => ({
    attempt,
    comment: `${run}#${attempt}.${index + 1}`,
    intendedAt: now.toISOString(),
    targets: part,
  }));

const parts = (targets: CommandTargets): readonly CommandTargets[] => {
  if (targets.kind !== 'instances') return [targets];
  const chunks: CommandTargets[] = [];
  for (let from = 0; from < targets.instances.length; from += instancesPerCommand)
    chunks.push({ kind: 'instances', instances: targets.instances.slice(from, from + instancesPerCommand) });
  return chunks;
};

/**
 * Sends what the record intends and has no id for yet, and notes each id at once. A command whose sender died between
 * sending and noting is found again by its comment, so it is not sent twice. The record must be leased to the caller.
 */
export const sendIntended = async (doors: Sending, plan: Plan, run: string): Promise<Stored<RunRecord>> => {
  const stored = await doors.runs.read(run);
  if (stored === undefined) throw new Error(`There is no record of the run ${run}.`);
  let { value: seen } = stored;
  for (const command of stored.value.commands.filter(isUnsent)) {
    // A person ended the run meanwhile.
    if (seen.cancelled !== undefined) break;
    const fate = await sendOne(doors, plan, stored.value, command, new Date(stored.value.deadline));
    seen = (await revise(doors.runs, run, (record) => noted(record, command.comment, fate))).value;
  }
  return revise(doors.runs, run, (record) =>
    record.state === 'closed' ? undefined : withoutLease({ ...record, state: 'running' }),
  );
};

/** Command ids, by comment, of what the record intends and SSM has: its sender died before it noted them. */
export const sentUnnoted = async (
  { runCommand }: { readonly runCommand: Pick<RunCommand, 'findByComment'> },
  { commands, startedAt }: Pick<RunRecord, 'commands' | 'startedAt'>,
): Promise<ReadonlyMap<string, string>> => {
  const found = new Map<string, string>();
  for (const { comment } of commands.filter(isUnsent)) {
    const commandId = await runCommand.findByComment(comment, new Date(startedAt));
    if (commandId !== undefined) found.set(comment, commandId);
  }
  return found;
};

export const isUnsent = (command: SentCommand): boolean =>
  command.commandId === undefined && command.refused === undefined;

type Fate = { readonly commandId: string } | { readonly refused: string };

/**
 * Sends one command, or finds it where an earlier sender did not note it. `until`: when the instance has to be done. Of
 * the time of a final backup, which the instance is told, a third at most goes to its delivery.
 */
export const sendOne = async (
  doors: Sending,
  plan: Plan,
  record: RunRecord,
  command: SentCommand,
  until: Date,
): Promise<Fate> => {
  const earlier = await doors.runCommand.findByComment(command.comment, new Date(record.startedAt));
  if (earlier !== undefined) return { commandId: earlier };
  const secondsLeft = Math.floor((until.getTime() - doors.clock.now().getTime()) / 1000);
  const isFinal = record.operation === 'final-backup';
  const delivery = Math.min(plan.deliveryMinutes * 60, isFinal ? Math.floor(secondsLeft / 3) : secondsLeft);
  try {
    const commandId = await doors.runCommand.send({
      operation: record.operation,
      plan,
      run: record.run,
      comment: command.comment,
      targets: command.targets,
      ...record.parameters,
      concurrency: concurrencyOf(plan, record, command),
      spreadSeconds: isFinal ? 0 : spreadOf(plan, record, command, secondsLeft),
      ...(isFinal ? { budgetSeconds: Math.max(shortestDeliverySeconds, secondsLeft) } : {}),
      deliverySeconds: Math.max(shortestDeliverySeconds, delivery),
      executionSeconds: Math.max(shortestDeliverySeconds, Math.min(longestExecutionSeconds, secondsLeft)),
    });
    return { commandId };
  } catch (error) {
    // AWS's final word is part of the run's story; anything else ends this worker, and a retry of it goes on here.
    if (error instanceof CommandRefused) return { refused: error.message };
    throw error;
  }
};

/**
 * How many of a command's instances work at a time. Systems Manager counts each command by itself, so a limit is shared
 * between the commands that name the instances of one attempt, one each at least; a percentage of each is one of all.
 */
const concurrencyOf = (plan: Plan, record: RunRecord, { attempt, comment }: SentCommand): string => {
  const limit = record.parameters.concurrency ?? plan.concurrency;
  const parts = record.commands.filter((command) => command.attempt === attempt);
  if (limit.endsWith('%') || parts.length < 2) return limit;
  const place = parts.findIndex((part) => part.comment === comment);
  const share = Math.floor(Number(limit) / parts.length);
  const rest = Number(limit) % parts.length;
  return String(Math.max(1, share + (place < rest ? 1 : 0)));
};

const spreadOf = (plan: Plan, record: RunRecord, { attempt }: SentCommand, secondsLeft: number): number => {
  const named = record.commands.flatMap((command) =>
    command.attempt === attempt && command.targets.kind === 'instances' ? command.targets.instances : [],
  );
  const instances = named.length === 0 ? (record.expected?.length ?? 0) : named.length;
  return spreadSeconds(record.parameters.concurrency ?? plan.concurrency, instances, secondsLeft);
};

export const noted = (record: RunRecord, comment: string, fate: Fate): RunRecord | undefined =>
  record.commands.some((command) => command.comment === comment && isUnsent(command))
    ? {
        ...record,
        commands: record.commands.map((command) =>
          command.comment === comment ? { ...command, ...fate } : command,
        ),
      }
    : undefined;

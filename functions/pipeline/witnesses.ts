import type { Plan } from '../config/plan.ts';
import type { DrainStore, FleetNow, Inventory, RunCommand } from './doors.ts';
import type { Save } from './drain.ts';
import { whatItSaid } from './instance-line.ts';
import { type Attempt, attemptsByInstance, type CommandTruth, type Truth } from './reconcile.ts';
import type { RunRecord } from './run-record.ts';

/** Those that know how a run stands. */
export type Witnesses = {
  readonly runCommand: Pick<RunCommand, 'truth'>;
  readonly inventory: Pick<Inventory, 'look'>;
  readonly drains: Pick<DrainStore, 'read'>;
};

/** `mayLag`: there is time to look again, so what SSM does not list yet is not taken for missing. */
export const truthOf = async (
  doors: Witnesses,
  plan: Plan,
  record: RunRecord,
  mayLag: boolean,
): Promise<Truth> => {
  const commands = [];
  for (const command of record.commands) {
    const told =
      command.commandId === undefined
        ? { ended: false, invocations: [] }
        : await doors.runCommand.truth(command.commandId);
    commands.push({ command, ...told });
  }
  const invoked = commands.flatMap(({ invocations }) => invocations.map(({ instance }) => instance));
  const known = [...new Set([...(record.expected ?? []).map(({ instance }) => instance), ...invoked])];
  const safe = safeAfter(record.run, commands);
  const inDoubt = known.filter((instance) => !safe.has(instance));
  const { there, others } = await doors.inventory.look(plan.fleet, { known, inDoubt });
  const drained = await drainedOf(doors, plan, inDoubt, there);
  return { commands, now: there, others, drained, mayLag };
};

/** Whoever has said that all is well is not asked for: in a good night of thousands that is every one. */
const safeAfter = (run: string, commands: readonly CommandTruth[]): ReadonlySet<string> => {
  const isSafe = ({ invocation }: Attempt) => whatItSaid(invocation, run).kind === 'protected';
  return new Set(
    [...attemptsByInstance(commands)].flatMap(([instance, attempts]) =>
      attempts.slice(-1).some(isSafe) ? [instance] : [],
    ),
  );
};

/** The final backups of those that are gone or going. */
const drainedOf = async (
  { drains }: Witnesses,
  plan: Plan,
  instances: readonly string[],
  there: FleetNow['there'],
): Promise<ReadonlyMap<string, Save>> => {
  const saves = new Map<string, Save>();
  for (const instance of instances) {
    const state = there.get(instance);
    if (state !== undefined && state.lifeCycleState?.startsWith('Terminating') !== true) continue;
    const save = (await drains.read(instance))?.value.saves[plan.name];
    if (save !== undefined) saves.set(instance, save);
  }
  return saves;
};

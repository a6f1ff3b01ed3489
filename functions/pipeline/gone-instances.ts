import type { Plan } from '../config/plan.ts';
import type { Clock, FleetSnapshot, Inventory, RunStore } from './doors.ts';
import { newestRecord } from './newest-record.ts';
import { compactTime, timeOfRun } from './run-id.ts';
import type { ExpectedInstance, GoneInstances, RunRecord } from './run-record.ts';

export type GoneDoors = {
  readonly clock: Pick<Clock, 'now'>;
  readonly runs: Pick<RunStore, 'newest' | 'read'>;
  readonly inventory: Pick<Inventory, 'take' | 'look' | 'explain'>;
};

/**
 * What a prune of the whole fleet is told of instances that are gone: who looks after their folders, and which are theirs.
 * The last prune's caretaker has named folders in which nothing is newer than the plan keeps (`silent`). That is a question,
 * never an answer: it comes from an instance that may be broken or hostile. Only AWS says that an instance is gone. Undefined
 * where nobody is online to look.
 */
export const goneInstances = async (
  doors: GoneDoors,
  plan: Plan,
  run: string,
): Promise<GoneInstances | undefined> => {
  const fleet = await doors.inventory.take(plan.fleet);
  const caretaker = caretakerOf(fleet.expected, run);
  if (caretaker === undefined) return undefined;
  const keptMilliseconds = plan.retention.goneInstancesDays * dayMilliseconds;
  return {
    caretaker,
    before: compactTime(new Date(Math.max(0, doors.clock.now().getTime() - keptMilliseconds))),
    instances: await goneAmong(doors, plan, fleet, await silentOf(doors, plan.name)),
  };
};

const dayMilliseconds = 86_400_000;

/** Another one each night, so that none that is broken or hostile does it for long. */
const caretakerOf = (members: readonly ExpectedInstance[], run: string): string | undefined => {
  const online = members.filter(({ ping }) => ping === 'Online').map(({ instance }) => instance);
  const day = Math.floor((timeOfRun(run)?.getTime() ?? 0) / dayMilliseconds);
  return online.sort()[day % Math.max(1, online.length)];
};

const silentOf = async ({ runs }: GoneDoors, plan: string): Promise<readonly string[]> => {
  const last = await newestRecord(
    runs,
    plan,
    'prune',
    ({ state, scope, parameters }) =>
      state === 'closed' && scope === 'fleet' && parameters.prune?.dryRun === false,
  );
  return last === undefined ? [] : silentIn(last);
};

const silentIn = ({ parameters, results = [] }: RunRecord): readonly string[] => {
  const caretaker = parameters.prune?.gone?.caretaker;
  return results.find(({ instance }) => instance === caretaker)?.report?.prune?.silent ?? [];
};

/**
 * Those of the candidates that nobody has any more: no member of the fleet in whatever state, no agent that answers, and EC2
 * knows them not at all or as terminated. A stopped or detached instance exists. Where a group of the plan is missing, the
 * fleet is not known, and nobody is taken for gone.
 */
const goneAmong = async (
  { inventory }: GoneDoors,
  plan: Plan,
  { expected, skipped, problems }: FleetSnapshot,
  candidates: readonly string[],
): Promise<readonly string[]> => {
  const members = new Set([...expected, ...skipped].map(({ instance }) => instance));
  const strangers = [...new Set(candidates)].filter((instance) => !members.has(instance));
  if (strangers.length === 0 || problems.length > 0) return [];
  const { there } = await inventory.look(plan.fleet, { known: strangers, inDoubt: strangers });
  const facts = await inventory.explain(strangers);
  const exists = (instance: string): boolean =>
    there.has(instance) || (facts.get(instance)?.state ?? 'terminated') !== 'terminated';
  return strangers.filter((instance) => !exists(instance)).sort();
};

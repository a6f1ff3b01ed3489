import type { LocalClock, LocalFleet, LocalInstance } from '../../contract.ts';

export type Group = {
  readonly name: string;
  readonly createdAt: Date;
  readonly members: readonly LocalInstance[];
};

/**
 * The Auto Scaling groups that the fleet's instances are in. A group stays when its last member has gone, as it would on
 * AWS; an instance leaves its group when it has been terminated.
 */
export const groupsOf = (
  fleet: LocalFleet,
  clock: Pick<LocalClock, 'now'>,
): { readonly list: () => readonly Group[] } => {
  const born = new Map<string, Date>();
  const list = (): readonly Group[] => {
    const instances = fleet.instances().filter(({ group }) => group !== '');
    for (const { group, launchedAt } of instances) {
      const before = born.get(group) ?? clock.now();
      born.set(group, new Date(Math.min(launchedAt.getTime(), before.getTime())));
    }
    return [...born.entries()]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, createdAt]) => ({
        name,
        createdAt,
        members: instances.filter((one) => one.group === name && isMember(one)),
      }));
  };
  // Whatever the fleet has when local AWS starts is known from then on.
  list();
  return { list };
};

const isMember = ({ state, lifeCycleState }: LocalInstance): boolean =>
  state !== 'terminated' && lifeCycleState !== 'Terminated';

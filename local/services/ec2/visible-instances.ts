import type { LocalClock, LocalFleet, LocalInstance } from '../../contract.ts';

/** EC2 shows a terminated instance for about an hour. */
const visibleMilliseconds = 3600 * 1000;

/**
 * The instances that EC2 still shows: all but those that it has shown as terminated for an hour of local AWS's clock.
 * The hour begins when EC2 is first asked after the end, for nobody could tell the difference.
 */
export const visibleInstances = (
  fleet: LocalFleet,
  clock: Pick<LocalClock, 'now'>,
): (() => readonly LocalInstance[]) => {
  const firstSeenTerminated = new Map<string, number>();
  return () => {
    const now = clock.now().getTime();
    return fleet
      .instances()
      .filter(({ id, state }) => {
        if (state !== 'terminated') return true;
        const since = firstSeenTerminated.get(id) ?? now;
        firstSeenTerminated.set(id, since);
        return now - since < visibleMilliseconds;
      })
      .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  };
};

import { isProtected } from './decide.ts';
import type { DrainStore, FleetSnapshot } from './doors.ts';
import type { Drain } from './drain.ts';
import { fleetOf, type NamedStanding, type Overview } from './overview.ts';
import type { SkippedInstance } from './run-record.ts';

/**
 * Instances that the last run of the whole fleet covered, that have gone since, and that no final backup has saved: named
 * once, by the first run without them. What they got since their last recovery point may be lost.
 */
export const departedSince = async (
  drains: Pick<DrainStore, 'read'>,
  overview: Overview | undefined,
  fleet: FleetSnapshot,
): Promise<readonly SkippedInstance[]> => {
  if (overview === undefined) return [];
  const here = new Set([...fleet.expected, ...fleet.skipped].map(({ instance }) => instance));
  const departed: SkippedInstance[] = [];
  for (const standing of fleetOf(overview).filter(({ instance }) => !here.has(instance))) {
    const drain = (await drains.read(standing.instance))?.value;
    const why = whyMissed(standing, drain, overview.plan);
    if (why !== undefined) departed.push({ instance: standing.instance, why });
  }
  return departed;
};

const whyMissed = ({ point }: NamedStanding, drain: Drain | undefined, plan: string): string | undefined => {
  const result = drain?.saves[plan]?.result;
  if (result !== undefined && isProtected(result)) return undefined;
  const since = point === undefined ? 'it has no recovery point' : `saved until ${point}`;
  if (result?.snapshots !== undefined)
    return `gone since the last night; ${since}, the rest is in ${result.snapshots.join(', ')}`;
  return `gone since the last night, ${drain === undefined ? 'not drained' : 'its final backup failed'}; ${since}`;
};

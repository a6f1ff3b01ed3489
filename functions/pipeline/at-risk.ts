import type { Plan } from '../config/plan.ts';
import { fleetOf, type InstanceStanding, type Overview, pointAge } from './overview.ts';

/** Whether data of one of these instances is older than the plan's recovery point objective; of none: of the fleet. */
export const isAtRisk = (
  overview: Overview,
  { objectiveMinutes }: Pick<Plan, 'objectiveMinutes'>,
  instances: readonly string[],
  at: Date,
): boolean =>
  standingsOf(overview, instances).some((standing) => pointAge(standing, at) > objectiveMinutes * 60_000);

/** When the first of them will be that does not break the objective yet; undefined where there is none. */
export const riskBegins = (
  overview: Overview,
  { objectiveMinutes }: Pick<Plan, 'objectiveMinutes'>,
  instances: readonly string[],
  now: Date,
): Date | undefined => {
  const left = standingsOf(overview, instances)
    .map((standing) => objectiveMinutes * 60_000 - pointAge(standing, now))
    .filter((milliseconds) => milliseconds >= 0);
  return left.length === 0
    ? undefined
    : new Date(now.getTime() + left.reduce((least, each) => Math.min(least, each)));
};

/** An instance that is gone has no data that could get older. */
const standingsOf = (overview: Overview, instances: readonly string[]): readonly InstanceStanding[] =>
  (instances.length === 0
    ? fleetOf(overview)
    : instances.flatMap((instance) => overview.instances[instance] ?? [])
  ).filter(({ outcome }) => outcome !== 'gone');

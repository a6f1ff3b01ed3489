import type { Plan } from '../config/plan.ts';
import { isProtected } from './decide.ts';
import type { Clock, NewestPoint, OverviewStore } from './doors.ts';
import type { Incident } from './incident.ts';
import { emptyOverview, pointAge } from './overview.ts';
import { timeOfRun } from './run-id.ts';
import type { RunRecord } from './run-record.ts';

/** What those who are not protected still have, the oldest first; an instance that no run has saved yet before all others. */
export const newestPoints = async (
  doors: { readonly clock: Pick<Clock, 'now'>; readonly overviews: Pick<OverviewStore, 'read'> },
  plan: Plan,
  record: RunRecord,
  incident: Incident | undefined,
): Promise<readonly NewestPoint[]> => {
  const { instances } = (await doors.overviews.read(plan.name))?.value ?? emptyOverview(plan.name);
  const now = doors.clock.now();
  const failing = (record.results ?? []).filter((result) => !isProtected(result));
  const names = incident?.state === 'open' ? incident.instances : failing.map(({ instance }) => instance);
  return [...new Set(names)]
    .map((instance): NewestPoint => {
      const standing = instances[instance];
      const point = standing?.point === undefined ? undefined : timeOfRun(standing.point)?.toISOString();
      const atRisk =
        standing !== undefined &&
        standing.outcome !== 'gone' &&
        pointAge(standing, now) > plan.objectiveMinutes * 60_000;
      return {
        instance,
        ...(standing?.cause === undefined ? {} : { cause: standing.cause }),
        ...(point === undefined ? {} : { point }),
        atRisk,
      };
    })
    .sort(
      (one, other) =>
        (one.point ?? '').localeCompare(other.point ?? '') || (one.instance < other.instance ? -1 : 1),
    );
};

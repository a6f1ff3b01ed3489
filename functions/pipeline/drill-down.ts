import type { Plan } from '../config/plan.ts';
import type { View } from '../config/widget-event.ts';
import type { Clock, IncidentStore, InstanceLogs, OverviewStore, RunStore } from './doors.ts';
import type { Incident } from './incident.ts';
import { emptyOverview, type InstanceStanding, type Overview } from './overview.ts';
import type { InstanceResult, RunRecord } from './run-record.ts';

export type DrillDownDoors = {
  readonly clock: Pick<Clock, 'now'>;
  readonly runs: Pick<RunStore, 'read'>;
  readonly incidents: Pick<IncidentStore, 'read'>;
  readonly overviews: Pick<OverviewStore, 'read'>;
  readonly logs: InstanceLogs;
};

/** What a view shows, read from the bucket and not dressed yet. */
export type Sight =
  | {
      readonly kind: 'fleet';
      readonly plan: Plan;
      readonly now: Date;
      readonly overview: Overview;
      readonly incident?: Incident;
    }
  | { readonly kind: 'night'; readonly plan: Plan; readonly now: Date; readonly record?: RunRecord }
  | {
      readonly kind: 'instance';
      readonly plan: Plan;
      readonly now: Date;
      readonly instance: string;
      readonly overview: Overview;
      readonly standing?: InstanceStanding;
      /** Newest first; of the runs that could be read. */
      readonly history: readonly InstanceNight[];
      /** The end of what the document wrote on the instance in its newest run. */
      readonly log?: string;
    };

export type InstanceNight = { readonly record: RunRecord; readonly result: InstanceResult };

/** Reads what a view needs: two documents for a fleet, one for a night, a few for an instance. Changes nothing. */
export const drillDown = async (doors: DrillDownDoors, plan: Plan, view: View): Promise<Sight> => {
  const now = doors.clock.now();
  switch (view.kind) {
    case 'fleet': {
      const [overview, incident] = await Promise.all([
        overviewOf(doors, plan),
        doors.incidents.read(plan.name),
      ]);
      return {
        kind: 'fleet',
        plan,
        now,
        overview,
        ...(incident === undefined ? {} : { incident: incident.value }),
      };
    }
    case 'night': {
      const record = (await doors.runs.read(view.run))?.value;
      return { kind: 'night', plan, now, ...(record === undefined ? {} : { record }) };
    }
    case 'instance':
      return instanceSight(doors, plan, view.instance, now);
  }
};

const overviewOf = async (doors: DrillDownDoors, plan: Plan): Promise<Overview> =>
  (await doors.overviews.read(plan.name))?.value ?? emptyOverview(plan.name);

/**
 * Results that are read to show the history of one instance: a record holds those of all instances, about 400 bytes each,
 * so that a fleet of 10,000 shows two nights and one of 700 a month.
 */
const mostResults = 20_000;
const mostNights = 30;

const instanceSight = async (
  doors: DrillDownDoors,
  plan: Plan,
  instance: string,
  now: Date,
): Promise<Sight> => {
  const overview = await overviewOf(doors, plan);
  const standing = overview.instances[instance];
  const history: InstanceNight[] = [];
  for (const record of await recordsWith(doors, overview, standing)) {
    const result = record.results?.find((each) => each.instance === instance);
    if (result !== undefined) history.push({ record, result });
  }
  const [newest] = history;
  const commandId = newest?.result.commandId;
  const log =
    newest === undefined || commandId === undefined
      ? undefined
      : await doors.logs.tail(newest.record.run, commandId, instance);
  return {
    ...{ kind: 'instance', plan, now, instance, overview, history },
    ...(standing === undefined ? {} : { standing }),
    ...(log === undefined ? {} : { log }),
  };
};

const recordsWith = async (
  doors: DrillDownDoors,
  overview: Overview,
  standing: InstanceStanding | undefined,
): Promise<readonly RunRecord[]> => {
  const covered = overview.runs.filter((_, index) => (standing?.recent[index] ?? ' ') !== ' ');
  let results = 0;
  const read = covered.slice(0, mostNights).filter(({ instances }, index) => {
    results += instances;
    return index === 0 || results <= mostResults;
  });
  const records = await Promise.all(read.map(({ run }) => doors.runs.read(run)));
  return records.flatMap((stored) => (stored === undefined ? [] : [stored.value]));
};

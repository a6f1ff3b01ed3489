import type { Context } from 'aws-lambda';
import type { Environment } from './config/environment.ts';
import { budgetOf } from './fleet/aws-client.ts';
import { openLifeCycle } from './fleet/life-cycle.ts';
import { openDoors } from './open-doors.ts';
import type { DrainDoors } from './pipeline/drain-doors.ts';

/** The doors of check, and those that only the end of an instance needs. */
export const openDrainDoors = (environment: Environment, context: Context): DrainDoors => {
  const signal = budgetOf(context.getRemainingTimeInMillis());
  return {
    ...openDoors(environment, context),
    lifeCycle: openLifeCycle(environment.region, signal),
    snapshots: {
      // The EC2 client takes some 300 ms to load, and most final backups need no snapshot.
      take: async (...request) =>
        (await import('./fleet/snapshots.ts')).openSnapshots(environment, signal).take(...request),
    },
  };
};

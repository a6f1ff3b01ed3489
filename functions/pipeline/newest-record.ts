import type { RunStore } from './doors.ts';
import type { Operation, RunRecord } from './run-record.ts';

/** Runs of a plan that are looked through. */
const mostRuns = 50;

/** The newest record of an operation of a plan that fits; records of other operations are not read. */
export const newestRecord = async (
  runs: Pick<RunStore, 'newest' | 'read'>,
  plan: string,
  operation: Operation,
  fits: (record: RunRecord) => boolean,
): Promise<RunRecord | undefined> => {
  for (const run of await runs.newest(plan, mostRuns)) {
    if (!run.endsWith(`Z-${operation}`)) continue;
    const record = (await runs.read(run))?.value;
    if (record !== undefined && fits(record)) return record;
  }
  return undefined;
};

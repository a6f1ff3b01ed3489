import {
  type DispatchAnswer,
  type DispatchDoors,
  type DispatchRequest,
  dispatchRun,
  UnknownInstances,
} from './dispatch-run.ts';
import { newestRecord } from './newest-record.ts';
import { emptyOverview, isProtectedOutcome, type Overview, withRun } from './overview.ts';
import type { Worker } from './worker.ts';

/** Nothing was begun, and why. */
export type NothingToRetry = {
  readonly plan: string;
  readonly state: 'nothing-to-retry';
  readonly note: string;
};

export type RetryAnswer = (DispatchAnswer & { readonly retryOf: string }) | NothingToRetry;

/**
 * Begins a backup of just those instances that did not end protected: by the newest closed run that covered each of them,
 * back to the newest one of the whole fleet. Answers which these are, or that there is nothing to retry.
 */
export const retryFailed = async (
  doors: DispatchDoors,
  request: DispatchRequest,
  worker: Worker,
): Promise<RetryAnswer> => {
  const { name } = request.plan;
  const newest = await newestRecord(doors.runs, name, 'backup', ({ result }) => result !== 'paused');
  if (newest === undefined) return nothing(name, `The plan ${name} has no backup yet.`);
  if (newest.state !== 'closed' && newest.scope === 'fleet') return nothing(name, stillOpen(newest.run));
  const known = (await doors.overviews.read(name))?.value ?? emptyOverview(name);
  // Closed a moment ago, it may not be in the overview yet.
  const overview = withRun(known, newest) ?? known;
  const { of, failed, gone } = failedOf(overview);
  if (of === undefined) return nothing(name, `No backup of the plan ${name} is closed yet.`);
  const without = gone.length === 0 ? '' : ` Gone, and not to be retried: ${gone.join(', ')}.`;
  if (failed.length === 0)
    return nothing(name, `Every instance that is there ended protected; the newest run is ${of}.${without}`);
  try {
    const answer = await dispatchRun(doors, { ...request, instances: failed }, worker);
    const note = answer.note === undefined ? '' : ` ${answer.note}`;
    return { ...answer, retryOf: of, note: `What did not end protected in ${of} or since.${without}${note}` };
  } catch (error) {
    if (!(error instanceof UnknownInstances)) throw error;
    return nothing(name, `Not protected, and not in the fleet any more: ${failed.join(', ')}.${without}`);
  }
};

type Failed = {
  /** The newest run of the whole fleet; where there is none, the oldest that is known. */
  readonly of: string | undefined;
  readonly failed: readonly string[];
  readonly gone: readonly string[];
};

const failedOf = ({ runs, instances }: Overview): Failed => {
  const backups = runs.filter(({ operation, result }) => operation === 'backup' && result !== 'paused');
  const of = (backups.find(({ scope }) => scope === 'fleet') ?? backups.at(-1))?.run;
  const bad = Object.entries(instances).filter(
    ([, { run, outcome }]) => of !== undefined && run >= of && !isProtectedOutcome(outcome),
  );
  const named = (isGone: boolean) =>
    bad.filter(([, { outcome }]) => (outcome === 'gone') === isGone).map(([instance]) => instance);
  return { of, failed: named(false), gone: named(true) };
};

const nothing = (plan: string, why: string): NothingToRetry => ({
  plan,
  state: 'nothing-to-retry',
  note: `${why} Nothing was begun.`,
});

const stillOpen = (run: string): string =>
  `The run ${run} is still under way, and what fails in it is not known yet. Wait for its end, or cancel it: ` +
  `\`{"cancel":"${run}"}\`.`;

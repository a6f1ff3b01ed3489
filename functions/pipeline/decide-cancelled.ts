import { causes } from './causes.ts';
import type { Standing } from './reconcile.ts';
import type { Cancellation, InstanceResult } from './run-record.ts';

/** How long instances may take to say that they have stopped before the run is closed without their word. */
const patienceMilliseconds = 10_000;

/**
 * What came of the instances of a run that a person ended; undefined while it is worth waiting for one that is still to say
 * that it has stopped. What had ended before stays as it ended: a failure of its own is not hidden behind the person.
 */
export const cancelledResults = (
  { at }: Cancellation,
  standings: readonly Standing[],
  now: Date,
): readonly InstanceResult[] | undefined =>
  standings.some(({ kind }) => kind === 'open') && now.getTime() < Date.parse(at) + patienceMilliseconds
    ? undefined
    : standings.map(asCancelled);

const asCancelled = (standing: Standing): InstanceResult => {
  const { outcome } = causes.cancelled;
  if (standing.kind === 'open')
    return {
      ...standing.soFar,
      outcome,
      cause: 'cancelled',
      ...(standing.soFar.reached ? { detail: silent } : {}),
    };
  const { result } = standing;
  if (result.cause !== 'command-cancelled' && result.cause !== 'not-reached') return result;
  const { detail: _, ...rest } = result;
  return { ...rest, outcome, cause: 'cancelled' };
};

const silent = 'it had not said that it has stopped when the run was closed, and may still be at work';

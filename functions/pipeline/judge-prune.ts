import { isProtected } from './decide.ts';
import type { InstanceResult, RunRecord } from './run-record.ts';

/**
 * A prune as its own incident sees it (`incidents/<plan>.prune.json`): never a failed backup. An instance that could not be
 * asked, because it is gone, does not answer, is busy or was cancelled, has lost nothing and is pruned the next night; if it stays so, the
 * backups tell it.
 */
export const forPruneIncident = (record: RunRecord): RunRecord => {
  const results = (record.results ?? []).filter((result) => isProtected(result) || isFailure(result));
  const failed = results.some(isFailure);
  return { ...record, problems: [], results, result: failed ? 'partial' : 'protected' };
};

const isFailure = ({ outcome, cause }: InstanceResult): boolean =>
  (outcome === 'failed' || outcome === 'timed-out') && cause !== 'already-running' && cause !== 'cancelled';

import { causes } from './causes.ts';
import { cancelledResults } from './decide-cancelled.ts';
import { reconcile, type Standing, type Truth } from './reconcile.ts';
import type { InstanceResult, RunRecord, RunResult } from './run-record.ts';

export type Decision =
  /** Instances still work, or SSM has not told all yet. `soon`: it must, within seconds. */
  | { readonly kind: 'wait'; readonly soon: boolean; readonly open: number }
  | { readonly kind: 'retry'; readonly instances: readonly string[] }
  | { readonly kind: 'close'; readonly result: RunResult; readonly results: readonly InstanceResult[] };

/** A retry that has less time than this before the deadline is not begun. */
const leastRetrySeconds = 60;

/** What check does next: wait, send again to some instances, or close the run. Nothing but its arguments counts. */
export const decide = (record: RunRecord, truth: Truth, now: Date): Decision => {
  const standings = reconcile(record, truth);
  const open = standings.filter((standing) => standing.kind === 'open');
  if (record.cancelled !== undefined) {
    const ended = cancelledResults(record.cancelled, standings, now);
    return ended === undefined ? { kind: 'wait', soon: true, open: open.length } : close(record, ended);
  }
  const secondsLeft = (Date.parse(record.deadline) - now.getTime()) / 1000;
  if (secondsLeft <= 0)
    return close(
      record,
      standings.map((standing) => atDeadline(standing, record)),
    );
  if (open.length > 0)
    return { kind: 'wait', soon: open.every(({ commandEnded }) => commandEnded), open: open.length };
  const results = standings.flatMap((standing) => (standing.kind === 'settled' ? [standing.result] : []));
  const again =
    secondsLeft < leastRetrySeconds ? [] : results.filter((result) => worthRetrying(result, truth));
  if (again.length > 0) return { kind: 'retry', instances: again.map(({ instance }) => instance) };
  return close(record, results);
};

/** Once, where the cause may pass by itself, and where somebody is there to hear the command. */
const worthRetrying = (result: InstanceResult, truth: Truth): boolean =>
  result.cause !== undefined &&
  result.outcome !== 'protected-with-warnings' &&
  causes[result.cause].retry &&
  result.attempts < 2 &&
  truth.now.get(result.instance)?.ping === 'Online';

/** What becomes of an instance whose time is over. */
export const atDeadline = (standing: Standing, record: RunRecord): InstanceResult =>
  standing.kind === 'settled' ? standing.result : { ...standing.soFar, ...whyStillOpen(record) };

const whyStillOpen = (record: RunRecord): Pick<InstanceResult, 'outcome' | 'cause'> => {
  const sent = record.commands.some(({ commandId }) => commandId !== undefined);
  const cause = sent ? 'deadline-passed' : 'command-not-sent';
  return { outcome: causes[cause].outcome, cause };
};

const close = (record: RunRecord, results: readonly InstanceResult[]): Decision => ({
  kind: 'close',
  result: resultOf(results, record.problems.length > 0),
  results,
});

export const resultOf = (all: readonly InstanceResult[], fleetHasProblems: boolean): RunResult => {
  // One that was on its way out when the run began was skipped with that reason, and is not missed when it has gone.
  const results = all.filter(({ expected, outcome }) => expected || outcome !== 'gone');
  const protectedOnes = results.filter(isProtected);
  if (results.length === 0) return fleetHasProblems ? 'failed' : 'nothing-to-protect';
  if (protectedOnes.length === 0) return 'failed';
  if (protectedOnes.length < results.length || fleetHasProblems) return 'partial';
  return results.some(({ outcome }) => outcome === 'protected-with-warnings')
    ? 'protected-with-warnings'
    : 'protected';
};

export const isProtected = ({ outcome }: Pick<InstanceResult, 'outcome'>): boolean =>
  outcome === 'protected' || outcome === 'protected-with-warnings';

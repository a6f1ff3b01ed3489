import { type CauseId, causes } from '../pipeline/causes.ts';
import { isProtected } from '../pipeline/decide.ts';
import type { InstanceResult, RunRecord } from '../pipeline/run-record.ts';

/** A run in numbers. `files`: in the recovery points of protected instances; `changed`, `copiedBytes`: moved by all. */
export type Tally = {
  readonly instances: number;
  readonly protectedOnes: number;
  readonly notProtected: readonly InstanceResult[];
  readonly files: number;
  readonly changed: number;
  readonly copiedBytes: number;
  /** The longest that an instance worked. */
  readonly milliseconds: number;
};

export const tallyOf = (record: RunRecord): Tally => {
  const results = record.results ?? [];
  const notProtected = results.filter((result) => !isProtected(result));
  const sum = (of: readonly InstanceResult[], figure: 'files' | 'changed' | 'copiedBytes') =>
    of.reduce((total, { report }) => total + (report?.[figure] ?? 0), 0);
  return {
    instances: results.length,
    protectedOnes: results.length - notProtected.length,
    notProtected,
    files: sum(results.filter(isProtected), 'files'),
    changed: sum(results, 'changed'),
    copiedBytes: sum(results, 'copiedBytes'),
    milliseconds: Math.max(0, ...results.map(({ report }) => (report?.seconds ?? 0) * 1000)),
  };
};

/** Instances that are not protected for the same cause. */
export type FailureGroup = {
  readonly cause: CauseId | undefined;
  readonly instances: readonly string[];
  /** What they said, each different text once. Untrusted. */
  readonly details: readonly string[];
  /** All of them were tried twice. */
  readonly retried: boolean;
};

/** By cause, the most frequent first; equal ones in the order of their names, so that a message is the same twice. */
export const failureGroups = (results: readonly InstanceResult[]): readonly FailureGroup[] =>
  [...Map.groupBy(results, ({ cause }) => cause)]
    .map(([cause, members]) => ({
      cause,
      instances: members.map(({ instance }) => instance).toSorted(),
      details: [...new Set(members.flatMap(({ detail }) => detail ?? []))],
      retried: members.every(({ attempts }) => attempts > 1),
    }))
    .toSorted(byFrequency);

/** One kind of warning over the whole fleet: how often, where, and one example. Untrusted text in `example`. */
export type WarningGroup = {
  readonly cause: CauseId;
  readonly count: number;
  readonly instances: readonly string[];
  readonly example: string;
};

export const warningGroups = (results: readonly InstanceResult[]): readonly WarningGroup[] =>
  [...Map.groupBy(results.flatMap(warningsOf), ({ cause }) => cause)]
    .map(([cause, members]) => ({
      cause,
      count: members.reduce((total, { count }) => total + count, 0),
      instances: [...new Set(members.map(({ instance }) => instance))].toSorted(),
      example: members.find(({ example }) => example !== '')?.example ?? '',
    }))
    .toSorted(byFrequency);

type Warning = {
  readonly cause: CauseId;
  readonly count: number;
  readonly example: string;
  readonly instance: string;
};

/** What it reported, and the warning that its outcome stands for where the report does not name it. */
const warningsOf = ({ instance, cause, detail, report }: InstanceResult): readonly Warning[] => {
  const reported = (report?.warnings ?? []).map((warning) => ({ ...warning, instance }));
  const isMissing =
    cause !== undefined &&
    causes[cause].outcome === 'protected-with-warnings' &&
    reported.every((warning) => warning.cause !== cause);
  return isMissing ? [...reported, { cause, count: 1, example: detail ?? '', instance }] : reported;
};

type Group = { readonly cause: CauseId | undefined; readonly instances: readonly string[] };

const byFrequency = (one: Group, other: Group): number =>
  other.instances.length - one.instances.length || (one.cause ?? '').localeCompare(other.cause ?? '');

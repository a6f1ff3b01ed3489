import { type CauseId, causes, type Outcome } from './causes.ts';
import { isProtected } from './decide.ts';
import { timeOfRun } from './run-id.ts';
import type { InstanceResult, Operation, RunRecord, RunResult, Timestamp } from './run-record.ts';

/**
 * How a plan stands, `overviews/<plan>.json` in the bucket: its last runs in short, and of each instance the newest
 * recovery point and how its last runs ended. Messages, metrics and the drill-down read it instead of all records. Which
 * run is taken into it first makes no difference: it depends on the set of runs alone.
 */
export type Overview = {
  readonly lifeboat: 1;
  readonly plan: string;
  /** Newest first, at most {@link mostRuns}. */
  readonly runs: readonly RunSummary[];
  readonly instances: Readonly<Record<string, InstanceStanding>>;
};

export type RunSummary = {
  readonly run: string;
  readonly operation: Operation;
  readonly scope: RunRecord['scope'];
  readonly trigger: RunRecord['trigger']['kind'];
  readonly result: RunResult;
  readonly startedAt: Timestamp;
  readonly closedAt: Timestamp;
  readonly instances: number;
  readonly outcomes: Partial<Readonly<Record<Outcome, number>>>;
  /** Of instances that are not protected, and of warnings by the instances that had them. */
  readonly causes: Partial<Readonly<Record<CauseId, number>>>;
  readonly problems: number;
  /** Of the recovery points of this run. */
  readonly files: number;
  readonly bytes: number;
  readonly changed: number;
  readonly copiedBytes: number;
  readonly share?: ShareRoom;
};

export type ShareRoom = { readonly freeBytes: number; readonly bytes: number };

export type InstanceStanding = {
  /** Run of the newest recovery point; absent where there is none yet. */
  readonly point?: string;
  readonly files?: number;
  readonly bytes?: number;
  /** The newest run that covered it, and how that ended. */
  readonly run: string;
  readonly outcome: Outcome;
  readonly cause?: CauseId;
  /** The first run that covered it, as far as anybody remembers. */
  readonly since: string;
  /** How each of `runs` ended for it, newest first: a letter of {@link letterOf}, a space where it was not covered. */
  readonly recent: string;
};

/** Four months of nights. */
export const mostRuns = 120;
/** How many of them are kept instance by instance. */
const mostLetters = 30;

export const emptyOverview = (plan: string): Overview => ({ lifeboat: 1, plan, runs: [], instances: {} });

/**
 * The overview with this closed run in it; undefined where it is in already, or is older than all that is kept. A prune, one
 * after each good night, says nothing about how a plan stands.
 */
export const withRun = (overview: Overview, record: RunRecord): Overview | undefined => {
  if (record.result === undefined || record.closedAt === undefined) return undefined;
  if (record.operation === 'prune') return undefined;
  if (overview.runs.some(({ run }) => run === record.run)) return undefined;
  const summary = summaryOf(record, record.result, record.closedAt);
  const runs = [...overview.runs, summary].sort(newestFirst).slice(0, mostRuns);
  const index = runs.indexOf(summary);
  if (index < 0) return undefined;
  return { ...overview, runs, instances: withoutForgotten(standings(overview, record, index), runs) };
};

/** Run ids of a plan begin with its name, so that they sort by time. */
const newestFirst = (one: { readonly run: string }, other: { readonly run: string }): number =>
  one.run < other.run ? 1 : -1;

const summaryOf = (record: RunRecord, result: RunResult, closedAt: Timestamp): RunSummary => {
  const results = record.results ?? [];
  const saved = makesPoints(record) ? results.filter(isProtected) : [];
  const sum = (of: readonly InstanceResult[], figure: 'files' | 'bytes' | 'changed' | 'copiedBytes') =>
    of.reduce((total, { report }) => total + (report?.[figure] ?? 0), 0);
  const share = roomIn(results);
  return {
    run: record.run,
    operation: record.operation,
    scope: record.scope,
    trigger: record.trigger.kind,
    result,
    startedAt: record.startedAt,
    closedAt,
    instances: results.length,
    outcomes: counted(results.map(({ outcome }) => outcome)),
    causes: counted(results.flatMap(causesOf)),
    problems: record.problems.length,
    files: sum(saved, 'files'),
    bytes: sum(saved, 'bytes'),
    changed: sum(results, 'changed'),
    copiedBytes: sum(results, 'copiedBytes'),
    ...(share === undefined ? {} : { share }),
  };
};

const counted = <T extends string>(words: readonly T[]): Partial<Record<T, number>> => {
  const counts: Partial<Record<T, number>> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
};

const causesOf = ({ cause, report }: InstanceResult): readonly CauseId[] => [
  ...new Set([
    ...(cause === undefined ? [] : [cause]),
    ...(report?.warnings ?? []).map((each) => each.cause),
  ]),
];

/**
 * All of them see the same share; what the fullest look saw counts. By the part that is free: an instance that lies can
 * make the share look fuller than it is, but cannot hide that it is nearly full.
 */
const roomIn = (results: readonly InstanceResult[]): ShareRoom | undefined => {
  const rooms = results.flatMap(({ report }) =>
    report?.shareFreeBytes === undefined || report.shareBytes === undefined || report.shareBytes === 0
      ? []
      : [{ freeBytes: report.shareFreeBytes, bytes: report.shareBytes }],
  );
  const freePart = ({ freeBytes, bytes }: ShareRoom) => freeBytes / bytes;
  return rooms.sort((one, other) => freePart(one) - freePart(other) || one.freeBytes - other.freeBytes)[0];
};

/** Whether a run of this operation leaves recovery points. */
export const makesPoints = ({ operation }: { readonly operation: Operation }): boolean =>
  operation === 'backup' || operation === 'final-backup';

const standings = (
  overview: Overview,
  record: RunRecord,
  index: number,
): Readonly<Record<string, InstanceStanding>> => {
  const results = new Map(
    (makesPoints(record) ? (record.results ?? []) : []).map((result) => [result.instance, result]),
  );
  const known = Object.entries(overview.instances).map(([instance, before]) => {
    const result = results.get(instance);
    results.delete(instance);
    return [instance, withResult(before, record.run, result, index)] as const;
  });
  const born = [...results.values()].map(
    (result) => [result.instance, withResult(undefined, record.run, result, index)] as const,
  );
  return Object.fromEntries([...known, ...born].sort(([one], [other]) => (one < other ? -1 : 1)));
};

const withResult = (
  before: InstanceStanding | undefined,
  run: string,
  result: InstanceResult | undefined,
  index: number,
): InstanceStanding => {
  const letter = result === undefined ? ' ' : letterOf(result.outcome);
  const letters = before?.recent ?? '';
  const padded = letters.padEnd(index, ' ');
  const recent = `${padded.slice(0, index)}${letter}${padded.slice(index)}`.slice(0, mostLetters).trimEnd();
  if (result === undefined) return { ...(before ?? nobody(run)), recent };
  const point =
    isProtected(result) && run > (before?.point ?? '')
      ? { point: run, files: result.report?.files ?? 0, bytes: result.report?.bytes ?? 0 }
      : {};
  const { cause: _, ...rest } = before ?? nobody(run);
  const newest =
    run >= rest.run
      ? { run, outcome: result.outcome, ...(result.cause === undefined ? {} : { cause: result.cause }) }
      : { ...(before?.cause === undefined ? {} : { cause: before.cause }) };
  return { ...rest, ...newest, ...point, since: run < rest.since ? run : rest.since, recent };
};

const nobody = (run: string): InstanceStanding => ({ run, outcome: 'gone', since: run, recent: '' });

/** Instances that no run has covered for as long as runs are remembered. */
const withoutForgotten = (
  instances: Readonly<Record<string, InstanceStanding>>,
  runs: readonly RunSummary[],
): Readonly<Record<string, InstanceStanding>> => {
  const oldest = runs.at(-1)?.run ?? '';
  return Object.fromEntries(Object.entries(instances).filter(([, { run }]) => run >= oldest));
};

/** One letter an outcome. */
export const letterOf = (outcome: Outcome): string => letters[outcome];

export const outcomeOfLetter = (letter: string): Outcome | undefined =>
  outcomes.find((outcome) => letters[outcome] === letter);

const letters: Readonly<Record<Outcome, string>> = {
  protected: 'p',
  'protected-with-warnings': 'w',
  failed: 'f',
  unreachable: 'u',
  'timed-out': 't',
  gone: 'g',
};
const outcomes = Object.keys(letters) as readonly Outcome[];

export type NamedStanding = InstanceStanding & { readonly instance: string };

/** The fleet as the newest run of all of it, a skipped one aside, found it: without instances that had gone by its end. */
export const fleetOf = (overview: Overview): readonly NamedStanding[] => {
  const newest = overview.runs.findIndex(
    (run) => makesPoints(run) && run.scope === 'fleet' && run.result !== 'paused',
  );
  if (newest < 0) return [];
  return Object.entries(overview.instances)
    .filter(([, { recent, outcome }]) => (recent[newest] ?? ' ') !== ' ' && outcome !== 'gone')
    .map(([instance, standing]) => ({ instance, ...standing }));
};

/** How old its newest recovery point is; of one that has none, how long it has been known without. Milliseconds. */
export const pointAge = ({ point, since }: InstanceStanding, now: Date): number =>
  Math.max(0, now.getTime() - (timeOfRun(point ?? since)?.getTime() ?? now.getTime()));

/** The age of the oldest newest recovery point in the fleet, which is what the objective is about. Undefined: no fleet. */
export const worstAge = (overview: Overview, now: Date): number | undefined => {
  const ages = fleetOf(overview).map((standing) => pointAge(standing, now));
  return ages.length === 0 ? undefined : ages.reduce((worst, age) => Math.max(worst, age), 0);
};

/** Of the text of an outcome, as keys of a summary are. */
export const isProtectedOutcome = (outcome: string): boolean =>
  outcome === 'protected' || outcome === 'protected-with-warnings';

/** Whether a cause stands for trouble of an instance that is not protected. */
export const isFailure = (cause: CauseId): boolean => causes[cause].outcome !== 'protected-with-warnings';

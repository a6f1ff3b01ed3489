import { type MetricQuery, periodOf, queryValue } from './metric-query.ts';
import type { MetricStore } from './metric-store.ts';

export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

export type LocalAlarm = MetricAlarm | CompositeAlarm;

type Common = { readonly name: string; readonly description: string; readonly actions: readonly string[] };

export type MetricAlarm = Common & {
  readonly kind: 'metric';
  readonly queries: readonly MetricQuery[];
  /** The query whose value is compared. */
  readonly returned: string;
  readonly operator: keyof typeof comparisons;
  readonly threshold: number;
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm: number;
  readonly missing: 'breaching' | 'notBreaching' | 'ignore' | 'missing';
};

/** `ALARM("a") OR ALARM("b")`: all that is understood of `AlarmRule`. */
export type CompositeAlarm = Common & { readonly kind: 'composite'; readonly anyOf: readonly string[] };

export const comparisons = {
  GreaterThanOrEqualToThreshold: (value: number, threshold: number) => value >= threshold,
  GreaterThanThreshold: (value: number, threshold: number) => value > threshold,
  LessThanThreshold: (value: number, threshold: number) => value < threshold,
  LessThanOrEqualToThreshold: (value: number, threshold: number) => value <= threshold,
};

export type Judged = { readonly state: AlarmState; readonly reason: string };

/**
 * The state at a moment: periods are counted back from the current minute, as CloudWatch does, which looks every minute.
 * What it does not do here: look further back than `EvaluationPeriods` where values are missing.
 */
export const judgeAlarm = (alarm: MetricAlarm, store: MetricStore, now: Date, before: AlarmState): Judged => {
  const values = windowsOf(alarm, now).map((from) => queryValue(alarm.queries, alarm.returned, store, from));
  const breaches = (value: number) => comparisons[alarm.operator](value, alarm.threshold);
  const known = values.filter((value) => value !== undefined);
  if (known.length === 0 && alarm.missing === 'ignore')
    return { state: before, reason: 'No value: the state stays.' };
  if (known.length === 0 && alarm.missing === 'missing')
    return { state: 'INSUFFICIENT_DATA', reason: 'No value.' };
  const breaching =
    known.filter(breaches).length + (alarm.missing === 'breaching' ? values.length - known.length : 0);
  const state = breaching >= alarm.datapointsToAlarm ? 'ALARM' : 'OK';
  return {
    state,
    reason: `${breaching} of the last ${values.length} periods ${state === 'ALARM' ? 'were' : 'are'} breaching (${alarm.operator} ${alarm.threshold}); ${alarm.datapointsToAlarm} make an alarm.`,
  };
};

/** When the state would be another if no further value came: times after `now` at which a value moves to another period. */
export const turningPoints = (alarm: MetricAlarm, store: MetricStore, now: Date): readonly Date[] => {
  const period = periodOf(alarm.queries) * 1000;
  const oldest = now.getTime() - period * (alarm.evaluationPeriods + 1);
  const times = new Set<number>();
  for (const query of alarm.queries) {
    if (query.kind !== 'metric') continue;
    for (const { time } of store.values(query.metric).filter((value) => value.time > oldest))
      for (let count = 0; count <= alarm.evaluationPeriods; count += 1)
        times.add(nextMinute(time + count * period));
  }
  return [...times]
    .filter((time) => time > now.getTime())
    .sort((one, other) => one - other)
    .map((time) => new Date(time));
};

const minute = 60_000;
const nextMinute = (time: number): number => (Math.floor(time / minute) + 1) * minute;

/** Beginnings of the periods, the newest first. The newest ends with the minute that runs, so that what just came counts. */
const windowsOf = ({ queries, evaluationPeriods }: MetricAlarm, now: Date): readonly number[] => {
  const end = nextMinute(now.getTime());
  const period = periodOf(queries) * 1000;
  return Array.from({ length: evaluationPeriods }, (_, index) => end - (index + 1) * period);
};

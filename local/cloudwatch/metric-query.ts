import { type MetricId, type MetricStore, type Statistic, statisticOf } from './metric-store.ts';

/** One entry of `Metrics` in an alarm or of `MetricDataQueries`: a metric, or an expression over others. */
export type MetricQuery =
  | {
      readonly kind: 'metric';
      readonly id: string;
      readonly metric: MetricId;
      readonly statistic: Statistic;
      readonly periodSeconds: number;
    }
  | { readonly kind: 'expression'; readonly id: string; readonly expression: Expression };

/** The metric math that is understood here: {@link readExpression}. */
export type Expression =
  | { readonly kind: 'fill'; readonly of: string; readonly value: number }
  | { readonly kind: 'sum' };

/** Undefined where it is not one of ours: `FILL(id, 0)` and `SUM(METRICS())`. */
export const readExpression = (text: string): Expression | undefined => {
  const fill = /^FILL\(\s*(\w+)\s*,\s*(-?\d+(?:\.\d+)?)\s*\)$/.exec(text);
  if (fill !== null) return { kind: 'fill', of: fill[1] ?? '', value: Number(fill[2]) };
  return text === 'SUM(METRICS())' ? { kind: 'sum' } : undefined;
};

/** The value of a query over one period that begins at `from`; undefined where there is none. */
export const queryValue = (
  queries: readonly MetricQuery[],
  id: string,
  store: MetricStore,
  from: number,
): number | undefined => {
  const query = queries.find((each) => each.id === id);
  if (query === undefined) return undefined;
  if (query.kind === 'metric') {
    const { metric, statistic, periodSeconds } = query;
    return statisticOf(store.values(metric), statistic, from, from + periodSeconds * 1000);
  }
  const { expression } = query;
  if (expression.kind === 'fill') return queryValue(queries, expression.of, store, from) ?? expression.value;
  const values = queries.flatMap((each) =>
    each.kind === 'metric' ? (queryValue(queries, each.id, store, from) ?? []) : [],
  );
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
};

/** All metrics of an alarm have the same period. */
export const periodOf = (queries: readonly MetricQuery[]): number =>
  queries.find((query) => query.kind === 'metric')?.periodSeconds ?? 60;

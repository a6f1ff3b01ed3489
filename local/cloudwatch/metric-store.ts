import type { FunctionMetric } from '../lambda/metrics.ts';

/** A metric: namespace, name and all of its dimensions, which are part of its identity. */
export type MetricId = {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
};

export type Statistic = 'Maximum' | 'Minimum' | 'Sum' | 'Average' | 'SampleCount';

export type MetricStore = {
  readonly add: (metrics: readonly FunctionMetric[]) => void;
  /** Newest values last. */
  readonly values: (metric: MetricId) => readonly MetricValue[];
  readonly metrics: () => readonly MetricId[];
  /** Everything, to be kept. */
  readonly all: () => readonly FunctionMetric[];
};

export type MetricValue = { readonly time: number; readonly value: number };

/** CloudWatch's memory of metrics. It keeps each value; the real one keeps sums of minutes, later of hours. */
export const openMetricStore = (remembered: readonly FunctionMetric[]): MetricStore => {
  const series = new Map<string, { readonly id: MetricId; readonly values: MetricValue[] }>();
  const all: FunctionMetric[] = [];
  const add = (metrics: readonly FunctionMetric[]): void => {
    for (const metric of metrics) {
      const { namespace, name, dimensions } = metric;
      const id = { namespace, name, dimensions };
      const known = series.get(keyOf(id)) ?? { id, values: [] };
      series.set(keyOf(id), known);
      known.values.push({ time: metric.time.getTime(), value: metric.value });
      known.values.sort((one, other) => one.time - other.time);
      all.push(metric);
    }
  };
  add(remembered);
  return {
    add,
    values: (metric) => series.get(keyOf(metric))?.values ?? [],
    metrics: () => [...series.values()].map(({ id }) => id),
    all: () => all,
  };
};

const keyOf = ({ namespace, name, dimensions }: MetricId): string =>
  JSON.stringify([namespace, name, Object.entries(dimensions).sort()]);

/** The statistic of the values from `from` until before `to`, in milliseconds; undefined where there is none. */
export const statisticOf = (
  values: readonly MetricValue[],
  statistic: Statistic,
  from: number,
  to: number,
): number | undefined => {
  const inside = values.filter(({ time }) => time >= from && time < to).map(({ value }) => value);
  if (inside.length === 0) return undefined;
  const sum = inside.reduce((total, value) => total + value, 0);
  switch (statistic) {
    case 'Maximum':
      return Math.max(...inside);
    case 'Minimum':
      return Math.min(...inside);
    case 'Sum':
      return sum;
    case 'Average':
      return sum / inside.length;
    case 'SampleCount':
      return inside.length;
  }
};

import { z } from 'zod';
import type { MetricId, Statistic } from '../cloudwatch/metric-store.ts';

/** Widgets of a dashboard's body, as far as they are shown here. */
export type Widget = {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
} & (
  | { readonly kind: 'text'; readonly markdown: string }
  | { readonly kind: 'alarms'; readonly title: string; readonly arns: readonly string[] }
  | { readonly kind: 'custom'; readonly title: string; readonly endpoint: string; readonly params: unknown }
  | ({ readonly kind: 'metric' } & MetricWidget)
);

export type MetricWidget = {
  readonly title: string;
  readonly periodSeconds: number;
  readonly statistic: Statistic;
  readonly lines: readonly {
    readonly metric: MetricId;
    readonly label: string;
    readonly color: string;
    readonly yAxis: 'left' | 'right';
  }[];
  readonly annotations: readonly { readonly label: string; readonly value: number; readonly color: string }[];
};

const place = { x: z.number(), y: z.number(), width: z.number(), height: z.number() };
const color = z.string().regex(/^#[0-9a-f]{6}$/i);
const metricLine = z
  .array(
    z.union([
      z.string(),
      z.object({ label: z.string(), color, yAxis: z.enum(['left', 'right']).default('left') }),
    ]),
  )
  .transform((parts) => {
    const words = parts.filter((part) => typeof part === 'string');
    const [namespace = '', name = '', ...rest] = words;
    const dimensions: Record<string, string> = {};
    for (let index = 0; index + 1 < rest.length; index += 2)
      dimensions[rest[index] ?? ''] = rest[index + 1] ?? '';
    const look = parts.find((part) => typeof part === 'object');
    return {
      metric: { namespace, name, dimensions },
      ...{ label: name, color: '#1f77b4', yAxis: 'left' as const },
      ...look,
    };
  });

const widget = z.discriminatedUnion('type', [
  z.object({ ...place, type: z.literal('text'), properties: z.object({ markdown: z.string() }) }),
  z.object({
    ...place,
    type: z.literal('alarm'),
    properties: z.object({ title: z.string().default('Alarms'), alarms: z.array(z.string()) }),
  }),
  z.object({
    ...place,
    type: z.literal('custom'),
    properties: z.object({ title: z.string().default(''), endpoint: z.string(), params: z.unknown() }),
  }),
  z.object({
    ...place,
    type: z.literal('metric'),
    properties: z.object({
      title: z.string().default(''),
      period: z.number(),
      stat: z.enum(['Maximum', 'Minimum', 'Sum', 'Average', 'SampleCount']),
      metrics: z.array(metricLine),
      annotations: z
        .object({
          horizontal: z.array(z.object({ label: z.string(), value: z.number(), color })).default([]),
        })
        .default({ horizontal: [] }),
    }),
  }),
]);

/** Throws where a widget is of no kind that is known here. */
export const readWidgets = (body: string): readonly Widget[] =>
  z
    .object({ widgets: z.array(widget) })
    .parse(JSON.parse(body))
    .widgets.map(shown);

const shown = ({ x, y, width, height, ...rest }: z.output<typeof widget>): Widget => {
  const at = { x, y, width, height };
  switch (rest.type) {
    case 'text':
      return { ...at, kind: 'text', markdown: rest.properties.markdown };
    case 'alarm':
      return { ...at, kind: 'alarms', title: rest.properties.title, arns: rest.properties.alarms };
    case 'custom':
      return { ...at, kind: 'custom', ...rest.properties };
    case 'metric': {
      const { title, period, stat, metrics, annotations } = rest.properties;
      const graph = { title, periodSeconds: period, statistic: stat, lines: metrics };
      return { ...at, kind: 'metric', ...graph, annotations: annotations.horizontal };
    }
  }
};

import { z } from 'zod';

/** One value of a metric that a function wrote in CloudWatch's embedded metric format. */
export type FunctionMetric = {
  readonly namespace: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly name: string;
  /** CloudWatch's unit, `None` where the function gave none. */
  readonly unit: string;
  readonly value: number;
  readonly time: Date;
};

const directive = z.object({
  Namespace: z.string(),
  Dimensions: z.array(z.array(z.string())).default([[]]),
  Metrics: z.array(z.object({ Name: z.string(), Unit: z.string().default('None') })),
});
const envelope = z.looseObject({
  _aws: z.object({ Timestamp: z.number(), CloudWatchMetrics: z.array(directive) }),
});
const values = z.union([z.number().transform((value) => [value]), z.array(z.number())]);

/**
 * The metrics in a line of a function's log: one entry for each set of dimensions and each value; none where the line is
 * no embedded metric format ("Specification: Embedded metric format" in the CloudWatch User Guide).
 */
export const metricsIn = (line: string): readonly FunctionMetric[] => {
  const parsed = envelope.safeParse(readJson(line));
  if (!parsed.success) return [];
  const { _aws: metadata, ...members } = parsed.data;
  const time = new Date(metadata.Timestamp);
  return metadata.CloudWatchMetrics.flatMap(({ Namespace: namespace, Dimensions, Metrics }) =>
    Dimensions.flatMap((names) => {
      const dimensions = Object.fromEntries(names.map((name) => [name, String(members[name])]));
      return Metrics.flatMap(({ Name: name, Unit: unit }) =>
        (values.safeParse(members[name]).data ?? []).map((value) => ({
          namespace,
          dimensions,
          name,
          unit,
          value,
          time,
        })),
      );
    }),
  );
};

/** The console puts time and request id before the text: the format begins with its brace, as CloudWatch finds it. */
const readJson = (line: string): unknown => {
  const start = line.indexOf('{');
  if (start < 0 || !line.includes('"_aws"')) return undefined;
  try {
    return JSON.parse(line.slice(start));
  } catch {
    // A line that only mentions it.
    return undefined;
  }
};

import { z } from 'zod';
import { type CompositeAlarm, comparisons, type MetricAlarm } from '../cloudwatch/alarm.ts';
import type { LocalDashboard } from '../cloudwatch/local-cloudwatch.ts';
import { type MetricQuery, readExpression } from '../cloudwatch/metric-query.ts';
import { propertiesOf, text, wholeNumber } from './properties.ts';
import type { Resource } from './template.ts';
import { TemplateError } from './template-error.ts';

const dimensions = z
  .array(z.object({ Name: text, Value: text }))
  .default([])
  .transform((list) => Object.fromEntries(list.map(({ Name, Value }) => [Name, Value])));
const metric = z.object({ Namespace: text, MetricName: text, Dimensions: dimensions });
const statistic = z.enum(['Maximum', 'Minimum', 'Sum', 'Average', 'SampleCount']);
const period = wholeNumber.refine(
  (seconds) => seconds % 60 === 0 && seconds > 0,
  'a multiple of 60 seconds.',
);
const operators = Object.keys(comparisons) as readonly (keyof typeof comparisons)[];

const common = {
  AlarmDescription: text.default(''),
  AlarmActions: z.array(text).default([]),
};
const metricAlarm = z.object({
  ...common,
  Namespace: text.optional(),
  MetricName: text.optional(),
  Dimensions: dimensions,
  Statistic: statistic.optional(),
  Period: period.optional(),
  Metrics: z
    .array(
      z.object({
        Id: text,
        Expression: text.optional(),
        MetricStat: z.object({ Metric: metric, Period: period, Stat: statistic }).optional(),
        ReturnData: z.boolean().default(true),
      }),
    )
    .optional(),
  ComparisonOperator: z.enum(operators),
  Threshold: z.coerce.number(),
  EvaluationPeriods: wholeNumber,
  DatapointsToAlarm: wholeNumber.optional(),
  TreatMissingData: z.enum(['breaching', 'notBreaching', 'ignore', 'missing']).default('missing'),
});
type MetricAlarmProperties = z.infer<typeof metricAlarm>;

/** `AWS::CloudWatch::Alarm`. Throws {@link TemplateError} where CloudWatch would refuse it, or local AWS cannot play it. */
export const readAlarm = (resource: Resource): MetricAlarm => {
  const properties = propertiesOf(resource, metricAlarm);
  const queries = queriesOf(resource, properties);
  const seconds = queries.find((query) => query.kind === 'metric')?.periodSeconds ?? 0;
  const look = seconds * properties.EvaluationPeriods;
  if (look > (seconds < 3_600 ? 86_400 : 7 * 86_400))
    throw new TemplateError(
      resource.path,
      `it looks back ${look} seconds: a day at most with periods below an hour, else seven.`,
    );
  return {
    kind: 'metric',
    name: resource.name,
    description: properties.AlarmDescription,
    actions: properties.AlarmActions,
    queries,
    returned: properties.Metrics?.find(({ ReturnData }) => ReturnData)?.Id ?? 'm',
    operator: properties.ComparisonOperator,
    threshold: properties.Threshold,
    evaluationPeriods: properties.EvaluationPeriods,
    datapointsToAlarm: properties.DatapointsToAlarm ?? properties.EvaluationPeriods,
    missing: properties.TreatMissingData,
  };
};

const queriesOf = (
  { path }: Resource,
  { Metrics, Namespace, MetricName, Dimensions, Statistic, Period }: MetricAlarmProperties,
): readonly MetricQuery[] => {
  if (Metrics !== undefined)
    return Metrics.map(({ Id, Expression, MetricStat }): MetricQuery => {
      if (MetricStat !== undefined) {
        const { Metric, Period: periodSeconds, Stat } = MetricStat;
        return { kind: 'metric', id: Id, metric: idOf(Metric), statistic: Stat, periodSeconds };
      }
      const expression = readExpression(Expression ?? '');
      if (expression === undefined)
        throw new TemplateError(
          `${path}.Metrics`,
          `local AWS does not understand the expression ${Expression ?? '(none)'}.`,
        );
      return { kind: 'expression', id: Id, expression };
    });
  if (Namespace === undefined || MetricName === undefined || Statistic === undefined || Period === undefined)
    throw new TemplateError(path, 'it names no metric with its statistic and period.');
  const id = idOf({ Namespace, MetricName, Dimensions });
  return [{ kind: 'metric', id: 'm', metric: id, statistic: Statistic, periodSeconds: Period }];
};

const idOf = ({ Namespace, MetricName, Dimensions }: z.infer<typeof metric>) => ({
  namespace: Namespace,
  name: MetricName,
  dimensions: Dimensions,
});

/** `AWS::CloudWatch::CompositeAlarm`, of rules that join alarms by OR. */
export const readComposite = (resource: Resource): CompositeAlarm => {
  const { AlarmRule, AlarmDescription, AlarmActions } = propertiesOf(
    resource,
    z.object({ ...common, AlarmRule: text }),
  );
  const parts = AlarmRule.split(/\s+OR\s+/).map((part) => /^ALARM\("?([^"()]+)"?\)$/.exec(part.trim())?.[1]);
  const anyOf = parts.filter((name) => name !== undefined);
  if (anyOf.length < parts.length)
    throw new TemplateError(
      `${resource.path}.AlarmRule`,
      'local AWS understands ALARM("a") OR ALARM("b") alone.',
    );
  return {
    kind: 'composite',
    name: resource.name,
    description: AlarmDescription,
    actions: AlarmActions,
    anyOf,
  };
};

const dashboardBody = z.object({
  widgets: z.array(z.looseObject({ type: z.string(), properties: z.looseObject({}) })),
});

/** `AWS::CloudWatch::Dashboard`: its body has to be JSON with widgets, as PutDashboard checks. */
export const readDashboard = (resource: Resource): LocalDashboard => {
  const { DashboardBody: body } = propertiesOf(resource, z.object({ DashboardBody: z.string() }));
  const parsed = dashboardBody.safeParse(jsonOf(body));
  if (!parsed.success)
    throw new TemplateError(`${resource.path}.DashboardBody`, z.prettifyError(parsed.error));
  return { name: resource.name, body };
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // No JSON: the schema says so.
    return undefined;
  }
};

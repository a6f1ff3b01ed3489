import { z } from 'zod';
import type { LocalCloudWatch } from '../../cloudwatch/local-cloudwatch.ts';
import { type MetricQuery, periodOf, queryValue, readExpression } from '../../cloudwatch/metric-query.ts';
import { awsJsonEndpoint } from '../../protocol/aws-json.ts';
import type { Endpoint, Operation } from '../../protocol/exchange.ts';
import { AwsFailure } from '../../protocol/failure.ts';
import { queryEndpoint } from '../../protocol/query.ts';
import { validate } from '../../protocol/validation.ts';
import { alarmView, compositeView } from './alarm-view.ts';

export type CloudWatchEndpointOptions = { readonly cloudwatch: LocalCloudWatch };

/** CloudWatch: newer clients speak awsJson, older ones AWS Query. What a person on call asks, and nothing that writes metrics. */
export const cloudWatchEndpoints = (options: CloudWatchEndpointOptions): readonly Endpoint[] => {
  const operations: Readonly<Record<string, Operation>> = {
    DescribeAlarms: describeAlarms(options),
    DescribeAlarmHistory: describeAlarmHistory(options),
    SetAlarmState: setAlarmState(options),
    ListMetrics: listMetrics(options),
    GetMetricData: getMetricData(options),
    ListDashboards: listDashboards(options),
    GetDashboard: getDashboard(options),
  };
  return [
    awsJsonEndpoint({
      name: 'monitoring',
      targetPrefix: 'GraniteServiceVersion20100801',
      operations,
      hidden: [],
    }),
    queryEndpoint({
      name: 'monitoring',
      dialect: 'query',
      namespace: 'http://monitoring.amazonaws.com/doc/2010-08-01/',
      operations,
    }),
  ];
};

type View = (options: CloudWatchEndpointOptions) => (input: unknown) => unknown;
const state = z.enum(['OK', 'ALARM', 'INSUFFICIENT_DATA']);

const describeSchema = z.object({
  AlarmNames: z.array(z.string()).optional(),
  AlarmNamePrefix: z.string().optional(),
  AlarmTypes: z.array(z.enum(['MetricAlarm', 'CompositeAlarm'])).optional(),
  StateValue: state.optional(),
});

/** Without `AlarmTypes` composite alarms are left out (DescribeAlarms). One page: a stack has few. */
const describeAlarms: View =
  ({ cloudwatch }) =>
  (raw) => {
    const input = validate(describeSchema, raw);
    const types = input.AlarmTypes ?? ['MetricAlarm'];
    const found = cloudwatch.alarms
      .alarms()
      .filter(({ alarm }) => input.AlarmNames?.includes(alarm.name) ?? true)
      .filter(({ alarm }) => alarm.name.startsWith(input.AlarmNamePrefix ?? ''))
      .filter((standing) => (input.StateValue ?? standing.state) === standing.state);
    return {
      MetricAlarms: types.includes('MetricAlarm')
        ? found.flatMap((standing) => alarmView(standing, cloudwatch.arnOf) ?? [])
        : [],
      CompositeAlarms: types.includes('CompositeAlarm')
        ? found.flatMap((standing) => compositeView(standing, cloudwatch.arnOf) ?? [])
        : [],
    };
  };

const historySchema = z.object({
  AlarmName: z.string().optional(),
  MaxRecords: z.coerce.number().int().min(1).max(100).default(100),
});

/** Newest first. */
const describeAlarmHistory: View =
  ({ cloudwatch }) =>
  (raw) => {
    const { AlarmName: wanted, MaxRecords } = validate(historySchema, raw);
    const changes = cloudwatch.alarms.history().filter(({ alarm }) => alarm === (wanted ?? alarm));
    return {
      AlarmHistoryItems: changes
        .toReversed()
        .slice(0, MaxRecords)
        .map(({ alarm, at, from, to, reason }) => ({
          AlarmName: alarm,
          Timestamp: at,
          HistoryItemType: 'StateUpdate',
          HistorySummary: `Alarm updated from ${from} to ${to}`,
          HistoryData: JSON.stringify({
            version: '1.0',
            oldState: { stateValue: from },
            newState: { stateValue: to, stateReason: reason },
          }),
        })),
    };
  };

const setStateSchema = z.object({ AlarmName: z.string(), StateValue: state, StateReason: z.string() });

const setAlarmState: View =
  ({ cloudwatch }) =>
  (raw) => {
    const { AlarmName, StateValue, StateReason } = validate(setStateSchema, raw);
    if (!cloudwatch.alarms.set(AlarmName, StateValue, StateReason))
      throw new AwsFailure('ResourceNotFound', `There is no alarm ${AlarmName}.`, 404);
    return {};
  };

const dimensionSchema = z.object({ Name: z.string(), Value: z.string().optional() });
const listSchema = z.object({
  Namespace: z.string().optional(),
  MetricName: z.string().optional(),
  Dimensions: z.array(dimensionSchema).default([]),
});

const listMetrics: View =
  ({ cloudwatch }) =>
  (raw) => {
    const { Namespace, MetricName, Dimensions } = validate(listSchema, raw);
    return {
      Metrics: cloudwatch.metrics
        .metrics()
        .filter(({ namespace }) => namespace === (Namespace ?? namespace))
        .filter(({ name }) => name === (MetricName ?? name))
        .filter(({ dimensions }) =>
          Dimensions.every(
            ({ Name, Value }) =>
              Object.hasOwn(dimensions, Name) && dimensions[Name] === (Value ?? dimensions[Name]),
          ),
        )
        .map(({ namespace, name, dimensions }) => ({
          Namespace: namespace,
          MetricName: name,
          Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
        })),
    };
  };

/** Seconds since 1970 in JSON, ISO 8601 in a form. */
const time = z.union([z.number().transform((seconds) => seconds * 1000), z.string()]).pipe(z.coerce.date());

const dataSchema = z.object({
  StartTime: time,
  EndTime: time,
  MetricDataQueries: z
    .array(
      z.object({
        Id: z.string(),
        Label: z.string().optional(),
        ReturnData: z
          .union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')])
          .default(true),
        Expression: z.string().optional(),
        MetricStat: z
          .object({
            Metric: z.object({
              Namespace: z.string(),
              MetricName: z.string(),
              Dimensions: z.array(dimensionSchema).default([]),
            }),
            Period: z.coerce.number().int().min(60),
            Stat: z.enum(['Maximum', 'Minimum', 'Sum', 'Average', 'SampleCount']),
          })
          .optional(),
      }),
    )
    .min(1)
    .max(500),
});

/** Newest value first, as CloudWatch answers. Periods begin at multiples of their length. */
const getMetricData: View =
  ({ cloudwatch }) =>
  (raw) => {
    const input = validate(dataSchema, raw);
    const queries = input.MetricDataQueries.map(queryOf);
    const period = periodOf(queries) * 1000;
    const first = Math.floor(input.StartTime.getTime() / period) * period;
    const starts: number[] = [];
    for (let from = first; from < input.EndTime.getTime(); from += period) starts.unshift(from);
    return {
      MetricDataResults: input.MetricDataQueries.filter(({ ReturnData }) => ReturnData).map(
        ({ Id, Label }) => {
          const points = starts.flatMap((from) => {
            const value = queryValue(queries, Id, cloudwatch.metrics, from);
            return value === undefined ? [] : [{ from, value }];
          });
          return {
            Id,
            Label: Label ?? Id,
            Timestamps: points.map(({ from }) => new Date(from)),
            Values: points.map(({ value }) => value),
            StatusCode: 'Complete',
          };
        },
      ),
      Messages: [],
    };
  };

const queryOf = ({
  Id,
  Expression,
  MetricStat,
}: z.output<typeof dataSchema>['MetricDataQueries'][number]): MetricQuery => {
  if (MetricStat !== undefined) {
    const { Metric, Period, Stat } = MetricStat;
    const dimensions = Object.fromEntries(Metric.Dimensions.map(({ Name, Value }) => [Name, Value ?? '']));
    const metric = { namespace: Metric.Namespace, name: Metric.MetricName, dimensions };
    return { kind: 'metric', id: Id, metric, statistic: Stat, periodSeconds: Period };
  }
  const expression = readExpression(Expression ?? '');
  if (expression === undefined)
    throw new AwsFailure(
      'ValidationError',
      `Local AWS does not understand the expression ${Expression ?? ''}.`,
    );
  return { kind: 'expression', id: Id, expression };
};

const listDashboards: View =
  ({ cloudwatch }) =>
  (raw) => {
    const { DashboardNamePrefix: prefix } = validate(
      z.object({ DashboardNamePrefix: z.string().default('') }),
      raw,
    );
    return {
      DashboardEntries: cloudwatch
        .dashboards()
        .filter(({ name }) => name.startsWith(prefix))
        .map(({ name, body }) => ({ DashboardName: name, Size: Buffer.byteLength(body) })),
    };
  };

const getDashboard: View =
  ({ cloudwatch }) =>
  (raw) => {
    const { DashboardName } = validate(z.object({ DashboardName: z.string() }), raw);
    const found = cloudwatch.dashboards().find(({ name }) => name === DashboardName);
    if (found === undefined)
      throw new AwsFailure('ResourceNotFound', `Dashboard ${DashboardName} does not exist`, 404);
    return { DashboardName, DashboardBody: found.body };
  };

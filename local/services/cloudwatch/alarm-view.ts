import type { AlarmStanding } from '../../cloudwatch/alarm-engine.ts';
import type { MetricQuery } from '../../cloudwatch/metric-query.ts';

type ArnOf = (alarm: string) => string;

/** A metric alarm as `DescribeAlarms` shows it; undefined for a composite one. */
export const alarmView = ({ alarm, state, reason, since }: AlarmStanding, arnOf: ArnOf) => {
  if (alarm.kind !== 'metric') return undefined;
  const [query] = alarm.queries;
  const isSingle = alarm.queries.length === 1 && query?.kind === 'metric';
  return {
    ...standingView({ alarm, state, reason, since }, arnOf),
    ...(isSingle
      ? {
          ...metricView(query),
          Statistic: query.statistic,
          Period: query.periodSeconds,
        }
      : { Metrics: alarm.queries.map((each) => queryView(each, each.id === alarm.returned)) }),
    EvaluationPeriods: alarm.evaluationPeriods,
    DatapointsToAlarm: alarm.datapointsToAlarm,
    Threshold: alarm.threshold,
    ComparisonOperator: alarm.operator,
    TreatMissingData: alarm.missing,
  };
};

/** A composite alarm; undefined for one of metrics. */
export const compositeView = ({ alarm, ...standing }: AlarmStanding, arnOf: ArnOf) =>
  alarm.kind !== 'composite'
    ? undefined
    : {
        ...standingView({ alarm, ...standing }, arnOf),
        AlarmRule: alarm.anyOf.map((name) => `ALARM("${name}")`).join(' OR '),
      };

const standingView = ({ alarm, state, reason, since }: AlarmStanding, arnOf: ArnOf) => ({
  AlarmName: alarm.name,
  AlarmArn: arnOf(alarm.name),
  AlarmDescription: alarm.description,
  ActionsEnabled: true,
  AlarmActions: alarm.actions,
  StateValue: state,
  StateReason: reason,
  StateUpdatedTimestamp: since,
});

type SingleMetric = Extract<MetricQuery, { kind: 'metric' }>;

const metricView = ({ metric }: SingleMetric) => ({
  Namespace: metric.namespace,
  MetricName: metric.name,
  Dimensions: Object.entries(metric.dimensions).map(([Name, Value]) => ({ Name, Value })),
});

const queryView = (query: MetricQuery, returned: boolean) => ({
  Id: query.id,
  ...(query.kind === 'metric'
    ? { MetricStat: { Metric: metricView(query), Period: query.periodSeconds, Stat: query.statistic } }
    : {
        Expression:
          query.expression.kind === 'fill'
            ? `FILL(${query.expression.of}, ${query.expression.value})`
            : 'SUM(METRICS())',
      }),
  ReturnData: returned,
});

import { durationText } from '../functions/config/duration.ts';
import type { AlarmsPlan, Plan } from '../functions/config/plan.ts';
import { logicalPart } from './schedules.ts';

type Json = { readonly [key: string]: unknown };

/** What alarms are named after and lead to. */
export type AlarmContext = {
  /** What the names of everything begin with: service and stage. */
  readonly name: string;
  /** Address of docs/runbook.md, to which `#alarm-…` is added. */
  readonly runbook: string;
};

/** The functions that work by themselves; what a person invokes answers the person. */
const watchedFunctions = ['dispatch', 'check', 'drain'] as const;

/**
 * The alarms of all plans and of the functions behind them. Only the composite ones page, so that a night that fails, and
 * then breaks the objective, pages once. What each means and what to do stands in docs/runbook.md, what they cost in docs/deploy.md.
 */
export const alarmResources = (context: AlarmContext, plans: readonly Plan[]): Json => {
  const watched = plans.filter(({ alarms }) => alarms !== undefined);
  const topics = [...new Set(watched.flatMap(({ alarms }) => alarms?.topic ?? []))];
  return {
    ...Object.fromEntries(watched.flatMap((plan) => planAlarms(context, plan))),
    ...(watched.length === 0 ? {} : functionAlarms(context, topics)),
  };
};

/** Names of the alarms of a plan, the one that pages last. */
export const alarmNamesOf = (name: string, plan: Plan): readonly string[] =>
  plan.alarms === undefined
    ? []
    : [...kindsOf(plan).map((kind) => alarmName(name, plan, kind)), pageName(name, plan)];

/** Names of the alarms of the functions, the one that pages last. */
export const functionAlarmNames = (name: string): readonly string[] => [
  `${name}-function-errors`,
  `${name}-dead-letters`,
  `${name}-functions`,
];

type Kind = 'not-protected' | 'no-good-run' | 'share-nearly-full' | 'nobody-told';

/** The slash keeps the alarms of a plan apart from those of a plan or a function that is called alike. */
const pageName = (name: string, plan: Plan): string => `${name}/${plan.name}`;

const alarmName = (name: string, plan: Plan, kind: Kind): string => `${pageName(name, plan)}/${kind}`;

const kindsOf = (plan: Plan): readonly Kind[] => [
  'not-protected',
  ...(deadMansSwitch(plan) === undefined ? [] : (['no-good-run'] as const)),
  'share-nearly-full',
  'nobody-told',
];

const planAlarms = (context: AlarmContext, plan: Plan): readonly (readonly [string, Json])[] => {
  const id = logicalPart(plan.name);
  const alarms = kindsOf(plan).map(
    (kind) =>
      [
        `Alarm${id}${camel(kind)}`,
        {
          Type: 'AWS::CloudWatch::Alarm',
          Properties: {
            AlarmName: alarmName(context.name, plan, kind),
            AlarmDescription: described(context, kind, whatItMeans(plan, kind)),
            ...conditionOf(context, plan, kind),
          },
        },
      ] as const,
  );
  const page = {
    Type: 'AWS::CloudWatch::CompositeAlarm',
    DependsOn: alarms.map(([logicalId]) => logicalId),
    Properties: {
      AlarmName: pageName(context.name, plan),
      AlarmDescription: `**Plan ${plan.name} needs somebody.** One of its alarms is on; which one, and what to do: ${context.runbook}#alarms`,
      AlarmRule: anyOf(kindsOf(plan).map((kind) => alarmName(context.name, plan, kind))),
      ...actionsOf(plan.alarms?.topic === undefined ? [] : [plan.alarms.topic]),
    },
  };
  return [...alarms, [`Alarm${id}`, page]];
};

const whatItMeans = (plan: Plan, kind: Kind): string => {
  switch (kind) {
    case 'not-protected':
      return `**Not every instance of ${plan.name} is protected**, since the last run or an earlier one. It ends with the first run after which everybody is. Slack and JIRA say who and why.`;
    case 'no-good-run':
      return `**${plan.name} has had no good run for ${durationText(plan.objectiveMinutes)}**, its recovery point objective: runs failed, or none began. Data written since is at risk. It is on, too, until the first good run after a deployment.`;
    case 'share-nearly-full':
      return `**The share of ${plan.name} has less than ${percentOf(plan.alarms)} free, or is full within ${plan.alarms?.shareDays ?? 0} days** at the pace of the last nights. A full share fails every backup.`;
    case 'nobody-told':
      return `**What happens to ${plan.name} does not get through**: three attempts to tell Slack or JIRA failed within an hour. It is tried again; until then nobody hears of failures there.`;
  }
};

const percentOf = (alarms: AlarmsPlan | undefined): string =>
  `${Math.round((alarms?.shareFree ?? 0) * 100)} %`;

const conditionOf = (context: AlarmContext, plan: Plan, kind: Kind): Json => {
  switch (kind) {
    case 'not-protected':
      return untilItSaysOtherwise(metricOf(context, plan, 'NotProtected'));
    case 'share-nearly-full':
      return untilItSaysOtherwise(metricOf(context, plan, 'ShareNearlyFull'));
    case 'no-good-run':
      return noGoodRun(context, plan);
    case 'nobody-told':
      return {
        ...metricOf(context, plan, 'EscalationFailed'),
        ...threshold('GreaterThanOrEqualToThreshold', 3),
        Statistic: 'Sum',
        Period: 3_600,
        EvaluationPeriods: 1,
        TreatMissingData: 'notBreaching',
      };
  }
};

const metricOf = ({ name }: AlarmContext, plan: Plan, MetricName: string): Json => ({
  Namespace: 'Lifeboat',
  MetricName,
  Dimensions: [
    { Name: 'service', Value: name },
    { Name: 'plan', Value: plan.name },
  ],
});

const threshold = (ComparisonOperator: string, Threshold: number): Json => ({
  ComparisonOperator,
  Threshold,
});

/** A figure that comes with each run and holds until the next one: `ignore` keeps the state where there is no value. */
const untilItSaysOtherwise = (metric: Json): Json => ({
  ...metric,
  ...threshold('GreaterThanOrEqualToThreshold', 1),
  Statistic: 'Maximum',
  Period: 60,
  EvaluationPeriods: 1,
  TreatMissingData: 'ignore',
});

/**
 * The dead man's switch: on when none of the last periods has a good run. `FILL` and not missing data alone: where values
 * are missing CloudWatch looks further back than it was told to and would find the last good run for hours more
 * ("Configuring how CloudWatch alarms treat missing data").
 */
const noGoodRun = (context: AlarmContext, plan: Plan): Json => {
  const { Period, EvaluationPeriods } = deadMansSwitch(plan) ?? { Period: 3_600, EvaluationPeriods: 1 };
  const metric = metricOf(context, plan, 'RunGood');
  return {
    Metrics: [
      { Id: 'good', Expression: 'FILL(runs, 0)', Label: 'Good runs', ReturnData: true },
      { Id: 'runs', MetricStat: { Metric: metric, Period, Stat: 'Maximum' }, ReturnData: false },
    ],
    ...threshold('LessThanThreshold', 1),
    EvaluationPeriods,
    DatapointsToAlarm: EvaluationPeriods,
    TreatMissingData: 'breaching',
  };
};

/** Longest that a metric alarm looks back, with periods of an hour or more (PutMetricAlarm, `Period`). */
const longestLookSeconds = 7 * 86_400;
/** Periods shorter than an hour: a day at most. */
const fineUpToMinutes = 12 * 60;

/** None for a plan that never runs by itself, and none for an objective that CloudWatch cannot look back upon. */
const deadMansSwitch = (
  plan: Plan,
): { readonly Period: number; readonly EvaluationPeriods: number } | undefined => {
  const Period = plan.objectiveMinutes <= fineUpToMinutes ? 300 : 3_600;
  const EvaluationPeriods = Math.ceil((plan.objectiveMinutes * 60) / Period);
  return plan.schedule.enabled && Period * EvaluationPeriods <= longestLookSeconds
    ? { Period, EvaluationPeriods }
    : undefined;
};

const functionAlarms = (context: AlarmContext, topics: readonly string[]): Json => {
  const [errors = '', letters = '', page = ''] = functionAlarmNames(context.name);
  return {
    AlarmFunctionErrors: {
      Type: 'AWS::CloudWatch::Alarm',
      Properties: {
        AlarmName: errors,
        AlarmDescription: described(
          context,
          'function-errors',
          `**Lifeboat's functions (${watchedFunctions.join(', ')}) failed three times within an hour.** Once or twice is tried again and mends itself.`,
        ),
        Metrics: [
          { Id: 'errors', Expression: 'SUM(METRICS())', Label: 'Errors', ReturnData: true },
          ...watchedFunctions.map((part) => ({
            Id: part,
            MetricStat: {
              Metric: {
                Namespace: 'AWS/Lambda',
                MetricName: 'Errors',
                Dimensions: [{ Name: 'FunctionName', Value: `${context.name}-${part}` }],
              },
              Period: 3_600,
              Stat: 'Sum',
            },
            ReturnData: false,
          })),
        ],
        ...threshold('GreaterThanOrEqualToThreshold', 3),
        EvaluationPeriods: 1,
        TreatMissingData: 'notBreaching',
      },
    },
    AlarmDeadLetters: {
      Type: 'AWS::CloudWatch::Alarm',
      Properties: {
        AlarmName: letters,
        AlarmDescription: described(
          context,
          'dead-letters',
          '**An event was given up**: a run may not have begun, or may not have been checked. The alarm is on until the queue is empty.',
        ),
        Namespace: 'AWS/SQS',
        MetricName: 'ApproximateNumberOfMessagesVisible',
        Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': ['DeadLetters', 'QueueName'] } }],
        ...threshold('GreaterThanOrEqualToThreshold', 1),
        Statistic: 'Maximum',
        Period: 300,
        EvaluationPeriods: 1,
        // A queue that nobody touches for six hours has no metric any more, and the letter still lies in it.
        TreatMissingData: 'ignore',
      },
    },
    AlarmFunctions: {
      Type: 'AWS::CloudWatch::CompositeAlarm',
      DependsOn: ['AlarmFunctionErrors', 'AlarmDeadLetters'],
      Properties: {
        AlarmName: page,
        AlarmDescription: `**Lifeboat itself is in trouble**: its functions fail, or gave up an event. What to do: ${context.runbook}#alarms`,
        AlarmRule: anyOf([errors, letters]),
        ...actionsOf(topics),
      },
    },
  };
};

const described = ({ runbook }: AlarmContext, kind: string, meaning: string): string =>
  `${meaning} What to do: ${runbook}#alarm-${kind}`;

const anyOf = (names: readonly string[]): string => names.map((name) => `ALARM("${name}")`).join(' OR ');

const actionsOf = (topics: readonly string[]): Json =>
  topics.length === 0 ? {} : { AlarmActions: topics, OKActions: topics };

/** `no-good-run` as `NoGoodRun`. */
const camel = (words: string): string =>
  words.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());

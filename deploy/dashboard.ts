import { durationText } from '../functions/config/duration.ts';
import type { Plan } from '../functions/config/plan.ts';
import { type AlarmContext, alarmNamesOf, functionAlarmNames } from './alarms.ts';
import { logicalPart } from './schedules.ts';

type Json = { readonly [key: string]: unknown };

/** A dashboard for each plan that wants one. */
export const dashboardResources = (context: AlarmContext, plans: readonly Plan[]): Json =>
  Object.fromEntries(
    plans
      .filter(({ dashboard }) => dashboard)
      .map((plan) => [
        `Dashboard${logicalPart(plan.name)}`,
        {
          Type: 'AWS::CloudWatch::Dashboard',
          Properties: {
            DashboardName: dashboardName(context.name, plan.name),
            DashboardBody: { 'Fn::Sub': JSON.stringify(bodyOf(context, plan)) },
          },
        },
      ]),
  );

export const dashboardOutputs = (context: AlarmContext, plans: readonly Plan[]): Json =>
  Object.fromEntries(
    plans
      .filter(({ dashboard }) => dashboard)
      .map((plan) => [
        `Dashboard${logicalPart(plan.name)}`,
        {
          Description: `How ${plan.name} stands: alarms, nights, instances`,
          Value: {
            'Fn::Sub': `https://\${AWS::Region}.console.aws.amazon.com/cloudwatch/home?region=\${AWS::Region}#dashboards/dashboard/${dashboardName(context.name, plan.name)}`,
          },
        },
      ]),
  );

/** Also what messages link to. */
export const dashboardName = (name: string, plan: string): string => `${name}-${plan}`;

/** Columns of a dashboard, and how long it looks back when it is opened. */
const columns = 24;
const shownAtFirst = '-P30D';

const bodyOf = (context: AlarmContext, plan: Plan): Json => ({
  start: shownAtFirst,
  widgets: stacked([
    [{ height: 4, ...heading(context, plan) }],
    ...(plan.alarms === undefined ? [] : [[{ height: 3, ...alarmWidget(context, plan) }]]),
    [{ height: 16, ...drilldownWidget(context, plan) }],
    graphs(context, plan).slice(0, 3),
    graphs(context, plan).slice(3),
  ]),
});

type Widget = { readonly height: number; readonly type: string; readonly properties: Json };

/** Rows of widgets, each as wide as the others of its row. */
const stacked = (rows: readonly (readonly Widget[])[]): readonly Json[] => {
  let y = 0;
  return rows.flatMap((row) => {
    const width = columns / row.length;
    const placed = row.map(({ height, type, properties }, index) => ({
      ...{ type, x: index * width, y, width, height, properties },
    }));
    y += Math.max(...row.map(({ height }) => height));
    return placed;
  });
};

const heading = ({ runbook }: AlarmContext, plan: Plan): Omit<Widget, 'height'> => ({
  type: 'text',
  properties: {
    markdown: [
      `# ${plan.name}`,
      `Saves \`${plan.source.path}\` of ${fleetOf(plan)} to \`${plan.share.path}\`, ` +
        `\`${plan.schedule.cron}\` ${plan.schedule.timezone}${plan.schedule.enabled ? '' : ' (switched off)'}. ` +
        `No recovery point may get older than **${durationText(plan.objectiveMinutes)}**. ` +
        `What to do when: ${/^https:/.test(runbook) ? `[runbook](${runbook})` : `\`${runbook}\``}.`,
    ].join('\n'),
  },
});

const fleetOf = ({ fleet }: Plan): string =>
  fleet.kind === 'groups'
    ? `the Auto Scaling ${fleet.groups.length === 1 ? 'group' : 'groups'} ${fleet.groups.map((name) => `\`${name}\``).join(', ')}`
    : `instances with ${Object.entries(fleet.tags)
        .map(([tag, values]) => `\`${tag}=${values.join('|')}\``)
        .join(', ')}`;

const alarmWidget = ({ name }: AlarmContext, plan: Plan): Omit<Widget, 'height'> => ({
  type: 'alarm',
  properties: {
    title: 'Alarms',
    alarms: [...alarmNamesOf(name, plan), ...functionAlarmNames(name)].map(
      (alarm) => `arn:\${AWS::Partition}:cloudwatch:\${AWS::Region}:\${AWS::AccountId}:alarm:${alarm}`,
    ),
  },
});

/** Nights, instances and buttons: functions/drilldown.ts. CloudWatch asks each reader once whether it may run. */
const drilldownWidget = ({ name }: AlarmContext, plan: Plan): Omit<Widget, 'height'> => ({
  type: 'custom',
  properties: {
    title: 'Nights and instances',
    endpoint: `arn:\${AWS::Partition}:lambda:\${AWS::Region}:\${AWS::AccountId}:function:${name}-drilldown`,
    params: { plan: plan.name },
    updateOn: { refresh: true, resize: false, timeRange: false },
  },
});

const day = 86_400;

const graphs = (context: AlarmContext, plan: Plan): readonly Widget[] => [
  graph(context, plan, 'Instances by outcome', { stacked: true }, [
    ['InstancesProtected', 'protected', '#2ca02c'],
    ['InstancesWithWarnings', 'with warnings', '#bcbd22'],
    ['InstancesFailed', 'failed', '#d62728'],
    ['InstancesTimedOut', 'timed out', '#ff7f0e'],
    ['InstancesUnreachable', 'unreachable', '#9467bd'],
    ['InstancesGone', 'gone', '#7f7f7f'],
  ]),
  graph(
    context,
    plan,
    'Oldest newest recovery point, seconds',
    {
      annotations: {
        horizontal: [{ label: 'objective', value: plan.objectiveMinutes * 60, color: '#d62728' }],
      },
    },
    [['RecoveryPointAge', 'age', '#1f77b4']],
  ),
  graph(context, plan, 'Not protected, not told', {}, [
    ['NotProtected', 'instances not protected', '#d62728'],
    ['EscalationFailed', 'attempts to tell that failed', '#ff7f0e'],
  ]),
  graph(context, plan, 'Bytes', {}, [
    ['Bytes', 'in the recovery points', '#1f77b4'],
    ['CopiedBytes', 'copied', '#17becf'],
  ]),
  graph(context, plan, 'Files; seconds of a run', { yAxis: { right: { showUnits: false } } }, [
    ['Files', 'files', '#1f77b4'],
    ['RunSeconds', 'seconds', '#9467bd', 'right'],
  ]),
  graph(context, plan, 'Share: free, and days until full', { yAxis: { right: { showUnits: false } } }, [
    ['ShareFree', 'free', '#2ca02c'],
    ['ShareDaysUntilFull', 'days until full', '#ff7f0e', 'right'],
  ]),
];

type Line = readonly [metric: string, label: string, color: string, yAxis?: 'right'];

/** One value a day: nights are what is looked at, and CloudWatch joins no dots over an hour without value. */
const graph = (
  { name }: AlarmContext,
  plan: Plan,
  title: string,
  more: Json,
  lines: readonly Line[],
): Widget => ({
  type: 'metric',
  height: 6,
  properties: {
    title,
    region: '${AWS::Region}',
    view: 'timeSeries',
    stacked: false,
    stat: 'Maximum',
    period: day,
    ...more,
    metrics: lines.map(([metric, label, color, yAxis]) => [
      ...['Lifeboat', metric, 'service', name, 'plan', plan.name],
      { label, color, ...(yAxis === undefined ? {} : { yAxis }) },
    ]),
  },
});

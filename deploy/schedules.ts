import type { Plan } from '../functions/config/plan.ts';
import { loadPlans, planFile } from './plans.ts';

/** What osls hands to a function of deploy/template.js, as far as it is used here. */
export type OslsVariables = {
  readonly resolveConfigurationProperty: (path: readonly string[]) => Promise<unknown>;
  readonly resolveVariable: (variable: string) => Promise<unknown>;
};

/** A schedule for each plan, as CloudFormation resources. Throws PlanMistakes where the plan file has any. */
export const schedules = async ({ resolveConfigurationProperty, resolveVariable }: OslsVariables) => {
  const service = String(await resolveConfigurationProperty(['service']));
  const stage = String(await resolveVariable('sls:stage'));
  return { Resources: scheduleResources(`${service}-${stage}`, loadPlans(planFile())) };
};

/** `prefix` comes before each schedule's name: service and stage. */
export const scheduleResources = (prefix: string, plans: readonly Plan[]) =>
  Object.fromEntries(plans.map((plan) => [logicalId(plan), schedule(prefix, plan)]));

/** Logical ids are letters and digits; a plan's name has no capitals, so X for a hyphen keeps two names apart. */
export const logicalPart = (plan: string): string => `Of${plan.replaceAll('-', 'X')}`;

const logicalId = ({ name }: Plan): string => `Schedule${logicalPart(name)}`;

const schedule = (prefix: string, plan: Plan) => ({
  Type: 'AWS::Scheduler::Schedule',
  Properties: {
    Name: scheduleName(prefix, plan),
    Description: `Begins the backup of the plan ${plan.name}`,
    GroupName: { Ref: 'ScheduleGroup' },
    ScheduleExpression: `cron(${plan.schedule.cron})`,
    ScheduleExpressionTimezone: plan.schedule.timezone,
    FlexibleTimeWindow:
      plan.schedule.windowMinutes === 0
        ? { Mode: 'OFF' }
        : { Mode: 'FLEXIBLE', MaximumWindowInMinutes: plan.schedule.windowMinutes },
    State: plan.schedule.enabled ? 'ENABLED' : 'DISABLED',
    Target: {
      Arn: { 'Fn::GetAtt': ['DispatchLambdaFunction', 'Arn'] },
      RoleArn: { 'Fn::GetAtt': ['SchedulerRole', 'Arn'] },
      // The scheduled time, which the Scheduler fills in, names the run: a second delivery finds the first.
      Input: JSON.stringify({
        plan: plan.name,
        operation: 'backup',
        scheduledTime: '<aws.scheduler.scheduled-time>',
      }),
      RetryPolicy: { MaximumEventAgeInSeconds: 3_600, MaximumRetryAttempts: 10 },
      DeadLetterConfig: { Arn: { 'Fn::GetAtt': ['DeadLetters', 'Arn'] } },
    },
  },
});

/** At most 64 characters (CreateSchedule, `Name`). */
const scheduleName = (prefix: string, { name }: Plan): string => {
  const full = `${prefix}-${name}`;
  if (full.length <= 64) return full;
  throw new Error(
    `The schedule ${full} of the plan ${name} would have ${full.length} characters; EventBridge takes 64. ` +
      'Take a shorter name for the plan or the stage.',
  );
};

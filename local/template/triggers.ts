import { z } from 'zod';
import type { EventRule, RuleTarget, Schedule } from '../contract.ts';
import { deadLetterConfig, propertiesOf, retryPolicy, text, wholeNumber } from './properties.ts';
import type { Resource } from './template.ts';

const jsonText = z.union([
  z.string(),
  z.record(z.string(), z.unknown()).transform((value) => JSON.stringify(value)),
]);
const notPlayed = (what: string) => z.undefined(`${what} is not played on a laptop.`).optional();

const scheduleSchema = z.object({
  GroupName: text.default('default'),
  ScheduleExpression: text,
  ScheduleExpressionTimezone: text.default('UTC'),
  State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
  FlexibleTimeWindow: z.object({
    Mode: z.enum(['OFF', 'FLEXIBLE']),
    MaximumWindowInMinutes: wholeNumber.default(0),
  }),
  ActionAfterCompletion: z.enum(['NONE', 'DELETE']).default('NONE'),
  StartDate: notPlayed('a start date'),
  EndDate: notPlayed('an end date'),
  Target: z.object({
    Arn: text,
    RoleArn: text,
    Input: jsonText.default(''),
    DeadLetterConfig: deadLetterConfig.default({}),
    RetryPolicy: retryPolicy.default({}),
  }),
});

/** `AWS::Scheduler::Schedule`, with AWS's defaults. */
export const readSchedule = (resource: Resource, createdAt: Date): Schedule => {
  const properties = propertiesOf(resource, scheduleSchema);
  const { Target: target, FlexibleTimeWindow: window } = properties;
  return {
    group: properties.GroupName,
    name: resource.name,
    expression: properties.ScheduleExpression,
    timezone: properties.ScheduleExpressionTimezone,
    state: properties.State,
    flexibleWindowMinutes: window.Mode === 'OFF' ? 0 : window.MaximumWindowInMinutes,
    targetArn: target.Arn,
    roleArn: target.RoleArn,
    input: target.Input,
    retryAttempts: target.RetryPolicy.MaximumRetryAttempts ?? 185,
    ...(target.RetryPolicy.MaximumEventAgeInSeconds === undefined
      ? {}
      : { maximumEventAgeSeconds: target.RetryPolicy.MaximumEventAgeInSeconds }),
    ...(target.DeadLetterConfig.Arn === undefined ? {} : { deadLetterArn: target.DeadLetterConfig.Arn }),
    deleteAfterCompletion: properties.ActionAfterCompletion === 'DELETE',
    createdAt,
  };
};

const targetSchema = z.object({
  Arn: text,
  Input: text.optional(),
  InputPath: text.optional(),
  InputTransformer: z
    .object({ InputPathsMap: z.record(z.string(), text).default({}), InputTemplate: text })
    .optional(),
  DeadLetterConfig: deadLetterConfig.default({}),
  RetryPolicy: retryPolicy.default({}),
});

const ruleSchema = z.object({
  EventBusName: text.default('default'),
  State: text.default('ENABLED'),
  ScheduleExpression: z
    .undefined('a rule with a schedule is not played on a laptop; use AWS::Scheduler::Schedule.')
    .optional(),
  EventPattern: z.record(z.string(), z.unknown()),
  Targets: z.array(targetSchema).default([]),
});

/** `AWS::Events::Rule`; undefined where it is disabled or listens to another bus than the default one. */
export const readRule = (resource: Resource): EventRule | undefined => {
  const { EventBusName, State, EventPattern, Targets } = propertiesOf(resource, ruleSchema);
  if (State === 'DISABLED' || EventBusName !== 'default') return undefined;
  return { name: resource.name, pattern: EventPattern, targets: Targets.map(readTarget) };
};

const readTarget = (target: z.infer<typeof targetSchema>): RuleTarget => ({
  arn: target.Arn,
  ...(target.Input === undefined ? {} : { input: target.Input }),
  ...(target.InputPath === undefined ? {} : { inputPath: target.InputPath }),
  ...(target.InputTransformer === undefined
    ? {}
    : {
        inputTransformer: {
          paths: target.InputTransformer.InputPathsMap,
          template: target.InputTransformer.InputTemplate,
        },
      }),
  ...(target.DeadLetterConfig.Arn === undefined ? {} : { deadLetterArn: target.DeadLetterConfig.Arn }),
  ...(target.RetryPolicy.MaximumRetryAttempts === undefined
    ? {}
    : { retryAttempts: target.RetryPolicy.MaximumRetryAttempts }),
  ...(target.RetryPolicy.MaximumEventAgeInSeconds === undefined
    ? {}
    : { maximumEventAgeSeconds: target.RetryPolicy.MaximumEventAgeInSeconds }),
});

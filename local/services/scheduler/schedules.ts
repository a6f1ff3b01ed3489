import { z } from 'zod';
import type { LocalClock, Schedule, SchedulerEngine } from '../../contract.ts';
import { AwsFailure } from '../../protocol/failure.ts';
import { page } from '../../protocol/pages.ts';
import type { Route } from '../../protocol/rest-json.ts';
import { validate } from '../../protocol/validation.ts';
import { type GroupRegistry, missingGroup, refuseToken } from './schedule-groups.ts';
import {
  groupNameSchema,
  type ScheduleInput,
  scheduleNameSchema,
  scheduleSchema,
} from './schedule-schema.ts';

type Options = {
  readonly engine: SchedulerEngine;
  readonly groups: GroupRegistry;
  readonly clock: Pick<LocalClock, 'now'>;
  readonly account: string;
  readonly region: string;
};

/** CreateSchedule, GetSchedule, UpdateSchedule, DeleteSchedule, ListSchedules. */
export const scheduleRoutes = (options: Options): readonly Route[] => {
  const route = (operation: string, method: Route['method'], path: string, run: Route['run']): Route => ({
    operation,
    method,
    path,
    body: 'structure',
    run,
  });
  return [
    route('CreateSchedule', 'POST', '/schedules/{Name}', (input) =>
      createSchedule(options, validate(scheduleSchema, input)),
    ),
    route('UpdateSchedule', 'PUT', '/schedules/{Name}', (input) =>
      updateSchedule(options, validate(scheduleSchema, input)),
    ),
    route('GetSchedule', 'GET', '/schedules/{Name}', (input) => {
      const { groupName, Name } = validate(nameSchema, input);
      return view(options, find(options, groupName, Name));
    }),
    route('DeleteSchedule', 'DELETE', '/schedules/{Name}', (input) => {
      const { groupName, Name } = validate(nameSchema, input);
      const { group, name } = find(options, groupName, Name);
      options.engine.remove(group, name);
      return {};
    }),
    route('ListSchedules', 'GET', '/schedules', (input) => listSchedules(options, input)),
  ];
};

const nameSchema = z.object({ Name: scheduleNameSchema, groupName: groupNameSchema.default('default') });

/** A second call with the same ClientToken and the same schedule succeeds; any other for the same name conflicts. */
const createSchedule = (options: Options, input: ScheduleInput) => {
  const { engine, groups, clock } = options;
  if (!groups.has(input.GroupName)) missingGroup(input.GroupName);
  const schedule = scheduleOf(input, clock.now());
  const before = engine.get(schedule.group, schedule.name);
  if (before !== undefined) {
    const again = before.clientToken !== undefined && before.clientToken === schedule.clientToken;
    if (again && sameSchedule(before, schedule)) return { ScheduleArn: arnOf(options, before) };
    throw new AwsFailure('ConflictException', `Schedule ${schedule.name} already exists.`, 409);
  }
  arm(engine, schedule);
  return { ScheduleArn: arnOf(options, schedule) };
};

const updateSchedule = (options: Options, input: ScheduleInput) => {
  const before = find(options, input.GroupName, input.Name);
  const schedule = scheduleOf(input, before.createdAt);
  arm(options.engine, schedule);
  return { ScheduleArn: arnOf(options, schedule) };
};

/** The engine knows which expressions there are; what it refuses is told in AWS's words. */
const arm = (engine: SchedulerEngine, schedule: Schedule): void => {
  try {
    engine.put(schedule);
  } catch (error) {
    const why = error instanceof Error ? ` ${error.message}` : '';
    throw new AwsFailure('ValidationException', `Invalid Schedule Expression ${schedule.expression}.${why}`);
  }
};

const scheduleOf = (input: ScheduleInput, createdAt: Date): Schedule => ({
  group: input.GroupName,
  name: input.Name,
  expression: input.ScheduleExpression,
  timezone: input.ScheduleExpressionTimezone,
  state: input.State,
  flexibleWindowMinutes: input.FlexibleTimeWindow.MaximumWindowInMinutes ?? 0,
  targetArn: input.Target.Arn,
  roleArn: input.Target.RoleArn,
  input: input.Target.Input ?? '{}',
  retryAttempts: input.Target.RetryPolicy?.MaximumRetryAttempts ?? 185,
  deleteAfterCompletion: input.ActionAfterCompletion === 'DELETE',
  ...(input.Target.DeadLetterConfig?.Arn === undefined
    ? {}
    : { deadLetterArn: input.Target.DeadLetterConfig.Arn }),
  ...(input.ClientToken === undefined ? {} : { clientToken: input.ClientToken }),
  createdAt,
});

const sameSchedule = (a: Schedule, b: Schedule): boolean => {
  const text = ({ createdAt: _createdAt, ...rest }: Schedule) =>
    JSON.stringify(Object.entries(rest).toSorted(([one], [other]) => (one < other ? -1 : 1)));
  return text(a) === text(b);
};

const find = ({ engine, groups }: Options, group: string, name: string): Schedule => {
  if (!groups.has(group)) missingGroup(group);
  const found = engine.get(group, name);
  if (found !== undefined) return found;
  throw new AwsFailure('ResourceNotFoundException', `Schedule ${name} does not exist.`, 404);
};

const arnOf = ({ account, region }: Options, { group, name }: Schedule): string =>
  `arn:aws:scheduler:${region}:${account}:schedule/${group}/${name}`;

const view = (options: Options, schedule: Schedule) => ({
  ActionAfterCompletion: schedule.deleteAfterCompletion ? 'DELETE' : 'NONE',
  Arn: arnOf(options, schedule),
  CreationDate: schedule.createdAt,
  FlexibleTimeWindow:
    schedule.flexibleWindowMinutes > 0
      ? { Mode: 'FLEXIBLE', MaximumWindowInMinutes: schedule.flexibleWindowMinutes }
      : { Mode: 'OFF' },
  GroupName: schedule.group,
  LastModificationDate: schedule.createdAt,
  Name: schedule.name,
  ScheduleExpression: schedule.expression,
  ScheduleExpressionTimezone: schedule.timezone,
  State: schedule.state,
  Target: {
    Arn: schedule.targetArn,
    RoleArn: schedule.roleArn,
    Input: schedule.input,
    RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: schedule.retryAttempts },
    ...(schedule.deadLetterArn === undefined ? {} : { DeadLetterConfig: { Arn: schedule.deadLetterArn } }),
  },
});

const listSchema = z.object({
  ScheduleGroup: groupNameSchema.optional(),
  NamePrefix: scheduleNameSchema.optional(),
  State: z.enum(['ENABLED', 'DISABLED']).optional(),
  MaxResults: z.coerce.number().int().min(1).max(100).default(100),
  NextToken: z.string().min(1).max(2048).optional(),
});

const listSchedules = (options: Options, input: unknown) => {
  const { MaxResults: size, NextToken: token, ...question } = validate(listSchema, input);
  const { ScheduleGroup, NamePrefix = '', State } = question;
  const chosen = options.engine
    .list()
    .filter(({ group }) => ScheduleGroup === undefined || group === ScheduleGroup)
    .filter(({ name, state }) => name.startsWith(NamePrefix) && (State === undefined || state === State))
    .toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const { items, nextToken } = page(chosen, nameOf, { size, token, question }, refuseToken);
  return {
    Schedules: items.map((schedule) => {
      const {
        Arn,
        CreationDate,
        GroupName,
        LastModificationDate,
        Name,
        State: state,
        Target,
      } = view(options, schedule);
      return {
        Arn,
        CreationDate,
        GroupName,
        LastModificationDate,
        Name,
        State: state,
        Target: { Arn: Target.Arn },
      };
    }),
    NextToken: nextToken,
  };
};

const nameOf = ({ group, name }: Schedule): string => `${group}/${name}`;

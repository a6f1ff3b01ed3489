import {
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  CreateScheduleGroupCommand,
  DeleteScheduleCommand,
  DeleteScheduleGroupCommand,
  GetScheduleCommand,
  GetScheduleGroupCommand,
  ListScheduleGroupsCommand,
  ListSchedulesCommand,
  type ListSchedulesCommandInput,
  SchedulerClient,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { failureOf, startWorld, type World } from '../world.ts';

let world: World;
let scheduler: SchedulerClient;
beforeEach(async () => {
  world = await startWorld();
  scheduler = new SchedulerClient(world.client());
});
afterEach(async () => {
  scheduler.destroy();
  await world.stop();
});

const wanted: CreateScheduleCommandInput = {
  Name: 'deadline-1',
  ScheduleExpression: 'at(2026-11-24T04:00:00)',
  FlexibleTimeWindow: { Mode: 'OFF' },
  ActionAfterCompletion: 'DELETE',
  ClientToken: 'token-1',
  Target: {
    Arn: 'arn:aws:lambda:ap-southeast-1:000000000000:function:lifeboat-prod-check',
    RoleArn: 'arn:aws:iam::000000000000:role/scheduler',
    Input: '{"run":"acme"}',
    RetryPolicy: { MaximumRetryAttempts: 3 },
  },
};
const create = (changes: Partial<CreateScheduleCommandInput> = {}) =>
  scheduler.send(new CreateScheduleCommand({ ...wanted, ...changes }));
const get = (Name = 'deadline-1', GroupName?: string) =>
  scheduler.send(new GetScheduleCommand({ Name, GroupName }));

describe('CreateSchedule', () => {
  test('arms a schedule that reads back as it was written', async () => {
    const { ScheduleArn } = await create();
    expect(ScheduleArn).toBe('arn:aws:scheduler:ap-southeast-1:000000000000:schedule/default/deadline-1');
    const { ClientToken: _token, ...rest } = wanted;
    expect(await get()).toMatchObject({
      ...rest,
      Target: { ...rest.Target, RetryPolicy: { MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: 86_400 } },
      Arn: ScheduleArn,
      State: 'ENABLED',
      ScheduleExpressionTimezone: 'UTC',
      CreationDate: expect.any(Date),
    });
  });

  test('sent again with its token succeeds, with another one or another content it conflicts', async () => {
    await create();
    expect((await create()).ScheduleArn).toContain('deadline-1');
    for (const changes of [{ ClientToken: 'token-2' }, { ScheduleExpression: 'at(2026-11-25T04:00:00)' }]) {
      const failure = await failureOf(create(changes));
      expect([failure.name, failure.$metadata?.httpStatusCode]).toEqual(['ConflictException', 409]);
    }
    expect((await get()).ScheduleExpression).toBe('at(2026-11-24T04:00:00)');
  });

  test('refuses what AWS refuses', async () => {
    const bad: readonly Partial<CreateScheduleCommandInput>[] = [
      { ScheduleExpression: 'tomorrow' },
      { ScheduleExpressionTimezone: 'Mars/Olympus' },
      { Name: 'a/b' },
      { Name: 'n'.repeat(65) },
      { FlexibleTimeWindow: { Mode: 'FLEXIBLE' } },
      { FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 1441 } },
      { Target: { Arn: 'x', RoleArn: 'not-a-role' } },
      { EndDate: new Date() },
    ];
    for (const changes of bad) {
      expect((await failureOf(create(changes))).name).toBe('ValidationException');
    }
    expect((await failureOf(create({ ScheduleExpression: 'tomorrow' }))).message).toMatch(
      /^Invalid Schedule Expression tomorrow\./,
    );
    expect((await failureOf(create({ GroupName: 'none' }))).name).toBe('ResourceNotFoundException');
  });
});

test('a schedule is updated and deleted; what is not there is told', async () => {
  await create();
  await scheduler.send(
    new UpdateScheduleCommand({ ...wanted, State: 'DISABLED', ScheduleExpression: 'rate(1 day)' }),
  );
  expect(await get()).toMatchObject({ State: 'DISABLED', ScheduleExpression: 'rate(1 day)' });
  await scheduler.send(new DeleteScheduleCommand({ Name: 'deadline-1' }));
  for (const call of [
    get(),
    scheduler.send(new DeleteScheduleCommand({ Name: 'deadline-1' })),
    scheduler.send(new UpdateScheduleCommand(wanted)),
  ]) {
    const failure = await failureOf(call);
    expect([failure.name, failure.$metadata?.httpStatusCode]).toEqual(['ResourceNotFoundException', 404]);
  }
});

test('lists come in pages, by group, prefix and state', async () => {
  await scheduler.send(new CreateScheduleGroupCommand({ Name: 'deadlines' }));
  for (let index = 0; index < 5; index += 1) await create({ Name: `a-${index}`, GroupName: 'deadlines' });
  await create({ Name: 'b', State: 'DISABLED' });
  const list = async (input: ListSchedulesCommandInput) => {
    const { Schedules = [], NextToken } = await scheduler.send(new ListSchedulesCommand(input));
    return { names: Schedules.map(({ Name }) => Name), NextToken };
  };
  const first = await list({ GroupName: 'deadlines', MaxResults: 3 });
  const second = await list({ GroupName: 'deadlines', MaxResults: 3, NextToken: first.NextToken });
  expect([...first.names, ...second.names]).toEqual(['a-0', 'a-1', 'a-2', 'a-3', 'a-4']);
  expect(second.NextToken).toBeUndefined();
  expect((await list({ State: 'DISABLED' })).names).toEqual(['b']);
  expect((await list({ NamePrefix: 'a-4' })).names).toEqual(['a-4']);
  expect((await failureOf(list({ NextToken: 'made-up' }))).name).toBe('ValidationException');
});

test('groups are made, found and taken away with their schedules', async () => {
  await scheduler.send(new CreateScheduleGroupCommand({ Name: 'deadlines' }));
  const again = new CreateScheduleGroupCommand({ Name: 'deadlines' });
  expect((await failureOf(scheduler.send(again))).name).toBe('ConflictException');
  expect((await scheduler.send(new GetScheduleGroupCommand({ Name: 'deadlines' }))).State).toBe('ACTIVE');
  const { ScheduleGroups } = await scheduler.send(new ListScheduleGroupsCommand({}));
  expect(ScheduleGroups?.map(({ Name }) => Name)).toEqual(['deadlines', 'default']);
  await create({ GroupName: 'deadlines' });
  await scheduler.send(new DeleteScheduleGroupCommand({ Name: 'deadlines' }));
  expect((await failureOf(get('deadline-1', 'deadlines'))).name).toBe('ResourceNotFoundException');
});

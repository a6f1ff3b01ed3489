import {
  AutoScalingClient,
  CompleteLifecycleActionCommand,
  DeleteLifecycleHookCommand,
  DescribeAutoScalingGroupsCommand,
  type DescribeAutoScalingGroupsCommandInput,
  DescribeAutoScalingInstancesCommand,
  DescribeLifecycleHooksCommand,
  PutLifecycleHookCommand,
  RecordLifecycleActionHeartbeatCommand,
  SetDesiredCapacityCommand,
  TerminateInstanceInAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { failureOf, startWorld, testInstance, type World } from '../world.ts';

let world: World;
let autoScaling: AutoScalingClient;
const hook = {
  name: 'drain',
  group: 'acme-web',
  transition: 'autoscaling:EC2_INSTANCE_TERMINATING',
  heartbeatSeconds: 600,
  defaultResult: 'CONTINUE',
} as const;
beforeEach(async () => {
  world = await startWorld({
    instances: [
      testInstance(0),
      testInstance(1),
      testInstance(2, { group: 'other' }),
      testInstance(3, { group: '' }),
    ],
    lifeCycleHooks: [hook],
  });
  autoScaling = new AutoScalingClient(world.client());
});
afterEach(async () => {
  autoScaling.destroy();
  await world.stop();
});

const groups = async (input: DescribeAutoScalingGroupsCommandInput = {}) =>
  await autoScaling.send(new DescribeAutoScalingGroupsCommand(input));

test('a group shows its members with state, health and zone', async () => {
  const { AutoScalingGroups = [] } = await groups({ AutoScalingGroupNames: ['acme-web', 'not-there'] });
  expect(AutoScalingGroups).toHaveLength(1);
  expect(AutoScalingGroups[0]).toMatchObject({
    AutoScalingGroupName: 'acme-web',
    DesiredCapacity: 2,
    CreatedTime: new Date('2026-11-01T00:00:00Z'),
    Instances: [
      {
        InstanceId: testInstance(0).id,
        LifecycleState: 'InService',
        HealthStatus: 'Healthy',
        AvailabilityZone: 'ap-southeast-1a',
      },
      { InstanceId: testInstance(1).id, LifecycleState: 'InService', HealthStatus: 'Healthy' },
    ],
  });
});

test('a terminated instance leaves its group, and the group stays', async () => {
  await world.fleet.terminate(testInstance(2).id);
  world.fleet.all.splice(2, 1);
  const { AutoScalingGroups = [] } = await groups({ AutoScalingGroupNames: ['other'] });
  expect(AutoScalingGroups.map(({ DesiredCapacity, Instances }) => [DesiredCapacity, Instances])).toEqual([
    [0, []],
  ]);
});

test('groups come in pages and by tag; wrong tokens and filters are refused', async () => {
  const first = await groups({ MaxRecords: 1 });
  const second = await groups({ MaxRecords: 1, NextToken: first.NextToken });
  const names = [...(first.AutoScalingGroups ?? []), ...(second.AutoScalingGroups ?? [])].map(
    ({ AutoScalingGroupName: name }) => name,
  );
  expect([names, second.NextToken]).toEqual([['acme-web', 'other'], undefined]);
  const tagged = await groups({ Filters: [{ Name: 'tag:Name', Values: ['web-2'] }] });
  expect(tagged.AutoScalingGroups?.map(({ AutoScalingGroupName: name }) => name)).toEqual(['other']);
  expect((await failureOf(groups({ NextToken: 'made-up' }))).name).toMatch(/^InvalidNextToken/);
  expect((await failureOf(groups({ Filters: [{ Name: 'colour', Values: ['x'] }] }))).name).toBe(
    'ValidationError',
  );
  expect((await failureOf(groups({ MaxRecords: 101 }))).name).toBe('ValidationError');
});

test('instances outside of groups are not Auto Scaling instances', async () => {
  const InstanceIds = [testInstance(0).id, testInstance(3).id];
  const { AutoScalingInstances } = await autoScaling.send(
    new DescribeAutoScalingInstancesCommand({ InstanceIds }),
  );
  expect(AutoScalingInstances?.map((one) => [one.InstanceId, one.AutoScalingGroupName])).toEqual([
    [InstanceIds[0], 'acme-web'],
  ]);
});

const terminate = (index: number) =>
  autoScaling.send(
    new TerminateInstanceInAutoScalingGroupCommand({
      InstanceId: testInstance(index).id,
      ShouldDecrementDesiredCapacity: true,
    }),
  );
const stateOf = (index: number) => world.fleet.get(testInstance(index).id)?.lifeCycleState;

test('an instance that is terminated waits in the hook, which is told as an event', async () => {
  await terminate(1);
  await terminate(1);
  expect(stateOf(1)).toBe('Terminating:Wait');
  expect(world.events).toEqual([
    {
      source: 'aws.autoscaling',
      'detail-type': 'EC2 Instance-terminate Lifecycle Action',
      resources: [expect.stringMatching(/autoScalingGroupName\/acme-web$/)],
      detail: {
        LifecycleActionToken: expect.stringMatching(/^[0-9a-f-]{36}$/),
        AutoScalingGroupName: 'acme-web',
        LifecycleHookName: 'drain',
        EC2InstanceId: testInstance(1).id,
        LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
        Origin: 'AutoScalingGroup',
        Destination: 'EC2',
      },
    },
  ]);
});

test('without a heartbeat the wait is over, and without a hook there is none', async () => {
  await terminate(1);
  await terminate(2);
  expect([stateOf(1), stateOf(2)]).toEqual(['Terminating:Wait', 'Terminated']);
  const before = world.clock.now().getTime();
  await world.clock.skipToNext();
  expect(world.clock.now().getTime() - before).toBeGreaterThanOrEqual(599_000);
  expect(stateOf(1)).toBe('Terminated');
});

test('two hooks are waited for both; one that is deleted lets go', async () => {
  const AutoScalingGroupName = 'acme-web';
  await autoScaling.send(
    new PutLifecycleHookCommand({
      AutoScalingGroupName,
      LifecycleHookName: 'other',
      LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
    }),
  );
  await terminate(0);
  const InstanceId = testInstance(0).id;
  const LifecycleActionResult = 'CONTINUE';
  await autoScaling.send(
    new CompleteLifecycleActionCommand({
      ...{ AutoScalingGroupName, InstanceId, LifecycleActionResult },
      LifecycleHookName: 'drain',
    }),
  );
  expect(stateOf(0)).toBe('Terminating:Wait');
  await autoScaling.send(
    new DeleteLifecycleHookCommand({ AutoScalingGroupName, LifecycleHookName: 'other' }),
  );
  expect(stateOf(0)).toBe('Terminated');
});

test('a smaller capacity terminates the oldest, a larger one is refused with the reason', async () => {
  const resize = (DesiredCapacity: number) =>
    autoScaling.send(new SetDesiredCapacityCommand({ AutoScalingGroupName: 'acme-web', DesiredCapacity }));
  await resize(0);
  expect([stateOf(0), stateOf(1)]).toEqual(['Terminating:Wait', 'Terminating:Wait']);
  expect((await failureOf(resize(3))).message).toMatch(/launches no instances/);
});

test('a life-cycle action is extended and completed while it is active, once', async () => {
  const action = {
    AutoScalingGroupName: 'acme-web',
    LifecycleHookName: 'drain',
    InstanceId: testInstance(1).id,
  };
  const hooks = await autoScaling.send(
    new DescribeLifecycleHooksCommand({ AutoScalingGroupName: 'acme-web' }),
  );
  expect(hooks.LifecycleHooks?.[0]).toMatchObject({
    LifecycleHookName: 'drain',
    HeartbeatTimeout: 600,
    GlobalTimeout: 60_000,
  });
  const beat = () => autoScaling.send(new RecordLifecycleActionHeartbeatCommand(action));
  expect((await failureOf(beat())).message).toContain('No active Lifecycle Action found');
  await terminate(1);
  await beat();
  const complete = () =>
    autoScaling.send(new CompleteLifecycleActionCommand({ ...action, LifecycleActionResult: 'CONTINUE' }));
  await complete();
  expect(world.fleet.get(testInstance(1).id)?.state).toBe('terminated');
  expect(await failureOf(complete())).toMatchObject({
    name: 'ValidationError',
    message: expect.stringContaining('No active Lifecycle Action found'),
  });
  const unknown = new DescribeLifecycleHooksCommand({ AutoScalingGroupName: 'none' });
  expect((await failureOf(autoScaling.send(unknown))).name).toBe('ValidationError');
});

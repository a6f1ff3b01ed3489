import {
  DescribeInstancesCommand,
  type DescribeInstancesCommandInput,
  DescribeTagsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { failureOf, startWorld, testInstance, type World } from '../world.ts';

let world: World;
let ec2: EC2Client;
beforeAll(async () => {
  world = await startWorld({
    instances: Array.from({ length: 12 }, (_, index) =>
      testInstance(index, index === 11 ? { state: 'stopped', tags: { Name: 'db.*' } } : {}),
    ),
  });
  ec2 = new EC2Client(world.client());
});
afterAll(async () => {
  ec2.destroy();
  await world.stop();
});

const describe = async (input: DescribeInstancesCommandInput) => {
  const { Reservations = [], NextToken } = await ec2.send(new DescribeInstancesCommand(input));
  return { instances: Reservations.flatMap(({ Instances = [] }) => Instances), NextToken };
};
const count = async (Name: string, ...Values: string[]) =>
  (await describe({ Filters: [{ Name, Values }] })).instances.length;

test('an instance shows state, place, address and tags', async () => {
  const { instances } = await describe({ InstanceIds: [testInstance(1).id] });
  expect(instances).toHaveLength(1);
  expect(instances[0]).toMatchObject({
    InstanceId: testInstance(1).id,
    State: { Code: 16, Name: 'running' },
    Placement: { AvailabilityZone: 'ap-southeast-1b' },
    PrivateIpAddress: '10.0.0.1',
    LaunchTime: new Date('2026-11-01T00:00:00Z'),
    Tags: expect.arrayContaining([{ Key: 'aws:autoscaling:groupName', Value: 'acme-web' }]),
  });
});

test('filters: values are alternatives, with wildcards; several have to fit together', async () => {
  expect(await count('tag:Name', 'web-1', 'web-2')).toBe(2);
  expect(await count('tag:Name', 'web-?')).toBe(10);
  expect(await count('tag:Name', 'db.\\*')).toBe(1);
  expect(await count('tag-key', 'role')).toBe(11);
  expect(await count('instance-state-name', 'stopped', 'terminated')).toBe(1);
  const Filters = [
    { Name: 'tag:role', Values: ['web'] },
    { Name: 'availability-zone', Values: ['*a'] },
  ];
  expect((await describe({ Filters })).instances).toHaveLength(4);
  expect((await failureOf(count('colour', 'red'))).name).toBe('InvalidParameterValue');
});

test('pages of at least five; not together with ids', async () => {
  const first = await describe({ MaxResults: 7 });
  const second = await describe({ MaxResults: 7, NextToken: first.NextToken });
  expect([first.instances.length, second.instances.length, second.NextToken]).toEqual([7, 5, undefined]);
  expect((await failureOf(describe({ MaxResults: 4 }))).name).toBe('InvalidParameterValue');
  const both = { InstanceIds: [testInstance(1).id], MaxResults: 5 };
  expect((await failureOf(describe(both))).name).toBe('InvalidParameterCombination');
  expect((await failureOf(describe({ NextToken: 'x', MaxResults: 5 }))).name).toBe('InvalidNextToken');
});

test('ids that do not exist are named', async () => {
  const missing = 'i-0aaaaaaaaaaaaaaaa';
  expect(await failureOf(describe({ InstanceIds: [testInstance(1).id, missing] }))).toMatchObject({
    name: 'InvalidInstanceID.NotFound',
    message: `The instance ID '${missing}' does not exist`,
  });
  expect((await failureOf(describe({ InstanceIds: ['web-1'] }))).name).toBe('InvalidInstanceID.Malformed');
});

test('a terminated instance stays visible for an hour', async () => {
  const { id } = testInstance(5);
  await world.fleet.terminate(id);
  const { instances } = await describe({ InstanceIds: [id] });
  expect(instances[0]?.State?.Name).toBe('terminated');
  world.clock.at(new Date(world.clock.now().getTime() + 3_600_000), 'an hour', () => undefined);
  await world.clock.skipToNext();
  expect((await failureOf(describe({ InstanceIds: [id] }))).name).toBe('InvalidInstanceID.NotFound');
});

test('tags are listed by resource', async () => {
  const Filters = [
    { Name: 'resource-id', Values: [testInstance(1).id] },
    { Name: 'key', Values: ['role'] },
  ];
  const { Tags } = await ec2.send(new DescribeTagsCommand({ Filters }));
  expect(Tags).toEqual([
    { ResourceId: testInstance(1).id, ResourceType: 'instance', Key: 'role', Value: 'web' },
  ]);
});

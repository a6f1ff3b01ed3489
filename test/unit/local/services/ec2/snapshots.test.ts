import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateSnapshotsCommand,
  DeleteSnapshotCommand,
  DescribeInstancesCommand,
  DescribeSnapshotsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { failureOf, startWorld, testInstance, type World } from '../world.ts';

let world: World;
let ec2: EC2Client;
let dataFolder: string;
const InstanceId = testInstance(0).id;
beforeEach(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), 'local-volume-'));
  await writeFile(join(dataFolder, 'paper.pdf'), 'as it was');
  world = await startWorld({ instances: [testInstance(0, { dataFolder })] });
  ec2 = new EC2Client(world.client());
});
afterEach(async () => {
  ec2.destroy();
  await world.stop();
  await rm(dataFolder, { recursive: true });
});

const take = async (ExcludeBootVolume: boolean) => {
  const { Snapshots = [] } = await ec2.send(
    new CreateSnapshotsCommand({
      InstanceSpecification: { InstanceId, ExcludeBootVolume },
      TagSpecifications: [{ ResourceType: 'snapshot', Tags: [{ Key: 'lifeboat:plan', Value: 'acme-web' }] }],
    }),
  );
  return Snapshots;
};
const find = async (Value: string) =>
  (
    await ec2.send(
      new DescribeSnapshotsCommand({
        OwnerIds: ['self'],
        Filters: [{ Name: 'tag:lifeboat:plan', Values: [Value] }],
      }),
    )
  ).Snapshots ?? [];

test('a snapshot holds what was on the data volume when it was taken, and is found by its tags', async () => {
  const [snapshot, ...others] = await take(true);
  expect([snapshot?.State, others]).toEqual(['pending', []]);
  await writeFile(join(dataFolder, 'paper.pdf'), 'changed since');
  const found = await find('acme-web');
  expect(found.map(({ SnapshotId, VolumeId }) => [SnapshotId, VolumeId])).toEqual([
    [snapshot?.SnapshotId, snapshot?.VolumeId],
  ]);
  expect(await find('other')).toEqual([]);
  const kept = join(world.directory, 'snapshots', snapshot?.SnapshotId ?? '', 'data/paper.pdf');
  expect(await readFile(kept, 'utf8')).toBe('as it was');
  const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [InstanceId] }));
  const { BlockDeviceMappings: devices, RootDeviceName } = Reservations?.[0]?.Instances?.[0] ?? {};
  expect(devices?.map(({ DeviceName }) => DeviceName)).toEqual([RootDeviceName, '/dev/sdf']);
  expect(devices?.[1]?.Ebs?.VolumeId).toBe(snapshot?.VolumeId);
});

test('with the root volume there are two; one can be deleted, once', async () => {
  const [one, two] = await take(false);
  const SnapshotId = one?.SnapshotId;
  await ec2.send(new DeleteSnapshotCommand({ SnapshotId }));
  expect((await find('acme-web')).map((each) => each.SnapshotId)).toEqual([two?.SnapshotId]);
  expect((await failureOf(ec2.send(new DeleteSnapshotCommand({ SnapshotId })))).name).toBe(
    'InvalidSnapshot.NotFound',
  );
});

test('an instance that has gone has nothing to take a snapshot of', async () => {
  await world.fleet.terminate(InstanceId);
  expect((await failureOf(take(true))).name).toBe('IncorrectInstanceState');
});

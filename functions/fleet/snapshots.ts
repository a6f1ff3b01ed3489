import {
  CreateSnapshotsCommand,
  DescribeInstancesCommand,
  DescribeSnapshotsCommand,
  EC2Client,
  EC2ServiceException,
} from '@aws-sdk/client-ec2';
import type { Environment } from '../config/environment.ts';
import type { SnapshotFate, Snapshots } from '../pipeline/doors.ts';
import { clientConfig } from './aws-client.ts';

/** By these tags a restore finds what a final backup could not save, and retention finds what may go. */
export const snapshotTags = (name: string, plan: string, instance: string, run: string) => ({
  'lifeboat:stack': name,
  'lifeboat:plan': plan,
  'lifeboat:instance': instance,
  'lifeboat:run': run,
});

/**
 * EBS snapshots of an instance's data volumes: all but the root volume, or the root volume where there is no other. A
 * snapshot holds what was on the volume when it was asked for, also while it is `pending`, so nobody waits for its end.
 */
export const openSnapshots = (environment: Environment, abortSignal: AbortSignal): Snapshots => {
  const options = { abortSignal };
  return {
    take: async (plan, instance, run) => {
      const client = new EC2Client(clientConfig(environment.region));
      const tags = snapshotTags(environment.name, plan, instance, run);
      try {
        const Filters = ['lifeboat:instance', 'lifeboat:run', 'lifeboat:stack'].map((key) => ({
          Name: `tag:${key}`,
          Values: [tags[key as keyof typeof tags]],
        }));
        const before = await client.send(
          new DescribeSnapshotsCommand({ OwnerIds: ['self'], Filters }),
          options,
        );
        const known = (before.Snapshots ?? []).flatMap(({ SnapshotId }) => SnapshotId ?? []);
        if (known.length > 0) return { kind: 'taken', snapshots: known };
        const input = await requestFor(client, instance, tags, abortSignal);
        if (input === undefined) return { kind: 'impossible', why: 'it has no EBS volume any more.' };
        const { Snapshots: taken } = await client.send(new CreateSnapshotsCommand(input), options);
        return { kind: 'taken', snapshots: (taken ?? []).flatMap(({ SnapshotId }) => SnapshotId ?? []) };
      } catch (error) {
        return whyImpossible(error);
      }
    },
  };
};

const requestFor = async (
  client: EC2Client,
  instance: string,
  tags: Readonly<Record<string, string>>,
  abortSignal: AbortSignal,
) => {
  const found = await client.send(new DescribeInstancesCommand({ InstanceIds: [instance] }), { abortSignal });
  const described = found.Reservations?.[0]?.Instances?.[0];
  const devices = (described?.BlockDeviceMappings ?? []).filter(({ Ebs }) => Ebs?.VolumeId !== undefined);
  if (devices.length === 0) return undefined;
  const hasData = devices.some(({ DeviceName }) => DeviceName !== described?.RootDeviceName);
  const named = { Name: `Lifeboat: ${tags['lifeboat:plan']} ${instance}`, ...tags };
  return {
    Description: `Lifeboat's last resort for ${instance}, ${tags['lifeboat:run']}`,
    InstanceSpecification: { InstanceId: instance, ExcludeBootVolume: hasData },
    TagSpecifications: [
      {
        ResourceType: 'snapshot' as const,
        Tags: Object.entries(named).map(([Key, Value]) => ({ Key, Value })),
      },
    ],
  };
};

/** AWS's final word becomes part of the run's story; anything else ends this worker, and a retry of it goes on. */
const whyImpossible = (error: unknown): SnapshotFate => {
  if (!(error instanceof EC2ServiceException)) throw error;
  const { name, message, $fault, $metadata } = error;
  if ($fault === 'server' || $metadata.httpStatusCode === 429 || /Throttl|RequestLimit/.test(name))
    throw error;
  return { kind: 'impossible', why: `${name}: ${message}` };
};

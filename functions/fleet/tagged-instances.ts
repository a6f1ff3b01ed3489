import { DescribeInstancesCommand, EC2Client, paginateDescribeInstances } from '@aws-sdk/client-ec2';
import type { InstanceFacts } from '../pipeline/doors.ts';
import { clientConfig, slices } from './aws-client.ts';
import type { Member, Members } from './inventory.ts';

/**
 * The fleet of a plan that selects by tags. In a file of its own because the EC2 client takes some 300 ms to load, and
 * a plan with groups never needs it.
 */
export const taggedMembers = async (
  region: string,
  tags: Readonly<Record<string, readonly string[]>>,
  abortSignal: AbortSignal,
): Promise<Members> => {
  const client = new EC2Client(clientConfig(region));
  const members: Member[] = [];
  const pages = paginateDescribeInstances(
    { client, pageSize: 1_000 },
    {
      Filters: Object.entries(tags).map(([key, values]) => ({
        Name: `tag:${key}`,
        Values: values.map(literally),
      })),
    },
    { abortSignal },
  );
  // EC2 shows terminated instances for about an hour; they are no part of the fleet any more.
  for await (const page of pages)
    for (const reservation of page.Reservations ?? [])
      for (const { InstanceId, State } of reservation.Instances ?? [])
        if (InstanceId !== undefined && State?.Name !== 'terminated')
          members.push({ instance: InstanceId, lifeCycleState: State?.Name ?? 'unknown' });
  const wanted = Object.entries(tags).map(([key, values]) => `${key}=${values.join(' or ')}`);
  const problem = `No instance carries the tags ${wanted.join(', ')}; correct fleet.tags in lifeboat.yml.`;
  return { members, problems: members.length === 0 ? [problem] : [] };
};

/** The tags of one instance; empty where EC2 does not know it. */
export const tagsOf = async (
  region: string,
  instance: string,
  abortSignal: AbortSignal,
): Promise<Readonly<Record<string, string>>> => {
  const client = new EC2Client(clientConfig(region));
  // As a filter: an id that does not exist any more is then no error.
  const input = { Filters: [{ Name: 'instance-id', Values: [instance] }] };
  const { Reservations } = await client.send(new DescribeInstancesCommand(input), { abortSignal });
  const tags = Reservations?.[0]?.Instances?.[0]?.Tags ?? [];
  return Object.fromEntries(
    tags.flatMap(({ Key, Value }) => (Key === undefined ? [] : [[Key, Value ?? '']])),
  );
};

/** EC2 takes so many values in a filter. */
const valuesPerFilter = 200;

/** What EC2 knows of instances that nobody could reach. */
export const factsOf = async (
  region: string,
  instances: readonly string[],
  abortSignal: AbortSignal,
): Promise<ReadonlyMap<string, InstanceFacts>> => {
  const client = new EC2Client(clientConfig(region));
  const facts = new Map<string, InstanceFacts>();
  for (const slice of slices(instances, valuesPerFilter)) {
    const input = { Filters: [{ Name: 'instance-id', Values: [...slice] }] };
    for await (const page of paginateDescribeInstances({ client, pageSize: 1_000 }, input, { abortSignal }))
      for (const reservation of page.Reservations ?? [])
        for (const { InstanceId, State, IamInstanceProfile, LaunchTime } of reservation.Instances ?? [])
          if (InstanceId !== undefined)
            facts.set(InstanceId, {
              state: State?.Name ?? 'unknown',
              hasProfile: IamInstanceProfile !== undefined,
              ...(LaunchTime === undefined ? {} : { launchedAt: LaunchTime.toISOString() }),
            });
  }
  return facts;
};

/** EC2's filters take * and ? for wildcards; Run Command's targets and IAM's conditions do not. */
const literally = (value: string): string => value.replaceAll(/[*?\\]/g, '\\$&');

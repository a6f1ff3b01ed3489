import {
  AutoScalingClient,
  DescribeAutoScalingInstancesCommand,
  DescribeWarmPoolCommand,
  paginateDescribeAutoScalingGroups,
} from '@aws-sdk/client-auto-scaling';
import {
  type InstanceInformation,
  paginateDescribeInstanceInformation,
  SSMClient,
} from '@aws-sdk/client-ssm';
import type { Fleet } from '../config/plan.ts';
import type { FleetSnapshot, Inventory } from '../pipeline/doors.ts';
import type { ExpectedInstance, SkippedInstance } from '../pipeline/run-record.ts';
import { clientConfig, slices } from './aws-client.ts';

/** Values that one filter of DescribeInstanceInformation takes: 100; 50 is also its largest page. */
const informationPage = 50;
/** Instance ids that DescribeAutoScalingInstances takes. */
const instancesPage = 50;

/** Members of the fleet with what Auto Scaling or EC2 and Systems Manager know of them. */
export const openInventory = (region: string, signal: AbortSignal): Inventory => {
  const autoScaling = new AutoScalingClient(clientConfig(region));
  const ssm = new SSMClient(clientConfig(region));
  const membersOf = (fleet: Fleet): Promise<Members> =>
    fleet.kind === 'groups'
      ? groupMembers(autoScaling, fleet.groups, signal)
      : import('./tagged-instances.ts').then(({ taggedMembers }) =>
          taggedMembers(region, fleet.tags, signal),
        );

  return {
    take: async (fleet) => {
      const { members, problems } = await membersOf(fleet);
      const pings = await pingsOf(
        ssm,
        members.map(({ instance }) => instance),
        signal,
      );
      return { ...sorted(members, pings), problems };
    },
    look: async (fleet, { known, inDoubt }) => {
      const { members } = await membersOf(fleet);
      const pings = await pingsOf(ssm, inDoubt, signal);
      const named = new Set(known);
      const others = members
        .filter(({ instance, lifeCycleState }) => !named.has(instance) && !hasEnded(lifeCycleState))
        .sort(byInstance);
      return { there: stillThere(inDoubt, members, pings), others };
    },
    explain: async (instances) => (await import('./tagged-instances.ts')).factsOf(region, instances, signal),
    find: async (instances) => {
      const members: Member[] = [];
      for (const slice of slices(instances, instancesPage)) {
        const input = { InstanceIds: [...slice] };
        const page = await autoScaling.send(new DescribeAutoScalingInstancesCommand(input), {
          abortSignal: signal,
        });
        for (const { InstanceId, AutoScalingGroupName, LifecycleState } of page.AutoScalingInstances ?? [])
          if (InstanceId !== undefined)
            members.push({
              instance: InstanceId,
              ...(AutoScalingGroupName === undefined ? {} : { group: AutoScalingGroupName }),
              lifeCycleState: LifecycleState ?? 'unknown',
            });
      }
      return stillThere(instances, members, await pingsOf(ssm, instances, signal));
    },
    tagsOf: async (instance) => (await import('./tagged-instances.ts')).tagsOf(region, instance, signal),
  };
};

/** One instance of a fleet before it is known whether a run covers it. */
export type Member = {
  readonly instance: string;
  readonly group?: string;
  readonly lifeCycleState: string;
};
export type Members = { readonly members: readonly Member[]; readonly problems: readonly string[] };
type Ping = Pick<ExpectedInstance, 'ping' | 'lastPing' | 'agentVersion'>;
type Pings = ReadonlyMap<string, Ping>;

const groupMembers = async (
  client: AutoScalingClient,
  groups: readonly string[],
  abortSignal: AbortSignal,
): Promise<Members> => {
  const members: Member[] = [];
  const found = new Set<string>();
  const pages = paginateDescribeAutoScalingGroups(
    { client, pageSize: 100 },
    { AutoScalingGroupNames: [...groups] },
    { abortSignal },
  );
  for await (const page of pages) {
    for (const group of page.AutoScalingGroups ?? []) {
      const name = group.AutoScalingGroupName ?? '';
      found.add(name);
      for (const { InstanceId, LifecycleState } of group.Instances ?? [])
        if (InstanceId !== undefined)
          members.push({ instance: InstanceId, group: name, lifeCycleState: LifecycleState ?? 'unknown' });
      // A group does not list the instances of its warm pool.
      if ((group.WarmPoolSize ?? 0) > 0) members.push(...(await warmMembers(client, name, abortSignal)));
    }
  }
  const problems = groups
    .filter((group) => !found.has(group))
    .map((group) => `The Auto Scaling group ${group} does not exist; correct fleet.groups in lifeboat.yml.`);
  return { members, problems };
};

const warmMembers = async (
  client: AutoScalingClient,
  group: string,
  abortSignal: AbortSignal,
): Promise<readonly Member[]> => {
  const members: Member[] = [];
  let token: string | undefined;
  do {
    const input = { AutoScalingGroupName: group, ...(token === undefined ? {} : { NextToken: token }) };
    const page = await client.send(new DescribeWarmPoolCommand(input), { abortSignal });
    for (const { InstanceId, LifecycleState } of page.Instances ?? [])
      if (InstanceId !== undefined)
        members.push({ instance: InstanceId, group, lifeCycleState: LifecycleState ?? 'Warmed' });
    token = page.NextToken;
  } while (token !== undefined);
  return members;
};

const pingsOf = async (
  client: SSMClient,
  instances: readonly string[],
  abortSignal: AbortSignal,
): Promise<Pings> => {
  const pings = new Map<string, Ping>();
  for (const slice of slices(instances, informationPage)) {
    const pages = paginateDescribeInstanceInformation(
      { client, pageSize: informationPage },
      { Filters: [{ Key: 'InstanceIds', Values: [...slice] }] },
      { abortSignal },
    );
    for await (const page of pages)
      for (const information of page.InstanceInformationList ?? [])
        if (information.InstanceId !== undefined) pings.set(information.InstanceId, pingOf(information));
  }
  return pings;
};

/** Of an agent that answers nobody asks when it did. */
const pingOf = ({
  PingStatus = 'ConnectionLost',
  LastPingDateTime,
  AgentVersion,
}: InstanceInformation): Ping =>
  PingStatus === 'Online'
    ? { ping: PingStatus }
    : {
        ping: PingStatus,
        ...(LastPingDateTime === undefined ? {} : { lastPing: LastPingDateTime.toISOString() }),
        ...(AgentVersion === undefined ? {} : { agentVersion: AgentVersion }),
      };

const neverSeen: Ping = { ping: 'absent' };

const byInstance = (one: { readonly instance: string }, other: { readonly instance: string }): number =>
  one.instance < other.instance ? -1 : 1;

const sorted = (members: readonly Member[], pings: Pings): Omit<FleetSnapshot, 'problems'> => {
  const expected: ExpectedInstance[] = [];
  const skipped: SkippedInstance[] = [];
  for (const member of [...members].sort(byInstance)) {
    const why = whySkipped(member.lifeCycleState);
    if (why === undefined) expected.push({ ...member, ...(pings.get(member.instance) ?? neverSeen) });
    else skipped.push({ instance: member.instance, why });
  }
  return { expected, skipped };
};

/** Why a run leaves a member out, by its life-cycle state (Auto Scaling, or EC2 where there is no group). */
const whySkipped = (state: string): string | undefined => {
  if (state.startsWith('Warmed')) return `in the warm pool (${state})`;
  if (state.startsWith('Pending') || state === 'pending') return `not in service yet (${state})`;
  if (state.startsWith('Terminat') || state === 'shutting-down' || state === 'terminated')
    return `being terminated (${state})`;
  if (state === 'stopped' || state === 'stopping') return `stopped (${state})`;
  return undefined;
};

/**
 * An instance exists as long as its group has it or its agent is online (it may have been detached). Systems Manager
 * forgets a terminated one only after a while, so an offline agent alone does not prove that the instance is there.
 */
const stillThere = (
  instances: readonly string[],
  members: readonly Member[],
  pings: Pings,
): ReadonlyMap<string, ExpectedInstance> => {
  const byId = new Map(members.map((member) => [member.instance, member]));
  const there = new Map<string, ExpectedInstance>();
  for (const instance of instances) {
    const member = byId.get(instance);
    const ping = pings.get(instance) ?? neverSeen;
    if (member === undefined ? ping.ping === 'Online' : !hasEnded(member.lifeCycleState))
      there.set(instance, { ...(member ?? { instance }), ...ping });
  }
  return there;
};

const hasEnded = (state: string): boolean => state === 'Terminated' || state === 'terminated';

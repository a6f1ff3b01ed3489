import { z } from 'zod';
import type { LocalInstance } from '../../contract.ts';
import type { Operation } from '../../protocol/exchange.ts';
import { AwsFailure } from '../../protocol/failure.ts';
import { page } from '../../protocol/pages.ts';
import { validate } from '../../protocol/validation.ts';
import type { Group } from './groups.ts';
import { requireGroup } from './life-cycle.ts';
import { groupArn } from './life-cycle-engine.ts';

type Options = {
  readonly groups: { readonly list: () => readonly Group[] };
  readonly account: string;
  readonly region: string;
};

const texts = z.array(z.string()).or(z.literal('').transform((): string[] => []));
const maxRecords = (most: number, usual: number) => z.coerce.number().int().min(1).max(most).default(usual);

const groupsSchema = z.object({
  AutoScalingGroupNames: texts.default([]),
  IncludeInstances: z.enum(['true', 'false']).default('true'),
  Filters: z.array(z.object({ Name: z.string(), Values: texts.default([]) })).default([]),
  MaxRecords: maxRecords(100, 50),
  NextToken: z.string().optional(),
});

/** DescribeAutoScalingGroups. Names that do not exist are passed over, as AWS does. */
export const describeGroups =
  (options: Options): Operation =>
  (raw) => {
    const input = validate(groupsSchema, raw, 'ValidationError');
    const { MaxRecords: size, NextToken: token, ...question } = input;
    const tests = input.Filters.map(testOf);
    const chosen = options.groups
      .list()
      .filter(
        ({ name }) => input.AutoScalingGroupNames.length === 0 || input.AutoScalingGroupNames.includes(name),
      )
      .filter((group) => tests.every((test) => test(group)));
    const { items, nextToken } = page(chosen, ({ name }) => name, { size, token, question }, refuseToken);
    const withInstances = input.IncludeInstances === 'true';
    return {
      AutoScalingGroups: items.map((group) => groupView(group, options, withInstances)),
      NextToken: nextToken,
    };
  };

const warmPoolSchema = z.object({
  AutoScalingGroupName: z.string().min(1).max(255),
  MaxRecords: maxRecords(50, 50),
  NextToken: z.string().optional(),
});

/** DescribeWarmPool: the members that DescribeAutoScalingGroups does not list. */
export const describeWarmPool =
  ({ groups }: Options): Operation =>
  (raw) => {
    const input = validate(warmPoolSchema, raw, 'ValidationError');
    const { MaxRecords: size, NextToken: token, ...question } = input;
    const group = requireGroup({ groups }, input.AutoScalingGroupName);
    const warm = group.members.filter(isWarm);
    const { items, nextToken } = page(warm, ({ id }) => id, { size, token, question }, refuseToken);
    return { Instances: items.map(memberView), NextToken: nextToken };
  };

const isWarm = ({ lifeCycleState }: LocalInstance): boolean => lifeCycleState.startsWith('Warmed');

const instancesSchema = z.object({
  InstanceIds: texts.default([]),
  MaxRecords: maxRecords(50, 50),
  NextToken: z.string().optional(),
});

/** DescribeAutoScalingInstances: members of groups only; others are passed over. */
export const describeInstances =
  ({ groups }: Options): Operation =>
  (raw) => {
    const input = validate(instancesSchema, raw, 'ValidationError');
    const { MaxRecords: size, NextToken: token, ...question } = input;
    const chosen = groups
      .list()
      .flatMap(({ members }) => members)
      .filter(({ id }) => input.InstanceIds.length === 0 || input.InstanceIds.includes(id));
    const { items, nextToken } = page(chosen, ({ id }) => id, { size, token, question }, refuseToken);
    const views = items.map((one) => ({ AutoScalingGroupName: one.group, ...memberView(one) }));
    return { AutoScalingInstances: views, NextToken: nextToken };
  };

const testOf = ({
  Name,
  Values,
}: {
  readonly Name: string;
  readonly Values: readonly string[];
}): ((group: Group) => boolean) => {
  if (Name === 'tag-key')
    return (group) => Object.keys(tagsOfGroup(group)).some((key) => Values.includes(key));
  if (Name === 'tag-value')
    return (group) => Object.values(tagsOfGroup(group)).some((value) => Values.includes(value));
  if (Name.startsWith('tag:')) return (group) => Values.includes(tagsOfGroup(group)[Name.slice(4)] ?? '');
  throw new AwsFailure(
    'ValidationError',
    `Filter type ${Name} is not correct. Allowed Filter types are: tag-key, tag-value, tag:<key>`,
  );
};

/** The tags that all members share: those that the group propagates at launch. */
const tagsOfGroup = ({ members: [first, ...others] }: Group): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(first?.tags ?? {}).filter(([key, value]) =>
      others.every(({ tags }) => tags[key] === value),
    ),
  );

const groupView = (group: Group, { account, region }: Options, withInstances: boolean) => {
  const members = group.members.filter((member) => !isWarm(member));
  const size = members.length;
  const { name } = group;
  return {
    AutoScalingGroupName: name,
    AutoScalingGroupARN: groupArn(name, account, region),
    MinSize: Math.min(1, size),
    MaxSize: Math.max(1, size),
    DesiredCapacity: size,
    DefaultCooldown: 300,
    AvailabilityZones: [...new Set(group.members.map(({ availabilityZone }) => availabilityZone))].toSorted(),
    LoadBalancerNames: [],
    TargetGroupARNs: [],
    HealthCheckType: 'EC2',
    HealthCheckGracePeriod: 0,
    Instances: withInstances ? members.map(memberView) : undefined,
    WarmPoolSize: group.members.length - size,
    CreatedTime: group.createdAt,
    SuspendedProcesses: [],
    EnabledMetrics: [],
    Tags: Object.entries(tagsOfGroup(group)).map(([Key, Value]) => ({
      ResourceId: name,
      ResourceType: 'auto-scaling-group',
      Key,
      Value,
      PropagateAtLaunch: true,
    })),
    TerminationPolicies: ['Default'],
    NewInstancesProtectedFromScaleIn: false,
  };
};

const memberView = (instance: LocalInstance) => ({
  InstanceId: instance.id,
  InstanceType: 't4g.small',
  AvailabilityZone: instance.availabilityZone,
  LifecycleState: instance.lifeCycleState,
  HealthStatus: instance.state === 'running' ? 'Healthy' : 'Unhealthy',
  ProtectedFromScaleIn: false,
});

const refuseToken = (): never => {
  throw new AwsFailure('InvalidNextToken', 'The token specified is not valid.');
};

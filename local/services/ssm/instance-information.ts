import { z } from 'zod';
import type { LocalClock, LocalFleet, LocalInstance } from '../../contract.ts';
import type { Operation } from '../../protocol/exchange.ts';
import { AwsFailure } from '../../protocol/failure.ts';
import { page } from '../../protocol/pages.ts';
import { validate } from '../../protocol/validation.ts';
import { isManaged, tagsOf } from './targets.ts';

const values = z.array(z.string().min(1)).min(1).max(100);
const schema = z.object({
  InstanceInformationFilterList: z.array(z.object({ key: z.string(), valueSet: values })).default([]),
  Filters: z.array(z.object({ Key: z.string().min(1), Values: values })).default([]),
  MaxResults: z.int().min(5).max(50).default(50),
  NextToken: z.string().optional(),
});

/** DescribeInstanceInformation: the instances whose agent has registered once, whether it answers now or not. */
export const describeInstanceInformation =
  ({ fleet, clock }: { readonly fleet: LocalFleet; readonly clock: Pick<LocalClock, 'now'> }): Operation =>
  (raw) => {
    const input = validate(schema, raw);
    const old = input.InstanceInformationFilterList.map(({ key, valueSet }) => ({
      Key: key,
      Values: valueSet,
    }));
    if (old.length > 0 && input.Filters.length > 0) {
      throw new AwsFailure(
        'ValidationException',
        'Filters and InstanceInformationFilterList cannot be used together.',
      );
    }
    const tests = [...old, ...input.Filters].map(testOf);
    const chosen = fleet
      .instances()
      .filter((instance) => isManaged(instance) && tests.every((test) => test(instance)))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const { MaxResults: size, NextToken: token, ...question } = input;
    const { items, nextToken } = page(
      chosen,
      ({ id }) => id,
      { size, token, question },
      () => {
        throw new AwsFailure('InvalidNextToken', 'The specified token is not valid.');
      },
    );
    return { InstanceInformationList: items.map((one) => view(one, clock.now())), NextToken: nextToken };
  };

const testOf = ({
  Key,
  Values,
}: {
  readonly Key: string;
  readonly Values: readonly string[];
}): ((instance: LocalInstance) => boolean) => {
  if (Key === 'tag-key') return (instance) => Values.some((key) => tagsOf(instance)[key] !== undefined);
  if (Key.startsWith('tag:')) {
    return (instance) => Values.includes(tagsOf(instance)[Key.slice('tag:'.length)] ?? '');
  }
  const read = Object.hasOwn(keys, Key) ? keys[Key] : undefined;
  if (read === undefined) throw new AwsFailure('InvalidFilterKey', `The filter key ${Key} is not valid.`);
  return (instance) => Values.includes(read(instance));
};

const keys: Readonly<Record<string, (instance: LocalInstance) => string>> = {
  InstanceIds: ({ id }) => id,
  PingStatus: ({ ping }) => ping,
  AgentVersion: ({ agentVersion }) => agentVersion,
  PlatformTypes: () => 'Linux',
  ResourceType: () => 'EC2Instance',
};

const view = (instance: LocalInstance, now: Date) => ({
  InstanceId: instance.id,
  PingStatus: instance.ping,
  LastPingDateTime: instance.ping === 'Online' ? now : instance.launchedAt,
  AgentVersion: instance.agentVersion,
  IsLatestVersion: true,
  PlatformType: 'Linux',
  PlatformName: 'Amazon Linux',
  PlatformVersion: '2023',
  RegistrationDate: instance.launchedAt,
  ResourceType: 'EC2Instance',
  Name: instance.tags.Name ?? '',
  IPAddress: instance.privateIp,
  ComputerName: `ip-${instance.privateIp.replaceAll('.', '-')}.ec2.internal`,
  SourceId: instance.id,
  SourceType: 'AWS::EC2::Instance',
});

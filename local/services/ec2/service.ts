import { z } from 'zod';
import type { LocalClock, LocalFleet, LocalInstance } from '../../contract.ts';
import type { Endpoint, Operation } from '../../protocol/exchange.ts';
import { AwsFailure } from '../../protocol/failure.ts';
import { page } from '../../protocol/pages.ts';
import { queryEndpoint } from '../../protocol/query.ts';
import { validate } from '../../protocol/validation.ts';
import { filterSchema, instanceTests, tagTests } from './filters.ts';
import { instanceView } from './instance-view.ts';
import { snapshotOperations } from './snapshots.ts';
import { visibleInstances } from './visible-instances.ts';

type Options = {
  readonly fleet: LocalFleet;
  readonly clock: Pick<LocalClock, 'now'>;
  readonly account: string;
  readonly region: string;
  readonly directory: string;
};

/** EC2 (its dialect of AWS Query): instances, their tags, snapshots of their volumes. */
export const ec2Endpoint = (options: Options): Endpoint => {
  const visible = visibleInstances(options.fleet, options.clock);
  return queryEndpoint({
    name: 'ec2',
    dialect: 'ec2',
    namespace: 'http://ec2.amazonaws.com/doc/2016-11-15/',
    operations: {
      DescribeInstances: describeInstances(visible, options),
      DescribeTags: describeTags(visible),
      ...snapshotOperations({ ...options, visible }),
    },
  });
};

const instancesSchema = z.object({
  InstanceId: z.array(z.string()).default([]),
  Filter: filterSchema,
  MaxResults: z.coerce.number().int().min(5).max(1000).optional(),
  NextToken: z.string().optional(),
});

/** One reservation an instance, as Auto Scaling launches them. */
const describeInstances =
  (visible: () => readonly LocalInstance[], { account }: Options): Operation =>
  (raw) => {
    const input = validate(instancesSchema, raw, 'InvalidParameterValue');
    const { MaxResults: size, NextToken: token, ...question } = input;
    if (input.InstanceId.length > 0 && size !== undefined) {
      throw new AwsFailure(
        'InvalidParameterCombination',
        'The parameter instancesSet cannot be used with the parameter maxResults',
      );
    }
    const named = requireInstances(visible(), input.InstanceId);
    const tests = instanceTests(input.Filter);
    const chosen = named.filter((instance) => tests.every((test) => test(instance)));
    const { items, nextToken } = page(
      chosen,
      ({ id }) => id,
      { size: size ?? 1000, token, question },
      refuseToken,
    );
    return {
      reservationSet: items.map((instance) => ({
        reservationId: instance.id.replace(/^i-/, 'r-'),
        ownerId: account,
        groupSet: [],
        instancesSet: [instanceView(instance)],
      })),
      nextToken,
    };
  };

const requireInstances = (
  instances: readonly LocalInstance[],
  ids: readonly string[],
): readonly LocalInstance[] => {
  const malformed = ids.find((id) => !/^i-(\w{8}|\w{17})$/.test(id));
  if (malformed !== undefined) {
    throw new AwsFailure('InvalidInstanceID.Malformed', `Invalid id: "${malformed}"`);
  }
  const missing = ids.filter((id) => !instances.some((one) => one.id === id));
  if (missing.length > 0) {
    const [subject, verb] = missing.length === 1 ? ['ID', 'does'] : ['IDs', 'do'];
    throw new AwsFailure(
      'InvalidInstanceID.NotFound',
      `The instance ${subject} '${missing.join(', ')}' ${verb} not exist`,
    );
  }
  return ids.length === 0 ? instances : instances.filter(({ id }) => ids.includes(id));
};

const tagsSchema = z.object({
  Filter: filterSchema,
  MaxResults: z.coerce.number().int().min(5).max(1000).default(1000),
  NextToken: z.string().optional(),
});

const describeTags =
  (visible: () => readonly LocalInstance[]): Operation =>
  (raw) => {
    const input = validate(tagsSchema, raw, 'InvalidParameterValue');
    const { MaxResults: size, NextToken: token, ...question } = input;
    const tests = tagTests(input.Filter);
    const tags = visible().flatMap((instance) =>
      instanceView(instance).tagSet.map(({ key, value }) => ({
        key,
        resourceId: instance.id,
        resourceType: 'instance',
        value,
      })),
    );
    const chosen = tags.filter((tag) => tests.every((test) => test(tag)));
    const nameOf = (tag: (typeof tags)[number]) => `${tag.resourceId}/${tag.key}`;
    const { items, nextToken } = page(chosen, nameOf, { size, token, question }, refuseToken);
    return { tagSet: items, nextToken };
  };

const refuseToken = (): never => {
  throw new AwsFailure('InvalidNextToken', 'The token specified is not valid.');
};

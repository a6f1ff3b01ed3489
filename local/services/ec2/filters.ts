import { z } from 'zod';
import type { LocalInstance } from '../../contract.ts';
import { AwsFailure } from '../../protocol/failure.ts';
import { tagsOf } from '../ssm/targets.ts';
import { matchesPattern } from '../tag-patterns.ts';

export const filterSchema = z
  .array(z.object({ Name: z.string(), Value: z.array(z.string()).default([]) }))
  .default([]);
type Filters = z.infer<typeof filterSchema>;

/** DescribeInstances' filters, each a test; values of one are alternatives, filters have to fit all. */
export const instanceTests = (filters: Filters): readonly ((instance: LocalInstance) => boolean)[] =>
  filters.map(({ Name, Value }) => {
    const any = anyOf(Value);
    if (Name === 'tag-key') return (instance) => Object.keys(tagsOf(instance)).some(any);
    if (Name.startsWith('tag:')) {
      return (instance) => {
        const value = tagsOf(instance)[Name.slice('tag:'.length)];
        return value !== undefined && any(value);
      };
    }
    const read = Object.hasOwn(attributes, Name) ? attributes[Name] : undefined;
    if (read === undefined) throw invalidFilter(Name);
    return (instance) => any(read(instance));
  });

const attributes: Readonly<Record<string, (instance: LocalInstance) => string>> = {
  'instance-id': ({ id }) => id,
  'instance-state-name': ({ state }) => state,
  'availability-zone': ({ availabilityZone }) => availabilityZone,
  'private-ip-address': ({ privateIp }) => privateIp,
  'instance-type': () => 't4g.small',
};

type Tag = {
  readonly key: string;
  readonly value: string;
  readonly resourceId: string;
  readonly resourceType: string;
};

/** DescribeTags' filters. */
export const tagTests = (filters: Filters): readonly ((tag: Tag) => boolean)[] =>
  filters.map(({ Name, Value }) => {
    const any = anyOf(Value);
    switch (Name) {
      case 'key':
        return ({ key }) => any(key);
      case 'value':
        return ({ value }) => any(value);
      case 'resource-id':
        return ({ resourceId }) => any(resourceId);
      case 'resource-type':
        return ({ resourceType }) => any(resourceType);
      default:
        if (!Name.startsWith('tag:')) throw invalidFilter(Name);
        return ({ key, value }) => key === Name.slice('tag:'.length) && any(value);
    }
  });

const anyOf =
  (patterns: readonly string[]) =>
  (value: string): boolean =>
    patterns.some((pattern) => matchesPattern(pattern, value));

const invalidFilter = (name: string): AwsFailure =>
  new AwsFailure('InvalidParameterValue', `The filter '${name}' is invalid`);

import { z } from 'zod';
import type { LocalClock, SchedulerEngine } from '../../contract.ts';
import { AwsFailure } from '../../protocol/failure.ts';
import { page } from '../../protocol/pages.ts';
import type { Route } from '../../protocol/rest-json.ts';
import { validate } from '../../protocol/validation.ts';

export type GroupRegistry = {
  readonly list: () => readonly Group[];
  readonly has: (name: string) => boolean;
  /** Throws ConflictException where there is one of the name. */
  readonly add: (name: string) => void;
  readonly remove: (name: string) => void;
};
type Group = { readonly name: string; readonly createdAt: Date };

/** `default`, those that the template's schedules are in, and those that were created. */
export const groupRegistry = ({
  engine,
  clock,
}: {
  readonly engine: SchedulerEngine;
  readonly clock: Pick<LocalClock, 'now'>;
}): GroupRegistry => {
  const born = clock.now();
  const made = new Map<string, Group>([['default', { name: 'default', createdAt: born }]]);
  const all = (): ReadonlyMap<string, Group> =>
    new Map([
      ...engine.list().map(({ group }) => [group, { name: group, createdAt: born }] as const),
      ...made,
    ]);
  return {
    list: () => [...all().values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    has: (name) => all().has(name),
    add: (name) => {
      if (all().has(name))
        throw new AwsFailure('ConflictException', `Schedule group ${name} already exists.`, 409);
      made.set(name, { name, createdAt: clock.now() });
    },
    remove: (name) => {
      for (const schedule of engine.list()) {
        if (schedule.group === name) engine.remove(name, schedule.name);
      }
      made.delete(name);
    },
  };
};

const groupName = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[0-9a-zA-Z-_.]+$/);
const nameSchema = z.object({ Name: groupName });
const listSchema = z.object({
  MaxResults: z.coerce.number().int().min(1).max(100).default(100),
  NextToken: z.string().min(1).max(2048).optional(),
  NamePrefix: groupName.optional(),
});

type Options = { readonly groups: GroupRegistry; readonly account: string; readonly region: string };

/** CreateScheduleGroup, GetScheduleGroup, DeleteScheduleGroup, ListScheduleGroups. */
export const groupRoutes = (options: Options): readonly Route[] => {
  const { groups } = options;
  const path = '/schedule-groups/{Name}';
  const route = { path, body: 'structure' } as const;
  return [
    {
      ...route,
      operation: 'CreateScheduleGroup',
      method: 'POST',
      run: (input) => {
        const { Name } = validate(nameSchema, input);
        groups.add(Name);
        return { ScheduleGroupArn: arnOf(options, Name) };
      },
    },
    {
      ...route,
      operation: 'GetScheduleGroup',
      method: 'GET',
      run: (input) => view(options, find(groups, input)),
    },
    {
      ...route,
      operation: 'DeleteScheduleGroup',
      method: 'DELETE',
      run: (input) => deleteGroup(groups, input),
    },
    {
      ...route,
      operation: 'ListScheduleGroups',
      method: 'GET',
      path: '/schedule-groups',
      run: (input) => listGroups(options, input),
    },
  ];
};

const find = (groups: GroupRegistry, input: unknown): Group => {
  const { Name } = validate(nameSchema, input);
  return groups.list().find(({ name }) => name === Name) ?? missingGroup(Name);
};

const deleteGroup = (groups: GroupRegistry, input: unknown) => {
  const { name } = find(groups, input);
  if (name === 'default') {
    throw new AwsFailure('ValidationException', 'The default schedule group cannot be deleted.');
  }
  groups.remove(name);
  return {};
};

const listGroups = (options: Options, input: unknown) => {
  const { MaxResults: size, NextToken: token, NamePrefix = '' } = validate(listSchema, input);
  const chosen = options.groups.list().filter(({ name }) => name.startsWith(NamePrefix));
  const asked = { size, token, question: NamePrefix };
  const { items, nextToken } = page(chosen, ({ name }) => name, asked, refuseToken);
  return { ScheduleGroups: items.map((group) => view(options, group)), NextToken: nextToken };
};

const view = (options: Options, { name, createdAt }: Group) => ({
  Arn: arnOf(options, name),
  CreationDate: createdAt,
  LastModificationDate: createdAt,
  Name: name,
  State: 'ACTIVE',
});

const arnOf = ({ account, region }: Options, name: string): string =>
  `arn:aws:scheduler:${region}:${account}:schedule-group/${name}`;

export const missingGroup = (name: string): never => {
  throw new AwsFailure('ResourceNotFoundException', `Schedule group ${name} does not exist.`, 404);
};

export const refuseToken = (): never => {
  throw new AwsFailure('ValidationException', 'Invalid NextToken provided.');
};

import { createHash, randomBytes } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { LocalClock, LocalInstance } from '../../contract.ts';
import type { Operation } from '../../protocol/exchange.ts';
import { AwsFailure } from '../../protocol/failure.ts';
import { page } from '../../protocol/pages.ts';
import { validate } from '../../protocol/validation.ts';
import { matchesPattern } from '../tag-patterns.ts';
import { filterSchema } from './filters.ts';

export type Volume = {
  readonly id: string;
  readonly device: string;
  readonly isRoot: boolean;
  readonly folder?: string;
};

/** Every instance has a root volume, and a data volume for its uploads. Their ids follow from the instance's. */
export const volumesOf = ({ id, dataFolder }: LocalInstance): readonly Volume[] => [
  { id: volumeId(id, 'root'), device: '/dev/xvda', isRoot: true },
  {
    id: volumeId(id, 'data'),
    device: '/dev/sdf',
    isRoot: false,
    ...(dataFolder === undefined ? {} : { folder: dataFolder }),
  },
];

const volumeId = (instance: string, which: string): string =>
  `vol-${createHash('sha256').update(`${instance} ${which}`).digest('hex').slice(0, 17)}`;

const snapshotSchema = z.object({
  id: z.string(),
  volume: z.string(),
  description: z.string(),
  startedAt: z.coerce.date(),
  tags: z.record(z.string(), z.string()),
});
type Snapshot = z.infer<typeof snapshotSchema>;

type Options = {
  readonly visible: () => readonly LocalInstance[];
  readonly clock: Pick<LocalClock, 'now'>;
  readonly account: string;
  /** `DIR`: what a snapshot holds lies in `DIR/snapshots/<id>/data`, as plain files, what is known of it beside it. */
  readonly directory: string;
};

/** A snapshot is `pending` for so long; what it holds is the volume at its beginning. */
const pendingMilliseconds = 60_000;

/** CreateSnapshots, DescribeSnapshots, DeleteSnapshot. */
export const snapshotOperations = (options: Options): Readonly<Record<string, Operation>> => ({
  CreateSnapshots: createSnapshots(options),
  DescribeSnapshots: describeSnapshots(options),
  DeleteSnapshot: async (raw) => {
    const { SnapshotId: id } = validate(z.object({ SnapshotId: z.string() }), raw, 'InvalidParameterValue');
    if (!(await all(options)).some((snapshot) => snapshot.id === id)) throw notFound(id);
    await rm(join(options.directory, 'snapshots', id), { recursive: true, force: true });
    return { return: true };
  },
});

const tagsSchema = z.array(z.object({ Key: z.string(), Value: z.string().default('') })).default([]);
const createSchema = z.object({
  InstanceSpecification: z.object({
    InstanceId: z.string(),
    ExcludeBootVolume: z.enum(['true', 'false']).default('false'),
  }),
  Description: z.string().default(''),
  TagSpecification: z.array(z.object({ ResourceType: z.literal('snapshot'), Tag: tagsSchema })).default([]),
});

const createSnapshots =
  (options: Options): Operation =>
  async (raw) => {
    const input = validate(createSchema, raw, 'InvalidParameterValue');
    const { InstanceId: id, ExcludeBootVolume: exclude } = input.InstanceSpecification;
    const instance = options.visible().find((one) => one.id === id);
    if (instance === undefined)
      throw new AwsFailure('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
    if (instance.state === 'terminated')
      throw new AwsFailure(
        'IncorrectInstanceState',
        `The instance '${id}' is not in a valid state for this operation.`,
      );
    const tags = Object.fromEntries(
      input.TagSpecification.flatMap(({ Tag }) => Tag).map(({ Key, Value }) => [Key, Value]),
    );
    const made: Snapshot[] = [];
    for (const volume of volumesOf(instance).filter(({ isRoot }) => !(isRoot && exclude === 'true'))) {
      const snapshot = {
        id: `snap-${randomBytes(9).toString('hex').slice(0, 17)}`,
        volume: volume.id,
        description: input.Description,
        startedAt: options.clock.now(),
        tags,
      };
      await keep(options, snapshot, volume);
      made.push(snapshot);
    }
    return { snapshotSet: made.map((snapshot) => ({ ...viewOf(snapshot, options), state: 'pending' })) };
  };

const keep = async ({ directory }: Options, snapshot: Snapshot, { folder }: Volume): Promise<void> => {
  const place = join(directory, 'snapshots', snapshot.id);
  await mkdir(place, { recursive: true });
  const data = join(place, 'data');
  if (folder === undefined) await mkdir(data);
  else await cp(folder, data, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  await writeFile(join(place, 'snapshot.json'), JSON.stringify(snapshot, undefined, 1));
};

const all = async ({ directory }: Pick<Options, 'directory'>): Promise<readonly Snapshot[]> => {
  const folder = join(directory, 'snapshots');
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const texts = await Promise.all(names.map((id) => readFile(join(folder, id, 'snapshot.json'), 'utf8')));
  return texts
    .map((text) => snapshotSchema.parse(JSON.parse(text)))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
};

/** The tags of a snapshot that lies below `DIR`; none where there is no such snapshot. */
export const snapshotTags = async (
  directory: string,
  id: string,
): Promise<Readonly<Record<string, string>>> =>
  (await all({ directory })).find((snapshot) => snapshot.id === id)?.tags ?? {};

const describeSchema = z.object({
  SnapshotId: z.array(z.string()).default([]),
  Owner: z.array(z.string()).default([]),
  Filter: filterSchema,
  MaxResults: z.coerce.number().int().min(5).max(1000).optional(),
  NextToken: z.string().optional(),
});

const describeSnapshots =
  (options: Options): Operation =>
  async (raw) => {
    const input = validate(describeSchema, raw, 'InvalidParameterValue');
    const known = await all(options);
    const missing = input.SnapshotId.find((id) => known.every((snapshot) => snapshot.id !== id));
    if (missing !== undefined) throw notFound(missing);
    const chosen = known
      .filter(({ id }) => input.SnapshotId.length === 0 || input.SnapshotId.includes(id))
      .filter((snapshot) => input.Filter.every((filter) => fits(snapshot, filter)));
    const { MaxResults: size, NextToken: token, ...question } = input;
    const { items, nextToken } = page(
      chosen,
      ({ id }) => id,
      { size: size ?? 1000, token, question },
      () => {
        throw new AwsFailure('InvalidNextToken', 'The token specified is not valid.');
      },
    );
    return { snapshotSet: items.map((snapshot) => viewOf(snapshot, options)), nextToken };
  };

const fits = (
  { tags, volume }: Snapshot,
  { Name, Value }: { readonly Name: string; readonly Value: readonly string[] },
): boolean => {
  const any = (text: string) => Value.some((pattern) => matchesPattern(pattern, text));
  if (Name === 'volume-id') return any(volume);
  if (Name === 'tag-key') return Object.keys(tags).some(any);
  if (!Name.startsWith('tag:'))
    throw new AwsFailure('InvalidParameterValue', `The filter '${Name}' is invalid`);
  const tag = tags[Name.slice('tag:'.length)];
  return tag !== undefined && any(tag);
};

const viewOf = ({ id, volume, description, startedAt, tags }: Snapshot, { clock, account }: Options) => {
  const isDone = clock.now().getTime() - startedAt.getTime() >= pendingMilliseconds;
  return {
    snapshotId: id,
    volumeId: volume,
    description,
    startTime: startedAt,
    status: isDone ? 'completed' : 'pending',
    progress: isDone ? '100%' : '0%',
    ownerId: account,
    volumeSize: 20,
    encrypted: true,
    tagSet: Object.entries(tags).map(([key, value]) => ({ key, value })),
  };
};

const notFound = (id: string): AwsFailure =>
  new AwsFailure('InvalidSnapshot.NotFound', `The snapshot '${id}' does not exist.`);

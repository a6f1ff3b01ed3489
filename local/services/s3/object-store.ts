import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalClock } from '../../contract.ts';
import {
  type BucketFolder,
  loadBucket,
  readData,
  refresh,
  removeObject,
  writeObject,
} from './bucket-folder.ts';
import type { ObjectAttributes, ObjectRecord } from './object-record.ts';

/** When a write or removal may happen. Compared while nobody else can write the key. */
export type Condition =
  | { readonly kind: 'always' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'etag'; readonly etag: string };

export type Written =
  | { readonly kind: 'written'; readonly record: ObjectRecord }
  | { readonly kind: 'precondition-failed' }
  /** `If-Match` on a key that does not exist. */
  | { readonly kind: 'no-such-key' };

export type Bucket = {
  readonly name: string;
  readonly createdAt: Date;
  readonly head: (key: string) => Promise<ObjectRecord | undefined>;
  readonly read: (
    key: string,
  ) => Promise<{ readonly record: ObjectRecord; readonly data: Buffer } | undefined>;
  readonly write: (
    key: string,
    data: Buffer,
    attributes: ObjectAttributes,
    condition: Condition,
  ) => Promise<Written>;
  /** Answers whether there was one; a removal whose condition does not hold changes nothing. */
  readonly remove: (
    key: string,
    condition: Condition,
  ) => Promise<'removed' | 'absent' | 'precondition-failed'>;
  /** All objects, by their keys' UTF-8 bytes. */
  readonly list: () => readonly ObjectRecord[];
};

export type ObjectStore = {
  readonly buckets: () => readonly Bucket[];
  readonly bucket: (name: string) => Bucket | undefined;
  readonly create: (name: string) => Promise<Bucket>;
};

/**
 * S3's objects as plain files: those of the first bucket in `<directory>/bucket/<key>`, those of others in
 * `<directory>/buckets/<name>/<key>`; what else is known of them in `<directory>/bucket-records/`. Everything survives a
 * restart; one process at a time may have a directory open.
 */
export const openObjectStore = async (options: {
  readonly directory: string;
  readonly buckets: readonly string[];
  readonly clock: Pick<LocalClock, 'now'>;
}): Promise<ObjectStore> => {
  const { directory, clock } = options;
  const [first] = options.buckets;
  const opening = new Map<string, Promise<Bucket>>();
  const open = new Map<string, Bucket>();
  const make = async (name: string): Promise<Bucket> => {
    const bucket = await openBucket(name, folderOf(directory, name, name === first), clock);
    open.set(name, bucket);
    return bucket;
  };
  const create = (name: string): Promise<Bucket> => {
    const made = opening.get(name) ?? make(name);
    opening.set(name, made);
    return made;
  };
  await mkdir(join(directory, 'buckets'), { recursive: true });
  const made = await readdir(join(directory, 'buckets'));
  for (const name of [...options.buckets, ...made]) await create(name);
  return {
    buckets: () => [...open.values()].sort((a, b) => compareKeys(a.name, b.name)),
    bucket: (name) => open.get(name),
    create,
  };
};

const folderOf = (directory: string, name: string, isFirst: boolean): BucketFolder => ({
  objects: isFirst ? join(directory, 'bucket') : join(directory, 'buckets', name),
  records: join(directory, 'bucket-records', name),
  temporary: join(directory, 'bucket-records', '.temporary'),
});

const openBucket = async (
  name: string,
  folder: BucketFolder,
  clock: Pick<LocalClock, 'now'>,
): Promise<Bucket> => {
  const index = indexOf(folder, await loadBucket(folder));
  const { birthtimeMs } = await stat(folder.objects);
  const oneAtATime = turns();
  return {
    name,
    createdAt: new Date(birthtimeMs),
    list: index.list,
    head: (key) => oneAtATime(key, () => index.current(key)),
    read: (key) =>
      oneAtATime(key, async () => {
        const record = await index.current(key);
        return record === undefined ? undefined : { record, data: await readData(folder, record) };
      }),
    write: (key, data, attributes, condition) =>
      oneAtATime(key, async () => {
        const before = await index.current(key);
        const verdict = judge(condition, before);
        if (verdict !== 'go') return { kind: verdict };
        const record = await writeObject(folder, key, data, attributes, clock.now(), before);
        index.remember(key, record);
        return { kind: 'written', record };
      }),
    remove: (key, condition) =>
      oneAtATime(key, async () => {
        const before = await index.current(key);
        if (judge(condition, before) === 'precondition-failed') return 'precondition-failed';
        if (before === undefined) return 'absent';
        await removeObject(folder, before);
        index.remember(key, undefined);
        return 'removed';
      }),
  };
};

/** What is known of a bucket's objects, in memory. */
const indexOf = (folder: BucketFolder, records: Map<string, ObjectRecord>) => {
  let sorted: readonly ObjectRecord[] | undefined;
  const remember = (key: string, record: ObjectRecord | undefined): void => {
    if (record === records.get(key)) return;
    sorted = undefined;
    if (record === undefined) records.delete(key);
    else records.set(key, record);
  };
  return {
    remember,
    /** As of now, also where somebody changed or took the file by hand. To be called in the key's turn. */
    current: async (key: string): Promise<ObjectRecord | undefined> => {
      const record = records.get(key);
      const fresh = record === undefined ? undefined : await refresh(folder, record);
      remember(key, fresh);
      return fresh;
    },
    list: (): readonly ObjectRecord[] => {
      sorted ??= [...records.values()].sort((a, b) => compareKeys(a.key, b.key));
      return sorted;
    },
  };
};

const judge = (
  condition: Condition,
  before: ObjectRecord | undefined,
): 'go' | 'precondition-failed' | 'no-such-key' => {
  switch (condition.kind) {
    case 'always':
      return 'go';
    case 'absent':
      return before === undefined ? 'go' : 'precondition-failed';
    case 'etag':
      if (before === undefined) return 'no-such-key';
      return condition.etag === '*' || condition.etag === before.etag ? 'go' : 'precondition-failed';
  }
};

/** S3's order: by bytes of UTF-8, which is not JavaScript's order of UTF-16 units. */
export const compareKeys = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Work on one key waits for the work on it before, whether that succeeded or not; other keys do not wait. */
const turns = () => {
  const last = new Map<string, Promise<unknown>>();
  return async <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const turn = (last.get(key) ?? Promise.resolve()).then(work, work);
    last.set(key, turn);
    try {
      return await turn;
    } finally {
      if (last.get(key) === turn) last.delete(key);
    }
  };
};

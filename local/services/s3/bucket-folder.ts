import { mkdir, readdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { hashOfKey, keyOfPath, pathOfKey, spillPathOfKey } from './key-path.ts';
import {
  etagOf,
  newVersionId,
  noAttributes,
  type ObjectAttributes,
  type ObjectRecord,
  parseObjectRecord,
} from './object-record.ts';

/** The files of one bucket: `objects` holds the objects as plain files, `records` what is known of them. */
export type BucketFolder = {
  readonly objects: string;
  readonly records: string;
  /** On the same file system as `objects`: files are made here and renamed into place. */
  readonly temporary: string;
};

/** Every object that lies in the folder, whether Lifeboat wrote it, a person did, or a crash left it without a record. */
export const loadBucket = async (folder: BucketFolder): Promise<Map<string, ObjectRecord>> => {
  for (const path of Object.values(folder)) await mkdir(path, { recursive: true });
  const found = new Map<string, ObjectRecord>();
  for (const name of await readdir(folder.records)) {
    if (!name.endsWith('.json')) continue;
    const record = parseObjectRecord(await readFile(join(folder.records, name), 'utf8'));
    const current = record === undefined ? undefined : await refresh(folder, record);
    if (current === undefined) await rm(join(folder.records, name), { force: true });
    else found.set(current.key, current);
  }
  const known = new Set([...found.values()].map((record) => record.path));
  for (const entry of await readdir(folder.objects, { recursive: true, withFileTypes: true })) {
    const path = relative(folder.objects, join(entry.parentPath, entry.name));
    const key = keyOfPath(path);
    if (!entry.isFile() || known.has(path) || key === undefined) continue;
    found.set(key, await describe(folder, key, path));
  }
  return found;
};

/** Replaces the object at once: a reader sees the old bytes or the new, and a crash leaves either. */
export const writeObject = async (
  folder: BucketFolder,
  key: string,
  data: Buffer,
  attributes: ObjectAttributes,
  now: Date,
  before: ObjectRecord | undefined,
): Promise<ObjectRecord> => {
  const versionId = newVersionId();
  const temporary = join(folder.temporary, versionId);
  await writeFile(temporary, data);
  const path = before?.path ?? (await place(folder, key, temporary));
  if (before !== undefined) await moveInto(join(folder.objects, path), temporary);
  const { mtimeMs } = await stat(join(folder.objects, path));
  const record: ObjectRecord = {
    ...attributes,
    key,
    path,
    size: data.length,
    modifiedMilliseconds: mtimeMs,
    etag: etagOf(data),
    versionId,
    lastModified: now.toISOString(),
  };
  await writeFile(temporary, `${JSON.stringify(record, null, 2)}\n`);
  await rename(temporary, join(folder.records, `${hashOfKey(key)}.json`));
  return record;
};

/** The object's bytes. */
export const readData = (folder: BucketFolder, record: ObjectRecord): Promise<Buffer> =>
  readFile(join(folder.objects, record.path));

/** The record, made anew where the file was changed by hand; undefined where the file is gone. */
export const refresh = async (
  folder: BucketFolder,
  record: ObjectRecord,
): Promise<ObjectRecord | undefined> => {
  const file = await stat(join(folder.objects, record.path)).catch(absent);
  if (!file?.isFile()) return undefined;
  if (file.mtimeMs === record.modifiedMilliseconds && file.size === record.size) return record;
  return {
    ...(await describe(folder, record.key, record.path)),
    headers: record.headers,
    metadata: record.metadata,
  };
};

export const removeObject = async (folder: BucketFolder, record: ObjectRecord): Promise<void> => {
  await rm(join(folder.objects, record.path), { force: true });
  await rm(join(folder.records, `${hashOfKey(record.key)}.json`), { force: true });
  // S3 has no folders: what an object leaves empty goes with it.
  for (let parent = dirname(record.path); parent !== '.'; parent = dirname(parent)) {
    const removed = await rmdir(join(folder.objects, parent)).then(
      () => true,
      () => false,
    );
    if (!removed) return;
  }
};

/** Moves a new object to its own path, or aside where that is impossible. */
const place = async (folder: BucketFolder, key: string, temporary: string): Promise<string> => {
  const own = pathOfKey(key);
  const spill = spillPathOfKey(key);
  if (own !== undefined) {
    try {
      await moveInto(join(folder.objects, own), temporary);
      return own;
    } catch (error) {
      if (!isOneOf(error, ['ENOTDIR', 'EEXIST', 'EISDIR', 'ENOTEMPTY', 'ENAMETOOLONG'])) throw error;
    }
  }
  await moveInto(join(folder.objects, spill), temporary);
  return spill;
};

const moveInto = async (target: string, temporary: string, attempts = 5): Promise<void> => {
  await mkdir(dirname(target), { recursive: true });
  try {
    await rename(temporary, target);
  } catch (error) {
    // Another object's removal may have taken the folder away in between.
    if (attempts === 0 || !isOneOf(error, ['ENOENT'])) throw error;
    await moveInto(target, temporary, attempts - 1);
  }
};

const describe = async (folder: BucketFolder, key: string, path: string): Promise<ObjectRecord> => {
  const file = join(folder.objects, path);
  const { size, mtimeMs, mtime } = await stat(file);
  const etag = etagOf(await readFile(file));
  return {
    ...noAttributes,
    key,
    path,
    size,
    modifiedMilliseconds: mtimeMs,
    etag,
    versionId: etag,
    lastModified: mtime.toISOString(),
  };
};

const absent = (error: unknown): undefined => {
  if (isOneOf(error, ['ENOENT', 'ENOTDIR'])) return undefined;
  throw error;
};

const isOneOf = (error: unknown, codes: readonly string[]): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && codes.includes(String(error.code));

import { createWriteStream } from 'node:fs';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Entry, openPromise, type ZipFile } from 'yauzl';

/**
 * Unpacks a packaged function into a folder, which afterwards holds the zip's files and nothing else. The folder appears
 * whole or not at all. Throws where the zip is missing or broken or has files that would lie outside of the folder.
 */
export const unpack = async (zip: string, directory: string): Promise<void> => {
  const half = `${directory}.${process.pid}.unpacking`;
  await rm(half, { recursive: true, force: true });
  await mkdir(half, { recursive: true });
  try {
    await unpackAll(zip, half);
    await rm(directory, { recursive: true, force: true });
    await rename(half, directory);
  } catch (cause) {
    await rm(half, { recursive: true, force: true });
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`the package ${zip} cannot be unpacked: ${why}`, { cause });
  }
};

const unpackAll = async (zip: string, directory: string): Promise<void> => {
  await access(zip).catch((cause: unknown) => {
    throw new Error('it is not there; make it with `npx sls package`.', { cause });
  });
  // Refuses absolute names and names with "..", and contents that are longer or shorter than the zip says.
  const opened = await openPromise(zip, { strictFileNames: true });
  for await (const entry of opened.eachEntry()) await unpackOne(opened, entry, directory);
};

const unpackOne = async (opened: ZipFile, entry: Entry, directory: string): Promise<void> => {
  if (entry.fileName.endsWith('/')) return;
  const path = join(directory, entry.fileName);
  await mkdir(dirname(path), { recursive: true });
  await pipeline(await opened.openReadStreamPromise(entry), createWriteStream(path));
};

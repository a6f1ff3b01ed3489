import { readFileSync } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { endianness } from 'node:os';
import { join } from 'node:path';

/**
 * Size of a file system that holds what the instance needs from the share and has only {@link roomPages} pages left:
 * lifeboat.json and the instance's own folder of every plan. The real share is only read. Throws where the copy would be
 * more than {@link largestCopyBytes}, because it lies in memory.
 */
export const fullShareBytes = async (share: string, instance: string): Promise<number> => {
  const page = pageBytes();
  let bytes = await occupiedBytes(join(share, 'lifeboat.json'), page);
  for (const plan of await readdir(share)) bytes += await occupiedBytes(join(share, plan, instance), page);
  if (bytes > largestCopyBytes) {
    throw new Error(
      `${instance} has ${Math.ceil(bytes / 1024 ** 2)} MB on the share; the fault share-full copies that into memory and takes at most ${largestCopyBytes / 1024 ** 2} MB. Try it with a smaller source.`,
    );
  }
  return bytes + roomPages * page;
};

/** Enough to say that a run has begun, not enough for a night's files: a file takes at least one page. */
export const roomPages = 1;
const largestCopyBytes = 1024 ** 3;

/** tmpfs counts whole pages of files; folders and short links are free. */
const occupiedBytes = async (path: string | Buffer, page: number): Promise<number> => {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (found === undefined) return 0;
  if (!found.isDirectory()) return Math.ceil(found.size / page) * page;
  let bytes = 0;
  for (const name of await readdir(path, { encoding: 'buffer' })) {
    bytes += await occupiedBytes(Buffer.concat([Buffer.from(path), Buffer.from('/'), name]), page);
  }
  return bytes;
};

/** AT_PAGESZ (6) of the auxiliary vector: pairs of native 64-bit words. 4 KiB on x86_64, up to 64 KiB on arm64. */
const pageBytes = (): number => {
  const vector = readFileSync('/proc/self/auxv');
  for (let at = 0; at + 16 <= vector.length; at += 16) {
    const word = (offset: number): bigint =>
      endianness() === 'LE' ? vector.readBigUInt64LE(offset) : vector.readBigUInt64BE(offset);
    if (word(at) === 6n) return Number(word(at + 8));
  }
  throw new Error('/proc/self/auxv does not tell the page size.');
};

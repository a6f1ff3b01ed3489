import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** How far an instance is, as the document's script says in `/var/lib/lifeboat/progress`. Totals are 0 while unknown. */
export type Progress = {
  readonly run: string;
  readonly phase: string;
  readonly files: number;
  readonly totalFiles: number;
  readonly bytes: number;
  readonly totalBytes: number;
};

/**
 * Reads the progress of an instance from its state folder; undefined where there is none or where it makes no sense.
 * The file belongs to the instance, so nothing about it is believed: it may be missing, half written, a link, a FIFO, huge
 * or full of rubbish. That is no error: the next look may find a better one. Throws only what the folder itself throws.
 */
export const readProgress = async (stateFolder: string): Promise<Progress | undefined> => {
  const text = await readSmallFile(join(stateFolder, 'progress'));
  if (text === undefined) return undefined;
  const parsed = progressText.safeParse(text);
  return parsed.success ? parsed.data : undefined;
};

const count = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not reach the terminal
const printable = z.string().regex(/^[^\u0000-\u001f\u007f-\u009f]*$/u);

const progressText = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue({ code: 'custom', message: 'not JSON' });
      return z.NEVER;
    }
  })
  .pipe(
    z.object({
      run: printable.max(200),
      phase: printable.max(60),
      files: count,
      totalFiles: count.default(0),
      bytes: count,
      totalBytes: count.default(0),
    }),
  );

const largestBytes = 4096;

/** Not through links, without waiting for a writer, regular files only, whole or not at all. */
const readSmallFile = async (path: string): Promise<string | undefined> => {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(path, flags).catch((error: NodeJS.ErrnoException) => {
    if (absent.has(error.code ?? '')) return undefined;
    throw error;
  });
  if (handle === undefined) return undefined;
  try {
    if (!(await handle.stat()).isFile()) return undefined;
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(largestBytes + 1), 0, largestBytes + 1, 0);
    return bytesRead > largestBytes ? undefined : buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
};

/** Missing, a link, a socket, a device without driver. */
const absent: ReadonlySet<string> = new Set(['ENOENT', 'ELOOP', 'ENXIO', 'ENOTDIR', 'ENODEV']);

import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';

/** What a step says on one stream: all of it on disk, the beginning in memory. */
export type Capture = {
  /** Resolves at the stream's end, or when it is left; rejects when the log cannot be written. */
  readonly done: Promise<void>;
  /** Stops listening: the writer gets a closed pipe. */
  readonly leave: () => void;
  /** Adds the agent's own words behind what the step said, and closes the file; after `done`. */
  readonly finish: (agentsWords: string) => Promise<void>;
  /** As the agent keeps it. */
  readonly text: () => string;
};

/** Kept of stdout and stderr, in bytes, including the mark of the cut (iohandler.DefaultOutputConfig of agent 3.3). */
export const keptBytes = { stdout: 24_000, stderr: 8_000 } as const;

/** Writes the stream to a file as it comes, in any amount and encoding, and keeps what fits into the limit. */
export const capture = async (stream: Readable, path: string, limitBytes: number): Promise<Capture> => {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, 'w', 0o600);
  const head: Buffer[] = [];
  let headBytes = 0;
  let left = false;
  const keep = async (bytes: Buffer): Promise<void> => {
    // One byte more than the limit tells that something was cut.
    const wanted = bytes.subarray(0, limitBytes + 1 - headBytes);
    if (wanted.length > 0) head.push(Buffer.from(wanted));
    headBytes += wanted.length;
    await file.appendFile(bytes);
  };
  const listen = async (): Promise<void> => {
    try {
      for await (const chunk of stream) await keep(Buffer.from(chunk));
    } catch (error) {
      // Leaving destroys the stream under the loop; what was heard until then is kept.
      if (!left) throw error;
    }
  };
  return {
    done: listen(),
    leave: () => {
      left = true;
      stream.destroy();
    },
    finish: async (agentsWords) => {
      try {
        if (agentsWords !== '') await keep(Buffer.from(agentsWords));
      } finally {
        await file.close();
      }
    },
    text: () => cut(Buffer.concat(head), limitBytes),
  };
};

const cutMark = '--output truncated--';

/** pluginutil.StringPrefix: the mark is part of the limit, and a text of exactly the limit is cut, too. */
export const cut = (bytes: Buffer, limitBytes: number): string => {
  if (bytes.length < limitBytes) return decode(bytes);
  return decode(bytes.subarray(0, limitBytes - cutMark.length)) + cutMark;
};

/** What is not UTF-8 becomes U+FFFD, as in the agent's JSON. */
const decode = (bytes: Buffer): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);

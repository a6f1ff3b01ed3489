import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** A function's log file, `<directory>/<function>.log`, to which every start appends. */
export type FunctionLog = {
  readonly line: (line: string) => void;
  /** Resolves when all is written. */
  readonly close: () => Promise<void>;
};

/** Throws where the folder cannot be made; a write that fails later ends the process, since nobody would see the log's end. */
export const openFunctionLog = (directory: string, functionName: string): FunctionLog => {
  mkdirSync(directory, { recursive: true });
  const stream = createWriteStream(join(directory, `${functionName}.log`), { flags: 'a' });
  return {
    line: (line) => {
      if (!stream.writableEnded) stream.write(`${line}\n`);
    },
    close: () => new Promise((resolve) => stream.end(resolve)),
  };
};

/** Of a function that may not write one: Lambda runs it all the same. */
export const noLog: FunctionLog = { line: () => undefined, close: async () => undefined };

/** The last 4 KB of what is added to it, as `LogType: Tail` answers them. */
export const openTail = () => {
  let tail = Buffer.alloc(0);
  return {
    line: (line: string): void => {
      tail = Buffer.concat([tail, Buffer.from(`${line}\n`)]).subarray(-4096);
    },
    text: (): string => tail.toString('utf8'),
  };
};

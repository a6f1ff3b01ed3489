import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

export type MarkedLines = {
  /** Resolves when this mark has been read, or when the stream has ended. */
  readonly marked: (mark: string) => Promise<void>;
};

/**
 * Reads what a function writes, line by line, and finds the marks that end an invocation's part. A mark may stand behind
 * text that had no line break.
 */
export const readMarkedLines = (stream: Readable, onLine: (line: string) => void): MarkedLines => {
  const decoder = new StringDecoder('utf8');
  const seen = new Set<string>();
  const waiting = new Map<string, () => void>();
  let rest = '';
  let ended = false;

  const take = (line: string): void => {
    const position = line.indexOf('\u0000end ');
    const text = position < 0 ? line : line.slice(0, position);
    if (position < 0 || text !== '') onLine(text);
    if (position < 0) return;
    const mark = line.slice(position);
    const resolve = waiting.get(mark);
    if (resolve === undefined) seen.add(mark);
    waiting.delete(mark);
    resolve?.();
  };
  stream.on('data', (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
  });
  stream.on('close', () => {
    ended = true;
    if (rest !== '') take(rest);
    for (const resolve of waiting.values()) resolve();
  });
  return {
    marked: (mark) =>
      ended || seen.delete(mark) ? Promise.resolve() : new Promise((resolve) => waiting.set(mark, resolve)),
  };
};

import { painted } from './colours.ts';
import { count, duration, size } from './wording.ts';

/** How far one instance is, as its document says in its progress file. */
export type Progress = {
  readonly phase: string;
  readonly files: number;
  readonly totalFiles: number;
  readonly bytes: number;
  readonly totalBytes: number;
};

/** One row of the live picture. */
export type Row = { readonly instance: string; readonly status: string; readonly progress?: Progress };

export type ProgressView = {
  readonly show: (rows: readonly Row[]) => void;
  /** A line that stays, above the live rows. */
  readonly say: (line: string) => void;
  /** Leaves the last picture where it is. */
  readonly end: () => void;
};

type Sink = {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly write: (text: string) => unknown;
};

/** Redraws in place on a terminal; elsewhere says a plain line when an instance has changed, each at most every 2 s. */
export const progressView = (sink: Sink, now: () => number): ProgressView =>
  sink.isTTY === true ? terminalView(sink, now) : plainView(sink, now);

const terminalView = (sink: Sink, now: () => number): ProgressView => {
  const rates = rateMeter(now);
  let drawn: readonly string[] = [];
  const erase = () => (drawn.length === 0 ? '' : `\x1b[${drawn.length}A\x1b[J`);
  const columns = () => (sink.columns || 80) - 1;
  return {
    show: (rows) => {
      const next = rows.map((row) => fitted(row, rates, columns()));
      if (next.join('\n') === drawn.join('\n')) return;
      sink.write(`${erase()}${painted(next.join('\n'), sink)}\n`);
      drawn = next;
    },
    say: (line) => {
      sink.write(`${erase()}${line}\n${painted(drawn.map((each) => `${each}\n`).join(''), sink)}`);
    },
    end: () => {
      drawn = [];
    },
  };
};

const plainMilliseconds = 2_000;

const plainView = (sink: Sink, now: () => number): ProgressView => {
  const rates = rateMeter(now);
  const last = new Map<string, { readonly at: number; readonly key: string; readonly status: string }>();
  return {
    show: (rows) => {
      for (const row of rows) {
        const before = last.get(row.instance);
        const key = `${row.status} ${row.progress?.phase} ${row.progress?.files}`;
        const status = `${row.status} ${row.progress?.phase}`;
        if (before?.key === key) continue;
        if (before !== undefined && before.status === status && now() - before.at < plainMilliseconds)
          continue;
        last.set(row.instance, { at: now(), key, status });
        sink.write(`  ${lineOf(row, rates(row), barWidth)}\n`);
      }
    },
    say: (line) => {
      sink.write(`${line}\n`);
    },
    end: () => last.clear(),
  };
};

type RateMeter = (row: Row) => number | undefined;

/** Bytes a second since the instance began the phase it is in. */
const rateMeter = (now: () => number): RateMeter => {
  const began = new Map<string, { readonly at: number; readonly phase: string; readonly bytes: number }>();
  return ({ instance, progress }) => {
    if (progress === undefined) return undefined;
    const start = began.get(instance);
    if (start === undefined || start.phase !== progress.phase) {
      began.set(instance, { at: now(), phase: progress.phase, bytes: progress.bytes });
      return undefined;
    }
    const seconds = (now() - start.at) / 1000;
    return seconds < 0.2 ? undefined : (progress.bytes - start.bytes) / seconds;
  };
};

const barWidth = 16;

/** What does not fit costs the bar its length, then the bar itself, and only then the end of the line. */
const fitted = (row: Row, rateOf: RateMeter, columns: number): string => {
  const rate = rateOf(row);
  const lines = [barWidth, barWidth / 2, 0].map((width) => `  ${lineOf(row, rate, width)}`);
  return (lines.find((line) => line.length <= columns) ?? lines.at(-1) ?? '').slice(0, columns);
};

const lineOf = (row: Row, rate: number | undefined, width: number): string => {
  const { progress } = row;
  const head = `${row.instance}  ${row.status.padEnd(11)}`;
  if (progress === undefined) return head.trimEnd();
  const part = progress.totalFiles === 0 ? 0 : Math.min(1, progress.files / progress.totalFiles);
  const bar = '█'.repeat(Math.round(part * width)).padEnd(width, '░');
  const left =
    rate === undefined || rate <= 0 ? undefined : ((progress.totalBytes - progress.bytes) / rate) * 1000;
  return [
    width === 0 && row.status === 'working'
      ? `${row.instance}  ${progress.phase.padEnd(8)}`
      : `${head} ${progress.phase.padEnd(8)}${width === 0 ? '' : ` ${bar}`}`,
    // While the source is scanned nobody knows yet how much there is.
    ...(progress.totalFiles === 0
      ? []
      : [`${count(progress.files)}/${count(progress.totalFiles)} files`, size(progress.bytes)]),
    ...(rate === undefined || rate <= 0 ? [] : [`${size(Math.round(rate))}/s`]),
    ...(left === undefined || left < 100 ? [] : [`${duration(left)} left`]),
  ]
    .join('  ')
    .trimEnd();
};

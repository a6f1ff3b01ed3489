import { randomBytes } from 'node:crypto';
import type { InvocationAnswer, LocalClock, LocalFunction } from '../contract.ts';
import type { Runtime } from './build-runtime.ts';
import { noLog, openFunctionLog, openTail } from './function-log.ts';
import { type FunctionProcess, startProcess } from './function-process.ts';
import { type FunctionMetric, metricsIn } from './metrics.ts';
import { answerOf, type Ended, endLines, startLine } from './platform-words.ts';
import { environmentOf } from './process-environment.ts';
import { openPool, type PoolAnswer } from './process-pool.ts';

export type OneFunctionOptions = {
  readonly fn: LocalFunction;
  readonly clock: LocalClock;
  readonly region: string;
  readonly endpoint: () => string;
  readonly environment: Readonly<Record<string, string>>;
  readonly logDirectory: string;
  /** Whether its role lets it write its log. */
  readonly mayLog: (fn: LocalFunction) => boolean;
  readonly scratchDirectory: string;
  readonly runtime: Runtime;
  readonly metrics: (found: readonly FunctionMetric[]) => void;
};

export type FunctionEvent = {
  readonly requestId: string;
  readonly payload: string;
  readonly traceId: string;
};

export type OneFunction = {
  /** Runs one event and answers as Lambda would; the log gets its START, END and REPORT. Rejects once it is stopped. */
  readonly run: (event: FunctionEvent) => Promise<InvocationAnswer>;
  readonly killRunning: () => number;
  readonly stop: () => Promise<void>;
};

/** A function with its processes and its log. */
export const openFunction = (options: OneFunctionOptions): OneFunction => {
  const { fn, clock } = options;
  const log = options.mayLog(fn) ? openFunctionLog(options.logDirectory, fn.name) : noLog;
  /** Who listens to what a process writes, while it runs an event. */
  const listeners = new Map<FunctionProcess, (line: string) => void>();
  const write = (process: FunctionProcess, line: string): void => {
    log.line(line);
    listeners.get(process)?.(line);
  };
  const pool = openPool(() => startFor(options, write));
  return {
    run: async (event) => {
      const tail = openTail();
      const answer = await pool.run(
        () => orderOf(fn, clock, event),
        (process) => {
          listeners.set(process, tail.line);
          write(process, startLine(event.requestId));
        },
      );
      const ended = endOf(fn, event, answer);
      for (const line of endLines(ended, clock.now())) write(answer.process, line);
      listeners.delete(answer.process);
      const { payload, failed } = answerOf(ended);
      return {
        statusCode: 200,
        payload,
        ...(failed ? { functionError: 'Unhandled' } : {}),
        logTail: tail.text(),
      };
    },
    killRunning: pool.killRunning,
    stop: async () => {
      await pool.stop();
      await log.close();
    },
  };
};

const startFor = (
  { fn, clock, runtime, metrics, ...options }: OneFunctionOptions,
  write: (process: FunctionProcess, line: string) => void,
): FunctionProcess => {
  const day = clock.now().toISOString().slice(0, 10).replaceAll('-', '/');
  const logStream = `${day}/[$LATEST]${randomBytes(16).toString('hex')}`;
  const started = startProcess({
    fn,
    runtime,
    environment: environmentOf(fn, {
      ...options,
      endpoint: options.endpoint(),
      added: options.environment,
      logStream,
    }),
    clockOffsetMilliseconds: clock.offsetMilliseconds(),
    onLine: (line) => {
      write(started, line);
      metrics(metricsIn(line));
    },
  });
  return started;
};

const orderOf = (fn: LocalFunction, clock: LocalClock, { requestId, payload, traceId }: FunctionEvent) => ({
  kind: 'invoke' as const,
  requestId,
  payload,
  functionArn: fn.arn,
  traceId,
  timeoutMilliseconds: fn.timeoutSeconds * 1000,
  clockOffsetMilliseconds: clock.offsetMilliseconds(),
});

const endOf = (
  fn: LocalFunction,
  { requestId }: FunctionEvent,
  { outcome, milliseconds, process, cold }: PoolAnswer,
): Ended => {
  const initMilliseconds = cold ? process.initMilliseconds() : undefined;
  return {
    fn,
    requestId,
    outcome,
    milliseconds,
    ...(initMilliseconds === undefined ? {} : { initMilliseconds }),
    peakMegabytes: process.peakMegabytes(),
  };
};

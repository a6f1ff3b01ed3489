import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { LocalFunction } from '../contract.ts';
import type { Runtime } from './build-runtime.ts';
import { errnoOf } from './errno.ts';
import { type MarkedLines, readMarkedLines } from './marked-lines.ts';
import { watchMemory } from './memory-watch.ts';
import { endMark, type FromFunction, type Invoke } from './runtime/messages.ts';

export type ProcessOutcome =
  | { readonly kind: 'answer'; readonly payload: string }
  /** The function threw, or its module did while it was loaded. */
  | { readonly kind: 'error'; readonly payload: string }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'out-of-memory' }
  | { readonly kind: 'exited'; readonly exitCode: number | null; readonly signal: NodeJS.Signals | null };

/** `milliseconds` count from the moment the function had the event. */
export type Ran = { readonly outcome: ProcessOutcome; readonly milliseconds: number };

export type FunctionProcess = {
  /** Runs one event; the next one only when this is done. Never rejects. */
  readonly run: (order: Invoke) => Promise<Ran>;
  /** False once it has ended or is bound to: the next event needs another one. */
  readonly isUsable: () => boolean;
  /** The most it ever had in memory, in megabytes. */
  readonly peakMegabytes: () => number;
  /** From the start to being ready, in milliseconds; undefined until then. */
  readonly initMilliseconds: () => number | undefined;
  readonly kill: () => void;
  /** Resolves when it has ended and all that it wrote was read. */
  readonly ended: Promise<void>;
};

export type ProcessOptions = {
  readonly fn: LocalFunction;
  readonly runtime: Runtime;
  readonly environment: Readonly<Record<string, string>>;
  readonly clockOffsetMilliseconds: number;
  readonly onLine: (line: string) => void;
};

/** Starts a process for a function; it loads the bundle at once. */
export const startProcess = (options: ProcessOptions): FunctionProcess => {
  const { fn } = options;
  const startedAt = performance.now();
  const child = spawnRuntime(options);
  const streams = [child.stdout, child.stderr].flatMap((stream) =>
    stream === null ? [] : [readMarkedLines(stream, options.onLine)],
  );
  const memory = watchMemory(child.pid, fn.memoryMegabytes, () => fail({ kind: 'out-of-memory' }));
  let initMilliseconds: number | undefined;
  let event: RunningEvent | undefined;
  /** Why it ends, once that is certain. */
  let reason: ProcessOutcome | undefined;

  const fail = (outcome: ProcessOutcome): void => {
    reason ??= outcome;
    killGroup(child);
  };
  const onMessage = (message: FromFunction): void => {
    memory.look();
    if (message.kind === 'ready') {
      initMilliseconds = performance.now() - startedAt;
      event?.begin();
    } else if (message.kind === 'error' && message.fatal) {
      reason ??= { kind: 'error', payload: message.payload };
    } else {
      event?.answered(message, allWritten(streams, message.requestId ?? ''));
    }
  };
  const onEnd = (outcome: ProcessOutcome): void => {
    memory.stop();
    reason ??= outcome;
    event?.ended(reason);
  };
  return {
    run: async (order) => {
      if (reason !== undefined) return { outcome: reason, milliseconds: 0 };
      event = runningEvent(child, order, () => fail({ kind: 'timed-out' }));
      if (initMilliseconds !== undefined) event.begin();
      return event.ran;
    },
    isUsable: () => reason === undefined && child.exitCode === null && child.signalCode === null,
    peakMegabytes: memory.peakMegabytes,
    initMilliseconds: () => initMilliseconds,
    kill: () => fail({ kind: 'exited', exitCode: null, signal: 'SIGKILL' }),
    ended: endOf(child, onMessage, onEnd),
  };
};

type RunningEvent = {
  /** Hands the event over; from now on its time counts. */
  readonly begin: () => void;
  readonly answered: (outcome: ProcessOutcome, written: Promise<void>) => void;
  readonly ended: (reason: ProcessOutcome) => void;
  readonly ran: Promise<Ran>;
};

/** Lambda gives a module 10 seconds to load, beyond the time of its first event. */
const initLimitMilliseconds = 10_000;

const runningEvent = (child: ChildProcess, order: Invoke, onLate: () => void): RunningEvent => {
  const { promise, resolve } = Promise.withResolvers<Ran>();
  let timer = setTimeout(onLate, initLimitMilliseconds + order.timeoutMilliseconds);
  let begunAt = performance.now();
  let answer: ProcessOutcome | undefined;
  const end = (outcome: ProcessOutcome): void => {
    clearTimeout(timer);
    resolve({ outcome, milliseconds: performance.now() - begunAt });
  };
  return {
    begin: () => {
      clearTimeout(timer);
      begunAt = performance.now();
      timer = setTimeout(onLate, order.timeoutMilliseconds);
      if (child.connected) child.send(order);
    },
    answered: (outcome, written) => {
      answer = outcome;
      void written.then(() => end(outcome));
    },
    // What it answered before it ended stands.
    ended: (reason) => end(answer ?? reason),
    ran: promise,
  };
};

/** Resolves when the process has ended and all that it wrote was read. */
const endOf = (
  child: ChildProcess,
  onMessage: (message: FromFunction) => void,
  onEnd: (outcome: ProcessOutcome) => void,
): Promise<void> =>
  new Promise((resolve) => {
    const end = (outcome: ProcessOutcome): void => {
      onEnd(outcome);
      resolve();
    };
    child.on('message', onMessage);
    // What it started itself must not outlive it, nor hold its output open.
    child.on('exit', () => killGroup(child));
    child.on('close', (exitCode, signal) => end({ kind: 'exited', exitCode, signal }));
    child.on('error', (error) => end({ kind: 'error', payload: notStarted(error) }));
  });

const notStarted = (error: Error): string =>
  JSON.stringify({
    errorType: 'Runtime.ExitError',
    errorMessage: `The process failed: ${error.message}`,
    trace: [],
  });

/** The kernel kills the process when the one that started it dies, even where the function never lets go of its thread. */
const setpriv = '/usr/bin/setpriv';

const spawnRuntime = (options: ProcessOptions): ChildProcess => {
  const { fn, runtime, environment, clockOffsetMilliseconds } = options;
  const command = [
    ...(existsSync(setpriv) ? [setpriv, '--pdeathsig', 'KILL', '--'] : []),
    process.execPath,
    // What the bootstrap of Lambda's Node runtimes gives to the heap: nine tenths, and a twentieth to each half of the young one.
    `--max-old-space-size=${Math.floor(fn.memoryMegabytes * 0.9)}`,
    `--max-semi-space-size=${Math.floor(fn.memoryMegabytes * 0.05)}`,
    runtime.path,
    String(clockOffsetMilliseconds),
    runtime.compileCache,
  ];
  const [file = process.execPath, ...args] = command;
  return spawn(file, args, {
    cwd: fn.codeDirectory,
    env: { ...environment },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A group of its own: Ctrl-C in the terminal reaches the runner, which ends its processes in order.
    detached: true,
  });
};

const killGroup = ({ pid }: ChildProcess): void => {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // ESRCH: nobody of the group is left, which is what was wanted.
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
};

const allWritten = async (streams: readonly MarkedLines[], requestId: string): Promise<void> => {
  await Promise.all(streams.map((stream) => stream.marked(endMark(requestId))));
};

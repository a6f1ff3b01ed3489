import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openActivity } from '../activity.ts';
import type { FunctionRunner, InvocationAnswer, LocalClock, LocalFunction } from '../contract.ts';
import type { DeadLetter, DeadLetters } from '../events/dead-letters.ts';
import { type AsynchronousOptions, takeEvent } from './asynchronous.ts';
import { buildRuntime } from './build-runtime.ts';
import { findFunction } from './function-name.ts';
import type { FunctionMetric } from './metrics.ts';
import { type OneFunction, openFunction } from './one-function.ts';

export type RunnerOptions = {
  readonly functions: readonly LocalFunction[];
  readonly clock: LocalClock;
  readonly region: string;
  /** Of local AWS's server; asked when a process starts. */
  readonly endpoint: () => string;
  /** Added to every function's environment, over the template's. */
  readonly environment: Readonly<Record<string, string>>;
  /** Gets a log file for each function. */
  readonly logDirectory: string;
  /** Whether a function's role lets it write its log; every one may where this is left out. */
  readonly mayLog?: (fn: LocalFunction) => boolean;
  /** For the runtime's bundle and the functions' own temporary files. */
  readonly scratchDirectory: string;
  readonly deadLetters: DeadLetters;
  /** Told what functions wrote as metrics, and what Lambda itself counts. */
  readonly measured?: (metrics: readonly FunctionMetric[]) => void;
};

export type LocalFunctions = FunctionRunner & {
  /** Resolves when no event is running or queued for now; retries that wait on the clock do not count. */
  readonly idle: () => Promise<void>;
  /** How many events are running or queued for now. */
  readonly underWay: () => number;
  /** Everything that ended as a dead letter, also of rules and schedules that share the box. */
  readonly deadLetters: () => readonly DeadLetter[];
  /** What the functions wrote in the embedded metric format, oldest first. */
  readonly metrics: () => readonly FunctionMetric[];
  /** SIGKILL to whatever of this function runs an event right now; answers how many processes that were. */
  readonly killCurrent: (name: string) => number;
};

/** There is no such function. The service answers it as ResourceNotFoundException. */
export class UnknownFunction extends Error {
  override readonly name = 'UnknownFunction';
}

/**
 * Runs packaged functions, each in processes of its own (docs/decisions/local-lambda.md). Processes start with the first
 * event. `invoke` and `invokeLater` throw {@link UnknownFunction}; `invoke` rejects once the runner is stopped.
 */
export const startFunctions = async (options: RunnerOptions): Promise<LocalFunctions> => {
  const { functions, clock, deadLetters } = options;
  const metrics: FunctionMetric[] = [];
  const measured = options.measured ?? (() => undefined);
  const opened = await openAll(options, (found) => {
    metrics.push(...found);
    measured(found);
  });
  const activity = openActivity();
  const find = (name: string): OpenedFunction => {
    const found = opened.get(findFunction(functions, name)?.name ?? '');
    if (found === undefined) throw new UnknownFunction(`Function not found: ${name}`);
    return found;
  };
  const run: AsynchronousOptions['run'] = async (fn, payload, requestId) => {
    const answer = await find(fn.arn).run({ requestId, payload, traceId: traceId(clock.now()) });
    measured(invocationMetrics(fn.name, answer, clock.now()));
    return answer;
  };
  const take = takeEvent({ activity, clock, deadLetters, run });
  return {
    names: functions.map(({ name }) => name),
    has: (name) => findFunction(functions, name) !== undefined,
    invoke: async (name, payload) => {
      const { fn } = find(name);
      const ended = activity.begin();
      return run(fn, jsonOf(payload), randomUUID()).finally(ended);
    },
    invokeLater: (name, payload, source) => void take(find(name).fn, jsonOf(payload), source),
    idle: activity.idle,
    underWay: activity.underWay,
    deadLetters: deadLetters.all,
    metrics: () => metrics,
    killCurrent: (name) => find(name).killRunning(),
    stop: async () => {
      await Promise.all([...opened.values()].map((one) => one.stop()));
    },
  };
};

/** What Lambda counts of each invocation, in the namespace AWS/Lambda. */
const invocationMetrics = (
  functionName: string,
  { functionError }: InvocationAnswer,
  time: Date,
): readonly FunctionMetric[] =>
  [
    { name: 'Invocations', value: 1 },
    { name: 'Errors', value: functionError === undefined ? 0 : 1 },
  ].map((count) => ({
    ...{ namespace: 'AWS/Lambda', dimensions: { FunctionName: functionName }, unit: 'Count', time },
    ...count,
  }));

type OpenedFunction = OneFunction & { readonly fn: LocalFunction };

/** By name. */
const openAll = async (
  options: RunnerOptions,
  metrics: (found: readonly FunctionMetric[]) => void,
): Promise<ReadonlyMap<string, OpenedFunction>> => {
  const runtime = await buildRuntime(options.scratchDirectory);
  const opened = new Map<string, OpenedFunction>();
  for (const fn of options.functions) {
    const scratchDirectory = join(options.scratchDirectory, fn.name);
    await mkdir(scratchDirectory, { recursive: true });
    opened.set(fn.name, {
      fn,
      ...openFunction({ mayLog: () => true, ...options, fn, runtime, scratchDirectory, metrics }),
    });
  }
  return opened;
};

/** An event without a payload is an empty object. */
const jsonOf = (payload: string): string => (payload === '' ? '{}' : payload);

/** As X-Ray writes it; the functions' own SDK calls carry it on. */
const traceId = (now: Date): string => {
  const seconds = Math.floor(now.getTime() / 1000).toString(16);
  return `Root=1-${seconds}-${randomBytes(12).toString('hex')};Parent=${randomBytes(8).toString('hex')};Sampled=0`;
};

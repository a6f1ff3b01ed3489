import type { LocalFunction } from '../contract.ts';
import type { ProcessOutcome } from './function-process.ts';

export type Ended = {
  readonly fn: LocalFunction;
  readonly requestId: string;
  readonly outcome: ProcessOutcome;
  readonly milliseconds: number;
  /** Present where the event began with a new process. */
  readonly initMilliseconds?: number;
  readonly peakMegabytes: number;
};

/** What Lambda answers for an event that ended so: JSON text, and whether it is an error. */
export const answerOf = ({ fn, requestId, outcome }: Pick<Ended, 'fn' | 'requestId' | 'outcome'>) => {
  switch (outcome.kind) {
    case 'answer':
      return { payload: outcome.payload, failed: false };
    case 'error':
      return { payload: outcome.payload, failed: true };
    case 'timed-out':
      return failure('Sandbox.Timedout', requestId, timedOut(fn));
    case 'out-of-memory':
      return failure('Runtime.ExitError', requestId, 'Runtime exited with error: signal: killed');
    case 'exited':
      return failure('Runtime.ExitError', requestId, exited(outcome.exitCode, outcome.signal));
  }
};

const failure = (errorType: string, requestId: string, why: string) => ({
  payload: JSON.stringify({ errorType, errorMessage: `RequestId: ${requestId} Error: ${why}` }),
  failed: true,
});

const timedOut = (fn: LocalFunction): string =>
  `Task timed out after ${fn.timeoutSeconds.toFixed(2)} seconds`;

const exited = (exitCode: number | null, signal: NodeJS.Signals | null): string => {
  if (signal === 'SIGKILL') return 'Runtime exited with error: signal: killed';
  if (signal === 'SIGABRT') return 'Runtime exited with error: signal: aborted';
  if (signal !== null) return `Runtime exited with error: signal: ${signal.slice(3).toLowerCase()}`;
  return exitCode === 0
    ? 'Runtime exited without providing a reason'
    : `Runtime exited with error: exit status ${exitCode}`;
};

export const startLine = (requestId: string): string => `START RequestId: ${requestId} Version: $LATEST`;

/** What Lambda writes to the log when an event has ended. */
export const endLines = (ended: Ended, now: Date): readonly string[] => [
  ...wordsOf(ended, now),
  `END RequestId: ${ended.requestId}`,
  reportLine(ended),
];

const wordsOf = ({ fn, requestId, outcome }: Ended, now: Date): readonly string[] => {
  switch (outcome.kind) {
    case 'timed-out':
      return [`${now.toISOString()} ${requestId} ${timedOut(fn)}`, ''];
    case 'out-of-memory':
    case 'exited': {
      const { payload } = answerOf({ fn, requestId, outcome });
      return [`${JSON.parse(payload).errorMessage}`, 'Runtime.ExitError'];
    }
    default:
      return [];
  }
};

const reportLine = ({
  fn,
  requestId,
  outcome,
  milliseconds,
  initMilliseconds,
  peakMegabytes,
}: Ended): string =>
  [
    `REPORT RequestId: ${requestId}`,
    `Duration: ${milliseconds.toFixed(2)} ms`,
    `Billed Duration: ${Math.ceil(milliseconds + (initMilliseconds ?? 0))} ms`,
    `Memory Size: ${fn.memoryMegabytes} MB`,
    `Max Memory Used: ${Math.min(peakMegabytes, fn.memoryMegabytes)} MB`,
    ...(initMilliseconds === undefined ? [] : [`Init Duration: ${initMilliseconds.toFixed(2)} ms`]),
    ...statusOf(outcome),
  ].join('\t');

const statusOf = (outcome: ProcessOutcome): readonly string[] => {
  switch (outcome.kind) {
    case 'answer':
    case 'error':
      return [];
    case 'timed-out':
      return ['Status: timeout'];
    case 'out-of-memory':
      return ['Status: error', 'Error Type: Runtime.OutOfMemory'];
    case 'exited':
      return ['Status: error', 'Error Type: Runtime.ExitError'];
  }
};

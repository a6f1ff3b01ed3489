import { randomUUID } from 'node:crypto';
import type { Activity } from '../activity.ts';
import type { InvocationAnswer, LocalClock, LocalFunction } from '../contract.ts';
import type { DeadLetters } from '../events/dead-letters.ts';
import { RunnerStopped } from './process-pool.ts';

export type AsynchronousOptions = {
  readonly activity: Activity;
  readonly clock: LocalClock;
  readonly deadLetters: DeadLetters;
  /** Runs an event once. Rejects with {@link RunnerStopped}. */
  readonly run: (fn: LocalFunction, payload: string, requestId: string) => Promise<InvocationAnswer>;
};

/** Lambda's pauses before the first and the second retry ("Error handling for asynchronous invocations"), in seconds. */
const pausesSeconds = [60, 120];
const defaultEventAgeSeconds = 6 * 3600;

/** An event that Lambda has taken: it is tried, tried again with the same request id, and given up. */
type TakenEvent = {
  readonly fn: LocalFunction;
  readonly payload: string;
  readonly source: string;
  readonly requestId: string;
  readonly takenAt: Date;
};

/**
 * Takes an event and answers the promise of its first attempt. Retries wait on the clock, and skipping to one waits until
 * it has run.
 */
export const takeEvent =
  (options: AsynchronousOptions) =>
  (fn: LocalFunction, payload: string, source: string): Promise<void> => {
    const event = { fn, payload, source, requestId: randomUUID(), takenAt: options.clock.now() };
    return attempt(options, event, 1);
  };

/** Under way until its retry is armed or its dead letter is put: whoever waited for it then finds the one or the other. */
const attempt = async (options: AsynchronousOptions, event: TakenEvent, count: number): Promise<void> => {
  const ended = options.activity.begin();
  try {
    const answer = await options.run(event.fn, event.payload, event.requestId);
    if (answer.functionError !== undefined) failed(options, event, answer, count);
  } catch (error) {
    // Its event ends with local AWS.
    if (!(error instanceof RunnerStopped)) throw error;
  } finally {
    ended();
  }
};

const failed = (
  options: AsynchronousOptions,
  event: TakenEvent,
  answer: InvocationAnswer,
  count: number,
): void => {
  const { fn, requestId, takenAt } = event;
  const pause = pausesSeconds[count - 1];
  if (pause === undefined || count > fn.maximumRetryAttempts) {
    giveUp(options, event, answer, count, 'RetriesExhausted');
    return;
  }
  const next = new Date(options.clock.now().getTime() + pause * 1000);
  const ageSeconds = (next.getTime() - takenAt.getTime()) / 1000;
  if (ageSeconds > (fn.maximumEventAgeSeconds ?? defaultEventAgeSeconds)) {
    giveUp(options, event, answer, count, 'EventAgeExceeded');
    return;
  }
  options.clock.at(next, `attempt ${count + 1} of ${fn.name} (${requestId})`, () =>
    attempt(options, event, count + 1),
  );
};

/** Shape of the record: "Capturing records of Lambda asynchronous invocations". */
const giveUp = (
  { clock, deadLetters }: AsynchronousOptions,
  { fn, payload, source, requestId }: TakenEvent,
  answer: InvocationAnswer,
  count: number,
  condition: 'RetriesExhausted' | 'EventAgeExceeded',
): void => {
  const at = clock.now();
  deadLetters.put({
    at,
    from: 'function',
    source,
    ...(fn.failureDestination === undefined ? {} : { queueArn: fn.failureDestination }),
    targetArn: fn.arn,
    reason: condition,
    body: JSON.stringify({
      version: '1.0',
      timestamp: at.toISOString(),
      requestContext: {
        requestId,
        functionArn: `${fn.arn}:$LATEST`,
        condition,
        approximateInvokeCount: count,
      },
      requestPayload: jsonOrText(payload),
      responseContext: {
        statusCode: answer.statusCode,
        executedVersion: '$LATEST',
        functionError: answer.functionError,
      },
      responsePayload: jsonOrText(answer.payload),
    }),
  });
};

/** A schedule's input need not be JSON. */
const jsonOrText = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

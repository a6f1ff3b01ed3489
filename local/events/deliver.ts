import type { FunctionRunner, LocalClock } from '../contract.ts';
import type { DeadLetters } from './dead-letters.ts';

/**
 * Hands a payload to a target (an asynchronous invocation of a function). Throws {@link DeliveryFailed}. `source` names
 * who sends it, for instance the ARN of a rule.
 */
export type Deliver = (targetArn: string, payload: string, source: string) => void;

export class DeliveryFailed extends Error {
  override readonly name = 'DeliveryFailed';
  /** AWS's code, for instance `ResourceNotFoundException`. */
  readonly code: string;
  readonly retriable: boolean;

  constructor(code: string, message: string, retriable: boolean) {
    super(message);
    this.code = code;
    this.retriable = retriable;
  }
}

/** Functions are the only targets that local AWS plays; anything else fails for good, as a target that is gone does. */
export const deliverToFunctions =
  (functions: Pick<FunctionRunner, 'has' | 'invokeLater'>): Deliver =>
  (targetArn, payload, source) => {
    if (!/^arn:[^:]+:lambda:/.test(targetArn))
      throw new DeliveryFailed(
        'UNSUPPORTED_TARGET',
        `Local AWS delivers to functions, not to ${targetArn}.`,
        false,
      );
    if (!functions.has(targetArn))
      throw new DeliveryFailed('ResourceNotFoundException', `Function not found: ${targetArn}`, false);
    functions.invokeLater(targetArn, payload, source);
  };

export type Delivery = {
  readonly from: 'rule' | 'schedule';
  /** ARN of the rule or schedule. */
  readonly source: string;
  readonly targetArn: string;
  /** Attempts are counted from 1. */
  readonly payload: (attempt: number) => string;
  readonly retryAttempts: number;
  readonly maximumEventAgeSeconds: number;
  readonly deadLetterArn?: string;
  /** Called once, when it was delivered or given up. */
  readonly ended: () => void;
};

export type DeliveryTools = {
  readonly clock: LocalClock;
  readonly deliver: Deliver;
  readonly deadLetters: DeadLetters;
};

/** AWS's defaults for rules and schedules: 185 times within a day. */
export const defaultRetryAttempts = 185;
export const defaultEventAgeSeconds = 86_400;

/** Delivers, tries again on the clock with growing pauses while that makes sense, and leaves a dead letter in the end. */
export const deliverWithRetries = (tools: DeliveryTools, delivery: Delivery): void => {
  const begunAt = tools.clock.now().getTime();
  const attempt = (count: number): void => {
    const payload = delivery.payload(count);
    try {
      tools.deliver(delivery.targetArn, payload, delivery.source);
    } catch (error) {
      if (!(error instanceof DeliveryFailed)) throw error;
      const next = new Date(tools.clock.now().getTime() + pauseMilliseconds(count));
      const tooLate = next.getTime() - begunAt > delivery.maximumEventAgeSeconds * 1000;
      if (error.retriable && count <= delivery.retryAttempts && !tooLate) {
        tools.clock.at(next, `delivery ${count + 1} to ${delivery.targetArn}`, () => attempt(count + 1));
        return;
      }
      tools.deadLetters.put(letterOf(delivery, error, payload, tools.clock.now()));
    }
    delivery.ended();
  };
  attempt(1);
};

/** AWS only says "exponential back-off": 1, 2, 4 … seconds, at most 15 minutes. */
const pauseMilliseconds = (attempt: number): number => Math.min(1000 * 2 ** (attempt - 1), 900_000);

const letterOf = (delivery: Delivery, error: DeliveryFailed, body: string, at: Date) => ({
  at,
  from: delivery.from,
  source: delivery.source,
  ...(delivery.deadLetterArn === undefined ? {} : { queueArn: delivery.deadLetterArn }),
  targetArn: delivery.targetArn,
  reason: error.code,
  body,
});

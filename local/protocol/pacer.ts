import { setTimeout as sleep } from 'node:timers/promises';
import type { Pace } from '../contract.ts';
import type { Exchange } from './exchange.ts';
import { AwsFailure } from './failure.ts';

/** Keeps callers to what AWS's services would let them do. Real time, like the time-outs of whoever calls. */
export type Pacer = {
  /** The refusal of a call that comes too soon after the others. */
  readonly refuses: (service: string, operation: string) => AwsFailure | undefined;
  /** Waits until an answer that took so long here would have come from AWS. */
  readonly wait: (exchange: Pick<Exchange, 'service' | 'operation'>, milliseconds: number) => Promise<void>;
};

export const pacerOf = (pace: Pace, now: () => number = () => performance.now()): Pacer => {
  const buckets = new Map<string, Bucket>();
  return {
    refuses: (service, operation) => {
      const throttle = pace(service, operation)?.throttle;
      if (throttle === undefined) return undefined;
      const name = `${service} ${operation}`;
      const bucket = refilled(buckets.get(name), throttle, now());
      const isEmpty = bucket.tokens < 1;
      buckets.set(name, isEmpty ? bucket : { ...bucket, tokens: bucket.tokens - 1 });
      return isEmpty ? throttled(service) : undefined;
    },
    wait: async ({ service, operation }, milliseconds) => {
      const left = (pace(service, operation)?.milliseconds ?? 0) - milliseconds;
      if (left > 0) await sleep(left);
    },
  };
};

type Bucket = { readonly tokens: number; readonly at: number };

const refilled = (
  before: Bucket | undefined,
  { perSecond, burst }: { readonly perSecond: number; readonly burst: number },
  at: number,
): Bucket =>
  before === undefined
    ? { tokens: burst, at }
    : { tokens: Math.min(burst, before.tokens + ((at - before.at) / 1000) * perSecond), at };

/** Each family of services has a code of its own for it. */
const throttled = (service: string): AwsFailure => {
  switch (service) {
    case 'ec2':
      return new AwsFailure('RequestLimitExceeded', 'Request limit exceeded.', 503);
    case 'autoscaling':
      return new AwsFailure('Throttling', 'Rate exceeded');
    default:
      return new AwsFailure('ThrottlingException', 'Rate exceeded');
  }
};

import { randomBytes, randomUUID } from 'node:crypto';
import type { Schedule } from '../contract.ts';

/** What is known of one invocation of a schedule's target. */
export type Invocation = {
  readonly arn: string;
  readonly execution: string;
  /** Counted from 1. */
  readonly attempt: number;
  readonly scheduledTime: Date;
  readonly account: string;
  readonly region: string;
};

/** The same for every attempt of one invocation. */
export const executionId = (): string => randomBytes(8).toString('hex');

/**
 * The schedule's input with its context attributes replaced (Scheduler User Guide, "Adding context attributes"); the
 * event that Scheduler makes up where the schedule has no input.
 */
export const inputOf = (schedule: Schedule, invocation: Invocation): string => {
  const attributes: Readonly<Record<string, string>> = {
    'scheduled-time': wholeSeconds(invocation.scheduledTime),
    'schedule-arn': invocation.arn,
    'execution-id': invocation.execution,
    'attempt-number': String(invocation.attempt),
  };
  const input = schedule.input === '' ? madeUp(invocation) : schedule.input;
  return input.replaceAll(/<aws\.scheduler\.([a-z-]+)>/g, (found, name: string) => attributes[name] ?? found);
};

const wholeSeconds = (time: Date): string => time.toISOString().replace(/\.\d+Z$/, 'Z');

const madeUp = ({ arn, scheduledTime, account, region }: Invocation): string =>
  JSON.stringify({
    version: '0',
    id: randomUUID(),
    'detail-type': 'Scheduled Event',
    source: 'aws.scheduler',
    account,
    time: wholeSeconds(scheduledTime),
    region,
    resources: [arn],
    detail: '{}',
  });

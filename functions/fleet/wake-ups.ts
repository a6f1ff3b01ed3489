import { createHash } from 'node:crypto';
import { ConflictException, CreateScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import type { Environment } from '../config/environment.ts';
import type { WakeUps } from '../pipeline/doors.ts';
import { clientConfig } from './aws-client.ts';

/** One-time schedules that wake check or drain and delete themselves (EventBridge Scheduler, `ActionAfterCompletion: DELETE`). */
export const openWakeUps = (environment: Environment, abortSignal: AbortSignal): WakeUps => {
  const client = new SchedulerClient(clientConfig(environment.region));
  const wake = async (functionArn: string, run: string, at: Date, why: string): Promise<void> => {
    const time = atSecond(new Date(Math.max(at.getTime(), Date.now() + soonestMilliseconds)));
    const input = {
      Name: nameOf(run, why, time),
      GroupName: environment.scheduleGroup,
      Description: `${run}: ${why}`,
      ScheduleExpression: `at(${time})`,
      ScheduleExpressionTimezone: 'UTC',
      FlexibleTimeWindow: { Mode: 'OFF' as const },
      ActionAfterCompletion: 'DELETE' as const,
      Target: {
        Arn: functionArn,
        RoleArn: environment.schedulerRoleArn,
        Input: JSON.stringify({ run, why, scheduledTime: '<aws.scheduler.scheduled-time>' }),
        RetryPolicy: { MaximumEventAgeInSeconds: 3_600, MaximumRetryAttempts: 10 },
        DeadLetterConfig: { Arn: environment.deadLettersArn },
      },
    };
    try {
      await client.send(new CreateScheduleCommand(input), { abortSignal });
    } catch (error) {
      // The same wake-up was made before, by a worker that died or by another one: it is there, which is all we want.
      if (!(error instanceof ConflictException)) throw error;
    }
  };
  return {
    wakeCheck: (run, at, why) => wake(environment.checkArn, run, at, why),
    wakeDrain: (run, at, why) => wake(environment.drainArn, run, at, why),
  };
};

/** Scheduler is exact to the minute: what a time within the current one does is not documented. */
const soonestMilliseconds = 60_000;

/** `at()` takes whole seconds in UTC without a zone: rounded up, so that a deadline has passed when check wakes. */
const atSecond = (time: Date): string =>
  new Date(Math.ceil(time.getTime() / 1000) * 1000).toISOString().replace(/\.\d+Z$/, '');

/** At most 64 characters of `[0-9a-zA-Z-_.]`: the run is told by a hash, its time and operation stay readable. */
const nameOf = (run: string, why: string, time: string): string => {
  const hash = createHash('sha256').update(`${run} ${time}`).digest('hex').slice(0, 12);
  return `${run.slice(run.indexOf('/') + 1)}-${why}-${hash}`;
};

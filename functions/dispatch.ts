import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { planNamed } from './config/deployed-plans.ts';
import { readEnvironment } from './config/environment.ts';
import { BadEvent, type DispatchEvent, readControlEvent, readDispatchEvent } from './config/events.ts';
import { type ControlAnswer, obey } from './obey.ts';
import { openDoors, workerOf } from './open-doors.ts';
import { type DispatchAnswer, type DispatchRequest, dispatchRun } from './pipeline/dispatch-run.ts';
import { beginByHand, beginBySchedule } from './pipeline/pause.ts';
import { pruneByHand } from './pipeline/prune-run.ts';
import { type RetryAnswer, retryFailed } from './pipeline/retry-failed.ts';
import { logger } from './telemetry/log.ts';

const environment = readEnvironment(process.env);

/**
 * Begins a run of a plan: woken by its schedule, or by hand with `sls invoke -f dispatch --data '{"plan":"acme-web"}'`. Or
 * does what a person asks for beside that: cancel, pause, resume.
 */
const dispatch = async (
  raw: unknown,
  context: Context,
): Promise<DispatchAnswer | RetryAnswer | ControlAnswer> => {
  const doors = openDoors(environment, context);
  const control = readControlEvent(raw);
  if (control !== undefined) return obey(control, doors, context.awsRequestId);
  const event = readDispatchEvent(raw);
  const begin = beginningOf(event);
  const answer = await begin(doors, requestOf(event, context.awsRequestId), workerOf(context));
  logger.info('dispatched', { answer });
  return answer;
};

const beginningOf = (event: DispatchEvent) => {
  switch (event.operation) {
    case 'prune':
      return pruneByHand;
    case 'backup':
      if (event.scheduledTime !== undefined) return beginBySchedule;
      return event.retryFailed === true ? retryFailed : beginByHand;
    case 'restore':
    case 'verify':
      return dispatchRun;
    case 'final-backup':
      throw new BadEvent(
        `The operation ${event.operation} is not offered by hand; backup, restore, verify and prune are.`,
      );
  }
};

const requestOf = (event: DispatchEvent, requestId: string): DispatchRequest => {
  const plan = planNamed(event.plan);
  const { operation, scheduledTime, instances, allowShrink, concurrency, verify, restore, dryRun } = event;
  return {
    ...{ plan, operation, allowShrink },
    trigger: { kind: scheduledTime === undefined ? 'hand' : 'schedule', requestId },
    scheduledTime: scheduledTime ?? new Date(),
    ...(instances === undefined ? {} : { instances }),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(verify === undefined ? {} : { verify }),
    ...(restore === undefined
      ? { dryRun }
      : { restore: { into: plan.source.path, ...restore }, dryRun: false }),
  };
};

export const handler = middy(dispatch).use(injectLambdaContext(logger, { resetKeys: true }));

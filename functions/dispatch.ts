import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { planNamed } from './config/deployed-plans.ts';
import { readEnvironment } from './config/environment.ts';
import { BadEvent, readDispatchEvent } from './config/events.ts';
import { readIncidentEvent } from './config/incident-event.ts';
import { openDoors, workerOf } from './open-doors.ts';
import { type DispatchAnswer, dispatchRun } from './pipeline/dispatch-run.ts';
import { pruneByHand } from './pipeline/prune-run.ts';
import { type SteerAnswer, steerIncident } from './pipeline/steer-incident.ts';
import { logger } from './telemetry/log.ts';

const environment = readEnvironment(process.env);

/**
 * Begins a run of a plan: woken by its schedule, or by hand with `sls invoke -f dispatch --data '{"plan":"acme-web"}'`. By hand it
 * also mutes or acknowledges an incident.
 */
const dispatch = async (raw: unknown, context: Context): Promise<DispatchAnswer | SteerAnswer> => {
  const steer = readIncidentEvent(raw, new Date());
  if (steer !== undefined)
    return steerIncident(openDoors(environment, context), planNamed(steer.plan), steer);
  const event = readDispatchEvent(raw);
  if (event.operation === 'final-backup')
    throw new BadEvent(
      `The operation ${event.operation} is not offered by hand; backup, restore, verify and prune are.`,
    );
  const plan = planNamed(event.plan);
  const begin = event.operation === 'prune' ? pruneByHand : dispatchRun;
  const answer = await begin(
    openDoors(environment, context),
    {
      plan,
      operation: event.operation,
      trigger: {
        kind: event.scheduledTime === undefined ? 'hand' : 'schedule',
        requestId: context.awsRequestId,
      },
      scheduledTime: event.scheduledTime ?? new Date(),
      ...(event.instances === undefined ? {} : { instances: event.instances }),
      allowShrink: event.allowShrink,
      ...(event.verify === undefined ? {} : { verify: event.verify }),
      ...(event.restore === undefined
        ? { dryRun: event.dryRun }
        : { restore: { into: plan.source.path, ...event.restore }, dryRun: false }),
    },
    workerOf(context),
  );
  logger.info('dispatched', { answer });
  return answer;
};

export const handler = middy(dispatch).use(injectLambdaContext(logger, { resetKeys: true }));

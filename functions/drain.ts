import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { deployedPlans, planNamed } from './config/deployed-plans.ts';
import { type DrainEvent, readDrainEvent } from './config/drain-event.ts';
import { readEnvironment } from './config/environment.ts';
import { workerOf } from './open-doors.ts';
import { openDrainDoors } from './open-drain-doors.ts';
import type { CheckAnswer } from './pipeline/check-run.ts';
import { type DrainAnswer, drainInstance } from './pipeline/drain-instance.ts';
import { lookAfterDrain } from './pipeline/drain-run.ts';
import { plansFor } from './pipeline/plans-for.ts';
import { planOfRun } from './pipeline/run-id.ts';
import { logger } from './telemetry/log.ts';

const environment = readEnvironment(process.env);

/** Saves an instance that is about to go and lets it go: woken by its group, by EC2, by the end of a command, or by hand. */
const drain = async (
  raw: unknown,
  context: Context,
): Promise<DrainAnswer | CheckAnswer | { note: string }> => {
  const doors = openDrainDoors(environment, context);
  const worker = workerOf(context);
  const event = readDrainEvent(raw, doors.clock.now());
  if (event.kind === 'departure') {
    const { plans, departure } = await plansFor(doors.inventory, deployedPlans, event.departure);
    if (plans.length === 0) return { note: `No plan covers ${departure.instance}; it is left alone.` };
    const answer = await drainInstance(doors, plans, departure, worker);
    logger.info('drained', { answer });
    return answer;
  }
  const run = await runOf(event, doors);
  const plan = run === undefined ? undefined : planOfRun(run);
  if (run === undefined || plan === undefined) return { note: 'This command is not one of ours.' };
  const why =
    event.kind === 'command' ? ({ ...event, kind: 'ended' } as const) : ({ kind: 'wake-up' } as const);
  const answer = await lookAfterDrain(doors, planNamed(plan), run, worker, why);
  logger.info('looked after', { answer });
  return answer;
};

const runOf = async (
  event: Exclude<DrainEvent, { kind: 'departure' }>,
  { runCommand }: ReturnType<typeof openDrainDoors>,
): Promise<string | undefined> =>
  event.kind === 'run' ? event.run : (await runCommand.commentOf(event.commandId))?.split('#', 1)[0];

export const handler = middy(drain).use(injectLambdaContext(logger, { resetKeys: true }));

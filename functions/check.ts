import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { planNamed } from './config/deployed-plans.ts';
import { readEnvironment } from './config/environment.ts';
import { BadEvent, type CheckEvent, readCheckEvent } from './config/events.ts';
import { openDoors, workerOf } from './open-doors.ts';
import { type CheckAnswer, type CheckDoors, checkRun } from './pipeline/check-run.ts';
import { planOfRun } from './pipeline/run-id.ts';
import { logger } from './telemetry/log.ts';

const environment = readEnvironment(process.env);

/** Finds out what really happened: woken by the end of a command, by a run's wake-up, or by hand with a run or a plan. */
const check = async (raw: unknown, context: Context): Promise<CheckAnswer | { readonly note: string }> => {
  const doors = openDoors(environment, context);
  const event = readCheckEvent(raw);
  const run = await runOf(event, doors);
  const plan = run === undefined ? undefined : planOfRun(run);
  if (run === undefined || plan === undefined)
    return { note: 'This command is not one of ours; nothing to check.' };
  const ended = event.kind === 'command' ? event.commandId : undefined;
  const answer = await checkRun(doors, planNamed(plan), run, workerOf(context), ended);
  logger.info('checked', { answer });
  return answer;
};

const runOf = async (event: CheckEvent, doors: CheckDoors): Promise<string | undefined> => {
  switch (event.kind) {
    case 'run':
      return event.run;
    case 'command':
      // The comment is `<run>#<attempt>.<part>`: see SentCommand.
      return (await doors.runCommand.commentOf(event.commandId))?.split('#', 1)[0];
    case 'newest': {
      // Each good backup is followed by a prune of the same time; who asks for a plan means what saves or brings back.
      const runs = await doors.runs.newest(planNamed(event.plan).name, 10);
      const newest = runs.find((run) => !run.endsWith('-prune'));
      if (newest === undefined) throw new BadEvent(`The plan ${event.plan} has no run yet.`);
      return newest;
    }
  }
};

export const handler = middy(check).use(injectLambdaContext(logger, { resetKeys: true }));

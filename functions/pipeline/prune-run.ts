import type { Plan } from '../config/plan.ts';
import {
  type DispatchAnswer,
  type DispatchDoors,
  type DispatchRequest,
  dispatchRun,
} from './dispatch-run.ts';
import type { FleetSnapshot, Inventory } from './doors.ts';
import { goneInstances } from './gone-instances.ts';
import { newestRecord } from './newest-record.ts';
import { makesPoints } from './overview.ts';
import { pointName, runId, timeOfRun } from './run-id.ts';
import { isGoodResult, type PruneRequest, type RunRecord } from './run-record.ts';
import type { Worker } from './worker.ts';

export class NothingGoodToPruneAfter extends Error {
  override readonly name = 'NothingGoodToPruneAfter';
}

/** So long after a backup has ended well its prune is begun; a run that somebody looks at later begins nothing. */
const soonMilliseconds = 60 * 60_000;

/**
 * Begins the prune that follows a good backup of the whole fleet. It is named by the time of the backup, so that it is
 * begun once, whoever looks at the closed backup how often. Anything but a good night of all leaves the share as it is.
 */
export const pruneAfter = async (
  allDoors: DispatchDoors,
  plan: Plan,
  backup: RunRecord,
  worker: Worker,
): Promise<void> => {
  const { run, operation, scope, result, closedAt } = backup;
  const after = pointName(run);
  const scheduledTime = timeOfRun(run);
  if (operation !== 'backup' || scope !== 'fleet' || after === undefined || scheduledTime === undefined)
    return;
  if (result !== 'protected' && result !== 'protected-with-warnings') return;
  if (allDoors.clock.now().getTime() - Date.parse(closedAt ?? '') > soonMilliseconds) return;
  const doors = askingOnce(allDoors);
  const request = {
    plan,
    operation: 'prune' as const,
    trigger: { kind: 'run' as const, run, requestId: worker.requestId },
    scheduledTime,
    allowShrink: false,
    prune: await whatToPrune(doors, plan, scheduledTime, { after, dryRun: false }),
    dryRun: false,
  };
  const answer = await dispatchRun(doors, request, worker);
  doors.log.info('prune', { after: run, answer });
};

/**
 * Begins a prune that a person asks for. Throws {@link NothingGoodToPruneAfter} where the newest backup of the whole fleet
 * is not good; a dry run removes nothing and is answered all the same.
 */
export const pruneByHand = async (
  allDoors: DispatchDoors,
  request: DispatchRequest,
  worker: Worker,
): Promise<DispatchAnswer> => {
  const doors = askingOnce(allDoors);
  const newest = await newestOfTheFleet(doors, request.plan.name);
  const isGood = newest?.result !== undefined && isGoodResult(newest.result);
  if (!isGood && !request.dryRun) throw new NothingGoodToPruneAfter(whyNot(request.plan.name, newest));
  const after = isGood ? pointName(newest.run) : undefined;
  const own = { ...(after === undefined ? {} : { after }), dryRun: request.dryRun };
  const prune =
    request.instances === undefined
      ? await whatToPrune(doors, request.plan, request.scheduledTime, own)
      : own;
  // The instances do the dry run: only they see what there is.
  return dispatchRun(doors, { ...request, prune, dryRun: false }, worker);
};

/** Who is gone and who is expected is told from one look at the fleet: for ten thousand instances a look is two hundred calls. */
const askingOnce = (doors: DispatchDoors): DispatchDoors => {
  let seen: Promise<FleetSnapshot> | undefined;
  const take: Inventory['take'] = (fleet) => {
    seen ??= doors.inventory.take(fleet);
    return seen;
  };
  return { ...doors, inventory: { ...doors.inventory, take } };
};

/** With what a prune of the whole fleet does about instances that are gone; asked once, before the run is written down. */
const whatToPrune = async (
  doors: DispatchDoors,
  plan: Plan,
  scheduledTime: Date,
  own: PruneRequest,
): Promise<PruneRequest> => {
  const run = runId(plan.name, scheduledTime, 'prune');
  if ((await doors.runs.read(run)) !== undefined) return own;
  const gone = await goneInstances(doors, plan, run);
  return gone === undefined ? own : { ...own, gone };
};

const newestOfTheFleet = (doors: DispatchDoors, plan: string): Promise<RunRecord | undefined> =>
  newestRecord(
    doors.runs,
    plan,
    'backup',
    (record) => makesPoints(record) && record.scope === 'fleet' && record.result !== 'paused',
  );

const whyNot = (plan: string, newest: RunRecord | undefined): string => {
  const found =
    newest === undefined
      ? `The plan ${plan} has no backup of the whole fleet yet`
      : `The newest backup of the whole fleet, ${newest.run}, is ${newest.result ?? 'still open'}`;
  return `${found}; nothing was removed. A dry run is always answered: \`{"plan":"${plan}","operation":"prune","dryRun":true}\`.`;
};

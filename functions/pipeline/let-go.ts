import type { Plan } from '../config/plan.ts';
import { causes } from './causes.ts';
import { isProtected } from './decide.ts';
import { endsOf, isWaiting, type LifeCycleAction } from './drain.ts';
import type { DrainDoors } from './drain-doors.ts';
import { revise } from './revise.ts';
import type { InstanceResult, RunRecord } from './run-record.ts';
import { patience } from './wave.ts';

/**
 * The end of an instance's final backup: the last resort where it does not have everything, then the instance is let go,
 * then the run hears of it. Each step is written down before the next, so that whoever comes after a crash goes on there.
 */
export const endSave = async (
  doors: DrainDoors,
  plan: Plan,
  record: RunRecord,
  outcome: InstanceResult,
): Promise<RunRecord> => {
  const { instance } = outcome;
  const known = (await doors.drains.read(instance))?.value.saves[plan.name];
  const { result, problems } =
    known?.run === record.run && known.result !== undefined
      ? { result: known.result, problems: [] }
      : await withLastResort(doors, plan, record, outcome);
  await revise(doors.drains, instance, (drain) =>
    drain.saves[plan.name]?.result === undefined
      ? { ...drain, saves: { ...drain.saves, [plan.name]: { run: record.run, result } } }
      : undefined,
  );
  const refused = await completeActions(doors, instance);
  const { value } = await revise(
    doors.runs,
    record.run,
    (current) => withEnd(current, result, [...problems, ...refused]),
    patience(doors),
  );
  return value;
};

const withEnd = (
  record: RunRecord,
  result: InstanceResult,
  problems: readonly string[],
): RunRecord | undefined => {
  const settled = record.settled ?? [];
  if (record.state === 'closed' || settled.some(({ instance }) => instance === result.instance))
    return undefined;
  return {
    ...record,
    settled: [...settled, result],
    problems: [...new Set([...record.problems, ...problems])],
  };
};

type End = { readonly result: InstanceResult; readonly problems: readonly string[] };

const withLastResort = async (
  doors: DrainDoors,
  plan: Plan,
  { run }: RunRecord,
  result: InstanceResult,
): Promise<End> => {
  if (plan.drain?.snapshot !== true || !needsSnapshot(result)) return { result, problems: [] };
  const fate = await doors.snapshots.take(plan.name, result.instance, run);
  switch (fate.kind) {
    case 'taken':
      return { result: { ...result, snapshots: fate.snapshots }, problems: [] };
    case 'impossible':
      return { result, problems: [`No snapshot of ${result.instance} could be taken: ${fate.why}`] };
  }
};

/** Everything that the recovery point may lack; an instance that has gone has no volumes any more. */
const needsSnapshot = ({ outcome, cause, report }: InstanceResult): boolean => {
  if (outcome === 'gone') return false;
  const warnings = [...(report?.warnings ?? []).map((warning) => warning.cause), cause];
  return !isProtected({ outcome }) || warnings.includes('out-of-time');
};

/**
 * Completes the life-cycle actions of an instance that every plan is done with. Answers what AWS refused, as sentences
 * for people; what AWS may take the next time is thrown.
 */
export const completeActions = async (doors: DrainDoors, instance: string): Promise<readonly string[]> => {
  const drain = (await doors.drains.read(instance))?.value;
  if (drain === undefined || endsOf(drain) === undefined) return [];
  const refusals: string[] = [];
  for (const action of drain.actions.filter(isWaiting)) {
    const fate = await doors.lifeCycle.complete(action, instance);
    if (fate.kind === 'refused') refusals.push(refusalOf(action, instance, fate.why));
    const state = fate.kind === 'done' ? 'completed' : fate.kind;
    doors.log.info('life-cycle action', { instance, hook: action.hook, state });
    await noteAction(doors, instance, action, state);
  }
  await revise(doors.drains, instance, (current) =>
    current.letGoAt === undefined && !current.actions.some(isWaiting)
      ? { ...current, letGoAt: doors.clock.now().toISOString() }
      : undefined,
  );
  return refusals;
};

export const noteAction = async (
  doors: DrainDoors,
  instance: string,
  { token }: LifeCycleAction,
  state: LifeCycleAction['state'],
): Promise<void> => {
  await revise(doors.drains, instance, (drain) => ({
    ...drain,
    actions: drain.actions.map((action) =>
      action.token === token && isWaiting(action) ? { ...action, state } : action,
    ),
  }));
};

export const refusalOf = ({ hook, group }: LifeCycleAction, instance: string, why: string): string =>
  `Auto Scaling did not take the end of the life-cycle action ${hook} of ${instance} (${why}); the instance waits ` +
  `in ${group} until the hook's own time is over. Deploy Lifeboat again with the group in its plan.`;

/** Whether another command may end better, and how many have been sent already does not forbid it. */
export const isWorthAnother = ({ cause, outcome, attempts }: InstanceResult): boolean =>
  cause !== undefined &&
  !isProtected({ outcome }) &&
  causes[cause].retry &&
  (cause === 'already-running' || attempts < 2);

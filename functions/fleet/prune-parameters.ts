import { zoneOffsets } from '../config/zone-offsets.ts';
import type { CommandRequest } from '../pipeline/doors.ts';

/** Between the end of its budget and the moment the document is killed: what it has begun it may end. */
const endingSeconds = 300;
const dayMilliseconds = 86_400_000;

/** The parameters of ssm-documents/prune.yml. */
export const pruneParameters = (
  { plan, run, prune, executionSeconds }: CommandRequest,
  now: Date,
): Readonly<Record<string, string[]>> => {
  if (prune === undefined) throw new Error(`${run} does not say what to prune by.`);
  const { last, daily, weekly, monthly, yearly, minimum, budgetMinutes } = plan.retention;
  const numbers = { last, daily, weekly, monthly, yearly, minimum };
  const budgetSeconds = Math.min(budgetMinutes * 60, Math.max(60, executionSeconds - endingSeconds));
  return {
    run: [run],
    after: [prune.after ?? ''],
    share: [plan.share.path],
    shareId: [plan.share.id ?? ''],
    ...Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, [String(value)]])),
    zone: [zoneOffsets(plan.schedule.timezone, new Date(now.getTime() + dayMilliseconds))],
    caretaker: [prune.gone?.caretaker ?? ''],
    gone: [(prune.gone?.instances ?? []).join(',')],
    goneBefore: [prune.gone?.before ?? ''],
    dryRun: [prune.dryRun ? 'yes' : 'no'],
    budgetSeconds: [String(budgetSeconds)],
    nice: [String(plan.load.nice)],
    executionTimeout: [String(executionSeconds)],
  };
};

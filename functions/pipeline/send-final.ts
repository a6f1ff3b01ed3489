import type { Plan } from '../config/plan.ts';
import { backupUntil, type Drain } from './drain.ts';
import type { DrainDoors } from './drain-doors.ts';
import { revise } from './revise.ts';
import type { RunRecord, SentCommand } from './run-record.ts';
import { isUnsent, noted, sendOne } from './send-commands.ts';
import { patience } from './wave.ts';
import { leaseOf, type Worker } from './worker.ts';

/**
 * Sends what the run intends for the instance and has no id for yet. The caller holds the lease on the drain. False where
 * AWS refused a command for good.
 */
export const sendTo = async (
  doors: DrainDoors,
  plan: Plan,
  record: RunRecord,
  drain: Drain,
): Promise<boolean> => {
  let taken = true;
  for (const command of record.commands.filter(isFor(drain.instance)).filter(isUnsent)) {
    const fate = await sendOne(doors, plan, record, command, backupUntil(drain));
    if ('refused' in fate) taken = false;
    await revise(doors.runs, record.run, (current) => noted(current, command.comment, fate), patience(doors));
  }
  return taken;
};

export const isFor =
  (instance: string) =>
  ({ targets }: SentCommand): boolean =>
    targets.kind === 'instances' && targets.instances.includes(instance);

/** Takes the lease on the drain; undefined while another worker has it. */
export const holdDrain = async (
  { drains, clock }: DrainDoors,
  instance: string,
  worker: Worker,
): Promise<Drain | undefined> => {
  const now = clock.now();
  const { value } = await revise(drains, instance, (drain) =>
    isHeld(drain, worker, now) ? undefined : { ...drain, lease: leaseOf(worker) },
  );
  return value.lease?.holder === worker.requestId ? value : undefined;
};

export const isHeld = ({ lease }: Drain, { requestId }: Worker, now: Date): boolean =>
  lease !== undefined && lease.holder !== requestId && Date.parse(lease.until) > now.getTime();

export const release = async ({ drains }: DrainDoors, instance: string, worker: Worker): Promise<void> => {
  await revise(drains, instance, ({ lease, ...drain }) =>
    lease?.holder === worker.requestId ? drain : undefined,
  );
};

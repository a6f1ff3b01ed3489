import type { Plan } from '../config/plan.ts';
import type { Clock } from './doors.ts';
import type { Drain } from './drain.ts';
import type { DrainDoors } from './drain-doors.ts';
import { type Patience, revise } from './revise.ts';
import { runId, timeOfRun } from './run-id.ts';
import type { ExpectedInstance, RunRecord } from './run-record.ts';
import { intendedCommands } from './send-commands.ts';

/**
 * Final backups come in waves: the instances of a plan that begin to go within the same minute share one run, one message
 * and one entry in the overview, whether they are one or fifty. The run has the time of the minute's end, so that its
 * recovery points are newer than whatever ran on the instances before; until then others may join.
 */
const waveMilliseconds = 60_000;
/** More waves than an instance can miss by coming when they close. */
const mostWaves = 10;

/** Puts the instance into a run and the command for it into the run's intentions. The drain names the run first. */
export const joinWave = async (doors: DrainDoors, plan: Plan, drain: Drain): Promise<RunRecord> => {
  const member = await memberOf(doors, drain);
  let run = drain.saves[plan.name]?.run ?? waveAfter(plan, doors.clock.now());
  for (let waves = 0; waves < mostWaves; waves += 1) {
    await noteRun(doors, drain.instance, plan.name, run);
    const record = await joinRun(doors, plan, run, member);
    if (isIn(record, drain.instance)) return record;
    const over = timeOfRun(run) ?? doors.clock.now();
    run = waveAfter(plan, new Date(Math.max(over.getTime(), doors.clock.now().getTime())));
  }
  throw new Error(`${drain.instance} came too late for ${mostWaves} waves of final backups.`);
};

const waveAfter = (plan: Plan, now: Date): string => {
  const end = (Math.floor(now.getTime() / waveMilliseconds) + 1) * waveMilliseconds;
  return runId(plan.name, new Date(end), 'final-backup');
};

const memberOf = async ({ inventory }: DrainDoors, { instance, group }: Drain): Promise<ExpectedInstance> => {
  const found = (await inventory.find([instance])).get(instance);
  return found ?? { instance, ...(group === undefined ? {} : { group }), ping: 'absent' };
};

const noteRun = async (doors: DrainDoors, instance: string, plan: string, run: string): Promise<void> => {
  await revise(doors.drains, instance, (drain) =>
    drain.saves[plan]?.run === run ? undefined : { ...drain, saves: { ...drain.saves, [plan]: { run } } },
  );
};

const joinRun = async (
  doors: DrainDoors,
  plan: Plan,
  run: string,
  member: ExpectedInstance,
): Promise<RunRecord> => {
  if ((await doors.runs.read(run)) === undefined) await beginWave(doors, plan, run);
  const { value } = await revise(
    doors.runs,
    run,
    (record) => withMember(record, member, doors.clock.now()),
    patience(doors),
  );
  return value;
};

/** The wake-ups come before the record, as in dispatch: a run that nobody looks after could stay open for ever. */
const beginWave = async (doors: DrainDoors, plan: Plan, run: string): Promise<void> => {
  const now = doors.clock.now();
  const end = timeOfRun(run) ?? now;
  const deadline = new Date(end.getTime() + (plan.drain?.limitMinutes ?? 0) * 60_000);
  await doors.wakeUps.wakeDrain(run, deadline, 'deadline');
  await doors.wakeUps.wakeDrain(run, end, 'heartbeat');
  await doors.runs.create(run, {
    lifeboat: 1,
    run,
    plan: plan.name,
    operation: 'final-backup',
    trigger: { kind: 'drain', requestId: run },
    state: 'running',
    scheduledTime: end.toISOString(),
    startedAt: now.toISOString(),
    deadline: deadline.toISOString(),
    scope: 'instances',
    expected: [],
    skipped: [],
    problems: [],
    commands: [],
    parameters: { allowShrink: false },
    notices: [],
    settled: [],
  });
};

/** Undefined where there is nothing to write: the run is closed, or the instance is in it already. */
const withMember = (record: RunRecord, member: ExpectedInstance, now: Date): RunRecord | undefined => {
  if (record.state === 'closed' || isIn(record, member.instance)) return undefined;
  return withCommand({ ...record, expected: [...(record.expected ?? []), member] }, member.instance, 1, now);
};

export const withCommand = (record: RunRecord, instance: string, attempt: number, now: Date): RunRecord => {
  const part = record.commands.length + 1;
  const intended = intendedCommands(record.run, attempt, { kind: 'instances', instances: [instance] }, now);
  return {
    ...record,
    commands: [
      ...record.commands,
      ...intended.map((command) => ({ ...command, comment: `${record.run}#${attempt}.${part}` })),
    ],
  };
};

const isIn = ({ expected }: RunRecord, instance: string): boolean =>
  (expected ?? []).some((member) => member.instance === instance);

/** A whole scale-in may write to the record of its wave at once: each waits a random while, longer from time to time. */
export const patience = ({ clock }: { readonly clock: Clock }): Patience => ({
  rounds: 200,
  pause: (round) => clock.sleep(Math.random() * Math.min(1_000, 20 * round)),
});

import type { Clock, RunCommand, RunStore, WakeUps } from './doors.ts';
import { revise } from './revise.ts';
import type { RunRecord } from './run-record.ts';
import { sentUnnoted } from './send-commands.ts';

export type CancelDoors = {
  readonly clock: Clock;
  readonly runs: RunStore;
  readonly wakeUps: Pick<WakeUps, 'wakeCheck'>;
  readonly runCommand: Pick<RunCommand, 'findByComment' | 'cancel'>;
};

export type Cancelling = { readonly run: string; readonly requestId: string; readonly why?: string };

export type CancelAnswer = {
  readonly run: string;
  readonly state: RunRecord['state'];
  readonly result?: RunRecord['result'];
  /** What came of each instance, where they are few. */
  readonly results?: RunRecord['results'];
  /** Commands that Systems Manager was told to cancel. */
  readonly commands: readonly string[];
  readonly note: string;
};

export class NotToBeCancelled extends Error {
  override readonly name = 'NotToBeCancelled';
}

/**
 * Ends a run before its time: nothing is sent any more, Systems Manager is told to cancel what it was sent, and check, which
 * hears of that end, closes the run with what is true then. The intention is written down first, so that whoever sends
 * meanwhile stops, and so that a second call goes on where the first one died. Throws {@link NotToBeCancelled}.
 */
export const cancelRun = async (doors: CancelDoors, wish: Cancelling): Promise<CancelAnswer> => {
  const { run } = wish;
  const stored = await doors.runs.read(run);
  if (stored === undefined) throw new NotToBeCancelled(unknown(run));
  if (stored.value.operation === 'final-backup') throw new NotToBeCancelled(lastChance(run));
  if (stored.value.state === 'closed') return tooLate(stored.value);
  const now = doors.clock.now();
  // An instance that never says that it has stopped makes no event: check has to look by itself.
  await doors.wakeUps.wakeCheck(run, new Date(now.getTime() + lookAgainMilliseconds), 'look-again');
  const { value } = await revise(doors.runs, run, (record) =>
    record.state === 'closed' || record.cancelled !== undefined
      ? undefined
      : {
          ...record,
          cancelled: {
            at: now.toISOString(),
            requestId: wish.requestId,
            ...(wish.why === undefined ? {} : { why: wish.why }),
          },
        },
  );
  return value.state === 'closed' ? tooLate(value) : stop(doors, value);
};

const lookAgainMilliseconds = 60_000;

/** A person waits for this answer, and as a rule check has closed the run within seconds. */
const pauseMilliseconds = [500, 1_000, 2_000, 4_000, 8_000];
const mostShown = 5;

/** Cancels every command of the run, those too that a sender notes only now, until the run is closed or time is up. */
const stop = async (doors: CancelDoors, marked: RunRecord): Promise<CancelAnswer> => {
  const stopped = new Set<string>();
  const cancelOnce = async (commandId: string): Promise<void> => {
    if (stopped.has(commandId)) return;
    await doors.runCommand.cancel(commandId);
    stopped.add(commandId);
  };
  for (const commandId of (await sentUnnoted(doors, marked)).values()) await cancelOnce(commandId);
  let record = marked;
  for (const pause of [...pauseMilliseconds, 0]) {
    for (const { commandId } of record.commands) if (commandId !== undefined) await cancelOnce(commandId);
    if (record.state === 'closed') break;
    await doors.clock.sleep(pause);
    record = (await doors.runs.read(record.run))?.value ?? record;
  }
  return answer(record, [...stopped]);
};

const answer = (record: RunRecord, commands: readonly string[]): CancelAnswer => ({
  run: record.run,
  state: record.state,
  ...(record.result === undefined ? {} : { result: record.result }),
  ...(record.results === undefined || record.results.length > mostShown ? {} : { results: record.results }),
  commands,
  note:
    record.state === 'closed'
      ? `Cancelled, and closed at ${record.closedAt ?? 'an unknown time'}. Older recovery points are as they were.`
      : 'Cancelled. Not every instance has said yet that it has stopped; within two minutes the run is closed all the ' +
        `same: \`npx sls invoke -f check --data '{"run":"${record.run}"}'\` shows it.`,
});

const tooLate = (record: RunRecord): CancelAnswer => ({
  ...answer(record, []),
  note: `There is nothing to cancel: the run was closed at ${record.closedAt ?? 'an unknown time'}.`,
});

const unknown = (run: string): string =>
  `There is no run ${run}, so nothing was cancelled. \`npx sls invoke -f check --data '{"plan":"${run.split('/', 1)[0]}"}'\` ` +
  'names the newest run of the plan.';

const lastChance = (run: string): string =>
  `${run} is the final backup of instances that are going, and was not cancelled: without it their newest files would be ` +
  'lost. It ends by itself, and lets them go, at its deadline at the latest.';

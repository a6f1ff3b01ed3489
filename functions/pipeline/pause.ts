import type { Plan } from '../config/plan.ts';
import {
  type DispatchAnswer,
  type DispatchDoors,
  type DispatchRequest,
  dispatchRun,
} from './dispatch-run.ts';
import type { Clock, PauseStore } from './doors.ts';
import { reviseOrCreate } from './revise.ts';
import { runId } from './run-id.ts';
import type { RunRecord, Timestamp } from './run-record.ts';
import type { Worker } from './worker.ts';

/** `pauses/<plan>.json` in the bucket: whether a plan is paused. It stays after the pause, which then is over or absent. */
export type PlanPause = { readonly lifeboat: 1; readonly plan: string; readonly pause?: Pause };

export type Pause = { readonly since: Timestamp; readonly until: Timestamp; readonly why?: string };

export type PauseDoors = { readonly clock: Clock; readonly pauses: PauseStore };

export type PauseAnswer = {
  readonly plan: string;
  readonly state: 'paused' | 'running';
  readonly pause?: Pause;
  readonly note: string;
};

export class NotToBePaused extends Error {
  override readonly name = 'NotToBePaused';
}

/** Longer than that nobody remembers it: the plan says `schedule.enabled: false` then, where everybody reads it. */
const longestMilliseconds = 366 * 86_400_000;

/** Lets the plan's schedule begin nothing until a time. What runs goes on. Throws {@link NotToBePaused}. */
export const pausePlan = async (
  doors: PauseDoors,
  { name, objectiveMinutes, alarms }: Plan,
  { until, why }: { readonly until: Date; readonly why?: string },
): Promise<PauseAnswer> => {
  const now = doors.clock.now();
  if (until.getTime() <= now.getTime())
    throw new NotToBePaused(`It is past ${until.toISOString()} already; the plan ${name} was not paused.`);
  if (until.getTime() - now.getTime() > longestMilliseconds)
    throw new NotToBePaused(
      `${until.toISOString()} is more than a year ahead; the plan ${name} was not paused. Say ` +
        '`schedule: { enabled: false }` in lifeboat.yml and deploy.',
    );
  const pause: Pause = {
    since: now.toISOString(),
    until: until.toISOString(),
    ...(why === undefined ? {} : { why }),
  };
  await write(doors.pauses, { lifeboat: 1, plan: name, pause });
  const hours = Math.round(objectiveMinutes / 60);
  const alarm =
    alarms === undefined
      ? ''
      : ` ${hours} hours after the last good run the alarm no-good-run is on all the same.`;
  return {
    ...{ plan: name, state: 'paused', pause },
    note:
      `Runs that the schedule begins before ${pause.until} are skipped, and each is told as one line. A run by hand works, ` +
      `and final backups of instances that go are made; else what is written meanwhile is not protected.${alarm} ` +
      `\`{"plan":"${name}","resume":true}\` ends the pause.`,
  };
};

/** Ends a pause before its time. */
export const resumePlan = async (doors: PauseDoors, { name }: Plan): Promise<PauseAnswer> => {
  const pause = await pauseOf(doors, name);
  if (pause === undefined)
    return { plan: name, state: 'running', note: `The plan ${name} is not paused; nothing was changed.` };
  await write(doors.pauses, { lifeboat: 1, plan: name });
  return {
    ...{ plan: name, state: 'running' },
    note:
      `The plan was paused since ${pause.since}. Its schedule begins the next run; \`{"plan":"${name}"}\` begins one now, ` +
      'for what nobody has saved since.',
  };
};

/** The pause that holds now. */
const pauseOf = async ({ clock, pauses }: PauseDoors, plan: string): Promise<Pause | undefined> => {
  const pause = (await pauses.read(plan))?.value.pause;
  return pause !== undefined && Date.parse(pause.until) > clock.now().getTime() ? pause : undefined;
};

/** Whoever comes last has the last word: two people at once are rare, and both see the answer. */
const write = (pauses: PauseStore, value: PlanPause): Promise<void> =>
  reviseOrCreate(pauses, value.plan, () => value);

type BeginDoors = DispatchDoors & PauseDoors;

/**
 * A run that the plan's schedule begins, unless the plan is paused: then a record of the skipped run is left, closed, and
 * check tells it. A run that was begun before the pause goes on.
 */
export const beginBySchedule = async (
  doors: BeginDoors,
  request: DispatchRequest,
  worker: Worker,
): Promise<DispatchAnswer> => {
  const pause = await pauseOf(doors, request.plan.name);
  if (pause === undefined) return dispatchRun(doors, request, worker);
  const run = runId(request.plan.name, request.scheduledTime, request.operation);
  const now = doors.clock.now();
  if ((await doors.runs.read(run)) === undefined) {
    // Before the record, as in dispatchRun. Check does all that a closed run owes; a time of its own keeps it to one wake-up.
    await doors.wakeUps.wakeCheck(run, new Date(now.getTime() + tellMilliseconds), 'look-again');
    await doors.runs.create(run, skippedRun(request, run, pause, now));
  }
  const record = (await doors.runs.read(run))?.value;
  return record?.paused === undefined
    ? dispatchRun(doors, request, worker)
    : { ...nobody, run, state: record.state, deadline: record.deadline, note: pausedNote(pause) };
};

const tellMilliseconds = 60_000;
const nobody = { expected: [], online: [], skipped: [], problems: [], commands: [] };

const skippedRun = (request: DispatchRequest, run: string, pause: Pause, now: Date): RunRecord => ({
  lifeboat: 1,
  run,
  plan: request.plan.name,
  operation: request.operation,
  trigger: request.trigger,
  state: 'closed',
  scheduledTime: request.scheduledTime.toISOString(),
  startedAt: now.toISOString(),
  deadline: now.toISOString(),
  scope: 'fleet',
  expected: [],
  skipped: [],
  problems: [],
  commands: [],
  parameters: { allowShrink: request.allowShrink },
  paused: pause,
  result: 'paused',
  results: [],
  closedAt: now.toISOString(),
  notices: [],
});

/** A run that a person begins: a pause does not hold it, and is mentioned. */
export const beginByHand = async (
  doors: BeginDoors,
  request: DispatchRequest,
  worker: Worker,
): Promise<DispatchAnswer> => {
  const answer = await dispatchRun(doors, request, worker);
  const pause = request.dryRun ? undefined : await pauseOf(doors, request.plan.name);
  if (pause === undefined) return answer;
  const before = answer.note === undefined ? '' : `${answer.note} `;
  return { ...answer, note: `${before}${pausedNote(pause)} A run by hand works all the same.` };
};

const pausedNote = ({ until, why }: Pause): string =>
  `The plan is paused until ${until}${why === undefined ? '' : ` (${why})`}.`;

import type { Plan } from '../config/plan.ts';
import type { Drain, DrainReason, LifeCycleAction } from './drain.ts';
import type { DrainDoors } from './drain-doors.ts';
import { lookAfterDrain } from './drain-run.ts';
import { completeActions } from './let-go.ts';
import { revise } from './revise.ts';
import { isHeld, release, sendTo } from './send-final.ts';
import { joinWave } from './wave.ts';
import { leaseOf, type Worker } from './worker.ts';

/** An instance that is about to go, as an event or a person tells it. */
export type Departure = {
  readonly instance: string;
  readonly group?: string;
  readonly why: DrainReason;
  /** When it was told; the time that is left counts from there. */
  readonly at: Date;
  readonly action?: Pick<LifeCycleAction, 'hook' | 'group' | 'token'>;
};

export type DrainAnswer = {
  readonly instance: string;
  readonly runs: readonly string[];
  readonly until?: string;
  readonly note: string;
};

/**
 * Begins the final backup of an instance that is about to go, for every plan that covers it. Woken twice by the same event
 * it finds what the first one did; after a crash it goes on there. Who waits for the instance is let go in let-go.ts.
 */
export const drainInstance = async (
  doors: DrainDoors,
  plans: readonly Plan[],
  departure: Departure,
  worker: Worker,
): Promise<DrainAnswer> => {
  const { instance } = departure;
  const claimed = await claimDrain(doors, plans, departure, worker);
  if (claimed === undefined)
    return { instance, runs: [], note: 'Another worker is beginning its final backup.' };
  const runs: string[] = [];
  for (const plan of plans.filter(({ drain }) => drain !== undefined)) {
    const record = await joinWave(doors, plan, claimed);
    runs.push(record.run);
    const sent = await sendTo(doors, plan, record, claimed);
    // No event will ever tell the end of a command that AWS did not take.
    if (!sent) await lookAfterDrain(doors, plan, record.run, worker, { kind: 'instance', instance });
  }
  const problems = await completeActions(doors, instance);
  await release(doors, instance, worker);
  if (problems.length > 0) throw new Error(problems.join(' '));
  const note =
    runs.length === 0 ? 'No plan wants a final backup; it was let go.' : 'Its final backup has begun.';
  return { instance, runs, until: claimed.until, note };
};

/** Writes down that the instance goes, before anything is done. Undefined: another worker is at it. */
const claimDrain = async (
  doors: DrainDoors,
  plans: readonly Plan[],
  departure: Departure,
  worker: Worker,
): Promise<Drain | undefined> => {
  const action = await actionOf(doors, departure);
  const fresh = newDrain(plans, departure, action, worker);
  const created = await doors.drains.create(departure.instance, fresh);
  if (created !== undefined) return fresh;
  const now = doors.clock.now();
  const { value } = await revise(doors.drains, departure.instance, (before) => {
    if (isHeld(before, worker, now)) return undefined;
    if (isOver(before, departure)) return fresh;
    const isKnown = action === undefined || before.actions.some(({ token }) => token === action.token);
    return {
      ...before,
      actions: isKnown ? before.actions : [...before.actions, action],
      lease: leaseOf(worker),
    };
  });
  return value.lease?.holder === worker.requestId ? value : undefined;
};

/**
 * Whether what is written down is the story of an earlier departure: an instance may go into a warm pool, come back and go
 * again, and a person may ask twice. The same event is told by its token, a second spot warning by its time.
 */
const isOver = (before: Drain, { why, action, at }: Departure): boolean => {
  if (before.letGoAt === undefined) return false;
  switch (why) {
    case 'life-cycle':
      return before.actions.every(({ token }) => token !== action?.token) && isLater(before, at);
    case 'spot':
      return isLater(before, at);
    case 'hand':
      return true;
  }
};

/** A spot warning and the life-cycle action that follows from it belong together. */
const togetherMilliseconds = 10 * 60_000;

const isLater = ({ requestedAt }: Drain, at: Date): boolean =>
  at.getTime() - Date.parse(requestedAt) > togetherMilliseconds;

type KnownAction = LifeCycleAction & { readonly globalSeconds: number };

const actionOf = async (doors: DrainDoors, { action }: Departure): Promise<KnownAction | undefined> => {
  if (action === undefined) return undefined;
  const asked: LifeCycleAction = { ...action, heartbeatSeconds: 0, state: 'waiting' };
  const times = await doors.lifeCycle.hook(asked);
  // A hook that was deleted meanwhile: nobody waits any more, and what can be saved is saved all the same.
  return times === undefined ? { ...asked, globalSeconds: 0, state: 'over' } : { ...asked, ...times };
};

const spotSeconds = 120;
/** With a shorter heartbeat there is no time to wake up and beat: what fits into one has to do. */
export const shortestHeartbeatSeconds = 180;

const newDrain = (
  plans: readonly Plan[],
  departure: Departure,
  action: KnownAction | undefined,
  worker: Worker,
): Drain => {
  const { instance, group, why, at } = departure;
  const limit = plans.reduce((most, { drain }) => Math.max(most, (drain?.limitMinutes ?? 0) * 60), 0);
  const { globalSeconds, ...known } = action ?? { globalSeconds: Number.POSITIVE_INFINITY };
  return {
    lifeboat: 1,
    instance,
    ...(group === undefined ? {} : { group }),
    why,
    requestedAt: at.toISOString(),
    until: new Date(at.getTime() + secondsOf(why, limit, action) * 1000).toISOString(),
    actions: 'token' in known ? [known] : [],
    saves: {},
    lease: leaseOf(worker),
  };
};

const secondsOf = (why: DrainReason, limit: number, action: KnownAction | undefined): number => {
  if (why === 'spot') return spotSeconds;
  if (action === undefined || action.state === 'over') return limit;
  if (action.heartbeatSeconds < shortestHeartbeatSeconds) return action.heartbeatSeconds;
  return Math.min(limit, action.globalSeconds);
};

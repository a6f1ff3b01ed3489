import type { Schedule, SchedulerEngine } from '../contract.ts';
import { type DeliveryTools, defaultEventAgeSeconds, deliverWithRetries } from '../events/deliver.ts';
import { type Expression, readExpression } from './expression.ts';
import { executionId, inputOf } from './target-input.ts';

export type SchedulerOptions = DeliveryTools & {
  readonly account: string;
  readonly region: string;
  /** Those of the template. */
  readonly schedules: readonly Schedule[];
  /** How deliveries go in the role that a schedule was given; as all others where it is left out. */
  readonly inRole?: (roleArn: string) => Pick<DeliveryTools, 'deliver' | 'deadLetters'>;
  /** 0 to 1: where in its flexible window a schedule fires. */
  readonly random?: () => number;
};

type Armed = {
  readonly schedule: Schedule;
  readonly expression: Expression;
  /** When it is due next; undefined: never again, or not while it is disabled. */
  due: Date | undefined;
  cancel: () => void;
};

/**
 * EventBridge Scheduler on the local clock. `rate()` begins at once, as it does without a start date; `at()` fires once,
 * at once where its time has passed. `put` replaces a schedule of the same name and throws {@link BadExpression}. `fire`
 * throws where there is no such schedule. It brings the next time forward, so that a night which is fired by hand shortly
 * before its own time is not followed by itself; a one-time schedule is completed as its own time would complete it.
 */
export const startScheduler = (options: SchedulerOptions): SchedulerEngine => {
  const armed = new Map<string, Armed>();
  const random = options.random ?? Math.random;

  const arm = (entry: Armed, due: Date | undefined): void => {
    if (due === undefined || entry.schedule.state === 'DISABLED') {
      entry.due = undefined;
      return;
    }
    entry.due = due;
    const window = entry.schedule.flexibleWindowMinutes * 60_000;
    const time = new Date(due.getTime() + Math.floor(random() * window));
    const { cancel } = options.clock.at(time, `schedule ${nameOf(entry.schedule)}`, () => {
      invoke(options, entry, due, complete);
      arm(entry, nextDue(entry.expression, due));
    });
    entry.cancel = cancel;
  };
  const complete = ({ schedule, expression }: Armed): void => {
    const isStillThis = armed.get(nameOf(schedule))?.schedule === schedule;
    if (expression.kind === 'once' && schedule.deleteAfterCompletion && isStillThis)
      armed.delete(nameOf(schedule));
  };
  const put = (schedule: Schedule): void => {
    const expression = readExpression(schedule.expression, schedule.timezone);
    const entry: Armed = { schedule, expression, due: undefined, cancel: () => undefined };
    armed.get(nameOf(schedule))?.cancel();
    armed.set(nameOf(schedule), entry);
    arm(entry, firstDue(entry.expression, options.clock.now()));
  };
  const fire = (entry: Armed, scheduledTime: Date): void => {
    entry.cancel();
    arm(entry, entry.due && nextDue(entry.expression, entry.due));
    invoke(options, entry, scheduledTime, complete);
  };

  for (const schedule of options.schedules) put(schedule);
  return {
    list: () => [...armed.values()].map(({ schedule }) => schedule),
    get: (group, name) => armed.get(`${group}/${name}`)?.schedule,
    put,
    remove: (group, name) => {
      armed.get(`${group}/${name}`)?.cancel();
      return armed.delete(`${group}/${name}`);
    },
    fire: (group, name, scheduledTime) => {
      const entry = armed.get(`${group}/${name}`);
      const others = [...armed.keys()].join(', ') || 'none';
      if (entry === undefined) throw new Error(`There is no schedule ${group}/${name}; there are ${others}.`);
      fire(entry, scheduledTime);
    },
  };
};

const invoke = (
  options: SchedulerOptions,
  entry: Armed,
  scheduledTime: Date,
  complete: (entry: Armed) => void,
): void => {
  const { schedule } = entry;
  const arn = scheduleArn(options, schedule);
  const execution = executionId();
  deliverWithRetries(
    { ...options, ...options.inRole?.(schedule.roleArn) },
    {
      from: 'schedule',
      source: arn,
      targetArn: schedule.targetArn,
      payload: (attempt) => inputOf(schedule, { arn, execution, attempt, scheduledTime, ...options }),
      retryAttempts: schedule.retryAttempts,
      maximumEventAgeSeconds: schedule.maximumEventAgeSeconds ?? defaultEventAgeSeconds,
      ...(schedule.deadLetterArn === undefined ? {} : { deadLetterArn: schedule.deadLetterArn }),
      ended: () => complete(entry),
    },
  );
};

const nameOf = ({ group, name }: Schedule): string => `${group}/${name}`;

export const scheduleArn = (
  { account, region }: { readonly account: string; readonly region: string },
  schedule: Pick<Schedule, 'group' | 'name'>,
): string => `arn:aws:scheduler:${region}:${account}:schedule/${schedule.group}/${schedule.name}`;

const firstDue = (expression: Expression, now: Date): Date | undefined => {
  switch (expression.kind) {
    case 'once':
      return expression.time;
    case 'every':
      return now;
    case 'cron':
      return expression.next(now);
  }
};

const nextDue = (expression: Expression, due: Date): Date | undefined => {
  switch (expression.kind) {
    case 'once':
      return undefined;
    case 'every':
      return new Date(due.getTime() + expression.milliseconds);
    case 'cron':
      return expression.next(due);
  }
};

import type { EventBus, LocalClock } from '../contract.ts';
import {
  type AlarmState,
  type CompositeAlarm,
  judgeAlarm,
  type LocalAlarm,
  type MetricAlarm,
  turningPoints,
} from './alarm.ts';
import type { MetricStore } from './metric-store.ts';

export type AlarmStanding = {
  readonly alarm: LocalAlarm;
  readonly state: AlarmState;
  readonly reason: string;
  readonly since: Date;
};

/** A change of state, as `DescribeAlarmHistory` lists it. */
export type AlarmChange = {
  readonly alarm: string;
  readonly at: Date;
  readonly from: AlarmState;
  readonly to: AlarmState;
  readonly reason: string;
};

export type AlarmEngine = {
  readonly alarms: () => readonly AlarmStanding[];
  /** Oldest first. */
  readonly history: () => readonly AlarmChange[];
  /** Looks at all alarms now: to be called when a value has come. */
  readonly look: () => void;
  /** `SetAlarmState`: holds until the alarm is looked at again. False where there is no such alarm. */
  readonly set: (name: string, state: AlarmState, reason: string) => boolean;
  readonly stop: () => void;
};

export type AlarmEngineOptions = {
  readonly alarms: readonly LocalAlarm[];
  readonly store: MetricStore;
  readonly clock: LocalClock;
  readonly bus: EventBus;
  readonly arnOf: (alarm: string) => string;
  /** What changed at earlier starts. */
  readonly remembered: readonly AlarmChange[];
};

/**
 * Alarms that really change their state: when a value comes, and by themselves when time passes. They take no time on the
 * clock but for the next moment at which one would change; each change is an event on the bus.
 */
export const startAlarms = (options: AlarmEngineOptions): AlarmEngine => {
  const { alarms, store, clock } = options;
  const history: AlarmChange[] = [...options.remembered];
  const standings = new Map(alarms.map((alarm) => [alarm.name, newborn(alarm, history, clock.now())]));
  const stateOf = (name: string): AlarmState => standings.get(name)?.state ?? 'INSUFFICIENT_DATA';
  let timer: { readonly cancel: () => void } | undefined;

  const turn = (alarm: LocalAlarm, to: AlarmState, reason: string): void => {
    const from = stateOf(alarm.name);
    if (from === to) return;
    const at = clock.now();
    standings.set(alarm.name, { alarm, state: to, reason, since: at });
    const change = { alarm: alarm.name, at, from, to, reason };
    history.push(change);
    options.bus.publish(eventOf(alarm, change, options.arnOf(alarm.name)));
  };
  const lookAtComposites = (): void => {
    for (const alarm of alarms.filter((each) => each.kind === 'composite')) {
      const { state, reason } = judgeComposite(alarm, stateOf);
      turn(alarm, state, reason);
    }
  };
  const look = (): void => {
    for (const alarm of alarms.filter((each) => each.kind === 'metric')) {
      const { state, reason } = judgeAlarm(alarm, store, clock.now(), stateOf(alarm.name));
      turn(alarm, state, reason);
    }
    lookAtComposites();
    arm();
  };
  const arm = (): void => {
    timer?.cancel();
    const next = nextChange(alarms, store, clock.now(), stateOf);
    timer = next && clock.at(next.at, `the alarm ${next.alarm} changes to ${next.state}`, look);
  };
  look();
  return {
    alarms: () => [...standings.values()],
    history: () => history,
    look,
    set: (name, state, reason) => {
      const alarm = alarms.find((each) => each.name === name);
      if (alarm === undefined) return false;
      turn(alarm, state, reason);
      lookAtComposites();
      return true;
    },
    stop: () => timer?.cancel(),
  };
};

const newborn = (alarm: LocalAlarm, history: readonly AlarmChange[], now: Date): AlarmStanding => {
  const last = history.findLast((change) => change.alarm === alarm.name);
  return last === undefined
    ? { alarm, state: 'INSUFFICIENT_DATA', reason: 'Unchecked: Initial alarm creation', since: now }
    : { alarm, state: last.to, reason: last.reason, since: last.at };
};

const judgeComposite = ({ anyOf }: CompositeAlarm, stateOf: (name: string) => AlarmState) => {
  const on = anyOf.filter((name) => stateOf(name) === 'ALARM');
  return on.length > 0
    ? { state: 'ALARM' as const, reason: `In alarm: ${on.join(', ')}.` }
    : { state: 'OK' as const, reason: `None of ${anyOf.join(', ')} is in alarm.` };
};

type NextChange = { readonly at: Date; readonly alarm: string; readonly state: AlarmState };

const nextChange = (
  alarms: readonly LocalAlarm[],
  store: MetricStore,
  now: Date,
  stateOf: (name: string) => AlarmState,
): NextChange | undefined =>
  alarms
    .flatMap((alarm) =>
      alarm.kind === 'metric' ? (ownChange(alarm, store, now, stateOf(alarm.name)) ?? []) : [],
    )
    .sort((one, other) => one.at.getTime() - other.at.getTime())[0];

const ownChange = (
  alarm: MetricAlarm,
  store: MetricStore,
  now: Date,
  before: AlarmState,
): NextChange | undefined => {
  for (const at of turningPoints(alarm, store, now)) {
    const { state } = judgeAlarm(alarm, store, at, before);
    if (state !== before) return { at, alarm: alarm.name, state };
  }
  return undefined;
};

/** "Alarm events and EventBridge" in the CloudWatch User Guide. */
const eventOf = (alarm: LocalAlarm, { at, from, to, reason }: AlarmChange, arn: string) => ({
  source: 'aws.cloudwatch',
  'detail-type': 'CloudWatch Alarm State Change',
  resources: [arn],
  detail: {
    alarmName: alarm.name,
    configuration: { description: alarm.description },
    previousState: { value: from },
    state: { value: to, reason, timestamp: at.toISOString().replace('Z', '+0000') },
  },
});

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { openActivity } from '../activity.ts';
import type { BusEvent, ControlFault, EventBus, EventRule, RuleTarget } from '../contract.ts';
import {
  type DeliveryTools,
  defaultEventAgeSeconds,
  defaultRetryAttempts,
  deliverWithRetries,
} from './deliver.ts';
import { readPattern } from './pattern.ts';
import { inputFor } from './target-input.ts';

export type BusOptions = DeliveryTools & {
  readonly rules: readonly EventRule[];
  readonly account: string;
  readonly region: string;
  /** `event-lost` drops what Systems Manager says, `event-twice` delivers everything twice and disordered. */
  readonly faults: readonly ControlFault[];
};

/** An event as rules see it. */
export type Envelope = BusEvent & {
  readonly version: '0';
  readonly id: string;
  readonly account: string;
  /** Whole seconds, in UTC. */
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
};

export type LocalEventBus = EventBus & {
  /** Everything that was published, lost or not, oldest first. */
  readonly published: () => readonly Envelope[];
  /** Resolves when no event is on its way. */
  readonly idle: () => Promise<void>;
  /** How many deliveries are on their way. */
  readonly underWay: () => number;
};

/** EventBridge's default bus. Throws where a rule's pattern is none. */
export const startEventBus = (options: BusOptions): LocalEventBus => {
  const rules = options.rules.map((rule) => ({ ...rule, matches: readPattern(rule.pattern) }));
  const onTheWay = openActivity();
  const published: Envelope[] = [];

  const deliver = async (event: Envelope, delayMilliseconds: number): Promise<void> => {
    const arrived = onTheWay.begin();
    try {
      await sleep(delayMilliseconds);
      for (const rule of rules.filter(({ matches }) => matches(event))) {
        for (const target of rule.targets) deliverTo(options, rule, target, event);
      }
    } finally {
      arrived();
    }
  };
  return {
    publish: (event) => {
      const envelope = complete(event, options);
      published.push(envelope);
      for (const delay of delaysOf(envelope, options.faults)) void deliver(envelope, delay);
    },
    published: () => published,
    idle: onTheWay.idle,
    underWay: onTheWay.underWay,
  };
};

const deliverTo = (options: BusOptions, rule: EventRule, target: RuleTarget, event: Envelope): void => {
  const arn = `arn:aws:events:${options.region}:${options.account}:rule/${rule.name}`;
  const payload = inputFor(target, event, { name: rule.name, arn });
  deliverWithRetries(options, {
    from: 'rule',
    source: arn,
    targetArn: target.arn,
    payload: () => payload,
    retryAttempts: target.retryAttempts ?? defaultRetryAttempts,
    maximumEventAgeSeconds: target.maximumEventAgeSeconds ?? defaultEventAgeSeconds,
    ...(target.deadLetterArn === undefined ? {} : { deadLetterArn: target.deadLetterArn }),
    ended: () => undefined,
  });
};

const complete = (event: BusEvent, { clock, account, region }: BusOptions): Envelope => ({
  version: '0',
  id: randomUUID(),
  'detail-type': event['detail-type'],
  source: event.source,
  account,
  time: clock
    .now()
    .toISOString()
    .replace(/\.\d+Z$/, 'Z'),
  region,
  resources: event.resources ?? [],
  // A copy, as it travels as JSON: what the sender changes afterwards has been sent.
  detail: structuredClone(event.detail),
});

/** In milliseconds of real time, one entry a delivery. Up to half a second apart, events overtake each other. */
const delaysOf = (event: Envelope, faults: readonly ControlFault[]): readonly number[] => {
  if (faults.includes('event-lost') && event.source === 'aws.ssm') return [];
  if (!faults.includes('event-twice')) return [0];
  const first = Math.random() * 150;
  return [first, first + 50 + Math.random() * 350];
};

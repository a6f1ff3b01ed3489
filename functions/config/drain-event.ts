import * as z from 'zod/mini';
import type { Departure } from '../pipeline/drain-instance.ts';
import { instanceId, parse, run } from './events.ts';

/** What wakes drain: an instance that is about to go, the end of a command, or a wake-up of a run. */
export type DrainEvent =
  | { readonly kind: 'departure'; readonly departure: Departure }
  | { readonly kind: 'command'; readonly commandId: string }
  | { readonly kind: 'run'; readonly run: string };

const time = z.string().check(z.refine((text) => !Number.isNaN(Date.parse(text)), 'is no time'));

const lifeCycleAction = z.object({
  'detail-type': z.literal('EC2 Instance-terminate Lifecycle Action'),
  time,
  detail: z.object({
    LifecycleActionToken: z.string(),
    AutoScalingGroupName: z.string(),
    LifecycleHookName: z.string(),
    EC2InstanceId: instanceId,
  }),
});

const spotWarning = z.object({
  'detail-type': z.literal('EC2 Spot Instance Interruption Warning'),
  time,
  detail: z.object({ 'instance-id': instanceId }),
});

const statusChange = z.object({
  source: z.literal('aws.ssm'),
  detail: z.object({ 'command-id': z.string() }),
});

const byHand = z.union(
  [
    z.strictObject({ run, why: z.optional(z.string()), scheduledTime: z.optional(z.string()) }),
    z.strictObject({ instance: instanceId }),
  ],
  'names neither a run nor an instance',
);

/** `now` is the time of a departure that a person tells. */
export const readDrainEvent = (event: unknown, now: Date): DrainEvent => {
  const action = lifeCycleAction.safeParse(event);
  if (action.success) return { kind: 'departure', departure: departureOf(action.data) };
  const warning = spotWarning.safeParse(event);
  if (warning.success) {
    const { detail, time: at } = warning.data;
    return {
      kind: 'departure',
      departure: { instance: detail['instance-id'], why: 'spot', at: new Date(at) },
    };
  }
  const change = statusChange.safeParse(event);
  if (change.success) return { kind: 'command', commandId: change.data.detail['command-id'] };
  const hand = parse(byHand, event, drainExample);
  if ('run' in hand) return { kind: 'run', run: hand.run };
  return { kind: 'departure', departure: { instance: hand.instance, why: 'hand', at: now } };
};

const departureOf = ({ detail, time: at }: z.output<typeof lifeCycleAction>): Departure => ({
  instance: detail.EC2InstanceId,
  group: detail.AutoScalingGroupName,
  why: 'life-cycle',
  at: new Date(at),
  action: {
    hook: detail.LifecycleHookName,
    group: detail.AutoScalingGroupName,
    token: detail.LifecycleActionToken,
  },
});

const drainExample =
  '{"instance":"i-…"} for a final backup, or {"run":"acme-web/20261123T180000Z-final-backup"} to see to one';

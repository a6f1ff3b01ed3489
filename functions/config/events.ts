import * as z from 'zod/mini';
import { runIdPattern } from '../pipeline/run-id.ts';
import { type Operation, operations, type VerifyRequest } from '../pipeline/run-record.ts';
import { BadEvent } from './bad-event.ts';
import { controlKeys, controlOf } from './control-event.ts';
import { parse } from './parse-event.ts';
import { type RestoreEvent, restoreKeys, restoreOf, verifyKeys, verifyOf } from './restore-event.ts';

export { BadEvent } from './bad-event.ts';
export { type ControlEvent, readControlEvent } from './control-event.ts';
export { parse } from './parse-event.ts';

export type DispatchEvent = {
  readonly plan: string;
  readonly operation: Operation;
  readonly instances?: readonly string[];
  readonly allowShrink: boolean;
  readonly dryRun: boolean;
  /** The instances are those that did not end protected the last time. */
  readonly retryFailed?: true;
  /** Instances that work at the same time, in place of the plan's number: this once. */
  readonly concurrency?: string;
  /** Present where the operation is `restore`. */
  readonly restore?: RestoreEvent;
  /** Present where the operation is `verify`. */
  readonly verify?: VerifyRequest;
  /** Present when EventBridge Scheduler sent it: names the run, so that a second delivery finds the first. */
  readonly scheduledTime?: Date;
};

export const instanceId = z
  .string()
  .check(z.regex(/^m?i-[0-9a-f]{8,17}$/, 'is not an instance id such as i-0123456789abcdef0'));

const dispatchEvent = z.strictObject(
  {
    plan: z.string('is missing: name a plan of lifeboat.yml'),
    operation: z._default(z.enum(operations, `is none of ${operations.join(', ')}`), 'backup'),
    instances: z.optional(
      z
        .array(instanceId, 'is no list of instance ids')
        .check(z.minLength(1, 'is empty: leave it out to mean the whole fleet')),
    ),
    allowShrink: z._default(z.boolean('is neither true nor false'), false),
    dryRun: z._default(z.boolean('is neither true nor false'), false),
    ...restoreKeys,
    ...verifyKeys,
    ...controlKeys,
    // A button of the dashboard's widget sends what CloudWatch knows of the widget along.
    widgetContext: z.optional(z.unknown()),
    scheduledTime: z.optional(
      z
        .string()
        .check(
          z.refine((text) => !Number.isNaN(Date.parse(text)), 'is not a time such as 2026-11-23T18:00:00Z'),
        ),
    ),
  },
  'is no object',
);

export const readDispatchEvent = (event: unknown): DispatchEvent => {
  const {
    scheduledTime,
    instances,
    widgetContext: _,
    ...rest
  } = parse(dispatchEvent, event, dispatchExample);
  const { plan, operation, allowShrink, dryRun } = rest;
  const restore = restoreOf(rest);
  const verify = verifyOf(rest);
  const control = controlOf(rest, { operation, instances });
  if (operation === 'restore' && instances === undefined)
    throw new BadEvent('A restore needs "instances":["i-…"]: the instances that the files come back to.');
  return {
    ...{ plan, operation, allowShrink, dryRun },
    ...control,
    ...(restore === undefined ? {} : { restore }),
    ...(verify === undefined ? {} : { verify }),
    ...(instances === undefined ? {} : { instances: [...new Set(instances)] }),
    ...(scheduledTime === undefined ? {} : { scheduledTime: new Date(scheduledTime) }),
  };
};

const dispatchExample =
  '{"plan":"acme-web"}, with "operation", "instances":["i-…"], "retryFailed":true, "concurrency":"5", "allowShrink":true or "dryRun":true where wanted';

/** What wakes check: the end of a command, a wake-up that names the run, or a person who names the run or the plan. */
export type CheckEvent =
  | { readonly kind: 'command'; readonly commandId: string }
  | { readonly kind: 'run'; readonly run: string }
  | { readonly kind: 'newest'; readonly plan: string };

const statusChange = z.object({
  source: z.literal('aws.ssm'),
  detail: z.object({ 'command-id': z.string() }),
});
export const run = z
  .string()
  .check(z.regex(runIdPattern, 'is no run such as acme-web/20261123T180000Z-backup'));
const byHand = z.union(
  [
    z.strictObject({ run, why: z.optional(z.string()), scheduledTime: z.optional(z.string()) }),
    z.strictObject({ plan: z.string() }),
  ],
  'names neither a run nor a plan',
);

export const readCheckEvent = (event: unknown): CheckEvent => {
  const change = statusChange.safeParse(event);
  if (change.success) return { kind: 'command', commandId: change.data.detail['command-id'] };
  const hand = parse(byHand, event, checkExample);
  return 'run' in hand ? { kind: 'run', run: hand.run } : { kind: 'newest', plan: hand.plan };
};

const checkExample = '{"run":"acme-web/20261123T180000Z-backup"} or {"plan":"acme-web"} for its newest run';

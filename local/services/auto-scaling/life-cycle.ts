import { z } from 'zod';
import type { Operation } from '../../protocol/exchange.ts';
import { AwsFailure } from '../../protocol/failure.ts';
import { validate } from '../../protocol/validation.ts';
import type { Group } from './groups.ts';
import {
  globalSeconds,
  type LifeCycleEngine,
  type LifeCycleHook,
  type WaitingAction,
} from './life-cycle-engine.ts';

type Options = {
  readonly groups: { readonly list: () => readonly Group[] };
  readonly engine: LifeCycleEngine;
};

/** Hooks and the actions that wait in them. */
export const lifeCycleOperations = (options: Options): Readonly<Record<string, Operation>> => ({
  DescribeLifecycleHooks: (raw) => {
    const { AutoScalingGroupName: group, LifecycleHookNames: names } = validate(
      hooksSchema,
      raw,
      'ValidationError',
    );
    requireGroup(options, group);
    const chosen = options.engine
      .hooks()
      .filter((hook) => hook.group === group && (names?.includes(hook.name) ?? true));
    return { LifecycleHooks: chosen.map(hookView) };
  },
  PutLifecycleHook: (raw) => {
    const input = validate(putSchema, raw, 'ValidationError');
    requireGroup(options, input.AutoScalingGroupName);
    options.engine.putHook({
      name: input.LifecycleHookName,
      group: input.AutoScalingGroupName,
      transition: input.LifecycleTransition,
      heartbeatSeconds: input.HeartbeatTimeout,
      defaultResult: input.DefaultResult,
    });
    return {};
  },
  DeleteLifecycleHook: async (raw) => {
    const { AutoScalingGroupName: group, LifecycleHookName: hook } = validate(
      addressSchema,
      raw,
      'ValidationError',
    );
    requireGroup(options, group);
    if (!(await options.engine.deleteHook(group, hook)))
      throw new AwsFailure('ValidationError', `No Lifecycle Hook found with name ${hook} in group ${group}`);
    return {};
  },
  CompleteLifecycleAction: async (raw) => {
    const input = validate(completeSchema, raw, 'ValidationError');
    await waiting(options, input).complete(input.LifecycleActionResult);
    return {};
  },
  RecordLifecycleActionHeartbeat: (raw) => {
    waiting(options, validate(actionSchema, raw, 'ValidationError')).beat();
    return {};
  },
});

const name = z.string().min(1).max(255);
const hooksSchema = z.object({
  AutoScalingGroupName: name,
  LifecycleHookNames: z.array(name).max(50).optional(),
});
const addressSchema = z.object({ AutoScalingGroupName: name, LifecycleHookName: name });
const putSchema = addressSchema.extend({
  LifecycleTransition: z.enum(['autoscaling:EC2_INSTANCE_TERMINATING', 'autoscaling:EC2_INSTANCE_LAUNCHING']),
  HeartbeatTimeout: z.coerce.number().int().min(30).max(7_200).default(3_600),
  DefaultResult: z.enum(['CONTINUE', 'ABANDON']).default('ABANDON'),
});
const actionSchema = addressSchema.extend({
  LifecycleActionToken: z.string().min(36).max(36).optional(),
  InstanceId: z.string().min(1).max(19).optional(),
});
const completeSchema = actionSchema.extend({ LifecycleActionResult: z.enum(['CONTINUE', 'ABANDON']) });

export const requireGroup = ({ groups }: Pick<Options, 'groups'>, group: string): Group => {
  const found = groups.list().find((one) => one.name === group);
  if (found !== undefined) return found;
  throw new AwsFailure('ValidationError', `AutoScalingGroup name not found - null AutoScalingGroup ${group}`);
};

/** Token and instance id: each is enough, and both have to fit where both are given. */
const waiting = (options: Options, input: z.infer<typeof actionSchema>): WaitingAction => {
  requireGroup(options, input.AutoScalingGroupName);
  const found = options.engine
    .waiting()
    .find(
      ({ hook, instance, token }) =>
        hook.name === input.LifecycleHookName &&
        hook.group === input.AutoScalingGroupName &&
        (input.LifecycleActionToken ?? token) === token &&
        (input.InstanceId ?? instance) === instance,
    );
  const isNamed = input.InstanceId !== undefined || input.LifecycleActionToken !== undefined;
  if (found !== undefined && isNamed) return found;
  const what =
    input.InstanceId === undefined
      ? `with token ${input.LifecycleActionToken ?? 'null'}`
      : `with instance ID ${input.InstanceId}`;
  throw new AwsFailure('ValidationError', `No active Lifecycle Action found ${what}`);
};

const hookView = (hook: LifeCycleHook) => ({
  LifecycleHookName: hook.name,
  AutoScalingGroupName: hook.group,
  LifecycleTransition: hook.transition,
  HeartbeatTimeout: hook.heartbeatSeconds,
  GlobalTimeout: globalSeconds(hook),
  DefaultResult: hook.defaultResult,
});

import {
  AutoScalingClient,
  AutoScalingServiceException,
  CompleteLifecycleActionCommand,
  DescribeLifecycleHooksCommand,
  RecordLifecycleActionHeartbeatCommand,
} from '@aws-sdk/client-auto-scaling';
import type { ActionFate, LifeCycle } from '../pipeline/doors.ts';
import type { LifeCycleAction } from '../pipeline/drain.ts';
import { clientConfig } from './aws-client.ts';

/** Life-cycle actions of Auto Scaling groups. */
export const openLifeCycle = (region: string, abortSignal: AbortSignal): LifeCycle => {
  const client = new AutoScalingClient(clientConfig(region));
  const options = { abortSignal };
  return {
    hook: async ({ group, hook }) => {
      const input = { AutoScalingGroupName: group, LifecycleHookNames: [hook] };
      const { LifecycleHooks } = await client.send(new DescribeLifecycleHooksCommand(input), options);
      const found = LifecycleHooks?.[0];
      if (found === undefined) return undefined;
      const heartbeatSeconds = found.HeartbeatTimeout ?? defaultHeartbeatSeconds;
      return { heartbeatSeconds, globalSeconds: found.GlobalTimeout ?? longestWait(heartbeatSeconds) };
    },
    beat: (action, instance) =>
      fateOf(() =>
        client.send(new RecordLifecycleActionHeartbeatCommand(addressOf(action, instance)), options),
      ),
    complete: (action, instance) => {
      const input = { ...addressOf(action, instance), LifecycleActionResult: 'CONTINUE' };
      return fateOf(() => client.send(new CompleteLifecycleActionCommand(input), options));
    },
  };
};

/** PutLifecycleHook, `HeartbeatTimeout`. */
const defaultHeartbeatSeconds = 3_600;

/** 48 hours or 100 heartbeats, whichever is less (PutLifecycleHook). */
const longestWait = (heartbeatSeconds: number): number => Math.min(172_800, 100 * heartbeatSeconds);

const addressOf = ({ hook, group, token }: LifeCycleAction, instance: string) => ({
  LifecycleHookName: hook,
  AutoScalingGroupName: group,
  LifecycleActionToken: token,
  InstanceId: instance,
});

const fateOf = async (call: () => Promise<unknown>): Promise<ActionFate> => {
  try {
    await call();
    return { kind: 'done' };
  } catch (error) {
    if (!(error instanceof AutoScalingServiceException) || isPassing(error)) throw error;
    if (/No active Lifecycle Action|not found/i.test(error.message)) return { kind: 'over' };
    return { kind: 'refused', why: `${error.name}: ${error.message}` };
  }
};

/** Throttles, contention and faults of AWS's own: the same call may work the next time. */
const isPassing = ({ name, $fault, $metadata }: AutoScalingServiceException): boolean =>
  $fault === 'server' ||
  $metadata.httpStatusCode === 429 ||
  /Throttl|TooManyRequests|RequestLimit|RateExceeded|ResourceContention/.test(name);

import { randomUUID } from 'node:crypto';
import type { EventBus, LocalClock, LocalFleet, LocalInstance } from '../../contract.ts';

export type Transition = 'autoscaling:EC2_INSTANCE_TERMINATING' | 'autoscaling:EC2_INSTANCE_LAUNCHING';

export type LifeCycleHook = {
  readonly name: string;
  readonly group: string;
  readonly transition: Transition;
  readonly heartbeatSeconds: number;
  readonly defaultResult: 'CONTINUE' | 'ABANDON';
};

/** A hook that an instance waits in. */
export type WaitingAction = {
  readonly hook: LifeCycleHook;
  readonly instance: string;
  readonly token: string;
  readonly beat: () => void;
  readonly complete: (result: 'CONTINUE' | 'ABANDON') => Promise<void>;
};

export type LifeCycleEngine = {
  readonly hooks: () => readonly LifeCycleHook[];
  readonly putHook: (hook: LifeCycleHook) => void;
  /** Instances that wait in it are let go. False where there is none. */
  readonly deleteHook: (group: string, name: string) => Promise<boolean>;
  readonly waiting: () => readonly WaitingAction[];
  /** Ends an instance as its group does: with the hooks on termination first. A second call does nothing. */
  readonly terminate: (id: string) => Promise<void>;
  /** A new member waits in the hooks on launch, then it is in service. */
  readonly launched: (id: string) => Promise<void>;
};

type Options = {
  readonly fleet: LocalFleet;
  readonly clock: LocalClock;
  readonly bus: EventBus;
  readonly account: string;
  readonly region: string;
  readonly hooks: readonly LifeCycleHook[];
};

/** 48 hours or 100 heartbeats, whichever is less (PutLifecycleHook). */
export const globalSeconds = ({ heartbeatSeconds }: LifeCycleHook): number =>
  Math.min(172_800, heartbeatSeconds * 100);

/**
 * Life-cycle hooks as Auto Scaling plays them: all hooks of a transition wait at the same time, a heartbeat begins a hook's
 * time anew up to its global limit, and what nobody completes ends with the default result. A launch that is abandoned
 * ends the instance; a termination ends it either way.
 */
export const startLifeCycle = (options: Options): LifeCycleEngine => {
  const hooks = new Map(options.hooks.map((hook) => [keyOf(hook.group, hook.name), hook]));
  const waits = new Map<string, WaitingAction & { readonly cancel: () => void }>();

  const proceed = async (instance: LocalInstance, result: 'CONTINUE' | 'ABANDON'): Promise<void> => {
    const others = [...waits.values()].filter((one) => one.instance === instance.id);
    const leaves = instance.lifeCycleState.startsWith('Terminating');
    if (!leaves && result === 'ABANDON') {
      for (const other of others) drop(other.token);
      await options.fleet.terminate(instance.id);
      return;
    }
    // One ABANDON ends the other waits of a termination, too.
    if (others.length > 0 && !(leaves && result === 'ABANDON')) return;
    for (const other of others) drop(other.token);
    if (leaves) await options.fleet.terminate(instance.id);
    else instance.lifeCycleState = 'InService';
  };
  const drop = (token: string): void => {
    waits.get(token)?.cancel();
    waits.delete(token);
  };
  const wait = (instance: LocalInstance, hook: LifeCycleHook): void => {
    const token = randomUUID();
    const latest = options.clock.now().getTime() + globalSeconds(hook) * 1000;
    const complete = async (result: 'CONTINUE' | 'ABANDON'): Promise<void> => {
      drop(token);
      if (instance.state !== 'terminated') await proceed(instance, result);
    };
    let timer: { readonly cancel: () => void } | undefined;
    const beat = (): void => {
      timer?.cancel();
      const next = options.clock.now().getTime() + hook.heartbeatSeconds * 1000;
      timer = options.clock.at(
        new Date(Math.min(next, latest)),
        `${instance.id}: nobody completes ${hook.name}`,
        () => complete(hook.defaultResult),
      );
    };
    beat();
    waits.set(token, { hook, instance: instance.id, token, beat, complete, cancel: () => timer?.cancel() });
    publish(options, hook, instance, token);
  };
  const begin = async (instance: LocalInstance, transition: Transition): Promise<void> => {
    const held = [...hooks.values()].filter(
      (hook) => hook.group === instance.group && hook.transition === transition,
    );
    const leaves = transition === 'autoscaling:EC2_INSTANCE_TERMINATING';
    if (held.length === 0) {
      if (leaves) await options.fleet.terminate(instance.id);
      else instance.lifeCycleState = 'InService';
      return;
    }
    instance.lifeCycleState = leaves ? 'Terminating:Wait' : 'Pending:Wait';
    for (const hook of held) wait(instance, hook);
  };

  return {
    hooks: () => [...hooks.values()],
    putHook: (hook) => void hooks.set(keyOf(hook.group, hook.name), hook),
    deleteHook: async (group, name) => {
      const known = hooks.delete(keyOf(group, name));
      for (const one of [...waits.values()])
        if (one.hook.group === group && one.hook.name === name) await one.complete('CONTINUE');
      return known;
    },
    waiting: () => [...waits.values()].filter(({ instance }) => isAlive(options.fleet.get(instance))),
    terminate: async (id) => {
      const instance = options.fleet.get(id);
      if (!isAlive(instance) || instance.lifeCycleState.startsWith('Terminating')) return;
      for (const one of [...waits.values()]) if (one.instance === id) drop(one.token);
      await begin(instance, 'autoscaling:EC2_INSTANCE_TERMINATING');
    },
    launched: async (id) => {
      const instance = options.fleet.get(id);
      if (isAlive(instance)) await begin(instance, 'autoscaling:EC2_INSTANCE_LAUNCHING');
    },
  };
};

const keyOf = (group: string, name: string): string => `${group} ${name}`;

const isAlive = (instance: LocalInstance | undefined): instance is LocalInstance =>
  instance !== undefined && instance.state !== 'terminated';

const publish = (
  { bus, account, region }: Options,
  hook: LifeCycleHook,
  instance: LocalInstance,
  token: string,
): void => {
  const leaves = hook.transition === 'autoscaling:EC2_INSTANCE_TERMINATING';
  bus.publish({
    source: 'aws.autoscaling',
    'detail-type': `EC2 Instance-${leaves ? 'terminate' : 'launch'} Lifecycle Action`,
    resources: [groupArn(hook.group, account, region)],
    detail: {
      LifecycleActionToken: token,
      AutoScalingGroupName: hook.group,
      LifecycleHookName: hook.name,
      EC2InstanceId: instance.id,
      LifecycleTransition: hook.transition,
      Origin: leaves ? 'AutoScalingGroup' : 'EC2',
      Destination: leaves ? 'EC2' : 'AutoScalingGroup',
    },
  });
};

export const groupArn = (group: string, account: string, region: string): string =>
  `arn:aws:autoscaling:${region}:${account}:autoScalingGroup:00000000-0000-0000-0000-000000000000:autoScalingGroupName/${group}`;

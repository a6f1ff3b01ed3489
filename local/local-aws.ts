import { join } from 'node:path';
import { type LocalCloudWatch, startCloudWatch } from './cloudwatch/local-cloudwatch.ts';
import type {
  ApiCall,
  CallLog,
  ControlFault,
  LocalAws,
  LocalAwsOptions,
  LocalDocument,
  LocalStack,
} from './contract.ts';
import { type DeadLetter, type DeadLetters, openDeadLetters } from './events/dead-letters.ts';
import { deliverToFunctions } from './events/deliver.ts';
import { startEventBus } from './events/event-bus.ts';
import { startFleet } from './fleet/fleet.ts';
import { interruptSpot } from './fleet/spot.ts';
import { openGuard } from './iam/guard.ts';
import { inRole, mayLog, ofFunctions, ofRules } from './iam/services-that-act.ts';
import { type LocalFunctions, startFunctions } from './lambda/function-runner.ts';
import type { FunctionMetric } from './lambda/metrics.ts';
import { startScheduler } from './scheduler/scheduler-engine.ts';
import { startLifeCycle } from './services/auto-scaling/life-cycle-engine.ts';
import { snapshotTags } from './services/ec2/snapshots.ts';
import { startServices, throttledCommands } from './services/start-services.ts';
import { accountOf } from './template/account.ts';
import { readStack } from './template/read-stack.ts';

/** Local AWS as this machine runs it: the functions can be killed, and what they wrote as metrics can be read. */
export type RunningAws = LocalAws & { readonly functions: LocalFunctions };

/**
 * AWS on 127.0.0.1, as far as Lifeboat uses it: reads the packaged template, boots the instances and opens every room.
 * Rejects with one error that says what could not be started; nothing is left running then.
 */
export const startLocalAws = async (options: LocalAwsOptions): Promise<RunningAws> => {
  const { clock, directory, controlFaults: faults } = options;
  const opened: { readonly stop: () => void | Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    for (const room of opened.splice(0).reverse()) await room.stop();
  };
  try {
    const packaged = await readStack({
      packageDirectory: options.packageDirectory,
      codeDirectory: join(directory, 'functions', 'code'),
      now: clock.now(),
    });
    const stack = withFaults(ownBucketFirst(packaged), faults);
    const { account, region } = stack;
    const guard = openGuard({
      stack,
      world: {
        ...accountOf(account, region, ''),
        fleet: { instances: () => fleet.instances(), get: (id) => fleet.get(id) },
        snapshotTags: (id) => snapshotTags(directory, id),
      },
    });
    const calls = openCallLog(options.onCall);
    let take: LocalCloudWatch['take'] = () => undefined;
    const deadLetters = openDeadLetters((letter) => take(queueMetrics(letter, deadLetters, clock.now())));
    let endpoint = '';
    const runner = await startFunctions({
      functions: stack.functions,
      clock,
      region,
      endpoint: () => endpoint,
      environment: options.environment,
      logDirectory: join(directory, 'logs'),
      scratchDirectory: join(directory, 'functions', 'scratch'),
      deadLetters: ofFunctions(deadLetters, guard),
      mayLog: (fn) => mayLog(fn, guard, stack),
      measured: (metrics) => take(metrics),
    });
    opened.push(runner);
    const delivery = { clock, deadLetters, deliver: deliverToFunctions(runner) };
    const bus = startEventBus({
      ...delivery,
      ...ofRules(delivery, guard),
      rules: stack.rules,
      account,
      region,
      faults,
    });
    const stateFile = join(directory, 'cloudwatch.json');
    const cloudwatch = startCloudWatch({ stack, clock, bus, stateFile });
    opened.push(cloudwatch);
    take = cloudwatch.take;
    const scheduler = startScheduler({
      ...delivery,
      ...{ account, region, schedules: stack.schedules },
      inRole: (roleArn) => inRole(delivery, guard, roleArn),
    });
    const fleet = await startFleet(options.instances, { bus, clock, region, account });
    opened.push(fleet);
    const lifeCycle = startLifeCycle({
      ...{ fleet, clock, bus, account, region },
      hooks: options.lifeCycleHooks ?? [],
    });
    const services = await startServices({
      ...options,
      stack,
      guard,
      calls,
      bus,
      cloudwatch,
      deadLetters,
      logDirectory: join(directory, 'logs'),
      fleet,
      lifeCycle,
      runner,
      scheduler,
      ...(faults.includes('command-throttled') ? { throttling: throttledCommands } : {}),
    });
    opened.push(services);
    endpoint = services.endpoint;
    return {
      endpoint,
      region,
      stack,
      clock,
      calls,
      asked: guard.asked,
      functions: runner,
      scheduler,
      bus,
      cloudwatch,
      fleet,
      lifeCycle,
      interrupt: (id) => interruptSpot({ fleet, clock, bus, account, region }, id),
      deadLetters: deadLetters.all,
      idle: () =>
        atRest(() => (opened.length === 0 ? 0 : runner.underWay() + bus.underWay() + services.underWay())),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
};

/** What SQS counts of the queue that a letter lies in. */
const queueMetrics = (
  { queueArn }: DeadLetter,
  { all }: DeadLetters,
  time: Date,
): readonly FunctionMetric[] =>
  queueArn === undefined
    ? []
    : [
        {
          namespace: 'AWS/SQS',
          name: 'ApproximateNumberOfMessagesVisible',
          dimensions: { QueueName: queueArn.slice(queueArn.lastIndexOf(':') + 1) },
          unit: 'Count',
          value: all().filter((letter) => letter.queueArn === queueArn).length,
          time,
        },
      ];

const openCallLog = (onCall: LocalAwsOptions['onCall']): CallLog => {
  const calls: ApiCall[] = [];
  return {
    calls: () => calls,
    record: (call) => {
      calls.push(call);
      onCall?.(call);
    },
  };
};

/** The functions' bucket first: its objects lie in `DIR/bucket`. It may be an existing one that no template makes. */
const ownBucketFirst = (stack: LocalStack): LocalStack => {
  const own = stack.functions.flatMap(({ environment }) => environment.LIFEBOAT_BUCKET ?? []);
  return { ...stack, buckets: [...new Set([...own, ...stack.buckets])] };
};

const withFaults = (stack: LocalStack, faults: readonly ControlFault[]): LocalStack =>
  faults.includes('document-broken') ? { ...stack, documents: stack.documents.map(broken) } : stack;

/** A document as somebody may leave it who edits it in the console: the shell stops at its first line. */
const broken = ({ name, content }: LocalDocument): LocalDocument => ({
  name,
  content: {
    ...(content as Readonly<Record<string, unknown>>),
    mainSteps: [
      {
        action: 'aws:runShellScript',
        name: 'backup',
        inputs: { runCommand: ['#!/usr/bin/env bash', 'if [ -z "${SSM_COMMAND_ID"; then', 'exit 0'] },
      },
    ],
  },
});

const lookMilliseconds = 20;

/**
 * Rooms hand work to each other, so all of them must be found at rest in one look. Nothing is under way any more once
 * local AWS is stopped, whatever was cut off: somebody who still waits must not keep the process.
 */
const atRest = async (underWay: () => number): Promise<void> => {
  while (underWay() > 0) await new Promise((resolve) => setTimeout(resolve, lookMilliseconds));
};

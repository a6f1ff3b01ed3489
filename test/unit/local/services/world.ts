import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalCloudWatch, startCloudWatch } from '../../../../local/cloudwatch/local-cloudwatch.ts';
import type {
  Agent,
  AgentOrder,
  ApiCall,
  BusEvent,
  FunctionRunner,
  LocalClock,
  LocalDocument,
  LocalFleet,
  LocalFunction,
  LocalInstance,
  LocalStack,
  Schedule,
  SchedulerEngine,
  StepOutput,
} from '../../../../local/contract.ts';
import { type DeadLetters, openDeadLetters } from '../../../../local/events/dead-letters.ts';
import { openGuard, type Role } from '../../../../local/iam/guard.ts';
import { readPolicy } from '../../../../local/iam/statement.ts';
import {
  type LifeCycleHook,
  startLifeCycle,
} from '../../../../local/services/auto-scaling/life-cycle-engine.ts';
import {
  type LocalServices,
  type ServicesOptions,
  startServices,
} from '../../../../local/services/start-services.ts';

/** Local AWS's services with stand-ins for everything that is behind them. */
export type World = {
  readonly services: LocalServices;
  readonly directory: string;
  readonly clock: LocalClock;
  readonly calls: readonly ApiCall[];
  readonly events: readonly BusEvent[];
  readonly fleet: TestFleet;
  readonly cloudwatch: LocalCloudWatch;
  readonly deadLetters: DeadLetters;
  readonly scheduler: SchedulerEngine;
  readonly invoked: readonly { readonly name: string; readonly payload: string; readonly source?: string }[];
  /** What an SDK client needs. `caller`: the access key id. */
  readonly client: (caller?: string) => {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
    readonly maxAttempts: number;
  };
  readonly stop: () => Promise<void>;
};

export const region = 'ap-southeast-1';
export const account = '000000000000';

/** Starts one; `directory` lets a second world find what a first one left. */
export const startWorld = async (
  options: Partial<Pick<ServicesOptions, 'throttling' | 'lagMilliseconds' | 'parameters'>> & {
    readonly instances?: readonly LocalInstance[];
    readonly lifeCycleHooks?: readonly LifeCycleHook[];
    readonly documents?: readonly LocalDocument[];
    readonly alarms?: LocalStack['alarms'];
    readonly dashboards?: LocalStack['dashboards'];
    readonly directory?: string;
    /** What the role of its one function says. */
    readonly statements?: readonly unknown[];
  } = {},
): Promise<World> => {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'local-services-')));
  const {
    instances = [],
    documents = [],
    alarms = [],
    dashboards = [],
    directory: _directory,
    lifeCycleHooks = [],
    statements = [],
    ...rest
  } = options;
  const clock = testClock();
  const calls: ApiCall[] = [];
  const events: BusEvent[] = [];
  const fleet = testFleet(instances);
  const scheduler = testScheduler();
  const runner = testRunner();
  const bus = { publish: (event: BusEvent) => void events.push(event) };
  const stateFile = join(directory, 'cloudwatch.json');
  const deadLetters = openDeadLetters();
  const stack = { account, region, alarms, dashboards };
  const cloudwatch = startCloudWatch({ stack, clock, bus, stateFile });
  const guard = openGuard({
    stack: {
      functions: [dispatch],
      roles: [roleWith(statements)],
      instanceStatements: statementsOf([{ Effect: 'Allow', Action: 's3:PutObject', Resource: '*' }]),
      resourceStatements: [],
    },
    world: { partition: 'aws', account, region, fleet, snapshotTags: async () => ({}) },
  });
  const services = await startServices({
    guard,
    parameters: {},
    lagMilliseconds: 0,
    ...rest,
    directory,
    port: 0,
    stack: { account, region, functions: [dispatch], documents, buckets: ['lifeboat-state'] },
    clock,
    calls: { calls: () => calls, record: (call) => calls.push(call) },
    bus,
    cloudwatch,
    deadLetters,
    logDirectory: join(directory, 'logs'),
    fleet,
    lifeCycle: startLifeCycle({ fleet, clock, bus, account, region, hooks: lifeCycleHooks }),
    runner,
    scheduler,
  });
  return {
    services,
    directory,
    clock,
    calls,
    events,
    fleet,
    cloudwatch,
    deadLetters,
    scheduler,
    invoked: runner.invoked,
    client: (caller = 'test') => ({
      endpoint: services.endpoint,
      region,
      credentials: { accessKeyId: caller, secretAccessKey: 'secret' },
      maxAttempts: 1,
    }),
    stop: async () => {
      await services.stop();
      cloudwatch.stop();
      clock.stop();
      if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
    },
  };
};

const dispatch: LocalFunction = {
  name: 'lifeboat-prod-dispatch',
  arn: `arn:aws:lambda:${region}:${account}:function:lifeboat-prod-dispatch`,
  logicalId: 'DispatchLambdaFunction',
  codeDirectory: '/nowhere',
  handler: 'functions/dispatch.handler',
  timeoutSeconds: 60,
  memoryMegabytes: 256,
  environment: { STAGE: 'prod' },
  maximumRetryAttempts: 2,
  roleArn: `arn:aws:iam::${account}:role/the-role`,
};

const statementsOf = (Statement: readonly unknown[]) => readPolicy({ Version: '2012-10-17', Statement });

const roleWith = (statements: readonly unknown[]): Role => ({
  arn: dispatch.roleArn ?? '',
  name: 'the-role',
  statements: statementsOf(statements),
  trust: [],
});

/** Real time, and timers that only fire when they are skipped to. */
const testClock = (): LocalClock => {
  type Timer = { readonly time: Date; readonly what: string; readonly action: () => void | Promise<void> };
  const timers = new Set<Timer>();
  let offset = 0;
  const first = () => [...timers].toSorted((a, b) => a.time.getTime() - b.time.getTime())[0];
  return {
    now: () => new Date(Date.now() + offset),
    offsetMilliseconds: () => offset,
    at: (time, what, action) => {
      const timer = { time, what, action };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
    next: first,
    skipToNext: async () => {
      const timer = first();
      if (timer === undefined) return undefined;
      timers.delete(timer);
      offset = Math.max(offset, timer.time.getTime() - Date.now());
      await timer.action();
      return { time: timer.time, what: timer.what };
    },
    stop: () => timers.clear(),
  };
};

export type TestFleet = LocalFleet & { readonly all: LocalInstance[] };

const testFleet = (instances: readonly LocalInstance[]): TestFleet => {
  const all = [...instances];
  return {
    all,
    instances: () => all,
    get: (id) => all.find((one) => one.id === id),
    terminate: async (id) => {
      const found = all.find((one) => one.id === id);
      if (found !== undefined) Object.assign(found, { state: 'terminated', lifeCycleState: 'Terminated' });
    },
    launch: () => {
      throw new Error('Nothing is launched in this world.');
    },
    stop: async () => undefined,
  };
};

export type TestAgent = Agent & { readonly orders: AgentOrder[]; readonly cancelled: string[] };

/** An agent whose single step `run` does what it is told. */
export const testAgent = (
  work: (order: AgentOrder) => Partial<StepOutput> | Promise<Partial<StepOutput>> = () => ({}),
): TestAgent => {
  const orders: AgentOrder[] = [];
  const cancelled: string[] = [];
  return {
    orders,
    cancelled,
    run: async (order) => {
      orders.push(order);
      return [{ ...step, ...(await work(order)) }];
    },
    cancel: (commandId) => void cancelled.push(commandId),
  };
};

const step: StepOutput = {
  name: 'run',
  plugin: 'aws:runShellScript',
  status: 'Success',
  statusDetails: 'Success',
  responseCode: 0,
  stdout: 'done\n',
  stderr: '',
};

/** Instance number `index` of a group: online, in service. */
export const testInstance = (index: number, changes: Partial<LocalInstance> = {}): LocalInstance => ({
  id: `i-${index.toString(16).padStart(17, '0')}`,
  group: 'acme-web',
  tags: { Name: `web-${index}`, role: 'web' },
  launchedAt: new Date('2026-11-01T00:00:00Z'),
  availabilityZone: `${region}${'abc'[index % 3]}`,
  privateIp: `10.0.0.${index % 250}`,
  state: 'running',
  lifeCycleState: 'InService',
  ping: 'Online',
  agentVersion: '3.3.2746.0',
  agent: testAgent(),
  ...changes,
});

export const backupDocument: LocalDocument = {
  name: 'lifeboat-backup',
  content: {
    schemaVersion: '2.2',
    description: 'Backs up',
    parameters: {
      plan: { type: 'String', allowedPattern: '[a-z][a-z0-9-]*' },
      mode: { type: 'String', default: 'fast', allowedValues: ['fast', 'slow'] },
      timeout: { type: 'String', default: '600' },
    },
    mainSteps: [
      {
        action: 'aws:runShellScript',
        name: 'run',
        inputs: { runCommand: ['echo {{ plan }}'], timeoutSeconds: '{{ timeout }}' },
      },
    ],
  },
};

const testScheduler = (): SchedulerEngine => {
  const schedules = new Map<string, Schedule>();
  return {
    list: () => [...schedules.values()],
    get: (group, name) => schedules.get(`${group}/${name}`),
    put: (schedule) => {
      if (!/^(at|rate|cron)\(.+\)$/.test(schedule.expression))
        throw new Error('It is neither at(), rate() nor cron().');
      schedules.set(`${schedule.group}/${schedule.name}`, schedule);
    },
    remove: (group, name) => schedules.delete(`${group}/${name}`),
    fire: () => undefined,
  };
};

const testRunner = (): FunctionRunner & {
  readonly invoked: { name: string; payload: string; source?: string }[];
} => {
  const invoked: { name: string; payload: string; source?: string }[] = [];
  return {
    invoked,
    names: [dispatch.name],
    has: (name) => name === dispatch.name || name === dispatch.arn,
    invoke: async (name, payload) => {
      invoked.push({ name, payload });
      return payload.includes('fail')
        ? {
            statusCode: 200,
            payload: '{"errorMessage":"told to fail"}',
            functionError: 'Unhandled',
            logTail: 'log',
          }
        : { statusCode: 200, payload, logTail: 'START\nEND' };
    },
    invokeLater: (name, payload, source) => void invoked.push({ name, payload, source }),
    stop: async () => undefined,
  };
};

/** Asks until the answer is right; fails after five seconds. */
export const until = async <T>(ask: () => Promise<T>, isRight: (answer: T) => boolean): Promise<T> => {
  for (const end = Date.now() + 5000; ; ) {
    const answer = await ask();
    if (isRight(answer)) return answer;
    if (Date.now() > end)
      throw new Error(`It never came to that; the last answer was ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

/** The error that a call fails with; fails where it succeeds. */
export const failureOf = async (
  call: Promise<unknown>,
): Promise<Error & { readonly $metadata?: { readonly httpStatusCode?: number } }> => {
  const outcome = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof Error) return outcome;
  throw new Error('The call succeeded.');
};

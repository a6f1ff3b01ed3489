import type { LocalCloudWatch } from '../cloudwatch/local-cloudwatch.ts';
import type {
  CallLog,
  EventBus,
  FunctionRunner,
  LocalClock,
  LocalFleet,
  LocalStack,
  Pace,
  SchedulerEngine,
} from '../contract.ts';
import type { DeadLetters } from '../events/dead-letters.ts';
import type { Guard } from '../iam/guard.ts';
import { pacerOf } from '../protocol/pacer.ts';
import { startProtocolServer } from '../protocol/server.ts';
import type { LifeCycleEngine } from './auto-scaling/life-cycle-engine.ts';
import { autoScalingEndpoint } from './auto-scaling/service.ts';
import { cloudWatchEndpoints } from './cloudwatch/service.ts';
import { ec2Endpoint } from './ec2/service.ts';
import { lambdaEndpoint } from './lambda/service.ts';
import { logsEndpoint } from './logs/service.ts';
import { type ObjectStore, openObjectStore } from './s3/object-store.ts';
import { s3Endpoint } from './s3/service.ts';
import { schedulerEndpoint } from './scheduler/service.ts';
import { sqsEndpoint } from './sqs/service.ts';
import { startCommandEngine } from './ssm/command-engine.ts';
import { ssmEndpoint } from './ssm/service.ts';
import { stsEndpoint } from './sts/service.ts';

export type ServicesOptions = {
  /** DIR of `npm start`: objects of the first bucket lie in `DIR/bucket`. */
  readonly directory: string;
  /** 0: any free port. */
  readonly port: number;
  readonly stack: Pick<LocalStack, 'account' | 'region' | 'functions' | 'documents' | 'buckets'>;
  readonly clock: LocalClock;
  readonly calls: CallLog;
  readonly bus: EventBus;
  readonly cloudwatch: LocalCloudWatch;
  readonly deadLetters: DeadLetters;
  /** Where the functions' logs lie. */
  readonly logDirectory: string;
  readonly fleet: LocalFleet;
  readonly runner: FunctionRunner;
  readonly scheduler: SchedulerEngine;
  /** SSM parameters (SecureString) by name. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The fault `command-throttled`; see {@link throttledCommands}. */
  readonly throttling?: Throttling;
  /** How far behind the truth SSM's lists may be, milliseconds of real time. Default 40; 0 switches it off. */
  readonly lagMilliseconds?: number;
  readonly lifeCycle: LifeCycleEngine;
  readonly pace?: Pace;
  readonly guard: Guard;
};

/** How many SendCommand calls are refused, then how many invocations end as `Failed`, `RateExceeded`. */
export type Throttling = { readonly sendCommandCalls: number; readonly invocations: number };

/** Enough that SDK retries and check's retry both have something to do; then it works. */
export const throttledCommands: Throttling = { sendCommandCalls: 2, invocations: 1 };

export type LocalServices = {
  /** `http://127.0.0.1:PORT`: what goes into AWS_ENDPOINT_URL. */
  readonly endpoint: string;
  readonly objects: ObjectStore;
  /** Requests without an answer and invocations that a living instance works on; 0 when nothing is under way. */
  readonly underWay: () => number;
  readonly stop: () => Promise<void>;
};

/** Opens every service of local AWS on one port of 127.0.0.1. Rejects where the port is taken or DIR is not writable. */
export const startServices = async (options: ServicesOptions): Promise<LocalServices> => {
  const { stack, clock, runner } = options;
  const { account, region } = stack;
  const throttling = options.throttling ?? { sendCommandCalls: 0, invocations: 0 };
  const objects = await openObjectStore({ directory: options.directory, buckets: stack.buckets, clock });
  const common = { ...options, account, region };
  const engine = startCommandEngine({
    ...common,
    store: objects,
    rateExceededInvocations: throttling.invocations,
  });
  const endpoints = [
    ssmEndpoint({
      ...common,
      engine,
      documents: stack.documents,
      lagMilliseconds: options.lagMilliseconds ?? 40,
      throttledSendCommands: throttling.sendCommandCalls,
    }),
    autoScalingEndpoint({ ...common, engine: options.lifeCycle }),
    ec2Endpoint(common),
    stsEndpoint(common),
    ...cloudWatchEndpoints(options),
    logsEndpoint(options),
    sqsEndpoint(options),
    schedulerEndpoint({ ...common, engine: options.scheduler }),
    lambdaEndpoint({ runner, functions: stack.functions, clock, account, region }),
    s3Endpoint({ store: objects, region }),
  ];
  const { pace, ...rest } = options;
  const paced = pace === undefined ? {} : { pace: pacerOf(pace) };
  const server = await startProtocolServer({ ...rest, endpoints, ...paced });
  return {
    endpoint: server.endpoint,
    objects,
    underWay: () => server.openRequests() + engine.working(),
    stop: async () => {
      engine.stop();
      await server.stop();
    },
  };
};

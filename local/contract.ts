/**
 * How the rooms of local AWS meet. Each type is one room's door; `local-aws.ts` opens them all.
 *
 *   protocol/  one HTTP server, AWS's wire protocols, errors, the record of calls
 *   services/  what the calls do: S3, SSM, Scheduler, Auto Scaling, EC2, Lambda, STS
 *   template/  the packaged CloudFormation template, resolved
 *   lambda/    function processes
 *   events/    the event bus and its rules
 *   iam/       the template's policies, and who may do what by them
 *   cloudwatch/ metrics, alarms, dashboards
 *   fleet/     instances: registry, sandbox, agent
 *   slack/ jira/  the two services that people are told through
 */

import type { LocalAlarm } from './cloudwatch/alarm.ts';
import type { LocalCloudWatch, LocalDashboard } from './cloudwatch/local-cloudwatch.ts';
import type { DeadLetter } from './events/dead-letters.ts';
import type { Asked, Role } from './iam/guard.ts';
import type { Statement } from './iam/statement.ts';
import type { LifeCycleEngine, LifeCycleHook } from './services/auto-scaling/life-cycle-engine.ts';

/** Real time, moved forward: waiting for a deadline is skipping to it. Everything in local AWS asks this clock. */
export type LocalClock = {
  readonly now: () => Date;
  /** How far this clock is ahead of the machine's. Function processes see time moved by as much. */
  readonly offsetMilliseconds: () => number;
  /** Does something at a time, by itself when real time gets there or when somebody skips to it. */
  readonly at: (
    time: Date,
    what: string,
    action: () => void | Promise<void>,
  ) => { readonly cancel: () => void };
  /** What will happen next by itself. */
  readonly next: () => { readonly time: Date; readonly what: string } | undefined;
  /** Moves time to the next thing that is to happen, waits for it, and says what it was; undefined when nothing waits. */
  readonly skipToNext: () => Promise<{ readonly time: Date; readonly what: string } | undefined>;
  readonly stop: () => void;
};

export type BusEvent = {
  readonly source: string;
  readonly 'detail-type': string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly resources?: readonly string[];
};

/** EventBridge's default bus: completes the envelope (id, time, account, region), matches the rules, calls the targets. */
export type EventBus = { readonly publish: (event: BusEvent) => void };

export type InvocationAnswer = {
  readonly statusCode: 200;
  /** JSON text of the function's answer or of its error. */
  readonly payload: string;
  readonly functionError?: 'Unhandled' | 'Handled';
  /** The last 4 KB of the log. */
  readonly logTail: string;
};

/** Functions of the packaged template, each in processes of its own. `name` may be a name, a partial or a full ARN. */
export type FunctionRunner = {
  readonly names: readonly string[];
  readonly has: (name: string) => boolean;
  /** Waits for the answer (`RequestResponse`). */
  readonly invoke: (name: string, payload: string) => Promise<InvocationAnswer>;
  /** `Event`: queued, tried again twice after failures (1 and 2 minutes on the clock), then the failure destination. */
  readonly invokeLater: (name: string, payload: string, source: string) => void;
  readonly stop: () => Promise<void>;
};

/** EventBridge Scheduler: those of the template and those that functions make. */
export type Schedule = {
  readonly group: string;
  readonly name: string;
  readonly expression: string;
  readonly timezone: string;
  readonly state: 'ENABLED' | 'DISABLED';
  readonly flexibleWindowMinutes: number;
  readonly targetArn: string;
  readonly roleArn: string;
  readonly input: string;
  readonly deadLetterArn?: string;
  readonly retryAttempts: number;
  /** How long a delivery is tried again; AWS's default of a day where it is left out. */
  readonly maximumEventAgeSeconds?: number;
  readonly deleteAfterCompletion: boolean;
  readonly clientToken?: string;
  readonly createdAt: Date;
};

export type SchedulerEngine = {
  readonly list: () => readonly Schedule[];
  readonly get: (group: string, name: string) => Schedule | undefined;
  /** Arms it. Throws where the expression is not one of at(), rate(), cron() that AWS takes. */
  readonly put: (schedule: Schedule) => void;
  readonly remove: (group: string, name: string) => boolean;
  /** As if its next time were now: same input substitution, same delivery; it is due again after that time. */
  readonly fire: (group: string, name: string, scheduledTime: Date) => void;
};

/** What a document step left, as the agent reports it. */
export type StepOutput = {
  readonly name: string;
  readonly plugin: string;
  readonly status: 'Success' | 'Failed' | 'TimedOut' | 'Cancelled' | 'Skipped';
  readonly statusDetails: string;
  readonly responseCode: number;
  /** Already cut as the agent cuts: 24,000 and 8,000 characters. */
  readonly stdout: string;
  readonly stderr: string;
  /** Files on this machine with the whole of both, for the upload to S3 (empty ones are not uploaded). Absent where
   * nothing ran. */
  readonly logs?: { readonly stdout: string; readonly stderr: string };
};

export type AgentOrder = {
  readonly commandId: string;
  /** Parsed document, schema 2.2. */
  readonly document: unknown;
  readonly parameters: Readonly<Record<string, readonly string[]>>;
  readonly outputS3?: { readonly bucket: string; readonly prefix: string };
};

export type Agent = {
  /** Runs every step as amazon-ssm-agent does. Never resolves when the instance dies meanwhile: nobody reports then. */
  readonly run: (order: AgentOrder) => Promise<readonly StepOutput[]>;
  /** SIGKILL to the whole process group of the step that runs. */
  readonly cancel: (commandId: string) => void;
};

export type LocalInstance = {
  readonly id: string;
  readonly group: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly launchedAt: Date;
  readonly availabilityZone: string;
  readonly privateIp: string;
  /** EC2's state. */
  state: 'running' | 'stopped' | 'terminated';
  lifeCycleState:
    | 'InService'
    | 'Pending'
    | 'Pending:Wait'
    | 'Standby'
    | 'Terminating'
    | 'Terminating:Wait'
    | 'Terminated'
    | 'Warmed:Stopped';
  /** `absent`: no agent ever registered. */
  ping: 'Online' | 'ConnectionLost' | 'Inactive' | 'absent';
  readonly agentVersion: string;
  /** What lies on its data volume, on the machine that plays AWS. */
  readonly dataFolder?: string;
  /** Whether it has an instance profile; it has unless this is false. */
  hasProfile?: boolean;
  readonly agent: Agent;
};

export type LocalFleet = {
  readonly instances: () => readonly LocalInstance[];
  readonly get: (id: string) => LocalInstance | undefined;
  /** Ends it at once: kills what runs on it, takes it from its group, publishes the EC2 state change. */
  readonly terminate: (id: string) => Promise<void>;
  /** Boots one more. It is `Pending` until somebody puts it into service. */
  readonly launch: (spec: InstanceSpec) => Promise<LocalInstance>;
  readonly stop: () => Promise<void>;
};

/** An instance's folders on the machine that plays AWS. */
export type InstanceSpec = {
  readonly id: string;
  readonly group: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Seen as `sourcePath`; undefined where the fault is that it does not exist. */
  readonly upload?: string;
  readonly uploadReadOnly: boolean;
  readonly sourcePath: string;
  /** Seen as /var/lib/lifeboat. */
  readonly state: string;
  /** Seen as `sharePath`; undefined: not mounted, an empty folder of the instance's own disk is there instead. */
  readonly share?: string;
  readonly sharePath: string;
  readonly faults: readonly InstanceFault[];
  /** For fleets of thousands: no disk and no sandbox; this answers in the place of the document's script. */
  readonly simulated?: Simulation;
};

/** What the document's script would write, and how it would end. */
export type Simulation = (order: AgentOrder) => {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
};

/** What can be wrong with an instance. */
export type InstanceFault =
  | 'share-unmounted'
  | 'share-full'
  | 'share-squashed'
  | 'source-empty'
  | 'source-missing'
  | 'agent-offline'
  | 'instance-gone';

/** What can be wrong with AWS. */
export type ControlFault = 'command-throttled' | 'event-lost' | 'event-twice' | 'document-broken';

export type ApiCall = {
  readonly at: Date;
  readonly service: string;
  readonly operation: string;
  /** Who: the function's name, or `cli` for everybody else, from the access key it signed with. */
  readonly caller: string;
  readonly status: number;
  readonly errorCode?: string;
  readonly milliseconds: number;
  /** The request's parameters as the service understood them, bodies and secrets left out. */
  readonly request: unknown;
};

export type CallLog = {
  readonly calls: () => readonly ApiCall[];
  readonly record: (call: ApiCall) => void;
};

/** The packaged template, resolved against a pseudo account. */
export type LocalStack = {
  readonly account: string;
  readonly region: string;
  readonly functions: readonly LocalFunction[];
  readonly schedules: readonly Schedule[];
  readonly rules: readonly EventRule[];
  readonly documents: readonly LocalDocument[];
  readonly alarms: readonly LocalAlarm[];
  readonly dashboards: readonly LocalDashboard[];
  readonly buckets: readonly string[];
  readonly roles: readonly Role[];
  /** What the policy allows that users attach to their instances' role. */
  readonly instanceStatements: readonly Statement[];
  /** Policies of buckets and queues, permissions to invoke functions. */
  readonly resourceStatements: readonly Statement[];
  readonly outputs: Readonly<Record<string, string>>;
  /** Everything in the template that is made, by its logical id: also what local AWS does not play. */
  readonly resources?: Readonly<Record<string, { readonly type: string; readonly name: string }>>;
};

export type LocalFunction = {
  readonly name: string;
  readonly arn: string;
  readonly logicalId: string;
  /** Absent where the template names none: it may call nothing then. */
  readonly roleArn?: string;
  /** Folder into which the packaged zip was unpacked. */
  readonly codeDirectory: string;
  readonly handler: string;
  readonly timeoutSeconds: number;
  readonly memoryMegabytes: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly maximumRetryAttempts: number;
  /** How long an asynchronous event may wait for its last attempt; AWS's default of six hours where it is left out. */
  readonly maximumEventAgeSeconds?: number;
  readonly failureDestination?: string;
};

export type EventRule = {
  readonly name: string;
  readonly pattern: Readonly<Record<string, unknown>>;
  readonly targets: readonly RuleTarget[];
};

/** Without `input`, `inputPath` or `inputTransformer` the target gets the whole event. */
export type RuleTarget = {
  readonly arn: string;
  readonly input?: string;
  readonly inputPath?: string;
  readonly inputTransformer?: { readonly paths: Readonly<Record<string, string>>; readonly template: string };
  readonly deadLetterArn?: string;
  readonly retryAttempts?: number;
  readonly maximumEventAgeSeconds?: number;
};

export type LocalDocument = { readonly name: string; readonly content: unknown };

export type LocalAws = {
  readonly endpoint: string;
  readonly region: string;
  readonly stack: LocalStack;
  readonly clock: LocalClock;
  readonly calls: CallLog;
  /** What functions, instances and services asked IAM for: each different question once, oldest first. */
  readonly asked: () => readonly Asked[];
  readonly functions: FunctionRunner;
  readonly scheduler: SchedulerEngine;
  readonly bus: EventBus;
  readonly cloudwatch: LocalCloudWatch;
  readonly fleet: LocalFleet;
  /** Hooks, and the ways out of and into a group that lead through them. */
  readonly lifeCycle: LifeCycleEngine;
  /** EC2 takes a spot instance back: the warning now, the end two minutes later. */
  readonly interrupt: (id: string) => void;
  /** What no function could take, oldest first. */
  readonly deadLetters: () => readonly DeadLetter[];
  /** Resolves when nothing is under way: no function runs, no instance works, no event is on its way. */
  readonly idle: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

export type LocalAwsOptions = {
  /** DIR of `npm start`: the bucket, logs and unpacked functions go below it. */
  readonly directory: string;
  /** What `sls package` made. */
  readonly packageDirectory: string;
  readonly instances: readonly InstanceSpec[];
  readonly controlFaults: readonly ControlFault[];
  /** Life-cycle hooks of the groups, as the users' own stacks make them. */
  readonly lifeCycleHooks?: readonly LifeCycleHook[];
  /** Added to every function's environment, over the template's. */
  readonly environment: Readonly<Record<string, string>>;
  /** SSM parameters (SecureString) by name. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Shared with whatever else must see the same time, Slack and JIRA for instance; stopped by its owner. */
  readonly clock: LocalClock;
  /** 0: any free port. */
  readonly port: number;
  /** Sees every call when its work is done and before its caller gets the answer. */
  readonly onCall?: (call: ApiCall) => void;
  /** How quick and how patient AWS's services are; absent: as quick as this machine, and never throttled. */
  readonly pace?: Pace;
};

/** What one operation costs its caller, and how often it may be asked. Undefined: nothing, ever. */
export type Pace = (service: string, operation: string) => OperationPace | undefined;

export type OperationPace = {
  /** From the request to the answer, at least. */
  readonly milliseconds: number;
  /** A token bucket, for services that speak awsJson or query: tokens that come a second, and tokens that it holds. */
  readonly throttle?: { readonly perSecond: number; readonly burst: number };
};

/** The local Slack: what it was sent, as a person would see it. */
export type LocalSlack = {
  /** Base of the Web API, `http://127.0.0.1:PORT/api/`. */
  readonly apiUrl: string;
  readonly webhookUrl: string;
  readonly botToken: string;
  readonly messages: () => readonly SlackMessage[];
  /** Answers the next `count` requests like this (`hang`: never answers). */
  readonly fail: (how: 429 | 500 | 'hang', count: number) => void;
  readonly stop: () => Promise<void>;
};
export type SlackMessage = {
  readonly channel: string;
  readonly timestamp: string;
  readonly thread?: string;
  /** Text for a terminal: blocks rendered, markup resolved. */
  readonly text: string;
  readonly raw: unknown;
};

export type LocalJira = {
  readonly url: string;
  /** `user:token` for Cloud. */
  readonly credentials: string;
  readonly issues: () => readonly JiraIssue[];
  readonly fail: (how: 429 | 500 | 'hang', count: number) => void;
  readonly stop: () => Promise<void>;
};
export type JiraIssue = {
  readonly key: string;
  readonly summary: string;
  readonly labels: readonly string[];
  readonly status: string;
  /** ADF rendered as text. */
  readonly description: string;
  readonly comments: readonly string[];
};

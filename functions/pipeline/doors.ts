import type { Fleet, Plan } from '../config/plan.ts';
import type { CauseId } from './causes.ts';
import type { Drain, LifeCycleAction } from './drain.ts';
import type { Incident, SlackThread } from './incident.ts';
import type { Overview } from './overview.ts';
import type { PlanPause } from './pause.ts';
import type {
  Channel,
  CommandTargets,
  ExpectedInstance,
  NoticeKind,
  Operation,
  PruneRequest,
  RestoreRequest,
  RunRecord,
  SkippedInstance,
  Timestamp,
  VerifyRequest,
} from './run-record.ts';
import type { ShareStanding } from './share-trend.ts';

/** What the pipeline needs from the world. Each door is a small type with functions in it; fleet/, state/ … open them. */

export type Clock = { readonly now: () => Date; readonly sleep: (milliseconds: number) => Promise<void> };

export type Stored<T> = { readonly value: T; readonly version: string };

/** S3, conditional. `create` and `replace` answer undefined when somebody else was first; nothing is overwritten. */
export type DocumentStore<T> = {
  readonly read: (name: string) => Promise<Stored<T> | undefined>;
  readonly create: (name: string, value: T) => Promise<Stored<T> | undefined>;
  readonly replace: (name: string, before: Stored<T>, value: T) => Promise<Stored<T> | undefined>;
};

export type RunStore = DocumentStore<RunRecord> & {
  /** Ids of the plan's newest runs, newest first, at most `limit`. */
  readonly newest: (plan: string, limit: number) => Promise<readonly string[]>;
};
export type IncidentStore = DocumentStore<Incident>;
export type OverviewStore = DocumentStore<Overview>;
export type PauseStore = DocumentStore<PlanPause>;
export type DrainStore = DocumentStore<Drain>;

export type ReportStore = {
  /** Writes the run's report (JSON and page) and answers its address, `s3://bucket/key` of the page. */
  readonly write: (record: RunRecord, timezone: string) => Promise<string>;
};

/** What documents wrote on instances, as the SSM agent stores it. Untrusted text. */
export type InstanceLogs = {
  /** The end of stderr, a few kilobytes; undefined where nothing was stored. */
  readonly tail: (run: string, commandId: string, instance: string) => Promise<string | undefined>;
};

export type FleetSnapshot = {
  readonly expected: readonly ExpectedInstance[];
  readonly skipped: readonly SkippedInstance[];
  /** Sentences about what is missing as a whole, for instance a group that does not exist. */
  readonly problems: readonly string[];
};

export type FleetNow = {
  /** Of the instances that were asked for, those that still exist. */
  readonly there: ReadonlyMap<string, ExpectedInstance>;
  /** Members of the fleet that were not asked for: launched since. */
  readonly others: readonly Omit<ExpectedInstance, 'ping'>[];
};

export type InstanceFacts = {
  /** EC2's state, for instance `running` or `stopped`. */
  readonly state: string;
  readonly hasProfile: boolean;
  readonly launchedAt?: Timestamp;
};

export type Inventory = {
  /** The fleet now: members, their life-cycle state and what SSM knows of their agents. */
  readonly take: (fleet: Fleet) => Promise<FleetSnapshot>;
  /** Which of the instances in doubt still exist, and whether their agents are online; and who is in the fleet besides those known. */
  readonly look: (
    fleet: Fleet,
    instances: { readonly known: readonly string[]; readonly inDoubt: readonly string[] },
  ) => Promise<FleetNow>;
  /** What EC2 knows of instances that cannot be reached. One that is missing is unknown to EC2. */
  readonly explain: (instances: readonly string[]) => Promise<ReadonlyMap<string, InstanceFacts>>;
  /** These instances alone, whatever their fleet is: one that is missing in the answer is gone. */
  readonly find: (instances: readonly string[]) => Promise<ReadonlyMap<string, ExpectedInstance>>;
  /** The tags of an instance; empty where it does not exist. */
  readonly tagsOf: (instance: string) => Promise<Readonly<Record<string, string>>>;
};

export type CommandRequest = {
  readonly operation: Operation;
  readonly plan: Plan;
  readonly run: string;
  readonly comment: string;
  readonly targets: CommandTargets;
  readonly allowShrink: boolean;
  /** `MaxConcurrency` of this command. */
  readonly concurrency: string;
  readonly restore?: RestoreRequest;
  readonly verify?: VerifyRequest;
  readonly prune?: PruneRequest;
  /** Over how many seconds the instances that begin at once are spread. */
  readonly spreadSeconds: number;
  /** Seconds until the instance ends, for a final backup; absent: no limit. */
  readonly budgetSeconds?: number;
  readonly deliverySeconds: number;
  readonly executionSeconds: number;
};

/** One instance's part of a command, as `ListCommandInvocations` tells it. Output is untrusted text. */
export type Invocation = {
  readonly instance: string;
  readonly status: string;
  readonly statusDetails: string;
  readonly responseCode?: number;
  readonly output: string;
};

export type RunCommand = {
  /** Sends and answers the command's id. Throws {@link CommandRefused} when AWS will not take it however often asked. */
  readonly send: (request: CommandRequest) => Promise<string>;
  /** The id of a command that was sent with this comment, if there is one: for a sender that died before noting it. */
  readonly findByComment: (comment: string, sentAfter: Date) => Promise<string | undefined>;
  /** The run that a command belongs to, by its comment; undefined for one that Lifeboat did not send. */
  readonly commentOf: (commandId: string) => Promise<string | undefined>;
  /** Asks the instances to stop, and hands the command to nobody any more. SSM promises neither. Safe to call twice. */
  readonly cancel: (commandId: string) => Promise<void>;
  /** Whether the command as a whole has ended, and every invocation, all pages. */
  readonly truth: (
    commandId: string,
  ) => Promise<{ readonly ended: boolean; readonly invocations: readonly Invocation[] }>;
};

export class CommandRefused extends Error {
  override readonly name = 'CommandRefused';
}

/** One-time schedules that wake check or drain and delete themselves. */
export type WakeUps = {
  /** Wakes check for this run once, at this time. Safe to call twice with the same time. */
  readonly wakeCheck: (run: string, at: Date, why: 'deadline' | 'look-again') => Promise<void>;
  /** The same for drain. Never sooner than in a minute. */
  readonly wakeDrain: (run: string, at: Date, why: 'deadline' | 'heartbeat') => Promise<void>;
};

/** Auto Scaling's life-cycle actions: an instance waits in its group until they are completed or their time is over. */
export type LifeCycle = {
  /** The times of a hook; undefined where the group has it no more. */
  readonly hook: (action: LifeCycleAction) => Promise<HookTimes | undefined>;
  /** Lets the wait begin anew. `over`: nobody waits any more. */
  readonly beat: (action: LifeCycleAction, instance: string) => Promise<ActionFate>;
  /** Lets the instance go (CONTINUE). */
  readonly complete: (action: LifeCycleAction, instance: string) => Promise<ActionFate>;
};

export type HookTimes = {
  readonly heartbeatSeconds: number;
  /** The longest that an instance is kept, however often the heart beats. */
  readonly globalSeconds: number;
};

export type ActionFate =
  | { readonly kind: 'done' }
  /** Somebody else completed it, its time is over, or the instance has gone. */
  | { readonly kind: 'over' }
  /** AWS's final word, for instance a permission that is missing. */
  | { readonly kind: 'refused'; readonly why: string };

/** EBS snapshots: the last resort for files that no final backup has. */
export type Snapshots = {
  /** Of the instance's data volumes, tagged with plan, instance and run; those that the run has already are found. */
  readonly take: (plan: string, instance: string, run: string) => Promise<SnapshotFate>;
};

export type SnapshotFate =
  | { readonly kind: 'taken'; readonly snapshots: readonly string[] }
  | { readonly kind: 'impossible'; readonly why: string };

/** The newest recovery point of an instance that is not protected; none: it has never had one. */
export type NewestPoint = {
  readonly instance: string;
  /** Why its newest run did not protect it. */
  readonly cause?: CauseId;
  readonly point?: Timestamp;
  /** Older than the plan's objective. */
  readonly atRisk: boolean;
};

/** What is told about a run, complete enough to write a message from it. */
export type Notice = {
  readonly kind: NoticeKind;
  readonly plan: Plan;
  readonly record: RunRecord;
  readonly incident?: Incident;
  /** Of the instances that are not protected, the oldest first. */
  readonly points?: readonly NewestPoint[];
  /** Of `unheard`: the channel that could not be told, what, and why. */
  readonly about?: { readonly channel: Channel; readonly kind: NoticeKind; readonly error: string };
  /** Where the reader goes on: the run's report, the runbook. */
  readonly links: { readonly report?: string; readonly runbook: string; readonly console?: string };
  /** True where an earlier attempt may have arrived: the teller looks before it tells again. */
  readonly mayBeTold: boolean;
  /** What an earlier attempt was answered that told it and could not do the rest, see {@link Told.rest}. */
  readonly toldAs?: string;
};

export type Told = {
  /** Slack's message timestamp (`webhook` where there is none) or JIRA's issue key. */
  readonly reference: string;
  /** Slack: the id of the channel where the message is, which threads and lookups need; the plan may name it. */
  readonly channel?: string;
  /** Slack: where the incident's thread is now. */
  readonly thread?: SlackThread;
  /** Slack: where it was until now. */
  readonly left?: readonly SlackThread[];
  /** It is told, but not all that goes with it could be done: why. It is tried again and not told again. */
  readonly rest?: string;
};

/** A channel. Throws when the message could not be placed; the error's message names the service, never the token. */
export type Teller = {
  readonly tell: (notice: Notice) => Promise<Told>;
  /** Tells nothing, and brings what was told first up to date. Answers why that could not be done. */
  readonly refresh?: (notice: Notice) => Promise<string | undefined>;
};

export type Tellers = {
  /** The channels of a plan. Secrets are read only when something is told. */
  readonly of: (plan: Plan) => Partial<Record<Channel, Teller>>;
};

/** How a plan stands after a run, as alarms look at it. */
export type PlanStanding = {
  /** Instances that are not protected, in this run or since an earlier one; at least 1 while an incident is open. */
  readonly notProtected: number;
  /** Of the instance in the fleet whose newest recovery point is the oldest. */
  readonly recoveryPointAgeSeconds?: number;
  readonly share?: ShareStanding;
};

/** What operators see of a closed run and of escalations, as numbers. */
export type Metrics = {
  /** Once for each run. */
  readonly runClosed: (record: RunRecord) => void;
  /** As often as anybody looks. */
  readonly planStands: (plan: string, standing: PlanStanding) => void;
  readonly escalationFailed: (plan: string, channel: Channel) => void;
};

/** Structured log, one JSON line a call. */
export type Log = {
  readonly info: (message: string, facts: Readonly<Record<string, unknown>>) => void;
  readonly error: (message: string, facts: Readonly<Record<string, unknown>>) => void;
};

import type { CauseId, Outcome } from './causes.ts';
import type { Pause } from './pause.ts';

export const operations = ['backup', 'final-backup', 'restore', 'verify', 'prune'] as const;
export type Operation = (typeof operations)[number];

/** ISO 8601 in UTC, as `Date.prototype.toISOString` writes it. */
export type Timestamp = string;

/**
 * The record of one run, `runs/<run>/record.json` in the bucket: what was expected, what was sent, what came of it and
 * who was told. It is the only memory that dispatch and check share; every change of it is conditional on the version
 * that was read. Written by Lifeboat alone, so it is trusted when read back.
 */
export type RunRecord = {
  readonly lifeboat: 1;
  readonly run: string;
  readonly plan: string;
  readonly operation: Operation;
  readonly trigger: Trigger;
  /** `starting` until the command is sent, `running` until every instance has an outcome, then `closed` for good. */
  readonly state: 'starting' | 'running' | 'closed';
  readonly scheduledTime: Timestamp;
  readonly startedAt: Timestamp;
  /** When check closes the run whatever is still open. */
  readonly deadline: Timestamp;
  /** Present once a person has ended it before its time: nothing is sent any more. */
  readonly cancelled?: Cancellation;
  /** Of a run that was skipped because its plan was paused. */
  readonly paused?: Pause;
  /** Who works on the record and until when; a second worker waits until it is over. */
  readonly lease?: Lease;
  /** The whole fleet, or only instances that somebody named. */
  readonly scope: 'fleet' | 'instances';
  /** These, where the scope is `instances`: whoever goes on for a worker that died means nobody else. */
  readonly named?: readonly string[];
  /** The fleet when the run began, as far as the run covers it. Absent until the inventory is taken. */
  readonly expected?: readonly ExpectedInstance[];
  /** Members of the group that the run leaves out on purpose, each with the reason. */
  readonly skipped: readonly SkippedInstance[];
  /** What is wrong with the fleet as a whole, for instance a group that does not exist; such a run is never good. */
  readonly problems: readonly string[];
  readonly commands: readonly SentCommand[];
  readonly parameters: {
    readonly allowShrink: boolean;
    /** In place of the plan's, this once. */
    readonly concurrency?: string;
    readonly restore?: RestoreRequest;
    readonly verify?: VerifyRequest;
    readonly prune?: PruneRequest;
  };
  /** Present once the run is closed. */
  readonly closedAt?: Timestamp;
  readonly result?: RunResult;
  readonly results?: readonly InstanceResult[];
  /** Of a final backup that is still open: the instances that have been let go, as they ended. */
  readonly settled?: readonly InstanceResult[];
  /** Whom to tell what, and whether it is told. */
  readonly notices: readonly NoticeState[];
  /** A closed run's own notices are among them: set once, after its incident was judged. */
  readonly noticesDecided?: boolean;
};

/** What a restore brings back, and where to. */
export type RestoreRequest = {
  /** The instance whose files come back; absent: each instance its own. */
  readonly from?: string;
  /** `newest`, the name of a recovery point, or a time in the form of {@link compactTime}: the newest one of then. */
  readonly at: string;
  /** Folder on the instance. */
  readonly into: string;
  /** Globs; empty: everything. */
  readonly paths: readonly string[];
  readonly overwrite: 'never' | 'older' | 'always';
  /** The instance says what would come back, and writes nothing. */
  readonly dryRun: boolean;
};

/** What a verify reads back: a recovery point as {@link RestoreRequest.at} has it, and how many files its drill restores. */
export type VerifyRequest = { readonly at: string; readonly drillFiles: number };

/** What a prune goes by, beside the plan's `retention`. */
export type PruneRequest = {
  /** The recovery point that an instance must have, or a newer one, before anything goes; absent: any, of a dry run alone. */
  readonly after?: string;
  /** Of the whole fleet: who looks after the folders of instances that are gone. */
  readonly gone?: GoneInstances;
  /** The instances say what would go, and remove nothing. */
  readonly dryRun: boolean;
};

export type GoneInstances = {
  /** The one instance that does it, in this run. */
  readonly caretaker: string;
  /** Gone by AWS's word, at most 20. */
  readonly instances: readonly string[];
  /** Their recovery points go where the newest is older than this, in the form of {@link compactTime}. */
  readonly before: string;
};

export type Trigger =
  | { readonly kind: 'schedule'; readonly requestId: string }
  /** Another run that has ended well. */
  | { readonly kind: 'run'; readonly run: string; readonly requestId: string }
  | { readonly kind: 'hand'; readonly requestId: string }
  /** An instance is on its way out: the first one of the wave. */
  | { readonly kind: 'drain'; readonly requestId: string };

export type Cancellation = { readonly at: Timestamp; readonly requestId: string; readonly why?: string };

export type Lease = { readonly holder: string; readonly until: Timestamp };

export type ExpectedInstance = {
  readonly instance: string;
  readonly group?: string;
  /** Life-cycle state in its group, for instance `InService`. */
  readonly lifeCycleState?: string;
  /** What SSM knew of the agent: `absent` where the instance never registered. */
  readonly ping: 'Online' | 'ConnectionLost' | 'Inactive' | 'absent';
  /** When an agent that is not online was last heard of, and its version. */
  readonly lastPing?: Timestamp;
  readonly agentVersion?: string;
};

export type SkippedInstance = { readonly instance: string; readonly why: string };

/** A command: written down before it is sent (no id yet), completed with its id when Systems Manager has taken it. */
export type SentCommand = {
  /** 1 for the first command of a run, 2 for the retry; a final backup tries as long as there is time. */
  readonly attempt: number;
  /** Comment of the command, `<run>#<attempt>.<part>`: finds a command again whose sender died before it noted the id. */
  readonly comment: string;
  readonly intendedAt: Timestamp;
  readonly targets: CommandTargets;
  readonly commandId?: string;
  /** Why it could not be sent; such a command has no id and never will. */
  readonly refused?: string;
};

export type CommandTargets =
  | { readonly kind: 'groups'; readonly groups: readonly string[] }
  | { readonly kind: 'tags'; readonly tags: Readonly<Record<string, readonly string[]>> }
  | { readonly kind: 'instances'; readonly instances: readonly string[] };

/**
 * `paused`: it was skipped on purpose, and protects nobody. `partial`: some instances are protected and some are not. `nothing-to-protect`: the fleet exists and has no instance.
 */
export type RunResult =
  | 'protected'
  | 'protected-with-warnings'
  | 'partial'
  | 'failed'
  | 'nothing-to-protect'
  | 'paused';

/** Whether a run of this result leaves nobody unprotected. */
export const isGoodResult = (result: RunResult | undefined): boolean =>
  result !== 'failed' && result !== 'partial' && result !== 'paused';

export type InstanceWarning = {
  readonly cause: CauseId;
  readonly count: number;
  /** A file name or message from the instance: untrusted text, percent-escaped where it is not printable. */
  readonly example: string;
};

export type InstanceResult = {
  readonly instance: string;
  readonly outcome: Outcome;
  readonly cause?: CauseId;
  /** What the control plane or the instance said beyond the cause: untrusted text of at most 300 characters. */
  readonly detail?: string;
  readonly attempts: number;
  readonly commandId?: string;
  /** In the fleet when the run began. False for one that was launched later and reported all the same. */
  readonly expected: boolean;
  /** SSM delivered the command to it. */
  readonly reached: boolean;
  /** What the instance reported; absent where it did not. */
  readonly report?: InstanceReport;
  /** EBS snapshots of its data volumes, taken before it went because its final backup does not have everything. */
  readonly snapshots?: readonly string[];
};

/** The figures of an instance's line. Files, bytes: of the recovery point; changed, copiedBytes: what this run moved. */
export type InstanceReport = {
  readonly files: number;
  readonly bytes: number;
  readonly changed: number;
  readonly deleted: number;
  readonly copiedBytes: number;
  /** Of a restore: files that were there already and stayed as they were. */
  readonly skipped?: number;
  readonly seconds: number;
  readonly recoveryPoint: string;
  /** Of a prune. */
  readonly prune?: PruneReport;
  /** Room on the share when the instance was done; absent where the share did not say. */
  readonly shareFreeBytes?: number;
  readonly shareBytes?: number;
  readonly warnings: readonly InstanceWarning[];
};

/** Recovery points that were there, that the rules keep and that went; files and bytes of history that went with them. */
export type PruneReport = {
  readonly points: number;
  readonly kept: number;
  readonly removed: number;
  readonly removedFiles: number;
  readonly removedBytes: number;
  /** Of a dry run, the oldest of the points that would go. */
  readonly going?: readonly string[];
  /** Of the caretaker: what went of instances that are gone; of them, at most 5 names. */
  readonly gone?: {
    readonly instances: readonly string[];
    readonly points: number;
    readonly files: number;
    readonly bytes: number;
  };
  /** Of the caretaker: instances of which nothing on the share is newer than is kept; whether they are gone is not said. */
  readonly silent?: readonly string[];
};

/**
 * `escalated`: data is now older than the objective. `reminded`: it goes on. `unheard`: the other channel could not be told.
 * `paused`: the run was skipped on purpose.
 */
export type NoticeKind =
  | 'started'
  | 'succeeded'
  | 'failed'
  | 'escalated'
  | 'reminded'
  | 'recovered'
  | 'unheard'
  | 'paused';
export type Channel = 'slack' | 'jira';

/**
 * What is owed to a channel. `owed` before and `told` after; `sending` marks an attempt whose end nobody saw; `overtaken` is
 * not told any more, because a later notice says how it stands since.
 */
export type NoticeState = {
  readonly kind: NoticeKind;
  readonly channel: Channel;
  readonly state: 'owed' | 'sending' | 'told' | 'failed' | 'overtaken';
  readonly attempts: number;
  readonly at?: Timestamp;
  /** Request id of the worker that is sending it. */
  readonly by?: string;
  /** Slack's message timestamp or JIRA's issue key. */
  readonly reference?: string;
  /** Why the last attempt failed; never holds a token. */
  readonly error?: string;
  /** Of `unheard`: the notice that the other channel has not got. */
  readonly about?: { readonly kind: NoticeKind; readonly channel: Channel };
};

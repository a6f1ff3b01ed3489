/**
 * A plan as the functions see it: complete, defaults filled in, checked. `lifeboat.yml` is turned into these when the
 * service is packaged (deploy/), so that a Lambda needs neither a YAML parser nor the schema.
 */
export type Plan = {
  readonly name: string;
  readonly fleet: Fleet;
  readonly source: {
    readonly path: string;
    readonly mayBeEmpty: boolean;
    /** A run fails when more than this share of the files is gone since the last recovery point. 0 to 1. */
    readonly maxShrink: number;
  };
  readonly share: {
    readonly path: string;
    /** The share's id in lifeboat.json; undefined: the one that the instance saw first. */
    readonly id?: string;
  };
  readonly schedule: {
    /** In EventBridge Scheduler's form, six fields, without `cron()`. */
    readonly cron: string;
    readonly timezone: string;
    /** Jitter: the run begins within this window after the scheduled time. 0: at once. */
    readonly windowMinutes: number;
    readonly enabled: boolean;
  };
  /** From the beginning of a run to the moment check closes it. */
  readonly deadlineMinutes: number;
  /** How long SSM tries to deliver the command to an instance. */
  readonly deliveryMinutes: number;
  /** Instances that work at the same time: a number or a percentage, as `MaxConcurrency` takes it. */
  readonly concurrency: string;
  readonly load: {
    /** Bytes a second that an instance may copy; undefined: as many as the share takes. */
    readonly bandwidth?: number;
    /** 0 to 19, as `nice` has it. */
    readonly nice: number;
  };
  /** In how many nights everything on the share is read back and compared; 0: never. */
  readonly verifyNights: number;
  readonly retention: Retention;
  /** What happens to an instance that its group terminates; absent: it is let go at once. */
  readonly drain?: DrainPlan;
  /** Recovery point objective: how old the newest recovery point of an instance may get. */
  readonly objectiveMinutes: number;
  /** CloudWatch alarms of the plan; absent where it wants none. */
  readonly alarms?: AlarmsPlan;
  /** Whether it gets a CloudWatch dashboard. */
  readonly dashboard: boolean;
  readonly slack?: SlackPlan;
  readonly jira?: JiraPlan;
};

export type Fleet =
  | { readonly kind: 'groups'; readonly groups: readonly string[] }
  | { readonly kind: 'tags'; readonly tags: Readonly<Record<string, readonly string[]>> };

/** How many recovery points stay. Pruning never goes below `minimum` good ones. */
export type Retention = {
  readonly last: number;
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
  readonly yearly: number;
  readonly minimum: number;
  /** How long a prune may take an instance before what is left waits for the next night. */
  readonly budgetMinutes: number;
  readonly goneInstancesDays: number;
};

export type DrainPlan = {
  /** How long an instance may be kept for its final backup. */
  readonly limitMinutes: number;
  /** Whether a snapshot of its data volumes is taken where the final backup does not have everything. */
  readonly snapshot: boolean;
};

export type AlarmsPlan = {
  /** ARN of the SNS topic that pages people; absent: the alarms change state and nobody is paged. */
  readonly topic?: string;
  /** The share counts as nearly full below this part of free space (0 to 1), or when it is full within so many days. */
  readonly shareFree: number;
  readonly shareDays: number;
};

export type SlackPlan = {
  /** Names of SSM parameters (SecureString), never the secrets themselves. */
  readonly via:
    | {
        readonly kind: 'bot';
        readonly tokenParameter: string;
        readonly channel: string;
        /** Others than `channel`, by how bad it is. */
        readonly channels?: Partial<Readonly<Record<Level, string>>>;
      }
    | { readonly kind: 'webhook'; readonly urlParameter: string };
  readonly tell: {
    readonly start: 'always' | 'by-hand' | 'never';
    readonly success: 'always' | 'by-hand' | 'never';
  };
};

/** Prunes that do not work and warnings; files that are not protected; data older than the objective. */
export type Level = 'warning' | 'failure' | 'atRisk';

export type JiraPlan = {
  /** `https://acme.atlassian.net` or the address of a Data Center. */
  readonly url: string;
  readonly edition: 'cloud' | 'data-center';
  readonly project: string;
  readonly issueType: string;
  readonly labels: readonly string[];
  /** Cloud: a parameter that holds `user@example.org:api-token`; Data Center: a personal access token. */
  readonly credentialsParameter: string;
  /** Names of priorities by impact; absent: the project's default. */
  readonly priority?: Partial<Readonly<Record<Impact, string>>>;
  /** Cloud: an account id; Data Center: a user name. */
  readonly assignee?: string;
  readonly components?: readonly string[];
  /** Custom fields by id, with values as JIRA's REST API takes them. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** An incident that begins so soon after the last one gets its issue again. 0: never. */
  readonly reopenMinutes: number;
  /** Whether a recovery moves the issue to a status that is done. */
  readonly resolves: boolean;
};

/** Some instances are not protected, none is, or data is older than the objective. */
export type Impact = 'someFailed' | 'allFailed' | 'atRisk';

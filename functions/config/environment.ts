import * as z from 'zod/mini';

/** What the template tells a function through its environment (serverless.yml, `provider.environment`). */
export type Environment = {
  readonly region: string;
  /** What the names of everything begin with: service and stage. */
  readonly name: string;
  readonly bucket: string;
  /** Names of the documents, by what they do. */
  readonly documents: Readonly<Record<'backup' | 'finalBackup' | 'restore' | 'verify' | 'prune', string>>;
  readonly scheduleGroup: string;
  readonly schedulerRoleArn: string;
  readonly checkArn: string;
  readonly dispatchArn: string;
  readonly drainArn: string;
  readonly drilldownArn: string;
  readonly deadLettersArn: string;
  readonly runbookUrl: string;
  /** Other addresses of Slack and JIRA than the plan's: local AWS sets them. */
  readonly slackUrl?: string;
  readonly jiraUrl?: string;
};

const text = z.string().check(z.minLength(1));

const variables = z.object({
  AWS_REGION: text,
  LIFEBOAT_NAME: text,
  LIFEBOAT_BUCKET: text,
  LIFEBOAT_BACKUP_DOCUMENT: text,
  LIFEBOAT_FINAL_BACKUP_DOCUMENT: text,
  LIFEBOAT_RESTORE_DOCUMENT: text,
  LIFEBOAT_VERIFY_DOCUMENT: text,
  LIFEBOAT_PRUNE_DOCUMENT: text,
  LIFEBOAT_SCHEDULE_GROUP: text,
  LIFEBOAT_SCHEDULER_ROLE_ARN: text,
  LIFEBOAT_CHECK_ARN: text,
  LIFEBOAT_DISPATCH_ARN: text,
  LIFEBOAT_DRAIN_ARN: text,
  LIFEBOAT_DRILLDOWN_ARN: text,
  LIFEBOAT_DEAD_LETTERS_ARN: text,
  LIFEBOAT_RUNBOOK_URL: text,
  LIFEBOAT_SLACK_URL: z.optional(text),
  LIFEBOAT_JIRA_URL: z.optional(text),
});

/** Reads and checks the environment once. Throws with the names of the variables that are missing. */
export const readEnvironment = (from: NodeJS.ProcessEnv): Environment => {
  const parsed = variables.safeParse(from);
  if (!parsed.success) {
    const names = parsed.error.issues.map(({ path }) => path.join('.')).join(', ');
    throw new Error(`The function's environment lacks ${names}. Deploy it again: \`npx sls deploy\`.`);
  }
  const env = parsed.data;
  return {
    region: env.AWS_REGION,
    name: env.LIFEBOAT_NAME,
    bucket: env.LIFEBOAT_BUCKET,
    documents: {
      backup: env.LIFEBOAT_BACKUP_DOCUMENT,
      finalBackup: env.LIFEBOAT_FINAL_BACKUP_DOCUMENT,
      restore: env.LIFEBOAT_RESTORE_DOCUMENT,
      verify: env.LIFEBOAT_VERIFY_DOCUMENT,
      prune: env.LIFEBOAT_PRUNE_DOCUMENT,
    },
    scheduleGroup: env.LIFEBOAT_SCHEDULE_GROUP,
    schedulerRoleArn: env.LIFEBOAT_SCHEDULER_ROLE_ARN,
    checkArn: env.LIFEBOAT_CHECK_ARN,
    dispatchArn: env.LIFEBOAT_DISPATCH_ARN,
    drainArn: env.LIFEBOAT_DRAIN_ARN,
    drilldownArn: env.LIFEBOAT_DRILLDOWN_ARN,
    deadLettersArn: env.LIFEBOAT_DEAD_LETTERS_ARN,
    runbookUrl: env.LIFEBOAT_RUNBOOK_URL,
    ...(env.LIFEBOAT_SLACK_URL === undefined ? {} : { slackUrl: env.LIFEBOAT_SLACK_URL }),
    ...(env.LIFEBOAT_JIRA_URL === undefined ? {} : { jiraUrl: env.LIFEBOAT_JIRA_URL }),
  };
};

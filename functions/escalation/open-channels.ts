import type { Plan } from '../config/plan.ts';
import type { Teller } from '../pipeline/doors.ts';
import type { Channel } from '../pipeline/run-record.ts';
import { openJira } from './jira.ts';
import { startBudget } from './service-call.ts';
import { openSlack } from './slack.ts';

export type ChannelOptions = {
  /** Value of an SSM parameter (SecureString). Called only when something is told. */
  readonly readSecret: (parameterName: string) => Promise<string>;
  /** Other addresses than the real ones; local AWS sets them. Slack's is the base of the Web API. */
  readonly slackUrl?: string;
  readonly jiraUrl?: string;
  /** What one notice on one channel may take, all calls, retries and pauses together. */
  readonly budgetMilliseconds: number;
  /** Time-out of each HTTP request. Default 5,000. */
  readonly requestMilliseconds?: number;
  /** Pause before the first retry; it doubles. Default 500. */
  readonly pauseMilliseconds?: number;
};

/** The channels that a plan names. Opening costs nothing: secrets and connections wait until something is told. */
export const tellersFor = (plan: Plan, options: ChannelOptions): Partial<Record<Channel, Teller>> => {
  const { readSecret, slackUrl, jiraUrl, budgetMilliseconds } = options;
  const patience = () => ({
    budget: startBudget(budgetMilliseconds),
    requestMilliseconds: options.requestMilliseconds ?? 5_000,
    pauseMilliseconds: options.pauseMilliseconds ?? 500,
  });
  return {
    ...(plan.slack === undefined
      ? {}
      : {
          slack: openSlack(plan.slack.via, {
            apiUrl: slackUrl ?? 'https://slack.com/api/',
            readSecret,
            patience,
          }),
        }),
    ...(plan.jira === undefined
      ? {}
      : { jira: openJira(plan.jira, { baseUrl: jiraUrl ?? plan.jira.url, readSecret, patience }) }),
  };
};

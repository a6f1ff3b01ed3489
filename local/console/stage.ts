import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadPlans, planFile } from '../../deploy/plans.ts';
import { nearestWord } from '../../functions/config/nearest-word.ts';
import type { Plan } from '../../functions/config/plan.ts';
import { timeOfRun } from '../../functions/pipeline/run-id.ts';
import { startClock } from '../clock.ts';
import type { ControlFault, InstanceSpec, LocalAws, LocalJira, LocalSlack } from '../contract.ts';
import { startLocalJira } from '../jira/local-jira.ts';
import { startLocalAws } from '../local-aws.ts';
import type { LifeCycleHook } from '../services/auto-scaling/life-cycle-engine.ts';
import { startLocalSlack } from '../slack/local-slack.ts';
import { BadUsage } from './arguments.ts';
import type { Directory } from './directory.ts';

/** Everything that is running and has to be ended, newest first, whatever happens. */
export type Running = { readonly stop: () => void | Promise<void> }[];

/** Ends them all, newest first; one that fails keeps no other from being ended. */
export const stopAll = async (running: Running): Promise<void> => {
  const failures: unknown[] = [];
  for (const { stop } of running.reverse()) {
    try {
      await stop();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'Not everything could be ended.');
};

/** The plan of that name in lifeboat.yml; the first where none is named. Throws {@link BadUsage}. */
export const planOf = (wanted: string | undefined): Plan => {
  const plans = loadPlans(planFile());
  const plan = wanted === undefined ? plans[0] : plans.find((each) => each.name === wanted);
  if (plan !== undefined) return plan;
  const names = plans.map(({ name }) => name);
  const close = nearestWord(wanted ?? '', names);
  throw new BadUsage(
    `lifeboat.yml has no plan "${wanted}".${close === undefined ? '' : ` Did you mean ${close}?`} There are: ${names.join(', ')}.`,
  );
};

export type Stage = { readonly aws: LocalAws; readonly slack: LocalSlack; readonly jira: LocalJira };

/** Slack, JIRA and local AWS, with the plan's secrets where the plan says they are; what has to be ended goes into `running`. */
export const raise = async (
  directory: Directory,
  plan: Plan,
  instances: readonly InstanceSpec[],
  controlFaults: readonly ControlFault[],
  running: Running,
): Promise<Stage> => {
  const clock = startClock(afterNewestRun(directory, plan));
  running.push(clock);
  const slack = await startLocalSlack({ stateFile: directory.slackState, now: clock.now });
  running.push(slack);
  const jira = await startLocalJira({ stateFile: directory.jiraState, now: clock.now, ...jiraOf(plan) });
  running.push(jira);
  const aws = await startLocalAws({
    directory: directory.path,
    packageDirectory: directory.packaged,
    instances,
    controlFaults,
    environment: { LIFEBOAT_SLACK_URL: slack.apiUrl, LIFEBOAT_JIRA_URL: jira.url },
    parameters: secretsOf(plan, slack, jira),
    lifeCycleHooks: drainHooks(plan),
    clock,
    port: 0,
  });
  running.push(aws);
  writeFileSync(directory.localAws, `${JSON.stringify(addresses(aws, slack, jira), undefined, 2)}\n`);
  return { aws, slack, jira };
};

/** As the reference stack gives them to its group. */
const drainHooks = ({ fleet }: Plan): readonly LifeCycleHook[] =>
  (fleet.kind === 'groups' ? fleet.groups : []).map((group) => ({
    name: 'lifeboat-drain',
    group,
    transition: 'autoscaling:EC2_INSTANCE_TERMINATING',
    heartbeatSeconds: 900,
    defaultResult: 'CONTINUE',
  }));

/**
 * A second after the newest run in the directory: where time was moved ahead, the next night must not lie before the last
 * one, or the instances would refuse it.
 */
const afterNewestRun = (directory: Directory, plan: Plan): Date => {
  const folder = join(directory.bucket, 'runs', plan.name);
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const times = names.flatMap((name) => timeOfRun(`${plan.name}/${name}`)?.getTime() ?? []);
  return new Date(Math.max(0, ...times) + 1_000);
};

/** The JIRA that the plan expects: its edition, its project, its issue type. */
const jiraOf = ({ jira }: Plan) =>
  jira === undefined ? {} : { edition: jira.edition, projects: { [jira.project]: [jira.issueType] } };

const secretsOf = (plan: Plan, slack: LocalSlack, jira: LocalJira): Readonly<Record<string, string>> => {
  const via = plan.slack?.via;
  return {
    ...(via?.kind === 'bot' ? { [via.tokenParameter]: slack.botToken } : {}),
    ...(via?.kind === 'webhook' ? { [via.urlParameter]: slack.webhookUrl } : {}),
    ...(plan.jira === undefined ? {} : { [plan.jira.credentialsParameter]: jira.credentials }),
  };
};

/** `DIR/local-aws.json`: where a program finds what is up. */
const addresses = ({ endpoint, region, stack }: LocalAws, slack: LocalSlack, jira: LocalJira) => ({
  endpoint,
  region,
  account: stack.account,
  functions: Object.fromEntries(stack.functions.map(({ name, arn }) => [name, arn])),
  documents: stack.documents.map(({ name }) => name),
  schedules: stack.schedules.map(({ group, name }) => ({ group, name })),
  bucket: stack.buckets[0],
  slack: slack.apiUrl,
  jira: jira.url,
  process: process.pid,
});

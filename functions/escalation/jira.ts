import { setTimeout as sleep } from 'node:timers/promises';
import type { JiraPlan } from '../config/plan.ts';
import type { Notice, Teller, Told } from '../pipeline/doors.ts';
import { mayHaveArrived, withoutSecrets } from './channel-error.ts';
import { type JiraApi, type JiraIssueState, openJiraApi } from './jira-api.ts';
import { code, type Part, paragraph, strong, text } from './message.ts';
import { messageOf } from './messages.ts';
import type { Patience } from './service-call.ts';

export type JiraTellerOptions = {
  readonly baseUrl: string;
  readonly readSecret: (parameterName: string) => Promise<string>;
  /** A fresh budget for each notice. */
  readonly patience: () => Patience;
};

/** What is answered where a recovery has no issue to be told on. */
const noIssue = 'no-issue';

/**
 * JIRA: one issue for an incident, created by the first failure, commented on by what follows. Nothing is created
 * without looking first. An issue is known by its key in the incident; else by its label and, to be sure, the property
 * that Lifeboat put on it; never by its title. Throws ChannelError.
 */
export const openJira = (plan: JiraPlan, options: JiraTellerOptions): Teller => ({
  tell: async (notice) => {
    const credentials = (await options.readSecret(plan.credentialsParameter)).trim();
    const patience = options.patience();
    try {
      const baseUrl = options.baseUrl.replace(/\/+$/, '');
      const api = openJiraApi({ plan, baseUrl, credentials, patience });
      return { reference: await tellOn(api, plan, notice, patience) };
    } catch (error) {
      throw withoutSecrets(error, [credentials, credentials.slice(credentials.indexOf(':') + 1)]);
    }
  },
});

const tellOn = async (
  api: JiraApi,
  plan: JiraPlan,
  notice: Notice,
  patience: Patience,
): Promise<Told['reference']> => {
  const issue = (await knownIssue(api, notice)) ?? (await lookFor(api, plan, notice, patience));
  if (issue !== undefined) {
    await commentOn(api, issue, notice, patience);
    return issue.key;
  }
  return notice.kind === 'failed' ? create(api, plan, notice, patience) : noIssue;
};

const knownIssue = async (api: JiraApi, { incident }: Notice): Promise<JiraIssueState | undefined> =>
  incident?.jira === undefined || incident.jira.key === noIssue ? undefined : api.read(incident.jira.key);

/** Before a second issue might be made, JIRA's index gets so many pauses (5 s by default) to catch up. */
const indexPauses = 10;

const lookFor = async (
  api: JiraApi,
  plan: JiraPlan,
  notice: Notice,
  patience: Patience,
): Promise<JiraIssueState | undefined> => {
  const found = await search(api, plan, notice);
  if (found !== undefined || !notice.mayBeTold || notice.kind !== 'failed') return found;
  await sleep(Math.max(0, Math.min(patience.pauseMilliseconds * indexPauses, patience.budget.left() / 2)));
  return search(api, plan, notice);
};

/** The issue of this incident, even if somebody closed it; else an issue of the plan that is still open. */
const search = async (
  api: JiraApi,
  plan: JiraPlan,
  { plan: { name }, record, incident }: Notice,
): Promise<JiraIssueState | undefined> => {
  const jql = `project = ${quoted(plan.project)} AND labels = ${quoted(planLabel(name))} ORDER BY created DESC`;
  const keys = await api.search(jql, 5);
  const states = await Promise.all(keys.map((key) => api.read(key)));
  const issues = states.filter((state) => state !== undefined);
  const id = incident?.openedBy ?? record.run;
  return issues.find(({ mark }) => mark?.incident === id) ?? issues.find(({ isDone }) => !isDone);
};

const planLabel = (plan: string): string => `lifeboat-${plan}`;

const quoted = (words: string): string => `"${words.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

/**
 * Creates it once. When JIRA leaves it open whether it did, it is looked for until the time is over, never created
 * again at once: the index may not show it yet. The next attempt, minutes later, looks again and then creates.
 */
const create = async (
  api: JiraApi,
  plan: JiraPlan,
  notice: Notice,
  patience: Patience,
): Promise<Told['reference']> => {
  const { plan: whole, record, incident, kind } = notice;
  const message = messageOf(notice);
  try {
    return await api.create({
      summary: message.title,
      parts: [...message.parts, markOf(notice)],
      labels: [...new Set(['lifeboat', planLabel(whole.name), ...plan.labels])],
      mark: { plan: whole.name, incident: incident?.openedBy ?? record.run, run: record.run, kind },
    });
  } catch (error) {
    if (!mayHaveArrived(error)) throw error;
    for (let pause = patience.pauseMilliseconds; pause < patience.budget.left(); pause *= 2) {
      await sleep(pause);
      const found = await search(api, plan, notice);
      if (found?.mark?.run === record.run) return found.key;
    }
    throw error;
  }
};

/** Attempts to place one comment when JIRA leaves it open whether the last one arrived. */
const mostComments = 3;

const commentOn = async (
  api: JiraApi,
  { key, mark }: JiraIssueState,
  notice: Notice,
  patience: Patience,
): Promise<void> => {
  // This very notice made the issue.
  if (mark?.run === notice.record.run && mark.kind === notice.kind) return;
  const { title, parts, hasTitle } = messageOf(notice);
  const heading = hasTitle ? [paragraph(strong(title))] : [];
  let mayBeTold = notice.mayBeTold;
  for (let attempt = 1; ; attempt += 1) {
    if (mayBeTold && (await api.hasComment(key, markText(notice)))) return;
    try {
      await api.comment(key, [...heading, ...parts, markOf(notice)]);
      return;
    } catch (error) {
      if (!mayHaveArrived(error) || attempt >= mostComments || patience.budget.left() <= 0) throw error;
      mayBeTold = true;
    }
  }
};

/** The last line of what Lifeboat writes: says of which run it is, and finds a comment again. */
const markOf = (notice: Notice): Part => paragraph(text('Lifeboat, run '), code(markText(notice)), text('.'));

/** Of a notice always the same: a worker that comes later finds the comment by it. */
const markText = ({ record, kind }: Notice): string => `${record.run} (${words[kind]})`;

/** A partial night is not failed. */
const words = {
  started: 'started',
  succeeded: 'good',
  failed: 'not good',
  recovered: 'good again',
  paused: 'skipped',
} as const satisfies Record<Notice['kind'], string>;

import { setTimeout as sleep } from 'node:timers/promises';
import type { JiraPlan } from '../config/plan.ts';
import type { Notice, Teller, Told } from '../pipeline/doors.ts';
import { mayHaveArrived, withoutSecrets } from './channel-error.ts';
import { type IssueFields, type JiraApi, type JiraIssueState, openJiraApi } from './jira-api.ts';
import { fieldsOf, priorityOf, withoutRefused } from './jira-fields.ts';
import { openedAgain, resolved } from './jira-transitions.ts';
import { code, type Part, paragraph, strong, text } from './message.ts';
import { messageOf } from './messages.ts';
import type { Patience } from './service-call.ts';
import { visible } from './untrusted-text.ts';

export type JiraTellerOptions = {
  readonly baseUrl: string;
  readonly readSecret: (parameterName: string) => Promise<string>;
  /** A fresh budget for each notice. */
  readonly patience: () => Patience;
};

/** What is answered where a recovery has no issue to be told on. */
const noIssue = 'no-issue';

/**
 * JIRA: one issue for an incident, created by the first failure, commented on by what follows, done after the recovery.
 * Nothing is created without looking first. An issue is known by its key in the incident; else by its label and, to be sure, the property
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
  const issue =
    (await knownIssue(api, notice)) ??
    (await issueBefore(api, plan, notice)) ??
    (await lookFor(api, plan, notice, patience));
  if (issue === undefined) return isFailure(notice) ? create(api, plan, notice, patience) : noIssue;
  const notes = isOwn(issue, notice) ? [] : await brought(api, plan, issue, notice);
  await commentOn(api, issue, notice, notes, patience);
  return issue.key;
};

const isFailure = ({ kind }: Notice): boolean => kind === 'failed' || kind === 'escalated';

const knownIssue = async (api: JiraApi, { incident }: Notice): Promise<JiraIssueState | undefined> =>
  incident?.jira === undefined || incident.jira.key === noIssue ? undefined : api.read(incident.jira.key);

/** The issue of the incident before, where this one comes so soon after it that it is the same piece of work. */
const issueBefore = async (
  api: JiraApi,
  { reopenMinutes }: JiraPlan,
  { incident }: Notice,
): Promise<JiraIssueState | undefined> => {
  const { earlier, openedAt } = incident ?? {};
  if (earlier?.jira === undefined || earlier.jira.key === noIssue || openedAt === undefined) return undefined;
  const minutes = (Date.parse(openedAt) - Date.parse(earlier.closedAt)) / 60_000;
  return minutes > reopenMinutes ? undefined : api.read(earlier.jira.key);
};

/** This very notice made the issue: there is nothing to add. */
const isOwn = ({ mark }: JiraIssueState, { record, kind }: Notice): boolean =>
  mark?.run === record.run && mark.kind === kind;

/**
 * The issue where the notice says that it stands: done after a recovery, open again where the trouble has come back, more urgent
 * where it has got worse. An issue that somebody closed while the trouble lasts stays closed. Answers what could not be done.
 */
const brought = async (
  api: JiraApi,
  plan: JiraPlan,
  issue: JiraIssueState,
  notice: Notice,
): Promise<readonly Part[]> => {
  if (notice.kind === 'recovered') return plan.resolves ? said(await resolved(api, issue)) : [];
  if (!isFailure(notice)) return [];
  const incident = notice.incident?.openedBy ?? notice.record.run;
  const isBack = issue.mark !== undefined && issue.mark.incident !== incident;
  const notes = isBack ? said(await openedAgain(api, issue)) : [];
  if (issue.mark !== undefined && isBack) await api.keep(issue.key, { ...issue.mark, incident });
  const fields = isBack || notice.kind === 'escalated' ? priorityOf(plan, notice) : {};
  return Object.keys(fields).length === 0 ? notes : [...notes, ...(await changed(api, issue.key, fields))];
};

const changed = (api: JiraApi, key: string, wanted: IssueFields): Promise<readonly Part[]> =>
  asWanted(wanted, async (fields, notes) => {
    if (Object.keys(fields).length > 0) await api.change(key, fields);
    return notes;
  });

const said = (note: string | undefined): readonly Part[] =>
  note === undefined ? [] : [paragraph(code(visible(note, 400)))];

/** Before a second issue might be made, JIRA's index gets so many pauses (5 s by default) to catch up. */
const indexPauses = 10;

const lookFor = async (
  api: JiraApi,
  plan: JiraPlan,
  notice: Notice,
  patience: Patience,
): Promise<JiraIssueState | undefined> => {
  const found = await search(api, plan, notice);
  if (found !== undefined || !notice.mayBeTold || !isFailure(notice)) return found;
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
  const issue = {
    summary: message.title,
    labels: [...new Set(['lifeboat', planLabel(whole.name), ...plan.labels])],
    mark: { plan: whole.name, incident: incident?.openedBy ?? record.run, run: record.run, kind },
  };
  try {
    return await asWanted(fieldsOf(plan, notice), (fields, notes) =>
      api.create({ ...issue, fields, parts: partsWith(notes, message.parts, notice) }),
    );
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

/** With all the fields of the plan, else with those that JIRA takes. */
const asWanted = async <T>(
  fields: IssueFields,
  make: (fields: IssueFields, notes: readonly Part[]) => Promise<T>,
): Promise<T> => {
  try {
    return await make(fields, []);
  } catch (error) {
    const left = withoutRefused(fields, error);
    if (left === undefined) throw error;
    return make(left.fields, left.notes);
  }
};

/** What JIRA would not do stands before the links. */
const partsWith = (notes: readonly Part[], parts: readonly Part[], notice: Notice): readonly Part[] => [
  ...parts.slice(0, -1),
  ...notes,
  ...parts.slice(-1),
  markOf(notice),
];

/** Attempts to place one comment when JIRA leaves it open whether the last one arrived. */
const mostComments = 3;

const commentOn = async (
  api: JiraApi,
  issue: JiraIssueState,
  notice: Notice,
  notes: readonly Part[],
  patience: Patience,
): Promise<void> => {
  if (isOwn(issue, notice)) return;
  const { key } = issue;
  const { title, parts, hasTitle } = messageOf(notice);
  const heading = hasTitle ? [paragraph(strong(title))] : [];
  let mayBeTold = notice.mayBeTold;
  for (let attempt = 1; ; attempt += 1) {
    if (mayBeTold && (await api.hasComment(key, markText(notice)))) return;
    try {
      await api.comment(key, [...heading, ...partsWith(notes, parts, notice)]);
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
  escalated: 'at risk',
  reminded: 'still not good',
  unheard: 'Slack not told',
  recovered: 'good again',
  paused: 'skipped',
} as const satisfies Record<Notice['kind'], string>;

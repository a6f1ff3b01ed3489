import { causes } from '../../functions/pipeline/causes.ts';
import { isProtected } from '../../functions/pipeline/decide.ts';
import type { InstanceResult, RunRecord } from '../../functions/pipeline/run-record.ts';
import type { JiraIssue, SlackMessage } from '../contract.ts';
import { count, duration, instancesOf, printable, size, table, wrapped } from './wording.ts';

/** What the person is told when the night is over. */
export type Ending = {
  readonly record: RunRecord;
  readonly milliseconds: number;
  /** Only what came tonight. */
  readonly slack: readonly SlackMessage[];
  readonly jira: readonly JiraIssue[];
  readonly places: readonly { readonly what: string; readonly where: string }[];
  /** Columns of the terminal; undefined: lines stay as long as they are. */
  readonly columns?: number;
  readonly next: readonly { readonly command: string; readonly what: string }[];
};

/** The end of `npm start` as text: what is protected and what is not, why, what to do, who was told, where things are. */
export const summary = (ending: Ending): string =>
  [
    verdict(ending),
    '',
    ...instanceTable(ending.record),
    ...reasons(ending.record),
    ...toldBy('Slack was told', ending.slack.map(slackText), ending.columns),
    ...toldBy('JIRA was told', ending.jira.map(jiraText), ending.columns),
    '',
    'Where things are',
    ...indented(
      table(
        ending.places.map(({ what, where }) => [what, where]),
        [],
      ),
    ),
    '',
    'What to try next',
    ...indented(
      table(
        ending.next.map(({ command, what }) => [command, what]),
        [],
      ),
    ),
  ].join('\n');

/** True when every instance ended protected, with or without warnings: exit code 0. */
export const allProtected = ({ result }: RunRecord): boolean =>
  result === 'protected' || result === 'protected-with-warnings';

const verdict = ({ record, milliseconds }: Ending): string => {
  const results = record.results ?? [];
  const good = results.filter(isProtected).length;
  const moved = results.reduce((total, { report }) => total + (report?.copiedBytes ?? 0), 0);
  const changed = results.reduce((total, { report }) => total + (report?.changed ?? 0), 0);
  return [
    `${record.run}: ${record.result ?? record.state}.`,
    `${good} of ${instancesOf(results.length)} ${good === 1 ? 'is' : 'are'} protected;`,
    `${count(changed)} files, ${size(moved)} copied in ${duration(milliseconds)}.`,
    incremental(results),
  ]
    .join(' ')
    .trimEnd();
};

/** Says so when a night copied only what had changed. */
const incremental = (results: readonly InstanceResult[]): string => {
  const files = results.reduce((total, { report }) => total + (report?.files ?? 0), 0);
  const changed = results.reduce((total, { report }) => total + (report?.changed ?? 0), 0);
  return files > 0 && changed < files
    ? `Incremental: ${count(files - changed)} files were there already.`
    : '';
};

const instanceTable = (record: RunRecord): readonly string[] => {
  const head = ['instance', 'outcome', 'files', 'changed', 'deleted', 'copied', 'time', 'tries'];
  const rows = (record.results ?? []).map((result) => [
    result.instance,
    result.outcome,
    ...figures(result),
    String(result.attempts),
  ]);
  const left = record.skipped.map(({ instance, why }) => `  ${instance} was left out: ${why}`);
  return [
    ...indented(table([head, ...rows], [2, 3, 4, 5, 6, 7])),
    ...left,
    ...record.problems.map((text) => `  ${text}`),
  ];
};

/** Of the recovery point; an instance that is not protected has none of this run. */
const figures = (result: InstanceResult): readonly string[] => {
  const { report } = result;
  if (report === undefined || !isProtected(result)) return ['', '', '', '', ''];
  return [
    count(report.files),
    count(report.changed),
    count(report.deleted),
    size(report.copiedBytes),
    duration(report.seconds * 1000),
  ];
};

/** Cause, what it means and what to do, once a cause however many instances it has. */
const reasons = (record: RunRecord): readonly string[] => {
  const byCause = new Map<keyof typeof causes, string[]>();
  const add = (cause: keyof typeof causes, text: string) =>
    byCause.set(cause, [...(byCause.get(cause) ?? []), text]);
  for (const result of record.results ?? []) {
    if (result.cause !== undefined && !isProtected(result))
      add(
        result.cause,
        `${result.instance}${result.detail === undefined ? '' : ` (${printable(result.detail)})`}`,
      );
    for (const { cause, count: times, example } of isProtected(result) ? (result.report?.warnings ?? []) : [])
      add(
        cause,
        `${result.instance}: ${count(times)} times${example === '' ? '' : `, for instance ${printable(example)}`}`,
      );
  }
  return [...byCause].flatMap(([cause, instances]) => [
    '',
    `${cause}: ${causes[cause].sentence}`,
    ...instances.map((text) => `  ${text}`),
    `  What to do: ${causes[cause].remedy}`,
  ]);
};

const slackText = ({ channel, thread, text }: SlackMessage): string =>
  `${channel}${thread === undefined ? '' : ' (in the thread)'}\n${text}`;

const jiraText = ({ key, summary: title, status, labels, description, comments }: JiraIssue): string =>
  [
    `${key} [${status}] ${title}`,
    ...(description === '' ? [] : [`labels: ${labels.join(', ')}`, description]),
    ...comments.map((text) => `Comment: ${text}`),
  ].join('\n');

const toldBy = (
  title: string,
  texts: readonly string[],
  columns = Number.POSITIVE_INFINITY,
): readonly string[] =>
  texts.length === 0
    ? ['', `${title}: nothing.`]
    : [
        '',
        title,
        ...texts.flatMap((text, index) => [...(index > 0 ? ['  │'] : []), ...quoted(text, columns)]),
      ];

const quoted = (text: string, columns: number): readonly string[] =>
  printable(text)
    .split('\n')
    .flatMap((line) => wrapped(line, columns - 5))
    .map((line) => `  │ ${line}`.trimEnd());

const indented = (lines: readonly string[]): readonly string[] => lines.map((line) => `  ${line}`);

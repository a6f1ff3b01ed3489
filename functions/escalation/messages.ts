import { isProtected } from '../pipeline/decide.ts';
import type { Notice } from '../pipeline/doors.ts';
import { countedOf, countOf, momentOf } from './figures.ts';
import { inARow, newsParts, pointParts } from './incident-parts.ts';
import {
  code,
  joined,
  type Line,
  longestTitle,
  type Message,
  type Part,
  paragraph,
  plain,
  strong,
  text,
} from './message.ts';
import {
  failurePart,
  figuresLines,
  linksLine,
  namesOf,
  omittedPart,
  reachLines,
  shortWarnings,
  snapshotLines,
  warningPart,
} from './message-parts.ts';
import { pruneMessageOf } from './prune-message.ts';
import { failureGroups, type Tally, tallyOf, warningGroups } from './tally.ts';
import { visible } from './untrusted-text.ts';

/**
 * What is said about a run: what is protected and what is not, the newest recovery point of what is not, since when, why, what
 * to do, warnings, expected against reached, figures, links; in this order. The same for one instance and for 2,000: instances are grouped by cause, and
 * at most {@link mostGroups} causes and a handful of names of each are spelled out. A partial night is called neither
 * lost nor good.
 */
export const messageOf = (notice: Notice): Message => {
  if (notice.kind === 'unheard') return unheard(notice);
  if (notice.record.operation === 'prune') return pruneMessageOf(notice);
  switch (notice.kind) {
    case 'started':
      return started(notice);
    case 'succeeded':
      return succeeded(notice);
    case 'failed':
    case 'escalated':
    case 'reminded':
      return failed(notice);
    case 'recovered':
      return recovered(notice);
    case 'paused':
      return pausedNight(notice);
  }
};

/** The causes that are explained; more of them at once are only counted and named. */
const mostGroups = 6;
const mostWarnings = 5;

const started = (notice: Notice): Message => {
  const { plan, record } = notice;
  const who = record.trigger.kind === 'hand' ? ' by hand' : '';
  const whom = record.expected === undefined ? '' : ` for ${countedOf(record.expected.length, 'instance')}`;
  const words = `${operationOf(notice)} started${who}${whom}; it ends by ${momentOf(record.deadline, plan.schedule.timezone)}.`;
  return oneLine(notice, [text(` ${words}`)], reachLines(record));
};

/** Neither a failure nor a success: somebody wanted it so, and everybody hears of it each night. */
const pausedNight = (notice: Notice): Message => {
  const { plan, record } = notice;
  const { until, why } = record.paused ?? {};
  const words = `${operationOf(notice)} skipped, the plan is paused${until === undefined ? '' : ` until ${momentOf(until, plan.schedule.timezone)}`}. Nothing was saved.`;
  return oneLine(
    notice,
    [text(` ${words}`)],
    why === undefined ? [] : [[text('Why: '), { kind: 'code', text: visible(why, 200) }]],
  );
};

const succeeded = (notice: Notice): Message => {
  const { record } = notice;
  const tally = tallyOf(record);
  const warnings = shortWarnings(warningGroups(record.results ?? []));
  return oneLine(
    notice,
    [text(` ${goodNews(notice, tally)}`)],
    [
      ...figuresLines(tally),
      ...(warnings.length === 0 ? [] : [[text('Warnings: '), ...warnings, text('.')]]),
      ...reachLines(record),
      ...snapshotLines(record),
      linksLine(notice.links),
    ],
  );
};

const failed = (toldOf: Notice): Message => {
  const notice = asOfNow(toldOf);
  const { record, links } = notice;
  const tally = tallyOf(record);
  const groups = failureGroups(tally.notProtected);
  const title = failedTitle(notice, tally);
  return titled(notice, title, [
    ...cancelledPart(notice),
    ...pointParts(notice),
    ...newsParts(notice),
    ...record.problems.slice(0, 5).map((problem) => paragraph(strong(visible(problem, 300)))),
    ...groups.slice(0, mostGroups).flatMap((group) => failurePart(group, links.runbook)),
    ...omittedPart(groups.slice(mostGroups)),
    ...stillFailing(notice),
    ...warningsAndFigures(notice, tally),
  ]);
};

const recovered = (notice: Notice): Message => {
  const { plan, record, incident } = notice;
  const tally = tallyOf(record);
  const lasted =
    incident === undefined
      ? []
      : [
          paragraph(
            text(
              `The problem began ${momentOf(incident.openedAt, plan.schedule.timezone)} and lasted ` +
                `${countedOf(incident.failingRuns, 'run')}; the first was `,
            ),
            { kind: 'code', text: incident.openedBy },
            text('.'),
          ),
        ];
  return titled(
    notice,
    `${plan.name}: ${tally.instances === 0 ? 'no longer failing' : 'protected again'}, ${goodNews(notice, tally)}`,
    [...lasted, ...warningsAndFigures(notice, tally)],
  );
};

/** That the other channel is not to be trusted now: said where somebody hears it. */
const unheard = (notice: Notice): Message => {
  const { about, record } = notice;
  const service = about?.channel === 'jira' ? 'JIRA' : 'Slack';
  return oneLine(
    notice,
    [text(` ${service} could not be told of this run (`), code(record.run), text('); it is tried again.')],
    [[text('It says: '), code(visible(about?.error ?? 'nothing', 400))], [...linksLine(notice.links)]],
  );
};

const warningsAndFigures = ({ record, links }: Notice, tally: Tally): readonly Part[] => {
  const warnings = warningGroups((record.results ?? []).filter(isProtected));
  return [
    ...warnings.slice(0, mostWarnings).map(warningPart),
    ...(warnings.length > mostWarnings
      ? [
          paragraph(
            text(
              `And ${countedOf(warnings.length - mostWarnings, 'more kind', 'more kinds')} of warnings; see the report.`,
            ),
          ),
        ]
      : []),
    ...[...snapshotLines(record), ...reachLines(record)].map((line) => paragraph(...line)),
    ...figuresLines(tally).map((line) => paragraph(...line)),
    paragraph(...linksLine(links)),
  ];
};

const operationOf = ({ record }: Notice): string =>
  record.operation === 'final-backup' ? 'final backup' : record.operation;

/** "1 of 2 named instances" where the run was not about the whole fleet. */
const instancesOf = ({ record }: Notice, count: number): string => {
  if (record.operation === 'final-backup') return countedOf(count, 'instance that goes', 'instances that go');
  return record.scope === 'instances' ? countedOf(count, 'named instance') : countedOf(count, 'instance');
};

const goodNews = (notice: Notice, tally: Tally): string => {
  const all = instancesOf(notice, tally.instances);
  switch (tally.instances) {
    case 0:
      return 'there is nothing to protect: the fleet has no instance.';
    case 1:
      return `the ${operationOf(notice)} of ${all} is good.`;
    default:
      return `the ${operationOf(notice)} of all ${all} is good.`;
  }
};

const failedTitle = (notice: Notice, tally: Tally): string => {
  const { plan, incident, kind } = notice;
  const risk = incident?.news.atRisk === true ? 'at risk, ' : '';
  const again = kind === 'reminded' && incident !== undefined ? `${inARow(notice, incident)}, ` : '';
  return `${plan.name}: ${risk}${again}${whoIsProtected(notice, tally)}`;
};

const whoIsProtected = (notice: Notice, tally: Tally): string => {
  const cancelled = notice.record.cancelled !== undefined;
  const operation = `${operationOf(notice)} ${cancelled ? 'cancelled by a person' : 'failed'}`;
  const { instances, protectedOnes } = tally;
  const missing = instances - protectedOnes;
  if (instances === 0) return `${operation}, there was no instance to reach`;
  if (missing === 0)
    return `all ${countOf(instances)} instances found are protected, but the fleet is not whole`;
  if (protectedOnes > 0)
    return `${cancelled ? `${operation}, ` : ''}${countOf(protectedOnes)} of ${instancesOf(notice, instances)} ${protectedOnes === 1 ? 'is' : 'are'} protected, ${countOf(missing)} ${missing === 1 ? 'is' : 'are'} not`;
  return instances === 1
    ? `${operation}, ${theInstance(notice)} is not protected`
    : `${operation}, none of ${instancesOf(notice, instances)} is protected`;
};

/** Who ended the run, and why: the words are the person's. */
const cancelledPart = ({ plan, record: { cancelled } }: Notice): readonly Part[] =>
  cancelled === undefined
    ? []
    : [
        paragraph(
          strong(`A person cancelled the run ${momentOf(cancelled.at, plan.schedule.timezone)}`),
          ...(cancelled.why === undefined
            ? [text('; no reason was given.')]
            : [text(': '), { kind: 'code' as const, text: visible(cancelled.why, 200) }]),
        ),
      ];

const theInstance = ({ record }: Notice): string => {
  if (record.operation === 'final-backup') return 'the instance that goes';
  return record.scope === 'instances' ? 'its named instance' : 'its instance';
};

/** Told later than it happened: an instance that another run has protected since is not called unprotected, and a cause is the newest. */
const asOfNow = (notice: Notice): Notice => {
  const { record, incident } = notice;
  if (incident?.state !== 'open' || incident.lastRun === record.run) return notice;
  const failing = new Set(incident.instances);
  const causeOf = new Map((notice.points ?? []).map(({ instance, cause }) => [instance, cause]));
  const results = (record.results ?? []).map((result) => {
    const { cause: known, detail: _, report: __, ...rest } = result;
    if (isProtected(result)) return result;
    if (!failing.has(result.instance)) return { ...rest, outcome: 'protected' as const };
    const cause = causeOf.get(result.instance);
    return cause === undefined || cause === known ? result : { ...rest, cause };
  });
  return { ...notice, record: { ...record, results } };
};

/** Instances that this run says nothing about, or nothing bad, and that are not protected by another one. */
const stillFailing = ({ record, incident, points = [] }: Notice): readonly Part[] => {
  const results = record.results ?? [];
  const failing = new Set(results.filter((result) => !isProtected(result)).map(({ instance }) => instance));
  const others = (incident?.instances ?? []).filter((instance) => !failing.has(instance));
  if (others.length === 0) return [];
  const good = new Set(results.filter(isProtected).map(({ instance }) => instance));
  const causeOf = new Map(points.map(({ instance, cause }) => [instance, cause]));
  const named = (head: string, instances: readonly string[]): readonly Part[] =>
    instances.length === 0
      ? []
      : [
          paragraph(
            text(head),
            ...joined(
              [...Map.groupBy(instances, (instance) => causeOf.get(instance))].map(([cause, names]) => [
                ...namesOf(names, 5),
                ...(cause === undefined ? [] : [text(` (${cause})`)]),
              ]),
              '; ',
            ),
            text('.'),
          ),
        ];
  return [
    ...named(
      'Not in this run, and not protected since an earlier one: ',
      others.filter((instance) => !good.has(instance)),
    ),
    ...named(
      'Protected in this run, and not in a later one: ',
      others.filter((instance) => good.has(instance)),
    ),
  ];
};

/** Title, then parts; the summary names the first instances, so that a notification alone says which. */
const titled = (notice: Notice, title: string, parts: readonly Part[]): Message => {
  const { notProtected } = tallyOf(notice.record);
  const which =
    notProtected.length === 0
      ? ''
      : `: ${plain(
          namesOf(
            notProtected.map(({ instance }) => instance),
            3,
          ),
        )}`;
  return {
    kind: notice.kind,
    title: visible(title, longestTitle),
    summary: visible(`${title}${which}`, 300),
    hasTitle: true,
    parts,
  };
};

/** A short notice: the plan's name and everything else in one line. */
const oneLine = (notice: Notice, first: Line, rest: readonly Line[]): Message => {
  const line = [
    strong(`${notice.plan.name}:`),
    ...first,
    ...rest.filter(({ length }) => length > 0).flatMap((each) => [text(' '), ...each]),
  ];
  const title = plain([strong(`${notice.plan.name}:`), ...first]);
  return {
    kind: notice.kind,
    title: visible(title, longestTitle),
    summary: visible(title, 300),
    hasTitle: false,
    parts: [paragraph(...line)],
  };
};

import { isProtected } from '../pipeline/decide.ts';
import type { Notice } from '../pipeline/doors.ts';
import { countedOf, countOf, momentOf } from './figures.ts';
import {
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
 * What is said about a run: what is protected and what is not, since when, why, what to do, warnings, expected against
 * reached, figures, links; in this order. The same for one instance and for 2,000: instances are grouped by cause, and
 * at most {@link mostGroups} causes and a handful of names of each are spelled out. A partial night is called neither
 * lost nor good.
 */
export const messageOf = (notice: Notice): Message => {
  if (notice.record.operation === 'prune') return pruneMessageOf(notice);
  switch (notice.kind) {
    case 'started':
      return started(notice);
    case 'succeeded':
      return succeeded(notice);
    case 'failed':
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

const failed = (notice: Notice): Message => {
  const { record, links } = notice;
  const tally = tallyOf(record);
  const groups = failureGroups(tally.notProtected);
  const title = failedTitle(notice, tally);
  return titled(notice, title, [
    ...cancelledPart(notice),
    ...sinceWhen(notice),
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
  const { plan } = notice;
  const cancelled = notice.record.cancelled !== undefined;
  const operation = `${operationOf(notice)} ${cancelled ? 'cancelled by a person' : 'failed'}`;
  const { instances, protectedOnes } = tally;
  const missing = instances - protectedOnes;
  if (instances === 0) return `${plan.name}: ${operation}, there was no instance to reach`;
  if (missing === 0)
    return `${plan.name}: all ${countOf(instances)} instances found are protected, but the fleet is not whole`;
  if (protectedOnes > 0)
    return `${plan.name}: ${cancelled ? `${operation}, ` : ''}${countOf(protectedOnes)} of ${instancesOf(notice, instances)} ${protectedOnes === 1 ? 'is' : 'are'} protected, ${countOf(missing)} ${missing === 1 ? 'is' : 'are'} not`;
  return instances === 1
    ? `${plan.name}: ${operation}, ${theInstance(notice)} is not protected`
    : `${plan.name}: ${operation}, none of ${instancesOf(notice, instances)} is protected`;
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

const sinceWhen = ({ plan, incident }: Notice): readonly Part[] =>
  incident === undefined || incident.failingRuns < 2
    ? []
    : [
        paragraph(
          text(
            `Failing since ${momentOf(incident.openedAt, plan.schedule.timezone)}: ` +
              `${countedOf(incident.failingRuns, 'run')} until now.`,
          ),
        ),
      ];

/** Instances that failed in an earlier run of the incident, and that this run, of named instances, says nothing about. */
const stillFailing = ({ record, incident }: Notice): readonly Part[] => {
  const seen = new Set((record.results ?? []).map(({ instance }) => instance));
  const others = (incident?.instances ?? []).filter((instance) => !seen.has(instance));
  return record.scope === 'fleet' || others.length === 0
    ? []
    : [
        paragraph(
          text('Not in this run, and not protected since an earlier one: '),
          ...namesOf(others, 5),
          text('.'),
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

import { causes } from '../pipeline/causes.ts';
import type { Notice } from '../pipeline/doors.ts';
import type { RunRecord } from '../pipeline/run-record.ts';
import { bytesOf, countedOf, countOf, durationOf } from './figures.ts';
import {
  code,
  joined,
  type Line,
  link,
  list,
  type Part,
  paragraph,
  sentence,
  strong,
  text,
} from './message.ts';
import type { FailureGroup, Tally, WarningGroup } from './tally.ts';
import { visible } from './untrusted-text.ts';

const mostNames = 8;
const mostDetails = 2;
const longestDetail = 160;

/** One cause: how many and which (`what` they are not), what happened, what to do, what the instances said. */
export const failurePart = (
  group: FailureGroup,
  runbook: string,
  what = 'not protected',
): readonly Part[] => {
  const { cause, instances, details, retried } = group;
  const head = paragraph(
    strong(
      `${countedOf(instances.length, 'instance')} ${what} (${cause ?? 'cause unknown'}${retried ? ', tried twice' : ''}): `,
    ),
    ...namesOf(instances, mostNames),
  );
  const said: readonly Line[] = details
    .slice(0, mostDetails)
    .map((detail) => [text('It says: '), code(visible(detail, longestDetail))]);
  if (cause === undefined) return said.length === 0 ? [head] : [head, list(said)];
  const { sentence: happened, remedy } = causes[cause];
  return [
    head,
    list([
      sentence(happened),
      [strong('What to do: '), ...sentence(remedy), text(' '), address('Runbook', `${runbook}#${cause}`)],
      ...said,
    ]),
  ];
};

/** The last resort of instances whose final backup does not have everything. */
export const snapshotLines = ({ results }: RunRecord): readonly Line[] => {
  const kept = (results ?? []).filter(({ snapshots }) => (snapshots ?? []).length > 0);
  if (kept.length === 0) return [];
  const named = kept.slice(0, mostNames).map(
    ({ instance, snapshots }): Line => [
      code(visible(instance, 60)),
      text(' as '),
      ...joined(
        (snapshots ?? []).slice(0, 3).map((snapshot) => [code(visible(snapshot, 60))]),
        ', ',
      ),
    ],
  );
  const more = kept.length - named.length;
  return [
    [
      strong('Kept as EBS snapshots before they went: '),
      ...joined(named, '; '),
      text(more > 0 ? ` and ${countOf(more)} more.` : '.'),
    ],
  ];
};

/** Causes beyond those that are explained: named, counted, not explained. */
export const omittedPart = (groups: readonly FailureGroup[]): readonly Part[] =>
  groups.length === 0
    ? []
    : [
        paragraph(
          text('And '),
          ...joined(
            groups
              .slice(0, 60)
              .map(({ cause, instances }) => [
                text(`${countOf(instances.length)} × ${cause ?? 'cause unknown'}`),
              ]),
            ', ',
          ),
          text('; the report has them all.'),
        ),
      ];

/** A warning: the instance is protected, and this is worth knowing. */
export const warningPart = ({ cause, count, instances, example }: WarningGroup): Part =>
  paragraph(
    strong(`Warning, ${countOf(count)} × ${cause}: `),
    ...sentence(causes[cause].sentence),
    text(' On '),
    ...namesOf(instances, 3),
    ...(example === '' ? [] : [text(', for instance '), code(visible(example, longestDetail))]),
    text('. '),
    ...sentence(causes[cause].remedy),
  );

/** The warnings of a short notice: `3 × file-vanished (for instance …)`. */
export const shortWarnings = (groups: readonly WarningGroup[]): Line =>
  joined(
    groups
      .slice(0, 3)
      .map(
        ({ cause, count, example }): Line => [
          text(`${countOf(count)} × ${cause}`),
          ...(example === '' ? [] : [text(' (for instance '), code(visible(example, 80)), text(')')]),
        ],
      )
      .concat(groups.length > 3 ? [[text(`${countOf(groups.length - 3)} more`)]] : []),
    ', ',
  );

/** Expected against reached and left out: said whenever they differ, so that no instance is skipped in silence. */
export const reachLines = (record: RunRecord): readonly Line[] => {
  const results = record.results ?? [];
  const expected = record.expected?.length ?? 0;
  const reached = results.filter((result) => result.expected && result.reached).length;
  const reach: readonly Line[] =
    results.length === 0 || expected === reached
      ? []
      : [[text(`Expected ${countedOf(expected, 'instance')}, reached ${countOf(reached)}.`)]];
  return [...reach, ...leftOut(record)];
};

const leftOut = ({ skipped }: RunRecord): readonly Line[] => {
  if (skipped.length === 0) return [];
  const named = skipped
    .slice(0, 3)
    .map(
      ({ instance, why }): Line => [
        code(visible(instance, 60)),
        text(' ('),
        code(visible(why, 80)),
        text(')'),
      ],
    );
  const more: readonly Line[] = skipped.length > 3 ? [[text(`${countOf(skipped.length - 3)} more`)]] : [];
  return [
    [
      text(`Left out ${countedOf(skipped.length, 'instance')}: `),
      ...joined([...named, ...more], ', '),
      text('.'),
    ],
  ];
};

/** Files that are safe now, what this run moved, and how long it took. */
export const figuresLines = (tally: Tally): readonly Line[] => {
  if (tally.instances === 0) return [];
  const took = durationOf(tally.milliseconds);
  if (tally.protectedOnes === 0 && tally.copiedBytes === 0)
    return [[text(`Nothing was copied; it took ${took}.`)]];
  return [
    [
      text(
        `${countedOf(tally.files, 'file')} safe, ${countOf(tally.changed)} new or changed; ` +
          `${bytesOf(tally.copiedBytes)} copied in ${took}.`,
      ),
    ],
  ];
};

export const linksLine = ({ report, runbook, console }: Notice['links']): Line =>
  joined(
    [
      ...(report === undefined ? [] : [[address('Report', report)]]),
      ...(console === undefined ? [] : [[address('Run Command', console)]]),
      [address('Runbook', runbook)],
    ],
    ' · ',
  );

/** A link where a browser can follow it; a path or `s3://` is shown as it is. */
const address = (words: string, url: string) =>
  /^https?:\/\//.test(url) ? link(words, url) : code(visible(`${words}: ${url}`, 300));

/** Names, the first `most` of them; how many more there are. */
export const namesOf = (instances: readonly string[], most: number): Line => [
  ...joined(
    instances.slice(0, most).map((instance) => [code(visible(instance, 60))]),
    ', ',
  ),
  ...(instances.length > most ? [text(` and ${countOf(instances.length - most)} more`)] : []),
];

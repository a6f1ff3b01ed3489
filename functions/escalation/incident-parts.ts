import { durationText } from '../config/duration.ts';
import type { Level } from '../config/plan.ts';
import type { NewestPoint, Notice } from '../pipeline/doors.ts';
import type { Incident, Matter } from '../pipeline/incident.ts';
import { timeOf } from '../pipeline/incident-news.ts';
import { countedOf, countOf, momentOf } from './figures.ts';
import { code, joined, type Line, type Part, paragraph, strong, text } from './message.ts';
import { namesOf } from './message-parts.ts';
import { visible } from './untrusted-text.ts';

/** How bad it is; undefined: it is not bad at all. */
export const levelOf = ({ kind, record, incident }: Notice): Level | undefined => {
  if (kind === 'started') return undefined;
  if (record.operation === 'prune') return 'warning';
  if (kind === 'succeeded') return record.result === 'protected-with-warnings' ? 'warning' : undefined;
  return incident?.news.atRisk === true ? 'atRisk' : 'failure';
};

/** So many points are spelled out; of more, the oldest and the newest. */
const mostPoints = 3;

/** The newest recovery point of what is not protected: what would come back if it were lost now. */
export const pointParts = ({ points = [], plan }: Notice): readonly Part[] => {
  if (points.length === 0) return [];
  const saved = points.filter(({ point }) => point !== undefined);
  const at = ({ point }: NewestPoint) => momentOf(point ?? '', plan.schedule.timezone);
  const name = ({ instance }: NewestPoint) => code(visible(instance, 60));
  const [oldest, newest] = [saved[0], saved.at(-1)];
  const said: Line =
    saved.length <= mostPoints || oldest === undefined || newest === undefined
      ? joined(
          saved.map((each) => [name(each), text(` ${at(each)}`)]),
          '; ',
        )
      : [text(`from ${at(oldest)} (`), name(oldest), text(`) to ${at(newest)} (`), name(newest), text(')')];
  const head =
    points.length === 1 ? 'Newest recovery point: ' : 'Newest recovery points of what is not protected: ';
  return [
    ...(saved.length === 0 ? [] : [paragraph(strong(head), ...said, text('.'))]),
    ...neverSaved(points.filter(({ point }) => point === undefined)),
    ...riskPart(points, plan.objectiveMinutes),
  ];
};

const neverSaved = (points: readonly NewestPoint[]): readonly Part[] =>
  points.length === 0
    ? []
    : [
        paragraph(
          strong(
            points.length === 1
              ? 'Without any recovery point: '
              : `${countOf(points.length)} without any recovery point: `,
          ),
          ...namesOf(
            points.map(({ instance }) => instance),
            mostPoints,
          ),
          text('. If it is lost now, nothing comes back.'),
        ),
      ];

const riskPart = (points: readonly NewestPoint[], objectiveMinutes: number): readonly Part[] => {
  const late = points.filter(({ atRisk }) => atRisk).length;
  if (late === 0) return [];
  const whose = late === points.length ? '' : ` of ${countOf(late)} of them`;
  return [
    paragraph(
      strong('At risk: '),
      text(
        `the data${whose} is older than the plan's objective of ${durationText(objectiveMinutes)} allows.`,
      ),
    ),
  ];
};

/** What has changed since it was last told; what is told again each day says since when. */
export const newsParts = ({ plan, incident, record }: Notice): readonly Part[] => {
  if (incident === undefined) return [];
  // Who hears late of an earlier change has not heard of what was before it.
  const changed = incident.news.run === record.run ? incident.news.matters : [];
  const since =
    incident.failingRuns < 2
      ? []
      : [
          `Failing since ${momentOf(incident.openedAt, plan.schedule.timezone)}: ${countedOf(incident.failingRuns, 'run')} until now.`,
        ];
  const sentences = [...since, ...changed.map((matter) => matterSentences[matter])];
  return sentences.length === 0 ? [] : [paragraph(text(sentences.join(' ')))];
};

const matterSentences: Readonly<Record<Matter, string>> = {
  'more-instances': 'More instances than before are concerned.',
  'other-cause': 'There is another cause than before.',
  'at-risk': 'New: data is now older than the objective.',
};

/** `third night in a row`; `third day, 9 bad runs` where there was not one run a night. */
export const inARow = ({ record }: Notice, { openedAt, failingRuns }: Incident): string => {
  const days = Math.round((Date.parse(timeOf(record)) - Date.parse(openedAt)) / 86_400_000) + 1;
  return days === failingRuns
    ? `${ordinalOf(days)} night in a row`
    : `${ordinalOf(days)} day, ${countedOf(failingRuns, 'bad run')}`;
};

const ordinals = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth', 'ninth'];

const ordinalOf = (count: number): string => {
  const ending = [11, 12, 13].includes(count % 100) ? 'th' : (['th', 'st', 'nd', 'rd'][count % 10] ?? 'th');
  return ordinals[count - 1] ?? `${count}${ending}`;
};

/** How an incident stands, for the head of its thread; of one that it has left, where it goes on. */
export const stateLine = (notice: Notice, movedTo?: string): Line => [
  ...stateOf(notice),
  ...(movedTo === undefined
    ? []
    : [
        text(notice.incident?.state === 'closed' ? ' It went on in ' : ' It goes on in '),
        code(visible(movedTo, 90)),
        text('.'),
      ]),
];

const stateOf = ({ plan, incident }: Notice): Line => {
  if (incident === undefined) return [];
  const { openedAt, closedAt, failingRuns, news } = incident;
  const at = (time: string) => momentOf(time, plan.schedule.timezone);
  const runs = countedOf(failingRuns, 'bad run');
  if (incident.state === 'closed')
    return [
      strong('Recovered'),
      text(` ${at(closedAt ?? news.at)}; it was open since ${at(openedAt)}, ${runs}.`),
    ];
  const steered: Line = [
    ...(incident.acknowledged === undefined ? [] : [text(` Acknowledged ${at(incident.acknowledged.at)}.`)]),
    ...(incident.muted === undefined ? [] : [text(` Muted until ${at(incident.muted.until)}.`)]),
  ];
  return news.atRisk
    ? [
        strong('Escalated: at risk'),
        text(` since ${at(news.at)}; open since ${at(openedAt)}, ${runs}.`),
        ...steered,
      ]
    : [strong('Open'), text(` since ${at(openedAt)}, ${runs}.`), ...steered];
};

import type { TeachingWeek } from './calendar.ts';
import { type Draws, drawsOf } from './draws.ts';
import { escaped, type PdfPage, pageHeight, pageWidth } from './pdf-document.ts';
import type { Student } from './students.ts';

/** What a student hands in for a week. `revision` is 1, and 2 for the corrected file. */
export type Report = {
  readonly seed: string;
  readonly student: Student;
  readonly when: TeachingWeek;
  readonly revision: 1 | 2;
  readonly uploaded: Date;
};

/** The report as a page: who, which course, which week, some sentences, and a chart of what was measured. */
export const pageOf = (report: Report): PdfPage => {
  const { student, when } = report;
  const draws = drawsOf(report.seed, 'report', student.number, when.year, when.week, report.revision);
  const measured = measurements(draws);
  return {
    title: `${student.course.code} ${student.course.title}, week ${when.week} of ${when.year}`,
    author: `${student.name} (${student.number})`,
    created: report.uploaded,
    drawing: [
      banner(report),
      ...sentences(report, measured, draws).map((line, index) => text(margin, 596 - 19 * index, 10.5, line)),
      axes(student, measured),
      draws.whole(0, 1) === 0 ? bars(student, measured) : curve(student, measured),
      footer(report),
      '',
    ].join('\n'),
  };
};

const margin = 64;
const chart = { left: 100, bottom: 150, width: 420, height: 280 } as const;
const grey = '0.35 0.38 0.42 rg';
const black = '0.1 0.1 0.12 rg';

const measurements = (draws: Draws): readonly number[] => {
  const slope = draws.fraction() * 6 - 2;
  const first = draws.whole(25, 60);
  return Array.from({ length: draws.whole(6, 11) }, (_, index) =>
    Math.round(Math.min(100, Math.max(4, first + slope * index + draws.fraction() * 18 - 9))),
  );
};

const banner = ({ student, when, revision }: Report): string =>
  [
    `${student.course.colour.join(' ')} rg`,
    `0 ${pageHeight - 130} ${pageWidth} 130 re f`,
    '1 1 1 rg',
    text(margin, pageHeight - 52, 11, 'ACME Singapore University'),
    text(
      margin,
      pageHeight - 84,
      24,
      `Week ${when.week}, ${when.year}${revision === 2 ? ' (corrected)' : ''}`,
      'Bold',
    ),
    text(margin, pageHeight - 108, 12, `${student.course.code}  ${student.course.title}`),
    black,
    text(margin, 660, 16, student.name, 'Bold'),
    grey,
    text(margin, 640, 11, `Student ${student.number}`),
    black,
  ].join('\n');

const sentences = (
  { student, when, revision }: Report,
  measured: readonly number[],
  draws: Draws,
): string[] => {
  const mean = measured.reduce((sum, value) => sum + value, 0) / measured.length;
  return [
    `This report covers the work of week ${when.week}. The set-up was ${draws.pick(setUps)}.`,
    `${measured.length} readings were taken; their mean is ${mean.toFixed(1)}, the lowest ${Math.min(...measured)} and the highest ${Math.max(...measured)}.`,
    `${draws.pick(remarks)}`,
    revision === 2
      ? 'It replaces the file of last week, in which one reading was noted wrongly.'
      : `Next week the ${student.course.title.toLowerCase()} group goes on with ${draws.pick(plans)}.`,
  ];
};

const setUps = [
  'the one of the handbook',
  'that of last week, with a new sensor',
  'shared between two groups',
  'calibrated twice before the first reading',
  'moved to the bench at the window',
] as const;
const remarks = [
  'The spread is larger than we expected and smaller than we feared.',
  'One reading was repeated because somebody leant on the bench.',
  'The trend agrees with the lecture; the last reading does not, and is kept all the same.',
  'The error of a single reading is about three units.',
  'Temperature in the room rose by two degrees during the afternoon.',
] as const;
const plans = [
  'a second series at night',
  'twice as many readings',
  'the same series and another sensor',
  'the error budget',
] as const;

const across = (measured: readonly number[]): number => chart.width / measured.length;
const up = (value: number): number => (value / 100) * chart.height;

const bars = (student: Student, measured: readonly number[]): string => {
  const step = across(measured);
  const boxes = measured.map(
    (value, index) =>
      `${fixed(chart.left + step * (index + 0.15))} ${chart.bottom} ${fixed(step * 0.7)} ${fixed(up(value))} re`,
  );
  return [`${student.course.colour.join(' ')} rg`, ...boxes, 'f', black].join('\n');
};

const curve = (student: Student, measured: readonly number[]): string => {
  const points = measured.map(
    (value, index) =>
      `${fixed(chart.left + across(measured) * (index + 0.5))} ${fixed(chart.bottom + up(value))} ${index === 0 ? 'm' : 'l'}`,
  );
  return [
    `${student.course.colour.join(' ')} RG 2.5 w 1 J 1 j`,
    ...points,
    'S',
    '0.1 0.1 0.12 RG 0.75 w 0 J',
  ].join('\n');
};

const axes = ({ course }: Student, measured: readonly number[]): string => {
  const { left, bottom, width, height } = chart;
  const right = left + width;
  const marks = [0, 25, 50, 75, 100].map((value) => {
    const y = fixed(bottom + up(value));
    return `0.85 0.86 0.88 RG 0.5 w ${left} ${y} m ${right} ${y} l S\n${text(left - 28, bottom + up(value) - 3, 9, String(value))}`;
  });
  const numbers = measured.map((_, index) =>
    text(left + across(measured) * (index + 0.5) - 3, bottom - 16, 9, String(index + 1)),
  );
  return [
    ...marks,
    ...numbers,
    `0.1 0.1 0.12 RG 1 w ${left} ${bottom + height} m ${left} ${bottom} l ${right} ${bottom} l S`,
    text(left, bottom + height + 16, 10, course.measures, 'Bold'),
    text(left + width / 2 - 20, bottom - 34, 9, 'Reading'),
  ].join('\n');
};

const footer = ({ student, uploaded }: Report): string =>
  [
    grey,
    text(margin, 48, 8, `Uploaded by ${student.number} at ${uploaded.toISOString().slice(0, 19)}Z`),
  ].join('\n');

const text = (x: number, y: number, size: number, words: string, font = 'Regular'): string =>
  `BT /${font} ${size} Tf ${fixed(x)} ${fixed(y)} Td (${escaped(words)}) Tj ET`;

const fixed = (value: number): string => String(Math.round(value * 10) / 10);

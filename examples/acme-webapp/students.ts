import { drawsOf } from './draws.ts';

/** A student of ACME Singapore University, the same person in every week. */
export type Student = {
  /** `s0042`: wider than four digits only from the ten thousandth on. */
  readonly number: string;
  readonly name: string;
  readonly course: Course;
};

export type Course = {
  readonly code: string;
  readonly title: string;
  /** What the weekly report measures, for the axis of its chart. */
  readonly measures: string;
  /** Red, green, blue, 0 to 1. */
  readonly colour: readonly [number, number, number];
};

/** @param index counted from 1. */
export const studentOf = (seed: string, index: number): Student => {
  const draws = drawsOf(seed, 'student', index);
  return {
    number: studentNumber(index),
    name: `${draws.pick(familyNames)} ${draws.pick(givenNames)}`,
    course: draws.pick(courses),
  };
};

export const studentNumber = (index: number): string => `s${String(index).padStart(4, '0')}`;

const familyNames = [
  'Tan',
  'Lim',
  'Lee',
  'Ng',
  'Ong',
  'Wong',
  'Goh',
  'Chua',
  'Koh',
  'Teo',
  'Nair',
  'Pillai',
  'Rajan',
  'Menon',
  'Krishnan',
  'Ismail',
  'Rahman',
  'Hassan',
  'Yusof',
  'Fernandez',
  "D'Souza",
  'Oliveiro',
] as const;

const givenNames = [
  'Wei Ling',
  'Jia Hui',
  'Jun Jie',
  'Kai Xin',
  'Zhi Hao',
  'Mei Fen',
  'Xin Yi',
  'Boon Keng',
  'Priya',
  'Arjun',
  'Kavitha',
  'Suresh',
  'Meera',
  'Nurul Aisyah',
  'Siti Hajar',
  'Muhammad Danish',
  'Faizal',
  'Farah',
  'Grace',
  'Marcus',
  'Rachel (Li En)',
  'Dominic',
] as const;

const courses: readonly [Course, ...Course[]] = [
  {
    code: 'PH1102',
    title: 'Physics Laboratory',
    measures: 'Deflection, mm',
    colour: [0.13, 0.35, 0.62],
  },
  {
    code: 'CH2004',
    title: 'Analytical Chemistry',
    measures: 'Absorbance, %',
    colour: [0.47, 0.2, 0.53],
  },
  { code: 'BI1310', title: 'Plant Biology', measures: 'Growth, mm', colour: [0.15, 0.45, 0.26] },
  { code: 'CE3021', title: 'Hydraulics', measures: 'Flow, litres a minute', colour: [0.06, 0.45, 0.5] },
  {
    code: 'EE2210',
    title: 'Signals and Systems',
    measures: 'Amplitude, mV',
    colour: [0.68, 0.31, 0.08],
  },
  { code: 'ST1131', title: 'Statistics in Practice', measures: 'Observations', colour: [0.6, 0.14, 0.2] },
];

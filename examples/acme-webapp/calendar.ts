import type { Draws } from './draws.ts';

/** ACME's year has 48 weeks of teaching; the other four are holidays at its end. */
export const weeksPerYear = 48;

export type TeachingWeek = {
  readonly year: number;
  /** 1 to 48. */
  readonly week: number;
};

/** The n-th teaching week, counted from week 1 of `firstYear`, which is number 1. */
export const teachingWeek = (firstYear: number, number: number): TeachingWeek => ({
  year: firstYear + Math.floor((number - 1) / weeksPerYear),
  week: ((number - 1) % weeksPerYear) + 1,
});

/** The year to begin with so that the last of so many weeks lies in 2025: none of the uploads is younger than this code. */
export const firstYearFor = (lastNumber: number): number => 2026 - Math.ceil(lastNumber / weeksPerYear);

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** When most of them upload: in the six hours before the deadline, and more the nearer it comes. Whole seconds. */
export const uploadTime = (when: TeachingWeek, draws: Draws): Date =>
  toSeconds(deadline(when) - 6 * hour * draws.fraction() ** 2);

/** A corrected file comes one to five days after the deadline, before the next week's. */
export const correctionTime = (when: TeachingWeek, draws: Draws): Date =>
  toSeconds(deadline(when) + day + 4 * day * draws.fraction());

/** Friday 23:59 in Singapore (UTC+8, no summer time); week 1 is the one with the year's first Friday. */
const deadline = ({ year, week }: TeachingWeek): number => {
  const newYear = new Date(Date.UTC(year, 0, 1));
  const daysToFriday = (5 - newYear.getUTCDay() + 7) % 7;
  return newYear.getTime() + (daysToFriday + 7 * (week - 1)) * day + 23 * hour + 59 * minute - 8 * hour;
};

const toSeconds = (milliseconds: number): Date => new Date(Math.floor(milliseconds / 1000) * 1000);

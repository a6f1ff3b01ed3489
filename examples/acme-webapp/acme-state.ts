import * as z from 'zod/mini';
import { firstYearFor } from './calendar.ts';
import { smallestFileSize } from './upload-file.ts';

/**
 * How far ACME is: what has to be kept between two nights. Small, and JSON as it is; the files themselves follow from it
 * and from the seed.
 */
export type AcmeState = {
  readonly acme: 1;
  readonly seed: string;
  readonly students: number;
  /** Year of week number 1. */
  readonly firstYear: number;
  /** Numbers of the first and the last week of which there are uploads, counted from week 1 of `firstYear`. */
  readonly firstWeek: number;
  readonly lastWeek: number;
  readonly fileSize?: number;
};

type Wanted = {
  readonly instances: number;
  readonly students: number;
  readonly weeks: number;
  readonly year?: number;
  readonly seed: string;
  readonly fileSize?: number;
  readonly fromWeek?: number;
};

/** The state after what is wanted was written. Throws RangeError, with the key and what is allowed. */
export const stateOf = (wanted: Wanted): AcmeState => {
  const { fromWeek = 1, seed, students, weeks, fileSize } = wanted;
  checkInstances(wanted.instances);
  whole('students', students, 1, 1_000_000);
  whole('weeks', weeks, 1, 4_800);
  whole('fromWeek', fromWeek, 1, 4_800);
  const lastWeek = fromWeek + weeks - 1;
  const firstYear = wanted.year ?? firstYearFor(lastWeek);
  whole('year', firstYear, 1900, 9900);
  if (fileSize !== undefined) checkFileSize(fileSize);
  return {
    acme: 1,
    seed,
    students,
    firstYear,
    firstWeek: fromWeek,
    lastWeek,
    ...(fileSize === undefined ? {} : { fileSize }),
  };
};

export const checkInstances = (instances: number): void => whole('instances', instances, 1, 100_000);

const checkFileSize = (fileSize: number): void => {
  if (Number.isSafeInteger(fileSize) && fileSize >= smallestFileSize && fileSize <= largestFileSize) return;
  throw new RangeError(
    `fileSize is ${fileSize}; a PDF of ACME's has from ${smallestFileSize} to ${largestFileSize} bytes. Leave it out for the smallest ones.`,
  );
};

/** Offsets in a PDF's cross-reference table have ten digits; a buffer ends sooner. */
const largestFileSize = 1_000_000_000;

const whole = (key: string, value: number, least: number, most: number): void => {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`${key} is ${value}; it must be a whole number from ${least} to ${most}.`);
};

const stateSchema = z.strictObject({
  acme: z.literal(1),
  seed: z.string(),
  students: z.int().check(z.positive()),
  firstYear: z.int(),
  firstWeek: z.int().check(z.positive()),
  lastWeek: z.int().check(z.positive()),
  fileSize: z.exactOptional(z.int().check(z.positive())),
});

/** A state as it was kept in a file. Throws where the text is something else; say then which file it was. */
export const parseAcmeState = (text: string): AcmeState => stateSchema.parse(JSON.parse(text));

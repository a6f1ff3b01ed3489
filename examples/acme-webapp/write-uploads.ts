import { mkdirSync } from 'node:fs';
import { type AcmeState, stateOf } from './acme-state.ts';
import { teachingWeek } from './calendar.ts';
import { drawsOf } from './draws.ts';
import { countUploads, type UploadsProgress } from './progress.ts';
import { fileNameOf, namesIn, type Upload, writeUpload } from './upload-file.ts';

export type UploadsOptions = {
  /** Where an instance's uploads go; made if missing. Instances are counted from 0. */
  readonly directory: (instanceIndex: number) => string;
  readonly instances: number;
  readonly students: number;
  /** How many weeks of uploads there are. 48 make a year; more go on in the next. */
  readonly weeks: number;
  /** Year of the first week. Default: such that the last week lies in 2025. */
  readonly year?: number;
  /** Any text. The same seed makes the same files, byte for byte. */
  readonly seed: string;
  /** Bytes of each PDF, exactly. Default: as small as they come, about 3 KB. */
  readonly fileSize?: number;
  /** The week of `year` to begin with. Default 1. */
  readonly fromWeek?: number;
  /** Called some times a second. */
  readonly onProgress?: (progress: UploadsProgress) => void;
};

export type WrittenUploads = {
  readonly instances: readonly {
    readonly written: number;
    readonly bytes: number;
    /** Was there already and is left as it is. */
    readonly kept: number;
  }[];
  /** To be kept by the caller, for {@link nextWeek}. */
  readonly state: AcmeState;
};

/**
 * Makes ACME's uploads as they lie on the instances before the first night: every student's file of every week, each on
 * the instance that the load balancer happened to choose. Writes only what is missing, so it goes on where it was
 * interrupted. Throws RangeError for what cannot be made.
 */
export const writeUploads = async (options: UploadsOptions): Promise<WrittenUploads> => {
  const state = stateOf(options);
  const instances = openInstances(options.directory, options.instances);
  const count = countUploads(options.students * options.weeks, options.onProgress);
  for (let week = state.firstWeek; week <= state.lastWeek; week++) {
    for (const upload of uploadsOfWeek(state, week)) {
      await count(writeIfMissing(balance(instances, upload), upload, state.fileSize));
    }
  }
  return { instances: instances.map(({ written, bytes, kept }) => ({ written, bytes, kept })), state };
};

/** An instance's folder, and what was done in it. */
export type Instance = {
  readonly folder: string;
  readonly names: ReadonlySet<string>;
  written: number;
  bytes: number;
  kept: number;
};

export type Instances = readonly [Instance, ...Instance[]];

export const openInstances = (directory: (instanceIndex: number) => string, count: number): Instances => {
  const open = (index: number): Instance => {
    const folder = directory(index);
    mkdirSync(folder, { recursive: true });
    return { folder, names: namesIn(folder), written: 0, bytes: 0, kept: 0 };
  };
  return [open(0), ...Array.from({ length: count - 1 }, (_, index) => open(index + 1))];
};

/** Every student's upload of a week, in the order of their numbers. */
export function* uploadsOfWeek(
  { seed, students, firstYear }: AcmeState,
  weekNumber: number,
): Generator<Upload> {
  const when = teachingWeek(firstYear, weekNumber);
  for (let student = 1; student <= students; student++) yield { seed, student, when, revision: 1 };
}

/** Each request goes anywhere, as with a load balancer that knows no sessions. */
export const balance = (instances: Instances, { seed, student, when }: Upload): Instance =>
  drawsOf(seed, 'balance', student, when.year, when.week).pick(instances);

/** Answers the bytes written. */
export const writeIfMissing = (instance: Instance, upload: Upload, fileSize: number | undefined): number => {
  if (instance.names.has(fileNameOf(upload.student, upload.when))) {
    instance.kept += 1;
    return 0;
  }
  const bytes = writeUpload(instance.folder, upload, fileSize);
  instance.written += 1;
  instance.bytes += bytes;
  return bytes;
};

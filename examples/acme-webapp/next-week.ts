import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type AcmeState, checkInstances } from './acme-state.ts';
import { type TeachingWeek, teachingWeek } from './calendar.ts';
import { type Draws, drawsOf } from './draws.ts';
import { countUploads, type UploadsProgress } from './progress.ts';
import { fileNameOf, writeUpload } from './upload-file.ts';
import { balance, type Instance, openInstances, uploadsOfWeek, writeIfMissing } from './write-uploads.ts';

export type NextWeekOptions = {
  /** What {@link writeUploads} or the last call answered. */
  readonly state: AcmeState;
  readonly directory: (instanceIndex: number) => string;
  /** May differ from before: instances come and go. */
  readonly instances: number;
  readonly onProgress?: (progress: UploadsProgress) => void;
};

export type NextWeek = {
  readonly when: TeachingWeek;
  readonly instances: readonly {
    readonly uploaded: number;
    readonly corrected: number;
    readonly withdrawn: number;
    /** Written, uploads and corrections together. */
    readonly bytes: number;
  }[];
  readonly state: AcmeState;
};

/**
 * Another week at ACME: everybody uploads a file, a few (3 %) replace the one of the week before by a corrected one, and
 * a handful (2 %) withdraw one of an earlier week. After week 48 the next year begins. Follows from the seed and the week
 * alone; when it was interrupted, the same call with the same state ends it.
 */
export const nextWeek = async (options: NextWeekOptions): Promise<NextWeek> => {
  const { state } = options;
  checkInstances(options.instances);
  const instances = openInstances(options.directory, options.instances);
  const week = state.lastWeek + 1;
  const count = countUploads(state.students, options.onProgress);
  for (const upload of uploadsOfWeek(state, week))
    await count(writeIfMissing(balance(instances, upload), upload, state.fileSize));
  const changes = changesOf(state, week);
  const corrected = changes.corrected.map((student) => correct(instances, state, student, week - 1));
  const withdrawn = changes.withdrawn.map(({ student, from }) => withdraw(instances, state, student, from));
  return {
    when: teachingWeek(state.firstYear, week),
    instances: instances.map((instance) => ({
      uploaded: instance.written,
      corrected: corrected.filter((change) => change?.instance === instance).length,
      withdrawn: withdrawn.filter((change) => change === instance).length,
      bytes: corrected.reduce(
        (sum, change) => sum + (change?.instance === instance ? change.bytes : 0),
        instance.bytes,
      ),
    })),
    state: { ...state, lastWeek: week },
  };
};

type Changes = {
  /** Students who replace their file of the week before. */
  readonly corrected: readonly number[];
  /** Others who take back their file of an earlier week. */
  readonly withdrawn: readonly { readonly student: number; readonly from: number }[];
};

const changesOf = ({ seed, students, firstWeek }: AcmeState, week: number): Changes => {
  const draws = drawsOf(seed, 'changes', week);
  const corrections = Math.ceil(students * 0.03);
  const withdrawals = Math.floor(students * 0.02);
  const chosen = someStudents(draws, students, corrections + withdrawals);
  return {
    corrected: chosen.slice(0, corrections),
    withdrawn: chosen
      .slice(corrections)
      .map((student) => ({ student, from: draws.whole(firstWeek, week - 1) })),
  };
};

/** Different students, as many as wanted and at most all of them. */
const someStudents = (draws: Draws, students: number, wanted: number): readonly number[] => {
  const chosen = new Set<number>();
  while (chosen.size < Math.min(wanted, students)) chosen.add(draws.whole(1, students));
  return [...chosen];
};

/** Replaces the file where it lies; nothing where it was withdrawn. */
const correct = (instances: readonly Instance[], state: AcmeState, student: number, week: number) => {
  const when = teachingWeek(state.firstYear, week);
  const instance = holderOf(instances, fileNameOf(student, when));
  if (instance === undefined) return undefined;
  const upload = { seed: state.seed, student, when, revision: 2 } as const;
  return { instance, bytes: writeUpload(instance.folder, upload, state.fileSize) };
};

/** Answers the instance that had the file. */
const withdraw = (instances: readonly Instance[], state: AcmeState, student: number, week: number) => {
  const name = fileNameOf(student, teachingWeek(state.firstYear, week));
  const instance = holderOf(instances, name);
  if (instance !== undefined) rmSync(join(instance.folder, name), { force: true });
  return instance;
};

const holderOf = (instances: readonly Instance[], name: string): Instance | undefined =>
  instances.find(({ names }) => names.has(name));

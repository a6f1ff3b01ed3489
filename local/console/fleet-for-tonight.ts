import { existsSync, mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  type AcmeState,
  nextWeek,
  parseAcmeState,
  smallestFileSize,
  writeUploads,
} from '../../examples/acme-webapp/uploads.ts';
import type { Plan } from '../../functions/config/plan.ts';
import type { InstanceFault, InstanceSpec } from '../contract.ts';
import { BadUsage, isInstanceFault, type StartOptions } from './arguments.ts';
import type { Directory } from './directory.ts';
import { count, size } from './wording.ts';

/** The instances of tonight and a sentence about what they hold. */
export type Fleet = { readonly specs: readonly InstanceSpec[]; readonly sentence: string };

/** Faults of the share's side hit every instance; the others hit one, so that a partial night can be seen. */
const hitsAll: readonly InstanceFault[] = ['share-full', 'share-squashed'];

export const fleetForTonight = async (
  options: StartOptions,
  directory: Directory,
  plan: Plan,
): Promise<Fleet> => {
  const share = shareOf(options, directory);
  const frame = { ...placeInAws(plan), sourcePath: plan.source.path, share, sharePath: plan.share.path };
  const members =
    options.sources.length > 0
      ? ownFolders(options.sources, directory, share)
      : await acmeUploads(options, directory);
  const faults = options.faults.filter(isInstanceFault);
  const specs = members.folders.map(({ id, upload, readOnly }, index) => {
    const { state } = directory.instance(id);
    mkdirSync(state, { recursive: true });
    const last = index === members.folders.length - 1;
    return {
      ...frame,
      id,
      upload,
      uploadReadOnly: readOnly,
      state,
      faults: faults.filter((fault) => last || hitsAll.includes(fault)),
    };
  });
  return { specs, sentence: members.sentence };
};

type Members = {
  readonly folders: readonly { readonly id: string; readonly upload: string; readonly readOnly: boolean }[];
  readonly sentence: string;
};

/** The group and the tags by which the plan will find its instances. */
export const placeInAws = ({ fleet }: Plan) =>
  fleet.kind === 'groups'
    ? { group: fleet.groups[0] ?? 'fleet', tags: { Name: fleet.groups[0] ?? 'fleet' } }
    : {
        group: 'fleet',
        tags: Object.fromEntries(Object.entries(fleet.tags).map(([key, [value]]) => [key, value ?? ''])),
      };

/** The share: DIR's own, or the person's. Either is proven to be the share by the lifeboat.json that is put there. */
const shareOf = (options: StartOptions, directory: Directory): string => {
  const share = options.share === undefined ? directory.share : resolve(options.share);
  if (options.share === undefined) mkdirSync(share, { recursive: true });
  else if (!isFolder(share)) throw new BadUsage(`--share ${options.share} is no folder.`);
  const proof = join(share, 'lifeboat.json');
  if (!existsSync(proof)) writeFileSync(proof, newShareProof(), { flag: 'wx' });
  return share;
};

const newShareProof = (): string =>
  `${JSON.stringify({ format: 1, id: crypto.randomUUID(), created: new Date().toISOString() })}\n`;

const ownFolders = (sources: readonly string[], directory: Directory, share: string): Members => {
  const folders = sources.map((source) => {
    if (!isFolder(source)) throw new BadUsage(`--source ${source} is no folder.`);
    refuseNested(source, share, 'the share');
    refuseNested(source, directory.path, 'what `npm start` makes (--dir)');
    return { id: directory.idOfSource(source), upload: resolve(source), readOnly: true };
  });
  if (new Set(folders.map(({ id }) => id)).size < folders.length)
    throw new BadUsage('The same folder is named twice with --source.');
  return {
    folders,
    sentence: `your own folders, read-only${folders.length === 1 ? '' : ', one each'}`,
  };
};

/** A folder that is saved into itself would grow every night. */
const refuseNested = (source: string, other: string, what: string): void => {
  const [from, to] = [`${realpathSync(source)}/`, `${realpathSync(other)}/`];
  if (from.startsWith(to) || to.startsWith(from))
    throw new BadUsage(
      `--source ${source} and ${what}, ${other}, lie within each other. Choose another --dir or --share.`,
    );
};

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** ACME's uploads: all of them on the first night, another week of them on every later one. */
const acmeUploads = async (options: StartOptions, directory: Directory): Promise<Members> => {
  const ids = directory.ownInstances(options.instances);
  const folders = ids.map((id) => ({ id, upload: directory.instance(id).upload, readOnly: false }));
  for (const { upload } of folders) mkdirSync(upload, { recursive: true });
  const upload = (index: number) => folders[index]?.upload ?? '';
  const before = acmeState(directory.acme);
  const made =
    before === undefined ? await firstNight(options, upload) : await nextNight(options, upload, before);
  writeFileSync(directory.acme, `${JSON.stringify(made.state)}\n`);
  return { folders, sentence: made.sentence };
};

type Made = { readonly state: AcmeState; readonly sentence: string };
type FolderOf = (instanceIndex: number) => string;

/** The same for everybody, so that two people see the same night. */
const seed = 'acme';
const defaults = { students: 200, weeks: 48 };

const firstNight = async (options: StartOptions, directory: FolderOf): Promise<Made> => {
  const { instances, students = defaults.students, weeks = defaults.weeks, fileSize } = options;
  if (fileSize !== undefined && fileSize < smallestFileSize)
    throw new BadUsage(
      `--file-size takes at least ${smallestFileSize} bytes: a smaller PDF would not open in a viewer.`,
    );
  const wanted = { directory, instances, students, weeks, seed };
  const made = await writeUploads(fileSize === undefined ? wanted : { ...wanted, fileSize });
  const files = sum(made.instances, ({ written, kept }) => written + kept);
  const bytes = sum(made.instances, (instance) => instance.bytes);
  return {
    state: made.state,
    sentence: `the uploads of ACME Singapore University: ${count(files)} PDFs, ${size(bytes)}, of ${count(students)} students and ${weeks} weeks`,
  };
};

const nextNight = async (options: StartOptions, directory: FolderOf, before: AcmeState): Promise<Made> => {
  refuseOtherSizes(options, before);
  const week = await nextWeek({ directory, instances: options.instances, state: before });
  const uploaded = sum(week.instances, (instance) => instance.uploaded);
  const corrected = sum(week.instances, (instance) => instance.corrected);
  const withdrawn = sum(week.instances, (instance) => instance.withdrawn);
  return {
    state: week.state,
    sentence: `another week at ACME: ${count(uploaded)} new PDFs, ${corrected} corrected, ${withdrawn} withdrawn`,
  };
};

/**
 * What ACME has uploaded is there: another number of students would be another university. `--weeks` speaks of the first
 * night alone, so the same command line can be typed again.
 */
const refuseOtherSizes = (options: StartOptions, { students, fileSize }: AcmeState): void => {
  const others = [
    ...(options.students === undefined || options.students === students
      ? []
      : [`of ${count(students)} students`]),
    ...(options.fileSize === undefined || options.fileSize === fileSize
      ? []
      : [fileSize === undefined ? 'as small as they come' : `of ${fileSize} bytes each`]),
  ];
  if (others.length === 0) return;
  throw new BadUsage(
    `ACME's uploads are in the directory already, ${others.join(', ')}. Start over with --fresh, or choose another --dir.`,
  );
};

const acmeState = (file: string): AcmeState | undefined => {
  if (!existsSync(file)) return undefined;
  try {
    return parseAcmeState(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new BadUsage(`${file} is damaged. Start over with --fresh, or choose another --dir.`, {
      cause: error,
    });
  }
};

const sum = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((total, item) => total + of(item), 0);

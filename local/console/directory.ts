import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { BadUsage } from './arguments.ts';

/**
 * DIR of `npm start`: what belongs to it is written down in `DIR/made-by-lifeboat.json` before it is made, so that
 * `--fresh` removes that and nothing else, whatever DIR is.
 */
export type Directory = {
  readonly path: string;
  readonly share: string;
  readonly bucket: string;
  readonly logs: string;
  readonly packaged: string;
  readonly slackState: string;
  readonly jiraState: string;
  readonly localAws: string;
  readonly acme: string;
  readonly instance: (id: string) => { readonly upload: string; readonly state: string };
  /** The ids of this directory's own instances, always the same: as many as asked for. */
  readonly ownInstances: (count: number) => readonly string[];
  /** The id that stands for a person's folder, the same for the same folder wherever it is saved from. */
  readonly idOfSource: (source: string) => string;
  readonly release: () => void;
};

type Made = { readonly madeBy: string; readonly instances: readonly string[] };

const entries = [
  'share',
  'instances',
  'bucket',
  'buckets',
  'bucket-records',
  'logs',
  'functions',
  'package',
  'slack.json',
  'jira.json',
  'local-aws.json',
  'acme.json',
] as const;
const ledger = 'made-by-lifeboat.json';
const lock = 'in-use-by';

export const openDirectory = (given: string, fresh: boolean): Directory => {
  if (given === '') throw new BadUsage('--dir is empty: name a folder, or leave it out.');
  const path = resolve(given);
  makeFolder(path);
  const made = readLedger(path);
  if (made === undefined) refuseForeign(path);
  takeLock(path);
  if (fresh && made !== undefined)
    for (const entry of entries) rmSync(join(path, entry), { recursive: true, force: true });
  const kept: Made = fresh || made === undefined ? { madeBy: 'npm start of Lifeboat', instances: [] } : made;
  writeLedger(path, kept);
  return directoryAt(path);
};

/**
 * Makes a folder with all above it, from the outside in. Not by mkdir's `recursive`: where a file system makes no folders at
 * all (/proc), Node tries again for ever.
 */
export const makeFolder = (path: string): void => {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  try {
    if (dirname(path) !== path) makeFolder(dirname(path));
    mkdirSync(path);
  } catch (error) {
    if (error instanceof BadUsage) throw error;
    throw new BadUsage(`The folder ${path} cannot be made (${String(codeOf(error))}). Choose another one.`, {
      cause: error,
    });
  }
};

const directoryAt = (path: string): Directory => ({
  path,
  share: join(path, 'share'),
  bucket: join(path, 'bucket'),
  logs: join(path, 'logs'),
  packaged: join(path, 'package'),
  slackState: join(path, 'slack.json'),
  jiraState: join(path, 'jira.json'),
  localAws: join(path, 'local-aws.json'),
  acme: join(path, 'acme.json'),
  instance: (id) => ({
    upload: join(path, 'instances', id, 'upload'),
    state: join(path, 'instances', id, 'state'),
  }),
  ownInstances: (count) => {
    const known = readLedger(path)?.instances ?? [];
    const fresh = Array.from(
      { length: Math.max(0, count - known.length) },
      () => `i-0${randomBytes(8).toString('hex')}`,
    );
    const all = [...known, ...fresh];
    if (fresh.length > 0) writeLedger(path, { madeBy: 'npm start of Lifeboat', instances: all });
    return all.slice(0, count);
  },
  idOfSource: (source) =>
    `i-0${createHash('sha256').update(realpathSync(source)).digest('hex').slice(0, 16)}`,
  release: () => rmSync(join(path, lock), { force: true }),
});

const readLedger = (path: string): Made | undefined => {
  const file = join(path, ledger);
  if (!existsSync(file)) return undefined;
  try {
    const made: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof made === 'object' && made !== null && 'instances' in made && Array.isArray(made.instances))
      return {
        madeBy: 'npm start of Lifeboat',
        instances: made.instances.filter((id) => /^i-[0-9a-f]{17}$/.test(id)),
      };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new BadUsage(`${file} is damaged, so it is not known what in ${path} is ours. Choose another --dir.`);
};

const writeLedger = (path: string, made: Made): void => {
  const file = join(path, ledger);
  writeFileSync(`${file}.new`, `${JSON.stringify(made, undefined, 2)}\n`);
  renameSync(`${file}.new`, file);
};

/** What is there before the first start is somebody else's: it is neither used nor, later, removed. */
const refuseForeign = (path: string): void => {
  const foreign = entries.find((entry) => existsSync(join(path, entry)));
  if (foreign === undefined) return;
  throw new BadUsage(`${join(path, foreign)} was not made by \`npm start\`. Choose another --dir.`);
};

/** One start at a time in a directory. The lock of a process that is gone does not count. */
const takeLock = (path: string): void => {
  const file = join(path, lock);
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    const holder = Number(readFileSync(file, 'utf8'));
    if (isAlive(holder))
      throw new BadUsage(`Another \`npm start\` (process ${holder}) is using ${path}. Choose another --dir.`);
    rmSync(file, { force: true });
  }
};

const isAlive = (pid: number): boolean => {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
};

/** The errno name of a file system error. Not by instanceof: under Jest such errors come from another realm. */
const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;

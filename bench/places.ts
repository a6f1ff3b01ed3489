import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runInLab } from '../test/share/lab.ts';
import { type Measurement, parseMeasurements } from './measurement.ts';
import { type Folders, type Session, type Tree, writeJob } from './session.ts';
import { type Sizes, writeSource } from './source-tree.ts';

export type PlaceOptions = {
  readonly sizes: Sizes;
  /** In front of the share's server, as tc-netem(8) takes it. */
  readonly delay: string;
  /** Hears of each measurement as soon as it is there. */
  readonly told: (measurement: Measurement) => void;
};

/** Longest time that a session may take, in seconds; a measurement: see `limit` below. */
const longestSession = 6 * 3600;

/** Runs a session below an empty folder and answers all that it measured. Throws where the session did not come to its end. */
export const runSession = async (
  work: string,
  session: Session,
  options: PlaceOptions,
): Promise<readonly Measurement[]> => {
  writeSource(work, session.works[0]?.scenario ?? 'small', options.sizes, session.rounds);
  execFileSync('gcc', [
    ...['-O2', '-o', join(work, 'tree')],
    fileURLToPath(new URL('tree.c', import.meta.url)),
  ]);
  const running = new AbortController();
  const following = followResults(join(work, 'results.jsonl'), options.told, running.signal);
  const code = await (session.place === 'share' ? inLab : onDisk)(work, session, options);
  running.abort();
  const measurements = await following;
  if (code === 0) return measurements;
  const said = ['job.out', 'console.log'].map((name) => join(work, name)).find(existsSync);
  throw new Error(
    `the session ended with ${code}: ${said === undefined ? '' : readFileSync(said, 'utf8').slice(-2000)}`,
  );
};

/**
 * The lab sees WORK as /tmp/work. Its memory is /tmp, the source among it; its one processor makes a look at the processes
 * dear, so that few are taken.
 */
const inLab = (work: string, session: Session, { delay, sizes }: PlaceOptions): Promise<number | null> => {
  const folders: Folders = {
    work: '/tmp/work',
    source: '/tmp/source',
    share: '/mnt/share',
    server: '/tmp/work/export',
    scratch: '/tmp/scratch',
  };
  const tree: Tree = { path: '/tmp/work/tree', interval: 200, limit: 1800 };
  writeJob(work, session, folders, tree, 'cp -a /tmp/work/source /tmp/source');
  return runInLab(work, longestSession, { delay, memory: memoryFor(session, sizes) });
};

/** Enough for the source, what is restored of it, the cache and the hungriest of the peers. */
const memoryFor = (session: Session, sizes: Sizes): string =>
  session.works.some(({ scenario }) => scenario === 'large')
    ? `${1024 + Math.ceil((2 * sizes.largeBytes) / 2 ** 20)}M`
    : '1024M';

/** In namespaces of its own: Lifeboat takes only what is mounted for a share, and nothing is left mounted at the end. */
const onDisk = (work: string, session: Session): Promise<number | null> => {
  const share = join(work, 'share');
  const folders: Folders = {
    work,
    source: join(work, 'source'),
    share,
    server: share,
    scratch: join(work, 'scratch'),
  };
  mkdirSync(share);
  writeJob(
    work,
    session,
    folders,
    { path: join(work, 'tree'), interval: 20, limit: 7200 },
    `mount --bind ${share} ${share}`,
  );
  return new Promise((resolve, reject) => {
    const child = spawn(
      'unshare',
      [
        ...['--mount', '--pid', '--fork', '--kill-child', '--mount-proc'],
        ...['sh', '-c', 'exec bash "$0/job.sh" >"$0/job.out" 2>&1', work],
      ],
      { stdio: 'ignore', timeout: longestSession * 1000, killSignal: 'SIGKILL' },
    );
    child.on('error', reject);
    child.on('close', resolve);
  });
};

/** Reads a file as it grows, until told that nothing more comes. */
const followResults = async (
  file: string,
  told: (measurement: Measurement) => void,
  done: AbortSignal,
): Promise<readonly Measurement[]> => {
  let known: readonly Measurement[] = [];
  for (let last = false; ; ) {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    const now = parseMeasurements(text.slice(0, text.lastIndexOf('\n') + 1));
    for (const measurement of now.slice(known.length)) told(measurement);
    known = now;
    if (last) return known;
    last = await wait(500, false, { signal: done }).catch(() => true);
  }
};

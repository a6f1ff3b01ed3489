import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Lifeboat, markShare } from './lifeboat.ts';
import type { Command, Peer } from './peers.ts';
import { works as allWorks, type PlaceName, type Work } from './works.ts';

/** What is measured in one boot: works of one scenario, in the order of works.ts, each by its peers, in so many rounds. */
export type Session = {
  readonly place: PlaceName;
  readonly works: readonly Work[];
  readonly peers: readonly (Peer | Lifeboat)[];
  readonly rounds: number;
};

/** The folders of a place, as the job sees them. */
export type Folders = {
  /** Where the job, its scripts and its results are. */
  readonly work: string;
  readonly source: string;
  readonly share: string;
  /** The share as its server sees it. */
  readonly server: string;
  readonly scratch: string;
};

/** The watcher of bench/tree.c, built; how often it looks, in ms, and how long a measurement may take, in seconds. */
export type Tree = { readonly path: string; readonly interval: number; readonly limit: number };

/**
 * Writes job.sh, and the scripts that it runs, into a folder: the one that the job sees as `folders.work`. `begin` is a command
 * that makes the place ready.
 */
export const writeJob = (
  folder: string,
  session: Session,
  folders: Folders,
  tree: Tree,
  begin: string,
): void => {
  mkdirSync(join(folder, 'scripts'), { recursive: true });
  // The job may see nothing but its own folder.
  for (const name of ['driver.sh', 'parallel-rsync.sh'])
    copyFileSync(fileURLToPath(new URL(name, import.meta.url)), join(folder, 'scripts', name));
  for (const peer of session.peers)
    if ('scripts' in peer)
      for (const script of peer.scripts({ ...folders, out: `${folders.scratch}/out` }, nightsOf(session)))
        writeFileSync(join(folder, 'scripts', script.name), script.text);
  writeFileSync(join(folder, 'job.sh'), jobScript(session, folders, tree, begin));
};

/** The first night, and each round of each work that is a night. */
const nightsOf = (session: Session): number => 1 + session.rounds * (allWorks.length + 1);

/** Each first copy is a generation of its own, on its first night; all other works go on with the last. */
export const jobScript = (session: Session, folders: Folders, tree: Tree, begin: string): string => {
  const { place, works } = session;
  const copy = works.find(({ step }) => step === 'first');
  const later = [...daysBeforePruning(works), ...works.filter((work) => work !== copy)];
  const generation = copy === undefined ? 1 : session.rounds;
  return [
    '#!/usr/bin/env bash',
    'set -Eeuo pipefail',
    `trap 'echo "line $LINENO ended with $?: $BASH_COMMAND"' ERR`,
    `scripts=${folders.work}/scripts`,
    'source "$scripts/driver.sh"',
    begin,
    `set_up ${place} ${tree.path} ${tree.interval} ${tree.limit} ${folders.work}/results.jsonl ${folders.work}/logs \\`,
    `  ${folders.share} ${folders.server} ${folders.scratch} ${folders.source} ${folders.work}/changes`,
    markShare('"$SHARE"'),
    ...(copy === undefined ? [] : firstCopies(copy, session)),
    ...firstNights(copy, later, generation, session),
    ...later.flatMap((work) => laterRounds(work, generation, session)),
    '',
  ].join('\n');
};

/** The oldest night is only worth pruning when the next one has replaced something of it. */
const daysBeforePruning = (works: readonly Work[]): readonly Work[] =>
  works.some(({ step }) => step === 'prune') && !works.some(({ source }) => source === 'changed')
    ? allWorks.filter(({ source }) => source === 'changed')
    : [];

const firstCopies = (work: Work, session: Session): readonly string[] =>
  roundsOf(session).flatMap((round) =>
    rotated(measuredPeers(work, session), round).flatMap((peer) => [
      ...turnOf(peer, round),
      ...(peer.begin === undefined ? [] : [prepare(peer.begin)]),
      measure(work, round, peer.steps.first),
    ]),
  );

/** Without measuring, for those whose first night nobody wanted to see. */
const firstNights = (
  copy: Work | undefined,
  later: readonly Work[],
  generation: number,
  session: Session,
): readonly string[] => {
  const done = copy === undefined ? [] : measuredPeers(copy, session);
  const needed = new Set(later.flatMap((work) => measuredPeers(work, session)));
  return [...needed]
    .filter((peer) => !done.includes(peer))
    .flatMap((peer) => [
      ...turnOf(peer, generation),
      ...(peer.begin === undefined ? [] : [prepare(peer.begin)]),
      ...(peer.steps.first === undefined ? [] : [prepare(peer.steps.first)]),
    ]);
};

const laterRounds = (work: Work, generation: number, session: Session): readonly string[] => {
  const asked = session.works.includes(work);
  return roundsOf(session).flatMap((round) => [
    ...(work.step === 'night' ? ['night=$((night + 1))'] : []),
    `round=${round} pruned=${round} caches=${work.caches}`,
    ...(work.source === 'changed' ? [`change_source ${round}`] : []),
    ...rotated(measuredPeers(work, session), round).flatMap((peer) => {
      const command = peer.steps[work.step];
      if (command === undefined) return [];
      return [...turnOf(peer, generation), asked ? measure(work, round, command) : prepare(command)];
    }),
  ]);
};

/** Those that the work knows and the session has, as far as they can do it. */
const measuredPeers = (work: Work, session: Session): readonly Peer[] =>
  work.peers.flatMap((name) =>
    session.peers.filter((peer) => peer.name === name && peer.steps[work.step] !== undefined),
  );

const roundsOf = ({ rounds }: Session): readonly number[] =>
  Array.from({ length: rounds }, (_, index) => index + 1);

/** Everybody is first once: what a neighbour leaves behind strikes not always the same. */
const rotated = <T>(list: readonly T[], round: number): readonly T[] => {
  const start = (round - 1) % Math.max(1, list.length);
  return [...list.slice(start), ...list.slice(0, start)];
};

const turnOf = (peer: Peer, generation: number): readonly string[] => [
  `generation=${generation}`,
  `as ${peer.name} "${peer.folder}" ${peer.programs.join(' ')}`,
  ...Object.entries(peer.environment ?? {}).map(([name, value]) => `export ${name}="${value}"`),
];

const measure = (work: Work, round: number, command: Command | undefined): string =>
  command === undefined ? '' : `measure ${work.name} ${round} ${command.check} ${command.run}`;

const prepare = (command: Command): string => `prepare ${command.check} ${command.run}`;

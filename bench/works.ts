import type { Step } from './peers.ts';

/** Where is measured: on the machine's disk, or on the NFSv4.1 share of test/share/nfs-lab. */
export const placeNames = ['share', 'local'] as const;
export type PlaceName = (typeof placeNames)[number];

/** What is saved. Works of one scenario follow each other in one boot, on the same state. */
export type Scenario = {
  readonly name: 'small' | 'few' | 'large' | 'million';
  readonly places: readonly PlaceName[];
};

export type Work = {
  readonly name: string;
  readonly title: string;
  readonly scenario: Scenario['name'];
  readonly step: Step;
  /** `changed`: a hundredth of the files is new or rewritten before. */
  readonly source: 'as-it-was' | 'changed';
  /** `warm`: the source has just been listed. */
  readonly caches: 'cold' | 'warm';
  /** Names of those that are measured, in the order of the tables. */
  readonly peers: readonly string[];
};

export const scenarios: readonly Scenario[] = [
  { name: 'small', places: ['share', 'local'] },
  { name: 'few', places: ['share'] },
  { name: 'large', places: ['share', 'local'] },
  { name: 'million', places: ['local'] },
];

const lifeboats = ['lifeboat', 'lifeboat-other'];
const nightly = [
  ...['lifeboat', 'lifeboat-no-verify', 'lifeboat-other', 'rsync', 'rsync-link-dest', 'rsync-16'],
  ...['rsync-16-inplace', 'fpsync', 'rclone', 'restic', 'borg'],
];
const copying = ['rsync', 'rsync-16', 'rsync-16-inplace', 'fpsync', 'rclone', 'restic', 'borg'];
const cold = { source: 'as-it-was', caches: 'cold' } as const;

/** In the order in which a session does them: each leaves what the next one needs. */
export const works: readonly Work[] = [
  {
    name: 'first-copy',
    title: 'First copy of small files',
    scenario: 'small',
    step: 'first',
    ...cold,
    peers: [...lifeboats, ...copying],
  },
  {
    name: 'restore',
    title: 'Restore of small files',
    scenario: 'small',
    step: 'restore',
    ...cold,
    peers: [...lifeboats, ...copying, 'cp'],
  },
  {
    name: 'changed',
    title: 'Night in which 1 % has changed',
    scenario: 'small',
    step: 'night',
    source: 'changed',
    caches: 'cold',
    peers: nightly,
  },
  {
    name: 'unchanged',
    title: 'Unchanged night',
    scenario: 'small',
    step: 'night',
    ...cold,
    peers: nightly,
  },
  {
    name: 'verify',
    title: 'Reading all back, compared with the source',
    scenario: 'small',
    step: 'verify',
    ...cold,
    peers: [...lifeboats, 'rsync', 'restic', 'borg'],
  },
  {
    name: 'prune',
    title: 'Prune of the oldest of the nights',
    scenario: 'small',
    step: 'prune',
    ...cold,
    peers: [...lifeboats, 'rsync-link-dest', 'restic', 'borg'],
  },
  {
    name: 'unchanged-few',
    title: 'Unchanged night of a tenth of the files',
    scenario: 'few',
    step: 'night',
    ...cold,
    peers: ['lifeboat', 'lifeboat-no-verify', 'lifeboat-other', 'rsync', 'restic'],
  },
  {
    name: 'large-file',
    title: 'First copy of one large file',
    scenario: 'large',
    step: 'first',
    ...cold,
    peers: [...lifeboats, 'cp', ...copying],
  },
  {
    name: 'million-cold',
    title: 'A million files, unchanged, cold caches',
    scenario: 'million',
    step: 'night',
    ...cold,
    peers: ['lifeboat', 'lifeboat-no-verify', 'lifeboat-other', 'find', 'rsync'],
  },
  {
    name: 'million-warm',
    title: 'A million files, unchanged, warm caches',
    scenario: 'million',
    step: 'night',
    source: 'as-it-was',
    caches: 'warm',
    peers: ['lifeboat', 'lifeboat-no-verify', 'lifeboat-other', 'find', 'rsync'],
  },
];

/**
 * What a peer can be asked to do. `first`: save to an empty share; `night`: save once more; `verify`: prove that what is
 * there is whole; `prune`: forget the oldest night.
 */
export type Step = 'first' | 'night' | 'restore' | 'verify' | 'prune';

/**
 * One simple command in words of bash, and the function of bench/driver.sh that says whether the work was really done. Both may use
 * $source, $share (the peer's folder there), $state (a folder on the local disk), $out (empty, for restores), $night and
 * $round (1, 2, …), $files (in the source).
 */
export type Command = { readonly run: string; readonly check: Check };
export type Check =
  | 'is_done'
  | 'is_copied'
  | 'is_copied_by_night'
  | 'is_protected'
  | 'is_pruned'
  | 'is_restored';

export type Peer = {
  readonly name: string;
  readonly title: string;
  /** `parallel`: lays plain files on several streams. `repository`: keeps files in packs of its own. */
  readonly kind: 'lifeboat' | 'serial' | 'parallel' | 'repository' | 'yardstick';
  /** What it does not do and Lifeboat does, or the other way round: for whoever reads its figures. */
  readonly note: string;
  /** Debian packages by the program that each brings. */
  readonly packages: Readonly<Record<string, string>>;
  /** Started once before each measurement, so that loading them from the disk is not measured. */
  readonly programs: readonly string[];
  /** What says its version. */
  readonly version?: readonly string[];
  /** Below the share's root, in words of bash; $generation is the number of the first copy. */
  readonly folder: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Before the first copy, not measured. */
  readonly begin?: Command;
  readonly steps: Partial<Record<Step, Command>>;
};

const plain = (peer: Omit<Peer, 'folder' | 'packages'> & { readonly packages?: Peer['packages'] }): Peer => ({
  packages: { rsync: 'rsync' },
  folder: `bench/${peer.name}-$generation`,
  ...peer,
});

const copies = (run: string, restore: string): Peer['steps'] => ({
  first: { run, check: 'is_copied' },
  night: { run, check: 'is_copied' },
  restore: { run: restore, check: 'is_restored' },
});

const noHistory = 'overwrites what it had: no older night comes back';

const rsync = plain({
  name: 'rsync',
  title: 'rsync -a',
  kind: 'serial',
  note: noHistory,
  programs: ['rsync'],
  version: ['rsync', '--version'],
  steps: {
    ...copies('rsync -a "$source/" "$share/"', 'rsync -a "$share/" "$out/"'),
    verify: { run: 'rsync -anc "$source/" "$share/"', check: 'is_done' },
  },
});

const rsyncLinkDest = plain({
  name: 'rsync-link-dest',
  title: 'rsync -a --link-dest',
  kind: 'serial',
  note: 'every night is a folder with a hard link per unchanged file; EFS allows 177 links a file',
  programs: ['rsync', 'rm'],
  steps: {
    first: { run: 'rsync -a "$source/" "$share/$night/"', check: 'is_copied_by_night' },
    night: {
      run: 'rsync -a --link-dest="../$((night - 1))" "$source/" "$share/$night/"',
      check: 'is_copied_by_night',
    },
    prune: { run: 'rm -rf "$share/$pruned"', check: 'is_done' },
  },
});

const parallelRsync = (name: string, title: string, options: string): Peer => {
  const script = 'bash "$scripts/parallel-rsync.sh"';
  return plain({
    name,
    title,
    kind: 'parallel',
    note: `${noHistory}; bench/parallel-rsync.sh`,
    programs: ['rsync', 'bash', 'find', 'split', 'mktemp', 'rm'],
    steps: copies(`${script} "$source" "$share" ${options}`, `${script} "$share" "$out" ${options}`),
  });
};

const fpsync = plain({
  name: 'fpsync',
  title: 'fpsync -n 16',
  kind: 'parallel',
  note: noHistory,
  packages: { fpsync: 'fpart', rsync: 'rsync' },
  programs: ['rsync', 'fpart', 'fpsync', 'sed', 'ps'],
  version: ['fpart', '-V'],
  steps: copies(
    'fpsync -n 16 -f $((files / 16 + 1)) -t "$state/fpsync" "$source/" "$share/"',
    'fpsync -n 16 -f $((files / 16 + 1)) -t "$state/fpsync" "$share/" "$out/"',
  ),
});

const rclone = plain({
  name: 'rclone',
  title: 'rclone copy --transfers 16',
  kind: 'parallel',
  note: `${noHistory}; keeps neither owners nor modes`,
  packages: { rclone: 'rclone' },
  programs: ['rclone'],
  version: ['rclone', 'version'],
  environment: { RCLONE_CONFIG: '$state/rclone.conf' },
  steps: copies(
    'rclone copy --transfers 16 --checkers 16 "$source" "$share"',
    'rclone copy --transfers 16 --checkers 16 "$share" "$out"',
  ),
});

const restic = plain({
  name: 'restic',
  title: 'restic',
  kind: 'repository',
  note: 'packs, encrypted: nothing can be read without restic and its password',
  packages: { restic: 'restic' },
  programs: ['restic'],
  version: ['restic', 'version'],
  environment: {
    RESTIC_REPOSITORY: '$share',
    RESTIC_PASSWORD: 'bench',
    RESTIC_CACHE_DIR: '$state/cache',
  },
  begin: { run: 'restic init', check: 'is_done' },
  steps: {
    first: { run: 'restic backup --quiet "$source"', check: 'is_done' },
    night: { run: 'restic backup --quiet "$source"', check: 'is_done' },
    restore: { run: 'restic restore latest --target "$out"', check: 'is_restored' },
    verify: { run: 'restic check --quiet --read-data', check: 'is_done' },
    prune: { run: 'restic forget --quiet --keep-last $((night - pruned)) --prune', check: 'is_done' },
  },
});

const borg = plain({
  name: 'borg',
  title: 'borg',
  kind: 'repository',
  note: 'packs: nothing can be read without borg',
  packages: { borg: 'borgbackup' },
  programs: ['borg'],
  version: ['borg', '--version'],
  environment: {
    BORG_REPO: '$share',
    BORG_BASE_DIR: '$state',
    BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes',
    BORG_RELOCATED_REPO_ACCESS_IS_OK: 'yes',
  },
  begin: { run: 'borg init -e none', check: 'is_done' },
  steps: {
    first: { run: 'borg create "::$night" "$source"', check: 'is_done' },
    night: { run: 'borg create "::$night" "$source"', check: 'is_done' },
    restore: { run: 'env -C "$out" borg extract "::$night"', check: 'is_restored' },
    verify: { run: 'borg check --verify-data', check: 'is_done' },
    prune: { run: `bash -c 'borg delete "::$1" && borg compact' bash "$pruned"`, check: 'is_done' },
  },
});

const cp = plain({
  name: 'cp',
  title: 'cp -a',
  kind: 'serial',
  note: 'the yardstick of a copy on one stream',
  packages: {},
  programs: ['cp'],
  version: ['cp', '--version'],
  steps: copies('cp -a "$source/." "$share"', 'cp -a "$share/." "$out"'),
});

const find = plain({
  name: 'find',
  title: 'find -printf',
  kind: 'yardstick',
  note: 'only looks: what a scan of the source costs at least',
  packages: {},
  programs: ['find'],
  version: ['find', '--version'],
  steps: {
    night: {
      run: `find "$source" -printf '%y/%m/%U/%G/%s/%T@/%C@/%i/%n/%p\\0'`,
      check: 'is_done',
    },
  },
});

/** All that Lifeboat is measured against, in the order of the tables. */
export const peers = [
  rsync,
  rsyncLinkDest,
  parallelRsync('rsync-16', '16 × rsync -a', '-a'),
  parallelRsync('rsync-16-inplace', '16 × rsync -a --inplace -W', '-a --inplace -W'),
  fpsync,
  rclone,
  restic,
  borg,
  cp,
  find,
] as const satisfies readonly Peer[];

import { lstat, mkdir, readlink, realpath, rm, rmdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import type { InstanceSpec } from '../contract.ts';

/** Where an instance keeps what its specification does not name: beside its state folder, on the machine that plays AWS. */
export type InstanceFolders = {
  /** Its own root volume: everything in the sandbox that is not the host's, the share, the uploads or the state. */
  readonly disk: string;
  /** The agent's: what each step ran and the whole of what it said. */
  readonly agent: string;
};

export const foldersOf = (spec: InstanceSpec): InstanceFolders => ({
  disk: join(dirname(spec.state), 'disk'),
  agent: join(dirname(spec.state), 'agent'),
});

/**
 * What lies at `sharePath` when no share is mounted: a folder of the instance's own disk. It stays empty for ever, or
 * somebody wrote to the local disk in the belief that it was the share.
 */
export const shareFolderOnOwnDisk = (spec: InstanceSpec): string =>
  join(foldersOf(spec).disk, spec.sharePath);

export const sourceIsMounted = (spec: InstanceSpec): boolean =>
  spec.upload !== undefined &&
  !spec.faults.includes('source-empty') &&
  !spec.faults.includes('source-missing');

export const shareIsMounted = (spec: InstanceSpec): boolean =>
  spec.share !== undefined && !spec.faults.includes('share-unmounted');

export const shareCanFill = (spec: InstanceSpec): boolean =>
  shareIsMounted(spec) && spec.faults.includes('share-full');

/**
 * Makes the instance's disk as it is after a boot: host programs have their mount points, /tmp and /run are empty, and
 * source and share are mount points, plain folders or missing, as the specification says. Throws where a folder of the
 * specification does not exist, or where two of its paths are not possible.
 */
export const bootDisk = async (spec: InstanceSpec, hostname: string): Promise<void> => {
  checkPaths(spec);
  await checkFolders(spec);
  const { disk, agent } = foldersOf(spec);
  await mkdir(spec.state, { recursive: true });
  await mkdir(agent, { recursive: true });
  await mkdir(disk, { recursive: true });
  for (const folder of ['run', 'tmp']) await rm(join(disk, folder), { recursive: true, force: true });
  for (const folder of ownFolders) await makeOnDisk(disk, folder);
  await linkSystemFolders(disk);
  await writeFile(join(disk, 'etc/hostname'), `${hostname}\n`);
  await writeFile(join(disk, 'etc/hosts'), `127.0.0.1 localhost\n127.0.1.1 ${hostname}\n`);
  await placeSource(spec, disk);
  await makeOnDisk(disk, spec.sharePath);
};

/** Host folders that are bound read-only; a link instead of a folder (merged /usr) is made on the disk as it is. */
export const systemFolders = ['usr', 'bin', 'sbin', 'lib', 'lib32', 'lib64', 'nix', 'gnu'] as const;

const ownFolders = [
  'etc',
  'mnt',
  'opt',
  'root',
  'run/lock',
  'srv',
  'tmp',
  'var/cache',
  'var/lib/lifeboat',
  'var/log',
  'var/tmp',
] as const;

/** Host's own or the kernel's: nothing of an instance can lie below them. */
const reserved: ReadonlySet<string> = new Set([...systemFolders, 'etc', 'proc', 'dev', 'sys', 'run', 'tmp']);

const checkPaths = (spec: InstanceSpec): void => {
  for (const [key, path] of Object.entries({ sourcePath: spec.sourcePath, sharePath: spec.sharePath })) {
    const first = path.split('/')[1] ?? '';
    if (!isAbsolute(path) || normalize(path) !== path || path.endsWith('/') || first === '') {
      throw new Error(`${spec.id}: ${key} is ${path}; it must be an absolute path such as /mnt/lifeboat.`);
    }
    if (reserved.has(first)) {
      throw new Error(
        `${spec.id}: ${key} is ${path}; /${first} is read-only or volatile on a local instance. Choose a path below /var, /srv or /mnt.`,
      );
    }
  }
};

const checkFolders = async (spec: InstanceSpec): Promise<void> => {
  const needed = [
    sourceIsMounted(spec) ? spec.upload : undefined,
    shareIsMounted(spec) ? spec.share : undefined,
  ];
  for (const folder of needed) {
    if (folder === undefined) continue;
    const found = await lstat(await realpath(folder).catch(() => folder)).catch(() => undefined);
    if (found?.isDirectory() !== true) {
      throw new Error(`${spec.id}: ${folder} is not a folder. Make it, or name the right one.`);
    }
  }
};

/** Makes folders on the disk one by one; refuses to go through a link that a script left there, which leads elsewhere. */
const makeOnDisk = async (disk: string, path: string): Promise<void> => {
  let folder = disk;
  for (const part of path.split('/').filter((name) => name !== '')) {
    folder = join(folder, part);
    const found = await lstat(folder).catch(() => undefined);
    if (found === undefined) await mkdir(folder, { mode: part === 'tmp' ? 0o1777 : 0o755 });
    else if (!found.isDirectory()) {
      throw new Error(`${folder} is in the way of the instance's ${path}: it is no folder. Remove it.`);
    }
  }
};

const linkSystemFolders = async (disk: string): Promise<void> => {
  for (const name of systemFolders) {
    const target = await readlink(`/${name}`).catch(() => undefined);
    if (target === undefined) continue;
    await rm(join(disk, name), { force: true });
    await symlink(target, join(disk, name));
  }
};

const placeSource = async (spec: InstanceSpec, disk: string): Promise<void> => {
  const onDisk = join(disk, spec.sourcePath);
  const missing =
    spec.faults.includes('source-missing') ||
    (spec.upload === undefined && !spec.faults.includes('source-empty'));
  if (!missing) {
    await makeOnDisk(disk, spec.sourcePath);
    return;
  }
  // An earlier night left it as a mount point, empty; rmdir refuses to lose anything else.
  await rmdir(onDisk).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
};

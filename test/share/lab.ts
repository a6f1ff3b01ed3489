import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Debian packages that test/share/nfs-lab needs, and what each brings. */
const packages = {
  'user-mode-linux': 'linux.uml',
  'nfs-ganesha': 'ganesha.nfsd',
  'nfs-ganesha-vfs': '/usr/lib/ganesha/libfsalvfs.so',
  'nfs-common': 'mount.nfs4',
  iproute2: 'tc',
  kmod: 'modprobe',
  gcc: 'gcc',
  'libc6-dev': '/usr/include/dlfcn.h',
} as const;

/**
 * Why the lab cannot be had here, or undefined when it can. Installs what is missing where that is allowed: as root on a
 * Debian. In CI it has to be had, so there it throws.
 */
export const whyNoLab = (): string | undefined => {
  const why = missingAfterInstalling();
  if (why !== undefined && process.env.CI === 'true')
    throw new Error(`the NFS lab cannot be skipped in CI: ${why}`);
  return why;
};

const missingAfterInstalling = (): string | undefined => {
  if (process.getuid?.() !== 0) return 'it needs root';
  if (missingPackages().length === 0) return undefined;
  if (!existsSync('/etc/debian_version')) return `it needs ${missingPackages().join(', ')}`;
  const apt = (...words: readonly string[]) =>
    spawnSync('apt-get', [...words], {
      encoding: 'utf8',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  const install = () => apt('install', '-y', '--no-install-recommends', ...missingPackages());
  if (install().status !== 0) apt('update');
  const { stderr } = install();
  return missingPackages().length === 0
    ? undefined
    : `${missingPackages().join(', ')} cannot be installed: ${stderr.slice(-300)}`;
};

const missingPackages = (): readonly string[] =>
  Object.entries(packages)
    .filter(([, brings]) => !isThere(brings))
    .map(([name]) => name);

const isThere = (what: string): boolean =>
  what.startsWith('/')
    ? existsSync(what) || existsSync(what.replace('/usr/lib/', '/usr/lib/x86_64-linux-gnu/'))
    : ['/usr/sbin', '/usr/bin', '/sbin', '/bin'].some((folder) => existsSync(`${folder}/${what}`));

export type LabOptions = {
  /** In front of the server, as tc-netem(8) takes it; default 1ms. */
  readonly delay?: string;
  /** What the small Linux has, as the kernel's `mem=` takes it; default 512M. */
  readonly memory?: string;
};

/**
 * Runs WORK/job.sh in the lab and answers its exit code; 125 when the lab did not come up (see WORK/console.log), null
 * when it was killed because it took longer than `limitSeconds`.
 */
export const runInLab = (
  work: string,
  limitSeconds: number,
  { delay = '1ms', memory = '512M' }: LabOptions = {},
): Promise<number | null> =>
  new Promise((resolve, reject) => {
    const lab = fileURLToPath(new URL('nfs-lab', import.meta.url));
    const child = spawn(lab, [work, delay], {
      env: { ...process.env, LAB_MEMORY: memory },
      stdio: 'ignore',
      timeout: limitSeconds * 1000,
      killSignal: 'SIGKILL',
    });
    child.on('error', reject);
    child.on('close', resolve);
  });

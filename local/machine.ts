import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { findProgram } from './fleet/program.ts';
import { SandboxRefused, tryOutSandbox } from './fleet/sandbox-trial.ts';

/** What keeps this machine from playing AWS, and the one command that mends it. The caller says it and exits with 2. */
export class MachineLacks extends Error {
  override readonly name = 'MachineLacks';
}

/**
 * Makes sure that the system has what local AWS and the tests need: Linux, a few programs, and leave to start sandboxes.
 * As root on Debian and Ubuntu it installs missing programs (`say` gets one line); elsewhere, and when that fails, it
 * throws {@link MachineLacks}. A few milliseconds when nothing is missing.
 */
export const readyMachine = (say: (line: string) => void): void => {
  const plan = planMachine(lookAtMachine());
  switch (plan.kind) {
    case 'refuse':
      throw new MachineLacks(plan.message);
    case 'install':
      say(`Installing ${plan.packages.join(', ')} (apt-get) …`);
      installPackages(plan.packages);
      break;
    case 'ready':
  }
  try {
    tryOutSandbox();
  } catch (error) {
    if (error instanceof SandboxRefused) throw new MachineLacks(error.message);
    throw error;
  }
};

export type MachineFacts = {
  readonly platform: string;
  readonly root: boolean;
  /** Contents of /etc/os-release; empty where there is none. */
  readonly osRelease: string;
  /** Of {@link neededPrograms}, those that are not there. */
  readonly missing: readonly string[];
  /** First line of `bash --version`; empty without bash. */
  readonly bashVersion: string;
};

export type MachinePlan =
  | { readonly kind: 'ready' }
  | { readonly kind: 'install'; readonly packages: readonly string[] }
  | { readonly kind: 'refuse'; readonly message: string };

/** The decision, without a look at the system. */
export const planMachine = (facts: MachineFacts): MachinePlan => {
  if (facts.platform !== 'linux') return { kind: 'refuse', message: needsLinux(facts.platform) };
  const packages = missingPackages(facts.missing);
  const family = familyOf(facts.osRelease);
  if (packages.length > 0) {
    if (facts.root && family === 'apt') return { kind: 'install', packages };
    return { kind: 'refuse', message: needsPackages(facts, packages, family) };
  }
  if (!isBashNewEnough(facts.bashVersion)) {
    return {
      kind: 'refuse',
      message: `bash 4.4 or later is needed; here is: ${facts.bashVersion || 'one that does not tell its version'}. Upgrade the distribution, or use a container or virtual machine with a newer one.`,
    };
  }
  return { kind: 'ready' };
};

/** Programs by the package that holds them; the packages have the same names on apt, dnf, pacman and zypper. */
const programs = {
  bubblewrap: ['bwrap'],
  bash: ['bash'],
  coreutils: ['cat', 'cp', 'env', 'mkdir', 'sha256sum', 'sort', 'stat', 'timeout'],
  findutils: ['find', 'xargs'],
  gzip: ['gzip'],
  tar: ['tar'],
  'util-linux': ['findmnt', 'flock', 'mountpoint', 'setsid'],
} as const satisfies Record<string, readonly string[]>;

export const neededPrograms: readonly string[] = Object.values(programs).flat();

type Family = keyof typeof installers;

const installers = {
  apt: 'apt-get update && sudo apt-get install -y',
  dnf: 'dnf install -y',
  pacman: 'pacman -S --needed --noconfirm',
  zypper: 'zypper --non-interactive install',
} as const;

/** Names in ID and ID_LIKE of os-release(5). */
const families: Readonly<Record<Family, readonly string[]>> = {
  apt: ['debian', 'ubuntu'],
  dnf: ['fedora', 'rhel', 'centos', 'amzn'],
  pacman: ['arch'],
  zypper: ['suse', 'opensuse', 'sles'],
};

const missingPackages = (missing: readonly string[]): readonly string[] =>
  Object.entries(programs)
    .filter(([, names]) => names.some((name) => missing.includes(name)))
    .map(([name]) => name);

const familyOf = (osRelease: string): Family | undefined => {
  const words = [...osRelease.matchAll(/^(?:ID|ID_LIKE)=["']?([^"'\n]*)/gm)].flatMap(([, text]) =>
    (text ?? '').split(' '),
  );
  const entries: readonly Family[] = ['apt', 'dnf', 'pacman', 'zypper'];
  return entries.find((family) => families[family].some((name) => words.includes(name)));
};

const needsLinux = (platform: string): string => {
  const how =
    platform === 'win32'
      ? 'Windows has one built in: `wsl --install`, then run it inside (WSL2).'
      : 'A virtual machine will do, for instance `multipass launch` or `limactl start`, then run it inside.';
  return `Local instances are Linux sandboxes, so Linux is needed and this is ${platformNames[platform] ?? platform}. ${how}`;
};

const platformNames: Readonly<Record<string, string>> = { darwin: 'macOS', win32: 'Windows' };

const needsPackages = (
  facts: MachineFacts,
  packages: readonly string[],
  family: Family | undefined,
): string => {
  const what = `Missing on this machine: ${facts.missing.join(', ')}.`;
  if (family === undefined) return `${what} Install the packages ${packages.join(', ')}.`;
  const command = `sudo ${installers[family]} ${packages.join(' ')}`;
  return `${what} Install with: ${facts.root ? command.replaceAll('sudo ', '') : command}`;
};

const isBashNewEnough = (firstLine: string): boolean => {
  const found = /version (\d+)\.(\d+)/.exec(firstLine);
  const [major, minor] = [Number(found?.[1] ?? 0), Number(found?.[2] ?? 0)];
  return major > 4 || (major === 4 && minor >= 4);
};

const lookAtMachine = (): MachineFacts => {
  const missing = neededPrograms.filter((name) => findProgram(name) === undefined);
  const bash = missing.includes('bash') ? '' : spawnSync('bash', ['--version'], { encoding: 'utf8' }).stdout;
  return {
    platform: process.platform,
    root: process.getuid?.() === 0,
    osRelease: process.platform === 'linux' ? readOsRelease() : '',
    missing,
    bashVersion: (bash ?? '').split('\n')[0] ?? '',
  };
};

const readOsRelease = (): string => {
  for (const path of ['/etc/os-release', '/usr/lib/os-release']) {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  }
  return '';
};

/** With apt-get, as root. A fresh machine or image has no package lists yet. Throws {@link MachineLacks}. */
export const installPackages = (packages: readonly string[]): void => {
  const update = aptGet('update');
  const installed = aptGet('install', '-y', '--no-install-recommends', ...packages);
  if (installed.status === 0) return;
  const said = [update, installed]
    .filter(({ status }) => status !== 0)
    .map(({ stderr, error }) => error?.message ?? stderr.trim().split('\n').slice(-3).join('\n'));
  throw new MachineLacks(
    `apt-get could not install ${packages.join(', ')}:\n${said.join('\n')}\nMend that, or install them yourself: ${installers.apt.replaceAll('sudo ', '')} ${packages.join(' ')}`,
  );
};

const aptGet = (...words: readonly string[]) =>
  spawnSync('apt-get', ['-q', ...words], {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });

import { spawnSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bubblewrap, instancePath, isolationArguments, isRoot, systemArguments } from './sandbox.ts';

/** Says why this machine runs no sandboxes, and the command that mends it. */
export class SandboxRefused extends Error {
  override readonly name = 'SandboxRefused';
}

/**
 * Starts one sandbox as an instance's would be and throws {@link SandboxRefused} when the machine does not let it. Some 20
 * ms; trying is the only way to know: kernels, distributions, containers and security modules each refuse in their own way.
 */
export const tryOutSandbox = (): void => {
  const disk = mkdtempSync(join(tmpdir(), 'lifeboat-trial-'));
  try {
    const trial = spawnSync(
      bubblewrap(),
      [
        ...isolationArguments('trial', isRoot()),
        ...trialArguments(disk),
        '--',
        'sh',
        '-c',
        'test "$(id -u)" = 0',
      ],
      { env: { PATH: instancePath }, encoding: 'utf8', timeout: 20_000 },
    );
    if (trial.status === 0) return;
    throw new SandboxRefused(
      explainRefusal({
        message: trial.error?.message ?? trial.stderr.trim(),
        missing: trial.error !== undefined && 'code' in trial.error && trial.error.code === 'ENOENT',
        root: isRoot(),
        settings: readSettings(),
      }),
    );
  } finally {
    rmSync(disk, { recursive: true, force: true });
  }
};

export type Refusal = {
  /** What bwrap said. */
  readonly message: string;
  readonly missing: boolean;
  readonly root: boolean;
  /** Kernel settings that exist here, by name. */
  readonly settings: Readonly<Record<string, string>>;
};

/** One message: what is refused, by what, and the command that mends it. */
export const explainRefusal = (refusal: Refusal): string => {
  const { message, missing, root, settings } = refusal;
  if (missing)
    return 'bwrap is not installed. Install the package bubblewrap (`sudo apt-get install -y bubblewrap`).';
  const said = message === '' ? '' : ` bwrap says: ${message}`;
  const what = 'This machine does not let local instances start (bubblewrap sandboxes).';
  if (root) {
    return `${what} Root is refused, as in a container without privileges: start the container with \`docker run --privileged\`, or use a virtual machine.${said}`;
  }
  for (const [name, { refusing, allowing, by }] of Object.entries(switches)) {
    if (settings[name] !== refusing) continue;
    return `${what} ${by} keeps users from making namespaces. Allow it with \`sudo sysctl -w ${name}=${allowing}\`, or run this as root.${said}`;
  }
  return `${what} Users may not make namespaces here. Run it as root, or, in a container, start that with \`docker run --privileged\`.${said}`;
};

const switches: Readonly<
  Record<string, { readonly refusing: string; readonly allowing: string; readonly by: string }>
> = {
  'kernel.apparmor_restrict_unprivileged_userns': {
    refusing: '1',
    allowing: '0',
    by: 'AppArmor (Ubuntu 23.10 and later)',
  },
  'kernel.unprivileged_userns_clone': { refusing: '0', allowing: '1', by: 'A kernel setting' },
  'user.max_user_namespaces': { refusing: '0', allowing: '15000', by: 'A kernel setting' },
};

const readSettings = (): Record<string, string> => {
  const settings: Record<string, string> = {};
  for (const name of Object.keys(switches)) {
    try {
      settings[name] = readFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8').trim();
    } catch (error) {
      // A kernel without the setting does not refuse for its sake.
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  }
  return settings;
};

/** On a disk with nothing on it, links of a merged /usr are bwrap's to make. */
const trialArguments = (disk: string): readonly string[] => [
  ...systemArguments(disk),
  ...['bin', 'sbin', 'lib', 'lib64'].flatMap((name) => linkArguments(`/${name}`)),
];

const linkArguments = (path: string): readonly string[] =>
  lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true
    ? ['--symlink', readlinkSync(path), path]
    : [];

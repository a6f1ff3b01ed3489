import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { findProgram } from '../local/fleet/program.ts';
import { installPackages, MachineLacks } from '../local/machine.ts';
import type { Peer } from './peers.ts';

/** What figures depend on. */
export const machineSchema = z.strictObject({
  processors: z.number(),
  processor: z.string(),
  memoryBytes: z.number(),
  kernel: z.string(),
  /** What each peer says of itself, by its title; of the lab, the versions of its packages. */
  versions: z.record(z.string(), z.string()),
  commit: z.string(),
});
export type MachineFacts = z.output<typeof machineSchema>;

/**
 * Makes sure that the peers are there. As root on Debian it installs what is missing (`say` gets one line); elsewhere it throws
 * {@link MachineLacks} with the command.
 */
export const readyPeers = (peers: readonly Peer[], say: (line: string) => void): void => {
  if (process.getuid?.() !== 0)
    throw new MachineLacks(
      'The bench has to be root: it empties the kernel’s caches before each measurement and mounts.',
    );
  const wanted = { gcc: 'gcc', '/usr/include/stdio.h': 'libc6-dev' };
  const packages = Object.entries(Object.assign(wanted, ...peers.map((peer) => peer.packages)))
    .filter(([what]) => (what.startsWith('/') ? !existsSync(what) : findProgram(what) === undefined))
    .map(([, name]) => String(name));
  if (packages.length === 0) return;
  if (!existsSync('/etc/debian_version'))
    throw new MachineLacks(
      `Install ${packages.join(', ')} (as Debian calls them), or leave peers out with --peer.`,
    );
  say(`Installing ${packages.join(', ')} (apt-get) …`);
  installPackages(packages);
};

export const machineFacts = (peers: readonly Peer[], withLab: boolean): MachineFacts => ({
  processors: cpus().length,
  processor: cpus()[0]?.model.trim() ?? 'unknown',
  memoryBytes: totalmem(),
  kernel: release(),
  versions: {
    bash: firstLine(['bash', '--version']),
    tar: firstLine(['tar', '--version']),
    ...Object.fromEntries(
      peers.flatMap((peer) =>
        peer.version === undefined ? [] : [[peer.version[0] ?? peer.name, firstLine(peer.version)]],
      ),
    ),
    ...(withLab ? labVersions() : {}),
  },
  commit: execFileSync('git', ['describe', '--always', '--dirty'], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    encoding: 'utf8',
  }).trim(),
});

const firstLine = ([program = '', ...words]: readonly string[]): string => {
  const { stdout, stderr } = spawnSync(program, words, { encoding: 'utf8' });
  return (`${stdout ?? ''}\n${stderr ?? ''}`.trim().split('\n')[0] ?? '').replaceAll(/\s+/g, ' ').trim();
};

const labVersions = (): Record<string, string> =>
  Object.fromEntries(
    ['user-mode-linux', 'nfs-ganesha', 'nfs-common'].map((name) => [
      name,
      firstLine(['dpkg-query', '-W', '-f=${Version}', name]),
    ]),
  );

import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const script = fileURLToPath(new URL('../../../ec2-userdata/mount-share.sh', import.meta.url));

/**
 * A pretended instance: a root folder of its own, and programs that would need root replaced through PATH. Each replaced
 * program notes its call and does what the test says.
 */
export type Instance = {
  readonly root: string;
  readonly path: (inside: string) => string;
  readonly write: (inside: string, content: string | Buffer) => void;
  readonly read: (inside: string) => string;
  /** Replaces a program by a few lines of bash. */
  readonly program: (name: string, body: string) => void;
  /** What the replaced programs were called with, in order. */
  readonly calls: () => readonly string[];
  /** Runs a step of mount-share.sh. Files below /dev count as block devices. */
  readonly run: (step: string) => Ended;
  /** Runs bash with the script's functions at hand. */
  readonly bash: (commands: string) => Ended;
  readonly remove: () => void;
};

export type Ended = { readonly exitCode: number | null; readonly stdout: string; readonly stderr: string };

export const efs = 'share_type=efs\nshare_source=fs-0123456789abcdef0:/\n';

export const pretendInstance = (settings = efs): Instance => {
  const root = mkdtempSync(join(tmpdir(), 'ec2-userdata-'));
  const path = (inside: string) => join(root, inside);
  const write = (inside: string, content: string | Buffer) => writeFileSync(path(inside), content);
  for (const folder of ['bin', 'dev', 'etc/lifeboat', 'run', 'var/log']) {
    mkdirSync(path(folder), { recursive: true });
  }
  const program = (name: string, body: string) => {
    write(`bin/${name}`, `#!/usr/bin/env bash\nprintf '%s\\n' "${name} $*" >>'${path('calls')}'\n${body}\n`);
    chmodSync(path(`bin/${name}`), 0o755);
  };
  const bash = (commands: string): Ended => {
    const { status, stdout, stderr } = spawnSync(
      'bash',
      ['--norc', '-c', `source "$1"\nis_block_device() { [[ -e $1 ]]; }\n${commands}`, 'bash', script],
      {
        env: { PATH: `${path('bin')}:/usr/sbin:/usr/bin:/sbin:/bin`, LIFEBOAT_ROOT: root },
        encoding: 'utf8',
      },
    );
    return { exitCode: status, stdout, stderr };
  };
  write('etc/lifeboat/instance.conf', settings);
  write('etc/fstab', 'UUID=root / xfs defaults 0 1\n');
  for (const name of [
    'systemctl',
    'mkfs.ext4',
    'mount',
    'chattr',
    'chown',
    'sleep',
    'tar',
    'mount.efs',
    'logger',
  ])
    program(name, 'exit 0');
  program('systemd-escape', 'p=${@: -1}; p=${p#/}; echo "${p//\\//-}.mount"');
  program('lsblk', 'echo /dev/xvda');
  program('findmnt', 'exit 1');
  program('blkid', 'exit 2');
  return {
    root,
    path,
    write,
    read: (inside) => readFileSync(path(inside), 'utf8'),
    program,
    calls: () => (existsSync(path('calls')) ? readFileSync(path('calls'), 'utf8').trimEnd().split('\n') : []),
    run: (step) => bash(`main ${step}`),
    bash,
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
};

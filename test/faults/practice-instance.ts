import { spawn } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { documentScript, type Ended, instanceId, marker, plan, shareId } from './instance.ts';

/**
 * An instance with a root shell that stays: mounts that are made in it are real and stay made, in a user namespace, so
 * that nobody has to be root. Share and data volume are folders of a server, bound by /etc/fstab.
 */
export type PracticeInstance = {
  /** The server's side of the share, and of the data volume with its `upload/`. */
  readonly share: string;
  readonly volume: string;
  /** Types a command in the shell, with PLAN and INSTANCE set as the runbook wants it. */
  readonly type: (command: string) => Promise<Typed>;
  /** The document, run as the agent does. */
  readonly backup: (run: string, conditions?: Conditions) => Promise<Ended>;
  /** Everything of the newest recovery point, into the source folder where nothing else is said. */
  readonly restore: (conditions?: Conditions) => Promise<Ended>;
  /** Leaves the two newest recovery points. */
  readonly prune: (run: string, conditions?: Conditions) => Promise<Ended>;
  /** A program that goes before the system's. */
  readonly program: (name: string, script: string) => void;
  readonly close: () => void;
};

/** The environment and the parameters of a run beyond the usual. */
export type Conditions = {
  readonly environment?: Readonly<Record<string, string>>;
  readonly parameters?: Readonly<Record<string, string>>;
};

export type Typed = { readonly status: number; readonly output: string };

export const openPracticeInstance = async (): Promise<PracticeInstance> => {
  const folder = mkdtempSync(join(tmpdir(), 'lifeboat-practice-'));
  const [share, volume, practice] = ['share', 'volume', 'practice'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const each of [share, join(volume, 'upload'), join(practice, 'bin')])
    mkdirSync(each, { recursive: true });
  writeFileSync(join(share, 'lifeboat.json'), marker(shareId));
  writeFileSync(
    join(practice, 'fstab'),
    '/srv/share /mnt/lifeboat none bind 0 0\n/srv/volume /var/www none bind 0 0\n',
  );
  const shell = spawn('bwrap', [...sandbox({ share, volume, practice }), 'bash', '-c', shellLoop], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const waiting = new Map<string, (status: number) => void>();
  createInterface({ input: shell.stdout }).on('line', (line) => {
    const [number = '', status] = line.split(' ');
    waiting.get(number)?.(Number(status));
  });
  let count = 0;
  const typed = (script: string): Promise<number & { readonly of?: never }> =>
    new Promise((resolve) => {
      count += 1;
      writeFileSync(join(practice, `${count}.sh`), script);
      waiting.set(String(count), resolve);
      shell.stdin.write(`${count}\n`);
    });
  const text = (number: number, stream: 'out' | 'err') =>
    readFileSync(join(practice, `${number}.${stream}`), 'latin1');
  const document = async (script: string, environment: Readonly<Record<string, string>>): Promise<Ended> => {
    const mine = count + 1;
    writeFileSync(join(practice, `document-${mine}.sh`), script, { mode: 0o755 });
    const variables = Object.entries({ AWS_SSM_INSTANCE_ID: instanceId, ...environment });
    const exports = variables.map(([name, value]) => `export ${name}='${value}'`);
    const code = await typed([...exports, `exec sh -c /practice/document-${mine}.sh`].join('\n'));
    return { code, signal: null, stdout: text(mine, 'out'), stderr: text(mine, 'err') };
  };
  const instance: PracticeInstance = {
    share,
    volume,
    type: async (command) => {
      const mine = count + 1;
      const status = await typed(command);
      return { status, output: `${text(mine, 'out')}${text(mine, 'err')}` };
    },
    backup: (run, { environment = {}, parameters = {} } = {}) =>
      document(
        documentScript({ run, source: '/var/www/upload', share: '/mnt/lifeboat', ...parameters }),
        environment,
      ),
    restore: ({ environment = {}, parameters = {} } = {}) =>
      document(
        documentScript(
          {
            run: `${plan}/20261201T000000Z-restore`,
            into: '/var/www/upload',
            share: '/mnt/lifeboat',
            ...parameters,
          },
          'restore',
        ),
        environment,
      ),
    prune: (run, { environment = {}, parameters = {} } = {}) =>
      document(
        documentScript({ run, share: '/mnt/lifeboat', last: '2', minimum: '2', ...parameters }, 'prune'),
        environment,
      ),
    program: (name, script) =>
      writeFileSync(join(practice, 'bin', name), `#!/bin/bash\n${script}\n`, { mode: 0o755 }),
    close: () => {
      shell.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await instance.type('mount /mnt/lifeboat && mount /var/www');
  return instance;
};

/** Each number on stdin is a script to run, beside the others; its streams and its exit code are told. */
const shellLoop = `
  mkdir -p /mnt/lifeboat /var/www/upload /var/log /var/lib/lifeboat /var/cache /var/tmp
  while read -r number; do
    { bash "/practice/$number.sh" </dev/null >"/practice/$number.out" 2>"/practice/$number.err"; echo "$number $?"; } &
  done`;

const sandbox = (folders: Readonly<Record<'share' | 'volume' | 'practice', string>>): readonly string[] => [
  ...['--unshare-user', '--uid', '0', '--gid', '0', '--cap-add', 'ALL', '--unshare-pid', '--unshare-ipc'],
  ...['--die-with-parent', '--clearenv', '--proc', '/proc', '--dev', '/dev', '--ro-bind', '/usr', '/usr'],
  ...['/bin', '/sbin', '/lib', '/lib64'].flatMap((path) => {
    if (!existsSync(path)) return [];
    return lstatSync(path).isSymbolicLink() ? ['--symlink', `usr${path}`, path] : ['--ro-bind', path, path];
  }),
  ...['/tmp', '/mnt', '/srv', '/run', '/etc'].flatMap((path) => ['--tmpfs', path]),
  ...['passwd', 'group', 'ld.so.cache', 'alternatives', 'nsswitch.conf'].flatMap((name) => [
    ...['--ro-bind-try', `/etc/${name}`, `/etc/${name}`],
  ]),
  // A root volume that can be filled.
  ...['--size', String(96 * 1024 ** 2), '--tmpfs', '/var'],
  ...['--bind', folders.share, '/srv/share', '--bind', folders.volume, '/srv/volume'],
  ...['--bind', folders.practice, '/practice', '--symlink', '/practice/fstab', '/etc/fstab'],
  ...Object.entries({
    PATH: '/practice/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    PLAN: plan,
    INSTANCE: instanceId,
    GONE: 'i-0aaaaaaaaaaaaaaaa',
    LC_ALL: 'C.UTF-8',
  }).flatMap(([name, value]) => ['--setenv', name, value]),
];

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packagedDocuments } from '../../deploy/documents.ts';
import { type Ended, makeInstance, plan, protectedLine, type TestInstance } from './instance.ts';
import {
  bootDisk,
  environmentArguments,
  inSandbox,
  metadataProgram,
  writeMachinePrograms,
  writeProgram,
} from './user-data.ts';

/** A group of instances on one share, and what EC2, Systems Manager and Auto Scaling say of them. */
export type Group = {
  readonly share: string;
  /** What EC2 knows of an instance; undefined: nothing. */
  readonly ec2: (instance: string, state: string | undefined) => void;
  /** Calls of the AWS CLI that change something, in order. */
  readonly calls: () => readonly string[];
  /** Replaces a program for all of its instances. */
  readonly program: (name: string, body: string) => void;
  readonly newborn: (instance: string, settings?: Readonly<Record<string, string>>) => Newborn;
  /** An instance with files and a good night, that is then terminated. */
  readonly gone: (instance: string, night: string, files: Readonly<Record<string, string>>) => Promise<void>;
  /** The folder of an instance that looks as if it had been saved: whoever takes it over finds nothing that can be restored. */
  readonly ghost: (instance: string, word: Ghost) => void;
  /** Another group has the same gone instance, and what it saved. */
  readonly copySaved: (to: Group, instance: string) => Promise<void>;
  readonly remove: () => void;
};

type Ghost = {
  readonly state: string;
  readonly account: string;
  readonly region: string;
  readonly group: string;
};

export type Newborn = {
  readonly instance: string;
  /** Its data folder. */
  readonly data: string;
  /** Runs birth.sh, as cloud-init or the timer does. */
  readonly birth: (environment?: Readonly<Record<string, string>>) => Promise<Ended>;
  /** Boots it with user data, as cloud-init does: writes the files, then runs the commands one after the other, whatever each ends with. */
  readonly boot: (userData: string) => Promise<Ended>;
  /** A backup of what it has. */
  readonly backup: (run: string) => Promise<void>;
  readonly log: () => string;
  /** A path below its root folder. */
  readonly path: (inside: string) => string;
};

export const account = '123456789012';
export const region = 'ap-southeast-1';
/** The share as a newborn's processes see it. */
export const shareInside = '/mnt/i/mnt/lifeboat';
const scripts = fileURLToPath(new URL('../../ec2-userdata', import.meta.url));

export const makeGroup = (): Group => {
  const base = makeInstance();
  const place = (name: string): string => join(base.folder, name);
  for (const name of ['bin', 'ec2', 'roots']) mkdirSync(place(name));
  writeFileSync(place('document.json'), JSON.stringify(packagedDocuments().restore));
  const program = (name: string, body: string): void => writeProgram(place('bin'), name, body);
  writeMachinePrograms(place('bin'));
  program('curl', metadataProgram(account, region));
  program('aws', aws);
  const ec2 = (instance: string, state: string | undefined): void =>
    state === undefined
      ? rmSync(place(`ec2/${instance}`), { force: true })
      : writeFileSync(place(`ec2/${instance}`), state);
  const newborn = (instance: string, settings = {}): Newborn => {
    ec2(instance, 'running');
    return newbornOf(base, instance, settings);
  };
  return {
    share: base.share,
    ec2,
    calls: () =>
      existsSync(place('calls')) ? readFileSync(place('calls'), 'utf8').trimEnd().split('\n') : [],
    program,
    newborn,
    gone: async (instance, night, files) => {
      const one = newborn(instance, { hydrate: 'none' });
      for (const [name, text] of Object.entries(files)) writeFileSync(join(one.data, name), text);
      await one.backup(night);
      const { code, stderr } = await one.birth();
      if (code !== 0) throw new Error(stderr);
      ec2(instance, 'terminated');
    },
    ghost: (instance, { state, ...word }) => {
      const folder = join(base.share, plan, instance);
      for (const name of ['manifests', 'state']) mkdirSync(join(folder, name), { recursive: true });
      writeFileSync(join(folder, 'manifests/20261101T180000Z-backup'), '');
      writeFileSync(join(folder, 'state/born'), JSON.stringify({ ...word, at: '2026-11-01T00:00:00Z' }));
      ec2(instance, state);
    },
    copySaved: async (to, instance) => {
      await cp(join(base.share, plan), join(to.share, plan), { recursive: true, preserveTimestamps: true });
      to.ec2(instance, 'terminated');
    },
    remove: base.remove,
  };
};

const newbornOf = (
  base: TestInstance,
  instance: string,
  settings: Readonly<Record<string, string>>,
): Newborn => {
  const root = join(base.folder, 'roots', instance);
  const path = (inside: string): string => join(root, inside);
  for (const inside of ['etc/lifeboat', 'run', 'var/log', 'var/www/upload', 'mnt/lifeboat'])
    mkdirSync(path(inside), { recursive: true });
  const usual = {
    share_source: 'fs-0123456789abcdef0:/',
    data_device: 'none',
    plan,
    group: plan,
    hydrate: 'adopt',
  };
  writeFileSync(
    path('etc/lifeboat/instance.conf'),
    Object.entries({ ...usual, ...settings })
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  );
  const data = path('var/www/upload');
  const surroundings = { NEWBORN: instance, PATH: `/mnt/cloud/bin:${process.env.PATH}` };
  return {
    instance,
    data,
    path,
    birth: (environment = {}) =>
      inSandbox([
        ...[
          '--dev-bind',
          '/',
          '/',
          '--proc',
          '/proc',
          '--unshare-pid',
          '--die-with-parent',
          '--tmpfs',
          '/mnt',
        ],
        ...['--bind', root, '/mnt/i', '--bind', base.share, shareInside, '--bind', base.folder, '/mnt/cloud'],
        ...environmentArguments({ ...surroundings, LIFEBOAT_ROOT: '/mnt/i', ...environment }),
        ...['bash', join(scripts, 'birth.sh')],
      ]),
    boot: (userData) =>
      bootDisk(
        {
          root,
          mounts: ['--bind', base.share, '/mnt/lifeboat', '--bind', base.folder, '/mnt/cloud'],
          environment: surroundings,
        },
        userData,
      ),
    backup: async (run) => {
      protectedLine(
        await base.run(run, {
          environment: { AWS_SSM_INSTANCE_ID: instance, LIFEBOAT_STATE_DIR: '/mnt/one/var/lib/lifeboat' },
          parameters: { source: '/mnt/one/var/www/upload' },
          sandbox: ['--bind', root, '/mnt/one'],
        }),
      );
    },
    log: () => readFileSync(path('var/log/lifeboat-userdata.log'), 'utf8'),
  };
};

const aws = `case "$*" in
  *--region\\ ap-southeast-1*\\ ec2\\ describe-instances\\ *--output\\ text)
    [[ $* =~ Name=instance-id,Values=([i0-9a-f,-]+)\\  ]] || exit 252
    for id in \${BASH_REMATCH[1]//,/ }; do
      if [[ -e /mnt/cloud/ec2/$id ]]; then printf '%s\\t%s\\n' "$id" "$(</mnt/cloud/ec2/$id)"; fi
    done ;;
  *\\ ssm\\ get-document\\ --name\\ lifeboat-prod-restore\\ --document-format\\ JSON\\ --query\\ Content\\ --output\\ text)
    cat /mnt/cloud/document.json ;;
  *\\ autoscaling\\ complete-lifecycle-action\\ *)
    if [[ -e /mnt/cloud/no-action ]]; then
      echo "An error occurred (ValidationError): No active Lifecycle Action found with instance ID $NEWBORN" >&2
      exit 254
    fi
    call="$*"
    printf '%s\\n' "\${call#*autoscaling }" >>/mnt/cloud/calls ;;
  *) exit 252 ;;
esac`;

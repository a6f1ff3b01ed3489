import { spawn } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parse } from 'yaml';
import { z } from 'zod';
import { systemFolders } from '../../local/fleet/folders.ts';
import { systemArguments } from '../../local/fleet/sandbox.ts';
import { parseTemplate } from '../unit/examples/acme-webapp/cloudformation.ts';
import type { Ended } from './instance.ts';

const stackSchema = z.object({
  Resources: z.object({
    LaunchTemplate: z.object({
      Properties: z.object({
        LaunchTemplateData: z.object({
          UserData: z.object({
            'Fn::Base64': z.object({
              'Fn::Sub': z.tuple([
                z.string(),
                z.object({ Settings: z.object({ 'Fn::Base64': z.object({ 'Fn::Sub': z.string() }) }) }),
              ]),
            }),
          }),
        }),
      }),
    }),
  }),
});

/** The reference stack's user data as CloudFormation fills it in, but that there is no volume for uploads. */
export const stackUserData = (parameters: Readonly<Record<string, string>>): string => {
  const stack = readFileSync(new URL('../../examples/acme-webapp/stack.yml', import.meta.url), 'utf8');
  const { UserData } = stackSchema.parse(parseTemplate(stack)).Resources.LaunchTemplate.Properties
    .LaunchTemplateData;
  const [text, { Settings }] = UserData['Fn::Base64']['Fn::Sub'];
  const values: Readonly<Record<string, string>> = {
    Share: 'fs-0123456789abcdef0',
    RestoreDocument: 'lifeboat-prod-restore',
    LaunchHook: 'lifeboat-birth',
    ...parameters,
  };
  const settings = Settings['Fn::Base64']['Fn::Sub'].replace(/\$\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`The user data want ${name}.`);
    return value;
  });
  return text.replace('${Settings}', Buffer.from(`${settings}data_device=none\n`).toString('base64'));
};

const cloudConfig = z.object({
  write_files: z.array(
    z.strictObject({
      path: z.string(),
      permissions: z.string(),
      encoding: z.optional(z.enum(['b64', 'gz+b64'])),
      content: z.string(),
    }),
  ),
  runcmd: z.array(z.array(z.string().regex(/^[^']*$/))),
});

export type Disk = {
  /** The instance's own root folder. */
  readonly root: string;
  /** Arguments of bwrap for what lies on it: the share, volumes, programs. */
  readonly mounts: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
};

/** Boots a disk with user data, as cloud-init does: writes the files, then runs the commands one after the other, whatever each ends with. */
export const bootDisk = ({ root, mounts, environment }: Disk, userData: string): Promise<Ended> => {
  const { write_files, runcmd } = cloudConfig.parse(parse(userData));
  for (const { path, permissions, encoding, content } of write_files) {
    const bytes = encoding === undefined ? Buffer.from(content) : Buffer.from(content, 'base64');
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), encoding === 'gz+b64' ? gunzipSync(bytes) : bytes);
    chmodSync(join(root, path), Number.parseInt(permissions, 8));
  }
  for (const folder of ['run', 'tmp', 'var/log', 'var/lib/lifeboat', 'mnt/lifeboat'])
    mkdirSync(join(root, folder), { recursive: true });
  for (const name of systemFolders) linkAsOnHost(name, join(root, name));
  return inSandbox([
    ...[...systemArguments(root), '--unshare-pid', '--die-with-parent', ...mounts],
    ...environmentArguments(environment),
    ...['bash', '-c', runcmd.map((argv) => argv.map((word) => `'${word}'`).join(' ')).join('\n')],
  ]);
};

/** /bin is a link to usr/bin where the system's folders are merged. */
const linkAsOnHost = (name: string, path: string): void => {
  const host = lstatSync(`/${name}`, { throwIfNoEntry: false });
  if (host?.isSymbolicLink() === true && lstatSync(path, { throwIfNoEntry: false }) === undefined)
    symlinkSync(readlinkSync(`/${name}`), path);
};

export const environmentArguments = (environment: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(environment).flatMap(([name, value]) => ['--setenv', name, value]);

export const inSandbox = (argv: readonly string[]): Promise<Ended> => {
  const child = spawn('bwrap', argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  return new Promise((resolve, reject) => {
    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on('data', (data: Buffer) => stdout.push(data));
    child.stderr.on('data', (data: Buffer) => stderr.push(data));
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({
        ...{ code, signal },
        stdout: Buffer.concat(stdout).toString('latin1'),
        stderr: Buffer.concat(stderr).toString('latin1'),
      }),
    );
  });
};

/** Writes a program of bash that stands in for one that needs a real machine. */
export const writeProgram = (folder: string, name: string, body: string): void => {
  writeFileSync(join(folder, name), `#!/usr/bin/env bash\n${body}\n`);
  chmodSync(join(folder, name), 0o755);
};

/** systemd, mounting and formatting as a sandbox can have them: nothing is done, and the share counts as mounted. */
export const writeMachinePrograms = (folder: string): void => {
  for (const name of ['systemctl', 'mount.efs', 'mkfs.ext4', 'chattr', 'logger'])
    writeProgram(folder, name, 'exit 0');
  writeProgram(folder, 'findmnt', 'echo nfs4');
};

/** curl, asked for the instance's metadata: a token first. The instance is NEWBORN. */
export const metadataProgram = (account: string, region: string): string => `case "$*" in
  *PUT*/latest/api/token) echo token ;;
  *token*/latest/dynamic/instance-identity/document)
    printf '{\\n  "accountId" : "${account}",\\n  "instanceId" : "%s",\\n  "region" : "${region}"\\n}\\n' "$NEWBORN" ;;
  *) exit 22 ;;
esac`;

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { largestUserData, userDataOf, withUserData } from '../../../ec2-userdata/user-data.ts';

type WrittenFile = { path: string; permissions: string; encoding?: string; content: string };
const filesOf = (userData: string): WrittenFile[] => parse(userData).write_files;
const contentOf = (userData: string, path: string): string => {
  const file = filesOf(userData).find((written) => written.path === path);
  const content = Buffer.from(file?.content ?? '', 'base64');
  return (file?.encoding === 'gz+b64' ? gunzipSync(content) : content).toString();
};
const settings = { share_source: 'fs-0123456789abcdef0:/', data_owner: '33:33' };

test('puts the settings on the instance, byte for byte, and runs the scripts', () => {
  const userData = userDataOf(settings);
  expect(userData.startsWith('#cloud-config\n')).toBe(true);
  expect(contentOf(userData, '/etc/lifeboat/instance.conf')).toBe(
    'share_source=fs-0123456789abcdef0:/\ndata_owner=33:33\n',
  );
  expect(parse(userData).runcmd).toEqual([
    ['/opt/lifeboat/mount-share.sh', 'all'],
    ['systemctl', 'enable', 'lifeboat-birth.timer'],
    ['/opt/lifeboat/birth.sh'],
  ]);
  expect(userData).not.toContain('${');
});

test('the scripts lose their comments on the way, and nothing else: bash reads the same', () => {
  const folder = mkdtempSync(join(tmpdir(), 'user-data-'));
  try {
    for (const name of ['mount-share.sh', 'birth.sh', 'hydrate.sh'])
      writeFileSync(join(folder, name), contentOf(userDataOf(settings), `/opt/lifeboat/${name}`));
    const understood = (script: string) =>
      spawnSync(
        'bash',
        [
          '--norc',
          '-c',
          'source "$1"; declare -f; declare -p SETTINGS INSTANCE_PATTERN HYDRATED; shopt -o',
          'bash',
          script,
        ],
        {
          encoding: 'utf8',
          env: { PATH: process.env.PATH ?? '' },
        },
      ).stdout;
    const here = understood(fileURLToPath(new URL('../../../ec2-userdata/birth.sh', import.meta.url)));
    expect(here).toContain('put_in_place ()');
    expect(understood(join(folder, 'birth.sh'))).toBe(here);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('leaves room in what EC2 takes', () => {
  expect(Buffer.byteLength(userDataOf(settings))).toBeLessThan(largestUserData * 0.9);
});

test('everything it writes says who may change it', () => {
  for (const { path, permissions } of filesOf(userDataOf(settings)))
    expect([path, permissions]).toEqual([path, path.endsWith('.sh') ? '0755' : '0644']);
});

test.each(['fs-0:/\nrm -rf /', 'a b', 'naïve', ''.padEnd(3, '\t')])(
  'a value that is no single word is refused: %j',
  (value) => {
    expect(() => userDataOf({ share_source: value })).toThrow(RangeError);
  },
);

test('values that look like YAML, shell or Fn::Sub arrive as they are', () => {
  for (const value of ['"}]', '${AWS::Region}', '$(reboot)', "'$&`$1", '#x'])
    expect(contentOf(userDataOf({ share_source: value }), '/etc/lifeboat/instance.conf')).toBe(
      `share_source=${value}\n`,
    );
});

test('the block in a template is replaced, and nothing else', () => {
  const template = [
    'a: 1',
    '  # Written by: npx node ec2-userdata/user-data.ts --into x.yml',
    '  - |',
    '    old',
    '',
    '    text',
    '  # after',
    'b: 2',
  ].join('\n');
  const once = withUserData(template).split('\n');
  expect(once.slice(0, 4)).toEqual([...template.split('\n').slice(0, 3), '    #cloud-config']);
  expect(once.slice(-2)).toEqual(['  # after', 'b: 2']);
  expect(once.join('\n')).not.toContain('    old');
  expect(withUserData(once.join('\n'))).toBe(once.join('\n'));
  expect(() => withUserData('a: 1\n')).toThrow('no line');
});

const run = (...argv: readonly string[]) =>
  spawnSync(process.execPath, ['ec2-userdata/user-data.ts', ...argv], {
    cwd: new URL('../../../', import.meta.url),
    encoding: 'utf8',
  });

test('on the command line it prints user data, and names the setting that was meant', () => {
  expect(run('share_source=fs-0123456789abcdef0:/').stdout).toBe(
    userDataOf({ share_source: 'fs-0123456789abcdef0:/' }),
  );
  const { status, stderr } = run('share_sorce=x');
  expect(status).toBe(2);
  expect(stderr).toContain('Did you mean share_source=…?');
  expect(run().status).toBe(2);
  expect(run('--into').stderr).toContain('--into needs the path');
});

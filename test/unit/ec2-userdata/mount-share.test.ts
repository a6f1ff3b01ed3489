import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { settingNames } from '../../../ec2-userdata/user-data.ts';
import { efs, type Instance, pretendInstance, script } from './instance.ts';

let instance: Instance = pretendInstance();
beforeEach(() => {
  instance.remove();
  instance = pretendInstance();
});
afterEach(() => instance.remove());

const called = (program: string) => instance.calls().filter((call) => call.startsWith(`${program} `));
const log = () => instance.read('var/log/lifeboat-userdata.log');
const megabytes = (count: number) => Buffer.alloc(count * 1024 * 1024);

describe('settings', () => {
  test.each([
    ['share_source=fs-01234567:/', 'share_sourc=x', 'there is no setting'],
    ['share_source=fs-01234567:/', 'just words', 'there is no setting'],
    ['share_source=fs-01234567:/', 'data_path=/var/../etc', 'data_path cannot be'],
    ['share_source=fs-01234567:/', 'data_path=relative', 'data_path cannot be'],
    ['share_source=fs-01234567:/', 'share_path=/mnt/life boat', 'share_path cannot be'],
    ['share_source=fs-01234567:/', 'access_point=fsap-1 2', 'access_point cannot be'],
    ['share_source=fs-01234567:/', 'data_device=/dev/../etc/passwd', 'data_device cannot be'],
    ['share_source=fs-01234567:/', 'data_owner=root', 'data_owner cannot be'],
    ['share_source=nas.example.org:/export', '', 'it looks like fs-0123456789abcdef0:/'],
    ['share_type=nfs4', 'share_source=nas.example.org', 'it looks like nas.example.org:/export/lifeboat'],
    ['share_type=nfs4', 'share_source=$(reboot):/x', 'share_source cannot be'],
    ['share_type=smb', '', "share_type cannot be 'smb'"],
    ['', '', 'share_source is missing'],
    ['share_source=fs-01234567:/', 'hydrate=all', "hydrate cannot be 'all'"],
    ['share_source=fs-01234567:/', 'hydrate=adopt', 'hydrate=adopt needs plan as well'],
    [
      'share_source=fs-01234567:/\nplan=acme-web\ngroup=acme-web',
      'hydrate=same',
      'hydrate=same needs hydrate_from as well',
    ],
    ['share_source=fs-01234567:/', 'hydrate_from=i-0/../x', 'hydrate_from cannot be'],
    ['share_source=fs-01234567:/', 'plan=acme-web', 'plan needs group as well'],
    ['share_source=fs-01234567:/', 'launch_hook=lifeboat-birth', 'launch_hook needs group as well'],
    ['share_source=fs-01234567:/', 'group=a"b', 'group cannot be'],
  ])('%s and %s are refused with the reason, and nothing is done', (first, second, message) => {
    instance.write('etc/lifeboat/instance.conf', `# settings\n\n${first}\n${second}\n`);
    const { exitCode, stderr } = instance.run('share');
    expect(exitCode).toBe(78);
    expect(stderr).toContain(message);
    expect(instance.calls().filter((call) => !call.startsWith('logger '))).toEqual([]);
    expect(instance.read('etc/fstab')).toBe('UUID=root / xfs defaults 0 1\n');
  });

  test('whatever a value is, it is refused or it makes exactly one line of six fields', () => {
    const key = fc.constantFrom('share_source', 'share_path', 'access_point');
    const value = fc.oneof(
      fc.string(),
      fc.string().map((text) => `fs-0123456789abcdef0:/${text}`),
      fc.string().map((text) => `/mnt/${text}`),
      fc.constantFrom('fs-01234567:/a#b', "/mnt/'x'", '/mnt/a\tb', '/mnt/\\040', '', 'fsap-0123abcd,ro'),
    );
    fc.assert(
      fc.property(key, value, (name, text) => {
        instance.write('etc/lifeboat/instance.conf', `${efs}${name}=${text.replaceAll('\0', '')}\n`);
        instance.write('etc/fstab', '');
        const { exitCode } = instance.run('share');
        const lines = instance.read('etc/fstab');
        if (exitCode === 0) expect(lines).toMatch(/^\S+ \S+ efs \S+ 0 0\n$/);
        else expect([exitCode, lines]).toEqual([78, '']);
        expect(lines).not.toMatch(/[\\'"$`;|&#]/);
      }),
      { numRuns: 40 },
    );
  }, 30_000);

  test('user-data.ts and the script know the same settings', () => {
    for (const name of settingNames)
      expect([name, instance.bash(`pattern_of ${name}`).stdout]).not.toEqual([name, '']);
    expect(
      instance
        .bash('declare -f pattern_of')
        .stdout.match(/^ {8}[a-z_| ]+\)$/gm)
        ?.flatMap((line) => line.replace(')', '').trim().split(' | '))
        .sort(),
    ).toEqual([...settingNames].sort());
  });
});

describe('a blank device', () => {
  const isBlank = () =>
    instance.bash('if is_blank "$ROOT/dev/disk"; then echo yes; else echo no; fi').stdout.trim();

  test('has no signature and only zeros', () => {
    instance.write('dev/disk', megabytes(20));
    expect(isBlank()).toBe('yes');
  });

  test.each([
    ['a signature', 'exit 0'],
    ['several signatures', 'exit 8'],
    ['a blkid that fails', 'exit 4'],
    ['a blkid that is not there', 'exit 127'],
  ])('is not one with %s', (_, body) => {
    instance.write('dev/disk', megabytes(20));
    instance.program('blkid', body);
    expect(isBlank()).toBe('no');
  });

  test('is not one with a single other byte in the first 16 MiB', () => {
    const content = megabytes(17);
    content[16 * 1024 * 1024 - 1] = 1;
    instance.write('dev/disk', content);
    expect(isBlank()).toBe('no');
  });

  test('is not one that cannot be read', () => {
    mkdirSync(instance.path('dev/disk'));
    expect(isBlank()).toBe('no');
  });
});

describe('the data volume', () => {
  const withFileSystem = (type: string) =>
    instance.program(
      'blkid',
      `case "$*" in *TYPE*) echo ${type};; *UUID*) echo 1111-2222;; esac\nexit ${type === '' ? 2 : 0}`,
    );
  /** As blkid behaves: it finds nothing until mkfs has run. */
  const blankUntilFormatted = () => {
    instance.program(
      'blkid',
      `grep -qs '^mkfs' '${instance.path('calls')}' || exit 2\ncase "$*" in *TYPE*) echo ext4;; *UUID*) echo 1111-2222;; esac`,
    );
  };

  test('is formatted when blank, mounted by its UUID, and given to its owner', () => {
    instance.write('etc/lifeboat/instance.conf', `${efs}data_owner=33:33\n`);
    instance.write('dev/sdf', megabytes(17));
    blankUntilFormatted();
    expect(instance.run('data').exitCode).toBe(0);
    expect(called('mkfs.ext4')).toEqual([`mkfs.ext4 -q -L lifeboat-data ${instance.path('dev/sdf')}`]);
    expect(called('mount')).toEqual(['mount /var/www/upload']);
    expect(called('chown')).toEqual([`chown 33:33 ${instance.path('var/www/upload')}`]);
    expect(instance.read('etc/fstab')).toBe(
      'UUID=root / xfs defaults 0 1\nUUID=1111-2222 /var/www/upload ext4 defaults,nosuid,nodev,nofail,x-systemd.device-timeout=30 0 2\n',
    );
  });

  test('with a file system is mounted as it is, never formatted, and keeps its owner', () => {
    instance.write('etc/lifeboat/instance.conf', `${efs}data_owner=33:33\n`);
    instance.write('dev/sdf', megabytes(17));
    withFileSystem('xfs');
    expect(instance.run('data').exitCode).toBe(0);
    expect(called('mkfs.ext4')).toEqual([]);
    expect(called('chown')).toEqual([]);
    expect(instance.read('etc/fstab')).toContain('UUID=1111-2222 /var/www/upload xfs ');
  });

  test('with anything else on it is left alone, and that is said', () => {
    instance.program('blkid', 'exit 0');
    instance.write('dev/sdf', megabytes(17));
    const { exitCode, stderr } = instance.run('data');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('It is left alone');
    expect([...called('mkfs.ext4'), ...called('mount')]).toEqual([]);
  });

  test('does not hide files that lie in the folder already', () => {
    instance.write('dev/sdf', megabytes(17));
    mkdirSync(instance.path('var/www/upload'), { recursive: true });
    instance.write('var/www/upload/s0001_01_2026.pdf', 'uploaded before the volume came');
    const { exitCode, stderr } = instance.run('data');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('Move them away');
    expect([...called('mkfs.ext4'), ...called('mount')]).toEqual([]);
  });

  test('that is mounted is not touched', () => {
    instance.write('dev/sdf', megabytes(17));
    instance.program('findmnt', 'echo ext4');
    expect(instance.run('data').exitCode).toBe(0);
    expect(instance.calls().filter((call) => !call.startsWith('findmnt '))).toEqual([]);
  });

  test('is found under its NVMe name', () => {
    instance.write('dev/nvme0n1', '');
    instance.write('dev/nvme1n1', megabytes(17));
    instance.program('ebsnvme-id', 'case $2 in *nvme1n1) echo sdf;; *) echo /dev/xvda;; esac');
    blankUntilFormatted();
    expect(instance.run('data').exitCode).toBe(0);
    expect(called('mkfs.ext4')).toEqual([`mkfs.ext4 -q -L lifeboat-data ${instance.path('dev/nvme1n1')}`]);
  });

  test('that never comes is named, with the disks that there are', () => {
    const { exitCode, stderr } = instance.run('data');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('there is no /dev/sdf');
    expect(stderr).toContain('/dev/xvda');
  });

  test('may be none', () => {
    instance.write('etc/lifeboat/instance.conf', `${efs}data_device=none\n`);
    expect(instance.run('data')).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  });
});

describe('the share', () => {
  test.each([
    [
      efs,
      'fs-0123456789abcdef0:/ /mnt/lifeboat efs tls,iam,_netdev,nofail,nosuid,nodev,noexec,x-systemd.mount-timeout=90 0 0',
    ],
    [
      `${efs}access_point=fsap-0123456789abcdef0\nshare_path=/srv/share\n`,
      'fs-0123456789abcdef0:/ /srv/share efs tls,iam,accesspoint=fsap-0123456789abcdef0,_netdev,nofail,nosuid,nodev,noexec,x-systemd.mount-timeout=90 0 0',
    ],
    [
      'share_type=nfs4\nshare_source=[fd00::5]:/export/lifeboat\n',
      '[fd00::5]:/export/lifeboat /mnt/lifeboat nfs4 nfsvers=4.1,hard,timeo=600,retrans=2,rsize=1048576,wsize=1048576,_netdev,nofail,nosuid,nodev,noexec,x-systemd.mount-timeout=90 0 0',
    ],
  ])('%j has the right line in fstab, once', (settings, line) => {
    instance.write('etc/lifeboat/instance.conf', settings);
    instance.write('etc/fstab', 'UUID=root / xfs defaults 0 1\n# /mnt/lifeboat was here\n');
    for (const _ of [1, 2, 3]) expect(instance.run('share').exitCode).toBe(0);
    expect(instance.read('etc/fstab')).toBe(
      `UUID=root / xfs defaults 0 1\n# /mnt/lifeboat was here\n${line}\n`,
    );
    expect(statSync(instance.path('etc/fstab')).mode & 0o777).toBe(0o644);
    expect(readdirSync(instance.path('etc')).sort()).toEqual(['fstab', 'lifeboat']);
  });

  test("somebody else's line for the mount point stays to be read, and no longer counts", () => {
    instance.write(
      'etc/fstab',
      'old:/x\t/mnt/lifeboat nfs defaults 0 0\nUUID=y /mnt/lifeboat2 ext4 defaults 0 2',
    );
    expect(instance.run('share').exitCode).toBe(0);
    const [first, second, third] = instance.read('etc/fstab').split('\n');
    expect(first).toBe('# replaced by Lifeboat: old:/x\t/mnt/lifeboat nfs defaults 0 0');
    expect(second).toBe('UUID=y /mnt/lifeboat2 ext4 defaults 0 2');
    expect(third).toMatch(/^fs-0123456789abcdef0:\/ \/mnt\/lifeboat efs /);
  });

  test('is mounted by systemd, on a folder that was made immutable before', () => {
    expect(instance.run('share').exitCode).toBe(0);
    const calls = instance.calls();
    const immutable = calls.indexOf(`chattr +i ${instance.path('mnt/lifeboat')}`);
    expect(immutable).toBeGreaterThanOrEqual(0);
    expect(calls.indexOf('systemctl start mnt-lifeboat.mount')).toBeGreaterThan(immutable);
    expect(log()).toContain('is mounted at /mnt/lifeboat');
  });

  test('that is mounted is left alone, without a word', () => {
    instance.program('findmnt', "printf 'autofs\\nnfs4\\n'");
    expect(instance.run('share')).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    expect(called('systemctl')).toEqual([]);
  });

  test('of which there is only an automount point is not mounted', () => {
    instance.program('findmnt', 'echo autofs');
    instance.run('share');
    expect(called('systemctl')).toContain('systemctl start mnt-lifeboat.mount');
  });

  test('that is away is said once, tried every time, and said when it is back', () => {
    instance.program('systemctl', '[[ $1 != start ]]');
    for (const _ of [1, 2, 3]) expect(instance.run('share').exitCode).toBe(1);
    expect(log().match(/cannot be mounted now/g)).toHaveLength(1);
    expect(called('systemctl').filter((call) => call.includes('start'))).toHaveLength(3);
    instance.program('systemctl', 'exit 0');
    expect(instance.run('share').exitCode).toBe(0);
    expect(log()).toContain('is mounted at /mnt/lifeboat');
    instance.program('systemctl', '[[ $1 != start ]]');
    instance.run('share');
    expect(log().match(/cannot be mounted now/g)).toHaveLength(2);
  });
});

describe('all', () => {
  const steps = (root: string) =>
    spawnSync('bash', ['--norc', script, 'all'], {
      env: { PATH: `${root}/bin:/usr/sbin:/usr/bin:/sbin:/bin`, LIFEBOAT_ROOT: root },
      encoding: 'utf8',
    });

  test('a step that fails keeps no other from its work, and the share is looked after', () => {
    instance.write('etc/lifeboat/instance.conf', `${efs}data_device=/dev/sdq\n`);
    instance.program('tar', 'exit 0');
    const { status, stderr } = steps(instance.root);
    expect(status).toBe(1);
    expect(stderr).toContain('not ready: data.');
    expect(called('systemctl')).toContain('systemctl enable --now amazon-ssm-agent');
    expect(called('systemctl')).toContain('systemctl start mnt-lifeboat.mount');
    expect(called('systemctl')).toContain('systemctl enable --now lifeboat-share.timer');
  });

  test('ends well when everything is there, also a second time', () => {
    instance.write('etc/lifeboat/instance.conf', `${efs}data_device=none\n`);
    for (const _ of [1, 2]) expect(steps(instance.root).status).toBe(0);
    expect(log().match(/ready for Lifeboat/g)).toHaveLength(2);
  });
});

describe('packages and agent', () => {
  test('nothing is installed where everything is there', () => {
    instance.program('dnf', 'exit 1');
    expect(instance.run('packages').exitCode).toBe(0);
    expect(called('dnf')).toEqual([]);
  });

  test('what is missing is installed', () => {
    rmSync(instance.path('bin/mount.efs'));
    instance.program('dnf', `cp '${instance.path('bin/tar')}' '${instance.path('bin/mount.efs')}'`);
    expect(instance.run('packages').exitCode).toBe(0);
    expect(called('dnf')).toEqual(['dnf install -y tar e2fsprogs nfs-utils amazon-efs-utils awscli-2']);
  });

  test('the AWS CLI is wanted only by who calls AWS', () => {
    instance.program('dnf', 'exit 0');
    const wants = (settings: string) => {
      instance.write('etc/lifeboat/instance.conf', `${efs}${settings}`);
      return instance.bash(
        'PATH=$ROOT/bin; read_settings "$ROOT/etc/lifeboat/instance.conf"; missing_programs',
      ).stdout;
    };
    expect(wants('')).toBe('');
    expect(wants('group=acme-web\nlaunch_hook=lifeboat-birth\n')).toBe(' aws');
    expect(wants('plan=acme-web\ngroup=acme-web\nhydrate=adopt\n')).toBe(' aws');
  });

  test('what is missing all the same is named', () => {
    rmSync(instance.path('bin/mount.efs'));
    instance.program('dnf', 'exit 0');
    const { exitCode, stderr } = instance.run('packages');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('still missing: mount.efs');
  });

  test("on Debian the agent comes from AWS's bucket of the region", () => {
    instance.program('systemctl', '[[ $1 != cat ]]');
    instance.program('dpkg', 'if [[ $1 == --print-architecture ]]; then echo arm64; fi');
    instance.program(
      'curl',
      'case "$*" in */api/token) echo t;; */region) echo ap-southeast-1;; */domain) echo amazonaws.com;; esac',
    );
    const { exitCode, stderr } = instance.run('agent');
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(called('curl').at(-1)).toContain(
      'https://s3.ap-southeast-1.amazonaws.com/amazon-ssm-ap-southeast-1/latest/debian_arm64/amazon-ssm-agent.deb',
    );
    expect(called('systemctl').at(-1)).toBe('systemctl enable --now amazon-ssm-agent');
  });
});

test('check names everything that is not ready, and changes nothing', () => {
  instance.program('systemctl', 'exit 3');
  rmSync(instance.path('bin/mount.efs'));
  const { exitCode, stdout } = instance.run('check');
  expect(exitCode).toBe(1);
  expect(stdout.trim().split('\n')).toEqual([
    'not installed: mount.efs',
    'the SSM agent does not run',
    'no data volume at /var/www/upload',
    'no share at /mnt/lifeboat',
  ]);
  expect(instance.read('etc/fstab')).toBe('UUID=root / xfs defaults 0 1\n');
});

test('an unknown step is bad usage', () => {
  expect(instance.run('mount').exitCode).toBe(64);
  expect(instance.run('').stderr).toContain('usage:');
});

test('what is told is in the log, on stderr for cloud-init-output.log, and in the journal, once each', () => {
  instance.program('logger', 'exit 0');
  const { stderr } = instance.bash('log "all is well"');
  expect(stderr).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ all is well\n$/);
  expect(log()).toBe(stderr);
  expect(called('logger')).toEqual(['logger --tag lifeboat -- all is well']);
  // As systemd does for a unit whose stderr is the journal itself.
  instance.bash('export JOURNAL_STREAM; JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2); log "in a unit"');
  expect(called('logger')).toHaveLength(1);
});

test.each([script, script.replace('mount-share', 'birth')])('%s is clean under shellcheck', (file) => {
  const { error, stdout, status } = spawnSync('shellcheck', ['-x', file], { encoding: 'utf8' });
  if (error !== undefined) return;
  expect([status, stdout]).toEqual([0, '']);
});

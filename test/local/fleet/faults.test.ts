import { chown, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { shareFolderOnOwnDisk } from '../../../local/fleet/folders.ts';
import { instanceOf, type Lab, openLab, settlesWithin } from './lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

const isRoot = process.getuid?.() === 0;

describe('a sound instance', () => {
  test('sees source, share and state where they belong, and the host read-only', async () => {
    const spec = await lab.specOf('i-0sound', { uploadReadOnly: true });
    await writeFile(join(spec.upload ?? '', '1_2_2026.pdf'), 'a paper');
    const fleet = await lab.start(spec);
    const { stdout } = await lab.run(
      fleet,
      'i-0sound',
      [
        'cat /var/www/upload/1_2_2026.pdf; echo',
        'mountpoint -q /mnt/lifeboat && findmnt -no TARGET /mnt/lifeboat',
        'echo saved >/mnt/lifeboat/paper; echo done >/var/lib/lifeboat/note',
        'for f in /usr /usr/bin /var/www/upload /etc/passwd; do (: >>"$f/x" || : >>"$f") 2>/dev/null && echo "$f is writable"; done',
        'hostname; cat /sys/class/net/*/address 2>/dev/null; ls -A /sys /home /boot 2>/dev/null',
      ].join('\n'),
    );
    expect(stdout).toMatch(/^a paper\n\/mnt\/lifeboat\nip-10-0-1-17\n$/);
    expect(await readFile(join(lab.share, 'paper'), 'utf8')).toBe('saved\n');
    expect(await readFile(join(spec.state, 'note'), 'utf8')).toBe('done\n');
    expect((await stat(join(lab.share, 'paper'))).uid).toBe(process.getuid?.());
    expect(await readdir(shareFolderOnOwnDisk(spec))).toEqual([]);
  });

  (isRoot ? test : test.skip)('keeps and changes owners, when root plays AWS', async () => {
    const spec = await lab.specOf('i-0owner');
    await writeFile(join(spec.upload ?? '', 'www.pdf'), '');
    await chown(join(spec.upload ?? '', 'www.pdf'), 33, 33);
    const fleet = await lab.start(spec);
    const { stdout } = await lab.run(
      fleet,
      'i-0owner',
      'stat -c %u /var/www/upload/www.pdf; cp -a /var/www/upload/www.pdf /mnt/lifeboat/www.pdf',
    );
    expect(stdout).toBe('33\n');
    expect((await stat(join(lab.share, 'www.pdf'))).uid).toBe(33);
  });

  test('reaches no network', async () => {
    const fleet = await lab.start(await lab.specOf('i-0net'));
    const { stdout } = await lab.run(fleet, 'i-0net', 'tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d " "');
    expect(stdout).toBe('lo\n');
  });
});

describe('share-unmounted', () => {
  test('is a plain folder, and what is written there is seen on the own disk and not on the share', async () => {
    const spec = await lab.specOf('i-0unmounted', { faults: ['share-unmounted'] });
    const fleet = await lab.start(spec);
    const look = 'mountpoint -q /mnt/lifeboat; echo $?; findmnt /mnt/lifeboat; ls -A /mnt/lifeboat';
    expect((await lab.run(fleet, spec.id, look)).stdout).toBe('32\n');
    expect(await readdir(shareFolderOnOwnDisk(spec))).toEqual([]);
    await lab.run(fleet, spec.id, 'echo wrong >/mnt/lifeboat/written');
    expect(await readdir(shareFolderOnOwnDisk(spec))).toEqual(['written']);
    expect(await readdir(lab.share)).not.toContain('written');
  });

  test('is the same without a share at all', async () => {
    const { share: _share, ...spec } = await lab.specOf('i-0none');
    const fleet = await lab.start(spec);
    expect((await lab.run(fleet, spec.id, 'mountpoint -q /mnt/lifeboat || echo unmounted')).stdout).toBe(
      'unmounted\n',
    );
  });
});

describe('share-full', () => {
  test('has what the instance needs, room for next to nothing, and leaves the real share alone', async () => {
    const spec = await lab.specOf('i-0full', { faults: ['share-full'] });
    for (const id of ['i-0full', 'i-0other']) {
      await mkdir(join(lab.share, 'acme-web', id, 'current'), { recursive: true });
      await writeFile(join(lab.share, 'acme-web', id, 'current', 'old.pdf'), 'x'.repeat(100_000));
    }
    const fleet = await lab.start(spec);
    const { stdout, stderr } = await lab.run(
      fleet,
      spec.id,
      [
        'cat /mnt/lifeboat/lifeboat.json; mountpoint -q /mnt/lifeboat && echo mounted; cd /mnt/lifeboat',
        'ls acme-web; wc -c <acme-web/i-0full/current/old.pdf; df -B1 --output=avail . | tail -1',
        'for n in 1 2 3 4 5 6; do head -c 5000 /dev/zero >new$n || break; done; echo $n',
        'mv acme-web/i-0full/current/old.pdf acme-web/i-0full/moved && echo renames work',
        'ls /proc/$$/fd | wc -l; ls -A',
      ].join('\n'),
    );
    expect(stdout).toMatch(/^\{"lifeboat":1\}\nmounted\ni-0full\n100000\n\s*\d{4,5}\n1\nrenames work\n/);
    expect(stderr).toContain('No space left on device');
    expect(await readdir(join(lab.share, 'acme-web', 'i-0full'))).toEqual(['current']);
    expect(await readdir(lab.share)).not.toContain('new1');
  });

  test('works on the first night', async () => {
    const spec = await lab.specOf('i-0first', { faults: ['share-full'] });
    const fleet = await lab.start(spec);
    const script = 'cat /mnt/lifeboat/lifeboat.json; head -c 1000000 /dev/zero >/mnt/lifeboat/x; echo $?';
    expect((await lab.run(fleet, spec.id, script)).stdout).toBe('{"lifeboat":1}\n1\n');
  });
});

describe('share-squashed', () => {
  test('refuses every change of owner, and nothing else', async () => {
    const spec = await lab.specOf('i-0squash', { faults: ['share-squashed'] });
    const fleet = await lab.start(spec);
    const { stdout, stderr } = await lab.run(
      fleet,
      spec.id,
      [
        'cd /mnt/lifeboat; mkdir box; echo text >box/a; ln -s a box/link; ln box/a box/hard',
        'chown 0:0 box/a; echo $?; chown -h 0:0 box/link; echo $?; chgrp 0 box; echo $?',
        'chmod 640 box/a && touch -d 2026-01-01 box/a && mv box/a box/b && cat box/b && rm box/hard && echo fine',
        'stat -c "%a %Y" box/b; setsid true && kill -0 $$ && echo fine',
      ].join('\n'),
    );
    expect(stdout).toBe('1\n1\n1\ntext\nfine\n640 1767225600\nfine\n');
    expect(stderr.match(/Operation not permitted/g)).toHaveLength(3);
  });

  (isRoot ? test : test.skip)('makes cp fail although every byte arrives', async () => {
    const spec = await lab.specOf('i-0squashed', { faults: ['share-squashed'] });
    await writeFile(join(spec.upload ?? '', 'www.pdf'), 'every byte');
    await chown(join(spec.upload ?? '', 'www.pdf'), 33, 33);
    const fleet = await lab.start(spec);
    const output = await lab.run(fleet, spec.id, 'cp -a /var/www/upload /mnt/lifeboat/copied');
    expect(output.responseCode).toBe(1);
    expect(await readFile(join(lab.share, 'copied', 'www.pdf'), 'utf8')).toBe('every byte');
  });
});

describe('the source', () => {
  test('may be empty, may be missing, and is back the next night', async () => {
    const spec = await lab.specOf('i-0source');
    await writeFile(join(spec.upload ?? '', 'a.pdf'), '');
    const look = 'ls -A /var/www/upload 2>&1; mountpoint -q /var/www/upload && echo mounted; exit 0';
    const nights = [
      { faults: [], sees: /^a\.pdf\nmounted\n$/ },
      { faults: ['source-empty'], sees: /^$/ },
      { faults: ['source-missing'], sees: /No such file or directory/ },
      { faults: [], sees: /^a\.pdf\nmounted\n$/ },
    ] as const;
    for (const { faults, sees } of nights) {
      const fleet = await lab.start({ ...spec, faults });
      expect((await lab.run(fleet, spec.id, look)).stdout).toMatch(sees);
      await fleet.stop();
    }
  });

  test('that nobody can bind is told before the night begins', async () => {
    const spec = await lab.specOf('i-0typo');
    await expect(lab.start({ ...spec, upload: join(lab.folder, 'typo') })).rejects.toThrow(
      /i-0typo: .*typo is not a folder/,
    );
    await expect(lab.start({ ...spec, sharePath: '/usr/share/x' })).rejects.toThrow(/i-0typo: sharePath/);
  });
});

test('agent-offline: shown as such, and an order is never answered', async () => {
  const spec = await lab.specOf('i-0offline', { faults: ['agent-offline'] });
  const fleet = await lab.start(spec);
  expect(instanceOf(fleet, spec.id)).toMatchObject({ ping: 'ConnectionLost', state: 'running' });
  expect(await settlesWithin(300, lab.run(fleet, spec.id, 'touch /mnt/lifeboat/offline'))).toBe(false);
  expect(await readdir(lab.share)).not.toContain('offline');
});

describe('instance-gone', () => {
  const stateOf = (id: string) =>
    lab.events.filter(({ detail }) => detail['instance-id'] === id).map(({ detail }) => detail.state);

  test('dies when it has begun to save files, tells nobody but EC2, and does nothing more', async () => {
    const spec = await lab.specOf('i-0gone', { faults: ['instance-gone'] });
    const fleet = await lab.start(spec);
    const running = lab.run(
      fleet,
      spec.id,
      [
        'n=0; while sleep 0.05; do n=$((n+1)); echo $n >/mnt/lifeboat/count',
        'echo "{\\"run\\":\\"r\\",\\"phase\\":\\"copy\\",\\"files\\":$n,\\"bytes\\":0}" >/var/lib/lifeboat/progress',
        'done',
      ].join('\n'),
    );
    expect(await settlesWithin(1500, running)).toBe(false);
    expect(instanceOf(fleet, spec.id)).toMatchObject({ state: 'terminated', lifeCycleState: 'Terminated' });
    expect(stateOf(spec.id)).toEqual(['shutting-down', 'terminated']);
    const count = await readFile(join(lab.share, 'count'), 'utf8');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await readFile(join(lab.share, 'count'), 'utf8')).toBe(count);
    expect(Number(count)).toBeLessThan(10);
  });

  test('dies before it can report, however fast it is', async () => {
    const spec = await lab.specOf('i-0fast', { faults: ['instance-gone'] });
    const fleet = await lab.start(spec);
    expect(await settlesWithin(500, lab.run(fleet, spec.id, 'exit 0'))).toBe(false);
    expect(stateOf(spec.id)).toEqual(['shutting-down', 'terminated']);
  });

  test('terminating twice is terminating once', async () => {
    const spec = await lab.specOf('i-0twice');
    const fleet = await lab.start(spec);
    await Promise.all([fleet.terminate(spec.id), fleet.terminate(spec.id)]);
    expect(stateOf(spec.id)).toEqual(['shutting-down', 'terminated']);
    await expect(fleet.terminate('i-0unknown')).rejects.toThrow('i-0unknown');
  });
});

test('two instances cannot share a disk', async () => {
  const spec = await lab.specOf('i-0one');
  await expect(lab.start(spec, { ...spec, id: 'i-0two' })).rejects.toThrow(/i-0one and i-0two/);
});

import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type CauseId, causeOfExitCode } from '../../functions/pipeline/causes.ts';
import {
  type Ended,
  instanceId,
  lineOf,
  makeInstance,
  marker,
  night,
  plan,
  pointOf,
  protectedLine,
  type TestInstance,
  textOf,
} from './instance.ts';
import { differences, recoveryPoint, treeOf } from './share-reader.ts';

jest.setTimeout(120_000);

let instance: TestInstance;
beforeEach(() => {
  instance = makeInstance();
  for (const name of ['a', 'b', 'c']) writeFileSync(join(instance.upload, name), `content of ${name}`);
});
afterEach(() => instance.remove());

const expectFailure = (ended: Ended, cause: CauseId): void => {
  expect(lineOf(ended)).toMatchObject({ outcome: 'failed', cause });
  expect(causeOfExitCode(ended.code ?? -1)).toBe(cause);
};
const markerPath = (): string => join(instance.share, 'lifeboat.json');

describe('nothing is written to anything but the share', () => {
  test('a share that is not mounted gets nothing, not even a folder', async () => {
    const ended = await instance.run(night(1), {
      share: 'not-mounted',
      sandbox: ['--bind', instance.share, '/mnt/share/below', '--remount-ro', '/mnt'],
    });
    expectFailure(ended, 'share-not-mounted');
    expect(readdirSync(instance.share)).toEqual(['lifeboat.json']);
  });

  test('a folder below the mount point is not the share', async () => {
    mkdirSync(join(instance.share, 'inner'));
    expectFailure(
      await instance.run(night(1), { parameters: { share: '/mnt/share/inner' } }),
      'share-not-mounted',
    );
    expectFailure(
      await instance.run(night(1), { parameters: { share: '/mnt/nowhere' } }),
      'share-not-mounted',
    );
  });

  test('a share reached by a symbolic link is the share', async () => {
    const sandbox = ['--symlink', 'share', '/mnt/link'];
    protectedLine(await instance.run(night(1), { parameters: { share: '/mnt/link' }, sandbox }));
    expect(textOf(instance.base, 'current/a')).toBe('content of a');
  });

  test('a local file system without lifeboat.json is never claimed', async () => {
    rmSync(markerPath());
    expectFailure(await instance.run(night(1)), 'share-unknown');
    expect(readdirSync(instance.share)).toEqual([]);
  });

  test('a share that the plan does not name is the wrong one', async () => {
    expectFailure(await instance.run(night(1), { parameters: { shareId: 'another-share' } }), 'share-wrong');
    expect(readdirSync(instance.share)).toEqual(['lifeboat.json']);
  });

  test('a share that the instance does not know is the wrong one, until a person names it', async () => {
    protectedLine(await instance.run(night(1)));
    writeFileSync(markerPath(), marker('replaced'));
    expectFailure(await instance.run(night(2)), 'share-wrong');
    protectedLine(await instance.run(night(3), { parameters: { shareId: 'replaced' } }));
    protectedLine(await instance.run(night(4)));
  });

  test('a newer or damaged lifeboat.json stops the run', async () => {
    const wrong = [
      marker('x', 2),
      '',
      '{"format":1',
      '{}',
      '{"format":1,"id":"$(rm -rf /)"}',
      'x'.repeat(9000),
      '\0\0',
    ];
    for (const text of wrong) {
      writeFileSync(markerPath(), text);
      expectFailure(await instance.run(night(1)), 'share-format');
    }
    expect(readdirSync(instance.share)).toEqual(['lifeboat.json']);
  }, 60_000);

  test('folders that are symbolic links are not followed', async () => {
    mkdirSync(join(instance.share, plan));
    symlinkSync('/mnt/upload', join(instance.share, plan, instanceId));
    expectFailure(await instance.run(night(1)), 'share-error');
    expect(readdirSync(instance.upload).sort()).toEqual(['a', 'b', 'c']);
  });

  test('a folder in current/ that somebody made a symbolic link is not written through', async () => {
    mkdirSync(join(instance.upload, 'folder'));
    writeFileSync(join(instance.upload, 'folder/x'), 'one');
    protectedLine(await instance.run(night(1)));
    rmSync(join(instance.base, 'current/folder'), { recursive: true });
    symlinkSync('/mnt/state', join(instance.base, 'current/folder'));
    writeFileSync(join(instance.upload, 'folder/x'), 'two two');
    await instance.run(night(2));
    expect(existsSync(join(instance.state, 'x'))).toBe(false);
  });
});

describe('what is wrong with the share has its own cause', () => {
  test('read-only', async () => {
    expectFailure(await instance.run(night(1), { share: 'read-only' }), 'share-read-only');
  });

  test('not writable for whom the instance is to the share', async () => {
    chmodSync(instance.share, 0o555);
    expectFailure(await instance.run(night(1), { unprivileged: true }), 'share-read-only');
    chmodSync(instance.share, 0o755);
  });

  test('full, and what is there stays', async () => {
    for (let i = 0; i < 30; i++) writeFileSync(join(instance.upload, `big-${i}`), Buffer.alloc(8192, i));
    expectFailure(await instance.run(night(1), { share: 'small' }), 'share-full');
  });

  test('hung: the run ends by itself', async () => {
    const slow = join(instance.folder, 'bin');
    mkdirSync(slow);
    writeFileSync(join(slow, 'stat'), '#!/bin/sh\nsleep 600\n', { mode: 0o755 });
    const before = Date.now();
    const ended = await instance.run(night(1), {
      environment: { PATH: `${slow}:${process.env.PATH}`, LIFEBOAT_SHARE_SECONDS: '1' },
    });
    expectFailure(ended, 'share-unresponsive');
    expect(Date.now() - before).toBeLessThan(15_000);
  });

  test('owners that it refuses are a warning with a number, and the manifest keeps them', async () => {
    const bin = join(instance.folder, 'bin');
    mkdirSync(bin);
    const refuse = '#!/bin/sh\necho "chown: Operation not permitted" >&2\nexit 1\n';
    writeFileSync(join(bin, 'chown'), refuse, { mode: 0o755 });
    const line = protectedLine(
      await instance.run(night(1), { environment: { PATH: `${bin}:${process.env.PATH}` } }),
    );
    expect(line).toMatchObject({
      outcome: 'protected-with-warnings',
      files: 3,
      warnings: [{ cause: 'owners-not-kept', count: 3, example: 'a' }],
    });
    expect(differences(recoveryPoint(instance.base, pointOf(night(1))), treeOf(instance.upload))).toEqual([]);
  });
});

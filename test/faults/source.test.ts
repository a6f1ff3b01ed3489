import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  lineOf,
  makeInstance,
  night,
  pointOf,
  protectedLine,
  type TestInstance,
  textOf,
} from './instance.ts';
import { manifestOf, recoveryPoint, treeOf } from './share-reader.ts';

jest.setTimeout(120_000);

let instance: TestInstance;
beforeEach(() => {
  instance = makeInstance();
  for (let i = 0; i < 10; i++) writeFileSync(join(instance.upload, `file-${i}`), `content of ${i}`);
});
afterEach(() => instance.remove());

const empty = (): void => {
  for (const name of readdirSync(instance.upload)) rmSync(join(instance.upload, name), { recursive: true });
};
const expectCause = async (n: number, cause: string, parameters = {}): Promise<void> => {
  const before = treeOf(instance.share);
  const line = lineOf(await instance.run(night(n), { parameters }));
  expect(line).toMatchObject({ outcome: 'failed', cause });
  const changed = [...treeOf(instance.share)].filter(
    ([name, entry]) => entry.kind === 'f' && before.get(name)?.content !== entry.content,
  );
  expect(changed.map(([name]) => name).filter((name) => !name.includes('/state/'))).toEqual([]);
};

describe('an unmounted, empty or shrunken source never empties current', () => {
  test('missing', async () => {
    protectedLine(await instance.run(night(1)));
    await expectCause(2, 'source-missing', { source: '/mnt/nowhere' });
    await expectCause(2, 'source-missing', { source: '/mnt/upload/file-1' });
  });

  test('empty, or as empty as a new volume', async () => {
    await (async () => protectedLine(await instance.run(night(1))))();
    empty();
    await expectCause(2, 'source-empty');
    mkdirSync(join(instance.upload, 'lost+found'));
    await expectCause(2, 'source-empty', { allowShrink: 'yes' });
    expect(readdirSync(join(instance.base, 'current'))).toHaveLength(10);
  });

  test('empty where it may be, but not when it was full before, until a person allows it', async () => {
    const mayBeEmpty = { mayBeEmpty: 'yes' };
    protectedLine(await instance.run(night(1), { parameters: mayBeEmpty }));
    empty();
    await expectCause(2, 'source-shrunk', mayBeEmpty);
    const line = protectedLine(
      await instance.run(night(3), { parameters: { ...mayBeEmpty, allowShrink: 'yes' } }),
    );
    expect(line).toMatchObject({ files: 0, deleted: 10 });
    protectedLine(await instance.run(night(4), { parameters: mayBeEmpty }));
    expect([...recoveryPoint(instance.base, pointOf(night(1))).keys()]).toHaveLength(10);
  });

  test("half may go, more than half may not; the limit is the plan's", async () => {
    protectedLine(await instance.run(night(1)));
    for (let i = 0; i < 6; i++) rmSync(join(instance.upload, `file-${i}`));
    await expectCause(2, 'source-shrunk');
    await expectCause(2, 'source-shrunk', { maxShrinkPercent: '59' });
    protectedLine(await instance.run(night(2), { parameters: { maxShrinkPercent: '60' } }));
    rmSync(join(instance.upload, 'file-6'));
    rmSync(join(instance.upload, 'file-7'));
    expect(protectedLine(await instance.run(night(3)))).toMatchObject({ files: 2, deleted: 2 });
  });

  test('unreadable', async () => {
    protectedLine(await instance.run(night(1), { unprivileged: true }));
    chmodSync(instance.upload, 0o000);
    const ended = await instance.run(night(2), { unprivileged: true });
    chmodSync(instance.upload, 0o755);
    expect(lineOf(ended)).toMatchObject({ cause: 'source-unreadable' });
  });

  test('source and share may not lie in one another', async () => {
    await expectCause(1, 'bad-parameter', { source: '/mnt' });
    await expectCause(1, 'bad-parameter', { source: '/mnt/share' });
  });

  test('a source that is itself a symbolic link is the folder it leads to', async () => {
    symlinkSync('/mnt/upload', join(instance.state, 'link'));
    protectedLine(await instance.run(night(1), { parameters: { source: '/mnt/state/link/' } }));
    expect(readdirSync(join(instance.base, 'current'))).toHaveLength(10);
  });
});

describe('what cannot be read is told by name, and its last copy stays', () => {
  const run = (n: number) => instance.run(night(n), { unprivileged: true });

  test('a file', async () => {
    protectedLine(await run(1));
    writeFileSync(join(instance.upload, 'file-1'), 'new content');
    writeFileSync(join(instance.upload, 'file-new'), 'new file');
    chmodSync(join(instance.upload, 'file-1'), 0o000);
    chmodSync(join(instance.upload, 'file-new'), 0o000);
    const line = protectedLine(await run(2));
    expect(line).toMatchObject({ outcome: 'protected-with-warnings', files: 10, changed: 0 });
    expect(line.warnings).toEqual([{ cause: 'file-unreadable', count: 2, example: 'file-1' }]);
    const kept = manifestOf(instance.base, pointOf(night(2))).find(({ name }) => name === 'file-1');
    expect(kept).toMatchObject({ note: 'kept', size: 12 });
    expect(recoveryPoint(instance.base, pointOf(night(2))).has('file-new')).toBe(false);
    // still unreadable, still told, still kept
    expect(protectedLine(await run(3)).warnings).toEqual(line.warnings);
    chmodSync(join(instance.upload, 'file-1'), 0o644);
    chmodSync(join(instance.upload, 'file-new'), 0o644);
    expect(protectedLine(await run(4))).toMatchObject({ files: 11, changed: 2, warnings: [] });
    expect(textOf(instance.base, 'current/file-1')).toBe('new content');
    recoveryPoint(instance.base, pointOf(night(1)));
    recoveryPoint(instance.base, pointOf(night(3)));
  });

  test('a folder: what is in it is not deleted', async () => {
    const folder = join(instance.upload, 'a [folder].*');
    mkdirSync(join(folder, 'deep'), { recursive: true });
    writeFileSync(join(folder, 'deep/x'), 'x');
    protectedLine(await run(1));
    chmodSync(folder, 0o000);
    const line = protectedLine(await run(2));
    chmodSync(folder, 0o755);
    expect(line).toMatchObject({ files: 11, deleted: 0 });
    expect(line.warnings).toEqual([{ cause: 'file-unreadable', count: 1, example: 'a%20[folder].*' }]);
    expect(
      manifestOf(instance.base, pointOf(night(2))).find(({ name }) => name === 'a [folder].*/deep/x')?.note,
    ).toBe('kept');
    expect(textOf(instance.base, 'current/a [folder].*/deep/x')).toBe('x');
  });
});

describe('what no program can open', () => {
  test('is left out and told every night, and keeps nothing else from being saved', async () => {
    const folder = 'x'.repeat(200);
    const script = `cd ${instance.upload} && for i in {1..21}; do mkdir -p ${folder} && cd ${folder}; done && echo deep >deep.pdf`;
    execFileSync('bash', ['-c', script]);
    for (const n of [1, 2]) {
      const line = protectedLine(await instance.run(night(n)));
      expect(line).toMatchObject({ files: 10, warnings: [{ cause: 'file-refused', count: 2 }] });
    }
    execFileSync('rm', ['-rf', join(instance.upload, folder)]);
    expect(protectedLine(await instance.run(night(3))).warnings).toEqual([]);
  });

  test('a file of another century is not copied again and again', async () => {
    for (const [name, seconds] of [
      ['old', -2_000_000_000],
      ['older', -1_000_000_000.5],
      ['war', -800_000_000.25],
    ] as const) {
      writeFileSync(join(instance.upload, name), name);
      utimesSync(join(instance.upload, name), seconds, seconds);
    }
    protectedLine(await instance.run(night(1)));
    expect(protectedLine(await instance.run(night(2)))).toMatchObject({ changed: 0, warnings: [] });
  });
});

import {
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  type Ended,
  instanceId,
  type Line,
  lineOf,
  makeInstance,
  night,
  pointOf,
  protectedLine,
  type TestInstance,
  textOf,
} from './instance.ts';
import { differences, type Tree, treeOf } from './share-reader.ts';

jest.setTimeout(120_000);

let instance: TestInstance;
beforeEach(() => {
  instance = makeInstance();
});
afterEach(() => instance.remove());

const write = (name: string, text: string): void => {
  mkdirSync(join(instance.upload, name, '..'), { recursive: true });
  writeFileSync(join(instance.upload, name), text);
};
const tonight = async (n: number, parameters = {}): Promise<Tree> => {
  protectedLine(await instance.run(night(n), { parameters }));
  return treeOf(instance.upload);
};
const restoreRun = 'acme-web/20261201T000000Z-restore';
const restored = (parameters: Readonly<Record<string, string>> = {}, options = {}): Promise<Ended> =>
  instance.run(restoreRun, { operation: 'restore', parameters, ...options });
const back = async (parameters: Readonly<Record<string, string>> = {}): Promise<Line> =>
  protectedLine(await restored(parameters));
const expectSame = (tree: Tree, folder = instance.out): void =>
  expect(differences(treeOf(folder), tree)).toEqual([]);

describe('everything comes back', () => {
  const firstDay = (): void => {
    for (let i = 0; i < 20; i++) write(`student-${i}/${i}_1_2026.pdf`, `week 1 of ${i}`);
    for (const name of ['new\nline', '-rf', ' lead', '$(id)', '"', '%41', 'caf\u00e9', 'x'.repeat(255)])
      write(`odd/${name}`, name);
    mkdirSync(join(instance.upload, 'empty/inner'), { recursive: true });
    symlinkSync('/etc/passwd', join(instance.upload, 'link'));
    symlinkSync('no where\n', join(instance.upload, 'dangling'));
    lutimesSync(join(instance.upload, 'link'), 3, 3);
    linkSync(join(instance.upload, 'student-1/1_1_2026.pdf'), join(instance.upload, 'hard'));
    chmodSync(join(instance.upload, 'student-2/2_1_2026.pdf'), 0o4755);
    chmodSync(join(instance.upload, 'student-3/3_1_2026.pdf'), 0o000);
    chmodSync(join(instance.upload, 'student-4'), 0o555);
    for (const name of ['new\nline.d', ' lead.d', '%41.d', 'caf\u00e9.d']) {
      mkdirSync(join(instance.upload, name), { mode: 0o2750 });
      utimesSync(join(instance.upload, name), 1.5, 1_700_000_000.25);
    }
    utimesSync(join(instance.upload, 'student-10'), 1.5, -1.25);
    utimesSync(join(instance.upload, 'student-5/5_1_2026.pdf'), 1.5, -1.25);
    if (process.getuid?.() === 0) chownSync(join(instance.upload, 'student-6/6_1_2026.pdf'), 33, 34);
    const sparse = openSync(join(instance.upload, 'sparse'), 'w');
    writeSync(sparse, 'begin');
    ftruncateSync(sparse, 40_000_000);
    closeSync(sparse);
    writeFileSync(join(instance.upload, 'large'), Buffer.alloc(12_000_000, 'large'));
  };

  test('with owners, modes, nanoseconds, links, holes and names in any bytes, of every night', async () => {
    firstDay();
    const first = await tonight(1);
    write('student-7/7_1_2026.pdf', 'corrected');
    rmSync(join(instance.upload, 'student-8'), { recursive: true });
    renameSync(join(instance.upload, 'student-9'), join(instance.upload, 'renamed'));
    appendFileSync(join(instance.upload, 'large'), 'more');
    const second = await tonight(2);
    write('student-7/7_1_2026.pdf', 'corrected again');
    write('student-8/8_1_2026.pdf', 'back again');
    const third = await tonight(3);
    for (const [n, tree] of [first, second, third].entries()) {
      rmSync(instance.out, { recursive: true });
      mkdirSync(instance.out);
      const line = await back({ at: pointOf(night(n + 1)) });
      expect(line).toMatchObject({ operation: 'restore', outcome: 'protected', skipped: 0, warnings: [] });
      expect(line.recoveryPoint).toBe(`acme-web/${instanceId}/${pointOf(night(n + 1))}`);
      expectSame(tree);
    }
    const at = (name: string) => statSync(join(instance.out, name));
    expect(at('hard').ino).toBe(at('student-1/1_1_2026.pdf').ino);
    expect(at('sparse').blocks * 512).toBeLessThan(1_000_000);
    if (process.getuid?.() === 0)
      expect([at('student-6/6_1_2026.pdf').uid, at('student-6/6_1_2026.pdf').gid]).toEqual([33, 34]);
  });

  test('of an instance that is gone, into another one', async () => {
    write('a', 'of the one that is gone');
    const tree = await tonight(1);
    const environment = { AWS_SSM_INSTANCE_ID: 'i-0fedcba9876543210' };
    const line = protectedLine(await restored({ from: instanceId }, { environment }));
    expect(line).toMatchObject({ instance: 'i-0fedcba9876543210', files: 1, changed: 1 });
    expectSame(tree);
    expect(lineOf(await restored({}, { environment }))).toMatchObject({ cause: 'point-missing' });
  });

  test('as it was at a time: the newest recovery point that is not younger', async () => {
    for (const n of [1, 2, 3]) {
      write('a', `of night ${n}`);
      await tonight(n);
    }
    await back({ at: '20261102T235959Z', overwrite: 'always' });
    expect(textOf(instance.out, 'a')).toBe('of night 2');
    await back({ at: '20261103T180000Z', overwrite: 'always' });
    expect(textOf(instance.out, 'a')).toBe('of night 3');
    const early = await restored({ at: '20261101T000000Z' });
    expect(lineOf(early)).toMatchObject({
      cause: 'point-missing',
      detail: expect.stringContaining(pointOf(night(1))),
    });
    expect(lineOf(await restored({ at: '20261104T180000Z-backup' })).cause).toBe('point-missing');
  });

  test('a damaged manifest is passed over, and that is said', async () => {
    write('a', 'one');
    await tonight(1);
    write('a', 'two');
    await tonight(2);
    writeFileSync(join(instance.base, 'manifests', pointOf(night(2))), 'rubbish');
    expect((await back()).warnings).toEqual([{ cause: 'older-point', count: 1, example: pointOf(night(2)) }]);
    expect(textOf(instance.out, 'a')).toBe('one');
    expect(lineOf(await restored({ at: pointOf(night(2)) }))).toMatchObject({ cause: 'file-damaged' });
  });

  test('only what the patterns name, and all below it', async () => {
    for (const name of ['a/x.pdf', 'a/y.txt', 'a/deep/z.pdf', 'b/x.pdf', 'c d/x.pdf']) write(name, name);
    await tonight(1);
    const encoded = (pattern: string): string =>
      pattern.replaceAll(/[^A-Za-z0-9._/~-]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);
    await back({ paths: `${encoded('a/[^/]*\\.pdf')} ${encoded('c%20d')}` });
    expect([...treeOf(instance.out).keys()].sort()).toEqual(['a', 'a/x.pdf', 'c d', 'c d/x.pdf']);
    const none = await restored({ paths: 'nothing' });
    expect(lineOf(none)).toMatchObject({ cause: 'paths-unmatched' });
  });

  test('no process of a backup or a restore needs more than 128 MB', async () => {
    write('a', 'one');
    // The last of bwrap's arguments, so that it stands before the program.
    const sandbox = ['prlimit', `--as=${128 * 1024 * 1024}`];
    protectedLine(await instance.run(night(1), { sandbox }));
    protectedLine(await restored({}, { sandbox }));
    expectSame(treeOf(instance.upload));
  });

  test('a dry run counts, and writes nothing', async () => {
    write('a', 'one');
    write('b', 'two');
    await tonight(1);
    writeFileSync(join(instance.out, 'b'), 'mine');
    expect(await back({ dryRun: 'yes' })).toMatchObject({ files: 2, changed: 1, skipped: 1, copiedBytes: 3 });
    expect(readdirSync(instance.out)).toEqual(['b']);
  });
});

describe('what is there already', () => {
  beforeEach(async () => {
    write('a', 'saved');
    write('b', 'saved');
    write('folder/x', 'x');
    await tonight(1);
    await back();
    writeFileSync(join(instance.out, 'a'), 'edited since');
    utimesSync(join(instance.out, 'b'), 1, 1);
    writeFileSync(join(instance.out, 'b'), 'older, but mine');
    utimesSync(join(instance.out, 'b'), 1, 1);
    writeFileSync(join(instance.out, 'own'), 'never saved');
  });

  test('stays, unless something else is asked for', async () => {
    expect(await back()).toMatchObject({ changed: 0, skipped: 3 });
    expect(textOf(instance.out, 'a')).toBe('edited since');
    expect(statSync(join(instance.out, 'b')).mtimeMs).toBe(1000);
  });

  test('is replaced where it is older', async () => {
    expect(await back({ overwrite: 'older' })).toMatchObject({ changed: 1, skipped: 2 });
    expect([textOf(instance.out, 'a'), textOf(instance.out, 'b')]).toEqual(['edited since', 'saved']);
  });

  test('is replaced in any case; what is the same is not copied, and what was never saved stays', async () => {
    expect(await back({ overwrite: 'always' })).toMatchObject({ changed: 2, skipped: 0, copiedBytes: 10 });
    expect([textOf(instance.out, 'a'), textOf(instance.out, 'b')]).toEqual(['saved', 'saved']);
    expect(textOf(instance.out, 'own')).toBe('never saved');
    expect(readdirSync(instance.out).sort()).toEqual(['a', 'b', 'folder', 'own']);
  });

  test('a link in the place of a folder is never written through', async () => {
    rmSync(join(instance.out, 'folder'), { recursive: true });
    symlinkSync('/mnt/upload', join(instance.out, 'folder'));
    rmSync(join(instance.upload, 'folder'), { recursive: true });
    const line = await back({ overwrite: 'always' });
    expect(line.warnings).toEqual([{ cause: 'in-the-way', count: 2, example: 'folder' }]);
    expect(existsSync(join(instance.upload, 'x'))).toBe(false);
    expect(lstatSync(join(instance.out, 'folder')).isSymbolicLink()).toBe(true);
  });
});

describe('damage', () => {
  test('is named, does not come back, and keeps nothing else from coming back', async () => {
    for (let i = 0; i < 10; i++) write(`${i}`, `content ${i}`);
    const tree = await tonight(1);
    writeFileSync(join(instance.base, 'current/3'), 'rotten 33');
    rmSync(join(instance.base, 'current/4'));
    writeFileSync(join(instance.out, '3'), 'what I have');
    const line = lineOf(await restored({ overwrite: 'always' }));
    expect(line).toMatchObject({ outcome: 'failed', cause: 'file-damaged' });
    expect(line.detail).toContain('2 of 10 files');
    expect(line.detail).toContain('8 are back');
    const out = treeOf(instance.out);
    expect([...out.keys()].sort()).toEqual([...tree.keys()].filter((name) => name !== '4').sort());
    expect(textOf(instance.out, '3')).toBe('what I have');
  });

  test('of one of several names is not linked to the others', async () => {
    write('a', 'one file');
    linkSync(join(instance.upload, 'a'), join(instance.upload, 'b'));
    await tonight(1);
    writeFileSync(join(instance.base, 'current/a'), 'rotten');
    expect(lineOf(await restored()).detail).toContain('2 of 2 files');
    expect(readdirSync(instance.out)).toEqual([]);
  });

  test('a share without lifeboat.json is read from by nobody, and never claimed', async () => {
    write('a', 'a');
    await tonight(1);
    rmSync(join(instance.share, 'lifeboat.json'));
    expect(lineOf(await restored())).toMatchObject({ cause: 'share-unknown' });
    expect(readdirSync(instance.share)).toEqual(['acme-web']);
  });

  test('a folder that is full, or cannot be written, is said; what came back whole stays', async () => {
    for (let i = 0; i < 40; i++) write(`${i}`, 'x'.repeat(20_000));
    await tonight(1);
    const small = ['--size', '262144', '--tmpfs', '/mnt/out'];
    expect(lineOf(await restored({}, { sandbox: small })).cause).toBe('target-full');
    const readOnly = ['--ro-bind', instance.out, '/mnt/out'];
    expect(lineOf(await restored({}, { sandbox: readOnly })).cause).toBe('target-unwritable');
    expect(lineOf(await restored({ into: '/mnt/share/acme-web' })).cause).toBe('bad-parameter');
  });

  test('nothing on the share is changed by a restore', async () => {
    write('a', 'a');
    await tonight(1);
    const before = treeOf(instance.share);
    await back();
    protectedLine(await restored({ overwrite: 'always' }, { share: 'read-only' }));
    expect(differences(treeOf(instance.share), before)).toEqual([]);
  });
});

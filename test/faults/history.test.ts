import {
  appendFileSync,
  chmodSync,
  cpSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  instanceId,
  lineOf,
  makeInstance,
  night,
  plan,
  pointOf,
  protectedLine,
  type TestInstance,
  textOf,
} from './instance.ts';
import { differences, manifestOf, pointsOf, recoveryPoint, type Tree, treeOf } from './share-reader.ts';

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
const expectPoint = (n: number, tree: Tree): void =>
  expect(differences(recoveryPoint(instance.base, pointOf(night(n))), tree)).toEqual([]);

describe('recovery points', () => {
  test('each night comes back byte by byte from current and history, with modes and nanoseconds', async () => {
    for (let i = 0; i < 20; i++) write(`student-${i}/${i}_1_2026.pdf`, `week 1 of ${i}`);
    mkdirSync(join(instance.upload, 'empty/inner'), { recursive: true });
    symlinkSync('/etc/passwd', join(instance.upload, 'link'));
    linkSync(join(instance.upload, 'student-1/1_1_2026.pdf'), join(instance.upload, 'hard'));
    chmodSync(join(instance.upload, 'student-2/2_1_2026.pdf'), 0o4755);
    const first = await tonight(1);
    write('student-3/3_1_2026.pdf', 'WEEK 1 of 3');
    write('student-4/4_1_2026.pdf', 'longer than before');
    rmSync(join(instance.upload, 'student-5'), { recursive: true });
    renameSync(join(instance.upload, 'student-6'), join(instance.upload, 'renamed'));
    chmodSync(join(instance.upload, 'student-7/7_1_2026.pdf'), 0o600);
    utimesSync(join(instance.upload, 'student-8/8_1_2026.pdf'), 1, 2);
    rmSync(join(instance.upload, 'link'));
    symlinkSync('elsewhere', join(instance.upload, 'link'));
    rmSync(join(instance.upload, 'empty/inner'), { recursive: true });
    const second = await tonight(2);
    write('student-3/3_1_2026.pdf', 'third');
    write('student-5/5_1_2026.pdf', 'back again');
    const third = await tonight(3);
    expectPoint(1, first);
    expectPoint(2, second);
    expectPoint(3, third);
  });

  test("files, folders and links that take one another's place keep every night", async () => {
    const trees: Tree[] = [];
    const kinds = {
      f: (name: string, n: number) => writeFileSync(name, `file ${n}`),
      d: (name: string, n: number) => {
        mkdirSync(name);
        writeFileSync(join(name, 'inner'), `inner ${n}`);
        mkdirSync(join(name, 'deeper'));
        writeFileSync(join(name, 'deeper/x'), `x ${n}`);
      },
      l: (name: string, n: number) => symlinkSync(`target-${n}`, name),
      '-': () => undefined,
    };
    // each pair of kinds in each direction, some with a gap
    const plans = ['fdfl-f', 'dfdl-d', 'lflddf', 'ffdd--', '-fd-fl'];
    for (let i = 0; i < 10; i++) write(`keep/${i}`, 'keep');
    for (let n = 0; n < 6; n++) {
      plans.forEach((plan, i) => {
        const name = join(instance.upload, `thing-${i}`);
        rmSync(name, { recursive: true, force: true });
        kinds[plan[n] as keyof typeof kinds](name, n);
      });
      trees.push(await tonight(n + 1, { allowShrink: 'yes' }));
    }
    for (const [n, tree] of trees.entries()) expectPoint(n + 1, tree);
    const current = treeOf(join(instance.base, 'current'));
    expect([...current.keys()].sort()).toEqual([...(trees.at(-1)?.keys() ?? [])].sort());
  });

  test('a file whose content changed while its size and time did not is seen', async () => {
    write('a', 'one');
    utimesSync(join(instance.upload, 'a'), 1000, 1000);
    const first = await tonight(1);
    write('a', 'two');
    utimesSync(join(instance.upload, 'a'), 1000, 1000);
    const second = await tonight(2);
    expectPoint(1, first);
    expectPoint(2, second);
    expect(textOf(instance.base, 'current/a')).toBe('two');
  });

  test('lost local state costs no new copy', async () => {
    for (let i = 0; i < 10; i++) write(`${i}`, `${i}`);
    await tonight(1);
    rmSync(join(instance.state, 'plans'), { recursive: true });
    const line = protectedLine(await instance.run(night(2)));
    expect(line).toMatchObject({ files: 10, changed: 0, copiedBytes: 0 });
    expectPoint(2, treeOf(instance.upload));
  });

  test('content that changed in its size and time is seen, although the instance has forgotten how it was', async () => {
    const change = (text: string): void => {
      write('a', text);
      utimesSync(join(instance.upload, 'a'), 1000, 1000);
    };
    change('one');
    const first = await tonight(1);
    change('two');
    rmSync(join(instance.state, 'plans'), { recursive: true });
    const second = await tonight(2);
    expectPoint(1, first);
    expectPoint(2, second);
  });

  test('times and modes alone move no bytes', async () => {
    write('a', 'content');
    await tonight(1);
    utimesSync(join(instance.upload, 'a'), 5, 5);
    chmodSync(join(instance.upload, 'a'), 0o640);
    expect(protectedLine(await instance.run(night(2)))).toMatchObject({ changed: 0, copiedBytes: 0 });
    expect(readdirSync(join(instance.base, 'history'))).toEqual([]);
    expect(treeOf(join(instance.base, 'current')).get('a')).toEqual(treeOf(instance.upload).get('a'));
  });
});

describe('run ids', () => {
  test('a run that is complete answers again what it answered, and copies nothing', async () => {
    write('a', 'one');
    const first = await instance.run(night(1));
    write('a', 'two');
    const again = await instance.run(night(1));
    expect(again.stdout).toBe(first.stdout);
    expect(again.code).toBe(0);
    expect(textOf(instance.base, 'current/a')).toBe('one');
  });

  test('a run that comes after a later one is refused, for history is read in order', async () => {
    write('a', 'one');
    await tonight(2);
    const ended = await instance.run(night(1));
    expect(lineOf(ended)).toMatchObject({ outcome: 'failed', cause: 'run-superseded' });
    expect(pointsOf(instance.base)).toEqual([pointOf(night(2))]);
  });

  test('a second attempt of a run never overwrites what the first moved away', async () => {
    write('a', 'one');
    write('b', 'b');
    const first = await tonight(1);
    // the first attempt of night 2: moved the file away, copied another content, and died
    mkdirSync(join(instance.base, 'history', pointOf(night(2))));
    renameSync(join(instance.base, 'current/a'), join(instance.base, 'history', pointOf(night(2)), 'a'));
    writeFileSync(join(instance.base, 'current/a'), 'half of tw');
    writeFileSync(join(instance.base, 'current/orphan'), 'nobody knows');
    writeFileSync(join(instance.base, 'state/in-progress'), `{"run":"${night(2)}"}\n`);
    write('a', 'two');
    const second = await tonight(2);
    expectPoint(1, first);
    expectPoint(2, second);
    expect(readdirSync(join(instance.base, 'history'))).toEqual([
      pointOf(night(2)),
      `${pointOf(night(2))}~2`,
    ]);
    expect(readdirSync(join(instance.base, 'current')).sort()).toEqual(['a', 'b']);
    expect(readdirSync(join(instance.base, 'state')).sort()).toEqual(['lock', 'verified']);
  });

  test('what a first night that died had copied is not copied again', async () => {
    for (let i = 0; i < 10; i++) write(`${i}`, `content ${i}`);
    await tonight(1);
    rmSync(join(instance.base, 'manifests', pointOf(night(1))));
    rmSync(join(instance.base, 'current/3'));
    expect(protectedLine(await instance.run(night(1)))).toMatchObject({ files: 10, changed: 1 });
    expectPoint(1, treeOf(instance.upload));
  });

  test('a damaged manifest is passed over: the older ones stay, and a new one is made', async () => {
    write('a', 'one');
    const first = await tonight(1);
    write('a', 'two');
    await tonight(2);
    const path = join(instance.base, 'manifests', pointOf(night(2)));
    cpSync(path, `${path}.whole`);
    writeFileSync(path, 'not gzip');
    rmSync(`${path}.whole`);
    write('a', 'three');
    const third = await tonight(3);
    expectPoint(1, first);
    expectPoint(3, third);
  });

  test('the same instance of two plans has two folders', async () => {
    write('a', 'one');
    await tonight(1);
    protectedLine(await instance.run('other/20261101T180000Z-final-backup'));
    expect(readdirSync(instance.share).sort()).toEqual([plan, 'lifeboat.json', 'other']);
    expect(readdirSync(join(instance.share, 'other', instanceId, 'current'))).toEqual(['a']);
  });
});

test('the manifest says what is unchanged without reading it again, and notes nothing', async () => {
  write('a', 'one');
  write('b', 'two');
  await tonight(1);
  appendFileSync(join(instance.upload, 'b'), ' more');
  await tonight(2);
  const [a, b] = manifestOf(instance.base, pointOf(night(2)));
  expect(a).toMatchObject({ name: 'a', note: '-' });
  expect(b).toMatchObject({ name: 'b', size: 8, note: '-' });
});

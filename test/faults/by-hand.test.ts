import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { instanceId, makeInstance, night, pointOf, protectedLine } from './instance.ts';
import { manifestOf } from './share-reader.ts';

jest.setTimeout(120_000);

/** The shell blocks of docs/share-format.md: people will type them when nothing else is left. */
const blocks = [
  ...readFileSync(new URL('../../docs/share-format.md', import.meta.url), 'utf8').matchAll(
    /```sh\n([\s\S]*?)```/g,
  ),
].map((match) => match[1] ?? '');
const [makeShare = '', listEntries = '', getFile = ''] = blocks;

test('the documented command makes a share that the document takes, and never a second time', async () => {
  const instance = makeInstance();
  const marker = join(instance.share, 'lifeboat.json');
  rmSync(marker);
  const command = makeShare.replace('sudo ', '').replace('/mnt/lifeboat/lifeboat.json', marker);
  execFileSync('sh', ['-c', command]);
  expect(() => execFileSync('sh', ['-c', command], { stdio: 'ignore' })).toThrow();
  writeFileSync(join(instance.upload, 'a'), 'a');
  protectedLine(await instance.run(night(1)));
  instance.remove();
});

test('the documented commands list what each night had, where it changed a list and where it wrote one', async () => {
  const instance = makeInstance();
  for (const n of [1, 2, 3]) {
    for (const name of ['same', `of-${n}`, 'changing']) writeFileSync(join(instance.upload, name), `${n}`);
    rmSync(join(instance.upload, `of-${n - 1}`), { force: true });
    protectedLine(await instance.run(night(n)));
  }
  for (const n of [1, 2, 3]) {
    const commands = listEntries.replaceAll('/tmp', instance.folder);
    const script = `cd ${instance.base}; point=${pointOf(night(n))}\n${commands}`;
    const said = execFileSync('sh', ['-c', script], { encoding: 'utf8' });
    const names = said.split('\n').map((line) => line.split(' ')[0]);
    expect(names.slice(0, -1)).toEqual(manifestOf(instance.base, pointOf(night(n))).map(({ name }) => name));
  }
  instance.remove();
});

test('the documented commands get a file of each night back, past torn copies and attempts that died', async () => {
  const instance = makeInstance();
  mkdirSync(join(instance.upload, 'student-7'));
  const file = join(instance.upload, 'student-7/7_12_2026.pdf');
  for (const n of [1, 2, 3, 4]) {
    writeFileSync(file, `night ${n}`);
    protectedLine(await instance.run(night(n)));
    // what later attempts of the same run may leave
    for (const attempt of [2, 10]) {
      const folder = join(instance.base, 'history', `${pointOf(night(n))}~${attempt}/student-7`);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, '7_12_2026.pdf'), 'torn');
    }
  }
  for (const n of [1, 2, 3, 4]) {
    const out = join(instance.folder, `out-${n}`);
    mkdirSync(out);
    const script = getFile
      .replaceAll('/tmp', out)
      .replace(/^cd .*$/m, `cd ${instance.base}`)
      .replace(/^point=\S*/m, `point=${pointOf(night(n))}`);
    const said = execFileSync('sh', ['-c', script], { encoding: 'utf8' });
    expect(readFileSync(join(out, '7_12_2026.pdf'), 'utf8')).toBe(`night ${n}`);
    expect(said).toContain('student-7/7_12_2026.pdf f ');
  }
  expect(getFile).toContain(instanceId.slice(0, 3));
  instance.remove();
});

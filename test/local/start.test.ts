import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { RunRecord } from '../../functions/pipeline/run-record.ts';
import { filesBelow } from './files-below.ts';
import { processesOf, start } from './start-command.ts';

let folder: string;
let directory: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-start-'));
  directory = join(folder, 'dir');
});
afterEach(async () => {
  expect(await processesOf(folder)).toEqual([]);
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(folder);
  expect(existsSync(join(directory, 'in-use-by'))).toBe(false);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const acme = ['--students', '3', '--weeks', '2', '--instances', '2'];

describe('npm start', () => {
  test('ends a good night with 0, and --json prints the run record as the last and only thing on stdout', async () => {
    const { exitCode, stdout, stderr } = await start({ words: ['--dir', directory, ...acme, '--json'] });
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('2 of 2 instances are protected')]);
    const record: RunRecord = JSON.parse(stdout);
    expect(record).toMatchObject({ state: 'closed', result: 'protected' });
    const files = record.results?.map(({ report }) => report?.files ?? 0) ?? [];
    expect(files.reduce((sum, count) => sum + count, 0)).toBe(6);
    for (const { instance } of record.results ?? [])
      expect(await filesBelow(join(directory, 'share', 'acme-web', instance, 'current'))).toEqual(
        await filesBelow(join(directory, 'instances', instance, 'upload')),
      );
  }, 60_000);

  test('ends with 130 on Ctrl-C in the middle of a night, and leaves nothing that the next night would stumble over', async () => {
    const stopped = await start({ words: ['--dir', directory, '--instances', '2'], interruptAt: 'working' });
    expect([stopped.exitCode, stopped.stderr]).toEqual([130, '']);
    expect(await processesOf(folder)).toEqual([]);
  }, 60_000);

  test('ends with 1 where an instance is not protected, and says why, what to do and who was told', async () => {
    const words = ['--dir', directory, '--instances', '2', '--fault', 'share-unmounted'];
    const { exitCode, stdout } = await start({ words });
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/1 of 2 instances (is|are) protected/);
    expect(stdout).toMatch(/share-not-mounted: The share is not mounted; nothing was written\./);
    expect(stdout).toContain('What to do: Mount it on the instance');
    expect(stdout).toMatch(/Slack was told\n {2}│ #ops/);
    expect(stdout).toMatch(/JIRA was told\n {2}│ OPS-1 \[To Do\]/);
    // The retry ends by itself: nobody has to wait for the deadline.
    expect(stdout).not.toContain('Moving time');
  }, 60_000);

  test("saves a person's own folders by a plan with tags, read-only, and leaves them as they were", async () => {
    const sources = [join(folder, 'letters'), join(folder, 'photos')];
    for (const source of sources) {
      await mkdir(source);
      await writeFile(join(source, 'a name with spaces.txt'), `of ${source}`);
    }
    const pictureOf = (source: string) =>
      Promise.all([filesBelow(source), stat(source).then(({ mtimeMs, mode }) => ({ mtimeMs, mode }))]);
    const before = await Promise.all(sources.map(pictureOf));
    const own = join(folder, 'own');
    const words = ['--dir', own, '--plan', 'acme-tags', ...sources.flatMap((source) => ['--source', source])];
    const { exitCode, stdout } = await start({ words: [...words, '--json'] });
    expect(exitCode).toBe(0);
    const record: RunRecord = JSON.parse(stdout);
    expect(record.results).toHaveLength(2);
    expect(await Promise.all(sources.map(pictureOf))).toEqual(before);
    const saved = await filesBelow(join(own, 'share', 'acme-tags'));
    expect([...saved.values()]).toEqual(expect.arrayContaining(sources.map((source) => `of ${source}`)));
  }, 60_000);
});

describe('npm start, misused, ends with 2 and says what is right', () => {
  test.each([
    [['--fault', 'share-ful'], /--fault knows no "share-ful"\. Did you mean share-full\?/],
    [['--instances', 'many'], /--instances takes a whole number from 1 to 50, not "many"/],
    [['--student', '3'], /Did you mean --students\?/],
    [['--plan', 'acme-wbe'], /no plan "acme-wbe"\. Did you mean acme-web\?/],
  ])(
    '%s',
    async (words, message) => {
      const { exitCode, stderr } = await start({ words: ['--dir', join(folder, 'misused'), ...words] });
      expect([exitCode, stderr]).toEqual([2, expect.stringMatching(message)]);
      expect(stderr).not.toMatch(/^ {4}at /m);
    },
    60_000,
  );

  test('a damaged plan file', async () => {
    const planFile = join(folder, 'damaged.yml');
    await writeFile(planFile, 'version: 1\nplans:\n  acme-web:\n    fleat:\n      groups: [acme-web]\n');
    const { exitCode, stderr } = await start({ words: ['--dir', directory], planFile });
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(/damaged\.yml:4:.*fleat.*fleet/s)]);
  }, 60_000);

  test('brings files back, and says what it did', async () => {
    const [instance = ''] = await readdir(join(directory, 'share', 'acme-web'));
    const out = join(folder, 'out of it');
    const words = ['restore', '--dir', directory, '--instance', instance, '--to', out];
    const { exitCode, stdout } = await start({ words });
    expect([exitCode, stdout]).toEqual([
      0,
      expect.stringMatching(/(\d+) of \1 files of acme-web.* are back in /),
    ]);
    expect(await filesBelow(out)).toEqual(
      await filesBelow(join(directory, 'share', 'acme-web', instance, 'current')),
    );
    const again = await start({ words: [...words, '--json'] });
    const record: RunRecord = JSON.parse(again.stdout);
    expect(record.results).toMatchObject([{ report: { changed: 0 } }]);
    const early = await start({ words: [...words, '--at', '2020-01-01T00:00:00Z'] });
    expect([early.exitCode, early.stdout]).toEqual([1, expect.stringContaining('point-missing')]);
  }, 120_000);

  test.each([
    [['--to', 'x'], /--instance and --to are needed/],
    [
      ['--instance', 'i-0123', '--to', 'x'],
      /The share has nothing of i-0123 under the plan acme-web; it has i-/,
    ],
    [['--instance', 'i-0123', '--to', 'x', '--ovewrite', 'never'], /Did you mean --overwrite\?/],
    [['--instance', 'i-0123', '--to', 'x', '--run', 'a', '--at', 'b'], /which is meant\?/],
  ])(
    'a restore with %j is bad usage',
    async (words, message) => {
      const { exitCode, stderr } = await start({ words: ['restore', '--dir', directory, ...words] });
      expect([exitCode, stderr]).toEqual([2, expect.stringMatching(message)]);
    },
    60_000,
  );

  test.each([
    [['--dir', '/etc/passwd'], /The folder \/etc\/passwd\S* cannot be made|is no folder/],
    [['--dir', '/proc/none'], /The folder \/proc\/none cannot be made \(E\w+\)/],
    [['--dir', ''], /--dir is empty/],
  ])(
    '%j is bad usage, said in a sentence',
    async (words, message) => {
      const { exitCode, stderr } = await start({ words });
      expect([exitCode, stderr]).toEqual([2, expect.stringMatching(message)]);
    },
    60_000,
  );

  test('a source that holds the share, or what npm start makes, is refused', async () => {
    const [source, share] = [join(folder, 'own'), join(folder, 'own', 'share')];
    await mkdir(share, { recursive: true });
    await writeFile(join(source, 'a'), 'a');
    for (const words of [
      ['--dir', join(folder, 'elsewhere'), '--source', source, '--share', share],
      ['--dir', join(source, 'dir'), '--source', source],
    ]) {
      const { exitCode, stderr } = await start({ words });
      expect([exitCode, stderr]).toEqual([2, expect.stringContaining('lie within each other')]);
    }
  }, 60_000);
});

import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { nextWeek, parseAcmeState, writeUploads } from '../../../../examples/acme-webapp/uploads.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'acme-uploads-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const acme = (part = 'a') => ({
  directory: (index: number) => join(root, part, String(index)),
  instances: 3,
  students: 60,
  weeks: 4,
  seed: 'acme',
});
const namesOf = (part = 'a'): string[][] =>
  [0, 1, 2].map((index) => readdirSync(join(root, part, String(index))));
const allNames = (part = 'a'): string[] => namesOf(part).flat().sort();

/** Every name with its content, mode and time. */
const picture = (part = 'a') =>
  [0, 1, 2].map((index) =>
    readdirSync(join(root, part, String(index)))
      .sort()
      .map((name) => {
        const path = join(root, part, String(index), name);
        const { mode, mtimeMs, uid } = statSync(path);
        return `${name} ${mode.toString(8)} ${uid} ${mtimeMs} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`;
      }),
  );

describe('writeUploads', () => {
  test("every student's file of every week lies on exactly one instance", async () => {
    const { instances } = await writeUploads(acme());
    expect(allNames()).toHaveLength(240);
    expect(new Set(allNames()).size).toBe(240);
    expect(allNames()).toContain('s0042_04_2025.pdf');
    expect(instances.map(({ written }) => written)).toEqual(namesOf().map((names) => names.length));
    for (const names of namesOf()) expect(names.length).toBeGreaterThan(50);
  });

  test('the same seed makes the same files, another seed others', async () => {
    await writeUploads(acme('a'));
    await writeUploads(acme('b'));
    await writeUploads({ ...acme('c'), seed: 'other' });
    expect(picture('b')).toEqual(picture('a'));
    expect(picture('c')).not.toEqual(picture('a'));
  });

  test('what is there is left as it is; what is missing comes back the same', async () => {
    const { instances: first } = await writeUploads(acme());
    const before = picture();
    const [changed = '', lost = ''] = readdirSync(join(root, 'a', '0'));
    rmSync(join(root, 'a', '0', lost));
    const { instances: second } = await writeUploads(acme());
    expect(picture()).toEqual(before);
    expect(second.map(({ written }) => written)).toEqual([1, 0, 0]);
    expect(second[1]?.kept).toBe(first[1]?.written);
    writeFileSync(join(root, 'a', '0', changed), 'edited by a person');
    await writeUploads(acme());
    expect(readFileSync(join(root, 'a', '0', changed), 'utf8')).toBe('edited by a person');
  });

  test('what an interrupted writer left unfinished is cleared away', async () => {
    await writeUploads(acme());
    const before = picture();
    writeFileSync(join(root, 'a', '1', '.uploading-s0001_01_2025.pdf'), '%PDF-1.4');
    await writeUploads(acme());
    expect(picture()).toEqual(before);
  });

  test('weeks go on over the end of the year, and the last lies in 2025 unless a year is named', async () => {
    await writeUploads({ ...acme(), students: 1, weeks: 50 });
    expect(allNames()).toContain('s0001_48_2024.pdf');
    expect(allNames()).toContain('s0001_02_2025.pdf');
    await writeUploads({ ...acme('b'), students: 1, weeks: 2, fromWeek: 48, year: 2030 });
    expect(allNames('b')).toEqual(['s0001_01_2031.pdf', 's0001_48_2030.pdf']);
  });

  test('files carry mode 0644 and a time on the evening of a Friday in Singapore', async () => {
    const umask = process.umask(0o077);
    try {
      await writeUploads({ ...acme(), students: 5, weeks: 48 });
    } finally {
      process.umask(umask);
    }
    for (const index of [0, 1, 2]) {
      for (const name of readdirSync(join(root, 'a', String(index)))) {
        const { mode, mtime } = statSync(join(root, 'a', String(index), name));
        const singapore = new Date(mtime.getTime() + 8 * 3_600_000);
        expect((mode & 0o777).toString(8)).toBe('644');
        expect(singapore.getUTCDay()).toBe(5);
        expect(singapore.getUTCHours()).toBeGreaterThanOrEqual(17);
        expect(singapore.getUTCFullYear()).toBe(2025);
      }
    }
  });

  test('progress ends with everything, and lets others run meanwhile', async () => {
    const seen: { files: number; of: number; bytes: number }[] = [];
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 0);
    const onProgress = (progress: (typeof seen)[number]) => seen.push(progress);
    const { instances } = await writeUploads({ ...acme(), students: 200, onProgress });
    clearInterval(timer);
    const bytes = instances.reduce((sum, instance) => sum + instance.bytes, 0);
    expect(seen.at(-1)).toEqual({ files: 800, of: 800, bytes });
    expect(seen.map(({ files }) => files)).toEqual(seen.map(({ files }) => files).sort((a, b) => a - b));
    expect(turns).toBeGreaterThan(2);
    const [first] = namesOf();
    const sizes = first?.map((name) => statSync(join(root, 'a', '0', name)).size) ?? [];
    expect(instances[0]?.bytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
  });

  test.each([
    [{ fileSize: 100 }, /fileSize is 100; .*4096/],
    [{ fileSize: 5000.5 }, /fileSize/],
    [{ students: 0 }, /students is 0/],
    [{ weeks: -1 }, /weeks is -1/],
    [{ instances: 0 }, /instances is 0/],
    [{ year: Number.NaN }, /year is NaN/],
  ])('%j is refused before anything is written', async (wrong, message) => {
    await expect(writeUploads({ ...acme(), ...wrong })).rejects.toThrow(message);
    expect(readdirSync(root)).toEqual([]);
  });
});

describe('nextWeek', () => {
  const another = (state: Parameters<typeof nextWeek>[0]['state'], part = 'a') =>
    nextWeek({ state, directory: acme(part).directory, instances: 3 });

  test('adds a week, corrects some of the last and withdraws a few, and leaves the rest alone', async () => {
    const { state } = await writeUploads({ ...acme(), fromWeek: 46, weeks: 3, students: 100 });
    const before = new Map(
      picture()
        .flat()
        .map((line) => [line.split(' ')[0] ?? '', line]),
    );
    const week = await another(state);
    const after = new Map(
      picture()
        .flat()
        .map((line) => [line.split(' ')[0] ?? '', line]),
    );
    const added = [...after.keys()].filter((name) => !before.has(name));
    const gone = [...before.keys()].filter((name) => !after.has(name));
    const changed = [...after].filter(([name, line]) => before.has(name) && before.get(name) !== line);
    expect(added).toHaveLength(100);
    expect(added.every((name) => name.endsWith('_01_2026.pdf'))).toBe(true);
    expect(changed).toHaveLength(3);
    expect(changed.every(([name]) => name.endsWith('_48_2025.pdf'))).toBe(true);
    expect(gone).toHaveLength(2);
    const sum = (key: 'uploaded' | 'corrected' | 'withdrawn') =>
      week.instances.reduce((total, instance) => total + instance[key], 0);
    expect([sum('uploaded'), sum('corrected'), sum('withdrawn')]).toEqual([100, 3, 2]);
    expect(week.when).toEqual({ year: 2026, week: 1 });
  });

  test('a corrected file is newer than it was, and older than the next deadline', async () => {
    const { state } = await writeUploads(acme());
    const times = (week: string) =>
      new Map(
        [0, 1, 2].flatMap((index) =>
          readdirSync(join(root, 'a', String(index)))
            .filter((name) => name.endsWith(`_${week}_2025.pdf`))
            .map((name) => [name, statSync(join(root, 'a', String(index), name)).mtimeMs] as const),
        ),
      );
    const before = times('04');
    await another(state);
    const corrected = [...times('04')].filter(([name, time]) => before.get(name) !== time);
    expect(corrected.length).toBeGreaterThan(0);
    for (const [name, time] of corrected) {
      expect(time).toBeGreaterThan(before.get(name) ?? Number.POSITIVE_INFINITY);
      expect(time).toBeLessThan(Math.min(...times('05').values()));
    }
  });

  test('follows from seed and week alone, and through a state kept as JSON', async () => {
    for (const part of ['a', 'b']) {
      let { state } = await writeUploads(acme(part));
      for (let night = 0; night < 3; night++)
        ({ state } = await another(parseAcmeState(JSON.stringify(state)), part));
      expect(state.lastWeek).toBe(7);
    }
    expect(picture('b')).toEqual(picture('a'));
  });

  test('an interrupted week is ended by the same call', async () => {
    const { state } = await writeUploads(acme('a'));
    await writeUploads(acme('b'));
    await another(state, 'a');
    await expect(
      nextWeek({
        state: { ...state, students: 60 },
        directory: acme('b').directory,
        instances: 3,
        onProgress: () => {
          throw new Error('killed');
        },
      }),
    ).rejects.toThrow('killed');
    await another(state, 'b');
    await another(state, 'b');
    expect(picture('b')).toEqual(picture('a'));
  });

  test('a correction replaces the file where it lies, also when there are more instances now', async () => {
    const { state } = await writeUploads(acme());
    await nextWeek({ state, directory: acme().directory, instances: 5 });
    const names = [0, 1, 2, 3, 4].flatMap((index) => readdirSync(join(root, 'a', String(index))));
    expect(new Set(names).size).toBe(names.length);
    expect(readdirSync(join(root, 'a', '4')).length).toBeGreaterThan(0);
  });

  test('files of the size that was asked for keep it', async () => {
    const { state } = await writeUploads({ ...acme(), fileSize: 5000 });
    await another(state);
    for (const index of [0, 1, 2])
      for (const name of readdirSync(join(root, 'a', String(index))))
        expect(statSync(join(root, 'a', String(index), name)).size).toBe(5000);
  });
});

test.each(['', 'null', '{"acme":1}', '{"acme":2,"seed":"x","students":1,"firstYear":2025,"lastWeek":1}'])(
  'a state that is none is refused: %s',
  (text) => {
    expect(() => parseAcmeState(text)).toThrow();
  },
);

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openDirectory } from '../../../../local/console/directory.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lifeboat-directory-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('the directory of npm start', () => {
  test('instance ids stay the same, and more of them keep the first ones', () => {
    const first = openDirectory(root, false);
    const ids = first.ownInstances(2);
    first.release();
    const again = openDirectory(root, false);
    expect(again.ownInstances(3).slice(0, 2)).toEqual(ids);
    expect(ids[0]).toMatch(/^i-[0-9a-f]{17}$/);
    again.release();
  });

  test('--fresh removes what an earlier start made and nothing else', () => {
    const first = openDirectory(root, false);
    mkdirSync(first.share, { recursive: true });
    writeFileSync(join(root, 'thesis.txt'), 'mine');
    first.release();
    openDirectory(root, true).release();
    expect(existsSync(first.share)).toBe(false);
    expect(existsSync(join(root, 'thesis.txt'))).toBe(true);
  });

  test("a folder that was there before is somebody else's: refused, and not removed by --fresh", () => {
    mkdirSync(join(root, 'share'));
    expect(() => openDirectory(root, true)).toThrow(/share was not made by `npm start`/);
    expect(existsSync(join(root, 'share'))).toBe(true);
  });

  test('one start at a time; the lock of a dead process does not count', () => {
    const first = openDirectory(root, false);
    expect(() => openDirectory(root, false)).toThrow(/Another `npm start`/);
    first.release();
    writeFileSync(join(root, 'in-use-by'), '999999999');
    openDirectory(root, false).release();
  });

  test('a damaged ledger is told, and nothing is removed', () => {
    openDirectory(root, false).release();
    writeFileSync(join(root, 'made-by-lifeboat.json'), '{');
    expect(() => openDirectory(root, true)).toThrow(/damaged/);
  });

  test('the same folder has the same id wherever it is saved from', () => {
    const directory = openDirectory(root, false);
    expect(directory.idOfSource(root)).toBe(directory.idOfSource(`${root}/.`));
    directory.release();
  });
});

import { createCipheriv, createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Scenario } from './works.ts';

/** How much is saved. */
export type Sizes = {
  /** Small files, 10 KB each on average. */
  readonly files: number;
  readonly largeBytes: number;
  /** Of the scenario of that name. */
  readonly million: number;
};

/**
 * Makes FOLDER/source and, for each day of changes, FOLDER/changes/<day>: what is to be laid over the source on that day.
 * The same bytes every time, and none that could be compressed, as in a PDF.
 */
export const writeSource = (folder: string, scenario: Scenario['name'], sizes: Sizes, days: number): void => {
  const source = join(folder, 'source');
  mkdirSync(source, { recursive: true });
  mkdirSync(join(folder, 'changes'), { recursive: true });
  switch (scenario) {
    case 'small':
    case 'few': {
      const files = scenario === 'small' ? sizes.files : Math.ceil(sizes.files / 10);
      for (let i = 0; i < files; i++) writeSmall(join(source, nameOf(i)), i, 'first');
      for (let day = 1; day <= days; day++) writeChanges(join(folder, 'changes', String(day)), files, day);
      return;
    }
    case 'large':
      writeLarge(join(source, 'large.bin'), sizes.largeBytes);
      return;
    case 'million':
      writeMany(source, sizes.million);
      return;
    default:
      scenario satisfies never;
  }
};

/** Every other file lies in one folder with its like, the others in folders of twenty: ACME's uploads, and a tidy tree. */
const nameOf = (i: number): string =>
  i % 2 === 0 ? `${i}_12_2026.pdf` : `student-${Math.floor(i / 40)}/${i}_12_2026.pdf`;

const writeSmall = (path: string, i: number, version: string): void => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, randomLooking(2048 + ((i * 7919) % 16385), `${version} ${i}`));
};

/** A hundredth of the files: six of seven rewritten, the rest new. Each day others. */
const writeChanges = (folder: string, files: number, day: number): void => {
  const count = Math.max(2, Math.round(files / 100));
  const fresh = Math.ceil(count / 7);
  const step = Math.floor(files / count);
  for (let k = 0; k < count; k++) {
    const i = k < fresh ? files + day * count + k : (k * step + day) % files;
    writeSmall(join(folder, nameOf(i)), i, `day ${day}`);
  }
};

const randomLooking = (bytes: number, seed: string): Buffer =>
  createHash('shake256', { outputLength: bytes }).update(seed).digest();

const writeLarge = (path: string, bytes: number): void => {
  const stream = createCipheriv('aes-256-ctr', Buffer.alloc(32), Buffer.alloc(16));
  const zeros = Buffer.alloc(1024 * 1024);
  const file = openSync(path, 'w');
  for (let left = bytes; left > 0; left -= zeros.length)
    writeSync(file, stream.update(zeros.subarray(0, Math.min(left, zeros.length))));
  closeSync(file);
};

const writeMany = (source: string, files: number): void => {
  for (let i = 0; i < files; i++) {
    const folder = join(source, `folder-${Math.floor(i / 1000)}`);
    if (i % 1000 === 0) mkdirSync(folder);
    writeFileSync(join(folder, `${i}_12_2026.pdf`), `${i}\n`);
  }
};

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, test } from '@jest/globals';
import { buildFaultLibrary } from './fault-library.ts';
import { liveCourse } from './model-course.ts';

/**
 * Random trees, edits, crashes, prunes, verifies and restores. A fixed seed, so that everybody's run has seen the same, and one of
 * today's; LIFEBOAT_MODEL_COURSES=50 lives through more of them, LIFEBOAT_MODEL_SEED=… through one again and tells it.
 */
const folder = mkdtempSync(join(tmpdir(), 'lifeboat-faults-'));
const library = buildFaultLibrary(folder);
afterAll(() => rmSync(folder, { recursive: true }));

const { LIFEBOAT_MODEL_SEED: again, LIFEBOAT_MODEL_COURSES, LIFEBOAT_MODEL_STEPS } = process.env;
const steps = Number(LIFEBOAT_MODEL_STEPS ?? 11);
const fixedSeed = 3;
const ofToday = Array.from({ length: Number(LIFEBOAT_MODEL_COURSES ?? 1) }, () =>
  Math.floor(Math.random() * 2 ** 32),
);
const seeds = again === undefined ? [fixedSeed, ...ofToday] : [Number(again)];

(library === undefined ? describe.skip : describe)('whatever happens in whatever order', () => {
  test('every recovery point that should be there comes back as the source was', async () => {
    process.stderr.write(`seeds of the model: ${seeds.join(' ')}\n`);
    const waiting = [...seeds];
    const broken: string[] = [];
    const worker = async (): Promise<void> => {
      for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift())
        try {
          const story = await liveCourse(seed, steps, library ?? '');
          if (again !== undefined) process.stderr.write(`${story}\n`);
        } catch (error) {
          broken.push(error instanceof Error ? error.message : String(error));
        }
    };
    await Promise.all([worker(), worker()]);
    if (broken.length > 0) throw new Error(broken.join('\n\n'));
  }, 3_600_000);
});

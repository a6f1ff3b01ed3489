import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { invoke } from './invoke.ts';
import { idOf, type NightLab, openNightLab } from './night-lab.ts';

const [lost, newborn] = [idOf(1), idOf(2)];

let lab: NightLab;
beforeAll(async () => {
  lab = await openNightLab({ instances: 2, files: 3 });
  await lab.boot();
  await lab.night();
}, 180_000);
afterAll(() => lab.close());

const uploadsOf = (index: number): string => lab.specs()[index - 1]?.upload ?? '';

/** As a person does it: dispatch, then check until it says that the run is closed. */
const restore = async (event: Readonly<Record<string, unknown>>) => {
  await lab.pass(1_000);
  const { failed, answer } = await invoke(lab.aws(), 'dispatch', {
    plan: 'acme-web',
    operation: 'restore',
    ...event,
  });
  if (failed) throw new Error(String(answer.errorMessage));
  const record = await lab.settle(String(answer.run));
  const told = await invoke(lab.aws(), 'check', { run: record.run });
  return { record, told: told.answer };
};

describe('a restore by hand', () => {
  test('brings the files of a lost instance to another one, and tells the person, not the channels', async () => {
    const slack = lab.slack.messages().length;
    const { record, told } = await restore({ instances: [newborn], from: lost, overwrite: 'always' });
    expect(record).toMatchObject({
      operation: 'restore',
      result: 'protected',
      scope: 'instances',
      parameters: { restore: { from: lost, at: 'newest', into: '/var/www/upload' } },
    });
    expect(told.results).toMatchObject([
      {
        instance: newborn,
        outcome: 'protected',
        report: {
          files: 3,
          changed: 3,
          skipped: 0,
          recoveryPoint: expect.stringContaining(`acme-web/${lost}/`),
        },
      },
    ]);
    for (const name of readdirSync(uploadsOf(1)))
      expect(readFileSync(join(uploadsOf(2), name))).toEqual(readFileSync(join(uploadsOf(1), name)));
    expect(lab.slack.messages()).toHaveLength(slack);
    expect(await lab.incident()).toBeUndefined();
    expect(lab.aws().deadLetters()).toEqual([]);
  }, 60_000);

  test('brings back only what is asked for, and never over what is there', async () => {
    rmSync(uploadsOf(1), { recursive: true });
    mkdirSync(uploadsOf(1));
    const paths = ['student-1_2_*.pdf', '**_3_2026.pdf'];
    const { told } = await restore({ instances: [lost], paths });
    expect(told.results).toMatchObject([{ report: { files: 2, changed: 2 } }]);
    expect(readdirSync(uploadsOf(1)).sort()).toEqual(['student-1_2_2026.pdf', 'student-1_3_2026.pdf']);
    const again = await restore({ instances: [lost], dryRun: true });
    expect(again.told.results).toMatchObject([{ report: { files: 3, changed: 1, skipped: 2 } }]);
    expect(readdirSync(uploadsOf(1))).toHaveLength(2);
  }, 60_000);

  test('of a time before the first night fails with what there is, and opens no incident', async () => {
    const { record } = await restore({ instances: [lost], at: '2020-01-01T00:00:00Z' });
    expect(record).toMatchObject({
      result: 'failed',
      results: [{ cause: 'point-missing', detail: expect.stringContaining('-backup') }],
    });
    expect(await lab.incident()).toBeUndefined();
    expect(lab.jira.issues()).toEqual([]);
  }, 60_000);

  test.each([
    [{}, /A restore needs "instances"/],
    [{ instances: [lost], at: 'yesterday' }, /at: is neither newest, nor a recovery point/],
    [{ instances: [lost], paths: ['[a'] }, /paths\.0: is no glob/],
    [{ instances: [lost], overwrite: 'maybe' }, /overwrite: is neither never, older nor always/],
    [{ instances: [lost], operation: 'backup', from: newborn }, /from: only a restore knows these/],
  ])('refuses %j', async (event, message) => {
    await expect(restore(event)).rejects.toThrow(message);
  });
});

describe('a verify by hand', () => {
  test('reads the whole fleet back, heals, tries a restore, and opens no incident', async () => {
    await lab.pass(1_000);
    await lab.night();
    const { answer } = await invoke(lab.aws(), 'dispatch', {
      plan: 'acme-web',
      operation: 'verify',
      drillFiles: 2,
    });
    const record = await lab.settle(String(answer.run));
    expect(record).toMatchObject({
      operation: 'verify',
      result: 'protected',
      parameters: { verify: { at: 'newest', drillFiles: 2 } },
    });
    expect(record.results?.map(({ report }) => report?.files)).toEqual([2, 6]);
    expect(await lab.incident()).toBeUndefined();
  }, 60_000);

  test('refuses what only a restore knows', async () => {
    const { failed, answer } = await invoke(lab.aws(), 'dispatch', {
      plan: 'acme-web',
      operation: 'verify',
      into: '/tmp/x',
    });
    expect([failed, answer.errorMessage]).toEqual([
      true,
      expect.stringContaining('into: only a restore knows these'),
    ]);
  });
});

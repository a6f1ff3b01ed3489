import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { RunRecord } from '../../functions/pipeline/run-record.ts';
import type { Fault } from '../../local/console/arguments.ts';
import { invoke } from './invoke.ts';
import { atRest, idOf, type NightLab, openNightLab } from './night-lab.ts';

let lab: NightLab;
beforeAll(async () => {
  lab = await openNightLab({ instances: 2, files: 3 });
}, 180_000);
afterAll(() => lab.close());

const folderOf = (index: number): string => join(lab.share, lab.plan.name, idOf(index));
const pointsOf = (index: number): readonly string[] => readdirSync(join(folderOf(index), 'manifests')).sort();
const pruneOf = async ({ run }: RunRecord): Promise<RunRecord | undefined> => {
  await atRest(lab.aws());
  return lab.record(run.replace(/backup$/, 'prune'));
};
const night = async (...faults: readonly Fault[]): Promise<RunRecord> => {
  await lab.boot(...faults);
  lab.upload(1, 'changing.txt', `as of ${lab.clock().now().toISOString()}`);
  return lab.night();
};
const point = ({ run }: RunRecord): string => run.split('/')[1] ?? '';

test('after each good night what no rule keeps goes, and nobody is bothered', async () => {
  const nights = [];
  for (let count = 0; count < 5; count += 1) nights.push(await night());
  const prune = await lab.settle(nights.at(-1)?.run.replace(/backup$/, 'prune') ?? '');
  expect(prune).toMatchObject({
    operation: 'prune',
    result: 'protected',
    trigger: { kind: 'run', run: nights.at(-1)?.run },
    results: [
      { instance: idOf(1), outcome: 'protected', report: { prune: { kept: 3 } } },
      { instance: idOf(2), outcome: 'protected', report: { prune: { kept: 3 } } },
    ],
  });
  expect(pointsOf(1)).toEqual(nights.slice(-3).map(point));
  expect(pointsOf(2)).toEqual(nights.slice(-3).map(point));
  expect(lab.slack.messages().filter(({ text }) => text.includes('prun'))).toEqual([]);
  expect(lab.jira.issues()).toEqual([]);
}, 180_000);

test('a pinned point stays, and a dry run says so before', async () => {
  const [oldest = ''] = pointsOf(1);
  mkdirSync(join(folderOf(1), 'pins'));
  writeFileSync(join(folderOf(1), 'pins', oldest), '');
  const { run } = await night();
  await lab.settle(run.replace(/backup$/, 'prune'));
  expect(pointsOf(1)).toContain(oldest);
  expect(pointsOf(1)).toHaveLength(4);
  expect(pointsOf(2)).toHaveLength(3);
  await lab.pass(1_000);
  const { answer } = await invoke(lab.aws(), 'dispatch', {
    plan: lab.plan.name,
    operation: 'prune',
    dryRun: true,
  });
  const dry = await lab.settle(String(answer.run));
  expect(dry.results).toMatchObject([{ report: { prune: { kept: 4 } } }, { report: { prune: { kept: 3 } } }]);
  expect(pointsOf(1)).toHaveLength(4);
}, 60_000);

test('after a night that is not good nothing goes, also not by hand', async () => {
  const before = pointsOf(2);
  const bad = await night('source-missing');
  expect(bad.result).toBe('partial');
  expect(await pruneOf(bad)).toBeUndefined();
  await lab.pass(1_000);
  const { failed, answer } = await invoke(lab.aws(), 'dispatch', {
    plan: lab.plan.name,
    operation: 'prune',
  });
  expect([failed, String(answer.errorMessage)]).toEqual([true, expect.stringContaining('partial')]);
  expect(pointsOf(2)).toEqual(before);
}, 60_000);

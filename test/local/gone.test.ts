import { cpSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { RunRecord } from '../../functions/pipeline/run-record.ts';
import { invoke } from './invoke.ts';
import { day, idOf, type NightLab, openNightLab } from './night-lab.ts';

let lab: NightLab;
beforeAll(async () => {
  lab = await openNightLab({ instances: 3, files: 3 });
  await lab.boot();
}, 180_000);
afterAll(() => lab.close());

const folderOf = (index: number): string => join(lab.share, lab.plan.name, idOf(index));
const prunes = async (): Promise<readonly RunRecord[]> => {
  const names = readdirSync(join(lab.folder, 'bucket/runs', lab.plan.name)).sort();
  const records = await Promise.all(
    names.filter((name) => name.endsWith('-prune')).map((name) => lab.record(`${lab.plan.name}/${name}`)),
  );
  return records.flatMap((record) => (record === undefined ? [] : [record]));
};
/** Of another group, of the plan's no more; its files are on the share. */
const detached = async (index: number): Promise<void> => {
  const [spec] = lab.specs();
  if (spec === undefined) throw new Error('The lab has no instance.');
  const own = join(lab.folder, 'instances', idOf(index));
  await lab.aws().fleet.launch({
    ...{ ...spec, id: idOf(index), group: 'elsewhere', tags: {} },
    ...{ upload: join(own, 'upload'), state: join(own, 'state') },
  });
  cpSync(folderOf(1), folderOf(index), { recursive: true, preserveTimestamps: true });
};

test('what an instance has left that is gone goes when its time is over; one that exists keeps everything', async () => {
  lab.upload(9, 'own.pdf', 'own');
  await lab.night();
  await detached(9);
  await lab.aws().fleet.terminate(idOf(3));
  await lab.pass(2 * day);
  expect([existsSync(folderOf(3)), existsSync(folderOf(9))]).toEqual([true, true]);
  const named = (await prunes()).at(-1);
  expect(named?.results?.flatMap(({ report }) => report?.prune?.silent ?? []).toSorted()).toEqual([
    idOf(3),
    idOf(9),
  ]);

  const dry = await invoke(lab.aws(), 'dispatch', {
    ...{ plan: lab.plan.name, operation: 'prune', dryRun: true },
  });
  const wouldGo = (await lab.settle(String(dry.answer.run))).results ?? [];
  expect(wouldGo.flatMap(({ report }) => report?.prune?.gone?.instances ?? [])).toEqual([idOf(3)]);
  expect(existsSync(folderOf(3))).toBe(true);

  await lab.pass(day);
  const last = (await prunes()).at(-1);
  expect(last).toMatchObject({
    result: 'protected',
    parameters: { prune: { gone: { instances: [idOf(3)] } } },
  });
  expect(last?.results?.flatMap(({ report }) => report?.prune?.gone ?? [])).toMatchObject([
    { instances: [idOf(3)], points: 1 },
  ]);
  expect(readdirSync(join(lab.share, lab.plan.name)).sort()).toEqual([1, 2, 9].map(idOf));
  expect(lab.slack.messages().filter(({ text }) => text.includes('prun'))).toEqual([]);
}, 180_000);

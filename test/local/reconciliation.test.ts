import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { RunRecord } from '../../functions/pipeline/run-record.ts';
import { atRest, idOf, type NightLab, openNightLab } from './night-lab.ts';

let lab: NightLab;
beforeAll(async () => {
  lab = await openNightLab({ instances: 6, files: 2 });
  await lab.boot();
}, 180_000);
afterAll(() => lab.close());

const instance = (index: number) => {
  const found = lab.aws().fleet.get(idOf(index));
  if (found === undefined) throw new Error(`There is no instance ${index}.`);
  return found;
};
const resultOf = (record: RunRecord, index: number) =>
  record.results?.find((result) => result.instance === idOf(index));
const newborn = 'i-0abcdef0123456789';
const launch = async (): Promise<void> => {
  const [model] = lab.specs();
  if (model === undefined) throw new Error('The lab has no instance.');
  const folder = join(lab.folder, 'instances', newborn);
  mkdirSync(join(folder, 'upload'), { recursive: true });
  writeFileSync(join(folder, 'upload/first.pdf'), 'a paper');
  await lab.aws().fleet.launch({
    ...model,
    id: newborn,
    upload: join(folder, 'upload'),
    state: join(folder, 'state'),
  });
  await lab.aws().lifeCycle.launched(newborn);
};

test('one night in which everything differs, and every difference is named', async () => {
  Object.assign(instance(2), { state: 'stopped', ping: 'ConnectionLost' });
  Object.assign(instance(3), { ping: 'absent', hasProfile: false });
  instance(4).lifeCycleState = 'Warmed:Stopped';
  instance(5).ping = 'ConnectionLost';
  let launched = false;
  lab.onCall(({ operation }) => {
    if (operation !== 'SendCommand' || launched) return;
    launched = true;
    void launch();
  });
  const record = await lab.night();
  expect(resultOf(record, 1)).toMatchObject({ outcome: 'protected' });
  expect(resultOf(record, 2)).toMatchObject({ outcome: 'unreachable', cause: 'instance-stopped' });
  expect(resultOf(record, 3)).toMatchObject({
    cause: 'agent-absent',
    detail: expect.stringContaining('no instance profile'),
  });
  expect(resultOf(record, 5)).toMatchObject({
    cause: 'agent-offline',
    detail: expect.stringContaining('last heard of at'),
  });
  expect(record.skipped).toEqual(
    expect.arrayContaining([
      { instance: idOf(4), why: 'in the warm pool (Warmed:Stopped)' },
      { instance: newborn, why: 'launched after the run began (InService)' },
    ]),
  );
  const [told] = lab.slack.messages().filter(({ text }) => text.includes('not protected'));
  expect(told?.text).toContain('Left out 2 instances');
}, 120_000);

test('an instance that went without being drained is named by the next night, with what is saved of it', async () => {
  const before = lab.slack.messages().length;
  for (const index of [2, 3, 5]) Object.assign(instance(index), { state: 'running', ping: 'Online' });
  const first = await lab.night();
  await lab.aws().fleet.terminate(idOf(6));
  await atRest(lab.aws());
  await lab.pass(3_600_000);
  const second = await lab.night();
  expect(second.skipped).toContainEqual({
    instance: idOf(6),
    why: `gone since the last night, not drained; saved until ${first.run}`,
  });
  const told = lab.slack.messages().slice(before);
  expect(told.at(-1)?.text).toContain(idOf(6));
}, 120_000);

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { RunRecord } from '../../functions/pipeline/run-record.ts';
import { filesBelow } from './files-below.ts';
import { hour, idOf, type NightLab, openNightLab } from './night-lab.ts';

const ids = [idOf(1), idOf(2)];

let lab: NightLab;
beforeAll(async () => {
  lab = await openNightLab({ instances: 2, files: 10 });
  await lab.boot();
}, 180_000);
afterAll(() => lab.close());

const metricsOf = (name: string) =>
  lab
    .aws()
    .functions.metrics()
    .filter((metric) => metric.name === name)
    .map(({ value }) => value);
const onShare = (...path: readonly string[]) => join(lab.share, 'acme-web', ...path);
/** What a manifest and the list that it changes say, together. */
const manifestOf = async (id: string, run: string): Promise<string> => {
  const manifest = await textOf(onShare(id, 'manifests', run.split('/')[1] ?? run));
  const list = /"list":"([^"]+)"/.exec(manifest)?.[1] ?? 'none';
  return `${manifest}${await textOf(onShare(id, 'lists', list))}`;
};
const textOf = async (file: string): Promise<string> => {
  const bytes = await readFile(file);
  return (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString('latin1');
};

describe('the first night', () => {
  let record: RunRecord;

  test('begins by itself between 02:00 and 02:15 in Singapore', async () => {
    const clock = lab.clock();
    const due = clock.next();
    expect(due?.what).toContain('acme-web');
    expect(due?.time.toISOString()).toMatch(/T18:(0\d|1[0-4]):/);
    await clock.skipToNext();
    const run = `acme-web/${due?.time.toISOString().slice(0, 10).replaceAll('-', '')}T180000Z-backup`;
    record = await lab.settle(run);
    expect(record.trigger.kind).toBe('schedule');
  }, 30_000);

  test('protects every instance and closes the run once', () => {
    expect(record).toMatchObject({ state: 'closed', result: 'protected', scope: 'fleet', problems: [] });
    expect(record.expected?.map(({ instance }) => instance)).toEqual(ids);
    expect(record.results).toMatchObject(
      ids.map((instance) => ({
        instance,
        outcome: 'protected',
        reached: true,
        attempts: 1,
        report: { files: 10, changed: 10, deleted: 0 },
      })),
    );
    const closed = lab
      .aws()
      .functions.metrics()
      .filter(({ name }) => name === 'RunGood');
    expect(closed).toMatchObject([{ value: 1, dimensions: { plan: 'acme-web' } }]);
  });

  test('leaves the same files on the share, byte by byte, and a manifest that names each', async () => {
    for (const [index, id] of ids.entries()) {
      const source = await filesBelow(lab.specs()[index]?.upload ?? '');
      expect(await filesBelow(onShare(id, 'current'))).toEqual(source);
      const manifest = await manifestOf(id, record.run);
      for (const name of source.keys()) expect(manifest).toContain(name);
    }
  });

  test('turns the alarms off that were on for want of a backup, and measures the room on the share', () => {
    const stateOf = (name: string) =>
      lab
        .aws()
        .cloudwatch.alarms.alarms()
        .find(({ alarm }) => alarm.name === name)?.state;
    const plan = 'lifeboat-prod/acme-web';
    for (const name of [plan, `${plan}/no-good-run`, `${plan}/not-protected`, `${plan}/share-nearly-full`])
      expect([name, stateOf(name)]).toEqual([name, 'OK']);
    expect(stateOf('lifeboat-prod/acme-tags')).toBe('ALARM');
    expect(metricsOf('ShareFree')).toContainEqual(expect.any(Number));
    expect(new Set(metricsOf('NotProtected'))).toEqual(new Set([0]));
  });

  test('sends one command and tells Slack the start and the good end, JIRA nothing', () => {
    // And one to the prune after it, of which nobody hears.
    const sent = lab.calls().filter(({ operation }) => operation === 'SendCommand');
    expect(sent.map(({ request }) => JSON.stringify(request).match(/-(backup|prune)#/)?.[1])).toEqual([
      'backup',
      'prune',
    ]);
    const [started, succeeded, ...others] = lab.slack.messages();
    expect(started).toMatchObject({
      channel: '#ops',
      text: expect.stringMatching(/backup started for 2 inst/),
    });
    expect(succeeded?.text).toMatch(/all 2 instances is good\. 20 files safe/);
    expect(others).toEqual([]);
    expect(lab.jira.issues()).toEqual([]);
    expect(record.notices.map(({ kind, state }) => [kind, state])).toEqual([
      ['started', 'told'],
      ['succeeded', 'told'],
    ]);
  });

  test('leaves a report for people and one for programs in the bucket', async () => {
    expect(JSON.parse((await lab.object(`runs/${record.run}/report.json`)) ?? '')).toEqual(record);
    const page = await lab.object(`runs/${record.run}/report.html`);
    for (const id of ids) expect(page).toContain(id);
  });

  test('has a deadline that wakes check once more, changes nothing, and is gone then', async () => {
    const deadlines = () =>
      lab
        .aws()
        .scheduler.list()
        .filter(({ name }) => name.includes('T180000Z-backup-deadline-'));
    expect(deadlines()).toMatchObject([
      { name: expect.stringContaining('T180000Z-backup'), deleteAfterCompletion: true },
    ]);
    const checks = () => lab.calls().filter(({ caller }) => caller.endsWith('check')).length;
    const before = checks();
    await lab.pass(3.1 * hour);
    expect(deadlines()).toEqual([]);
    expect(checks()).toBeGreaterThan(before);
    expect(await lab.record(record.run)).toEqual(record);
    expect(lab.slack.messages()).toHaveLength(2);
    expect(lab.aws().deadLetters()).toEqual([]);
  }, 30_000);
});

describe('the next night', () => {
  let record: RunRecord;

  beforeAll(async () => {
    await lab.pass(10 * hour);
    lab.upload(1, 'student-1_1_2026.pdf', 'corrected');
    lab.upload(1, 'student-9_1_2026.pdf', 'new');
    record = await lab.night();
  }, 30_000);

  test('copies only what has changed', () => {
    expect(record.result).toBe('protected');
    expect(record.results).toMatchObject([
      { instance: ids[0], report: { files: 11, changed: 2, deleted: 0, copiedBytes: 12 } },
      { instance: ids[1], report: { files: 10, changed: 0, deleted: 0, copiedBytes: 0 } },
    ]);
  });

  test('keeps what it replaced, and nothing else, in the history', async () => {
    const id = ids[0] ?? '';
    const run = record.run.split('/')[1] ?? '';
    const history = await filesBelow(onShare(id, 'history', run));
    expect([...history]).toEqual([['student-1_1_2026.pdf', 'paper 1.1\n'.repeat(20)]]);
    expect(await readFile(onShare(id, 'current', 'student-1_1_2026.pdf'), 'utf8')).toBe('corrected');
  });

  test('says in Slack how little it was', () => {
    expect(lab.slack.messages()).toHaveLength(4);
    expect(lab.slack.messages().at(-1)?.text).toMatch(/21 files safe, 2 new or changed; 12 B copied/);
  });
});

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type CauseId, causes, type Outcome } from '../../functions/pipeline/causes.ts';
import type { RunRecord, RunResult } from '../../functions/pipeline/run-record.ts';
import { type Fault, faultNames } from '../../local/console/arguments.ts';
import { shareFolderOnOwnDisk } from '../../local/fleet/folders.ts';
import { filesBelow } from './files-below.ts';
import { idOf, type NightLab, openNightLab } from './night-lab.ts';

type End = {
  readonly result: RunResult;
  /** Of the first instance and of the last one, which the faults of a single instance hit. */
  readonly instances: readonly [InstanceEnd, InstanceEnd];
  /** What Slack is told after the start. */
  readonly told: 'succeeded' | 'failed';
};
type InstanceEnd = { readonly outcome: Outcome; readonly cause?: CauseId; readonly attempts: 1 | 2 };

const good: InstanceEnd = { outcome: 'protected', attempts: 1 };
const failed = (cause: CauseId, attempts: 1 | 2 = 1): InstanceEnd => ({
  outcome: causes[cause].outcome,
  cause,
  attempts,
});
const partly = (last: InstanceEnd): End => ({ result: 'partial', instances: [good, last], told: 'failed' });
const both = (end: InstanceEnd, rest: Omit<End, 'instances'>): End => ({ ...rest, instances: [end, end] });

/** How each `--fault` has to end. */
const ends: Readonly<Record<Fault, End>> = {
  'share-unmounted': partly(failed('share-not-mounted', 2)),
  'share-full': both(failed('share-full'), { result: 'failed', told: 'failed' }),
  'share-squashed': both(failed('owners-not-kept'), { result: 'protected-with-warnings', told: 'succeeded' }),
  'source-empty': partly(failed('source-empty')),
  'source-missing': partly(failed('source-missing')),
  'agent-offline': partly(failed('agent-offline')),
  'instance-gone': partly(failed('instance-terminated')),
  'command-throttled': {
    result: 'protected',
    instances: [{ ...good, attempts: 2 }, good],
    told: 'succeeded',
  },
  'event-lost': both(good, { result: 'protected', told: 'succeeded' }),
  'event-twice': both(good, { result: 'protected', told: 'succeeded' }),
  'document-broken': both(failed('no-report'), { result: 'failed', told: 'failed' }),
};

let lab: NightLab;
beforeAll(async () => {
  lab = await openNightLab({ instances: 2, files: 10 });
  await lab.boot();
  await lab.night();
}, 180_000);
afterAll(() => lab.close());

const currentOf = (instance: number) => filesBelow(join(lab.share, 'acme-web', idOf(instance), 'current'));

describe.each(faultNames)('%s', (fault) => {
  const end = ends[fault];
  let record: RunRecord;
  let before: ReadonlyMap<string, string>;
  let slackBefore: number;
  let jiraBefore: number;

  beforeAll(async () => {
    await lab.forgetIncident();
    await lab.boot(fault);
    lab.upload(1, `${fault}.pdf`, 'x'.repeat(20_000));
    lab.upload(2, `${fault}.pdf`, 'x'.repeat(20_000));
    before = await currentOf(2);
    slackBefore = lab.slack.messages().length;
    jiraBefore = lab.jira.issues().length;
    record = await lab.night();
  }, 60_000);

  test('ends with the outcome and the cause of each instance', () => {
    expect(record).toMatchObject({ state: 'closed', result: end.result });
    expect(
      record.results?.map(({ instance, outcome, cause, attempts }) => ({
        instance,
        outcome,
        attempts,
        ...(cause === undefined ? {} : { cause }),
      })),
    ).toEqual(end.instances.map((each, index) => ({ instance: idOf(index + 1), ...each })));
  });

  test('is told to Slack once, with the remedy, and to JIRA where it is a failure', () => {
    const [started, ended, ...more] = lab.slack.messages().slice(slackBefore);
    const issues = lab.jira.issues().slice(jiraBefore);
    expect(more).toEqual([]);
    expect(started?.text).toContain('backup started');
    if (end.told === 'succeeded') {
      expect(ended?.text).toContain('is good');
      expect(issues).toEqual([]);
      return;
    }
    const cause = end.instances[1].cause ?? 'no-report';
    const heading =
      end.result === 'partial' ? /1 of 2 instances is protected, 1 is not/ : /none of 2 instances/;
    expect(ended?.text).toMatch(heading);
    expect(issues).toMatchObject([{ summary: expect.stringMatching(heading), labels: expect.any(Array) }]);
    for (const text of [ended?.text, issues[0]?.description]) {
      expect(text).toContain(idOf(2));
      expect(text).toContain(causes[cause].sentence);
      expect(text).toContain(causes[cause].remedy.split('`')[0]);
    }
  });

  test('turns the alarm of the plan on where somebody is not protected, and only there', () => {
    const alarms = lab.aws().cloudwatch.alarms.alarms();
    const on = alarms.find(({ alarm }) => alarm.name === 'lifeboat-prod/acme-web/not-protected')?.state;
    expect(on).toBe(end.told === 'failed' ? 'ALARM' : 'OK');
  });

  test('writes nothing where nothing may be written', async () => {
    const spec = lab.specs()[1];
    if (spec === undefined) throw new Error('There is no second instance.');
    expect(await readdir(shareFolderOnOwnDisk(spec))).toEqual([]);
    const after = await currentOf(2);
    if (end.instances[1].outcome.startsWith('protected')) expect(after.has(`${fault}.pdf`)).toBe(true);
    else for (const [name, content] of before) expect([name, after.get(name)]).toEqual([name, content]);
  });
});

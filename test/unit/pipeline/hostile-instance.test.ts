import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { messageOf } from '../../../functions/escalation/messages.ts';
import { runReport } from '../../../functions/pages/run-report.ts';
import { checkRun } from '../../../functions/pipeline/check-run.ts';
import { dispatchRun } from '../../../functions/pipeline/dispatch-run.ts';
import type { Invocation } from '../../../functions/pipeline/doors.ts';
import type { RunRecord } from '../../../functions/pipeline/run-record.ts';
import { shareStanding } from '../../../functions/pipeline/share-trend.ts';
import { lineOf, newWorld, plan, scheduledTime, theRun, type World, worker } from './memory-world.ts';

/** The first of three instances was taken over: whatever it prints, and however it ends, the others stand as without it. */
const [hostile = '', saved = '', broken = ''] = ['i-00000001', 'i-00000002', 'i-00000003'];
const honestly: World['answers'] = (instance) =>
  instance === broken
    ? {
        status: 'Failed',
        responseCode: 1,
        output: lineOf(broken, { outcome: 'failed', cause: 'source-empty' }),
      }
    : {};

const nightWith = async (
  answer: Partial<Invocation>,
  others: World['answers'] = honestly,
): Promise<World> => {
  const world = newWorld();
  world.answers = (instance, attempt, run) =>
    instance === hostile ? answer : others(instance, attempt, run);
  await dispatchRun(
    world.doors,
    {
      plan,
      operation: 'backup',
      trigger: { kind: 'schedule', requestId: 'r1' },
      scheduledTime,
      allowShrink: false,
      dryRun: false,
    },
    worker(world, 'r1'),
  );
  for (const id of ['c1', 'c2', 'c3']) await checkRun(world.doors, plan, theRun, worker(world, id));
  return world;
};

const recordOf = (world: World): RunRecord => {
  const record = world.records.get(theRun)?.value;
  if (record === undefined) throw new Error('The run left no record.');
  return record;
};
const resultsOf = (world: World, ...instances: readonly string[]) =>
  recordOf(world).results?.filter(({ instance }) => instances.includes(instance));

describe('an instance that lies', () => {
  test.each([
    ['that another one is not protected', saved, { outcome: 'failed', cause: 'source-empty' }],
    ['that another one is protected', broken, {}],
    ['about another run', hostile, { run: 'acme-web/20261122T180000Z-backup' }],
    ['about another plan', hostile, { run: 'other/20261123T180000Z-backup' }],
  ])('%s: it is not believed, and the others stand as they are', async (_, about, changes) => {
    const world = await nightWith({ output: lineOf(about, changes) });
    expect(resultsOf(world, hostile)).toMatchObject([{ outcome: 'failed', cause: 'no-report' }]);
    expect(resultsOf(world, saved)).toMatchObject([{ outcome: 'protected' }]);
    expect(resultsOf(world, broken)).toMatchObject([{ outcome: 'failed', cause: 'source-empty' }]);
    expect(recordOf(world)).toMatchObject({ state: 'closed', result: 'partial' });
  });

  test('that speaks for several is heard for itself alone: the first line counts', async () => {
    const output = [lineOf(hostile), lineOf(broken), lineOf(saved, { outcome: 'failed' })].join('\n');
    const world = await nightWith({ output });
    expect(recordOf(world).results?.map(({ outcome }) => outcome)).toEqual([
      'protected',
      'protected',
      'failed',
    ]);
  });

  test('about the room on the share can make it look fuller, and cannot hide that it is nearly full', async () => {
    const honest = { shareFreeBytes: 50, shareBytes: 1_000 };
    const standing = async (lie: Readonly<Record<string, number | undefined>>) => {
      const world = await nightWith({ output: lineOf(hostile, lie) }, (instance) => ({
        output: lineOf(instance, honest),
      }));
      const overview = world.overviews.get(plan.name)?.value;
      return overview === undefined ? undefined : shareStanding(overview, plan.alarms);
    };
    for (const [shareFreeBytes, shareBytes] of [
      [1, 1],
      [49, 50],
      [0, 0],
      [1, 0.5],
      [1e300, 1e308],
      [2 ** 70, 2 ** 71],
      [900, 100],
    ])
      expect(await standing({ shareFreeBytes, shareBytes })).toMatchObject({
        freeBytes: 50,
        nearlyFull: true,
      });
  });
});

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 3_000 }),
  fc.constantFrom(
    '<script>alert(1)</script>',
    '</code><cwdb-action action="call" endpoint="arn:aws:lambda:::x">{}</cwdb-action>',
    '<!channel> <@U1> <https://evil.example|here>',
    '{code}{panel}[~admin]!x.png!',
    'a\nb\r\nERROR c\u2028d\u0000\u001b[2J\u202e\ud800',
    'x'.repeat(24_000),
  ),
);
const anyLine = fc.record(
  {
    detail: anyText,
    recoveryPoint: anyText,
    outcome: fc.constantFrom('protected', 'protected-with-warnings', 'failed', 'gone', '__proto__'),
    cause: fc.constantFrom('source-empty', 'share-full', 'toString', '__proto__', 'file-changed'),
    seconds: fc.constantFrom(1, -1, 1e308, 1e7),
    bytes: fc.constantFrom(0, 2 ** 53 - 1, 1e300),
    shareFreeBytes: fc.constantFrom(0, 1e308),
    shareBytes: fc.constantFrom(0, 1e-300, 1e308),
    warnings: fc.array(
      fc.record({
        cause: fc.constantFrom('file-changed', 'source-empty'),
        count: fc.nat(),
        example: anyText,
      }),
    ),
  },
  { requiredKeys: [] },
);
const anyAnswer = fc.record({
  output: fc.oneof(
    anyText,
    anyLine.map((changes) => lineOf(hostile, changes)),
    fc.constantFrom('['.repeat(2_400), '{"a":'.repeat(480), 'null', '[]', '"', '1e999', '\n'.repeat(2_400)),
    fc.constant(lineOf(hostile).replace('{', '{"__proto__":{"outcome":"failed"},')),
  ),
  responseCode: fc.constantFrom(0, 1, 13, 194, 255, -1),
  status: fc.constantFrom('Success', 'Failed', 'TimedOut', 'Cancelled'),
});

test('property: whatever it prints, the run closes, the others stand, and what is told and shown is text', async () => {
  const others = resultsOf(await nightWith({}), saved, broken);
  await fc.assert(
    fc.asyncProperty(anyAnswer, async (answer) => {
      const world = await nightWith(answer);
      const record = recordOf(world);
      expect(record.state).toBe('closed');
      expect(resultsOf(world, saved, broken)).toEqual(others);
      expect(JSON.stringify(record).length).toBeLessThan(40_000);
      expect(numbersIn(record).filter((one) => !Number.isFinite(one))).toEqual([]);
      for (const { notice } of world.told) {
        const { title, summary } = messageOf(notice);
        expect(`${title}${summary}`).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      }
      expect(foreignElements(record)).toEqual([]);
    }),
    { numRuns: 150 },
  );
});

const foreignElements = (record: RunRecord): readonly string[] => {
  const page = runReport(record, { runbook: 'docs/runbook.md', timezone: 'Asia/Singapore' });
  const names = [...page.matchAll(/<([a-z-]+)/gi)].map(([, name = '']) => name.toLowerCase());
  return names.filter((name) => ['script', 'cwdb-action', 'iframe', 'img', 'form', 'a'].includes(name));
};

const numbersIn = (value: unknown): readonly number[] => {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [];
};

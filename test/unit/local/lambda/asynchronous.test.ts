import { readFile } from 'node:fs/promises';
import { afterEach, expect, it } from '@jest/globals';
import { startWorld, type TestFunction, until, type World } from './function-folder.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});
const start = async (modules: Readonly<Record<string, TestFunction>>): Promise<World> => {
  world = await startWorld(modules);
  return world;
};

/** Notes every attempt's request id and time in a file below its home, and fails as often as the event says. */
const stubborn: TestFunction = {
  code: `import { appendFileSync, readFileSync } from 'node:fs';
    const notes = process.env.HOME + '/notes';
    export const handler = async ({ failures }, { awsRequestId }) => {
      appendFileSync(notes, awsRequestId + ' ' + new Date().toISOString() + '\\n');
      const attempts = readFileSync(notes, 'utf8').trim().split('\\n').length;
      if (attempts <= failures) throw new Error('attempt ' + attempts);
    };`,
};
const attempts = async ({
  directory,
}: World): Promise<readonly { readonly id: string; readonly time: number }[]> => {
  const notes = await readFile(`${directory}/scratch/stubborn/notes`, 'utf8');
  return notes
    .trim()
    .split('\n')
    .map((line) => ({ id: line.split(' ')[0] ?? '', time: Date.parse(line.split(' ')[1] ?? '') }));
};

it('an event that fails is tried again after one and two minutes of the local clock, with the same request id', async () => {
  const { functions, clock } = await start({ stubborn });
  functions.invokeLater('stubborn', '{"failures":2}', 'test');
  await functions.idle();
  const startedAt = Date.now();
  await clock.skipToNext();
  await clock.skipToNext();
  expect(Date.now() - startedAt).toBeLessThan(10_000);
  expect(clock.next()).toBeUndefined();
  const [first, second, third, ...more] = world === undefined ? [] : await attempts(world);
  expect(more).toEqual([]);
  expect(new Set([first?.id, second?.id, third?.id]).size).toBe(1);
  const seconds = (from = 0, to = 0): number => Math.round((to - from) / 1000);
  expect(seconds(first?.time, second?.time)).toBeGreaterThanOrEqual(60);
  expect(seconds(second?.time, third?.time)).toBeGreaterThanOrEqual(120);
  expect(seconds(first?.time, third?.time)).toBeLessThan(190);
  expect(functions.deadLetters()).toEqual([]);
});

it('an event that fails for good goes to the failure destination, with what was asked and answered', async () => {
  const failureDestination = 'arn:aws:sqs:ap-southeast-1:123456789012:dead';
  const { functions, clock } = await start({ stubborn: { ...stubborn, failureDestination } });
  functions.invokeLater('stubborn', '{"failures":9}', 'test');
  await functions.idle();
  while (await clock.skipToNext());
  const [letter, ...more] = functions.deadLetters();
  expect(more).toEqual([]);
  expect(letter).toMatchObject({
    from: 'function',
    queueArn: failureDestination,
    reason: 'RetriesExhausted',
  });
  expect(JSON.parse(letter?.body ?? '')).toMatchObject({
    version: '1.0',
    requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 3 },
    requestPayload: { failures: 9 },
    responseContext: { statusCode: 200, functionError: 'Unhandled' },
    responsePayload: { errorType: 'Error', errorMessage: 'attempt 3' },
  });
});

it.each([
  [{ maximumRetryAttempts: 0 }, 1, 'RetriesExhausted'],
  [{ maximumRetryAttempts: 1 }, 2, 'RetriesExhausted'],
  [{ maximumEventAgeSeconds: 90 }, 2, 'EventAgeExceeded'],
])('%j ends after %d attempts: %s', async (changes, count, reason) => {
  const { functions, clock } = await start({ stubborn: { ...stubborn, ...changes } });
  functions.invokeLater('stubborn', '{"failures":9}', 'test');
  await functions.idle();
  while (await clock.skipToNext());
  expect(functions.deadLetters().map((letter) => letter.reason)).toEqual([reason]);
  expect(world === undefined ? 0 : (await attempts(world)).length).toBe(count);
});

it('idle waits for what runs and what was queued meanwhile, not for retries on the clock', async () => {
  const { functions } = await start({
    slow: {
      code: `export const handler = async () => { await new Promise((r) => setTimeout(r, 100)); throw new Error('no'); };`,
    },
  });
  await functions.idle();
  functions.invokeLater('slow', '{}', 'test');
  expect(functions.underWay()).toBe(1);
  const startedAt = performance.now();
  await functions.idle();
  expect(performance.now() - startedAt).toBeGreaterThan(100);
  expect(functions.underWay()).toBe(0);
});

it('a killed process answers as Lambda does, and its event is tried again', async () => {
  const { functions, clock, log } = await start({
    waits: {
      code: `export const handler = async () => { console.log('waiting'); await new Promise((r) => setTimeout(r, 3000)); };`,
    },
  });
  expect(functions.killCurrent('waits')).toBe(0);
  functions.invokeLater('waits', '{}', 'test');
  await until(async () => (await log('waits')).includes('waiting'));
  expect(functions.killCurrent('waits')).toBe(1);
  await functions.idle();
  expect(await log('waits')).toMatch(/Runtime exited with error: signal: killed/);
  expect(clock.next()?.what).toMatch(/^attempt 2 of waits/);
});

it('functions live in the time of the local clock: Date is moved, timers are not', async () => {
  const { functions, clock } = await start({
    dates: {
      code: `const loaded = Date.now();
        export const handler = async (_event, context) => {
          const before = performance.now();
          await new Promise((r) => setTimeout(r, 50));
          return { loaded, now: Date.now(), made: new Date().getTime(), text: Date(), fixed: new Date(0).toISOString(),
            utc: Date.UTC(2026, 0), parsed: Date.parse('2026-01-01'), is: new Date() instanceof Date,
            own: new Date().constructor === Date, name: Date.name, sub: new (class extends Date {})() instanceof Date,
            waited: performance.now() - before, left: context.getRemainingTimeInMillis() };
        };`,
    },
  });
  const ask = async () => JSON.parse((await functions.invoke('dates', '{}')).payload);
  const real = await ask();
  expect(Math.abs(real.now - Date.now())).toBeLessThan(1000);
  clock.at(new Date(Date.now() + 30 * 86_400_000), 'in a month', () => undefined);
  await clock.skipToNext();
  const moved = await ask();
  for (const time of [moved.now, moved.made, Date.parse(moved.text)])
    expect(Math.abs(time - clock.now().getTime())).toBeLessThan(2000);
  expect(moved).toMatchObject({
    loaded: real.loaded,
    fixed: '1970-01-01T00:00:00.000Z',
    utc: Date.UTC(2026, 0),
    parsed: Date.UTC(2026, 0),
    is: true,
    own: true,
    name: 'Date',
    sub: true,
  });
  expect(moved.waited).toBeLessThan(1000);
  expect(moved.left).toBeGreaterThan(3000);
});

it('offers what functions write in the embedded metric format', async () => {
  const line = `JSON.stringify({ _aws: { Timestamp: 1795467916136, CloudWatchMetrics: [{ Namespace: 'Lifeboat',
    Dimensions: [['plan'], ['plan', 'result']], Metrics: [{ Name: 'Runs', Unit: 'Count' }, { Name: 'Seconds' }] }] },
    plan: 'acme-web', result: 'partial', Runs: 1, Seconds: [2, 3] })`;
  const { functions, log } = await start({
    counts: {
      code: `export const handler = async () => { process.stdout.write(${line} + '\\n'); console.log('{"_aws": is no metric'); };`,
    },
  });
  await functions.invoke('counts', '{}');
  const time = new Date(1795467916136);
  const own = { namespace: 'Lifeboat', time };
  const plan = { plan: 'acme-web' };
  expect(functions.metrics()).toEqual([
    { ...own, dimensions: plan, name: 'Runs', unit: 'Count', value: 1 },
    { ...own, dimensions: plan, name: 'Seconds', unit: 'None', value: 2 },
    { ...own, dimensions: plan, name: 'Seconds', unit: 'None', value: 3 },
    { ...own, dimensions: { ...plan, result: 'partial' }, name: 'Runs', unit: 'Count', value: 1 },
    { ...own, dimensions: { ...plan, result: 'partial' }, name: 'Seconds', unit: 'None', value: 2 },
    { ...own, dimensions: { ...plan, result: 'partial' }, name: 'Seconds', unit: 'None', value: 3 },
  ]);
  await until(async () => (await log('counts')).includes('"_aws"'));
});

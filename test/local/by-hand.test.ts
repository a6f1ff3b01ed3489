import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { invoke } from './invoke.ts';
import { atRest, idOf, type NightLab, openNightLab } from './night-lab.ts';
import { planFile } from './packaged-service.ts';

const [first, second, pending] = [idOf(1), idOf(2), idOf(3)];

let lab: NightLab;
beforeAll(async () => {
  lab = await openNightLab({ instances: 3, files: 3 });
  await lab.boot();
  const third = lab.aws().fleet.get(pending);
  if (third !== undefined) {
    third.lifeCycleState = 'Pending';
    third.ping = 'absent';
  }
}, 180_000);
afterAll(() => lab.close());

/** Operations that the functions asked for while something was done. */
const operationsDuring = async (work: () => Promise<void>): Promise<readonly string[]> => {
  const before = lab.calls().length;
  await work();
  return lab
    .calls()
    .slice(before)
    .filter(({ caller }) => caller !== 'cli')
    .map(({ operation }) => operation);
};

const notBegun = async (event: unknown, message: RegExp): Promise<void> => {
  const operations = await operationsDuring(async () => {
    const { failed, answer } = await invoke(lab.aws(), 'dispatch', event);
    expect([failed, answer.errorMessage]).toEqual([true, expect.stringMatching(message)]);
  });
  for (const writing of ['PutObject', 'SendCommand', 'CreateSchedule'])
    expect(operations).not.toContain(writing);
};

describe('dispatch, invoked by hand', () => {
  test('answers at once which run it began, whom it expects, whom it reached and whom it left out and why', async () => {
    const { failed, answer } = await invoke(lab.aws(), 'dispatch', { plan: 'acme-web' });
    expect(failed).toBe(false);
    expect(answer).toMatchObject({
      run: expect.stringMatching(/^acme-web\/\d{8}T\d{6}Z-backup$/),
      state: 'running',
      expected: [first, second],
      reached: [first, second],
      skipped: [{ instance: pending, why: 'not in service yet (Pending)' }],
      problems: [],
    });
    const record = await lab.settle(String(answer.run));
    expect(record).toMatchObject({ result: 'protected', trigger: { kind: 'hand' } });
    expect(lab.slack.messages()[0]?.text).toContain('started by hand');
  }, 60_000);

  test('a dry run lists the fleet, and writes and sends nothing', async () => {
    await lab.pass(1_000);
    const before = lab.slack.messages().length;
    const operations = await operationsDuring(async () => {
      const { answer } = await invoke(lab.aws(), 'dispatch', { plan: 'acme-web', dryRun: true });
      expect(answer).toMatchObject({ state: 'dry-run', expected: [first, second], commands: [] });
      expect(await lab.record(String(answer.run))).toBeUndefined();
      await atRest(lab.aws());
    });
    expect(new Set(operations)).toEqual(
      new Set(['DescribeAutoScalingGroups', 'DescribeInstanceInformation']),
    );
    expect(lab.slack.messages()).toHaveLength(before);
  }, 60_000);

  test('named instances alone are backed up, and a name that is not in the fleet is answered', async () => {
    await lab.pass(1_000);
    const { answer } = await invoke(lab.aws(), 'dispatch', {
      plan: 'acme-web',
      instances: [second, 'i-0123456789abcdef0'],
    });
    expect(answer).toMatchObject({
      expected: [second],
      reached: [second],
      skipped: [{ instance: 'i-0123456789abcdef0', why: "not in the plan's fleet" }],
    });
    const record = await lab.settle(String(answer.run));
    expect(record).toMatchObject({
      scope: 'instances',
      result: 'protected',
      results: [{ instance: second }],
    });
    expect(lab.slack.messages().at(-1)?.text).toMatch(/1 named instance is good/);
  }, 60_000);

  test('a mistake begins nothing and says what to send', async () => {
    await notBegun({ plan: 'acme-wbe' }, /no plan "acme-wbe"\. Did you mean acme-web\?.*sls deploy/);
    await notBegun({}, /plan: is missing.*Send \{"plan":"acme-web"\}/);
    await notBegun({ plan: 'acme-web', dryrun: true }, /knows no dryrun.*"dryRun":true/);
    await notBegun({ plan: 'acme-web', instances: ['web-1'] }, /instances\.0: .*i-0123456789abcdef0/);
    await notBegun(
      { plan: 'acme-web', instances: ['i-0123456789abcdef0'] },
      /None of i-0123456789abcdef0 is in the fleet .* nothing was started.*"dryRun":true/,
    );
    await notBegun({ plan: 'acme-web', operation: 'final-backup' }, /final-backup is not offered by hand/);
    expect(lab.aws().deadLetters()).toEqual([]);
  }, 60_000);

  test('`npx sls invoke` does the same against local AWS', async () => {
    await lab.pass(1_000);
    const data = '{"plan":"acme-web"}';
    const { AWS_PROFILE: _, ...environment } = process.env;
    const { stdout, stderr, status } = await spawned(
      'npx',
      ['sls', 'invoke', '-f', 'dispatch', '--data', data],
      {
        ...environment,
        AWS_ENDPOINT_URL: lab.aws().endpoint,
        AWS_REGION: lab.aws().region,
        AWS_ACCESS_KEY_ID: 'person',
        AWS_SECRET_ACCESS_KEY: 'local',
        LIFEBOAT_PLAN_FILE: planFile,
      },
    );
    expect([status, stderr]).toEqual([0, expect.not.stringMatching(/error/i)]);
    const answer = JSON.parse(stdout);
    expect(answer).toMatchObject({ state: 'running', expected: [first, second], reached: [first, second] });
    expect(await lab.settle(answer.run)).toMatchObject({ result: 'protected' });
  }, 60_000);
});

describe('check, invoked by hand', () => {
  test('looks at the newest run of a plan, or at the run that is named', async () => {
    const newest = await invoke(lab.aws(), 'check', { plan: 'acme-web' });
    expect(newest.answer).toMatchObject({ state: 'closed', result: 'protected' });
    expect(await invoke(lab.aws(), 'check', { run: newest.answer.run })).toEqual(newest);
    expect((await invoke(lab.aws(), 'check', {})).answer.errorMessage).toMatch(/Send \{"run":/);
  }, 60_000);
});

type Ended = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

/** Without blocking: local AWS lives in this very process. */
const spawned = async (
  command: string,
  words: readonly string[],
  env: Readonly<NodeJS.ProcessEnv>,
): Promise<Ended> => {
  const child = spawn(command, words, { env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text;
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { status, ...said };
};

import { readFile, stat } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { LocalFleet } from '../../../local/contract.ts';
import {
  documentOf,
  eventually,
  instanceOf,
  type Lab,
  openLab,
  processesWith,
  settlesWithin,
} from './lab.ts';

let lab: Lab;
let fleet: LocalFleet;
beforeAll(async () => {
  lab = await openLab();
  fleet = await lab.start(await lab.specOf('i-0a'));
});
afterAll(() => lab.close());

const run = (script: string, inputs?: Readonly<Record<string, unknown>>) =>
  lab.run(fleet, 'i-0a', script, inputs);

describe('a script', () => {
  test('runs as the agent starts it: root, own group, short environment, where the agent lies', async () => {
    const { stdout, stderr, status, responseCode } = await run(
      'id -u\npwd\necho "$PATH"\necho "${HOME-no home}"\necho "$AWS_SSM_INSTANCE_ID $AWS_SSM_REGION_NAME"\ntest -t 0 || cat\nps -o pgid= -p $$ | tr -d " "; echo $PPID',
    );
    const [uid, cwd, path, home, ids, group, parent] = stdout.split('\n');
    expect([uid, cwd, home, ids]).toEqual(['0', '/usr/bin', 'no home', 'i-0a ap-southeast-1']);
    expect(path).toMatch(/^[a-z/:]{20,80}$/);
    expect(group).toBe(parent);
    expect({ stderr, status, responseCode }).toEqual({ stderr: '', status: 'Success', responseCode: 0 });
  });

  test('is interpreted by what its first line names', async () => {
    const { stdout } = await run('#!/usr/bin/env bash\nwords=(a b)\necho "${#words[@]}" "$BASH_SOURCE"');
    expect(stdout).toMatch(
      /^2 \/var\/lib\/amazon\/ssm\/i-0a\/document\/orchestration\/command-\d+\/backup\/_script\.sh\n$/,
    );
  });

  test('that fails is reported with its exit code, in the words of the agent', async () => {
    expect(await run('echo out; echo broken >&2; exit 10')).toMatchObject({
      status: 'Failed',
      responseCode: 10,
      stdout: 'out\n',
      stderr: 'broken\nfailed to run commands: exit status 10',
    });
  });

  test('that asks for a reboot is a failure that says so, and nothing runs after it', async () => {
    const step = (name: string, command: string) => ({
      action: 'aws:runShellScript',
      name,
      inputs: { runCommand: [command] },
    });
    const outputs = await instanceOf(fleet, 'i-0a').agent.run({
      commandId: 'reboot',
      document: { schemaVersion: '2.2', mainSteps: [step('first', 'exit 194'), step('second', 'echo ran')] },
      parameters: {},
    });
    expect(outputs.map(({ status, responseCode }) => [status, responseCode])).toEqual([
      ['Failed', 194],
      ['Skipped', 0],
    ]);
    expect(outputs[0]?.stderr).toContain('do not reboot');
  });

  test('that a signal ends is no time-out, one that exits with 137 is', async () => {
    expect(await run('kill -9 0')).toMatchObject({
      status: 'Failed',
      responseCode: -1,
    });
    expect(await run('exit 137')).toMatchObject({ status: 'TimedOut', responseCode: 137 });
  });

  test('may kill everything that it can reach without hanging the agent', async () => {
    expect((await run('kill -9 -1; sleep 100')).status).toBe('Failed');
    expect((await run('echo well')).stdout).toBe('well\n');
  });
});

describe('output', () => {
  test('of 100 MB is cut in the report and whole in the log', async () => {
    const output = await run(
      'head -c 100000000 /dev/zero | tr "\\0" x; head -c 9000 /dev/zero | tr "\\0" y >&2',
    );
    expect(output.stdout).toBe(`${'x'.repeat(23_980)}--output truncated--`);
    expect(output.stderr).toBe(`${'y'.repeat(7980)}--output truncated--`);
    expect((await stat(output.logs?.stdout ?? '')).size).toBe(100_000_000);
    expect(await readFile(output.logs?.stderr ?? '', 'utf8')).toBe('y'.repeat(9000));
  });

  test('that is not UTF-8 becomes text in the report and stays what it is in the log', async () => {
    const output = await run("printf 'a\\377\\376b'");
    expect(output.stdout).toBe('a\ufffd\ufffdb');
    expect([...(await readFile(output.logs?.stdout ?? ''))]).toEqual([0x61, 0xff, 0xfe, 0x62]);
  });

  test('may be written through /dev/stderr, and closed long before the end', async () => {
    expect((await run('echo aside >/dev/stderr; echo main | tee /dev/stdout >/dev/null')).stderr).toBe(
      'aside\n',
    );
    expect(await run('echo early; exec >&- 2>&-; sleep 0.2; exit 3')).toMatchObject({
      stdout: 'early\n',
      responseCode: 3,
    });
  });

  test('is waited for while a background process holds it, as the agent does', async () => {
    const before = Date.now();
    expect((await run('(sleep 0.5; echo late) & echo started')).stdout).toBe('started\nlate\n');
    expect(Date.now() - before).toBeGreaterThanOrEqual(500);
  });
});

test('what a script leaves in the background lives on, and what it leaves on the disk stays', async () => {
  await run('(sleep 0.4; echo done >/var/tmp/late) </dev/null >/dev/null 2>&1 &\necho now >/tmp/early');
  expect((await run('cat /tmp/early; cat /var/tmp/late 2>&1')).stdout).toMatch(/^now\ncat: /);
  await eventually('the background process finished', async () =>
    (await run('cat /var/tmp/late 2>/dev/null')).stdout.includes('done'),
  );
});

describe('the end of patience', () => {
  test('a time-out kills the process group, reports what was said, and misses what left the group', async () => {
    const [member, escapee] = [`1${process.pid}11`, `1${process.pid}22`];
    const running = run(`echo begun; setsid sleep ${escapee} & sleep ${member}`, { timeoutSeconds: '600' });
    await eventually('both sleep', async () => {
      const [members, escapees] = [await processesWith(member), await processesWith(escapee)];
      return lab.waiting().length > 0 && members > 0 && escapees > 0;
    });
    expect(lab.waiting()).toEqual(['i-0a: step backup times out']);
    lab.skipToNext();
    expect(await running).toMatchObject({
      status: 'TimedOut',
      statusDetails: 'ExecutionTimedOut',
      responseCode: 137,
      stdout: 'begun\n',
    });
    expect(await processesWith(member)).toBe(0);
    expect(await processesWith(escapee)).toBeGreaterThan(0);
    expect(lab.waiting()).toEqual([]);
  });

  test('a cancelled command is killed, and the steps after it do not run', async () => {
    const { agent } = instanceOf(fleet, 'i-0a');
    const [step] = documentOf('sleep 12345').mainSteps;
    const document = { schemaVersion: '2.2', mainSteps: [step, { ...step, name: 'next' }] };
    const running = agent.run({ commandId: 'cancelled', document, parameters: {} });
    await eventually('the step waits on the clock', () => lab.waiting().length > 0);
    agent.cancel('cancelled');
    expect((await running).map(({ status }) => status)).toEqual(['Cancelled', 'Cancelled']);
  });

  test('no trap runs', async () => {
    const running = run(
      '#!/usr/bin/env bash\ntrap "echo trapped >/var/tmp/trapped" EXIT TERM INT\nsleep 12345 & wait',
    );
    await eventually('the step waits on the clock', () => lab.waiting().length > 0);
    await new Promise((resolve) => setTimeout(resolve, 200));
    lab.skipToNext();
    await running;
    expect((await run('ls /var/tmp/trapped 2>&1; exit 0')).stdout).toContain('No such file');
  });
});

describe('a document', () => {
  const agent = () => instanceOf(fleet, 'i-0a').agent;

  test('hands its parameters over as text and as variables', async () => {
    const document = {
      ...documentOf('echo "{{ plain }}" "$SSM_careful"'),
      parameters: {
        plain: { type: 'String' },
        careful: { type: 'String', interpolationType: 'ENV_VAR' },
      },
    };
    const parameters = { plain: ['$(echo run)'], careful: ['$(echo run)'] };
    const [output] = await agent().run({ commandId: 'parameters', document, parameters });
    expect(output?.stdout).toBe('run $(echo run)\n');
  });

  test('that nobody can read is one failed step that says why', async () => {
    const outputs = await agent().run({ commandId: 'broken', document: { mainSteps: 1 }, parameters: {} });
    expect(outputs).toMatchObject([{ name: 'document', status: 'Failed', responseCode: 1 }]);
    expect(outputs[0]?.stderr).toContain('schema 2.2');
  });

  test('with exit codes and modifiers ends as they say', async () => {
    const step = (name: string, command: string, inputs = {}) => ({
      action: 'aws:runShellScript',
      name,
      inputs: { runCommand: [command], ...inputs },
    });
    const mainSteps = [
      step('fails', 'exit 5', { onFailure: 'successAndExit' }),
      step('skipped', 'echo no'),
      step('last', 'echo yes', { finallyStep: true }),
    ];
    const outputs = await agent().run({
      commandId: 'steered',
      document: { schemaVersion: '2.2', mainSteps },
      parameters: {},
    });
    expect(outputs.map(({ status, responseCode }) => [status, responseCode])).toEqual([
      ['Success', 168],
      ['Skipped', 0],
      ['Success', 0],
    ]);
  });
});

test('a stopped fleet reports nothing more', async () => {
  const other = await lab.start(await lab.specOf('i-0stop'));
  const running = lab.run(other, 'i-0stop', 'sleep 12345');
  await eventually('the step runs', () => lab.waiting().some((what) => what.startsWith('i-0stop')));
  await other.stop();
  expect(await settlesWithin(300, running)).toBe(false);
});

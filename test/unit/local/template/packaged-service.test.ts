import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startClock } from '../../../../local/clock.ts';
import type { LocalStack } from '../../../../local/contract.ts';
import { openDeadLetters } from '../../../../local/events/dead-letters.ts';
import { readPattern } from '../../../../local/events/pattern.ts';
import { startFunctions } from '../../../../local/lambda/function-runner.ts';
import { readExpression } from '../../../../local/scheduler/expression.ts';
import { readStack } from '../../../../local/template/read-stack.ts';

let directory: string;
let stack: LocalStack;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lifeboat-package-'));
  const packageDirectory = join(directory, 'package');
  const packaged = spawnSync('node_modules/.bin/sls', ['package', '--package', packageDirectory], {
    encoding: 'utf8',
  });
  if (packaged.status !== 0) throw new Error(`sls package failed: ${packaged.stdout}${packaged.stderr}`);
  stack = await readStack({ packageDirectory, codeDirectory: join(directory, 'code'), now: new Date() });
}, 120_000);
afterAll(() => rm(directory, { recursive: true }));

describe('the service as it is packaged', () => {
  it('has functions, a schedule for each plan, rules and documents that local AWS can play', () => {
    const arns = stack.functions.map(({ arn }) => arn);
    expect(stack.functions.map(({ name }) => name.split('-').at(-1))).toEqual(
      expect.arrayContaining(['dispatch', 'check']),
    );
    for (const { targetArn, expression, timezone } of stack.schedules) {
      expect(arns).toContain(targetArn);
      expect(() => readExpression(expression, timezone)).not.toThrow();
    }
    for (const { pattern, targets } of stack.rules) {
      expect(() => readPattern(pattern)).not.toThrow();
      for (const { arn } of targets) expect(arns).toContain(arn);
    }
    expect(stack.schedules.length * stack.rules.length * stack.documents.length).toBeGreaterThan(0);
  });

  it('keeps what fails: every function that nobody waits for has a failure destination', () => {
    for (const { name, failureDestination } of stack.functions)
      if (name.endsWith('-drilldown')) expect(failureDestination).toBeUndefined();
      else expect(failureDestination).toMatch(/^arn:aws:sqs:/);
  });

  it('loads every function in a process that has the bundle and nothing else', async () => {
    const clock = startClock();
    const functions = await startFunctions({
      functions: stack.functions,
      clock,
      region: stack.region,
      endpoint: () => 'http://127.0.0.1:9',
      environment: {},
      logDirectory: join(directory, 'logs'),
      scratchDirectory: join(directory, 'scratch'),
      deadLetters: openDeadLetters(),
    });
    try {
      for (const name of functions.names) {
        // An event that no function understands: it must get as far as saying so.
        const { payload, logTail } = await functions.invoke(name, '{"nonsense":true}');
        expect({ name, payload, loaded: /Init Duration/.test(logTail) }).toMatchObject({
          name,
          loaded: true,
        });
      }
    } finally {
      await functions.stop();
      clock.stop();
    }
  }, 60_000);
});

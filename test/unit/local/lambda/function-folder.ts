import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startClock } from '../../../../local/clock.ts';
import type { LocalClock, LocalFunction } from '../../../../local/contract.ts';
import { openDeadLetters } from '../../../../local/events/dead-letters.ts';
import { type LocalFunctions, startFunctions } from '../../../../local/lambda/function-runner.ts';

export type World = {
  readonly functions: LocalFunctions;
  readonly clock: LocalClock;
  readonly directory: string;
  readonly log: (name: string) => Promise<string>;
  readonly close: () => Promise<void>;
};

export type TestFunction = Partial<LocalFunction> & { readonly code: string };

/** Function processes for these modules (each with an export `handler`), below a temporary folder. */
export const startWorld = async (
  modules: Readonly<Record<string, TestFunction>>,
  environment: Readonly<Record<string, string>> = {},
): Promise<World> => {
  const directory = await mkdtemp(join(tmpdir(), 'lifeboat-lambda-'));
  const clock = startClock();
  const all = await Promise.all(
    Object.entries(modules).map(([name, test]) => makeFunction(directory, name, test)),
  );
  const logDirectory = join(directory, 'logs');
  const functions = await startFunctions({
    functions: all,
    clock,
    region: 'ap-southeast-1',
    endpoint: () => 'http://127.0.0.1:4566',
    environment,
    logDirectory,
    scratchDirectory: join(directory, 'scratch'),
    deadLetters: openDeadLetters(),
  });
  return {
    functions,
    clock,
    directory,
    // Not there yet before the first line is written.
    log: (name) => readFile(join(logDirectory, `${name}.log`), 'utf8').catch(() => ''),
    close: async () => {
      await functions.stop();
      clock.stop();
      await rm(directory, { recursive: true });
    },
  };
};

const makeFunction = async (directory: string, name: string, test: TestFunction): Promise<LocalFunction> => {
  const { code, ...changes } = test;
  const codeDirectory = join(directory, 'code', name);
  await mkdir(join(codeDirectory, 'functions'), { recursive: true });
  await writeFile(join(codeDirectory, 'functions', 'main.mjs'), code);
  return {
    name,
    arn: `arn:aws:lambda:ap-southeast-1:123456789012:function:${name}`,
    logicalId: name,
    codeDirectory,
    handler: 'functions/main.handler',
    timeoutSeconds: 5,
    memoryMegabytes: 256,
    environment: {},
    maximumRetryAttempts: 2,
    ...changes,
  };
};

/** Whether a process runs. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Waits until something holds, at most five seconds. */
export const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  for (let look = 0; look < 250; look += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('It never came true.');
};

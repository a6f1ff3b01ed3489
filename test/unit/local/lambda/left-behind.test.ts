import { type ChildProcess, spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { isAlive, startWorld, until, type World } from './function-folder.ts';

let world: World | undefined;
let parent: ChildProcess | undefined;
let functionPids: readonly number[] = [];
let directory: string | undefined;
afterEach(async () => {
  parent?.kill('SIGKILL');
  parent = undefined;
  // Where the promise is broken, the test itself must not leave them.
  for (const pid of functionPids.filter(isAlive)) process.kill(pid, 'SIGKILL');
  functionPids = [];
  if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  directory = undefined;
  await world?.close();
  world = undefined;
});

const folder = new URL('./function-folder.ts', import.meta.url).href;
/** Starts a process of its own as local AWS would be, whose functions write their pid and then never end. */
const parentOf = (code: string): string => `
  import { startWorld } from '${folder}';
  const world = await startWorld({ held: { code: ${JSON.stringify(code)}, timeoutSeconds: 60 } });
  world.functions.invokeLater('held', '{}', 'test');
  const look = setInterval(async () => {
    const pid = /PID (\\d+) (\\d*)/.exec(await world.log('held'));
    if (pid) { clearInterval(look); process.stdout.write(world.directory + ' ' + pid[0] + '\\n'); }
  }, 20);
  setInterval(() => undefined, 1000);`;

const pidsOf = async (code: string): Promise<readonly number[]> => {
  const args = ['--input-type=module-typescript', '--eval', parentOf(code)];
  const started = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  parent = started;
  const line = await new Promise<string>((resolve, reject) => {
    started.stdout.once('data', (chunk) => resolve(String(chunk)));
    started.once('exit', () => reject(new Error('The parent ended by itself.')));
  });
  const [, below, pids = ''] = /^(\S+) PID (.*)$/m.exec(line) ?? [];
  directory = below;
  functionPids = pids.trim().split(' ').map(Number);
  return functionPids;
};

const spinning = `export const handler = async () => { process.stdout.write('PID ' + process.pid + ' \\n'); for (;;); };`;
const waiting = `export const handler = async () => {
  process.stdout.write('PID ' + process.pid + ' \\n'); await new Promise((r) => setTimeout(r, 60_000)); };`;
const withChild = `import { spawn } from 'node:child_process';
  export const handler = async () => {
    const child = spawn('sleep', ['60'], { stdio: 'inherit' });
    process.stdout.write('PID ' + process.pid + ' ' + child.pid + '\\n'); await new Promise((r) => setTimeout(r, 60_000)); };`;

describe('no process is left behind', () => {
  it.each([
    ['SIGKILL', 'spins', spinning],
    ['SIGKILL', 'waits', waiting],
    ['SIGTERM', 'spins', spinning],
    ['SIGINT', 'waits', waiting],
  ] as const)('when whoever started it dies of %s while the function %s', async (signal, _what, code) => {
    const [pid = 0] = await pidsOf(code);
    expect(isAlive(pid)).toBe(true);
    parent?.kill(signal);
    await until(() => !isAlive(pid));
  });

  it('when the runner is stopped, together with what the function started', async () => {
    world = await startWorld({ held: { code: withChild, timeoutSeconds: 60 } });
    const { functions, log } = world;
    functions.invokeLater('held', '{}', 'test');
    let pids: readonly number[] = [];
    await until(async () => {
      pids =
        /PID (\d+) (\d+)/
          .exec(await log('held'))
          ?.slice(1)
          .map(Number) ?? [];
      return pids.length === 2;
    });
    await functions.stop();
    for (const pid of pids) await until(() => !isAlive(pid));
  });

  it('when the function ends itself and what it started holds its output open', async () => {
    const ending = withChild.replace('await new Promise((r) => setTimeout(r, 60_000));', 'process.exit(1);');
    world = await startWorld({ held: { code: ending } });
    const { logTail } = await world.functions.invoke('held', '{}');
    expect(logTail).toMatch(/exit status 1/);
    const [, child] = /PID \d+ (\d+)/.exec(logTail) ?? [];
    await until(() => !isAlive(Number(child)));
  });

  it('when an event arrives after the end', async () => {
    world = await startWorld({ quick: { code: `export const handler = async () => 1;` } });
    const { functions } = world;
    await functions.stop();
    await expect(functions.invoke('quick', '{}')).rejects.toThrow(/has been stopped/);
    functions.invokeLater('quick', '{}', 'test');
    await functions.idle();
    expect(functions.deadLetters()).toEqual([]);
  });
});

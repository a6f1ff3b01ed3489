import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { runCommandLine } from '../../../../examples/acme-webapp/command-line.ts';

let out = '';
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'acme-command-'));
});
afterEach(() => rmSync(out, { recursive: true, force: true }));

const run = async (...argv: readonly string[]) => {
  const said = { stdout: '', stderr: '' };
  const exitCode = await runCommandLine(
    argv,
    { write: (text) => (said.stdout += text) },
    { write: (text) => (said.stderr += text) },
  );
  return { exitCode, ...said };
};
const small = ['--students', '5', '--weeks', '2', '--instances', '2'];

test('writes the folders, says how many, and remembers how far ACME is', async () => {
  const { exitCode, stdout } = await run('--out', out, ...small);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/instance-1: \d+ files written/);
  expect(stdout).toContain('week 2 of 2025');
  expect(readdirSync(out).sort()).toEqual(['acme.json', 'instance-1', 'instance-2']);
  expect(JSON.parse(readFileSync(join(out, 'acme.json'), 'utf8')).state.lastWeek).toBe(2);
});

test('--next is another week, each time', async () => {
  await run('--out', out, ...small);
  await run('--out', out, '--next');
  const { exitCode, stdout } = await run('--out', out, '--next');
  expect(exitCode).toBe(0);
  expect(stdout).toContain('week 4 of 2025');
  const names = ['instance-1', 'instance-2'].flatMap((folder) => readdirSync(join(out, folder)));
  expect(names.filter((name) => name.endsWith('_04_2025.pdf'))).toHaveLength(5);
});

test.each([
  [['--out', 'DIR', '--studnets', '5'], 'Did you mean --students?'],
  [['--students', '5'], '--out DIR is missing'],
  [['--out', 'DIR', '--students', 'many'], '--students takes a whole number, not "many"'],
  [['--out', 'DIR', '--file-size', '12'], '4096'],
  [['--out', 'DIR', '--next'], 'without --next'],
  [['--out', 'DIR', 'more'], "Unexpected argument 'more'"],
])('%j is bad usage, told in one line', async (argv, message) => {
  const { exitCode, stdout, stderr } = await run(...argv.map((word) => (word === 'DIR' ? out : word)));
  expect(exitCode).toBe(2);
  expect(stderr).toContain(message);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stdout).toBe('');
  expect(readdirSync(out)).toEqual([]);
});

test('a second start does not bring back what students withdrew', async () => {
  await run('--out', out, ...small);
  const { exitCode, stderr } = await run('--out', out, ...small);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--next');
});

test('what is fixed from the first time cannot be changed with --next', async () => {
  await run('--out', out, ...small);
  const { exitCode, stderr } = await run('--out', out, '--next', '--students', '6');
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--students cannot be given with --next');
});

test('a damaged acme.json is named', async () => {
  writeFileSync(join(out, 'acme.json'), '{"instances":2,"state":{"acme":1}}');
  const { exitCode, stderr } = await run('--out', out, '--next');
  expect(exitCode).toBe(1);
  expect(stderr).toContain('acme.json is damaged');
});

test('--help lists every option', async () => {
  const { exitCode, stdout } = await run('--help');
  expect(exitCode).toBe(0);
  for (const option of ['--out', '--next', '--file-size', '--from-week', '--seed'])
    expect(stdout).toContain(option);
});

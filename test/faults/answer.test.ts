import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { causeOfExitCode } from '../../functions/pipeline/causes.ts';
import {
  instanceId,
  lineOf,
  makeInstance,
  night,
  pointOf,
  protectedLine,
  type TestInstance,
  textOf,
} from './instance.ts';
import { manifestOf } from './share-reader.ts';

let instance: TestInstance;
beforeEach(() => {
  instance = makeInstance();
  writeFileSync(join(instance.upload, 'a'), 'content');
});
afterEach(() => instance.remove());

/** Puts a program of this name first in PATH, and answers the environment for it. */
const instead = (name: string, script: string): Record<string, string> => {
  const bin = join(instance.folder, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, name), `#!/bin/bash\n${script}\n`, { mode: 0o755 });
  return { PATH: `${bin}:${process.env.PATH}` };
};

describe('exactly one line, whatever happens', () => {
  test('a protected instance says what it saved', async () => {
    const line = protectedLine(await instance.run(night(1)));
    expect(line).toMatchObject({
      operation: 'backup',
      run: night(1),
      instance: instanceId,
      outcome: 'protected',
      files: 1,
      bytes: 7,
      changed: 1,
      deleted: 0,
      copiedBytes: 7,
      recoveryPoint: `acme-web/${instanceId}/${pointOf(night(1))}`,
      warnings: [],
    });
    expect(JSON.parse(textOf(instance.state, 'progress'))).toEqual({
      run: night(1),
      phase: 'manifest',
      files: 1,
      totalFiles: 1,
      bytes: 7,
      totalBytes: 7,
    });
  });

  test('tells how much room the share has, and is protected all the same where the share does not say', async () => {
    const line = protectedLine(await instance.run(night(1)));
    expect(line.shareBytes).toBeGreaterThan(line.shareFreeBytes ?? Number.NaN);
    for (const script of ['exit 1', 'echo nonsense', 'printf "Avail Size\\n - -\\n"']) {
      const silent = protectedLine(await instance.run(night(2), { environment: instead('df', script) }));
      expect(silent).not.toHaveProperty('shareBytes');
    }
  });

  test('a parameter that is not accepted names itself', async () => {
    const wrong = {
      source: ['relative', '/mnt/../etc', '/mnt/up\nload', '/mnt/"x"', '/'],
      share: ['', '/mnt/./share'],
      shareId: ['a b'],
      maxShrinkPercent: ['101', '-1', 'x'],
      allowShrink: ['maybe'],
      mayBeEmpty: [''],
    };
    for (const [name, values] of Object.entries(wrong))
      for (const value of values) {
        const ended = await instance.run(night(1), { parameters: { [name]: value } });
        expect(lineOf(ended)).toMatchObject({
          cause: 'bad-parameter',
          detail: expect.stringMatching(`^${name}: `),
        });
      }
    for (const run of [
      'acme-web',
      '../x/20261101T180000Z-backup',
      'acme-web/20261101T180000Z-restore',
      'a/20261101T180000Z-backup',
    ])
      expect(lineOf(await instance.run(run))).toMatchObject({ run, cause: 'bad-parameter' });
  }, 60_000);

  test('an instance without an id, and an id that is no name', async () => {
    const none = await instance.run(night(1), { environment: { AWS_SSM_INSTANCE_ID: '' } });
    expect(lineOf(none)).toMatchObject({ instance: '', cause: 'bad-parameter' });
    const hostile = await instance.run(night(1), { environment: { AWS_SSM_INSTANCE_ID: '../"x"\n$(id)' } });
    expect(lineOf(hostile)).toMatchObject({ instance: '../%22x%22%0A$(id)', cause: 'bad-parameter' });
  });

  test('without the agent, cloud-init knows the id', async () => {
    const file = join(instance.folder, 'instance-id');
    writeFileSync(file, 'i-0fedcba9876543210\n');
    const line = lineOf(
      await instance.run(night(1), {
        environment: { AWS_SSM_INSTANCE_ID: '' },
        sandbox: ['--tmpfs', '/var/lib', '--ro-bind', file, '/var/lib/cloud/data/instance-id'],
      }),
    );
    expect(line).toMatchObject({ instance: 'i-0fedcba9876543210', outcome: 'protected' });
  });

  test('a program that is missing is named', async () => {
    const bin = join(instance.folder, 'few');
    mkdirSync(bin);
    const few = ['--tmpfs', '/opt', '--ro-bind', bin, '/opt/bin', '--ro-bind', '/dev/null', '/usr/bin/split'];
    expect(lineOf(await instance.run(night(1), { sandbox: few }))).toMatchObject({
      cause: 'tool-missing',
      detail: 'split',
    });
  });

  test('state that cannot be written', async () => {
    const ended = await instance.run(night(1), { sandbox: ['--ro-bind', instance.state, '/mnt/state'] });
    expect(lineOf(ended).cause).toBe('state-unwritable');
    const full = await instance.run(night(1), { sandbox: ['--size', '4096', '--tmpfs', '/mnt/state'] });
    expect(lineOf(full).cause).toBe('state-unwritable');
    for (let i = 0; i < 2000; i++)
      writeFileSync(join(instance.upload, `a-rather-long-name-to-fill-the-disk-${i}`), '');
    const later = await instance.run(night(1), { sandbox: ['--size', '262144', '--tmpfs', '/mnt/state'] });
    expect(lineOf(later).cause).toBe('state-unwritable');
  });

  test('an error that no line foresaw tells where and what', async () => {
    const ended = await instance.run(night(1), { environment: instead('join', 'exit 7') });
    expect(lineOf(ended)).toMatchObject({
      cause: 'document-failed',
      detail: expect.stringMatching(/line \d+ ended with 7: /),
    });
    expect(causeOfExitCode(ended.code ?? -1)).toBe('document-failed');
  });

  test('what programs print never comes before the line', async () => {
    const ended = await instance.run(night(1), {
      environment: instead('sync', 'echo noise; exec /usr/bin/sync "$@"'),
    });
    protectedLine(ended);
    expect(ended.stderr).toContain('noise');
  });

  test('very many warnings with very long names stay within 1,800 bytes', async () => {
    for (const kind of ['p', 's'])
      for (let i = 0; i < 3; i++) await mkfifo(join(instance.upload, `${kind}${'"\\\u00e9'.repeat(50)}${i}`));
    const line = protectedLine(await instance.run(night(1)));
    expect(line.warnings).toEqual([
      { cause: 'special-file', count: 6, example: expect.stringMatching(/^p%22%5C%C3%A9.*\.\.\.$/) },
    ]);
    expect(manifestOf(instance.base, pointOf(night(1)))).toHaveLength(7);
    expect(existsSync(join(instance.base, 'current/p'))).toBe(false);
  });
});

const mkfifo = (path: string): Promise<unknown> =>
  new Promise((resolve) => spawn('mkfifo', [path]).on('close', resolve));

describe('one at a time, and an end that is told', () => {
  /** tar that says it has begun, and waits. */
  const waiting = (): Record<string, string> => instead('tar', 'echo $$ >/mnt/state/waiting; exec sleep 60');
  const until = async (path: string): Promise<void> => {
    while (!existsSync(path)) await new Promise((resolve) => setTimeout(resolve, 20));
  };

  test('a second run says that another one works, also from another machine', async () => {
    let pid = 0;
    const first = instance.run(night(1), {
      environment: waiting(),
      started: (id) => {
        pid = id;
      },
    });
    await until(join(instance.state, 'waiting'));
    expect(lineOf(await instance.run(night(2)))).toMatchObject({ cause: 'already-running' });
    const elsewhere = await instance.run(night(2), { environment: { LIFEBOAT_STATE_DIR: '/mnt/other' } });
    expect(lineOf(elsewhere)).toMatchObject({ cause: 'already-running' });
    process.kill(pid, 'SIGKILL');
    expect((await first).stdout).toBe('');
    expect(protectedLine(await instance.run(night(2)))).toMatchObject({ files: 1, changed: 1 });
  });

  test.each(['TERM', 'INT'])('SIG%s ends it at once with a line, and the next run heals', async (signal) => {
    // The script is the eldest of the processes that run it: streams are its children.
    const script = `eldest=$$
    for each in /proc/[0-9]*; do
      if tr '\\0' ' ' <"$each/cmdline" | grep -q '^bash .*/script-' && ((\${each##*/} < eldest)); then eldest=\${each##*/}; fi
    done
    kill -${signal} "$eldest"
    exec sleep 60`;
    const environment = instead('tar', script);
    const before = Date.now();
    const ended = await instance.run(night(1), { environment });
    expect(Date.now() - before).toBeLessThan(20_000);
    expect(lineOf(ended)).toMatchObject({
      outcome: 'failed',
      cause: 'interrupted',
      detail: `signal ${signal}`,
    });
    expect(causeOfExitCode(ended.code ?? -1)).toBe('interrupted');
    protectedLine(await instance.run(night(1)));
  });
});

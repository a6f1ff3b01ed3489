import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { capture, cut } from '../../../local/fleet/step-output.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-output-'));
});
afterAll(() => rm(folder, { recursive: true }));

const mark = '--output truncated--';

describe('what the agent keeps of an output', () => {
  test('is the whole below the limit, and never more than the limit', () => {
    expect(cut(Buffer.from('x'.repeat(99)), 100)).toBe('x'.repeat(99));
    expect(cut(Buffer.from('x'.repeat(100)), 100)).toBe('x'.repeat(80) + mark);
    expect(cut(Buffer.from('x'.repeat(1000)), 100)).toHaveLength(100);
  });

  test('is text whatever the bytes are', () => {
    expect(cut(Buffer.from([0x61, 0xff, 0xfe, 0x62]), 100)).toBe('a\ufffd\ufffdb');
    expect(cut(Buffer.from('é'.repeat(100)), 101)).toBe(`${'é'.repeat(40)}\ufffd${mark}`);
  });
});

describe('a captured stream', () => {
  test('is whole on disk and short in memory', async () => {
    const path = join(folder, 'whole');
    const chunks = Array.from({ length: 300 }, (_, index) => Buffer.alloc(1000, index));
    const captured = await capture(Readable.from(chunks), path, 8000);
    await captured.done;
    await captured.finish('and this');
    expect(captured.text()).toHaveLength(8000);
    expect((await readFile(path)).equals(Buffer.concat([...chunks, Buffer.from('and this')]))).toBe(true);
  });

  test("carries the agent's own words behind the step's", async () => {
    const captured = await capture(Readable.from([Buffer.from('a\n')]), join(folder, 'words'), 8000);
    await captured.done;
    await captured.finish('failed');
    expect(captured.text()).toBe('a\nfailed');
  });

  test('that never ends can be left, and keeps what came before', async () => {
    const stream = new PassThrough();
    const captured = await capture(stream, join(folder, 'endless'), 8000);
    stream.write('half a ');
    await new Promise((resolve) => setTimeout(resolve, 50));
    captured.leave();
    await captured.done;
    await captured.finish('');
    expect(captured.text()).toBe('half a ');
    expect(stream.destroyed).toBe(true);
  });
});

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { causeIds, causeOfExitCode, causes, isCauseId } from '../../../functions/pipeline/causes.ts';
import type { Invocation } from '../../../functions/pipeline/doors.ts';
import { whatItSaid } from '../../../functions/pipeline/instance-line.ts';
import { lineOf, theRun } from './memory-world.ts';

const invocation = (changes: Partial<Invocation>): Invocation => ({
  instance: 'i-00000001',
  status: 'Success',
  statusDetails: 'Success',
  responseCode: 0,
  output: lineOf('i-00000001'),
  ...changes,
});
const said = (changes: Partial<Invocation>) => whatItSaid(invocation(changes), theRun);

describe('the line of an instance', () => {
  test('a good line with exit code 0 protects, with its figures', () => {
    expect(said({})).toMatchObject({ kind: 'protected', report: { files: 3200, copiedBytes: 20_000 } });
  });

  test('the room on the share is believed where both figures are there, as large as EFS says', () => {
    const room = { shareFreeBytes: 2 ** 63 - 2 ** 21, shareBytes: 2 ** 63 - 2 ** 20 };
    expect(said({ output: lineOf('i-00000001', room) })).toMatchObject({ kind: 'protected', report: room });
    const half = said({ output: lineOf('i-00000001', { shareFreeBytes: 1 }) });
    expect(half).toMatchObject({
      kind: 'protected',
      report: expect.not.objectContaining({ shareFreeBytes: 1 }),
    });
  });

  test('what the agent appends behind the line does not matter', () => {
    const output = `${lineOf('i-00000001')}\n----------ERROR-------\nscan: 3,200 files\n---Error truncated----`;
    expect(said({ output }).kind).toBe('protected');
  });

  test.each([
    ['nothing', '', 0],
    ['text', 'Segmentation fault', 139],
    ['a cut line', lineOf('i-00000001').slice(0, 90), 0],
    ['a line about another instance', lineOf('i-00000002'), 0],
    ['a line about another run', lineOf('i-00000001', { run: 'acme-web/20261122T180000Z-backup' }), 0],
    ['success with exit code 1', lineOf('i-00000001'), 1],
    ['a cause that is not in the list', lineOf('i-00000001', { outcome: 'failed', cause: 'bad-luck' }), 9],
    ['files that are no number', lineOf('i-00000001', { files: '3200' }), 0],
    ['a negative count', lineOf('i-00000001', { files: -1 }), 0],
  ])('%s is no report', (_, output, responseCode) => {
    expect(said({ output, responseCode })).toMatchObject({ kind: 'failed', cause: 'no-report' });
  });

  test('without a line the exit code carries the cause', () => {
    for (const id of causeIds) {
      const { exitCode } = causes[id] as { exitCode?: number };
      if (exitCode !== undefined)
        expect(said({ output: '', responseCode: exitCode })).toEqual({ kind: 'failed', cause: id });
    }
  });

  test('property: whatever an instance prints, the answer is one of ours and only a true line protects', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc
        .dictionary(
          fc.constantFrom('lifeboat', 'run', 'instance', 'outcome', 'files', 'cause', 'warnings'),
          fc.jsonValue(),
        )
        .map((value) => JSON.stringify(value)),
      fc
        .record({ files: fc.jsonValue(), warnings: fc.jsonValue(), cause: fc.jsonValue() })
        .map((changes) => lineOf('i-00000001', changes)),
    );
    fc.assert(
      fc.property(anything, fc.integer({ min: -1, max: 255 }), (output, responseCode) => {
        const answer = said({ output, responseCode });
        if (answer.kind === 'failed') expect(isCauseId(answer.cause)).toBe(true);
        else {
          expect(responseCode).toBe(0);
          expect(JSON.parse(output.split('\n')[0] ?? '')).toMatchObject({
            run: theRun,
            instance: 'i-00000001',
          });
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('the list of causes', () => {
  test('exit codes are unique, never 194, and clear of the shell and of rsync', () => {
    const codes = causeIds.flatMap((id) => {
      const { exitCode } = causes[id] as { exitCode?: number };
      return exitCode === undefined ? [] : [exitCode];
    });
    expect(new Set(codes).size).toBe(codes.length);
    for (const code of codes) expect(code >= 10 && code < 100).toBe(true);
    expect(causeOfExitCode(194)).toBeUndefined();
  });

  test('each says what happened and what to do, in sentences', () => {
    for (const id of causeIds) {
      expect(causes[id].sentence).toMatch(/^[A-Z].*\.$/);
      expect(causes[id].remedy.length).toBeGreaterThan(20);
    }
  });
});

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { escapeHtml } from '../../../functions/pages/html.ts';
import { runReport } from '../../../functions/pages/run-report.ts';
import type { InstanceResult, RunRecord } from '../../../functions/pipeline/run-record.ts';

const record = (results: readonly InstanceResult[], changes: Partial<RunRecord> = {}): RunRecord => ({
  lifeboat: 1,
  run: 'acme-web/20261123T180000Z-backup',
  plan: 'acme-web',
  operation: 'backup',
  trigger: { kind: 'schedule', requestId: 'r1' },
  state: 'closed',
  scope: 'fleet',
  scheduledTime: '2026-11-23T18:00:00.000Z',
  startedAt: '2026-11-23T18:00:01.000Z',
  deadline: '2026-11-23T21:00:01.000Z',
  closedAt: '2026-11-23T18:01:00.000Z',
  skipped: [],
  problems: [],
  commands: [],
  parameters: { allowShrink: false },
  notices: [],
  result: 'partial',
  results,
  ...changes,
});

const good: InstanceResult = {
  instance: 'i-00000001',
  outcome: 'protected',
  attempts: 1,
  expected: true,
  reached: true,
};
const bad = (detail: string): InstanceResult => ({
  ...good,
  instance: 'i-00000002',
  outcome: 'failed',
  cause: 'source-empty',
  detail,
});

const reportOf = (of: RunRecord) => runReport(of, { runbook: 'docs/runbook.md', timezone: 'Asia/Singapore' });

describe('the page of a run', () => {
  test('a partial night is called partly protected, with cause and remedy of what is not', () => {
    const page = reportOf(record([good, bad('')]));
    expect(page).toContain('Partly protected: 1 of 2 instances.');
    expect(page).toContain('source-empty');
    expect(page).toContain('Mount the data volume.');
  });

  test('a prune says whose recovery points went because the instance is gone', () => {
    const prune = { points: 9, kept: 7, removed: 2, removedFiles: 40, removedBytes: 4_000 };
    const gone = { instances: ['i-0000dead'], points: 12, files: 90, bytes: 70_000 };
    const figures = { files: 0, bytes: 0, changed: 0, deleted: 0, copiedBytes: 0, seconds: 1 };
    const report = { ...figures, recoveryPoint: '', warnings: [], prune: { ...prune, gone } };
    const page = reportOf(record([{ ...good, report }], { operation: 'prune', result: 'protected' }));
    expect(page).toContain(
      '2 recovery points with 40 files of 4 kB went; 12 recovery points of i-0000dead, gone from the fleet: 70 kB.',
    );
  });

  test('nothing that an instance says becomes markup', () => {
    const page = reportOf(record([bad('<script>alert(1)</script>')]));
    expect(page).not.toContain('<script');
    expect(page).toContain('&#60;script&#62;');
  });

  test('property: no text changes the elements of the page', () => {
    const tags = (page: string) => page.match(/<[a-z/!][^>]*>/g);
    const empty = tags(reportOf(record([bad('x')])));
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (detail) => {
        expect(tags(reportOf(record([bad(`x${detail}`)])))).toEqual(empty);
      }),
    );
  });

  test('direction overrides and control characters are shown, not obeyed', () => {
    expect(escapeHtml('a\u202egnp.exe\u0007')).toBe('a\\u202egnp.exe\\u0007');
  });
});

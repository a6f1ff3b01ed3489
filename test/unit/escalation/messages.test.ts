import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { longestTitle, type Message, plain } from '../../../functions/escalation/message.ts';
import { messageOf } from '../../../functions/escalation/messages.ts';
import { causeIds, causes } from '../../../functions/pipeline/causes.ts';
import type { Notice } from '../../../functions/pipeline/doors.ts';
import type { NoticeKind } from '../../../functions/pipeline/run-record.ts';
import { aNotice, anIncident, aRecord, instanceId, safe, unsafe } from './a-notice.ts';

const words = ({ parts }: Message): string =>
  parts
    .map((part) => (part.kind === 'paragraph' ? plain(part.line) : part.items.map(plain).join('\n')))
    .join('\n');

const urls = ({ parts }: Message): readonly string[] =>
  parts
    .flatMap((part) => (part.kind === 'paragraph' ? part.line : part.items.flat()))
    .flatMap((span) => (span.kind === 'link' ? span.url : []));

describe('a night on which some instances failed', () => {
  const message = messageOf(
    aNotice('failed', [
      safe(1),
      safe(2),
      unsafe(3, 'share-full', { detail: 'rsync: No space left (28)', attempts: 2 }),
    ]),
  );

  test('is called neither lost nor good: the title counts both', () => {
    expect(message.title).toBe('acme-web: 2 of 3 instances are protected, 1 is not');
  });

  test('says which instance, why, what to do, what it said, and where to read on', () => {
    expect(words(message)).toContain(instanceId(3));
    expect(words(message)).toContain(causes['share-full'].sentence);
    expect(words(message)).toContain(causes['share-full'].remedy);
    expect(words(message)).toContain('rsync: No space left (28)');
    expect(words(message)).toContain('tried twice');
    expect(urls(message)).toContainEqual(expect.stringMatching(/runbook\.md#share-full$/));
  });

  test('names the instance in the one line that a notification shows', () => {
    expect(message.summary).toContain(instanceId(3));
  });

  test('tells in this order: what is not protected, the cause, the remedy, figures, links', () => {
    const all = words(message);
    const places = [
      instanceId(3),
      causes['share-full'].sentence,
      causes['share-full'].remedy,
      'files safe',
      'Report',
    ];
    const found = places.map((place) => all.indexOf(place));
    expect(found).toEqual(found.toSorted((one, other) => one - other));
    expect(found).not.toContain(-1);
  });
});

test('a night without any protected instance says so, for one and for many', () => {
  expect(messageOf(aNotice('failed', [unsafe(1)])).title).toBe(
    'acme-web: backup failed, its instance is not protected',
  );
  expect(messageOf(aNotice('failed', [unsafe(1), unsafe(2)])).title).toBe(
    'acme-web: backup failed, none of 2 instances is protected',
  );
});

test('2,000 instances are grouped by cause, with few names and the right counts', () => {
  const results = Array.from({ length: 2000 }, (_, n) =>
    n % 2 === 0 ? safe(n) : unsafe(n, causeIds[n % 20] ?? 'no-report', { outcome: 'failed' }),
  );
  const message = messageOf(aNotice('failed', results));
  expect(message.title).toBe('acme-web: 1,000 of 2,000 instances are protected, 1,000 are not');
  expect(words(message)).toContain('100 instances not protected');
  expect(words(message)).toContain('and 92 more');
  expect(words(message).length).toBeLessThan(8000);
});

test('every cause, alone or among others, is named', () => {
  const all = causeIds.map((cause, n) => unsafe(n, cause));
  const message = words(messageOf(aNotice('failed', all)));
  for (const cause of causeIds) expect(message).toContain(cause);
});

test('an instance that was expected and not reached, or left out, is never passed over in silence', () => {
  const record = aRecord([safe(1), { ...unsafe(2), reached: false }], {
    skipped: [{ instance: instanceId(9), why: 'it is in Standby' }],
  });
  for (const kind of ['failed', 'succeeded', 'recovered'] as const) {
    const message = words(messageOf(aNotice(kind, [], { record })));
    expect(message).toContain('Expected 2 instances, reached 1.');
    expect(message).toContain('Left out 1 instance');
    expect(message).toContain('it is in Standby');
  }
});

test('a fleet that does not exist is told as that', () => {
  const record = aRecord([], {
    result: 'failed',
    problems: ['The Auto Scaling group acme-web does not exist.'],
  });
  const message = messageOf(aNotice('failed', [], { record }));
  expect(message.title).toContain('failed');
  expect(words(message)).toContain('The Auto Scaling group acme-web does not exist.');
});

test('a good night is one short line that holds its warnings', () => {
  const warnings = [{ cause: 'file-vanished', count: 3, example: '17_4_2026.pdf' }] as const;
  const message = messageOf(aNotice('succeeded', [safe(1), safe(2, warnings)]));
  expect(message.hasTitle).toBe(false);
  expect(message.parts).toHaveLength(1);
  expect(words(message)).toContain('all 2 instances is good');
  expect(words(message)).toContain('3 × file-vanished (for instance 17_4_2026.pdf)');
});

test('warnings of the same kind are added up over the fleet', () => {
  const results = Array.from({ length: 500 }, (_, n) =>
    safe(n, [{ cause: 'owners-not-kept', count: 10, example: 'x' }]),
  );
  expect(words(messageOf(aNotice('succeeded', results)))).toContain('5,000 × owners-not-kept');
});

test('a fleet without instances is not a failure and not a good backup', () => {
  expect(words(messageOf(aNotice('succeeded', [])))).toContain('nothing to protect');
});

test('a recovery says since when it was bad and for how many runs', () => {
  const incident = anIncident({ failingRuns: 4, openedAt: '2026-11-20T18:00:16.000Z' });
  const message = messageOf(aNotice('recovered', [safe(1)], { incident }));
  expect(message.title).toContain('protected again');
  expect(words(message)).toContain('Sat, 21 Nov 2026, 02:00 (Asia/Singapore)');
  expect(words(message)).toContain('4 runs');
});

test('a failure that goes on says since when', () => {
  const incident = anIncident({ failingRuns: 3 });
  expect(words(messageOf(aNotice('failed', [unsafe(1)], { incident })))).toContain('3 runs until now');
});

test('a run of named instances does not hide those that failed before', () => {
  const incident = anIncident({ instances: [instanceId(1), instanceId(7)] });
  const record = aRecord([unsafe(1)], { scope: 'instances' });
  const message = messageOf(aNotice('failed', [], { incident, record }));
  expect(message.title).toContain('named instance');
  expect(words(message)).toContain(`not protected since an earlier one: ${instanceId(7)}`);
  const points = [{ instance: instanceId(7), cause: 'share-full', atRisk: false }] as const;
  expect(words(messageOf(aNotice('failed', [], { incident, record, points })))).toContain(
    `${instanceId(7)} (share-full).`,
  );
});

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc.constantFrom(
    '<!channel>',
    '*bold*',
    '`',
    '\n\n',
    '\u202egnp.exe',
    '\ud800',
    'x'.repeat(10_000),
    '\u0000\u001b[31m',
  ),
);

test('whatever instances say: one line each, no control characters, no lone surrogates, a title that fits', () => {
  const kinds: readonly NoticeKind[] = ['started', 'succeeded', 'failed', 'recovered'];
  fc.assert(
    fc.property(hostile, hostile, fc.constantFrom(...kinds), (detail, example, kind) => {
      const message = messageOf(
        aNotice(kind, [
          unsafe(1, 'copy-failed', { detail, instance: detail }),
          safe(2, [{ cause: 'file-changed', count: 1, example }]),
        ]),
      );
      const all = [message.title, message.summary, ...words(message).split('\n')].join('');
      expect(all).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      expect(message.title.length).toBeLessThanOrEqual(longestTitle);
      expect(all.length).toBeLessThan(4000);
    }),
  );
});

describe('the newest recovery points of what is not protected', () => {
  const point = (day: number) => `2026-11-${day}T18:00:00.000Z`;
  const said = (points: Notice['points'], results = [safe(1), unsafe(2)]) =>
    words(messageOf(aNotice('failed', results, points === undefined ? {} : { points })));

  test('stand before the cause, for one', () => {
    const all = said([{ instance: instanceId(2), point: point(22), atRisk: true }]);
    const places = ['Newest recovery point: ', 'At risk: ', causes['agent-offline'].sentence, 'Runbook'];
    const found = places.map((place) => all.indexOf(place));
    expect(found).toEqual(found.toSorted((one, other) => one - other));
    expect(found).not.toContain(-1);
    expect(all).toContain(
      `Newest recovery point: ${instanceId(2)} Mon, 23 Nov 2026, 02:00 (Asia/Singapore).`,
    );
    expect(all).toContain("At risk: the data is older than the plan's objective of 28h allows.");
  });

  test('are the oldest and the newest for 2,000, with those that have none', () => {
    const points = Array.from({ length: 2_000 }, (_, n) => ({
      instance: instanceId(n),
      ...(n < 12 ? {} : { point: point(10 + Math.floor(n / 200)) }),
      atRisk: n < 500,
    }));
    const all = said(points);
    expect(all).toContain('12 without any recovery point: ');
    expect(all).toContain('and 9 more. If it is lost now, nothing comes back.');
    expect(all).toContain(`from Wed, 11 Nov 2026, 02:00 (Asia/Singapore) (${instanceId(12)}) to Fri, 20 Nov`);
    expect(all).toContain('At risk: the data of 500 of them is older');
    expect(all.length).toBeLessThan(4_000);
  });
});

test.each([
  [3, '2026-11-21T18:00:16.000Z', 'third night in a row'],
  [12, '2026-11-12T18:00:16.000Z', '12th night in a row'],
  [9, '2026-11-21T18:00:16.000Z', 'third day, 9 bad runs'],
])('a reminder counts: %d bad runs since %s', (failingRuns, openedAt, count) => {
  const incident = anIncident({ failingRuns, openedAt });
  const message = messageOf(aNotice('reminded', [safe(1), unsafe(2)], { incident }));
  expect(message.title).toBe(`acme-web: ${count}, 1 of 2 instances is protected, 1 is not`);
});

describe('a run that a person cancelled', () => {
  const cancelled = { at: '2026-11-23T18:00:10.000Z', requestId: 'p1', why: 'the <share> moves' };
  const messageFor = (results: Parameters<typeof aRecord>[0], why?: string) =>
    messageOf(
      aNotice('failed', results, {
        record: aRecord(results, {
          cancelled: { at: cancelled.at, requestId: 'p1', ...(why === undefined ? {} : { why }) },
        }),
      }),
    );

  test('is called so in the title, whether some or none are protected, and never failed', () => {
    expect(messageFor([safe(1), unsafe(2, 'cancelled')]).title).toBe(
      'acme-web: backup cancelled by a person, 1 of 2 instances is protected, 1 is not',
    );
    expect(messageFor([unsafe(1, 'cancelled'), unsafe(2, 'cancelled')]).title).toBe(
      'acme-web: backup cancelled by a person, none of 2 instances is protected',
    );
    expect(messageFor([unsafe(1, 'cancelled')]).title).toBe(
      'acme-web: backup cancelled by a person, its instance is not protected',
    );
  });

  test('says when and why, in the words of the person', () => {
    expect(words(messageFor([unsafe(1, 'cancelled')], cancelled.why))).toMatch(
      /A person cancelled the run Tue, 24 Nov 2026, 02:00 \(Asia\/Singapore\): the <share> moves/,
    );
    expect(words(messageFor([unsafe(1, 'cancelled')]))).toContain('no reason was given');
  });
});

test('told late it says how it stands now: who is protected since, and who is not any more', () => {
  const incident = anIncident({
    instances: [instanceId(2), instanceId(3)],
    lastRun: 'acme-web/20261123T190000Z-backup',
  });
  const points = [{ instance: instanceId(3), cause: 'share-full', atRisk: false }] as const;
  const message = messageOf(aNotice('escalated', [unsafe(1), unsafe(2), safe(3)], { incident, points }));
  expect(message.title).toBe('acme-web: 2 of 3 instances are protected, 1 is not');
  expect(words(message)).not.toContain(instanceId(1));
  expect(words(message)).toContain(
    `Protected in this run, and not in a later one: ${instanceId(3)} (share-full).`,
  );
});

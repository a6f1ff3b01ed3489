import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readDispatchEvent } from '../../../functions/config/events.ts';
import { readIncidentEvent } from '../../../functions/config/incident-event.ts';
import { readWidgetEvent, type View } from '../../../functions/config/widget-event.ts';
import { widgetPage } from '../../../functions/pages/widget-page.ts';
import { drillDown } from '../../../functions/pipeline/drill-down.ts';
import type { Incident } from '../../../functions/pipeline/incident.ts';
import { emptyOverview, type Overview, withRun } from '../../../functions/pipeline/overview.ts';
import type { InstanceResult, RunRecord } from '../../../functions/pipeline/run-record.ts';
import { anIncident, aPlan, aRecord, instanceId, safe, unsafe } from '../escalation/a-notice.ts';

const endpoints = { drilldown: 'arn:drilldown', dispatch: 'arn:dispatch', check: 'arn:check' };
const place = { theme: 'light' as const, runbook: 'https://example.org/runbook', endpoints };
const nightOf = (day: number) => `acme-web/202611${String(day).padStart(2, '0')}T180000Z-backup`;
const night = (
  day: number,
  results: readonly InstanceResult[],
  change: Partial<RunRecord> = {},
): RunRecord => ({
  ...aRecord(results),
  run: nightOf(day),
  closedAt: `2026-11-${String(day).padStart(2, '0')}T18:01:00.000Z`,
  ...change,
});

const now = new Date('2026-11-28T20:00:00Z');
/** Of this process alone: what else the machine does is not in it. */
let began = process.cpuUsage();

/** What the widget shows for a bucket that holds these runs. */
const shown = async (
  records: readonly RunRecord[],
  view: Partial<View> & Pick<View, 'kind'>,
  more: { readonly incident?: Incident; readonly log?: string; readonly theme?: 'light' | 'dark' } = {},
): Promise<string> => {
  const overview = records.reduce<Overview>(
    (before, record) => withRun(before, record) ?? before,
    emptyOverview('acme-web'),
  );
  // As they come from the bucket: JSON, which has to be parsed.
  const texts = new Map([overview, more.incident, ...records].map((each) => [each, JSON.stringify(each)]));
  const stored = <T extends Overview | Incident | RunRecord>(value: T | undefined) =>
    value === undefined ? undefined : { value: JSON.parse(texts.get(value) ?? '') as T, version: '1' };
  began = process.cpuUsage();
  const whole = { plan: 'acme-web', page: 1, search: '', ...view } as View;
  const sight = await drillDown(
    {
      clock: { now: () => now },
      runs: { read: async (run) => stored(records.find((record) => record.run === run)) },
      incidents: { read: async () => stored(more.incident) },
      overviews: { read: async () => stored(overview) },
      logs: { tail: async () => more.log },
    },
    aPlan(),
    whole,
  );
  return widgetPage(sight, whole, { ...place, theme: more.theme ?? 'light' });
};
const texts = (page: string) =>
  page
    .replace(/<style>.*?<\/style>/s, '')
    .replaceAll(/<cwdb-action.*?<\/cwdb-action>/gs, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))
    .replaceAll(/\s+/g, ' ');

describe('the fleet at a glance', () => {
  test('says how many are not protected, since when, why, and what may be done', async () => {
    const page = await shown(
      [night(26, [safe(1), safe(2)]), night(27, [safe(1), unsafe(2, 'share-full')])],
      { kind: 'fleet' },
      {
        incident: anIncident({
          signature: 'share-full',
          instances: [instanceId(2)],
          lastRun: nightOf(27),
          jira: { key: 'OPS-7' },
        }),
      },
    );
    const text = texts(page);
    expect(text).toContain(
      '1 of 2 instances not protected; the oldest newest recovery point is 2 days 2 h old, older than the objective of 28h.',
    );
    expect(text).toMatch(/Open since .*1 bad run\. share-full/);
    expect(page).toContain('href="https://acme.atlassian.net/browse/OPS-7"');
    expect(page).toContain('href="https://example.org/runbook#share-full"');
    const retry = /Retry 1 failed instance<\/button><cwdb-action ([^>]*)>([^<]*)</.exec(page);
    expect(retry?.[1]).toContain('endpoint="arn:dispatch"');
    expect(retry?.[1]).toMatch(/confirmation="Back up 1 instance/);
    expect(JSON.parse((retry?.[2] ?? '').replaceAll('&#34;', '"'))).toEqual({
      plan: 'acme-web',
      instances: [instanceId(2)],
    });
  });

  test('lets an open incident be acknowledged and muted, and says when it is', async () => {
    const nights = [night(27, [safe(1), unsafe(2, 'share-full')])];
    const eventsIn = (page: string) =>
      [...page.matchAll(/<cwdb-action [^>]*endpoint="arn:dispatch"[^>]*>([^<]*)</g)]
        .map(([, event]) => JSON.parse((event ?? '').replaceAll('&#34;', '"')))
        .filter((event) => 'incident' in event);
    const fresh = await shown(nights, { kind: 'fleet' }, { incident: anIncident() });
    expect(eventsIn(fresh)).toEqual([
      { plan: 'acme-web', incident: 'acknowledge' },
      { plan: 'acme-web', incident: 'mute', until: expect.any(String) },
    ]);
    for (const event of eventsIn(fresh))
      expect(readIncidentEvent(event, now)).toMatchObject({ action: event.incident });
    const at = '2026-11-27T18:00:00.000Z';
    const muted = anIncident({ muted: { at, until: '2099-01-01T00:00:00.000Z' }, acknowledged: { at } });
    const page = await shown(nights, { kind: 'fleet' }, { incident: muted });
    expect(eventsIn(page)).toEqual([{ plan: 'acme-web', incident: 'unmute' }]);
    expect(texts(page)).toMatch(/Acknowledged Sat, 28 Nov 2026.*Muted until Thu, 1 Jan 2099/);
  });

  test('lets the fleet and each instance be verified, with the event that dispatch takes', async () => {
    const nights = [night(27, [safe(1), safe(2)])];
    const verifying = (page: string) => {
      const [, event = ''] =
        /Verify, with a restore drill<\/button><cwdb-action [^>]*endpoint="arn:dispatch"[^>]*>([^<]*)</.exec(
          page,
        ) ?? [];
      return readDispatchEvent(JSON.parse(event.replaceAll('&#34;', '"')));
    };
    expect(verifying(await shown(nights, { kind: 'fleet' }))).toMatchObject({
      ...{ plan: 'acme-web', operation: 'verify', verify: { at: 'newest' } },
    });
    expect(verifying(await shown(nights, { kind: 'instance', instance: instanceId(2) })).instances).toEqual([
      instanceId(2),
    ]);
  });

  test('shows the worst first, and a night without a run as such', async () => {
    const page = await shown(
      [night(24, [safe(1), safe(2), safe(3)]), night(27, [safe(1), unsafe(3), safe(2)])],
      { kind: 'fleet' },
    );
    const order = [1, 2, 3].map((number) => page.indexOf(`>${instanceId(number)}<`));
    expect(Math.min(...order)).toBe(order[2]);
    expect(texts(page)).toMatch(/2026-11-27: no run/);
    expect(texts(page)).toMatch(/2026-11-28: partial, 2 of 3 instances protected/);
  });

  test('before the first run it says that nothing is known', async () => {
    expect(texts(await shown([], { kind: 'fleet' }))).toMatch(
      /No run of the fleet is known yet.*No run has seen an instance yet/,
    );
  });

  test('finds an instance by a part of its name', async () => {
    const page = await shown([night(27, [safe(1), safe(0xabc)])], { kind: 'fleet', search: 'abc' });
    expect(page).toContain(instanceId(0xabc));
    expect(page).not.toContain(`>${instanceId(1)}<`);
  });
});

describe('a night', () => {
  test('groups what went wrong by cause, with the remedy and the runbook', async () => {
    const results = [unsafe(1, 'share-full'), unsafe(2, 'share-full'), unsafe(3, 'agent-offline'), safe(4)];
    const text = texts(await shown([night(27, results)], { kind: 'night', run: nightOf(27) }));
    expect(text).toContain('Partly protected: 1 of 4 instances.');
    expect(text).toMatch(/2 instances not protected share-full : The share is full/);
    expect(text).toMatch(/1 instance not protected agent-offline : /);
  });

  test('that is under way can be cancelled by whoever may, and one that is over or being cancelled cannot', async () => {
    const { result: _, results: __, closedAt: ___, ...open } = night(27, []);
    const underWay: RunRecord = { ...open, state: 'running' };
    const view = { kind: 'night', run: nightOf(27) } as const;
    const button = /Cancel this run<\/button><cwdb-action ([^>]*)>([^<]*)</.exec(
      await shown([underWay], view),
    );
    expect(button?.[1]).toMatch(/endpoint="arn:dispatch".*confirmation="Stop the backup of acme-web/);
    expect(JSON.parse((button?.[2] ?? '').replaceAll('&#34;', '"'))).toEqual({ cancel: nightOf(27) });
    const cancelled = { at: '2026-11-27T18:00:10.000Z', requestId: 'p1', why: 'the <b>share</b> moves' };
    const going = await shown([{ ...underWay, cancelled }], view);
    expect(going).not.toContain('Cancel this run');
    expect(texts(going)).toContain('cancelled by a person: the <b>share</b> moves');
    expect(await shown([night(27, [safe(1)])], view)).not.toContain('Cancel this run');
  });

  test('that was skipped because its plan is paused is neither good nor bad, and says until when', async () => {
    const paused = {
      since: '2026-11-26T10:00:00Z',
      until: '2026-12-01T00:00:00.000Z',
      why: 'the share moves',
    };
    const records = [night(26, [safe(1)]), night(27, [], { result: 'paused', paused })];
    expect(texts(await shown(records, { kind: 'night', run: nightOf(27) }))).toContain(
      'Skipped: the plan was paused until 2026-12-01T00:00:00.000Z. Why: the share moves',
    );
    const fleet = texts(await shown(records, { kind: 'fleet' }));
    expect(fleet).toMatch(/2026-11-28: skipped, the plan was paused/);
    expect(fleet).toContain('2 days 2 h');
    expect(fleet).toMatch(/In the recovery points 3,200 files, .* \(newest backup\)/);
  });

  test('that does not exist is said to', async () => {
    expect(texts(await shown([], { kind: 'night', run: nightOf(1) }))).toContain('There is no such run');
  });
});

describe('an instance', () => {
  test('shows its nights with sizes, its warnings with a file name, and the end of its log', async () => {
    const warned = safe(1, [{ cause: 'file-vanished', count: 3, example: 'essay.pdf' }]);
    const records = [night(26, [safe(1)]), night(27, [{ ...warned, commandId: 'c' }])];
    const text = texts(
      await shown(records, { kind: 'instance', instance: instanceId(1) }, { log: 'one\ntwo\n' }),
    );
    expect(text).toMatch(/20261127T180000Z-backup .*protected-with-warnings .*3,200 40 MB/);
    expect(text).toMatch(/Warning, 3 times file-vanished : .*essay\.pdf/);
    expect(text).toMatch(/The end of its log .*one two/);
  });

  test('whose files are gone may be allowed to lose them, from here and only then', async () => {
    const records = [night(27, [unsafe(1, 'source-shrunk')])];
    expect(await shown(records, { kind: 'instance', instance: instanceId(1) })).toContain('allowShrink');
    expect(await shown([night(27, [safe(1)])], { kind: 'instance', instance: instanceId(1) })).not.toContain(
      'allowShrink',
    );
  });

  test('that nobody knows is said to be unknown', async () => {
    expect(texts(await shown([], { kind: 'instance', instance: 'i-unknown' }))).toContain(
      'has covered an instance of this name',
    );
  });
});

describe('whatever an instance says', () => {
  const views: readonly (Partial<View> & Pick<View, 'kind'>)[] = [
    { kind: 'fleet' },
    { kind: 'night', run: nightOf(27) },
    { kind: 'instance', instance: instanceId(1) },
  ];
  const tags = (page: string) => page.match(/<[a-z/!][^>]*>/gi);

  test('property: no text changes the elements of a view', async () => {
    for (const view of views) {
      const withText = (text: string) =>
        shown(
          [
            night(
              27,
              [
                unsafe(1, 'source-empty', { detail: text, commandId: 'c' }),
                safe(2, [{ cause: 'file-changed', count: 1, example: text }]),
              ],
              {
                problems: [text],
                skipped: [{ instance: instanceId(9), why: text }],
                notices: [{ kind: 'failed', channel: 'jira', state: 'failed', attempts: 1, error: text }],
              },
            ),
          ],
          view,
          { log: text },
        );
      const plain = tags(await withText('x'));
      await fc.assert(
        fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 60 }), async (text) => {
          expect(tags(await withText(`x${text.replaceAll('\n', '')}`))).toEqual(plain);
        }),
        { numRuns: 60 },
      );
    }
  });

  test('there is no script, no frame, no address outside of the plan and the runbook, in light and dark', async () => {
    for (const theme of ['light', 'dark'] as const)
      for (const view of views) {
        const page = await shown(
          [night(27, [unsafe(1, 'share-full', { detail: '<script>alert(1)</script>' })])],
          view,
          { theme },
        );
        expect(page).not.toMatch(
          /<(script|iframe|object|embed|link|img|form)\b| on[a-z]+=|javascript:|url\(/i,
        );
        for (const [, address = ''] of page.matchAll(/(?:href|src)="([^"]*)"/g))
          expect(address).toMatch(/^https:\/\/(example\.org\/runbook|acme\.atlassian\.net\/)/);
      }
  });
});

describe('10,000 instances', () => {
  const results = Array.from({ length: 10_000 }, (_, index) =>
    index % 10 === 0
      ? unsafe(index, index % 20 === 0 ? 'share-full' : 'agent-offline', { detail: 'x'.repeat(300) })
      : safe(index),
  );
  const records = [25, 26, 27].map((day) => night(day, results));

  test.each<Partial<View> & Pick<View, 'kind'>>([
    { kind: 'fleet' },
    { kind: 'fleet', page: 200 },
    { kind: 'night', run: nightOf(27) },
    { kind: 'instance', instance: instanceId(10) },
  ])(
    '%j takes a second of the processor and 150 kB at most',
    async (view) => {
      const page = await shown(records, view, {
        incident: anIncident({ instances: results.map(({ instance }) => instance) }),
      });
      const { user, system } = process.cpuUsage(began);
      expect(Buffer.byteLength(page)).toBeLessThan(150_000);
      // The parsing of what lies in the bucket is in it; the bucket's answer is not.
      expect((user + system) / 1_000).toBeLessThan(1_000);
    },
    30_000,
  );
});

describe('the event of a widget', () => {
  const context = { theme: 'dark', forms: { all: { search: ' i-0a ' } }, dashboardName: 'x', width: 500 };

  test.each([
    [{ describe: true }, { kind: 'describe' }],
    [
      { plan: 'acme-web', widgetContext: context },
      { kind: 'view', theme: 'dark', view: { kind: 'fleet', plan: 'acme-web', page: 1, search: 'i-0a' } },
    ],
    [
      { run: nightOf(1), page: 3 },
      { kind: 'view', theme: 'light', view: { kind: 'night', run: nightOf(1), page: 3, search: '' } },
    ],
    [
      { plan: 'acme-web', instance: 'i-0a' },
      { kind: 'view', theme: 'light', view: { kind: 'instance', plan: 'acme-web', instance: 'i-0a' } },
    ],
  ])('%j', (event, read) => {
    expect(readWidgetEvent(event)).toEqual(read);
  });

  test.each([
    [{}],
    [null],
    ['x'],
    [{ run: '../../x' }],
    [{ plan: 'acme-web', instance: '../x' }],
    [{ plan: 'a', page: 0 }],
  ])('%j is answered with what is allowed', (event) => {
    expect(() => readWidgetEvent(event)).toThrow(/Send \{"plan":"acme-web"\}/);
  });
});

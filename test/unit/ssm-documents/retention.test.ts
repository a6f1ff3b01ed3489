import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { zoneOffsets } from '../../../functions/config/zone-offsets.ts';
import { compactTime } from '../../../functions/pipeline/run-id.ts';

const library = fileURLToPath(new URL('../../../ssm-documents/lib/retention.sh', import.meta.url));

const rules = ['last', 'daily', 'weekly', 'monthly', 'yearly'] as const;
type Rule = (typeof rules)[number];
type Case = {
  readonly points: readonly string[];
  readonly pins?: readonly string[];
  readonly zone?: string;
  readonly minimum?: number;
} & Partial<Readonly<Record<Rule, number>>>;
type Decision = {
  /** By point, the reasons, joined. */
  readonly kept: Readonly<Record<string, string>>;
  readonly going: readonly string[];
  readonly why: Readonly<Record<string, string>>;
};

const until = new Date('2032-01-01T00:00:00Z');

/** What the library decides, many cases in one shell. */
const decideAll = (cases: readonly Case[]): readonly Decision[] => {
  const settings = (each: Case) => [
    `POINTS=(${each.points.join(' ')}) PINS=(${(each.pins ?? []).join(' ')}) ZONE=${zoneOffsets(each.zone ?? 'UTC', until)}`,
    ...rules.map((rule) => `${rule.toUpperCase()}=${each[rule] ?? 0}`),
    `MINIMUM=${each.minimum ?? 1}`,
  ];
  const script = [
    'set -Eeuo pipefail; export LC_ALL=C TZ=UTC',
    `source ${library}`,
    'tell() { echo case; for p in "${!KEPT[@]}"; do echo "kept $p ${KEPT[$p]}"; done; for p in "${GOING[@]}"; do echo "going $p ${WHY_GOING[$p]}"; done; }',
    ...cases.flatMap((each) => [...settings(each), 'decide_points', 'tell']),
  ].join('\n');
  const { stdout, stderr, status } = spawnSync('bash', ['-s'], { input: script, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  return stdout.split('case\n').slice(1).map(decisionOf);
};

const decisionOf = (text: string): Decision => {
  const lines = text.split('\n').flatMap((line) => {
    const [kind = '', point = '', ...rest] = line.split(' ');
    return kind === '' ? [] : [{ kind, point, words: rest.join(' ') }];
  });
  const words = (kind: string) =>
    Object.fromEntries(lines.filter((line) => line.kind === kind).map((line) => [line.point, line.words]));
  const going = lines.filter(({ kind }) => kind === 'going').map(({ point }) => point);
  return { kept: words('kept'), going, why: words('going') };
};

const decide = (each: Case): Decision => {
  const [decision] = decideAll([each]);
  if (decision === undefined) throw new Error('nothing was decided');
  return decision;
};

/** A point at each of these times, `2026-11-23T18:00Z`, in any order. */
const at = (...times: readonly string[]): readonly string[] =>
  times.map((time) => `${compactTime(new Date(time))}-backup`).sort();
const nights = (from: string, count: number): readonly string[] =>
  Array.from(
    { length: count },
    (_, n) => `${compactTime(new Date(Date.parse(from) + n * 86_400_000))}-backup`,
  );

/** The same rules, written from docs/plan.md, with the clock of Intl. */
const expected = (each: Case): ReadonlySet<string> => {
  const newestFirst = [...each.points].sort().reverse();
  const kept = new Set(newestFirst.slice(0, 1));
  for (const rule of rules) {
    const periods = Map.groupBy(newestFirst, (point) => periodOf(rule, point, each.zone ?? 'UTC'));
    for (const [newest] of [...periods.values()].slice(0, each[rule] ?? 0))
      if (newest !== undefined) kept.add(newest);
  }
  for (const pin of each.pins ?? []) if (each.points.includes(pin)) kept.add(pin);
  for (const point of newestFirst) if (kept.size < (each.minimum ?? 1)) kept.add(point);
  return kept;
};

const periodOf = (rule: Rule, point: string, zone: string): string => {
  if (rule === 'last') return point;
  const utc = point.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z.*/, '$1-$2-$3T$4:$5:$6Z');
  const day = new Intl.DateTimeFormat('en-CA', { timeZone: zone, dateStyle: 'short' }).format(new Date(utc));
  if (rule === 'daily') return day;
  if (rule === 'monthly') return day.slice(0, 7);
  if (rule === 'yearly') return day.slice(0, 4);
  const monday = new Date(`${day}T00:00:00Z`);
  monday.setUTCDate(monday.getUTCDate() - ((monday.getUTCDay() + 6) % 7));
  return monday.toISOString();
};

describe('which recovery points stay', () => {
  test('the last ones, then one a day, a week, a month and a year, each the newest of its time', () => {
    const points = nights('2026-01-01T18:00:00Z', 400);
    const { kept, going } = decide({ points, last: 2, daily: 3, weekly: 2, monthly: 3, yearly: 2 });
    expect(kept).toEqual({
      '20270204T180000Z-backup': 'newest, last, daily, weekly, monthly, yearly',
      '20270203T180000Z-backup': 'last, daily',
      '20270202T180000Z-backup': 'daily',
      '20270131T180000Z-backup': 'weekly, monthly',
      '20261231T180000Z-backup': 'monthly, yearly',
    });
    expect(going).toEqual(points.filter((point) => !(point in kept)));
  });

  test('days without a point do not count: nothing goes merely because time passes', () => {
    const points = at('2026-01-05T18:00Z', '2026-03-05T18:00Z', '2026-11-23T18:00Z');
    expect(decide({ points, daily: 3 }).going).toEqual([]);
  });

  test('says of each that goes what stays instead, or that it is too old', () => {
    const points = at('2026-11-22T02:00Z', '2026-11-23T02:00Z', '2026-11-23T18:00Z');
    expect(decide({ points, daily: 1, monthly: 2 }).why).toEqual({
      '20261122T020000Z-backup': 'daily: too old, monthly: 20261123T180000Z-backup',
      '20261123T020000Z-backup': 'daily: 20261123T180000Z-backup, monthly: 20261123T180000Z-backup',
    });
  });

  test('never fewer than the minimum, the newest first', () => {
    const points = nights('2026-11-01T18:00:00Z', 5);
    expect(decide({ points, last: 1, minimum: 3 }).going).toEqual(points.slice(0, 2));
    expect(decide({ points: points.slice(0, 2), last: 1, minimum: 3 }).going).toEqual([]);
  });

  test('a pinned point stays, whatever the rules say, and takes no place of another', () => {
    const points = nights('2026-11-01T18:00:00Z', 5);
    const { kept, going } = decide({ points, last: 2, pins: [points[0] ?? '', '20200101T000000Z-backup'] });
    expect(kept[points[0] ?? '']).toBe('pinned');
    expect(going).toEqual(points.slice(1, 3));
  });

  test('of two points of one moment the final backup is the newer one', () => {
    const points = ['20261123T180000Z-backup', '20261123T180000Z-final-backup'];
    expect(decide({ points, daily: 1 }).going).toEqual(['20261123T180000Z-backup']);
  });

  test('no point at all is no decision', () => expect(decide({ points: [], last: 1 }).going).toEqual([]));
});

describe('days are those of the plan', () => {
  test('two nights that are one day in UTC and two in Singapore', () => {
    const points = at('2026-11-23T15:59:59Z', '2026-11-23T16:00:00Z');
    expect(decide({ points, daily: 2 }).going).toEqual(points.slice(0, 1));
    expect(decide({ points, daily: 2, zone: 'Asia/Singapore' }).going).toEqual([]);
  });

  test('the hour that summer time moves midnight by', () => {
    // 00:30 in Berlin: 23:30 UTC of the day before in winter, 22:30 in summer
    const winter = at('2026-01-10T22:30Z', '2026-01-10T23:30Z');
    const summer = at('2026-07-10T21:30Z', '2026-07-10T22:30Z');
    const both = at('2026-07-10T22:30Z', '2026-07-10T23:30Z');
    for (const points of [winter, summer])
      expect(decide({ points, daily: 2, zone: 'Europe/Berlin' }).going).toEqual([]);
    expect(decide({ points: both, daily: 2, zone: 'Europe/Berlin' }).going).toEqual(both.slice(0, 1));
  });

  test('weeks begin on Monday, months and years at midnight, local time', () => {
    const zone = 'America/New_York';
    const sunday = at('2026-11-23T04:59Z', '2026-11-23T05:00Z');
    expect(decide({ points: sunday, weekly: 2, zone }).going).toEqual([]);
    const newYear = at('2027-01-01T04:59Z', '2027-01-01T05:00Z');
    for (const rule of ['monthly', 'yearly'])
      expect(decide({ points: newYear, [rule]: 2, zone }).going).toEqual([]);
    expect(decide({ points: newYear, yearly: 2 }).going).toEqual(newYear.slice(0, 1));
  });
});

test('for any points, numbers, pins and zone: the newest stays, the minimum stays, and the rest is as the rules say', () => {
  const minute = 60_000;
  const begin = Date.UTC(2026, 0, 1);
  const point = fc
    .tuple(fc.integer({ min: 0, max: 5 * 366 * 24 * 60 }), fc.boolean())
    .map(
      ([minutes, final]) =>
        `${compactTime(new Date(begin + minutes * minute))}-${final ? 'final-' : ''}backup`,
    );
  const number = fc.integer({ min: 0, max: 6 });
  const each = fc.record({
    points: fc.uniqueArray(point, { maxLength: 40 }).map((points) => points.sort()),
    pins: fc.array(point, { maxLength: 1 }),
    pinned: fc.nat(39),
    zone: fc.constantFrom(
      'UTC',
      'Asia/Singapore',
      'Europe/Berlin',
      'America/New_York',
      'Pacific/Chatham',
      'Asia/Beirut',
    ),
    minimum: fc.integer({ min: 1, max: 8 }),
    last: number,
    daily: number,
    weekly: number,
    monthly: number,
    yearly: number,
  });
  fc.assert(
    fc.property(fc.array(each, { minLength: 40, maxLength: 40 }), (generated) => {
      const cases = generated.map(({ pins, pinned, ...rest }) => {
        const pin = rest.points[pinned];
        return { ...rest, pins: pin === undefined ? pins : [...pins, pin] };
      });
      for (const [index, { kept, going }] of decideAll(cases).entries()) {
        const { points = [], minimum = 1, ...rest } = cases[index] ?? { points: [] };
        const staying = Object.keys(kept).sort();
        expect(staying).toEqual([...expected({ points, minimum, ...rest })].sort());
        expect([...staying, ...going].sort()).toEqual(points);
        expect(staying.length).toBeGreaterThanOrEqual(Math.min(minimum, points.length));
        expect(staying.at(-1)).toBe(points.at(-1));
      }
    }),
    { numRuns: 10 },
  );
}, 60_000);

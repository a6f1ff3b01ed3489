import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { planExample } from '../../../deploy/generate-plan-example.ts';
import { planReference } from '../../../deploy/generate-plan-reference.ts';
import { planSchemaFile } from '../../../deploy/generate-plan-schema.ts';
import { loadPlans, PlanMistakes, readPlans } from '../../../deploy/plans.ts';
import type { Plan } from '../../../functions/config/plan.ts';
import { needed, planText, toldOf } from './plan-texts.ts';

const project = new URL('../../../', import.meta.url);
const projectFile = (path: string): string => new URL(path, project).pathname;
const read = (path: string): string => readFileSync(new URL(path, project), 'utf8');
const only = (text: string): Plan => {
  const [plan, ...others] = readPlans(text, 'lifeboat.yml');
  if (plan === undefined || others.length > 0) throw new Error('not one plan');
  return plan;
};

test('a small plan is made whole with what is built in', () => {
  expect(only(planText(...needed))).toEqual({
    name: 'acme-web',
    fleet: { kind: 'groups', groups: ['acme-web'] },
    source: { path: '/var/www/upload', mayBeEmpty: false, maxShrink: 0.5 },
    share: { path: '/mnt/lifeboat' },
    schedule: { cron: '0 2 * * ? *', timezone: 'UTC', windowMinutes: 0, enabled: true },
    deadlineMinutes: 180,
    deliveryMinutes: 10,
    concurrency: '10',
    load: { nice: 10 },
    verifyNights: 28,
    drain: { limitMinutes: 60, snapshot: true },
    retention: {
      ...{ last: 7, daily: 14, weekly: 8, monthly: 12, yearly: 2, minimum: 3 },
      ...{ budgetMinutes: 30, goneInstancesDays: 90 },
    },
    objectiveMinutes: 27 * 60,
    alarms: { shareFree: 0.1, shareDays: 14 },
    dashboard: true,
  });
});

describe('the recovery point objective', () => {
  const objectiveOf = (...lines: readonly string[]) => only(planText(...needed, ...lines)).objectiveMinutes;

  test('is, where nobody says it, what the schedule can keep: the longest time between two runs, window and deadline', () => {
    expect(objectiveOf('deadline: 1h')).toBe(25 * 60);
    const scheduled = (schedule: string) =>
      only(planText(...needed.slice(0, 4), `schedule: {${schedule}}`)).objectiveMinutes / 60;
    expect(scheduled('cron: 0 2 * * *, window: 15m')).toBe(28);
    // Clocks go back once a year: that day has 25 hours.
    expect(scheduled('cron: 0 2 * * *, timezone: Europe/Berlin')).toBe(28);
    expect(scheduled('cron: 0 8-18 * * 1-5')).toBe(62 + 3);
    expect(scheduled('cron: 0 2 L * ? *')).toBe(31 * 24 + 3);
  });

  test('that the schedule cannot keep is refused, with one that it can', () => {
    expect(() => objectiveOf('objective: 12h')).toThrow(
      /objective: The objective is 12h, but up to 24h lie between two runs.*Allowed: at least 24h, better 27h/s,
    );
    expect(objectiveOf('objective: 1d2h')).toBe(26 * 60);
  });
});

test('alarms go to a topic, or are not made at all', () => {
  const topic = 'arn:aws:sns:ap-southeast-1:123456789012:on-call';
  expect(only(planText(...needed, `alarms: {topic: "${topic}", shareFree: 5%}`)).alarms).toEqual({
    topic,
    shareFree: 0.05,
    shareDays: 14,
  });
  expect(only(planText(...needed, 'alarms: false')).alarms).toBeUndefined();
  expect(() => only(planText(...needed, 'alarms: {topic: on-call}'))).toThrow(/the ARN of an SNS topic/);
});

test('ACME keeps two years, at night in Singapore, and hears of start and success', () => {
  const [acme] = loadPlans(projectFile('lifeboat.yml'));
  expect(acme?.schedule).toEqual({
    cron: '0 2 * * ? *',
    timezone: 'Asia/Singapore',
    windowMinutes: 15,
    enabled: true,
  });
  expect(acme?.retention).toMatchObject({ monthly: 24, yearly: 2, goneInstancesDays: 730 });
  expect(acme?.slack).toEqual({
    via: { kind: 'bot', tokenParameter: '/lifeboat/slack-token', channel: '#ops' },
    tell: { start: 'always', success: 'always' },
  });
  expect(acme?.jira).toMatchObject({ edition: 'cloud', credentialsParameter: '/lifeboat/jira' });
});

test('tags select instances, one value or several, each once', () => {
  const plan = only(planText('fleet: {tags: {Role: web, Stage: [prod, staging, prod]}}', ...needed.slice(2)));
  expect(plan.fleet).toEqual({ kind: 'tags', tags: { Role: ['web'], Stage: ['prod', 'staging'] } });
});

test('long and short forms of source and share say the same', () => {
  const long = planText(
    ...needed.slice(0, 2),
    'source: {path: /var/www/upload/}',
    'share: {path: /mnt/lifeboat}',
    needed[4],
  );
  expect(only(long)).toEqual(only(planText(...needed)));
});

describe('defaults', () => {
  const withDefaults = (defaults: string, ...lines: readonly string[]): Plan =>
    only(`${planText(...needed, ...lines)}defaults: ${defaults}\n`);

  test('join a section key by key, and the plan has the last word', () => {
    const plan = withDefaults('{retention: {last: 1, daily: 2}, deadline: 1h}', 'retention: {last: 9}');
    expect(plan.retention).toMatchObject({ last: 9, daily: 2, weekly: 8 });
    expect(plan.deadlineMinutes).toBe(60);
  });

  test.each([
    ['{schedule: {timezone: Asia/Tokyo, window: 5m}}', { timezone: 'Asia/Tokyo', windowMinutes: 5 }],
    ['{schedule: {cron: 0 9 * * *}}', { cron: '0 2 * * ? *' }],
  ])('%s: the schedule of the plan wins, key by key', (defaults, schedule) => {
    expect(withDefaults(defaults).schedule).toMatchObject(schedule);
  });

  test('of source, share and JIRA are overruled by the plan, key by key', () => {
    const text = [
      'version: 1',
      'defaults:',
      '  source: {path: /a, maxShrink: 10%, mayBeEmpty: true}',
      '  share: {path: /b, id: one}',
      '  jira: {url: https://acme.atlassian.net, project: OPS, credentials: /lifeboat/jira, type: Bug}',
      '  concurrency: 1',
      '  delivery: 1m',
      'plans:',
      '  acme-web:',
      '    fleet: {groups: [x]}',
      '    schedule: {cron: 0 2 * * *}',
      '    source: {path: /c, maxShrink: 20%}',
      '    share: /d',
      '    jira: {project: WEB}',
      '    concurrency: 2',
      '    delivery: 2m',
    ];
    expect(only(text.join('\n'))).toMatchObject({
      source: { path: '/c', maxShrink: 0.2, mayBeEmpty: true },
      share: { path: '/d', id: 'one' },
      jira: { project: 'WEB', issueType: 'Bug' },
      concurrency: '2',
      deliveryMinutes: 2,
    });
  });

  test('may hold everything but the fleet', () => {
    const text = [
      'version: 1',
      'defaults: {source: /a, share: /b, schedule: {cron: 0 2 * * *}}',
      'plans: {one: {fleet: {groups: [x]}}, two: {fleet: {groups: [y]}, source: {maxShrink: 10%}}}',
    ];
    const plans = readPlans(text.join('\n'), 'lifeboat.yml');
    expect(plans.map(({ name, source }) => [name, source.path, source.maxShrink])).toEqual([
      ['one', '/a', 0.5],
      ['two', '/a', 0.1],
    ]);
  });

  const slack = "{slack: {channel: '#ops', token: /lifeboat/slack-token, tell: {start: always}}}";

  test('a webhook in the plan replaces the bot of defaults, what is told stays', () => {
    expect(withDefaults(slack, 'slack: {webhook: /lifeboat/hook}').slack).toEqual({
      via: { kind: 'webhook', urlParameter: '/lifeboat/hook' },
      tell: { start: 'always', success: 'always' },
    });
  });

  test('another channel in the plan keeps the token of defaults', () => {
    expect(withDefaults(slack, "slack: {channel: '#web'}").slack?.via).toEqual({
      kind: 'bot',
      tokenParameter: '/lifeboat/slack-token',
      channel: '#web',
    });
  });

  test('channels by how bad it is are joined, and are nothing for a webhook', () => {
    const both =
      "{slack: {channel: '#all', token: /lifeboat/t, channels: {failure: '#ops', atRisk: '#on-call'}}}";
    expect(withDefaults(both, "slack: {channels: {failure: '#web'}}").slack?.via).toMatchObject({
      channels: { failure: '#web', atRisk: '#on-call' },
    });
    expect(withDefaults(both, 'slack: {webhook: /lifeboat/hook}').slack?.via).toEqual({
      kind: 'webhook',
      urlParameter: '/lifeboat/hook',
    });
    expect(
      toldOf(planText(...needed, "slack: {webhook: /lifeboat/hook, channels: {atRisk: '#on-call'}}")),
    ).toEqual([
      expect.stringMatching(/slack\.channels: A webhook writes to its own channel alone\. Allowed:/),
    ]);
  });

  test('false in the plan switches a channel off', () => {
    expect(withDefaults(slack, 'slack: false')).not.toHaveProperty('slack');
  });

  test('what an issue shall have is taken as it is written, its priorities joined', () => {
    const jira =
      '{jira: {url: https://acme.atlassian.net, project: OPS, credentials: /lifeboat/jira, priority: {atRisk: P1}}}';
    const own =
      'jira: {priority: {someFailed: P3}, assignee: amy, components: [web, web], fields: {customfield_10010: {value: A}}, reopen: 1d, resolve: false}';
    expect(withDefaults(jira, own).jira).toMatchObject({
      priority: { atRisk: 'P1', someFailed: 'P3' },
      assignee: 'amy',
      components: ['web'],
      fields: { customfield_10010: { value: 'A' } },
      reopenMinutes: 1_440,
      resolves: false,
    });
  });
});

test.each([
  ['https://acme.atlassian.net/', 'https://acme.atlassian.net', 'cloud'],
  ['https://jira.acme.example/jira', 'https://jira.acme.example/jira', 'data-center'],
])('JIRA at %s is known as %s and %s', (written, url, edition) => {
  const plan = only(
    planText(...needed, `jira: {url: ${written}, project: OPS, credentials: /lifeboat/jira}`),
  );
  expect(plan.jira).toEqual({
    url,
    edition,
    project: 'OPS',
    issueType: 'Task',
    labels: ['lifeboat'],
    credentialsParameter: '/lifeboat/jira',
    reopenMinutes: 7 * 1_440,
    resolves: true,
  });
});

describe('files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lifeboat-plans-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  const messageOf = (file: string): string => {
    try {
      loadPlans(file);
    } catch (error) {
      if (error instanceof PlanMistakes) return error.message;
      throw error;
    }
    return '';
  };
  const end = 'docs/plan.md describes every key, docs/plan-example.yml shows them.';
  const begin = 'Allowed: a plan file; docs/plan-example.yml is one to begin with.';

  test('one that is missing', () => {
    const file = join(folder, 'none.yml');
    expect(messageOf(file)).toBe(
      `${file}: There is no such file. ${begin}\n\nOne mistake in ${file}. ${end}`,
    );
  });

  test('a folder', () => {
    const file = join(folder, 'folder');
    mkdirSync(file);
    expect(messageOf(file)).toBe(
      `${file}: It cannot be read: it is a folder. ${begin}\n\nOne mistake in ${file}. ${end}`,
    );
  });

  test('one with a byte order mark and Windows line ends', () => {
    const file = join(folder, 'windows.yml');
    writeFileSync(file, `\uFEFF${planText(...needed).replaceAll('\n', '\r\n')}`);
    expect(loadPlans(file)).toEqual(readPlans(planText(...needed), file));
  });

  test('a mistake carries no stack, since packaging prints it', () => {
    try {
      loadPlans(join(folder, 'none.yml'));
    } catch (error) {
      if (!(error instanceof PlanMistakes)) throw error;
      expect(error.stack).toBe(`\n${error.message}`);
    }
    expect.assertions(1);
  });
});

describe('what is made from the schema is current: run `npm run generate`', () => {
  test.each([
    ['lifeboat.schema.json', planSchemaFile],
    ['docs/plan.md', planReference],
    ['docs/plan-example.yml', planExample],
  ])('%s', (path, make) => {
    expect(read(path)).toBe(make());
  });

  test('the commented example loads, and every value in it is taken', () => {
    expect(loadPlans(projectFile('docs/plan-example.yml'))).toMatchObject([
      { name: 'acme-web', share: { id: 'acme-su-nfs' }, concurrency: '10%', jira: { issueType: 'Bug' } },
    ]);
  });

  test('the alternatives in the example load, too', () => {
    const alternative = read('docs/plan-example.yml')
      .replace(/ {6}groups:\n {8}- acme-web\n/, '')
      .replace(/ {6}channel:.*\n/, '')
      .replace(/ {6}token:.*\n/, '')
      .replace(/ {6}channels:\n(?: {8}.*\n|\n)+/, '')
      .replaceAll(/^ {6}# (tags:|webhook:| {2}Role:| {2}Stage:| {4}- )/gm, '      $1');
    expect(readPlans(alternative, 'docs/plan-example.yml')).toMatchObject([
      { fleet: { kind: 'tags' }, slack: { via: { kind: 'webhook' } } },
    ]);
  });

  test('the small plan of the reference loads', () => {
    const [, yaml = ''] = /```yaml\n([^`]*)```/.exec(read('docs/plan.md')) ?? [];
    expect(readPlans(yaml, 'docs/plan.md')).toHaveLength(1);
  });
});

describe('whatever is in the file, it loads or the mistakes are in the file', () => {
  const keys = fc.constantFrom(
    ...[
      'version',
      'plans',
      'defaults',
      'acme-web',
      'fleet',
      'groups',
      'tags',
      'source',
      'share',
      'path',
      'schedule',
      'cron',
    ],
    ...[
      'timezone',
      'deadline',
      'retention',
      'last',
      'slack',
      'channel',
      'token',
      'jira',
      'url',
      'labels',
      '__proto__',
    ],
    ...['constructor', 'toString', '', ' ', 'a.b', '*', '0', 'é'],
  );
  const value = fc.oneof(
    fc.constantFrom(
      1,
      0,
      true,
      false,
      null,
      '0 2 * * *',
      '/a',
      '3h',
      'UTC',
      '#ops',
      'xoxb-1234567890',
      '\t',
      '50%',
    ),
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.double(),
    fc.maxSafeInteger(),
  );
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      value,
      fc.dictionary(keys, tie('tree'), { maxKeys: 5, noNullPrototype: true }),
      fc.array(tie('tree'), { maxLength: 3 }),
    ),
  }));
  const file = fc.oneof(
    tree,
    fc.record(
      { version: fc.constant(1), plans: fc.record({ 'acme-web': tree }), defaults: tree },
      { requiredKeys: ['version', 'plans'] },
    ),
    fc
      .tuple(
        fc.dictionary(keys, tree, { maxKeys: 2 }),
        fc.constantFrom('fleet', 'source', 'schedule', 'slack', 'jira'),
        tree,
      )
      .map(([more, key, odd]) => ({
        version: 1,
        plans: {
          'acme-web': {
            fleet: { groups: ['a'] },
            source: '/a',
            share: '/b',
            schedule: { cron: '0 2 * * *' },
            ...more,
            [key]: odd,
          },
        },
      })),
  );

  const holds = (text: string): void => {
    const lines = text.split('\n').length;
    try {
      expect(readPlans(text, 'lifeboat.yml').length).toBeGreaterThan(0);
    } catch (error) {
      if (!(error instanceof PlanMistakes)) throw error;
      for (const { spot, wrong, allowed } of error.mistakes) {
        expect(spot?.line).toBeGreaterThanOrEqual(1);
        expect(spot?.line).toBeLessThanOrEqual(lines);
        expect(spot?.column).toBeGreaterThanOrEqual(1);
        expect(wrong).not.toBe('');
        // zod's own words would be a message that nobody has written for this file.
        expect(allowed).not.toMatch(/^(Invalid|Too|Unrecognized|Expected)/);
      }
      expect(error.message).not.toContain('xoxb-1234567890');
    }
  };

  test('any object printed as YAML', () => {
    fc.assert(
      fc.property(file, fc.constantFrom('any', 'flow', 'block'), (object, collectionStyle) =>
        holds(stringify(object, { collectionStyle, aliasDuplicateObjects: false })),
      ),
      { numRuns: 1_000 },
    );
  });

  test('any text, and any damage to a good file', () => {
    const good = read('lifeboat.yml');
    const damaged = fc
      .tuple(
        fc.nat({ max: good.length }),
        fc.nat({ max: 20 }),
        fc.oneof(fc.string(), fc.constantFrom('\t', '*', '&', '{', '"', ': ', '#', '\n', '---\n')),
      )
      .map(([start, length, put]) => good.slice(0, start) + put + good.slice(start + length));
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), damaged), holds), { numRuns: 1_000 });
  });
});

test('what a run may take of an instance, and how often the share is read back', () => {
  const planOf = (...lines: readonly string[]): Plan => only(planText(...needed, ...lines));
  const plan = planOf('load: { bandwidth: 20MB, nice: 0 }', 'verify: false');
  expect(plan).toMatchObject({ load: { bandwidth: 20_000_000, nice: 0 }, verifyNights: 0 });
  expect(planOf('verify: 7d')).toMatchObject({ load: { nice: 10 }, verifyNights: 7 });
});

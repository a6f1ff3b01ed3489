import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { PlanMistakes, readPlans } from '../../../deploy/plans.ts';
import { mistakesOf, needed, planText, toldOf } from './plan-texts.ts';

const plan = (...lines: readonly string[]): string => planText(...needed, ...lines);
const at = (line: number, column: number, key: string): string =>
  `lifeboat.yml:${line}:${column} plans.acme-web${key}: `;
const aDuration = (from: string, to: string): string =>
  `Allowed: a duration from ${from} to ${to}, such as 15m, 3h or 1h30m.`;
const aFile = 'Allowed: a file with `version: 1` and `plans:`; docs/plan-example.yml is one to begin with.';
const quotes = "the value in quotes, such as '*/5 * * * *'; what several plans share goes into `defaults:`";

test('a mistake is printed as a compiler does: place, key, what is allowed, the line and a caret', () => {
  expect(mistakesOf(planText(...needed.slice(0, 4), 'schedule:', '  cron: 0 25 * * *'))).toEqual([
    [
      'lifeboat.yml:9:13 plans.acme-web.schedule.cron: `25` is no hour. Allowed: 0 to 23, lists 1,2, ranges 1-5.',
      '   9 |       cron: 0 25 * * *',
      '     |             ^^^^^^^^^^',
    ].join('\n'),
  ]);
});

test('all mistakes are told at once, in the order of the file', () => {
  const text = plan('deadlin: 3h', 'concurrency: 0', 'delivery: 3x');
  expect(toldOf(text)).toEqual([
    `${at(9, 5, '.deadlin')}\`deadlin\` is no key of \`acme-web\`. Allowed: fleet, source, share, schedule, deadline, delivery, concurrency, load, verify, retention, drain, objective, alarms, dashboard, slack, jira. Did you mean \`deadline\`?`,
    `${at(10, 18, '.concurrency')}\`0\` is not taken. Allowed: a number of instances from 1, or a percentage of the fleet from 1% to 100%.`,
    `${at(11, 15, '.delivery')}\`3x\` is not taken. ${aDuration('1m', '2d')}`,
  ]);
});

const elsewhere = (allowed: string): string =>
  `Allowed: ${allowed} (docs/deploy.md, "Several regions or accounts").`;

describe('the file as a whole', () => {
  test.each([
    ['', `lifeboat.yml:1:1: The file is empty. ${aFile}`],
    ['# nothing yet\n', `lifeboat.yml:1:1: There are no keys in it. ${aFile}`],
    ['- acme-web\n', `lifeboat.yml:1:1: There are no keys in it. ${aFile}`],
    [
      'version: 2\nplans: {}\n',
      'lifeboat.yml:1:10 version: This Lifeboat does not know version 2. Allowed: `version: 1`; or deploy the Lifeboat that this file was written for.',
    ],
    [
      'version: "1"\n',
      'lifeboat.yml:1:10 version: The version is no number. Allowed: `version: 1`; or deploy the Lifeboat that this file was written for.',
    ],
    [
      'version: 1\n',
      'lifeboat.yml:1:1 version: `plans` is missing. Allowed: a section with one entry for each plan.',
    ],
    [
      'version: 1\nplans: {}\n',
      'lifeboat.yml:2:1 plans: The section has 0 entries. Allowed: a section with at least one plan.',
    ],
    [
      'version: 1\nplans:\n  Acme_Web: {}\n',
      'lifeboat.yml:3:3 plans.Acme_Web: `Acme_Web` is not taken. Allowed: a name of 2 to 40 small letters, digits and hyphens that begins with a letter and does not end with a hyphen. Did you mean `acme-web`?',
    ],
    [
      'version: 1\nplans:\n  acme-web:\n',
      'lifeboat.yml:3:3 plans.acme-web: It is empty. Allowed: a section with at least `fleet`, `source`, `share` and `schedule`.',
    ],
    [
      'version: 1\ndefaults:\n  fleet: {}\nplans:\n  acme-web: {fleet: {groups: [a]}, source: /a, share: /b, schedule: {cron: 0 2 * * *}}\n',
      'lifeboat.yml:3:3 defaults.fleet: `fleet` is no key of `defaults`. Allowed: source, share, schedule, deadline, delivery, concurrency, load, verify, retention, drain, objective, alarms, dashboard, slack, jira.',
    ],
  ])('%j', (text, told) => {
    expect(toldOf(text)).toEqual([told]);
  });
});

describe('what is no YAML, or more of YAML than a plan needs', () => {
  const cron = (value: string): string => planText(...needed.slice(0, 4), `schedule: {}`, `cron: ${value}`);
  test.each([
    [
      plan('\tdeadline: 3h'),
      9,
      5,
      '',
      'A tab is used to indent; YAML takes spaces only. Allowed: two spaces for each level.',
    ],
    [
      'version: 1\nplans:\n\tacme-web: {}\n',
      3,
      1,
      '',
      'A tab is used to indent; YAML takes spaces only. Allowed: two spaces for each level.',
    ],
    [
      plan('deadline: 3h', 'deadline: 4h'),
      10,
      5,
      '.deadline',
      'This key is there twice. Allowed: each key once in its section.',
    ],
    [
      cron('*/5 * * * *'),
      9,
      11,
      '.cron',
      `Anchors (\`&name\`) and aliases (\`*name\`) are not taken, and YAML sees one here. Allowed: ${quotes}.`,
    ],
    [
      cron('* * * * *'),
      9,
      11,
      '.cron',
      `Anchors (\`&name\`) and aliases (\`*name\`) are not taken, and YAML sees one here. Allowed: ${quotes}.`,
    ],
    [
      plan('deadline: &long 3h'),
      9,
      21,
      '.deadline',
      `Anchors (\`&name\`) and aliases (\`*name\`) are not taken, and YAML sees one here. Allowed: ${quotes}.`,
    ],
    [cron('@daily'), 9, 11, '.cron', 'A value cannot begin with `@` in YAML. Allowed: the value in quotes.'],
    [
      plan('deadline: !Ref x'),
      9,
      15,
      '',
      'Tags such as `!Ref` mean nothing here. Allowed: the value itself, in quotes where it begins with `!`.',
    ],
    [
      plan('deadline: "3h'),
      9,
      18,
      '',
      'A quote, bracket, colon or comma is missing. Allowed: quotes and brackets closed, `key: value`.',
    ],
    [
      plan('deadline: a: b'),
      9,
      15,
      '.deadline.a',
      'The line does not fit to the one before it. Allowed: the keys of a section in one column, values with `: ` in them in quotes.',
    ],
    [
      plan('slack: {channel: "#ops"'),
      9,
      28,
      '',
      'The indentation is wrong, or a bracket is not closed. Allowed: the keys of a section in one column.',
    ],
    [plan('__proto__: 1'), 9, 5, '.__proto__', '`__proto__` is not taken. Allowed: another word.'],
    [
      plan('{a: b}: 1'),
      9,
      5,
      '',
      'A key has to be text. Allowed: a word before the colon, `${…}` and `{…}` in quotes.',
    ],
  ])('%j', (text, line, column, key, told) => {
    const [first, ...others] = toldOf(text);
    expect(first).toContain(`lifeboat.yml:${line}:${column}`);
    expect(first).toContain(told);
    expect(first).toContain(`${key}: `);
    expect(others).toEqual([]);
  });

  test('a second document', () => {
    expect(toldOf(`${plan()}---\nversion: 1\n`)).toEqual([
      'lifeboat.yml:9:1: A second document begins here. Allowed: one document with all plans in it.',
    ]);
  });
});

describe('the values of a plan', () => {
  const aPath =
    'Allowed: an absolute path of letters, digits, spaces inside and . _ @ % + = : , ~ -, such as /var/www/upload.';
  const aCount = (from: number): string => `Allowed: a whole number from ${from} to 10000.`;
  const parameter =
    'Allowed: the name of an SSM parameter that holds the secret, such as /lifeboat/slack-token.';
  test.each([
    ['deadline: 90', 15, '.deadline', `\`90\` is read as a number, not as text. ${aDuration('5m', '2d')}`],
    ['deadline: 1m', 15, '.deadline', `\`1m\` is too short. ${aDuration('5m', '2d')}`],
    ['deadline: 3d', 15, '.deadline', `\`3d\` is too long. ${aDuration('5m', '2d')}`],
    ['delivery: 90s', 15, '.delivery', `\`90s\` is no whole number of minutes. ${aDuration('1m', '2d')}`],
    [
      'delivery: 3h',
      15,
      '.delivery',
      'Delivery may take 3h, but the run ends after 3h. Allowed: a `delivery` shorter than the `deadline`.',
    ],
    [
      'deadline: 10m',
      15,
      '.deadline',
      'Delivery may take 10m, but the run ends after 10m. Allowed: a `delivery` shorter than the `deadline`.',
    ],
    [
      'timezone: UTC',
      5,
      '.timezone',
      '`timezone` is no key of `acme-web`. It belongs into `schedule`. Allowed: fleet, source, share, schedule, deadline, delivery, concurrency, load, verify, retention, drain, objective, alarms, dashboard, slack, jira.',
    ],
    [
      'concurrency: 0%',
      18,
      '.concurrency',
      '`0%` is not taken. Allowed: a number of instances from 1, or a percentage of the fleet from 1% to 100%.',
    ],
    ['retention: {last: -1}', 23, '.retention.last', `\`-1\` is not taken. ${aCount(0)}`],
    ['retention: {minimum: 0}', 26, '.retention.minimum', `\`0\` is not taken. ${aCount(1)}`],
    [
      'retention: {goneInstances: 0d}',
      32,
      '.retention.goneInstances',
      '`0d` is not taken. Allowed: a number of days from 1d to 99999d, such as 90d.',
    ],
    [
      'retention: {last: 0, daily: 0, weekly: 0, monthly: 1, yearly: 0}',
      5,
      '.retention',
      'It keeps 1 recovery point at most, but never fewer than 3. Allowed: a `minimum` that the other numbers reach together.',
    ],
    [
      'slack: true',
      12,
      '.slack',
      '`true` is not taken. Allowed: a section with `channel` and `token`, or with `webhook`; false: nobody is told there.',
    ],
    [
      "slack: {channel: '#ops'}",
      5,
      '.slack',
      '`token` is missing. Allowed: `channel` and `token`, or `webhook`.',
    ],
    [
      "slack: {channel: '#ops', webhook: /lifeboat/hook}",
      39,
      '.slack.webhook',
      'A webhook writes to its own channel and needs no token. Allowed: either `webhook`, or `channel` and `token`.',
    ],
    [
      'slack: {channel: ops, token: /a/b}',
      22,
      '.slack.channel',
      "`ops` is not taken. Allowed: a channel in quotes such as '#ops', or its id such as C0123ABCDEF.",
    ],
    [
      "slack: {channel: '#ops', token: hunter2}",
      37,
      '.slack.token',
      `This value, not shown here, is not taken. ${parameter}`,
    ],
    [
      "slack: {channel: '#ops', token: /a/b, tell: {start: allways}}",
      57,
      '.slack.tell.start',
      '`allways` is not taken. Allowed: `always`, `by-hand` (runs that a person started) or `never`. Did you mean `always`?',
    ],
    [
      'jira: {project: OPS}',
      5,
      '.jira',
      '`url`, `credentials` are missing. Allowed: a section with at least `url`, `project` and `credentials`.',
    ],
    [
      'jira: {url: http://acme.example, project: OPS, credentials: /a/b}',
      17,
      '.jira.url',
      '`http://acme.example` is not taken. Allowed: an https address without user name, query and fragment, such as https://acme.atlassian.net.',
    ],
    [
      'jira: {url: https://a.atlassian.net, project: OPS, credentials: /a/b, edition: data-center}',
      84,
      '.jira.edition',
      'Addresses at atlassian.net are JIRA Cloud. Allowed: `cloud`, or the address of a Data Center.',
    ],
    [
      'jira: {url: https://a.atlassian.net, project: OPS, credentials: /a/b, edition: clod}',
      84,
      '.jira.edition',
      '`clod` is not taken. Allowed: `cloud` or `data-center`. Did you mean `cloud`?',
    ],
    [
      'jira: {url: https://a.atlassian.net, project: ops, credentials: /a/b}',
      51,
      '.jira.project',
      '`ops` is not taken. Allowed: the key of a project in capitals, such as OPS.',
    ],
    [
      'jira: {url: https://a.atlassian.net, project: OPS, credentials: /a/b, labels: [two words]}',
      84,
      '.jira.labels[0]',
      '`two words` is not taken. Allowed: a label without spaces, at most 255 characters.',
    ],
  ])('%s', (line, column, key, told) => {
    expect(toldOf(plan(line))).toEqual([`${at(9, column, key)}${told}`]);
  });

  test('a word behind # is a comment, which is said', () => {
    expect(toldOf(plan('slack:', '  channel: #ops', '  token: /lifeboat/slack-token'))).toEqual([
      `${at(10, 7, '.slack.channel')}It is empty: in YAML a # begins a comment, unless it stands in quotes. Allowed: a channel in quotes such as '#ops', or its id such as C0123ABCDEF.`,
    ]);
  });

  test.each([
    [0, 'fleet: {}', 5, '.fleet', 'It names no instances. Allowed: either `groups` or `tags`.'],
    [
      0,
      'fleet: {groups: [a], tags: {b: c}}',
      5,
      '.fleet',
      'It has both `groups` and `tags`: which is meant? Allowed: either `groups` or `tags`.',
    ],
    [
      0,
      'fleet: [acme-web]',
      5,
      '.fleet',
      'A list does not fit here. Allowed: a section with `groups` or `tags`.',
    ],
    [
      0,
      'fleet: {group: [a]}',
      13,
      '.fleet.group',
      '`group` is no key of `fleet`. Allowed: groups, tags. Did you mean `groups`?',
    ],
    [
      0,
      'fleet: {groups: []}',
      13,
      '.fleet.groups',
      'The list has 0 entries. Allowed: a list of 1 to 50 names.',
    ],
    [
      0,
      'fleet: {groups: [2024]}',
      22,
      '.fleet.groups[0]',
      '`2024` is read as a number, not as text. Allowed: the name of an Auto Scaling group: at most 255 ASCII characters, no colon.',
    ],
    [
      0,
      'fleet: {groups: ["arn:aws:autoscaling:eu-west-1:1:autoScalingGroup:u:autoScalingGroupName/a"]}',
      22,
      '.fleet.groups[0]',
      `This ARN names an account and a region, and a deployment saves the groups of its own account and region alone. ${elsewhere('the name of the group, in a deployment in that account and region')}`,
    ],
    [
      0,
      'fleet: {groups: [a], region: eu-west-1}',
      26,
      '.fleet.region',
      `\`region\` is no key of \`fleet\`: a deployment saves the instances of its own account and region alone. ${elsewhere('a deployment in each account and region')}`,
    ],
    [
      0,
      'fleet: {tags: {}}',
      13,
      '.fleet.tags',
      'The section has 0 entries. Allowed: a section of 1 to 5 tags, each with a value or a list of values.',
    ],
    [
      0,
      'fleet: {tags: {Role: true}}',
      26,
      '.fleet.tags.Role',
      '`true` is not taken. Allowed: a value, or a list of 1 to 50 values; numbers and true/false in quotes.',
    ],
    [2, 'source: upload', 13, '.source', `\`upload\` is not taken. ${aPath}`],
    [2, 'source: {path: "/a/$(id)"}', 20, '.source.path', `\`"/a/$(id)"\` is not taken. ${aPath}`],
    [
      2,
      'source: {path: /a, mayBeEmpty: yes}',
      36,
      '.source.mayBeEmpty',
      '`yes` is not taken. Allowed: true or false.',
    ],
    [
      2,
      'source: {path: /a, maxShrink: 0.5}',
      35,
      '.source.maxShrink',
      '`0.5` is read as a number, not as text. Allowed: a percentage from 0% to 100%.',
    ],
    [
      2,
      'source: /mnt/lifeboat/uploads',
      13,
      '.source',
      'The source /mnt/lifeboat/uploads and the share /mnt/lifeboat lie within each other. Allowed: two folders of which neither contains the other.',
    ],
    [
      2,
      'source: {mayBeEmpty: true}',
      5,
      '.source',
      '`source` is missing. Allowed: the folder to save, such as /var/www/upload, here or in `defaults`.',
    ],
    [
      3,
      'share: {path: /a, id: my_share}',
      27,
      '.share.id',
      '`my_share` is not taken. Allowed: letters, digits and hyphens, at most 64.',
    ],
    [
      4,
      'schedule: {timezone: UTC}',
      5,
      '.schedule',
      '`schedule.cron` is missing. Allowed: when to run, such as 0 2 * * *, here or in `defaults`.',
    ],
    [
      4,
      'schedule: {cron: 0 2 * * *, timezone: Asia/Singapur}',
      43,
      '.schedule.timezone',
      '`Asia/Singapur` is no time zone that EventBridge knows. Allowed: an IANA name such as Asia/Singapore or UTC. Did you mean `Asia/Singapore`?',
    ],
    [
      4,
      'schedule: {cron: 0 2 * * *, timezon: UTC}',
      33,
      '.schedule.timezon',
      '`timezon` is no key of `schedule`. Allowed: cron, timezone, window, enabled. Did you mean `timezone`?',
    ],
    [
      4,
      'schedule: {cron: 0 2 * * *, window: 25h}',
      41,
      '.schedule.window',
      `\`25h\` is too long. ${aDuration('0m', '24h')}`,
    ],
  ])('in place of key %d: %s', (index, line, column, key, told) => {
    const keys = ['fleet: {groups: [acme-web]}', '# -', ...needed.slice(2)];
    expect(toldOf(planText(...keys.with(index, line)))).toEqual([`${at(4 + index, column, key)}${told}`]);
  });
});

test('what comes from defaults is shown where defaults say it', () => {
  const text =
    'version: 1\ndefaults:\n  deadline: 5m\nplans:\n  acme-web: {fleet: {groups: [a]}, source: /a, share: /b, schedule: {cron: 0 2 * * *}}\n';
  expect(toldOf(text)).toEqual([
    'lifeboat.yml:3:13 defaults.deadline: Delivery may take 10m, but the run ends after 5m. Allowed: a `delivery` shorter than the `deadline`.',
  ]);
});

test('docs/deploy.md shows the very answer to three mistakes in lifeboat.yml', () => {
  const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
  const shown = /answered with:\n\n```\n([\s\S]*?)```/.exec(read('docs/deploy.md'))?.[1] ?? '';
  const bad = read('lifeboat.yml')
    .replace('source:', 'sourse:')
    .replace('cron: 0 2 * * *', 'cron: 0 2 31 2 *')
    .replace('Asia/Singapore', 'Asia/Singapor');
  let message = '';
  try {
    readPlans(bad, 'bad.yml');
  } catch (error) {
    message = error instanceof PlanMistakes ? error.message : String(error);
  }
  const withoutSpaces = (text: string): string => text.replaceAll(/[ \t]+$/gm, '').trim();
  expect(withoutSpaces(message)).toContain(withoutSpaces(shown));
});

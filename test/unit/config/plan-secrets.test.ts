import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatMistakes, PlanMistakes, readPlans } from '../../../deploy/plans.ts';
import { mistakesOf, needed, planText, toldOf } from './plan-texts.ts';

const secrets = [
  ['a Slack token', `xoxb-${'1234567890'}-abcdefghij`],
  ['a Slack token', `xapp-1-${'A0123'}-987654-abc`],
  ['the address of a Slack webhook', `https://hooks.slack.com/services/${'T000/B000/abcdef'}`],
  ['an Atlassian token', `ATATT3xFfGF0${'abcdefghijklmnop'}`],
  ['JIRA credentials', `bot@acme.example:ATATT3xFfGF0${'abcdefghijklmnop'}`],
  ['an address with a password in it', 'https://bot:geheim@'],
  ['an AWS access key', `AKIA${'ABCDEFGHIJKLMNOP'}`],
] as const;

describe('what looks like a secret is refused and never shown', () => {
  test.each(secrets)('%s: %s', (what, secret) => {
    const places = [
      planText(...needed, `slack: {channel: '#ops', token: "${secret}", tell: {start: x}}`),
      planText(...needed, `slack: {webhook: '${secret}'}`),
      planText(...needed, `jira: {url: ${secret}, project: x}`),
      planText(...needed, `"${secret}": 1`),
      planText(...needed, `deadline: 3h # ${secret}`),
      planText(...needed, `deadline: [${secret}`),
      planText(...needed, 'slack:', '  token: |', `    ${secret}`),
      planText(...needed, `slack: {tokn: ${secret}`),
      `${secret}\n`,
    ];
    for (const text of places) {
      const told = mistakesOf(text).join('\n');
      expect(told).not.toBe('');
      expect(told).not.toContain(secret);
      expect(told).not.toContain(secret.slice(-8));
    }
    expect(toldOf(places[4] ?? '')).toEqual([
      expect.stringContaining(
        `This looks like ${what} (not shown). Secrets do not belong into this file; replace one that others may have seen. ` +
          'Allowed: the name of an SSM parameter that holds it: `aws ssm put-parameter --type SecureString --name /lifeboat/… --value …`.',
      ),
    ]);
  });

  test('the line is shown with asterisks, and the caret at its place', () => {
    expect(
      mistakesOf(planText(...needed, `deadline: 3h # ${secrets[0][1]}`))[0]
        ?.split('\n')
        .slice(1),
    ).toEqual([
      '   9 |     deadline: 3h # **************************',
      '     |                    ^^^^^^^^^^^^^^^^^^^^^^^^^^',
    ]);
  });
});

test('whatever stands where a parameter is named is not shown, unless it is a parameter', () => {
  const word = fc.string({
    unit: fc.constantFrom(...'abcdefXYZ0123456789-_.:+='.split('')),
    minLength: 6,
    maxLength: 20,
  });
  const slot = fc.constantFrom(
    (secret: string) => [`slack: { channel: ops, token: '${secret}' }`],
    (secret: string) => [`slack: { channel: ops, "token":"${secret}" }`],
    (secret: string) => ['slack:', '  channel: ops', `  tokn: "${secret}"`],
    (secret: string) => ['slack:', '  webhook:', `    '${secret}'`],
    (secret: string) => ['jira:', '  url: x', `  credentials: '${secret}'`, '  project: x'],
    (secret: string) => [`password: '${secret}'`],
    (secret: string) => [`jira: { url: x, credentials: "${secret}`],
  );
  fc.assert(
    fc.property(word, slot, (word, write) => {
      const secret = `s${word}`;
      const told = mistakesOf(planText(...needed, ...write(secret))).join('\n');
      expect(told).not.toBe('');
      expect(told).not.toContain(secret);
    }),
    { numRuns: 300 },
  );
});

test('names of parameters stay readable', () => {
  const told = mistakesOf(planText(...needed, 'slack: { channel: ops, token: /lifeboat/slack-token }'));
  expect(told.join('\n')).toContain('token: /lifeboat/slack-token }');
});

test('the list of mistakes prints as the error does', () => {
  try {
    readPlans('version: 7\n', 'lifeboat.yml');
  } catch (error) {
    if (!(error instanceof PlanMistakes)) throw error;
    expect(formatMistakes(error.mistakes)).toBe(error.message);
  }
  expect.assertions(1);
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { tellersFor } from '../../../functions/escalation/open-channels.ts';
import { type ServiceReply, type ServiceServer, startServiceServer } from '../../../local/service-server.ts';
import { aNotice, aPlan, safe, unsafe } from './a-notice.ts';

/** A service at its worst: it answers whatever it is told to, and sends back what it should have kept to itself. */
let server: ServiceServer;
let reply: ServiceReply = { status: 200, body: '' };
let seen = '';

beforeAll(async () => {
  server = await startServiceServer(
    {
      answer: (request) => {
        seen = request.header('authorization') ?? '';
        return { ...reply, body: reply.body.replaceAll('AUTHORIZATION', seen) };
      },
      failure: () => ({ status: 500, body: '' }),
    },
    0,
  );
});
afterAll(async () => {
  await server.stop();
});

const secret = 's3cr3t-T0ken_0123456789';
const user = 'robot@example.org';

const body = fc.oneof(
  fc.string({ maxLength: 200 }),
  fc.json({ maxDepth: 2 }),
  fc.constantFrom(
    '{"ok":false,"error":"AUTHORIZATION"}',
    '{"ok":false,"error":"invalid_auth","needed":"AUTHORIZATION"}',
    '{"ok":false,"error":"invalid_blocks","response_metadata":{"messages":["AUTHORIZATION","x"]}}',
    `{"ok":false,"error":"${secret}"}`,
    `{"ok":false,"error":"x","response_metadata":{"messages":["${'x'.repeat(150)}${secret}"]}}`,
    '{"errorMessages":["AUTHORIZATION"],"errors":{"a":"AUTHORIZATION"}}',
    `{"errorMessages":["${'x'.repeat(190)}${secret}"],"errors":{"${secret}":"${encodeURIComponent(secret)}"}}`,
    `no_service ${secret}`,
    '<html>AUTHORIZATION</html>',
    '{"issues":[{"key":"AUTHORIZATION"}]}',
    '{"ok":true}',
    '{"key":"OPS-1"}',
    '{"issues":[]}',
  ),
);
const answer = fc.record({
  status: fc.constantFrom(200, 201, 204, 301, 302, 400, 401, 403, 404, 410, 413, 429, 500, 502, 503),
  body,
  headers: fc.constantFrom(
    {},
    { 'retry-after': '0' },
    { 'retry-after': '3600' },
    { 'retry-after': 'soon' },
    { location: `https://evil.example/?${secret}` },
  ),
});
const kind = fc.constantFrom('failed' as const, 'recovered' as const, 'succeeded' as const);

test('no answer of a service brings a secret into an error, and every failure is told in time', async () => {
  await fc.assert(
    fc.asyncProperty(
      answer,
      kind,
      fc.boolean(),
      fc.constantFrom('bot', 'webhook', 'cloud', 'data-center'),
      async (said, which, mayBeTold, how) => {
        reply = said;
        const begin = performance.now();
        const error = await tellerOf(how)
          .tell(aNotice(which, [safe(1), unsafe(2)], { mayBeTold }))
          .then(
            () => undefined,
            (thrown: unknown) => thrown,
          );
        expect(performance.now() - begin).toBeLessThan(5_000);
        if (error === undefined) return;
        const whole = `${String(error)} ${JSON.stringify(error)} ${String(error instanceof Error ? error.cause : '')}`;
        for (const form of [secret, Buffer.from(`${user}:${secret}`).toString('base64'), secret.slice(0, 12)])
          expect(whole).not.toContain(form);
        expect(whole).toMatch(/ChannelError: (Slack|JIRA)/);
        expect(whole).not.toContain(server.origin);
      },
    ),
    { numRuns: 250 },
  );
}, 60_000);

const tellerOf = (how: string) => {
  const isBot = how === 'bot';
  const { slack, jira } = tellersFor(
    aPlan({
      slack: {
        via: isBot
          ? { kind: 'bot', tokenParameter: '/p', channel: 'C0123456789' }
          : { kind: 'webhook', urlParameter: '/p' },
        tell: { start: 'never', success: 'always' },
      },
      jira: {
        url: server.origin,
        edition: how === 'cloud' ? 'cloud' : 'data-center',
        project: 'OPS',
        issueType: 'Task',
        labels: [],
        credentialsParameter: '/p',
        reopenMinutes: 0,
        resolves: true,
      },
    }),
    {
      readSecret: async () => secretOf(how),
      slackUrl: `${server.origin}/api/`,
      budgetMilliseconds: 300,
      requestMilliseconds: 100,
      pauseMilliseconds: 1,
    },
  );
  const teller = isBot || how === 'webhook' ? slack : jira;
  if (teller === undefined) throw new Error('The plan has no such channel.');
  return teller;
};

const secretOf = (how: string): string => {
  switch (how) {
    case 'webhook':
      return `${server.origin}/services/T1/B1/${secret}`;
    case 'cloud':
      return `${user}:${secret}`;
    default:
      return secret;
  }
};

import { afterEach, describe, expect, test } from '@jest/globals';
import { type ChannelOptions, tellersFor } from '../../../functions/escalation/open-channels.ts';
import type { Notice, Teller } from '../../../functions/pipeline/doors.ts';
import {
  type LocalSlackOptions,
  type RunningSlack,
  startLocalSlack,
} from '../../../local/slack/local-slack.ts';
import { aNotice, anIncident, aPlan, aRecord, run, safe, unsafe } from './a-notice.ts';

const open: RunningSlack[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((slack) => slack.stop()));
});

const slackWith = async (options: LocalSlackOptions = {}): Promise<RunningSlack> => {
  const slack = await startLocalSlack(options);
  open.push(slack);
  return slack;
};

const quick = { budgetMilliseconds: 4000, requestMilliseconds: 150, pauseMilliseconds: 5 };

const bot = (
  slack: RunningSlack,
  options: Partial<ChannelOptions> = {},
  channel = '#acme-backups',
): Teller => {
  const via = { kind: 'bot', tokenParameter: '/lifeboat/slack-token', channel } as const;
  const plan = aPlan({ slack: { via, tell: { start: 'never', success: 'always' } } });
  const slackUrl = slack.apiUrl;
  return tellerOf(
    tellersFor(plan, { readSecret: async () => slack.botToken, slackUrl, ...quick, ...options }).slack,
  );
};

const webhook = (slack: RunningSlack, url = slack.webhookUrl): Teller => {
  const via = { kind: 'webhook', urlParameter: '/lifeboat/slack-webhook' } as const;
  const plan = aPlan({ slack: { via, tell: { start: 'never', success: 'always' } } });
  return tellerOf(tellersFor(plan, { readSecret: async () => url, ...quick }).slack);
};

const tellerOf = (teller: Teller | undefined): Teller => {
  if (teller === undefined) throw new Error('The plan has no Slack.');
  return teller;
};

const failure = (change: Partial<Notice> = {}) => aNotice('failed', [safe(1), unsafe(2)], change);

describe('a bot', () => {
  test('posts to the channel and answers where the message is', async () => {
    const slack = await slackWith();
    const told = await bot(slack).tell(failure());
    const [message] = slack.messages();
    expect(message).toMatchObject({ channel: '#acme-backups', timestamp: told.reference });
    expect(message?.text).toContain('1 of 2 instances is protected, 1 is not');
    expect(told.channel).toMatch(/^C/);
  });

  test("answers in the incident's thread, and shows the answer in the channel", async () => {
    const slack = await slackWith();
    const first = await bot(slack).tell(failure());
    const incident = anIncident({ slack: { channel: first.channel ?? '', thread: first.reference } });
    await bot(slack).tell(aNotice('recovered', [safe(1)], { incident }));
    expect(slack.messages()[1]).toMatchObject({ thread: first.reference, raw: { isBroadcast: true } });
  });

  test('keeps the first message true: open, at risk, recovered, since when', async () => {
    const slack = await slackWith();
    const first = await bot(slack).tell(failure());
    const head = () => slack.messages().find(({ timestamp }) => timestamp === first.reference)?.text;
    expect(head()).toContain('Open since Tue, 24 Nov 2026, 02:00 (Asia/Singapore), 1 bad run.');
    const incident = anIncident(first.thread === undefined ? {} : { slack: first.thread });
    const news = { ...incident.news, atRisk: true, at: '2026-11-24T22:00:00.000Z' };
    await bot(slack).tell(aNotice('escalated', [unsafe(2)], { incident: { ...incident, news } }));
    expect(head()).toContain('Escalated: at risk since Wed, 25 Nov 2026, 06:00 (Asia/Singapore)');
    const closed = { state: 'closed', closedAt: '2026-11-25T18:00:00.000Z' } as const;
    await bot(slack).tell(aNotice('recovered', [safe(2)], { incident: { ...incident, ...closed } }));
    expect(head()).toContain('Recovered Thu, 26 Nov 2026, 02:00 (Asia/Singapore)');
    expect(slack.messages()).toHaveLength(3);
  });

  test('tells once and goes on with the first message later when only that could not be changed', async () => {
    const slack = await slackWith();
    const { thread } = await bot(slack).tell(failure());
    const incident = anIncident(thread === undefined ? {} : { slack: thread });
    const notice = aNotice('recovered', [safe(2)], {
      incident: { ...incident, state: 'closed', closedAt: '2026-11-25T18:00:00.000Z' },
    });
    slack.failNext((request) => request.url.pathname.endsWith('chat.update'), 3);
    const told = await bot(slack).tell(notice);
    expect(told.rest).toMatch(/Slack chat\.update: HTTP 500/);
    expect(slack.messages()[0]?.text).toContain('Open since');
    await bot(slack).tell({ ...notice, mayBeTold: true, toldAs: told.reference });
    expect(slack.messages()[0]?.text).toContain('Recovered');
    expect(slack.messages()).toHaveLength(2);
  });

  test('finds the thread whose place got lost with an answer, by the incident', async () => {
    const slack = await slackWith();
    const first = await bot(slack).tell(failure());
    const next = 'acme-web/20261124T180000Z-backup';
    const record = aRecord([unsafe(2)], { run: next });
    const told = await bot(slack).tell(aNotice('failed', [], { record, incident: anIncident() }));
    expect(told.thread).toEqual(first.thread);
    expect(slack.messages()[1]).toMatchObject({ thread: first.reference });
  });

  test('shows in the first message that somebody is at it, and tells nothing', async () => {
    const slack = await slackWith();
    const { thread } = await bot(slack).tell(failure());
    const incident = anIncident({
      ...(thread === undefined ? {} : { slack: thread }),
      acknowledged: { at: '2026-11-24T01:00:00.000Z' },
      muted: { at: '2026-11-24T01:00:00.000Z', until: '2026-12-01T00:00:00.000Z' },
    });
    expect(await bot(slack).refresh?.(failure({ incident }))).toBeUndefined();
    expect(slack.messages()).toHaveLength(1);
    expect(slack.messages()[0]?.text).toContain(
      'Acknowledged Tue, 24 Nov 2026, 09:00 (Asia/Singapore). Muted until Tue, 1 Dec 2026, 08:00 (Asia/Singapore).',
    );
    slack.fail(500, 9);
    expect(await bot(slack).refresh?.(failure({ incident }))).toMatch(/chat\.update: HTTP 500/);
  });

  test('says in the thread that JIRA could not be told, and why', async () => {
    const slack = await slackWith();
    const { thread } = await bot(slack).tell(failure());
    const incident = anIncident(thread === undefined ? {} : { slack: thread });
    const about = { channel: 'jira', kind: 'failed', error: 'JIRA POST /issue: HTTP 401.' } as const;
    const notice = aNotice('unheard', [unsafe(2)], { incident, about });
    await bot(slack).tell(notice);
    await bot(slack).tell({ ...notice, mayBeTold: true });
    expect(slack.messages()).toHaveLength(2);
    expect(slack.messages()[1]).toMatchObject({
      thread: thread?.thread,
      text: expect.stringMatching(
        /JIRA could not be told of this run .*It says: JIRA POST \/issue: HTTP 401/,
      ),
    });
    expect(slack.messages()[0]?.text).toContain('Open since');
  });

  test('leaves a first message that cannot be changed any more as it is', async () => {
    const slack = await slackWith();
    const { thread } = await bot(slack).tell(failure());
    const gone = { channel: thread?.channel ?? '', thread: '1700000000.000001' };
    const incident = anIncident({ ...(thread === undefined ? {} : { slack: thread }), slackBefore: [gone] });
    const told = await bot(slack).tell(aNotice('recovered', [safe(2)], { incident }));
    expect(told.rest).toBeUndefined();
  });

  test('does not pull an ordinary success into the thread of an old incident', async () => {
    const slack = await slackWith();
    const first = await bot(slack).tell(failure());
    const incident = anIncident({
      state: 'closed',
      slack: { channel: '#acme-backups', thread: first.reference },
    });
    await bot(slack).tell(aNotice('succeeded', [safe(1)], { incident }));
    expect(slack.messages()[1]?.thread).toBeUndefined();
  });

  test.each([
    ['thread', { channel: '#acme-backups', thread: '1700000000.000001' }],
    ['channel', { channel: 'CGONE12345', thread: '1700000000.000001' }],
  ])('tells in the channel of the plan when the %s of the incident is gone', async (_, thread) => {
    const slack = await slackWith({ channels: ['acme-backups'] });
    await bot(slack).tell(aNotice('recovered', [safe(1)], { incident: anIncident({ slack: thread }) }));
    expect(slack.messages()).toHaveLength(1);
    expect(slack.messages()[0]).toMatchObject({ channel: '#acme-backups' });
  });
});

describe('channels by how bad it is', () => {
  const channels = { warning: '#quiet', failure: '#ops', atRisk: '#on-call' };
  const telling = async () => {
    const slack = await slackWith();
    const via = { kind: 'bot', tokenParameter: '/t', channel: '#all', channels } as const;
    const plan = aPlan({ slack: { via, tell: { start: 'always', success: 'always' } } });
    const options = { readSecret: async () => slack.botToken, slackUrl: slack.apiUrl, ...quick };
    const teller = tellerOf(tellersFor(plan, options).slack);
    return { slack, tell: (notice: Notice) => teller.tell({ ...notice, plan }) };
  };
  const where = (slack: RunningSlack) => slack.messages().map(({ channel }) => channel);
  const pruned = aRecord([unsafe(1, 'prune-refused')], { operation: 'prune' });
  const warned = safe(1, [{ cause: 'file-vanished', count: 1, example: 'x' }]);

  test('warnings, failures and risks have their own, what is good has the first', async () => {
    const { slack, tell } = await telling();
    await tell(aNotice('started', []));
    await tell(aNotice('succeeded', [safe(1)]));
    await tell(
      aNotice('succeeded', [], { record: aRecord([warned], { result: 'protected-with-warnings' }) }),
    );
    await tell(failure({ record: pruned }));
    await tell(failure());
    const { news } = anIncident();
    await tell(failure({ incident: anIncident({ news: { ...news, atRisk: true } }) }));
    expect(where(slack)).toEqual(['#all', '#all', '#quiet', '#quiet', '#ops', '#on-call']);
  });

  test('an incident that comes to be at risk goes on elsewhere, and every head of it stays true', async () => {
    const { slack, tell } = await telling();
    const first = await tell(failure());
    const { news } = anIncident();
    const incident = anIncident({
      ...(first.thread === undefined ? {} : { slack: first.thread }),
      news: { ...news, atRisk: true },
    });
    const second = await tell(aNotice('escalated', [unsafe(2)], { incident }));
    expect(where(slack)).toEqual(['#ops', '#on-call']);
    expect(slack.messages()[0]?.text).toContain('It goes on in #on-call.');
    expect(second.thread).toMatchObject({ name: '#on-call', thread: second.reference });
    await tell(
      aNotice('recovered', [safe(2)], {
        incident: {
          ...incident,
          state: 'closed',
          closedAt: '2026-11-26T18:00:00.000Z',
          ...(second.thread === undefined ? {} : { slack: second.thread }),
          ...(first.thread === undefined ? {} : { slackBefore: [first.thread] }),
        },
      }),
    );
    const [one, two, three, ...more] = slack.messages();
    expect(more).toEqual([]);
    expect([one?.text, two?.text]).toEqual([
      expect.stringContaining('Recovered'),
      expect.stringContaining('Recovered'),
    ]);
    expect(three).toMatchObject({ channel: '#on-call', thread: second.reference });
  });
});

describe('what may have been told already', () => {
  test.each(['#acme-backups', 'id'])(
    'is found by run and kind, not told again (channel by %s)',
    async (how) => {
      const slack = await slackWith();
      const first = await bot(slack).tell(failure());
      await bot(slack).tell(
        aNotice('failed', [unsafe(1)], { record: aRecord([], { run: 'acme-web/20261124T180000Z-backup' }) }),
      );
      const channel = how === 'id' ? (first.channel ?? '') : how;
      const again = await bot(slack, {}, channel).tell(failure({ mayBeTold: true }));
      expect(again.reference).toBe(first.reference);
      expect(slack.messages()).toHaveLength(2);
    },
  );

  test('is found in a thread', async () => {
    const slack = await slackWith();
    const first = await bot(slack).tell(failure());
    const incident = anIncident({ slack: { channel: first.channel ?? '', thread: first.reference } });
    const notice = aNotice('recovered', [safe(1)], { incident });
    const second = await bot(slack).tell(notice);
    const again = await bot(slack).tell({ ...notice, mayBeTold: true });
    expect(again.reference).toBe(second.reference);
    expect(slack.messages()).toHaveLength(2);
  });

  test('is found although 300 messages came after it', async () => {
    const slack = await slackWith();
    const first = await bot(slack).tell(failure());
    const other = bot(slack);
    for (let n = 0; n < 300; n += 1)
      await other.tell(
        aNotice('succeeded', [safe(1)], { record: aRecord([safe(1)], { run: `acme-web/x${n}` }) }),
      );
    await bot(slack).tell(failure({ mayBeTold: true }));
    expect(slack.messages()).toHaveLength(301);
    expect((await bot(slack).tell(failure({ mayBeTold: true }))).reference).toBe(first.reference);
  });

  test('is told if it was not', async () => {
    const slack = await slackWith();
    await bot(slack).tell(failure({ mayBeTold: true }));
    expect(slack.messages()).toHaveLength(1);
  });

  test('is told again where the app may not look: twice is better than never', async () => {
    const slack = await slackWith({ scopes: ['chat:write'] });
    await bot(slack).tell(failure());
    await bot(slack).tell(failure({ mayBeTold: true }));
    expect(slack.messages()).toHaveLength(2);
  });
});

describe('when Slack fails', () => {
  test('a lost answer leads to one message, not two', async () => {
    const slack = await slackWith();
    slack.loseAnswers(1);
    const told = await bot(slack).tell(failure());
    expect(slack.messages()).toHaveLength(1);
    expect(slack.messages()[0]?.timestamp).toBe(told.reference);
  });

  test('429 is waited out as long as Slack asks', async () => {
    const slack = await slackWith();
    slack.fail(429, 1);
    const begin = performance.now();
    await bot(slack).tell(failure());
    expect(performance.now() - begin).toBeGreaterThan(990);
    expect(slack.messages()).toHaveLength(1);
  });

  test('429 is not waited out beyond the budget', async () => {
    const slack = await slackWith();
    slack.fail(429, 1);
    const begin = performance.now();
    const telling = bot(slack, { budgetMilliseconds: 600 }).tell(failure());
    await expect(telling).rejects.toThrow(
      /Slack chat\.postMessage: HTTP 429.*asks to wait 1 s, longer than there is time/,
    );
    expect(performance.now() - begin).toBeLessThan(1_000);
  });

  test('500 passes, and the message is told once', async () => {
    const slack = await slackWith();
    slack.fail(500, 2);
    await bot(slack).tell(failure());
    expect(slack.messages()).toHaveLength(1);
  });

  test('500 again and again is given up within the budget, with an error that says what and what to do', async () => {
    const slack = await slackWith();
    slack.fail(500, 100);
    const begin = performance.now();
    await expect(bot(slack).tell(failure())).rejects.toThrow(
      /^Slack \S+: HTTP 500; .*tried again later.*slack-status/,
    );
    expect(performance.now() - begin).toBeLessThan(quick.budgetMilliseconds + 5_000);
    expect(slack.messages()).toHaveLength(0);
  });

  test('a server that never answers is left after the time-out, and all of it ends within the budget', async () => {
    const slack = await slackWith();
    slack.fail('hang', 100);
    const begin = performance.now();
    await expect(bot(slack, { budgetMilliseconds: 700 }).tell(failure())).rejects.toThrow(/no answer within/);
    expect(performance.now() - begin).toBeLessThan(5_000);
  });

  test('a server that is not there is told as that', async () => {
    const slack = await startLocalSlack();
    await slack.stop();
    await expect(bot(slack).tell(failure())).rejects.toThrow(/ECONNREFUSED.*3 attempts/);
  });
});

describe('what Slack refuses names its code and the remedy', () => {
  test('a wrong token', async () => {
    const slack = await slackWith();
    const teller = bot(slack, { readSecret: async () => 'xoxb-wrong-token' });
    await expect(teller.tell(failure())).rejects.toThrow(
      'Slack chat.postMessage: invalid_auth. Put a valid bot token (xoxb-…) of the app into the SSM parameter /lifeboat/slack-token.',
    );
  });

  test('an unknown channel', async () => {
    const slack = await slackWith({ channels: ['other'] });
    await expect(bot(slack).tell(failure())).rejects.toThrow(
      /channel_not_found\. Check the channel in lifeboat\.yml/,
    );
  });

  test('a missing scope', async () => {
    const slack = await slackWith({ scopes: [] });
    await expect(bot(slack).tell(failure())).rejects.toThrow(
      /missing_scope \(needed: chat:write\).*install it again/,
    );
  });

  test.each(['', ' ', 'xoxb-one\nxoxb-two', 'xoxb-ünï'])(
    'a parameter without a token: %j',
    async (secret) => {
      const slack = await slackWith();
      const teller = bot(slack, { readSecret: async () => secret });
      await expect(teller.tell(failure())).rejects.toThrow(
        /SSM parameter \/lifeboat\/slack-token holds no token/,
      );
    },
  );
});

test('a line break at the end of the parameter does no harm', async () => {
  const slack = await slackWith();
  await bot(slack, { readSecret: async () => `${slack.botToken}\n` }).tell(failure());
  expect(slack.messages()).toHaveLength(1);
});

test('the secret is read when something is told, not before', async () => {
  const slack = await slackWith();
  let reads = 0;
  const readSecret = async () => {
    reads += 1;
    return slack.botToken;
  };
  const teller = bot(slack, { readSecret });
  expect(reads).toBe(0);
  await teller.tell(failure());
  expect(reads).toBe(1);
});

describe('an incoming webhook', () => {
  test('posts the same message and has no reference of its own', async () => {
    const slack = await slackWith();
    expect(await webhook(slack).tell(failure())).toEqual({ reference: 'webhook' });
    expect(slack.messages()[0]?.text).toContain('1 of 2 instances is protected');
  });

  test('that is gone is told with code and remedy, without its address', async () => {
    const slack = await slackWith();
    const gone = `${slack.webhookUrl}-gone`;
    const error = await webhook(slack, gone).tell(failure()).catch(String);
    expect(error).toContain('HTTP 404 no_service. The webhook is gone');
    expect(error).not.toContain('/services/');
  });

  test('is not asked twice when its answer was lost: it cannot be looked up', async () => {
    const slack = await slackWith();
    slack.loseAnswers(1);
    await expect(webhook(slack).tell(failure())).rejects.toThrow(
      /it may have been done, so it was not asked again/,
    );
    expect(slack.messages()).toHaveLength(1);
  });

  test('429 and then success is one message', async () => {
    const slack = await slackWith();
    slack.fail(429, 1);
    await webhook(slack).tell(failure());
    expect(slack.messages()).toHaveLength(1);
  });

  test('an address that is none is told as that', async () => {
    const slack = await slackWith();
    await expect(webhook(slack, 'xoxb-a-token').tell(failure())).rejects.toThrow(
      /SSM parameter \/lifeboat\/slack-webhook holds no webhook address/,
    );
  });
});

test('what instances say cannot mention anybody', async () => {
  const slack = await slackWith();
  const detail = '<!channel> <@U1> `x` *b* <https://evil.example|Report>\n\u202e\ud800';
  await bot(slack).tell(aNotice('failed', [unsafe(1, 'copy-failed', { detail })]));
  const shown = slack.messages()[0]?.text ?? '';
  expect(shown).toContain('<!channel> <@U1> ˋxˋ *b* <https://evil.example|Report>\\n\\u{202e}\\u{d800}');
  expect(shown).not.toContain('@channel');
});

test('the metadata names the run and the kind', async () => {
  const slack = await slackWith();
  await bot(slack).tell(failure());
  expect(slack.messages()[0]?.raw).toMatchObject({
    metadata: { event_type: 'lifeboat_notice', event_payload: { run, kind: 'failed', incident: run } },
  });
});

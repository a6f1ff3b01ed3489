import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Logger, LogLevel, WebClient } from '@slack/web-api';
import {
  type LocalSlackOptions,
  type RunningSlack,
  startLocalSlack,
} from '../../../local/slack/local-slack.ts';

/** Slack's own client is the judge of whether local Slack speaks as Slack does. */
let slack: RunningSlack;
const silent = (): void => undefined;
const logger: Logger = {
  debug: silent,
  info: silent,
  warn: silent,
  error: silent,
  setLevel: silent,
  setName: silent,
  getLevel: () => LogLevel.ERROR,
};

beforeEach(async () => {
  slack = await startLocalSlack({ channels: ['ops'] });
});
afterEach(async () => {
  await slack.stop();
});

const restart = async (options: LocalSlackOptions): Promise<RunningSlack> => {
  await slack.stop();
  slack = await startLocalSlack(options);
  return slack;
};

const clientOf = (token = slack.botToken): WebClient =>
  new WebClient(token, {
    slackApiUrl: slack.apiUrl,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    logger,
  });

const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } }) as const;

describe("Slack's own client", () => {
  test('is known by its token', async () => {
    expect(await clientOf().auth.test()).toMatchObject({ ok: true, team_id: 'TLIFEBOAT1' });
  });

  test('posts, answers in a thread, changes and reads back with metadata', async () => {
    const client = clientOf();
    const metadata = { event_type: 'note', event_payload: { run: 'x' } };
    const first = await client.chat.postMessage({
      channel: '#ops',
      text: 'one',
      blocks: [section('*one*')],
      metadata,
    });
    const channel = first.channel ?? '';
    const reply = { channel, text: 'two', thread_ts: first.ts ?? '' };
    await client.chat.postMessage(reply);
    await client.chat.postMessage({ ...reply, text: 'three', reply_broadcast: true });
    await client.chat.update({ channel, ts: first.ts ?? '', text: 'one, changed' });
    const flow = await client.conversations.history({ channel, include_all_metadata: true });
    expect(flow.messages?.map(({ text }) => text)).toEqual(['three', 'one, changed']);
    expect(flow.messages?.[1]?.metadata).toEqual(metadata);
    const thread = await client.conversations.replies({ channel, ts: first.ts ?? '' });
    expect(thread.messages?.map(({ text }) => text)).toEqual(['one, changed', 'two', 'three']);
    expect(thread.messages?.[0]?.metadata).toBeUndefined();
  });

  test('pages through the history', async () => {
    const client = clientOf();
    let channel = '';
    for (let n = 0; n < 7; n += 1)
      channel = (await client.chat.postMessage({ channel: 'ops', text: `${n}` })).channel ?? '';
    const texts: (string | undefined)[] = [];
    let cursor = '';
    do {
      const page = await client.conversations.history({ channel, limit: 3, cursor });
      texts.push(...(page.messages ?? []).map(({ text }) => text));
      cursor = page.response_metadata?.next_cursor ?? '';
    } while (cursor !== '');
    expect(texts).toEqual(['6', '5', '4', '3', '2', '1', '0']);
  });

  test('is told to slow down with 429 and Retry-After', async () => {
    slack.fail(429, 1);
    await expect(clientOf().auth.test()).rejects.toMatchObject({ retryAfter: 1 });
    await expect(clientOf().auth.test()).resolves.toMatchObject({ ok: true });
  });
});

describe("Slack's refusals", () => {
  const post = (parameters: Readonly<Record<string, unknown>>, token = slack.botToken) =>
    clientOf(token).apiCall('chat.postMessage', { channel: 'ops', text: 'x', ...parameters });
  const many = (count: number) => Array.from({ length: count }, () => section('x'));

  test.each([
    ['channel_not_found', { channel: '#nowhere' }],
    ['no_text', { text: '' }],
    ['msg_too_long', { text: 'x'.repeat(40_001) }],
    ['thread_not_found', { thread_ts: '1.000001' }],
    ['invalid_blocks_format', { blocks: '{"type":"section"}' }],
    ['invalid_blocks_format', { blocks: 'no JSON' }],
    ['invalid_blocks', { blocks: many(51) }],
    ['invalid_blocks', { blocks: [section('x'.repeat(3001))] }],
    ['invalid_blocks', { blocks: [section('')] }],
    ['invalid_blocks', { blocks: [{ type: 'header', text: { type: 'plain_text', text: 'x'.repeat(151) } }] }],
    ['invalid_blocks', { blocks: [{ type: 'header', text: { type: 'mrkdwn', text: 'x' } }] }],
    ['invalid_blocks', { blocks: [{ type: 'section' }] }],
    ['invalid_blocks', { blocks: [{ type: 'marquee' }] }],
    ['invalid_blocks', { blocks: [{ ...section('x'), colour: 'red' }] }],
    ['msg_blocks_too_long', { blocks: Array.from({ length: 5 }, () => section('x'.repeat(2900))) }],
    ['invalid_metadata_format', { metadata: '[]' }],
    ['invalid_metadata_schema', { metadata: { event_type: 'x' } }],
  ])('%s', async (code, parameters) => {
    await expect(post(parameters)).rejects.toMatchObject({ data: { ok: false, error: code } });
    expect(slack.messages()).toHaveLength(0);
  });

  test('say which block and why', async () => {
    await expect(post({ blocks: [section('x'), section('x'.repeat(3001))] })).rejects.toMatchObject({
      data: { errors: ['must be less than 3001 characters [json-pointer:/blocks/1/text/text]'] },
    });
  });

  test('invalid_auth, not_authed, missing_scope, unknown_method', async () => {
    await expect(post({}, 'xoxb-other')).rejects.toMatchObject({ data: { error: 'invalid_auth' } });
    const bare = await fetch(`${slack.apiUrl}chat.postMessage`, { method: 'POST' });
    expect(await bare.json()).toEqual({ ok: false, error: 'not_authed' });
    await expect(clientOf().apiCall('chat.delete')).rejects.toMatchObject({
      data: { error: 'unknown_method' },
    });
    await restart({ scopes: ['chat:write'] });
    await expect(clientOf().conversations.history({ channel: 'C1' })).rejects.toMatchObject({
      data: { error: 'missing_scope', needed: 'channels:history' },
    });
  });

  test('the history takes an id, no name', async () => {
    await expect(clientOf().conversations.history({ channel: 'ops' })).rejects.toMatchObject({
      data: { error: 'channel_not_found' },
    });
  });

  test('JSON bodies are taken as well as forms', async () => {
    const answer = await fetch(`${slack.apiUrl}chat.postMessage`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json; charset=utf-8',
        authorization: `Bearer ${slack.botToken}`,
      },
      body: JSON.stringify({ channel: 'ops', text: 'x', blocks: [section('x')] }),
    });
    expect(await answer.json()).toMatchObject({ ok: true });
  });
});

describe('the incoming webhook', () => {
  const hook = async (body: string, url = slack.webhookUrl) => {
    const answer = await fetch(url, { method: 'POST', body });
    return `${answer.status} ${await answer.text()}`;
  };

  test('takes text and blocks, and says what it will not take', async () => {
    await restart({ webhookChannel: '#ops' });
    expect(await hook('{"text":"x"}')).toBe('200 ok');
    expect(await hook('{"text":')).toBe('400 invalid_payload');
    expect(await hook('{}')).toBe('400 no_text');
    expect(await hook('{"text":"x","blocks":[{"type":"marquee"}]}')).toBe('400 invalid_blocks');
    expect(await hook('{"text":"x"}', `${slack.webhookUrl}x`)).toBe('404 no_service');
    expect(slack.messages().map(({ channel, text }) => `${channel} ${text}`)).toEqual(['#ops x']);
  });
});

describe('what a person would see', () => {
  const shown = async (text: string) => {
    await clientOf().chat.postMessage({ channel: 'ops', text });
    return slack.messages().at(-1)?.text;
  };

  test('mentions, links, bold and code resolved', async () => {
    expect(
      await shown('<!channel> *bold* `code *x*` <https://x.example?a=1&amp;b|here> &lt;i&gt; 2*3*4'),
    ).toBe('@channel bold code *x* here (https://x.example?a=1&b) <i> 2*3*4');
  });

  test('nothing that steers a terminal', async () => {
    expect(await shown('\u001b[31mred\u202e')).toBe('\\u{1b}[31mred\\u{202e}');
  });
});

describe('the memory', () => {
  test('keeps messages and channels in its file, so that the next night finds the thread', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'lifeboat-slack-'));
    const stateFile = join(directory, 'deep', 'slack.json');
    await restart({ stateFile });
    const first = await clientOf().chat.postMessage({ channel: '#ops', text: 'one' });
    await restart({ stateFile });
    const reply = { channel: first.channel ?? '', text: 'two', thread_ts: first.ts ?? '' };
    await clientOf().chat.postMessage(reply);
    expect(slack.messages().map(({ text, thread }) => [text, thread])).toEqual([
      ['one', undefined],
      ['two', first.ts],
    ]);
    await rm(directory, { recursive: true });
  });

  test('gives every message a time of its own, rising', async () => {
    await restart({ now: () => new Date(0) });
    for (const text of ['a', 'b', 'c']) await clientOf().chat.postMessage({ channel: 'ops', text });
    const times = slack.messages().map(({ timestamp }) => Number(timestamp));
    expect(new Set(times).size).toBe(3);
    expect(times).toEqual(times.toSorted((one, other) => one - other));
  });
});

test('a request that hangs does not keep the server from stopping', async () => {
  slack.fail('hang', 1);
  const asking = clientOf().auth.test();
  setTimeout(() => void slack.stop(), 50);
  await expect(asking).rejects.toThrow();
});

import type { Level, SlackPlan } from '../config/plan.ts';
import type { Notice, Teller, Told } from '../pipeline/doors.ts';
import type { SlackThread } from '../pipeline/incident.ts';
import { isOfIncident } from '../pipeline/incident-due.ts';
import { ChannelError, mayHaveArrived, withoutSecrets } from './channel-error.ts';
import { levelOf, stateLine } from './incident-parts.ts';
import { type Message, paragraph } from './message.ts';
import { messageOf } from './messages.ts';
import type { Patience } from './service-call.ts';
import { slackTextOf } from './slack-blocks.ts';
import { isHeadLost, isThreadLost } from './slack-errors.ts';
import { findHeads, findTold, type Head, metadataType, type Place } from './slack-lookup.ts';
import { openSlackApi, type SlackApi } from './slack-web-api.ts';
import { tellWebhook } from './slack-webhook.ts';

export type SlackOptions = {
  /** Base of the Web API; a webhook's address is its secret. */
  readonly apiUrl: string;
  readonly readSecret: (parameterName: string) => Promise<string>;
  /** A fresh budget for each notice. */
  readonly patience: () => Patience;
};

/** Slack, by a bot (threads, lookup) or an incoming webhook (neither). Throws {@link ChannelError}. */
export const openSlack = (via: SlackPlan['via'], options: SlackOptions): Teller =>
  via.kind === 'webhook'
    ? {
        tell: (notice) =>
          withSecret(via.urlParameter, options, (url, patience) =>
            tellWebhook(notice, { url, urlParameter: via.urlParameter, patience }),
          ),
      }
    : {
        tell: (notice) => withApi(via, options, (api, patience) => tellByBot(api, via, notice, patience)),
        refresh: (notice) =>
          withApi(via, options, async (api) => {
            const { rest } = await finished(api, notice, knownHeads(notice), { reference: '' });
            return rest;
          }),
      };

const withApi = <T>(
  { tokenParameter }: Bot,
  options: SlackOptions,
  work: (api: SlackApi, patience: Patience) => Promise<T>,
): Promise<T> =>
  withSecret(tokenParameter, options, (token, patience) => {
    checkToken(token, tokenParameter);
    return work(openSlackApi({ apiUrl: options.apiUrl, token, tokenParameter, patience }), patience);
  });

const withSecret = async <T>(
  parameter: string,
  options: SlackOptions,
  work: (secret: string, patience: Patience) => Promise<T>,
): Promise<T> => {
  const secret = (await options.readSecret(parameter)).trim();
  try {
    return await work(secret, options.patience());
  } catch (error) {
    throw withoutSecrets(error, [secret]);
  }
};

const checkToken = (token: string, parameter: string): void => {
  if (/^[\x21-\x7e]+$/.test(token)) return;
  throw new ChannelError(
    `Slack: the SSM parameter ${parameter} holds no token (it is empty, or has spaces or line breaks in it). Put the bot token (xoxb-…) there.`,
    { arrival: 'no' },
  );
};

/** Attempts to post one message when Slack leaves it open whether the last one arrived. */
const mostPosts = 3;

const tellByBot = async (api: SlackApi, via: Bot, notice: Notice, patience: Patience): Promise<Told> => {
  const channel = channelOf(via, levelOf(notice));
  if (!belongsToThread(notice)) return postOnce(api, { channel }, notice, patience);
  const heads = await headsOf(api, via, notice);
  if (notice.toldAs !== undefined) return finished(api, notice, heads, { reference: notice.toldAs });
  const known = heads.at(-1);
  const head = isMoved(known, channel, notice) ? await headThere(api, channel, notice) : known;
  // The head may itself be what an earlier attempt told.
  const told =
    head?.isThis === true
      ? { reference: head.thread, channel: head.channel, thread: threadOf(head) }
      : await answerOrBegin(api, channel, head, notice, patience);
  const now = told.thread?.thread;
  const left = now === undefined ? [] : heads.filter(({ thread }) => thread !== now).map(threadOf);
  return finished(api, notice, heads, left.length === 0 ? told : { ...told, left });
};

type Bot = Extract<SlackPlan['via'], { kind: 'bot' }>;

const channelOf = ({ channel, channels }: Bot, level: Level | undefined): string =>
  (level === undefined ? undefined : channels?.[level]) ?? channel;

const belongsToThread = ({ kind, incident }: Notice): boolean =>
  incident !== undefined && (isOfIncident(kind) || kind === 'unheard');

const threadOf = ({ isThis: _, ...thread }: Head): SlackThread => thread;

/** What has come to be at risk leaves its thread for the channel of those who are woken for it, and ends there. */
const isMoved = (head: Head | undefined, channel: string, notice: Notice): boolean =>
  head?.name !== undefined &&
  head.name !== channel &&
  levelOf(notice) === 'atRisk' &&
  notice.kind !== 'recovered' &&
  notice.kind !== 'unheard';

/**
 * The first messages of the incident, the oldest first: as the incident knows them, and, where an earlier attempt may have
 * placed one without our knowing, as the channels show them. The last one is the head of the thread.
 */
const headsOf = async (api: SlackApi, via: Bot, notice: Notice): Promise<readonly Head[]> => {
  const { kind, incident, mayBeTold, record } = notice;
  const known = knownHeads(notice);
  if (incident === undefined) return known;
  const isFirst = incident.openedBy === record.run && kind === 'failed' && !mayBeTold;
  if (incident.slackUnsure === undefined && (known.length > 0 || isFirst)) return known;
  const found: Head[] = [];
  for (const name of channelsOf(via)) found.push(...(await findHeads(api, name, notice, incident)));
  return distinct([...known, ...found]).toSorted((one, other) => Number(one.thread) - Number(other.thread));
};

const knownHeads = ({ incident }: Notice): readonly Head[] => [
  ...(incident?.slackBefore ?? []),
  ...(incident?.slack === undefined ? [] : [incident.slack]),
];

const channelsOf = ({ channel, channels }: Bot): ReadonlySet<string> =>
  new Set([channel, ...Object.values(channels ?? {})]);

const headThere = async (api: SlackApi, name: string, notice: Notice): Promise<Head | undefined> =>
  notice.incident === undefined
    ? undefined
    : (await findHeads(api, name, notice, notice.incident)).toSorted(
        (one, other) => Number(one.thread) - Number(other.thread),
      )[0];

/** A reply in the thread; the beginning of one where there is none, or none any more. */
const answerOrBegin = async (
  api: SlackApi,
  channel: string,
  head: Head | undefined,
  notice: Notice,
  patience: Patience,
): Promise<Told> => {
  if (head !== undefined) {
    try {
      return { ...(await postOnce(api, head, notice, patience)), thread: threadOf(head) };
    } catch (error) {
      if (!isThreadLost(codeOf(error))) throw error;
    }
  }
  const told = await postOnce(api, { channel }, notice, patience);
  // What is no news of the incident is no head of its thread.
  if (notice.kind === 'unheard') return told;
  return { ...told, thread: { channel: told.channel ?? channel, thread: told.reference, name: channel } };
};

/** Posts, and looks before it posts again where Slack leaves it open whether the last one arrived. */
const postOnce = async (api: SlackApi, place: Place, notice: Notice, patience: Patience): Promise<Told> => {
  let mayBeTold = notice.mayBeTold;
  for (let attempt = 1; ; attempt += 1) {
    const found = mayBeTold ? await findTold(api, place, notice) : undefined;
    if (found !== undefined) return found;
    try {
      return await post(api, place, notice);
    } catch (error) {
      if (!mayHaveArrived(error) || attempt >= mostPosts || patience.budget.left() <= 0) throw error;
      mayBeTold = true;
    }
  }
};

const post = async (api: SlackApi, { channel, thread }: Place, notice: Notice): Promise<Told> => {
  const { text, blocks } = slackTextOf(thread === undefined ? headMessage(notice) : messageOf(notice));
  const { record, kind, incident } = notice;
  const answer = await api.call('chat.postMessage', {
    channel,
    text,
    blocks,
    metadata: {
      event_type: metadataType,
      event_payload: {
        run: record.run,
        kind,
        // By it the head of the thread is found again: nothing else may bear it.
        ...(incident !== undefined && belongsToThread(notice) ? { incident: incident.openedBy } : {}),
      },
    },
    unfurl_links: false,
    unfurl_media: false,
    // A reply that only the thread shows is a reply that nobody sees.
    ...(thread === undefined ? {} : { thread_ts: thread, reply_broadcast: true }),
  });
  if (answer.ts === undefined)
    throw new ChannelError('Slack chat.postMessage: ok, but no timestamp. Report it as a bug of Lifeboat.', {
      arrival: 'unknown',
    });
  return { reference: answer.ts, ...(answer.channel === undefined ? {} : { channel: answer.channel }) };
};

/** Whoever finds the thread by its first message sees there how it stands now. */
const headMessage = (notice: Notice, movedTo?: string): Message => {
  const message = messageOf(notice);
  return belongsToThread(notice) && notice.kind !== 'unheard'
    ? { ...message, parts: [paragraph(...stateLine(notice, movedTo)), ...message.parts] }
    : message;
};

/** The heads of the incident's threads brought up to date. What was told stays told if that fails. */
const finished = async (api: SlackApi, notice: Notice, heads: readonly Head[], told: Told): Promise<Told> => {
  if (notice.kind === 'unheard') return told;
  const now = told.thread ?? heads.at(-1);
  try {
    for (const { channel, thread } of distinct([...heads, ...(now === undefined ? [] : [now])])) {
      // It has just been written.
      if (thread === told.reference) continue;
      const { text, blocks } = slackTextOf(
        headMessage(notice, thread === now?.thread ? undefined : (now?.name ?? now?.channel)),
      );
      await unlessGone(api.call('chat.update', { channel, ts: thread, text, blocks }));
    }
    return told;
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    return { ...told, rest: error.message };
  }
};

const distinct = (heads: readonly Head[]): readonly Head[] => [
  ...new Map(heads.map((head) => [head.thread, head])).values(),
];

/** A head that cannot be changed any more stays as it is: the answers in its thread say what has become of it. */
const unlessGone = async (change: Promise<unknown>): Promise<void> => {
  try {
    await change;
  } catch (error) {
    if (!isHeadLost(codeOf(error))) throw error;
  }
};

const codeOf = (error: unknown): string | undefined =>
  error instanceof ChannelError ? error.code : undefined;

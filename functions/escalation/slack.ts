import type { SlackPlan } from '../config/plan.ts';
import type { Notice, Teller, Told } from '../pipeline/doors.ts';
import { ChannelError, mayHaveArrived, withoutSecrets } from './channel-error.ts';
import { messageOf } from './messages.ts';
import type { Patience } from './service-call.ts';
import { slackTextOf } from './slack-blocks.ts';
import { isThreadLost } from './slack-errors.ts';
import { findTold, metadataType, type Place } from './slack-lookup.ts';
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
export const openSlack = (via: SlackPlan['via'], options: SlackOptions): Teller => ({
  tell: async (notice) => {
    const parameter = via.kind === 'bot' ? via.tokenParameter : via.urlParameter;
    const secret = (await options.readSecret(parameter)).trim();
    const patience = options.patience();
    try {
      if (via.kind === 'webhook')
        return await tellWebhook(notice, { url: secret, urlParameter: parameter, patience });
      checkToken(secret, parameter);
      const api = openSlackApi({
        apiUrl: options.apiUrl,
        token: secret,
        tokenParameter: parameter,
        patience,
      });
      return await tellByBot(api, via.channel, notice, patience);
    } catch (error) {
      throw withoutSecrets(error, [secret]);
    }
  },
});

const checkToken = (token: string, parameter: string): void => {
  if (/^[\x21-\x7e]+$/.test(token)) return;
  throw new ChannelError(
    `Slack: the SSM parameter ${parameter} holds no token (it is empty, or has spaces or line breaks in it). Put the bot token (xoxb-…) there.`,
    { arrival: 'no' },
  );
};

/** Attempts to post one message when Slack leaves it open whether the last one arrived. */
const mostPosts = 3;

const tellByBot = async (
  api: SlackApi,
  channel: string,
  notice: Notice,
  patience: Patience,
): Promise<Told> => {
  const place = placeOf(channel, notice);
  let mayBeTold = notice.mayBeTold;
  for (let post = 1; ; post += 1) {
    const found = mayBeTold ? await findTold(api, place, notice) : undefined;
    if (found !== undefined) return found;
    try {
      return await postAt(api, place, channel, notice);
    } catch (error) {
      if (!mayHaveArrived(error) || post >= mostPosts || patience.budget.left() <= 0) throw error;
      mayBeTold = true;
    }
  }
};

/** Into the thread of its incident once there is one, else to the plan's channel. */
const placeOf = (channel: string, { kind, incident }: Notice): Place => {
  const thread = kind === 'failed' || kind === 'recovered' ? incident?.slack : undefined;
  return thread === undefined ? { channel } : thread;
};

const postAt = async (api: SlackApi, place: Place, channel: string, notice: Notice): Promise<Told> => {
  try {
    return await post(api, place, notice);
  } catch (error) {
    const code = error instanceof ChannelError ? error.code : undefined;
    if (place.thread === undefined || !isThreadLost(code)) throw error;
    return post(api, { channel }, notice);
  }
};

const post = async (api: SlackApi, { channel, thread }: Place, notice: Notice): Promise<Told> => {
  const { text, blocks } = slackTextOf(messageOf(notice));
  const answer = await api.call('chat.postMessage', {
    channel,
    text,
    blocks,
    metadata: {
      event_type: metadataType,
      event_payload: { run: notice.record.run, kind: notice.kind },
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

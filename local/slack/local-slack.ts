import { randomBytes } from 'node:crypto';
import type { LocalSlack } from '../contract.ts';
import { json, type ServiceRequest, startServiceServer } from '../service-server.ts';
import { renderMessage } from './rendering.ts';
import { answerWebApi } from './web-api.ts';
import { answerWebhook, words } from './webhook.ts';
import { openWorkspace } from './workspace.ts';

export type LocalSlackOptions = {
  /** Default 0: any free port. */
  readonly port?: number;
  /** Where messages outlive the process; without it they do not. */
  readonly stateFile?: string;
  /** Channels that exist, by name; default: every name does. */
  readonly channels?: readonly string[];
  /** Where the webhook posts. Default `#lifeboat`. */
  readonly webhookChannel?: string;
  readonly botToken?: string;
  /** The bot's scopes; default: all that Lifeboat can use. */
  readonly scopes?: readonly string[];
  /** Slack's clock; default: the machine's. */
  readonly now?: () => Date;
};

export type RunningSlack = LocalSlack & {
  /** Carries the next requests out and loses the answers: told, and nobody knows. */
  readonly loseAnswers: (count: number) => void;
  /** Meets the next requests of this kind with 500. */
  readonly failNext: (isMeant: (request: ServiceRequest) => boolean, count: number) => void;
};

/** Slack on 127.0.0.1: the Web API's calls that Lifeboat makes, and an incoming webhook, with Slack's own limits. */
export const startLocalSlack = async (options: LocalSlackOptions = {}): Promise<RunningSlack> => {
  const workspace = openWorkspace({
    now: options.now ?? (() => new Date()),
    ...(options.stateFile === undefined ? {} : { stateFile: options.stateFile }),
    ...(options.channels === undefined ? {} : { channels: options.channels }),
  });
  const bot = {
    token: options.botToken ?? `xoxb-local-${randomBytes(12).toString('hex')}`,
    scopes: options.scopes ?? ['chat:write', 'channels:history', 'channels:read'],
  };
  const hook = `/services/TLIFEBOAT1/BLIFEBOAT1/${randomBytes(12).toString('hex')}`;
  const server = await startServiceServer(
    {
      answer: (request) => {
        const { pathname } = request.url;
        if (pathname.startsWith('/api/')) return answerWebApi(workspace, bot, request);
        if (pathname === hook)
          return answerWebhook(workspace, options.webhookChannel ?? '#lifeboat', request);
        return pathname.startsWith('/services/') ? words(404, 'no_service') : words(404, 'Not Found');
      },
      failure: (how) =>
        how === 429
          ? json(429, { ok: false, error: 'ratelimited' }, { 'retry-after': '1' })
          : json(500, { ok: false, error: 'internal_error' }),
    },
    options.port ?? 0,
  );
  return {
    apiUrl: `${server.origin}/api/`,
    webhookUrl: `${server.origin}${hook}`,
    botToken: bot.token,
    messages: () =>
      workspace.messages().map((message) => ({
        channel: `#${workspace.channel(message.channel)?.name ?? message.channel}`,
        timestamp: message.ts,
        ...(message.thread === undefined ? {} : { thread: message.thread }),
        text: renderMessage(message.text, message.blocks),
        raw: message,
      })),
    fail: server.fail,
    loseAnswers: server.loseAnswers,
    failNext: server.failNext,
    stop: server.stop,
  };
};

import { json, type ServiceReply, type ServiceRequest } from '../service-server.ts';
import { blockCharacters, blockErrors, isObject, mostBlockCharacters } from './block-kit.ts';
import type { StoredChannel, StoredMessage, Workspace } from './workspace.ts';

/** What a bot of the workspace may do and is called. */
export type Bot = { readonly token: string; readonly scopes: readonly string[] };

type Parameters = Readonly<Record<string, unknown>>;
type Method = {
  readonly scope: string | undefined;
  readonly run: (workspace: Workspace, parameters: Parameters) => unknown;
};

/** An answer of Slack's that is not ok, as `throw` because it ends whatever is being done. */
class SlackRefusal extends Error {
  readonly more: Readonly<Record<string, unknown>>;
  constructor(code: string, more: Readonly<Record<string, unknown>> = {}) {
    super(code);
    this.more = more;
  }
}

/** One call of the Web API: form, JSON or query; the token in the header or among the parameters. */
export const answerWebApi = (workspace: Workspace, bot: Bot, request: ServiceRequest): ServiceReply => {
  try {
    const name = request.url.pathname.replace(/^\/api\//, '');
    const parameters = parametersOf(request);
    const token = request.header('authorization')?.replace(/^Bearer /i, '') ?? parameters.token;
    const method = methods[name];
    if (method === undefined) throw new SlackRefusal('unknown_method', { req_method: name });
    if (token === undefined) throw new SlackRefusal('not_authed');
    if (token !== bot.token) throw new SlackRefusal('invalid_auth');
    if (method.scope !== undefined && !bot.scopes.includes(method.scope))
      throw new SlackRefusal('missing_scope', { needed: method.scope, provided: bot.scopes.join(',') });
    return json(200, { ok: true, ...Object(method.run(workspace, parameters)) });
  } catch (error) {
    if (!(error instanceof SlackRefusal)) throw error;
    return json(200, { ok: false, error: error.message, ...error.more });
  }
};

const parametersOf = ({ method, url, header, body }: ServiceRequest): Parameters => {
  if (method === 'GET') return Object.fromEntries(url.searchParams);
  if (!/^application\/json\b/.test(header('content-type') ?? ''))
    return Object.fromEntries(new URLSearchParams(body));
  const value = parsed(body);
  if (!isObject(value)) throw new SlackRefusal('invalid_json');
  return value;
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: the caller says which of Slack's errors that is.
    return undefined;
  }
};

const methods: Readonly<Record<string, Method>> = {
  'api.test': { scope: undefined, run: () => ({}) },
  'auth.test': {
    scope: undefined,
    run: () => ({
      url: 'https://lifeboat-local.slack.com/',
      team: 'Lifeboat local',
      user: 'lifeboat',
      team_id: 'TLIFEBOAT1',
      user_id: 'ULIFEBOAT1',
      bot_id: 'BLIFEBOAT1',
      is_enterprise_install: false,
    }),
  },
  'chat.postMessage': {
    scope: 'chat:write',
    run: (workspace, parameters) => postMessage(workspace, parameters),
  },
  'chat.update': { scope: 'chat:write', run: (workspace, parameters) => update(workspace, parameters) },
  'conversations.list': {
    scope: 'channels:read',
    run: (workspace, parameters) =>
      paged(
        'channels',
        workspace.channels().map(({ id, name }) => ({ id, name, is_channel: true })),
        parameters,
      ),
  },
  'conversations.history': {
    scope: 'channels:history',
    run: (workspace, parameters) => {
      const channel = channelById(workspace, parameters.channel);
      const { oldest, latest } = parameters;
      const shown = workspace
        .messages()
        .filter((each) => each.channel === channel.id && (each.thread === undefined || each.isBroadcast))
        .filter(({ ts }) => oldest === undefined || Number(ts) > Number(oldest))
        .filter(({ ts }) => latest === undefined || Number(ts) < Number(latest))
        .toReversed();
      return paged(
        'messages',
        shown.map((each) => seen(each, parameters)),
        parameters,
      );
    },
  },
  'conversations.replies': {
    scope: 'channels:history',
    run: (workspace, parameters) => {
      const channel = channelById(workspace, parameters.channel);
      const parent = parameters.ts;
      const thread = workspace
        .messages()
        .filter((each) => each.channel === channel.id && (each.ts === parent || each.thread === parent));
      if (thread.length === 0) throw new SlackRefusal('thread_not_found');
      return paged(
        'messages',
        thread.map((each) => seen(each, parameters)),
        parameters,
      );
    },
  },
};

/** `conversations.*` take an id alone; a name is not found. */
const channelById = (workspace: Workspace, id: unknown): StoredChannel => {
  const channel = workspace.channels().find((each) => each.id === id);
  if (channel === undefined) throw new SlackRefusal('channel_not_found');
  return channel;
};

const paged = (name: string, all: readonly unknown[], { limit, cursor }: Parameters) => {
  const size = Math.min(999, Number(limit ?? 100));
  const start = cursor === undefined || cursor === '' ? 0 : Number(Buffer.from(String(cursor), 'base64'));
  if (!Number.isInteger(start)) throw new SlackRefusal('invalid_cursor');
  const hasMore = start + size < all.length;
  const next = hasMore ? Buffer.from(String(start + size)).toString('base64') : '';
  return {
    [name]: all.slice(start, start + size),
    has_more: hasMore,
    response_metadata: { next_cursor: next },
  };
};

const seen = (message: StoredMessage, { include_all_metadata: wanted }: Parameters) => ({
  type: 'message',
  ...(message.isBroadcast ? { subtype: 'thread_broadcast' } : {}),
  ts: message.ts,
  ...(message.thread === undefined ? {} : { thread_ts: message.thread }),
  text: message.text,
  ...(message.blocks === undefined ? {} : { blocks: message.blocks }),
  bot_id: 'BLIFEBOAT1',
  ...(String(wanted) === 'true' && message.metadata !== undefined ? { metadata: message.metadata } : {}),
});

const postMessage = (workspace: Workspace, parameters: Parameters) => {
  const channel = workspace.channel(String(parameters.channel ?? ''));
  if (channel === undefined) throw new SlackRefusal('channel_not_found');
  const content = contentOf(parameters);
  const thread = parameters.thread_ts;
  const parent = workspace.messages().find(({ ts, channel: where }) => ts === thread && where === channel.id);
  if (thread !== undefined && parent === undefined) throw new SlackRefusal('thread_not_found');
  const stored = workspace.add({
    channel: channel.id,
    ...(parent === undefined ? {} : { thread: parent.thread ?? parent.ts }),
    isBroadcast: parent !== undefined && String(parameters.reply_broadcast) === 'true',
    ...content,
  });
  return { channel: channel.id, ts: stored.ts, message: seen(stored, {}) };
};

const update = (workspace: Workspace, parameters: Parameters) => {
  const channel = channelById(workspace, parameters.channel);
  const before = workspace
    .messages()
    .find(({ ts, channel: where }) => ts === parameters.ts && where === channel.id);
  if (before === undefined) throw new SlackRefusal('message_not_found');
  const after = { ...before, ...contentOf(parameters) };
  workspace.replace(before, after);
  return { channel: channel.id, ts: after.ts, text: after.text, message: seen(after, {}) };
};

/** Text, blocks and metadata, checked. Forms carry the latter two as JSON text. */
export const contentOf = (parameters: Parameters): Pick<StoredMessage, 'text' | 'blocks' | 'metadata'> => {
  const text = typeof parameters.text === 'string' ? parameters.text : '';
  const blocks = structured(parameters.blocks);
  const metadata = structured(parameters.metadata);
  if (blocks !== undefined) checkBlocks(blocks);
  if (text === '' && !(Array.isArray(blocks) && blocks.length > 0)) throw new SlackRefusal('no_text');
  if (text.length > 40_000) throw new SlackRefusal('msg_too_long');
  if (metadata !== undefined) checkMetadata(metadata);
  return {
    text,
    ...(Array.isArray(blocks) ? { blocks } : {}),
    ...(metadata === undefined ? {} : { metadata }),
  };
};

const structured = (value: unknown): unknown =>
  typeof value === 'string' ? (parsed(value) ?? 'not JSON') : value;

const checkBlocks = (blocks: unknown): void => {
  if (!Array.isArray(blocks)) throw new SlackRefusal('invalid_blocks_format');
  const errors = blockErrors(blocks);
  if (errors.length > 0)
    throw new SlackRefusal('invalid_blocks', {
      errors,
      response_metadata: { messages: errors.map((error) => `[ERROR] ${error}`) },
    });
  if (blockCharacters(blocks) > mostBlockCharacters) throw new SlackRefusal('msg_blocks_too_long');
};

const checkMetadata = (metadata: unknown): void => {
  if (!isObject(metadata)) throw new SlackRefusal('invalid_metadata_format');
  if (typeof metadata.event_type !== 'string' || !isObject(metadata.event_payload))
    throw new SlackRefusal('invalid_metadata_schema');
  if (JSON.stringify(metadata).length > 16_000) throw new SlackRefusal('metadata_too_large');
};

/** The code of a refusal where a caller words it in its own way: an incoming webhook. */
export const refusalCode = (error: unknown): string | undefined =>
  error instanceof SlackRefusal ? error.message : undefined;

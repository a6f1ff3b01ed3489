import * as z from 'zod/mini';
import type { Notice, Told } from '../pipeline/doors.ts';
import type { Incident, SlackThread } from '../pipeline/incident.ts';
import { ChannelError } from './channel-error.ts';
import type { SlackAnswer, SlackApi } from './slack-web-api.ts';

/** Marks each message, so that one whose answer was lost is found again. */
export const metadataType = 'lifeboat_notice';

/** A thread, or a channel's own flow. */
export type Place = { readonly channel: string; readonly thread?: string };

/** Pages of 200 messages that are searched for an earlier attempt: it is among the newest. */
const mostPages = 5;
/** Slack's clock and ours may differ by so much. */
const clockSlackSeconds = 600;

const metadataSchema = z.object({
  event_type: z.literal(metadataType),
  event_payload: z.object({ run: z.string(), kind: z.string(), incident: z.optional(z.string()) }),
});
type Payload = z.output<typeof metadataSchema>['event_payload'];
type SlackMessage = NonNullable<SlackAnswer['messages']>[number];
type Found = { readonly message: SlackMessage; readonly payload: Payload };

/**
 * The message of this run and kind, if an earlier attempt has placed it: by its metadata, in the thread or among the
 * channel's messages since the run began. Undefined too where the app may not read the channel: told twice is then
 * better than not told.
 */
export const findTold = (api: SlackApi, place: Place, { record, kind }: Notice): Promise<Told | undefined> =>
  unlessRefused(async () => {
    const channel = await channelId(api, place.channel);
    if (channel === undefined) return undefined;
    const found = await search(
      api,
      { ...place, channel },
      record.startedAt,
      (payload) => payload.run === record.run && payload.kind === kind,
    );
    return found === undefined ? undefined : { reference: found.message.ts, channel };
  });

/** First messages of an incident in a channel, whose places got lost with answers; `isThis`: it tells of this run and kind. */
export const findHeads = async (
  api: SlackApi,
  name: string,
  { record, kind }: Notice,
  incident: Incident,
): Promise<readonly Head[]> => {
  const heads = await unlessRefused(async () => {
    const channel = await channelId(api, name);
    if (channel === undefined) return undefined;
    const found: Head[] = [];
    await search(api, { channel }, (incident.slackUnsure ?? incident).openedAt, (payload, message) => {
      if (isOf(incident, payload.incident) && payload.kind !== 'unheard' && isHead(message))
        found.push({
          ...{ channel, thread: message.ts, name },
          isThis: payload.run === record.run && payload.kind === kind,
        });
      return false;
    });
    return found;
  });
  return heads ?? [];
};

/** The first message of a thread; `isThis`: an earlier attempt to tell what is told now. */
export type Head = SlackThread & { readonly isThis?: boolean };

/** Runs of a plan sort by time; prunes have incidents of their own. */
const isOf = ({ plan, openedBy, slackUnsure }: Incident, incident = ''): boolean =>
  incident.startsWith(`${plan}/`) &&
  incident.endsWith('-prune') === openedBy.endsWith('-prune') &&
  incident <= openedBy &&
  incident >= (slackUnsure?.openedBy ?? openedBy);

const isHead = ({ ts, thread_ts: thread }: SlackMessage): boolean => thread === undefined || thread === ts;

const unlessRefused = async <T>(look: () => Promise<T | undefined>): Promise<T | undefined> => {
  try {
    return await look();
  } catch (error) {
    // Slack has spoken: it will not let us look. Where it did not speak, telling waits.
    if (error instanceof ChannelError && error.code !== undefined && error.arrival === 'no') return undefined;
    throw error;
  }
};

const search = async (
  api: SlackApi,
  { channel, thread }: Place,
  since: string,
  isMeant: (payload: Payload, message: SlackMessage) => boolean,
): Promise<Found | undefined> => {
  const oldest = Date.parse(since) / 1000 - clockSlackSeconds;
  const where = thread === undefined ? { channel, oldest: oldest.toFixed(6) } : { channel, ts: thread };
  const method = thread === undefined ? 'conversations.history' : 'conversations.replies';
  const pages = pagesOf((cursor) =>
    api.call(method, { ...where, include_all_metadata: true, limit: 200, cursor }),
  );
  for await (const { messages } of pages) {
    for (const message of messages ?? []) {
      const read = z.safeParse(metadataSchema, message.metadata);
      if (!read.success || !isMeant(read.data.event_payload, message)) continue;
      return { message, payload: read.data.event_payload };
    }
  }
  return undefined;
};

/** `conversations.*` take ids alone, `chat.postMessage` a name too: a name is looked up (scope channels:read). */
const channelId = async (api: SlackApi, channel: string): Promise<string | undefined> => {
  if (/^[CDG][A-Z0-9]{6,}$/.test(channel)) return channel;
  const name = channel.replace(/^#/, '');
  const pages = pagesOf((cursor) =>
    api.call('conversations.list', {
      types: 'public_channel,private_channel',
      exclude_archived: true,
      limit: 999,
      cursor,
    }),
  );
  for await (const { channels } of pages) {
    const found = channels?.find((each) => each.name === name);
    if (found !== undefined) return found.id;
  }
  return undefined;
};

async function* pagesOf(
  page: (cursor: string | undefined) => Promise<SlackAnswer>,
): AsyncGenerator<SlackAnswer> {
  let cursor: string | undefined;
  for (let count = 0; count < mostPages; count += 1) {
    const answer = await page(cursor);
    yield answer;
    cursor = answer.response_metadata?.next_cursor;
    if (cursor === undefined || cursor === '') return;
  }
}

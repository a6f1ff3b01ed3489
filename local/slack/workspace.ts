import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { loadState, saveState } from '../service-server.ts';

/** A workspace's memory: channels, and messages in the order in which they came. */
const messageSchema = z.object({
  channel: z.string(),
  ts: z.string(),
  thread: z.optional(z.string()),
  isBroadcast: z.boolean(),
  text: z.string(),
  blocks: z.optional(z.array(z.unknown())),
  metadata: z.optional(z.unknown()),
});
const stateSchema = z.object({
  channels: z.array(z.object({ id: z.string(), name: z.string() })),
  messages: z.array(messageSchema),
});
export type StoredMessage = z.output<typeof messageSchema>;
export type StoredChannel = { readonly id: string; readonly name: string };

export type Workspace = {
  readonly channels: () => readonly StoredChannel[];
  /** By id or name, with or without `#`. */
  readonly channel: (idOrName: string) => StoredChannel | undefined;
  readonly messages: () => readonly StoredMessage[];
  readonly add: (message: Omit<StoredMessage, 'ts'>) => StoredMessage;
  readonly replace: (before: StoredMessage, after: StoredMessage) => void;
};

export type WorkspaceOptions = {
  readonly stateFile?: string;
  /** Names of the channels that exist; undefined: every name does, from the first time it is used. */
  readonly channels?: readonly string[];
  readonly now: () => Date;
};

/** Throws where the state file is not one of ours. */
export const openWorkspace = ({ stateFile, channels: existing, now }: WorkspaceOptions): Workspace => {
  const loaded = loadState(stateFile);
  const state = loaded === undefined ? { channels: [], messages: [] } : z.parse(stateSchema, loaded);
  const addChannel = (name: string): StoredChannel => {
    const channel = { id: idOf(name), name };
    state.channels.push(channel);
    return channel;
  };
  const byName = (name: string) => state.channels.find((each) => each.id === name || each.name === name);
  for (const each of existing ?? []) if (byName(bare(each)) === undefined) addChannel(bare(each));
  return {
    channels: () => state.channels,
    channel: (idOrName) => {
      const name = bare(idOrName);
      const isName = /^[a-z0-9][a-z0-9_-]{0,79}$/.test(name);
      return byName(name) ?? (existing === undefined && isName ? addChannel(name) : undefined);
    },
    messages: () => state.messages,
    add: (message) => {
      const stored = { ...message, ts: nextTimestamp(now(), state.messages.at(-1)?.ts) };
      state.messages.push(stored);
      saveState(stateFile, state);
      return stored;
    },
    replace: (before, after) => {
      state.messages[state.messages.indexOf(before)] = after;
      saveState(stateFile, state);
    },
  };
};

const bare = (name: string): string => name.replace(/^#/, '');

/** The same name has the same id in every workspace: a plan may hold it. A name that is an id already stays. */
const idOf = (name: string): string =>
  /^[CG][A-Z0-9]{8,}$/.test(name)
    ? name
    : `C${createHash('sha256').update(name).digest('hex').slice(0, 10).toUpperCase()}`;

/** Seconds and microseconds, unique and rising as Slack's are. */
const nextTimestamp = (now: Date, last: string | undefined): string => {
  const wanted = BigInt(now.getTime()) * 1000n;
  const least = last === undefined ? 0n : BigInt(last.replace('.', '')) + 1n;
  const micros = wanted > least ? wanted : least;
  return `${micros / 1_000_000n}.${String(micros % 1_000_000n).padStart(6, '0')}`;
};

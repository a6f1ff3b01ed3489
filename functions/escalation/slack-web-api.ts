import * as z from 'zod/mini';
import { ChannelError, redacted } from './channel-error.ts';
import { callService, type Patience } from './service-call.ts';
import { remedyOfSlack, slackMayPass } from './slack-errors.ts';
import { visible } from './untrusted-text.ts';

/** Slack's Web API as far as Lifeboat needs it, docs.slack.dev/reference/methods. */
export type SlackApi = {
  /** Calls a method; throws {@link ChannelError} with Slack's code where the answer is not `ok`. */
  readonly call: (method: SlackMethod, parameters: Readonly<Record<string, unknown>>) => Promise<SlackAnswer>;
};

export type SlackMethod =
  | 'chat.postMessage'
  | 'chat.update'
  | 'conversations.history'
  | 'conversations.replies'
  | 'conversations.list';

const answerSchema = z.object({
  ok: z.boolean(),
  error: z.optional(z.string()),
  needed: z.optional(z.string()),
  ts: z.optional(z.string()),
  channel: z.optional(z.string()),
  messages: z.optional(
    z.array(
      z.object({
        ts: z.string(),
        thread_ts: z.optional(z.string()),
        metadata: z.optional(z.unknown()),
      }),
    ),
  ),
  channels: z.optional(z.array(z.object({ id: z.string(), name: z.optional(z.string()) }))),
  response_metadata: z.optional(
    z.object({ next_cursor: z.optional(z.string()), messages: z.optional(z.array(z.string())) }),
  ),
});
export type SlackAnswer = z.output<typeof answerSchema>;

export const openSlackApi = (options: {
  readonly apiUrl: string;
  readonly token: string;
  readonly tokenParameter: string;
  readonly patience: Patience;
}): SlackApi => ({
  call: async (method, parameters) => {
    const answer = await callService(
      {
        service: 'Slack',
        what: method,
        method: 'POST',
        url: new URL(method, options.apiUrl.endsWith('/') ? options.apiUrl : `${options.apiUrl}/`).href,
        headers: {
          authorization: `Bearer ${options.token}`,
          // Every method takes a form; JSON is taken by some only.
          'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
        },
        body: formOf(parameters),
        repeat: method === 'chat.postMessage' ? 'once' : 'always',
      },
      options.patience,
    );
    const said = readAnswer(method, answer.status, answer.body);
    if (said.ok) return said;
    throw refused(method, answer.status, said, options);
  },
});

const formOf = (parameters: Readonly<Record<string, unknown>>): string => {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue;
    form.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  }
  return form.toString();
};

const readAnswer = (method: SlackMethod, status: number, body: string): SlackAnswer => {
  try {
    return z.parse(answerSchema, JSON.parse(body));
  } catch {
    throw new ChannelError(
      `Slack ${method}: HTTP ${status} with an answer that is not Slack's. See whether a proxy stands in between.`,
      { arrival: 'unknown', status },
    );
  }
};

const refused = (
  method: SlackMethod,
  status: number,
  said: SlackAnswer,
  { token, tokenParameter }: { readonly token: string; readonly tokenParameter: string },
): ChannelError => {
  const code = /^[a-z0-9_]{1,60}$/.test(said.error ?? '') ? (said.error ?? '') : 'an error without a code';
  const more = [
    ...(said.needed === undefined ? [] : [`needed: ${said.needed}`]),
    ...(said.response_metadata?.messages ?? []).slice(0, 2),
  ].map((message) => visible(redacted(message, [token]), 160));
  const detail = more.length === 0 ? '' : ` (${more.join('; ')})`;
  return new ChannelError(`Slack ${method}: ${code}${detail}. ${remedyOfSlack(code, tokenParameter)}`, {
    arrival: slackMayPass(code) ? 'unknown' : 'no',
    status,
    code,
  });
};

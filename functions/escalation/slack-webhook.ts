import type { Notice, Told } from '../pipeline/doors.ts';
import { ChannelError } from './channel-error.ts';
import { messageOf } from './messages.ts';
import { callService, type Patience } from './service-call.ts';
import { slackTextOf } from './slack-blocks.ts';
import { remedyOfSlack, slackMayPass } from './slack-errors.ts';

export type Webhook = { readonly url: string; readonly urlParameter: string; readonly patience: Patience };

/**
 * An incoming webhook: one message, no thread, no way to look whether it arrived. Where an earlier attempt may have
 * arrived it is told again: a failure told twice is better than one that nobody hears of.
 */
export const tellWebhook = async (
  notice: Notice,
  { url, urlParameter, patience }: Webhook,
): Promise<Told> => {
  checkAddress(url, urlParameter);
  const { text, blocks } = slackTextOf(messageOf(notice));
  const { status, body } = await callService(
    {
      service: 'Slack',
      what: 'incoming webhook',
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify({ text, blocks, unfurl_links: false, unfurl_media: false }),
      repeat: 'once',
    },
    patience,
  );
  if (status === 200) return { reference: 'webhook' };
  // The body is a bare code; anything else is not Slack's and may hold the address.
  const code = /^[a-z_]{1,60}$/.test(body.trim()) ? body.trim() : undefined;
  throw new ChannelError(
    `Slack incoming webhook: HTTP ${status} ${code ?? '(no code of Slack)'}. ${remedyOfSlack(code ?? '', urlParameter)}`,
    {
      arrival: code !== undefined && slackMayPass(code) ? 'unknown' : 'no',
      status,
      ...(code === undefined ? {} : { code }),
    },
  );
};

const checkAddress = (url: string, parameter: string): void => {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return;
  throw new ChannelError(
    `Slack: the SSM parameter ${parameter} holds no webhook address. Put https://hooks.slack.com/services/… there.`,
    { arrival: 'no' },
  );
};

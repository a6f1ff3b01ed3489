import type { ServiceReply, ServiceRequest } from '../service-server.ts';
import { isObject } from './block-kit.ts';
import { contentOf, refusalCode } from './web-api.ts';
import type { Workspace } from './workspace.ts';

/** An incoming webhook: JSON, or a form with `payload`; answers in plain words (docs.slack.dev/messaging/sending-messages-using-incoming-webhooks). */
export const answerWebhook = (
  workspace: Workspace,
  channel: string,
  request: ServiceRequest,
): ServiceReply => {
  if (request.method !== 'POST') return words(405, 'method_not_allowed');
  const payload = payloadOf(request);
  if (!isObject(payload)) return words(400, 'invalid_payload');
  const where = workspace.channel(channel);
  if (where === undefined) return words(404, 'channel_not_found');
  try {
    // A webhook takes no metadata and no thread of its own choice.
    const { text, blocks } = contentOf({ text: payload.text, blocks: payload.blocks });
    workspace.add({
      channel: where.id,
      isBroadcast: false,
      text,
      ...(blocks === undefined ? {} : { blocks }),
    });
    return words(200, 'ok');
  } catch (error) {
    const code = refusalCode(error);
    if (code === undefined) throw error;
    return words(400, code);
  }
};

const payloadOf = ({ header, body }: ServiceRequest): unknown => {
  const isForm = (header('content-type') ?? '').startsWith('application/x-www-form-urlencoded');
  try {
    return JSON.parse(isForm ? (new URLSearchParams(body).get('payload') ?? '') : body);
  } catch {
    // Not JSON: the caller answers invalid_payload.
    return undefined;
  }
};

export const words = (status: number, body: string): ServiceReply => ({
  status,
  headers: { 'content-type': 'text/html' },
  body,
});

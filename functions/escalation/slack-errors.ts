/** What to do about an error code of Slack's Web API or of an incoming webhook. */
export const remedyOfSlack = (code: string, parameter: string): string => {
  const kind = kinds.find(({ codes }) => codes.includes(code));
  return kind === undefined
    ? 'See https://docs.slack.dev/reference/methods/chat.postMessage for what it means.'
    : kind.remedy.replaceAll('PARAMETER', parameter);
};

/** Slack's own troubles, which may pass; the call may have been carried out all the same. */
export const slackMayPass = (code: string): boolean => passing.includes(code);

const passing = ['internal_error', 'fatal_error', 'service_unavailable', 'request_timeout', 'rollup_error'];

/** Where a thread cannot be answered any more although the plan's channel may be well. */
export const isThreadLost = (code: string | undefined): boolean =>
  code !== undefined &&
  [
    'thread_not_found',
    'message_not_found',
    'cannot_reply_to_message',
    'restricted_action_thread_locked',
    'restricted_action_thread_only_channel',
    'channel_not_found',
    'is_archived',
    'not_in_channel',
  ].includes(code);

/** Where a message cannot be changed any more although the channel may be well. */
export const isHeadLost = (code: string | undefined): boolean =>
  isThreadLost(code) ||
  (code !== undefined && ['cant_update_message', 'edit_window_closed', 'is_inactive'].includes(code));

const kinds: readonly { readonly codes: readonly string[]; readonly remedy: string }[] = [
  {
    codes: [
      'invalid_auth',
      'not_authed',
      'account_inactive',
      'token_revoked',
      'token_expired',
      'not_allowed_token_type',
    ],
    remedy: 'Put a valid bot token (xoxb-…) of the app into the SSM parameter PARAMETER.',
  },
  {
    codes: ['missing_scope', 'no_permission', 'access_denied'],
    remedy:
      'Give the app the bot scopes chat:write and channels:history (private channels: groups:history), and install it again.',
  },
  {
    codes: ['channel_not_found'],
    remedy:
      "Check the channel in lifeboat.yml, best its id (C…, at the end of the channel's details); invite the app to a private channel.",
  },
  {
    codes: ['not_in_channel'],
    remedy: 'Invite the app to the channel: `/invite @lifeboat` there.',
  },
  {
    codes: ['is_archived', 'channel_is_archived'],
    remedy: 'The channel is archived: unarchive it, or name another one in lifeboat.yml.',
  },
  {
    codes: ['action_prohibited', 'restricted_action', 'restricted_action_read_only_channel'],
    remedy: 'The workspace does not let the app post there: ask its administrator, or name another channel.',
  },
  {
    codes: ['invalid_token', 'no_service', 'no_service_id', 'no_team', 'no_active_hooks', 'team_disabled'],
    remedy: 'The webhook is gone: create a new one and put its address into the SSM parameter PARAMETER.',
  },
  {
    codes: [
      'invalid_blocks',
      'invalid_blocks_format',
      'invalid_payload',
      'msg_blocks_too_long',
      'msg_too_long',
      'no_text',
      'missing_text_or_fallback_or_attachments',
    ],
    remedy: 'This is a bug of Lifeboat: report it with this line.',
  },
  { codes: passing, remedy: 'It is tried again later; see https://slack-status.com.' },
];

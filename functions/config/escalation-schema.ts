import { z } from 'zod';
import { builtIn } from './plan-defaults.ts';
import { count, parameterName, percent, text, webAddress } from './plan-fields.ts';
import { key } from './plan-key.ts';

const told = z.enum(
  ['always', 'by-hand', 'never'],
  '`always`, `by-hand` (runs that a person started) or `never`',
);

export const slackSection = z.strictObject({
  channel: key(
    text(
      /^(?:#[^\s#@<>.,A-Z]{1,80}|[CG][A-Z0-9]{8,})$/,
      "a channel in quotes such as '#ops', or its id such as C0123ABCDEF",
    ),
    {
      description:
        'The channel that the bot writes to: its name in quotes, since # begins a comment, or its id. The bot has to be a member.',
      examples: ['#ops'],
    },
  ),
  token: key(parameterName, {
    description:
      'Name of the SSM parameter (SecureString) that holds the bot token (`xoxb-…`, scope `chat:write`). A bot can answer in threads and correct its messages.',
    examples: ['/lifeboat/slack-token'],
  }),
  webhook: key(parameterName, {
    description:
      'Name of the SSM parameter (SecureString) that holds the address of an incoming webhook. It writes to its own channel and knows no threads.',
    examples: ['/lifeboat/slack-webhook'],
    insteadOf: '`channel` and `token`',
  }),
  tell: key(
    z.strictObject(
      {
        start: key(told, {
          description: 'Whether the start of a run is told.',
          examples: ['by-hand'],
          default: builtIn.slack.tell.start,
        }),
        success: key(told, {
          description: 'Whether a good run is told.',
          examples: ['always'],
          default: builtIn.slack.tell.success,
        }),
      },
      'a section with `start`, `success`',
    ),
    {
      description:
        'What is told besides failures and recoveries, which always are: once each, never repeated.',
      examples: [],
    },
  ),
});

export const jiraSection = z.strictObject({
  url: key(webAddress, {
    description: 'Address of the JIRA site.',
    examples: ['https://acme.atlassian.net'],
    needed: true,
  }),
  project: key(text(/^[A-Z][A-Z0-9_]{1,254}$/, 'the key of a project in capitals, such as OPS'), {
    description: 'Key of the project that gets the issue of the first failing run.',
    examples: ['OPS'],
    needed: true,
  }),
  type: key(text(/^\S(?:.{0,58}\S)?$/, 'the name of an issue type such as Bug'), {
    description: 'Issue type; the project has to know it.',
    examples: ['Bug'],
    default: builtIn.jira.type,
  }),
  labels: key(
    z
      .array(text(/^[^\s"]{1,255}$/, 'a label without spaces, at most 255 characters'), 'a list of labels')
      .max(20, 'at most 20 labels'),
    {
      description: 'Labels of the issue.',
      examples: [['lifeboat', 'backup']],
      default: builtIn.jira.labels,
    },
  ),
  credentials: key(parameterName, {
    description:
      'Name of the SSM parameter (SecureString) with `user@example.org:api-token` for JIRA Cloud, or a personal access token for a Data Center.',
    examples: ['/lifeboat/jira'],
    needed: true,
  }),
  edition: key(z.enum(['cloud', 'data-center'], '`cloud` or `data-center`'), {
    description: 'Which JIRA it is; their interfaces differ.',
    examples: ['cloud'],
    defaultText: '`cloud` where the address ends in .atlassian.net, else `data-center`',
  }),
});

export const alarmsSection = z.strictObject({
  topic: key(
    text(
      /^arn:aws[a-z-]*:sns:[a-z0-9-]{1,30}:\d{12}:[A-Za-z0-9_-]{1,256}$/,
      'the ARN of an SNS topic such as arn:aws:sns:ap-southeast-1:123456789012:on-call',
    ),
    {
      description:
        'SNS topic that is told when the alarm of the plan goes off and when it is over: PagerDuty, Opsgenie, e-mail, a telephone.',
      examples: ['arn:aws:sns:ap-southeast-1:123456789012:on-call'],
      defaultText: 'the alarms change state, and nobody is paged',
    },
  ),
  shareFree: key(percent, {
    description: 'Below this part of free space the share counts as nearly full.',
    examples: ['10%'],
    default: builtIn.alarms.shareFree,
  }),
  shareDays: key(count(0, 1_000), {
    description:
      'It counts as nearly full, too, when it would be full within so many days at the pace of the last nights.',
    examples: [14],
    default: builtIn.alarms.shareDays,
  }),
});

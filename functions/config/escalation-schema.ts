import { z } from 'zod';
import { builtIn } from './plan-defaults.ts';
import { count, duration, flag, parameterName, percent, text, webAddress } from './plan-fields.ts';
import { key } from './plan-key.ts';

const told = z.enum(
  ['always', 'by-hand', 'never'],
  '`always`, `by-hand` (runs that a person started) or `never`',
);

const channelName = text(
  /^(?:#[^\s#@<>.,A-Z]{1,80}|[CG][A-Z0-9]{8,})$/,
  "a channel in quotes such as '#ops', or its id such as C0123ABCDEF",
);

export const slackSection = z.strictObject({
  channel: key(channelName, {
    description:
      'The channel that the bot writes to: its name in quotes, since # begins a comment, or its id. The bot has to be a member.',
    examples: ['#ops'],
  }),
  channels: key(
    z.strictObject(
      {
        warning: key(channelName, {
          description: 'Gets warnings: a good run that has some, a prune that does not work.',
          examples: ['#ops-quiet'],
          defaultText: '`channel`',
        }),
        failure: key(channelName, {
          description: 'Gets failures: instances that are not protected.',
          examples: ['#ops'],
          defaultText: '`channel`',
        }),
        atRisk: key(channelName, {
          description:
            'Gets failures once data is older than `objective`. An incident that comes to that goes on there, in a new thread.',
          examples: ['#on-call'],
          defaultText: '`channel`',
        }),
      },
      'a section with `warning`, `failure`, `atRisk`',
    ),
    {
      description:
        'Other channels than `channel`, by how bad it is. The bot has to be a member of each. Start and success go to `channel`.',
      examples: [],
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
    insteadOf: '`channel`, `channels` and `token`',
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
        'What is told besides failures and recoveries, which always are: once each, and once a day that a failure goes on.',
      examples: [],
    },
  ),
});

const priorityName = text(/^\S(?:.{0,58}\S)?$/, 'the name of a priority such as High');

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
  priority: key(
    z.strictObject(
      {
        someFailed: key(priorityName, {
          description: 'Priority while some instances are not protected.',
          examples: ['Medium'],
          defaultText: "the project's default",
        }),
        allFailed: key(priorityName, {
          description: 'Priority while no instance is protected.',
          examples: ['High'],
          defaultText: "the project's default",
        }),
        atRisk: key(priorityName, {
          description:
            'Priority once data is older than `objective`; an issue that is open already gets it, too.',
          examples: ['Highest'],
          defaultText: "the project's default",
        }),
      },
      'a section with `someFailed`, `allFailed`, `atRisk`',
    ),
    { description: 'Priority of the issue by what is at stake, as the project names them.', examples: [] },
  ),
  assignee: key(text(/^[^\s"]{1,128}$/, 'an account id (Cloud) or a user name (Data Center)'), {
    description: 'Who gets the issue: the account id in JIRA Cloud, the user name in a Data Center.',
    examples: ['5b10a2844c20165700ede21g'],
    defaultText: "the project's default",
  }),
  components: key(
    z
      .array(text(/^\S(?:.{0,253}\S)?$/, 'the name of a component'), 'a list of names of components')
      .max(20, 'at most 20 components'),
    {
      description: 'Components of the issue; the project has to have them.',
      examples: [['backups']],
      defaultText: 'none',
    },
  ),
  fields: key(
    z.record(
      text(/^customfield_\d{1,10}$/, 'the id of a custom field such as customfield_10010'),
      z.unknown(),
      'a section of custom fields by id, each with its value',
    ),
    {
      description:
        "Custom fields of the issue by id, each with the value that JIRA's REST API takes for it. One that JIRA refuses is left out, and the issue says so.",
      examples: [{ customfield_10010: { value: 'Production' } }],
      defaultText: 'none',
    },
  ),
  reopen: key(duration('0m', '365d'), {
    description:
      'Trouble that comes back within so long after its recovery opens the same issue again instead of a new one. `0m`: never.',
    examples: ['7d'],
    default: builtIn.jira.reopen,
  }),
  resolve: key(flag, {
    description:
      'Whether a recovery moves the issue to a status of the category done, whatever the workflow calls it. `false`: a comment alone.',
    examples: [true],
    default: builtIn.jira.resolve,
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

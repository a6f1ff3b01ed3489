import { z } from 'zod';
import { alarmsSection, jiraSection, slackSection } from './escalation-schema.ts';
import { fleet } from './fleet-schema.ts';
import { builtIn } from './plan-defaults.ts';
import { duration, flag, text } from './plan-fields.ts';
import { key } from './plan-key.ts';
import { drain, load, retention, schedule, share, source, verify } from './sections-schema.ts';

/**
 * `lifeboat.yml` as users write it. This one schema gives the check of the file, the JSON schema for editors, the
 * reference (docs/plan.md) and the commented example (docs/plan-example.yml); `npm run generate` makes the three.
 * Each key has a description, examples and, where it may be left out, its default.
 */

const off = z.literal(false);

const instances = 'a number of instances from 1, or a percentage of the fleet from 1% to 100%';
/** As `MaxConcurrency` takes it, at most 7 characters. Source: SendCommand, botocore 1.43. */
const concurrency = z.union(
  [z.int(instances).min(1, instances).max(9_999_999, instances), text(/^(?:[1-9]\d?|100)%$/, instances)],
  instances,
);

/** Keys that a plan may leave to `defaults`. */
const settings = {
  source: key(source, {
    description:
      'What is saved: a folder on each instance. `source: /var/www/upload` is short for `source: { path: /var/www/upload }`.',
    examples: ['/var/www/upload'],
    needed: true,
  }),
  share: key(share, {
    description:
      'Where it is saved: the share that each instance has mounted. `share: /mnt/lifeboat` is short for `share: { path: /mnt/lifeboat }`.',
    examples: ['/mnt/lifeboat'],
    needed: true,
  }),
  schedule: key(schedule, { description: 'When the plan runs by itself.', examples: [], needed: true }),
  deadline: key(duration('5m', '2d'), {
    description: 'How long a run may take. Then it is closed, and what has not ended counts as timed out.',
    examples: ['3h'],
    default: builtIn.deadline,
  }),
  delivery: key(duration('1m', '2d'), {
    description:
      'How long Systems Manager tries to deliver the command to an instance. Shorter than `deadline`.',
    examples: ['10m'],
    default: builtIn.delivery,
  }),
  concurrency: key(concurrency, {
    description:
      'How many instances work at the same time: a number, or a percentage of the fleet. A share carries only so much, however large the fleet is. Where more than ten may, they begin ten a second, so that they do not come to the share all at once.',
    examples: ['10%'],
    default: builtIn.concurrency,
  }),
  load: key(load, {
    description: 'What a run may take of an instance while it works.',
    examples: [],
  }),
  verify: key(verify, {
    description:
      'Within how many nights everything on the share is read back and compared with its SHA-256, a part each night. Damage is healed from the instance where it still has the content, and told.',
    examples: ['28d'],
    default: builtIn.verify,
  }),
  retention: key(retention, {
    description:
      'How many recovery points of each instance stay. A recovery point goes when none of these keeps it.',
    examples: [],
  }),
  drain: key(z.union([off, drain], 'a section with `limit`, `snapshot`; false: no final backup'), {
    description:
      'What happens to an instance that its group terminates and that waits in a life-cycle hook whose name begins with `lifeboat`, or that gets a spot interruption warning: a final backup, then it is let go. `false` lets it go at once.',
    examples: [],
  }),
  objective: key(duration('5m', '400d'), {
    description:
      'Recovery point objective: how old the newest recovery point of an instance may get. Older, and its data counts as at risk: that is told, and an alarm goes off when the plan has had no good run for so long (CloudWatch looks back seven days at most).',
    examples: ['28h'],
    defaultText:
      'the longest time between two runs of `schedule`, its `window` and the `deadline`, in whole hours',
  }),
  alarms: key(
    z.union(
      [off, alarmsSection],
      'a section with `topic`, `shareFree`, `shareDays`; false: no alarms are made',
    ),
    {
      description:
        'The CloudWatch alarms of the plan: what they page, and when the share counts as nearly full. `false` makes none.',
      examples: [],
    },
  ),
  dashboard: key(flag, {
    description:
      'Whether the plan gets a CloudWatch dashboard, which leads from an alarm to the instance and the file.',
    examples: [true],
    default: builtIn.dashboard,
  }),
  slack: key(
    z.union(
      [off, slackSection],
      'a section with `channel` and `token`, or with `webhook`; false: nobody is told there',
    ),
    {
      description: 'Tells a Slack channel. `false` switches off what `defaults` says.',
      examples: [],
      defaultText: 'nobody is told there',
    },
  ),
  jira: key(
    z.union(
      [off, jiraSection],
      'a section with `url`, `project` and `credentials`; false: no issues are made',
    ),
    {
      description:
        'Opens a JIRA issue for the first failing run and tells it of the recovery. `false` switches off what `defaults` says.',
      examples: [],
      defaultText: 'no issues are made',
    },
  ),
};

export const defaultsSchema = z.strictObject(settings, 'a section with the keys of a plan, all but `fleet`');

export const planSchema = z.strictObject(
  {
    fleet: fleet.meta({
      ...fleet.meta(),
      allowed: '`groups` or `tags`',
      description: 'Which instances: the Auto Scaling groups or the tags of instances. One of the two.',
      examples: [],
      needed: true,
    }),
    ...settings,
  },
  'a section with at least `fleet`, `source`, `share` and `schedule`',
);

export const planName = text(
  /^[a-z][a-z0-9-]{0,38}[a-z0-9]$/,
  'a name of 2 to 40 small letters, digits and hyphens that begins with a letter and does not end with a hyphen',
);

const plans = z
  .record(planName, planSchema, 'a section with one entry for each plan')
  .check(({ value, issues }) => {
    const message = 'a section with at least one plan';
    if (Object.keys(value).length === 0) issues.push({ code: 'custom', input: value, message });
  });

export const planFileSchema = z.strictObject(
  {
    version: z.literal(1, '1').meta({
      description: 'Version of this format.',
      examples: [1],
      needed: true,
    }),
    defaults: key(defaultsSchema, {
      description:
        'What holds for every plan that does not say otherwise: the keys of a plan, all but `fleet`. Sections are joined key by key.',
      examples: [{ schedule: { timezone: 'Asia/Singapore' } }],
    }),
    plans: plans.meta({
      description:
        'The plans, each under its name. The name stands in messages, in run ids and as a folder on the share, so a plan that is renamed starts a new history.',
      examples: [],
      needed: true,
    }),
  },
  'a file with `version: 1` and `plans:`',
);

export type PlanFile = z.infer<typeof planFileSchema>;
export type PlanEntry = z.infer<typeof planSchema>;
export type PlanDefaults = z.infer<typeof defaultsSchema>;

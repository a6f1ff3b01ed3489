import { z } from 'zod';
import { instancePathPattern, shareIdPattern } from './path-pattern.ts';
import { builtIn } from './plan-defaults.ts';
import { count, cron, duration, flag, percent, text, timezone } from './plan-fields.ts';
import { key } from './plan-key.ts';

const folder = text(
  instancePathPattern,
  'an absolute path of letters, digits, spaces inside and . _ @ % + = : , ~ -, such as /var/www/upload',
);

export const source = z.union(
  [
    folder,
    z.strictObject({
      path: key(folder, {
        description: 'The folder on each instance.',
        examples: ['/var/www/upload'],
        needed: true,
      }),
      mayBeEmpty: key(flag, {
        description:
          'Whether an empty folder is fine. An empty folder usually means that its volume is not mounted, so a run fails on it unless this is `true`.',
        examples: [false],
        default: builtIn.source.mayBeEmpty,
      }),
      maxShrink: key(percent, {
        description:
          'A run fails when more than this part of the files is gone since the last recovery point, until a person allows it.',
        examples: ['50%'],
        default: builtIn.source.maxShrink,
      }),
    }),
  ],
  'a folder such as /var/www/upload, or a section with `path`, `mayBeEmpty`, `maxShrink`',
);

export const share = z.union(
  [
    folder,
    z.strictObject({
      path: key(folder, {
        description: 'Where the NFS or EFS file system is mounted on each instance.',
        examples: ['/mnt/lifeboat'],
        needed: true,
      }),
      id: key(text(shareIdPattern, 'letters, digits and hyphens, at most 64').min(1, 'an id of 1 to 64'), {
        description:
          "The share's id, as its `lifeboat.json` has it. With it, a run refuses every other share that happens to be mounted.",
        examples: ['acme-su-nfs'],
        defaultText: 'the share that the instance saw first',
      }),
    }),
  ],
  'a mount point such as /mnt/lifeboat, or a section with `path`, `id`',
);

export const schedule = z.strictObject(
  {
    cron: key(cron, {
      description:
        "When the plan runs: five fields as in crontab (minute, hour, day of the month, month, day of the week), a nickname such as '@daily', or the six fields of EventBridge. Expressions that begin with `*` or `@` need quotes.",
      examples: ['0 2 * * *'],
      needed: true,
    }),
    timezone: key(timezone, {
      description: 'The time zone of `cron`: an IANA name.',
      examples: ['Asia/Singapore'],
      default: builtIn.schedule.timezone,
    }),
    window: key(duration('0m', '24h'), {
      description: 'The run begins at a moment within this time after `cron`, to spread load.',
      examples: ['15m'],
      default: builtIn.schedule.window,
    }),
    enabled: key(flag, {
      description: '`false` keeps the plan but never starts it by itself. It can still be run by hand.',
      examples: [true],
      default: builtIn.schedule.enabled,
    }),
  },
  'a section with `cron`, `timezone`, `window`, `enabled`',
);

export const load = z.strictObject(
  {
    bandwidth: key(text(/^[1-9]\d{0,5}(?:kB|MB|GB)$/, 'bytes a second, such as 500kB, 20MB or 1GB'), {
      description: 'How many bytes a second an instance may copy, so that its users still get theirs.',
      examples: ['20MB'],
      defaultText: 'as many as the share takes',
    }),
    nice: key(count(0, 19), {
      description:
        'How far the operation stands back behind other programs of the instance, as `nice` has it. Above 0 it also leaves the disk to them.',
      examples: [10],
      default: builtIn.load.nice,
    }),
  },
  'a section with `bandwidth`, `nice`',
);

export const drain = z.strictObject(
  {
    limit: key(duration('5m', '47h'), {
      description:
        "How long an instance may be kept for its final backup. The life-cycle hook's own limit (100 heartbeats) counts, too.",
      examples: ['1h'],
      default: builtIn.drain.limit,
    }),
    snapshot: key(flag, {
      description:
        'Whether an EBS snapshot of its data volumes is taken where the final backup failed, or had no time for everything.',
      examples: [true],
      default: builtIn.drain.snapshot,
    }),
  },
  'a section with `limit`, `snapshot`',
);

const never = z.literal(false);
export const verify = z.union(
  [never, text(/^[1-9]\d{0,2}d$/, 'a number of days from 1d to 999d, such as 28d')],
  'a number of days from 1d to 999d, such as 28d; false: never',
);

const keeps = (what: string, value: number) =>
  key(count(0, 10_000), {
    description: `How many ${what} are kept.`,
    examples: [value],
    default: value,
  });

const { retention: keep } = builtIn;
export const retention = z.strictObject(
  {
    last: keeps('of the newest recovery points', keep.last),
    daily: keeps('days, each by its newest recovery point,', keep.daily),
    weekly: keeps('weeks, each by its newest recovery point,', keep.weekly),
    monthly: keeps('months, each by its newest recovery point,', keep.monthly),
    yearly: keeps('years, each by its newest recovery point,', keep.yearly),
    minimum: key(count(1, 10_000), {
      description: 'Pruning never goes below this number of good recovery points of an instance.',
      examples: [keep.minimum],
      default: keep.minimum,
    }),
    budget: key(duration('1m', '12h'), {
      description:
        'How long pruning may take an instance after a good night. What is left then goes the next night.',
      examples: ['30m'],
      default: keep.budget,
    }),
    goneInstances: key(text(/^[1-9]\d{0,4}d$/, 'a number of days from 1d to 99999d, such as 90d'), {
      description:
        'How long the recovery points of an instance that is gone stay after the newest of them; then all go but pinned ones.',
      examples: [keep.goneInstances],
      default: keep.goneInstances,
    }),
  },
  'a section with `last`, `daily`, `weekly`, `monthly`, `yearly`, `minimum`, `budget`, `goneInstances`',
);

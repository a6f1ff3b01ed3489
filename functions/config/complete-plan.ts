import { alarmsOf, jiraOf, slackOf } from './complete-escalation.ts';
import { toEventBridgeCron } from './cron.ts';
import { durationText, minutesOf } from './duration.ts';
import { longestGapMinutes } from './longest-gap.ts';
import type { Fleet, Plan, Retention } from './plan.ts';
import { builtIn } from './plan-defaults.ts';
import type { PlanDefaults, PlanEntry } from './plan-schema.ts';

/** What is wrong with a plan although each of its values is allowed. The path begins at the plan. */
export type Complaint = {
  readonly path: readonly string[];
  readonly wrong: string;
  readonly allowed: string;
};

/** A part of a plan that could be made, or why not. */
export type Part<T> = { readonly value: T | undefined; readonly complaints: readonly Complaint[] };

/** A plan made whole: what the plan leaves out comes from `defaults`, what both leave out is built in. */
export const completePlan = (name: string, entry: PlanEntry, defaults: PlanDefaults): Part<Plan> => {
  const settings = joined(entry, defaults);
  const { source, share, schedule } = settings;
  const fleet = fleetOf(entry.fleet);
  const objective = objectiveOf(settings);
  const alarms = alarmsOf(entry.alarms, defaults.alarms);
  const slack = slackOf(entry.slack, defaults.slack);
  const jira = jiraOf(entry.jira, defaults.jira);
  const complaints = [
    ...fleet.complaints,
    ...missing(settings),
    ...nested(source.path, share.path),
    ...lateDelivery(settings),
    ...tooFewKept(settings),
    ...objective.complaints,
    ...slack.complaints,
    ...jira.complaints,
  ];
  const { path: from } = source;
  const { path: to } = share;
  const { cron } = schedule;
  const lacks = from === undefined || to === undefined || cron === undefined;
  if (lacks || fleet.value === undefined || complaints.length > 0) return { value: undefined, complaints };
  const plan: Plan = {
    name,
    fleet: fleet.value,
    source: {
      path: withoutSlash(from),
      mayBeEmpty: source.mayBeEmpty ?? builtIn.source.mayBeEmpty,
      maxShrink: Number.parseInt(source.maxShrink ?? builtIn.source.maxShrink, 10) / 100,
    },
    share: { path: withoutSlash(to), ...(share.id === undefined ? {} : { id: share.id }) },
    schedule: scheduleOf(cron, schedule),
    deadlineMinutes: minutes(settings.deadline),
    deliveryMinutes: minutes(settings.delivery),
    concurrency: String(settings.concurrency),
    load: loadOf(settings.load),
    verifyNights: settings.verify === false ? 0 : minutes(settings.verify) / 1_440,
    retention: settings.retention,
    ...drainOf(entry.drain, defaults.drain),
    objectiveMinutes: objective.value,
    ...(alarms === undefined ? {} : { alarms }),
    dashboard: settings.dashboard,
    ...(slack.value === undefined ? {} : { slack: slack.value }),
    ...(jira.value === undefined ? {} : { jira: jira.value }),
  };
  return { value: plan, complaints };
};

type Settings = ReturnType<typeof joined>;

const joined = (entry: PlanEntry, defaults: PlanDefaults) => ({
  source: { ...longSource(defaults.source), ...longSource(entry.source) },
  share: { ...longShare(defaults.share), ...longShare(entry.share) },
  schedule: { ...defaults.schedule, ...entry.schedule },
  deadline: entry.deadline ?? defaults.deadline ?? builtIn.deadline,
  delivery: entry.delivery ?? defaults.delivery ?? builtIn.delivery,
  deliveryIsSet: (entry.delivery ?? defaults.delivery) !== undefined,
  concurrency: entry.concurrency ?? defaults.concurrency ?? builtIn.concurrency,
  load: { ...defaults.load, ...entry.load },
  verify: entry.verify ?? defaults.verify ?? builtIn.verify,
  objective: entry.objective ?? defaults.objective,
  dashboard: entry.dashboard ?? defaults.dashboard ?? builtIn.dashboard,
  retention: retentionOf({ ...defaults.retention, ...entry.retention }),
});

/** `source: /a` stands for `source: { path: /a }`. */
const longSource = (source: PlanEntry['source']): Exclude<NonNullable<PlanEntry['source']>, string> =>
  typeof source === 'string' ? { path: source } : (source ?? {});

const longShare = (share: PlanEntry['share']): Exclude<NonNullable<PlanEntry['share']>, string> =>
  typeof share === 'string' ? { path: share } : (share ?? {});

const scheduleOf = (cron: string, schedule: NonNullable<PlanEntry['schedule']>): Plan['schedule'] => ({
  cron: toEventBridgeCron(cron),
  timezone: schedule.timezone ?? builtIn.schedule.timezone,
  windowMinutes: minutes(schedule.window ?? builtIn.schedule.window),
  enabled: schedule.enabled ?? builtIn.schedule.enabled,
});

const loadOf = ({ bandwidth, nice }: NonNullable<PlanEntry['load']>): Plan['load'] => ({
  ...(bandwidth === undefined ? {} : { bandwidth: bytesOf(bandwidth) }),
  nice: nice ?? builtIn.load.nice,
});

/** Of a text such as `20MB` that the schema has let through. */
const bytesOf = (text: string): number =>
  Number.parseInt(text, 10) * { kB: 1_000, MB: 1_000_000, GB: 1_000_000_000 }[unitOf(text)];

const unitOf = (text: string): 'kB' | 'MB' | 'GB' =>
  text.endsWith('GB') ? 'GB' : text.endsWith('MB') ? 'MB' : 'kB';

/** Absent where instances are let go at once. */
const drainOf = (entry: PlanEntry['drain'], defaults: PlanDefaults['drain']): Pick<Plan, 'drain'> => {
  const chosen = entry ?? defaults;
  if (chosen === false) return {};
  const { limit, snapshot } = { ...(defaults === false ? {} : defaults), ...chosen };
  return {
    drain: {
      limitMinutes: minutes(limit ?? builtIn.drain.limit),
      snapshot: snapshot ?? builtIn.drain.snapshot,
    },
  };
};

const retentionOf = (kept: NonNullable<PlanEntry['retention']>): Retention => ({
  last: kept.last ?? builtIn.retention.last,
  daily: kept.daily ?? builtIn.retention.daily,
  weekly: kept.weekly ?? builtIn.retention.weekly,
  monthly: kept.monthly ?? builtIn.retention.monthly,
  yearly: kept.yearly ?? builtIn.retention.yearly,
  minimum: kept.minimum ?? builtIn.retention.minimum,
  budgetMinutes: minutes(kept.budget ?? builtIn.retention.budget),
  goneInstancesDays: minutes(kept.goneInstances ?? builtIn.retention.goneInstances) / 1_440,
});

const fleetOf = ({ groups, tags }: PlanEntry['fleet']): Part<Fleet> => {
  if (groups !== undefined && tags === undefined)
    return { value: { kind: 'groups', groups: [...new Set(groups)] }, complaints: [] };
  if (tags !== undefined && groups === undefined) {
    const lists = Object.entries(tags).map(([tag, values]) => [tag, [...new Set([values].flat())]] as const);
    return { value: { kind: 'tags', tags: Object.fromEntries(lists) }, complaints: [] };
  }
  const wrong =
    groups === undefined ? 'It names no instances.' : 'It has both `groups` and `tags`: which is meant?';
  return { value: undefined, complaints: [{ path: ['fleet'], wrong, allowed: 'either `groups` or `tags`' }] };
};

const missing = ({ source, share, schedule }: Settings): readonly Complaint[] => {
  const lacks = (path: readonly string[], allowed: string): Complaint => ({
    path,
    wrong: `\`${path.join('.')}\` is missing.`,
    allowed: `${allowed}, here or in \`defaults\``,
  });
  return [
    ...(source.path === undefined ? [lacks(['source'], 'the folder to save, such as /var/www/upload')] : []),
    ...(share.path === undefined
      ? [lacks(['share'], 'where the share is mounted, such as /mnt/lifeboat')]
      : []),
    ...(schedule.cron === undefined ? [lacks(['schedule', 'cron'], 'when to run, such as 0 2 * * *')] : []),
  ];
};

/** A backup into its own source would save itself again each night; a source on the share is no copy at all. */
const nested = (source: string | undefined, share: string | undefined): readonly Complaint[] => {
  if (source === undefined || share === undefined) return [];
  const [from, to] = [`${withoutSlash(source)}/`, `${withoutSlash(share)}/`];
  if (!from.startsWith(to) && !to.startsWith(from)) return [];
  const wrong = `The source ${withoutSlash(source)} and the share ${withoutSlash(share)} lie within each other.`;
  return [{ path: ['source'], wrong, allowed: 'two folders of which neither contains the other' }];
};

const lateDelivery = ({ deadline, delivery, deliveryIsSet }: Settings): readonly Complaint[] => {
  if (minutes(delivery) < minutes(deadline)) return [];
  const wrong = `Delivery may take ${delivery}, but the run ends after ${deadline}.`;
  const path = [deliveryIsSet ? 'delivery' : 'deadline'];
  return [{ path, wrong, allowed: 'a `delivery` shorter than the `deadline`' }];
};

/** What holds where nothing is said: a run may begin late and take its time before the newest point is too old. */
const objectiveOf = (
  settings: Settings,
): { readonly value: number; readonly complaints: readonly Complaint[] } => {
  const { cron, timezone, window } = settings.schedule;
  const gap =
    cron === undefined
      ? undefined
      : longestGapMinutes(toEventBridgeCron(cron), timezone ?? builtIn.schedule.timezone);
  const byItself =
    (gap ?? longestObjective) + minutes(window ?? builtIn.schedule.window) + minutes(settings.deadline);
  if (settings.objective === undefined) return { value: Math.ceil(byItself / 60) * 60, complaints: [] };
  const value = minutes(settings.objective);
  if (gap === undefined || value >= gap) return { value, complaints: [] };
  const wrong = `The objective is ${settings.objective}, but up to ${durationText(gap)} lie between two runs: every instance would be at risk before each of them.`;
  const allowed = `at least ${durationText(gap)}, better ${durationText(Math.ceil(byItself / 60) * 60)}; or a schedule that runs more often`;
  return { value, complaints: [{ path: ['objective'], wrong, allowed }] };
};

/** Of a plan that runs once, a year: it has no pace to be measured by. */
const longestObjective = 366 * 1_440;

const tooFewKept = ({ retention: kept }: Settings): readonly Complaint[] => {
  const most = kept.last + kept.daily + kept.weekly + kept.monthly + kept.yearly;
  if (most >= kept.minimum) return [];
  const wrong = `It keeps ${most} recovery point${most === 1 ? '' : 's'} at most, but never fewer than ${kept.minimum}.`;
  return [{ path: ['retention'], wrong, allowed: 'a `minimum` that the other numbers reach together' }];
};

const withoutSlash = (path: string): string => path.replace(/\/$/, '');

/** Of a text that the schema has let through. */
const minutes = (duration: string): number => minutesOf(duration) ?? 0;

import type { Complaint, Part } from './complete-plan.ts';
import { minutesOf } from './duration.ts';
import type { AlarmsPlan, JiraPlan, Level, SlackPlan } from './plan.ts';
import { builtIn } from './plan-defaults.ts';
import type { PlanDefaults, PlanEntry } from './plan-schema.ts';

type SlackSection = Exclude<NonNullable<PlanEntry['slack']>, false>;
type JiraSection = Exclude<NonNullable<PlanEntry['jira']>, false>;

/** Slack as the plan and `defaults` have it. Naming one way in the plan leaves the other way of `defaults` out. */
export const slackOf = (entry: PlanEntry['slack'], defaults: PlanDefaults['slack']): Part<SlackPlan> => {
  if (entry === false || (entry === undefined && (defaults ?? false) === false)) return nobody;
  const slack = joinedSlack(entry ?? {}, defaults === false ? {} : (defaults ?? {}));
  const tell = {
    start: slack.tell?.start ?? builtIn.slack.tell.start,
    success: slack.tell?.success ?? builtIn.slack.tell.success,
  };
  const { channel, token, webhook, channels } = slack;
  if (webhook !== undefined && channels !== undefined)
    return refused({
      path: ['slack', 'channels'],
      wrong: 'A webhook writes to its own channel alone.',
      allowed: '`channel` and `token` instead of `webhook`, or no `channels`',
    });
  if (webhook !== undefined && token === undefined && channel === undefined)
    return { value: { via: { kind: 'webhook', urlParameter: webhook }, tell }, complaints: [] };
  if (webhook !== undefined)
    return refused({
      path: ['slack', 'webhook'],
      wrong: 'A webhook writes to its own channel and needs no token.',
      allowed: 'either `webhook`, or `channel` and `token`',
    });
  if (token !== undefined && channel !== undefined)
    return {
      value: {
        via: {
          kind: 'bot',
          tokenParameter: token,
          channel,
          ...(channels === undefined ? {} : { channels: channelsOf(channels) }),
        },
        tell,
      },
      complaints: [],
    };
  const lacking = [
    ...(channel === undefined ? ['`channel`'] : []),
    ...(token === undefined ? ['`token`'] : []),
  ];
  return refused({
    path: ['slack'],
    wrong: `${lacking.join(' and ')} ${lacking.length === 1 ? 'is' : 'are'} missing.`,
    allowed: '`channel` and `token`, or `webhook`',
  });
};

const channelsOf = ({
  warning,
  failure,
  atRisk,
}: NonNullable<SlackSection['channels']>): Partial<Record<Level, string>> => ({
  ...(warning === undefined ? {} : { warning }),
  ...(failure === undefined ? {} : { failure }),
  ...(atRisk === undefined ? {} : { atRisk }),
});

const joinedSlack = (entry: SlackSection, defaults: SlackSection): SlackSection => {
  const { channel, token, webhook, channels, ...rest } = defaults;
  const both = channels === undefined ? entry.channels : { ...channels, ...entry.channels };
  const inherited = {
    ...(entry.webhook === undefined ? { channel, token } : {}),
    ...(entry.token === undefined && entry.channel === undefined ? { webhook } : {}),
  };
  const kept = entry.webhook === undefined ? both : entry.channels;
  return {
    ...rest,
    ...inherited,
    ...entry,
    ...(kept === undefined ? {} : { channels: kept }),
    tell: { ...defaults.tell, ...entry.tell },
  };
};

export const jiraOf = (entry: PlanEntry['jira'], defaults: PlanDefaults['jira']): Part<JiraPlan> => {
  if (entry === false || (entry === undefined && (defaults ?? false) === false)) return nobody;
  const general = defaults === false ? {} : defaults;
  const priority = { ...general?.priority, ...entry?.priority };
  const jira: JiraSection = { ...general, ...entry, priority };
  const { url, project, credentials } = jira;
  if (url === undefined || project === undefined || credentials === undefined) {
    const needed = { url, project, credentials };
    const lacking = Object.entries(needed).flatMap(([name, value]) => (value === undefined ? [name] : []));
    return refused({
      path: ['jira'],
      wrong: `${lacking.map((name) => `\`${name}\``).join(', ')} ${lacking.length === 1 ? 'is' : 'are'} missing.`,
      allowed: 'a section with at least `url`, `project` and `credentials`',
    });
  }
  const inCloud = new URL(url).hostname.endsWith('.atlassian.net');
  if (inCloud && jira.edition === 'data-center')
    return refused({
      path: ['jira', 'edition'],
      wrong: 'Addresses at atlassian.net are JIRA Cloud.',
      allowed: '`cloud`, or the address of a Data Center',
    });
  const value: JiraPlan = {
    url: url.replace(/\/+$/, ''),
    edition: jira.edition ?? (inCloud ? 'cloud' : 'data-center'),
    project,
    issueType: jira.type ?? builtIn.jira.type,
    labels: [...new Set(jira.labels ?? builtIn.jira.labels)],
    credentialsParameter: credentials,
    ...(Object.keys(priority).length === 0 ? {} : { priority: namedOnly(priority) }),
    ...(jira.assignee === undefined ? {} : { assignee: jira.assignee }),
    ...(jira.components === undefined ? {} : { components: [...new Set(jira.components)] }),
    ...(jira.fields === undefined ? {} : { fields: jira.fields }),
    // Of a text that the schema has let through.
    reopenMinutes: minutesOf(jira.reopen ?? builtIn.jira.reopen) ?? 0,
    resolves: jira.resolve ?? builtIn.jira.resolve,
  };
  return { value, complaints: [] };
};

const namedOnly = ({
  someFailed,
  allFailed,
  atRisk,
}: NonNullable<JiraSection['priority']>): NonNullable<JiraPlan['priority']> => ({
  ...(someFailed === undefined ? {} : { someFailed }),
  ...(allFailed === undefined ? {} : { allFailed }),
  ...(atRisk === undefined ? {} : { atRisk }),
});

/** Absent where the plan wants no alarms. */
export const alarmsOf = (
  entry: PlanEntry['alarms'],
  defaults: PlanDefaults['alarms'],
): AlarmsPlan | undefined => {
  if (entry === false || (entry === undefined && defaults === false)) return undefined;
  const { topic, shareFree, shareDays } = { ...(defaults === false ? {} : defaults), ...entry };
  return {
    ...(topic === undefined ? {} : { topic }),
    shareFree: Number.parseInt(shareFree ?? builtIn.alarms.shareFree, 10) / 100,
    shareDays: shareDays ?? builtIn.alarms.shareDays,
  };
};

const nobody = { value: undefined, complaints: [] };

const refused = (complaint: Complaint) => ({ value: undefined, complaints: [complaint] });

import { durationText } from '../config/duration.ts';
import type { Plan } from '../config/plan.ts';
import { bytesOf, countedOf, countOf, durationOf, momentOf } from '../escalation/figures.ts';
import { visible } from '../escalation/untrusted-text.ts';
import type { Sight } from '../pipeline/drill-down.ts';
import { type Incident, isMuted } from '../pipeline/incident.ts';
import { fleetOf, makesPoints, type NamedStanding, pointAge, worstAge } from '../pipeline/overview.ts';
import { shareStanding } from '../pipeline/share-trend.ts';
import { act, type Endpoints, goTo, verify } from './actions.ts';
import { calendar } from './calendar.ts';
import { html, type SafeHtml } from './html.ts';
import { pageOf, pager, searchField } from './paging.ts';
import { ageOf, linkTo, outcomeTag, strip } from './parts.ts';

type FleetSight = Extract<Sight, { kind: 'fleet' }>;
export type Shown = { readonly page: number; readonly search: string };

/** A plan at a glance: is everybody protected, how old is what we have, the nights, the instances, the worst first. */
export const fleetView = (
  sight: FleetSight,
  { page, search }: Shown,
  runbook: string,
  endpoints: Endpoints | undefined,
): SafeHtml => {
  const { plan, overview, now } = sight;
  const fleet = fleetOf(overview);
  const found = fleet.filter(({ instance }) => instance.includes(search)).sort(worstFirst(now));
  const shown = pageOf(found, page);
  return html`<h1>${plan.name}</h1>
${verdict(sight, fleet)}
${incidentBox(sight, runbook, endpoints)}
${facts(sight)}
<div class="row">${act(endpoints, 'Back up now', `Begin a backup of all instances of ${plan.name} now?`, 'dispatch', { plan: plan.name })}${verify(plan, endpoints)}</div>
<h2>Nights</h2>
${calendar(plan, overview, now, endpoints)}
<h2>Instances</h2>
${fleet.length > 1 ? searchField(endpoints, search, 'Instance', { plan: plan.name }) : undefined}
${found.length === 0 ? html`<p class="quiet">${search === '' ? 'No run has seen an instance yet.' : `No instance has ${visible(search, 60)} in its name.`}</p>` : table(plan, shown.rows, now, endpoints)}
${pager(endpoints, shown, { plan: plan.name, search })}`;
};

const verdict = ({ plan, overview, now }: FleetSight, fleet: readonly NamedStanding[]): SafeHtml => {
  const bad = fleet.filter((standing) => !isWell(standing)).length;
  const age = worstAge(overview, now);
  if (fleet.length === 0 || age === undefined)
    return html`<p class="verdict quiet">No run of the fleet is known yet.</p>`;
  const isLate = age > plan.objectiveMinutes * 60_000;
  const tone = bad > 0 || isLate ? 'bad' : 'good';
  const words =
    bad === 0
      ? `All ${countedOf(fleet.length, 'instance')} protected`
      : `${countOf(bad)} of ${countedOf(fleet.length, 'instance')} not protected`;
  return html`<p class="verdict ${tone}">${words}; the oldest newest recovery point is ${durationOf(age)} old${isLate ? `, older than the objective of ${durationText(plan.objectiveMinutes)}` : ''}.</p>`;
};

const isWell = ({ outcome }: NamedStanding): boolean =>
  outcome === 'protected' || outcome === 'protected-with-warnings';

const incidentBox = (
  { plan, incident, now }: FleetSight,
  runbook: string,
  endpoints: Endpoints | undefined,
): SafeHtml | undefined => {
  if (incident?.state !== 'open') return undefined;
  const causes = incident.signature.split(' ').filter((cause) => cause !== 'fleet' && cause !== 'unknown');
  return html`<div class="box bad"><p><b>Open since ${momentOf(incident.openedAt, plan.schedule.timezone)}</b>: ${countedOf(incident.failingRuns, 'bad run')}. ${causes.map((cause) => html`${cause} (${linkTo('runbook', `${runbook}#${cause}`)}) `)}${tickets(plan, incident)}${steered(plan, incident, now)}</p>
<div class="row">${retry(plan, incident, endpoints)}${steering(plan, incident, now, endpoints)}${goTo(endpoints, 'The last run', { run: incident.lastRun })}</div></div>`;
};

/** Who is told what of it for now. */
const steered = (plan: Plan, incident: Incident, now: Date): SafeHtml => {
  const at = (time: string) => momentOf(time, plan.schedule.timezone);
  const { acknowledged, muted } = incident;
  return html`${acknowledged === undefined ? undefined : ` Acknowledged ${at(acknowledged.at)}.`}${muted !== undefined && isMuted(incident, now) ? ` Muted until ${at(muted.until)}.` : undefined}`;
};

const muteDays = 7;

const steering = (
  { name }: Plan,
  incident: Incident,
  now: Date,
  endpoints: Endpoints | undefined,
): SafeHtml => {
  const until = new Date(now.getTime() + muteDays * 86_400_000).toISOString();
  const button = (label: string, question: string, event: Readonly<Record<string, string>>) =>
    act(endpoints, label, question, 'dispatch', { plan: name, ...event });
  const mute = isMuted(incident, now)
    ? button('Unmute', `Let ${name} be told again?`, { incident: 'unmute' })
    : button(
        `Mute for ${muteDays} days`,
        `Tell nothing of this incident of ${name} but its end, for ${muteDays} days?`,
        { incident: 'mute', until },
      );
  const acknowledge =
    incident.acknowledged === undefined
      ? button('Acknowledge', `Stop the daily reminder of this incident of ${name}: you are at it?`, {
          incident: 'acknowledge',
        })
      : undefined;
  return html`${acknowledge}${mute}`;
};

const tickets = (plan: Plan, { jira }: Incident): SafeHtml | undefined =>
  jira === undefined || plan.jira === undefined || jira.key === 'no-issue'
    ? undefined
    : html` JIRA: ${linkTo(jira.key, `${plan.jira.url}/browse/${jira.key}`)}.`;

/** As many as dispatch may be asked for by name without the event growing out of sight. */
const mostRetried = 500;

const retry = (
  plan: Plan,
  { instances }: Incident,
  endpoints: Endpoints | undefined,
): SafeHtml | undefined =>
  instances.length === 0
    ? undefined
    : act(
        endpoints,
        `Retry ${countedOf(Math.min(instances.length, mostRetried), 'failed instance')}`,
        `Back up ${countedOf(Math.min(instances.length, mostRetried), 'instance')} of ${plan.name} again, now?`,
        'dispatch',
        { plan: plan.name, instances: instances.slice(0, mostRetried) },
      );

const facts = ({ plan, overview }: FleetSight): SafeHtml => {
  const share = shareStanding(overview, plan.alarms);
  const newest = overview.runs.find((run) => makesPoints(run) && run.result !== 'paused');
  return html`<dl>
<dt>Objective</dt><dd>no recovery point older than ${durationText(plan.objectiveMinutes)}</dd>
${newest === undefined ? undefined : html`<dt>In the recovery points</dt><dd>${countedOf(newest.files, 'file')}, ${bytesOf(newest.bytes)} (newest backup)</dd>`}
${share === undefined ? undefined : html`<dt>Share</dt><dd>${share.nearlyFull ? html`<b class="bad">nearly full: </b>` : undefined}${bytesOf(share.freeBytes)} of ${bytesOf(share.bytes)} free${share.daysUntilFull === undefined ? '' : `, full in ${countedOf(Math.floor(share.daysUntilFull), 'day')} at the pace of the last nights`}</dd>`}
</dl>`;
};

const worstFirst =
  (now: Date) =>
  (one: NamedStanding, other: NamedStanding): number =>
    Number(isWell(one)) - Number(isWell(other)) ||
    pointAge(other, now) - pointAge(one, now) ||
    (one.instance < other.instance ? -1 : 1);

const shownRuns = 14;

const table = (
  plan: Plan,
  rows: readonly NamedStanding[],
  now: Date,
  endpoints: Endpoints | undefined,
): SafeHtml => html`<div class="wide" tabindex="0" role="region" aria-label="Instances"><table>
<thead><tr><th scope="col">Instance</th><th scope="col">Newest run</th><th scope="col">Last runs</th><th scope="col">Newest recovery point</th><th scope="col" class="number">Files</th><th scope="col" class="number">Size</th></tr></thead>
<tbody>${rows.map(
  (
    row,
  ) => html`<tr><th scope="row">${goTo(endpoints, visible(row.instance, 64), { plan: plan.name, instance: row.instance })}</th>
<td>${outcomeTag(row.outcome)}${row.cause === undefined ? undefined : html` ${row.cause}`}</td>
<td>${strip(row.recent, shownRuns)}</td>
<td>${row.point === undefined ? html`<b class="bad">none yet</b>, known for ${ageOf(pointAge(row, now), plan.objectiveMinutes)}` : html`${ageOf(pointAge(row, now), plan.objectiveMinutes)}`}</td>
<td class="number">${row.files === undefined ? '' : countOf(row.files)}</td><td class="number">${row.bytes === undefined ? '' : bytesOf(row.bytes)}</td></tr>`,
)}</tbody></table></div>`;

import type { Plan } from '../config/plan.ts';
import { bytesOf, countOf, durationOf, momentOf } from '../escalation/figures.ts';
import { visible } from '../escalation/untrusted-text.ts';
import { isProtected } from '../pipeline/decide.ts';
import type { InstanceNight, Sight } from '../pipeline/drill-down.ts';
import { pointAge } from '../pipeline/overview.ts';
import { timeOfRun } from '../pipeline/run-id.ts';
import { act, type Endpoints, goTo, verify } from './actions.ts';
import { html, type SafeHtml } from './html.ts';
import { ageOf, causeLine, outcomeTag, said, strip } from './parts.ts';

type InstanceSight = Extract<Sight, { kind: 'instance' }>;

/** One instance: how it stands, why, its last nights with their sizes, warnings with file names, and the end of its log. */
export const instanceView = (
  sight: InstanceSight,
  runbook: string,
  endpoints: Endpoints | undefined,
): SafeHtml => {
  const { plan, instance, history, standing } = sight;
  const [newest] = history;
  return html`<h1>${instance}</h1>
<p>${goTo(endpoints, `All of ${plan.name}`, { plan: plan.name }, 'btn')}</p>
${standing === undefined ? html`<p class="quiet">No run of ${plan.name} has covered an instance of this name for as long as runs are remembered.</p>` : facts(sight)}
${newest === undefined ? undefined : why(newest, runbook)}
<div class="row">${act(endpoints, 'Back up this instance now', `Back up ${instance} of ${plan.name} now?`, 'dispatch', { plan: plan.name, instances: [instance] })}${verify(plan, endpoints, instance)}${allowShrink(plan, sight, endpoints)}</div>
<h2>Recovery points and nights</h2>
${nights(sight, endpoints)}
${log(sight)}`;
};

const facts = ({ plan, instance, standing, now }: InstanceSight): SafeHtml | undefined => {
  if (standing === undefined) return undefined;
  const where = standing.point === undefined ? '' : `${plan.share.path}/${plan.name}/${instance}/current`;
  const moment = momentOf(
    (timeOfRun(standing.point ?? standing.since) ?? now).toISOString(),
    plan.schedule.timezone,
  );
  return html`<dl>
<dt>Newest run</dt><dd>${outcomeTag(standing.outcome)} ${strip(standing.recent, 30)}</dd>
<dt>Newest recovery point</dt><dd>${standing.point === undefined ? html`<b class="bad">none yet</b>, known since ${moment}` : html`${ageOf(pointAge(standing, now), plan.objectiveMinutes)} old, ${moment}`}</dd>
${standing.files === undefined ? undefined : html`<dt>It holds</dt><dd>${countOf(standing.files)} files, ${bytesOf(standing.bytes ?? 0)}</dd>`}
${where === '' ? undefined : html`<dt>On the share</dt><dd><code>${where}</code></dd>`}
</dl>`;
};

const why = ({ result }: InstanceNight, runbook: string): SafeHtml | undefined => {
  const warnings = (result.report?.warnings ?? []).map(
    ({ cause, count, example }) =>
      html`<div class="box warn"><p><b>Warning, ${countOf(count)} times</b></p>${causeLine(cause, example, runbook)}</div>`,
  );
  const failure =
    result.cause === undefined || isProtected(result)
      ? undefined
      : html`<div class="box bad">${causeLine(result.cause, result.detail, runbook)}</div>`;
  return html`${failure}${warnings}`;
};

/** Only where the newest run refused to lose so many files. */
const allowShrink = (
  plan: Plan,
  { instance, standing }: InstanceSight,
  endpoints: Endpoints | undefined,
): SafeHtml | undefined =>
  standing?.cause !== 'source-shrunk'
    ? undefined
    : act(
        endpoints,
        'The files are meant to be gone: allow it once',
        `${instance} has lost most of its files. Save it as it is now, once? Older recovery points stay.`,
        'dispatch',
        { plan: plan.name, instances: [instance], allowShrink: true },
      );

const nights = ({ history, overview }: InstanceSight, endpoints: Endpoints | undefined): SafeHtml => {
  if (history.length === 0) return html`<p class="quiet">None yet.</p>`;
  const largest = Math.max(1, ...history.map(({ result }) => result.report?.bytes ?? 0));
  const more = overview.runs.length - history.length;
  return html`<div class="wide" tabindex="0" role="region" aria-label="Nights of this instance"><table>
<thead><tr><th scope="col">Run</th><th scope="col">Outcome</th><th scope="col">Why</th><th scope="col" class="number">Files</th><th scope="col" class="number">Size</th><th scope="col"><span class="unseen">Size as a bar</span></th><th scope="col" class="number">Changed</th><th scope="col" class="number">Deleted</th><th scope="col" class="number">Copied</th><th scope="col" class="number">Time</th></tr></thead>
<tbody>${history.map((night) => row(night, largest, endpoints))}</tbody></table></div>
${more > 0 && history.length > 1 ? html`<p class="quiet">${countOf(history.length)} runs are shown; older ones are in the bucket below <code>runs/</code>.</p>` : undefined}`;
};

const row = (
  { record, result }: InstanceNight,
  largest: number,
  endpoints: Endpoints | undefined,
): SafeHtml => {
  const report = isProtected(result) ? result.report : undefined;
  const width = Math.round((60 * (report?.bytes ?? 0)) / largest);
  const cells =
    report === undefined
      ? ['', '', '']
      : [countOf(report.changed), countOf(report.deleted), bytesOf(report.copiedBytes)];
  return html`<tr><th scope="row">${goTo(endpoints, record.run.slice(record.run.indexOf('/') + 1), { run: record.run })}</th>
<td>${outcomeTag(result.outcome)}</td><td class="why">${result.cause}${result.detail === undefined ? undefined : html` ${said(result.detail, 120)}`}</td>
<td class="number">${report === undefined ? '' : countOf(report.files)}</td><td class="number">${report === undefined ? '' : bytesOf(report.bytes)}</td>
<td><svg class="strip" aria-hidden="true" width="60" height="10" viewBox="0 0 60 10"><rect class="p" x="0" y="0" width="${width}" height="10"/></svg></td>
${cells.map((cell) => html`<td class="number">${cell}</td>`)}<td class="number">${report === undefined ? '' : durationOf(report.seconds * 1000)}</td></tr>`;
};

const shownLines = 60;
const longestLine = 300;

const log = ({ log: text, history }: InstanceSight): SafeHtml | undefined => {
  const [newest] = history;
  if (newest === undefined) return undefined;
  if (text === undefined)
    return html`<h2>Log</h2><p class="quiet">The instance has stored none for ${newest.record.run}.</p>`;
  const lines = text
    .split('\n')
    .slice(-shownLines)
    .map((line) => visible(line, longestLine));
  return html`<h2>The end of its log</h2><p class="quiet">${newest.record.run}</p><pre tabindex="0" role="region" aria-label="The end of the log">${lines.map(
    (line) => html`${line}
`,
  )}</pre>`;
};

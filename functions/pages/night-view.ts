import { bytesOf, countedOf, countOf, durationOf, momentOf } from '../escalation/figures.ts';
import { failureGroups, warningGroups } from '../escalation/tally.ts';
import { visible } from '../escalation/untrusted-text.ts';
import type { CauseId, Outcome } from '../pipeline/causes.ts';
import { isProtected } from '../pipeline/decide.ts';
import { makesPoints } from '../pipeline/overview.ts';
import type { InstanceResult, NoticeState, RunRecord } from '../pipeline/run-record.ts';
import { act, type Endpoints, goTo } from './actions.ts';
import type { Shown } from './fleet-view.ts';
import { html, type SafeHtml } from './html.ts';
import { pageOf, pager, searchField } from './paging.ts';
import { causeLine, outcomeTag, said, toneOfResult } from './parts.ts';

export type NightPlace = { readonly runbook: string; readonly timezone: string };

/** One run: what came of it, why, in which order, and instance by instance. The widget's and the report's alike. */
export const nightView = (
  record: RunRecord,
  shown: Shown | 'all',
  place: NightPlace,
  endpoints: Endpoints | undefined,
): SafeHtml => {
  const search = shown === 'all' ? '' : shown.search;
  const results = (record.results ?? []).filter((result) => matches(result, search)).sort(worstFirst);
  const page = shown === 'all' ? undefined : pageOf(results, shown.page);
  return html`<h1>${record.run}</h1>
<p>${goTo(endpoints, `All of ${record.plan}`, { plan: record.plan }, 'btn')}</p>
${verdict(record)}
${problems(record)}
${causesOf(record, place.runbook)}
<div class="row">${retry(record, endpoints)}${cancel(record, endpoints)}</div>
<h2>What happened when</h2>
${timeline(record, place.timezone)}
<h2>Instances</h2>
${outcomeCounts(record)}
${(record.results ?? []).length > 1 ? searchField(endpoints, search, 'Instance or cause', { run: record.run }) : undefined}
${instanceTable(record, page?.rows ?? results, endpoints)}
${page === undefined ? undefined : pager(endpoints, page, { run: record.run, search })}
${skipped(record)}
<h2>Told</h2>
${told(record)}`;
};

const matches = ({ instance, cause }: InstanceResult, search: string): boolean =>
  instance.includes(search) || cause === search;

/** One sentence that is true: a partial night is neither lost nor good. */
const verdict = (record: RunRecord): SafeHtml => {
  if (record.result === undefined)
    return html`<p class="verdict quiet">The run is still open; it ends by ${record.deadline} at the latest.</p>`;
  const [tone] = toneOfResult[record.result];
  return html`<p class="verdict ${tone}">${sentence(record)}</p>`;
};

const sentence = (record: RunRecord): string => {
  const results = record.results ?? [];
  if (record.operation === 'prune') return pruneSentence(record, results);
  const good = results.filter(isProtected).length;
  switch (record.result) {
    case 'nothing-to-protect':
      return 'There was nothing to protect: no instance was expected.';
    case 'paused':
      return `Skipped: the plan was paused until ${record.paused?.until ?? 'an unknown time'}.${record.paused?.why === undefined ? '' : ` Why: ${visible(record.paused.why, 200)}`}`;
    case 'failed':
      return `Not protected: none of ${countedOf(results.length, 'instance')}.`;
    case 'partial':
      return `Partly protected: ${countOf(good)} of ${countedOf(results.length, 'instance')}.`;
    default:
      return `Protected: all ${countedOf(results.length, 'instance')}${record.result === 'protected' ? '' : ', with warnings'}.`;
  }
};

const pruneSentence = ({ parameters }: RunRecord, results: readonly InstanceResult[]): string => {
  const sum = (figure: 'removed' | 'removedFiles' | 'removedBytes') =>
    results.reduce((total, { report }) => total + (report?.prune?.[figure] ?? 0), 0);
  const points = countedOf(sum('removed'), 'recovery point');
  const what = `${points} with ${countedOf(sum('removedFiles'), 'file')} of ${bytesOf(sum('removedBytes'))}`;
  const good = results.filter(isProtected).length;
  const where = `on ${countOf(good)} of ${countedOf(results.length, 'instance')}`;
  return parameters.prune?.dryRun === true
    ? `A dry run ${where}: ${what} would go.`
    : `Pruned ${where}: ${what} went.`;
};

const problems = ({ problems: sentences }: RunRecord): SafeHtml | undefined =>
  sentences.length === 0
    ? undefined
    : html`<div class="box bad"><ul>${sentences.map((text) => html`<li>${visible(text, 400)}</li>`)}</ul></div>`;

/** Failures by cause, then warnings by cause: how many, what it means, what to do, what one of them said. */
const causesOf = (record: RunRecord, runbook: string): SafeHtml => {
  const results = record.results ?? [];
  const failures = failureGroups(results.filter((result) => !isProtected(result)));
  const warnings = warningGroups(results.filter(isProtected));
  return html`${failures.map(({ cause, instances, details }) => html`<div class="box bad"><p><b>${countedOf(instances.length, 'instance')} ${record.operation === 'prune' ? 'not pruned' : 'not protected'}</b></p>${explained(cause, details[0], runbook)}</div>`)}
${warnings.map(({ cause, instances, count, example }) => html`<div class="box warn"><p><b>Warning, ${countOf(count)} times on ${countedOf(instances.length, 'instance')}</b></p>${explained(cause, example, runbook)}</div>`)}`;
};

const explained = (cause: CauseId | undefined, detail: string | undefined, runbook: string): SafeHtml =>
  cause === undefined ? html`<p>The cause is not known.</p>` : causeLine(cause, detail, runbook);

const retry = (record: RunRecord, endpoints: Endpoints | undefined): SafeHtml | undefined => {
  if (!makesPoints(record)) return undefined;
  const failed = (record.results ?? []).filter((result) => !isProtected(result) && result.outcome !== 'gone');
  if (record.state !== 'closed' || failed.length === 0) return undefined;
  const some = failed.slice(0, 500).map(({ instance }) => instance);
  return act(
    endpoints,
    `Retry ${countedOf(some.length, 'failed instance')}`,
    `Back up ${countedOf(some.length, 'instance')} of ${record.plan} again, now?`,
    'dispatch',
    { plan: record.plan, instances: some },
  );
};

const cancel = (record: RunRecord, endpoints: Endpoints | undefined): SafeHtml | undefined =>
  record.state === 'closed' || record.cancelled !== undefined || record.operation === 'final-backup'
    ? undefined
    : act(
        endpoints,
        'Cancel this run',
        `Stop the ${record.operation} of ${record.plan} on every instance that is still at work, now?`,
        'dispatch',
        { cancel: record.run },
      );

const timeline = (record: RunRecord, timezone: string): SafeHtml => {
  const at = (time: string) => momentOf(time, timezone);
  const took =
    record.closedAt === undefined ? undefined : Date.parse(record.closedAt) - Date.parse(record.startedAt);
  return html`<ol>
<li>${at(record.scheduledTime)}: ${record.trigger.kind === 'hand' ? 'asked for by hand' : record.trigger.kind === 'run' ? `after ${record.trigger.run}` : 'scheduled'}</li>
<li>${at(record.startedAt)}: begun, ${countedOf(record.expected?.length ?? 0, 'instance')} expected</li>
${record.cancelled === undefined ? undefined : html`<li>${at(record.cancelled.at)}: cancelled by a person${record.cancelled.why === undefined ? '' : html`: ${said(record.cancelled.why)}`}</li>`}
${record.commands.map(({ attempt, intendedAt, commandId, refused }) => html`<li>${at(intendedAt)}: ${attempt === 1 ? 'command' : 'command once more, to those that may still come'} ${commandId === undefined ? (refused === undefined ? 'not sent' : html`refused: ${said(refused)}`) : html`sent, <code>${commandId}</code>`}</li>`)}
${record.closedAt === undefined ? undefined : html`<li>${at(record.closedAt)}: closed after ${durationOf(took ?? 0)}; ${countOf(reached(record))} of ${countedOf(record.expected?.length ?? 0, 'expected instance')} reached</li>`}
</ol>`;
};

const reached = ({ results }: RunRecord): number =>
  (results ?? []).filter((result) => result.expected && result.reached).length;

const outcomeCounts = ({ results }: RunRecord): SafeHtml => {
  const counts = new Map<Outcome, number>();
  for (const { outcome } of results ?? []) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return html`<p>${[...counts].map(([outcome, count]) => html`${countOf(count)} ${outcomeTag(outcome)} `)}</p>`;
};

const worstFirst = (one: InstanceResult, other: InstanceResult): number =>
  Number(isProtected(one)) - Number(isProtected(other)) || (one.instance < other.instance ? -1 : 1);

const instanceTable = (
  record: RunRecord,
  rows: readonly InstanceResult[],
  endpoints: Endpoints | undefined,
): SafeHtml =>
  rows.length === 0
    ? html`<p class="quiet">None.</p>`
    : html`<div class="wide" tabindex="0" role="region" aria-label="Instances of this run"><table>
<thead><tr><th scope="col">Instance</th><th scope="col">Outcome</th><th scope="col">Why</th>${figureNames(record).map((name) => html`<th scope="col" class="number">${name}</th>`)}<th scope="col" class="number">Time</th><th scope="col" class="number">Tries</th></tr></thead>
<tbody>${rows.map((result) => row(record, result, endpoints))}</tbody></table></div>`;

const row = (
  { plan }: RunRecord,
  result: InstanceResult,
  endpoints: Endpoints | undefined,
): SafeHtml => html`<tr><th scope="row">${goTo(endpoints, visible(result.instance, 64), { plan, instance: result.instance })}${result.expected ? '' : ' (not expected)'}</th>
<td>${outcomeTag(result.outcome)}</td>
<td class="why">${result.cause}${result.detail === undefined ? undefined : html` ${said(result.detail, 160)}`}</td>
${figures(result).map((figure) => html`<td class="number">${figure}</td>`)}<td class="number">${result.attempts}</td></tr>`;

const figureNames = ({ operation }: RunRecord): readonly string[] =>
  operation === 'prune' ? ['Stay', 'Gone', 'Room'] : ['Files', 'Changed', 'Copied'];

/** Of what is in the recovery point; an instance that is not protected has none of this run. */
const figures = (result: InstanceResult): readonly string[] => {
  const { report } = result;
  if (report === undefined || !isProtected(result)) return ['', '', '', ''];
  if (report.prune !== undefined) {
    const { kept, removed, removedBytes } = report.prune;
    return [countOf(kept), countOf(removed), bytesOf(removedBytes), durationOf(report.seconds * 1000)];
  }
  return [
    countOf(report.files),
    countOf(report.changed),
    bytesOf(report.copiedBytes),
    durationOf(report.seconds * 1000),
  ];
};

/** Names beyond these are counted only. */
const mostSkipped = 50;

const skipped = ({ skipped: left }: RunRecord): SafeHtml | undefined =>
  left.length === 0
    ? undefined
    : html`<h2>Left out on purpose</h2><ul>${left.slice(0, mostSkipped).map(({ instance, why }) => html`<li>${visible(instance, 64)}: ${visible(why, 120)}</li>`)}</ul>${left.length > mostSkipped ? html`<p>and ${countOf(left.length - mostSkipped)} more</p>` : undefined}`;

const told = ({ notices }: RunRecord): SafeHtml =>
  notices.length === 0
    ? html`<p class="quiet">Nobody, as the plan wants it.</p>`
    : html`<ul>${notices.map(noticeLine)}</ul>`;

const noticeLine = ({ kind, channel, state, reference, error }: NoticeState): SafeHtml =>
  html`<li>${channel}, ${kind}: ${state === 'failed' ? html`<b class="bad">failed</b>` : state} ${reference === undefined ? undefined : html`<code>${visible(reference, 60)}</code>`} ${error === undefined ? undefined : visible(error, 400)}</li>`;

import type { Plan } from '../config/plan.ts';
import { isProtectedOutcome, makesPoints, type Overview, type RunSummary } from '../pipeline/overview.ts';
import { timeOfRun } from '../pipeline/run-id.ts';
import { type Endpoints, goTo } from './actions.ts';
import { html, type SafeHtml } from './html.ts';
import { toneOfResult } from './parts.ts';

/** Five weeks, Monday first, the newest night last. */
const shownDays = 35;
const dayMilliseconds = 86_400_000;

/** The last weeks as a grid: a cell a day, with its date, a sign and, for those who listen, a sentence. */
export const calendar = (
  plan: Plan,
  overview: Overview,
  now: Date,
  endpoints: Endpoints | undefined,
): SafeHtml => {
  const nights = nightsByDay(plan, overview);
  const today = dayOf(now, plan.schedule.timezone);
  const days = Array.from({ length: shownDays }, (_, index) =>
    new Date(Date.parse(`${today}T12:00:00Z`) - (shownDays - 1 - index) * dayMilliseconds)
      .toISOString()
      .slice(0, 10),
  );
  const first = weekdayOf(days[0] ?? today);
  const oldest = [...nights.keys()].sort()[0];
  return html`<ol class="nights" aria-label="Nights of the last five weeks">${Array.from({ length: first }, () => html`<li aria-hidden="true"></li>`)}${days.map((day) => html`<li>${cell(day, nights.get(day), oldest !== undefined && day > oldest, endpoints)}</li>`)}</ol>`;
};

/** The days of a plan's place that have a run, each with its newest one of the whole fleet. */
const nightsByDay = (plan: Plan, { runs }: Overview): ReadonlyMap<string, RunSummary> => {
  const nights = new Map<string, RunSummary>();
  for (const run of runs.filter((each) => makesPoints(each) && each.scope === 'fleet')) {
    const day = dayOf(timeOfRun(run.run) ?? new Date(run.startedAt), plan.schedule.timezone);
    if (!nights.has(day)) nights.set(day, run);
  }
  return nights;
};

const cell = (
  day: string,
  night: RunSummary | undefined,
  isMissing: boolean,
  endpoints: Endpoints | undefined,
): SafeHtml => {
  const date = String(Number(day.slice(8)));
  if (night === undefined)
    return html`<span class="night quiet"><span aria-hidden="true">${date}<br>·</span><span class="unseen">${day}: ${isMissing ? 'no run' : 'nothing known'}</span></span>`;
  const [tone, sign] = toneOfResult[night.result];
  const content = html`<span aria-hidden="true">${date}<br>${sign}</span><span class="unseen">${day}: ${sentenceOf(night)}</span>`;
  return goTo(endpoints, content, { run: night.run }, `night ${tone}`);
};

/** `partial, 2 of 3 instances protected`. */
export const sentenceOf = ({ result, outcomes, instances }: RunSummary): string => {
  if (result === 'paused') return 'skipped, the plan was paused';
  const good = Object.entries(outcomes).reduce(
    (sum, [outcome, count]) => sum + (isProtectedOutcome(outcome) ? (count ?? 0) : 0),
    0,
  );
  return `${result}, ${good} of ${instances} instances protected`;
};

/** `2026-11-24` where the plan is. */
const dayOf = (time: Date, timeZone: string): string =>
  new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(
    time,
  );

/** 0 for Monday. */
const weekdayOf = (day: string): number => (new Date(`${day}T12:00:00Z`).getUTCDay() + 6) % 7;

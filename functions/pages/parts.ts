import { durationOf } from '../escalation/figures.ts';
import { visible } from '../escalation/untrusted-text.ts';
import { type CauseId, causes, type Outcome } from '../pipeline/causes.ts';
import { outcomeOfLetter } from '../pipeline/overview.ts';
import type { RunResult } from '../pipeline/run-record.ts';
import { html, type SafeHtml } from './html.ts';

export type Tone = 'good' | 'warn' | 'bad' | 'quiet';

/** A sign beside each colour, for those who do not see it. */
export const toneOfResult: Readonly<Record<RunResult, readonly [Tone, string]>> = {
  protected: ['good', '✓'],
  'protected-with-warnings': ['good', '✓'],
  partial: ['warn', '!'],
  failed: ['bad', '✕'],
  'nothing-to-protect': ['quiet', '–'],
  paused: ['warn', '‖'],
};

const toneOfOutcome: Readonly<Record<Outcome, readonly [Tone, string]>> = {
  protected: ['good', '✓'],
  'protected-with-warnings': ['good', '✓'],
  failed: ['bad', '✕'],
  unreachable: ['bad', '✕'],
  'timed-out': ['bad', '✕'],
  gone: ['quiet', '–'],
};

export const outcomeTag = (outcome: Outcome): SafeHtml => {
  const [tone, sign] = toneOfOutcome[outcome];
  return html`<span class="tag ${tone}"><span aria-hidden="true">${sign} </span>${outcome}</span>`;
};

/** How old a recovery point is; in words, too, where it is older than it may be. */
export const ageOf = (milliseconds: number, objectiveMinutes: number): SafeHtml =>
  milliseconds > objectiveMinutes * 60_000
    ? html`<span class="bad"><b>${durationOf(milliseconds)}</b>, older than the objective</span>`
    : html`${durationOf(milliseconds)}`;

/** Our own sentences, in which `backticks` mark what is typed. */
export const withCode = (text: string): readonly SafeHtml[] =>
  text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : html`${part}`));

/** Text from an instance: short, visible, in code. */
export const said = (text: string, most = 300): SafeHtml => html`<code>${visible(text, most)}</code>`;

/** A link where a browser can follow it; an address that is none is shown as it is. */
export const linkTo = (words: string, url: string): SafeHtml =>
  /^https:\/\//.test(url)
    ? html`<a href="${url}" target="_blank" rel="noreferrer">${words}</a>`
    : html`<code>${url}</code>`;

export const causeLine = (cause: CauseId, detail: string | undefined, runbook: string): SafeHtml =>
  html`<p><b>${cause}</b>: ${causes[cause].sentence}${detail === undefined || detail === '' ? undefined : html` ${said(detail)}`}</p>
<p>${withCode(causes[cause].remedy)} ${linkTo('Runbook', `${runbook}#${cause}`)}</p>`;

const barWidth = 7;
const barGap = 2;

/** The last runs of an instance as a row of bars, the newest at the right. Its words say the same. */
export const strip = (recent: string, most: number): SafeHtml => {
  const letters = [...recent.slice(0, most)].reverse();
  const counts = new Map<string, number>();
  for (const letter of letters) {
    const outcome = outcomeOfLetter(letter) ?? 'not covered';
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
  const words = [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ');
  const width = Math.max(1, letters.length) * (barWidth + barGap);
  return html`<svg class="strip" role="img" aria-label="last ${letters.length} runs: ${words || 'none'}" width="${width}" height="16" viewBox="0 0 ${width} 16">${letters.map((letter, index) => bar(letter, index))}</svg>`;
};

/** Trouble is a full bar, good a low one: the shape says it, too. */
const bar = (letter: string, index: number): SafeHtml => {
  const [look, height] = barOf(letter);
  return html`<rect class="${look}" x="${index * (barWidth + barGap)}" y="${16 - height}" width="${barWidth}" height="${height}"/>`;
};

const barOf = (letter: string): readonly [string, number] => {
  switch (letter) {
    case 'p':
      return ['p', 7];
    case 'w':
      return ['p', 7];
    case ' ':
    case 'g':
      return ['n', 3];
    default:
      return ['f', 16];
  }
};

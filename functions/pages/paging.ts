import { countOf } from '../escalation/figures.ts';
import { type Endpoints, goTo } from './actions.ts';
import { html, type SafeHtml } from './html.ts';

/** Rows of a table that are shown at once, so that a fleet of 10,000 stays readable and below the widget's limit. */
export const rowsOnPage = 50;

export type Page<T> = {
  readonly rows: readonly T[];
  readonly number: number;
  readonly pages: number;
  readonly all: number;
};

/** The page of this number, or the last one there is. */
export const pageOf = <T>(all: readonly T[], wanted: number): Page<T> => {
  const pages = Math.max(1, Math.ceil(all.length / rowsOnPage));
  const number = Math.min(Math.max(1, wanted), pages);
  return { rows: all.slice((number - 1) * rowsOnPage, number * rowsOnPage), number, pages, all: all.length };
};

/** What is shown of how many, and the way to the rest. */
export const pager = (
  endpoints: Endpoints | undefined,
  { rows, number, pages, all }: Page<unknown>,
  view: Readonly<Record<string, unknown>>,
): SafeHtml | undefined => {
  if (pages === 1) return undefined;
  const first = (number - 1) * rowsOnPage + 1;
  const step = (label: string, to: number) =>
    to < 1 || to > pages ? undefined : goTo(endpoints, label, { ...view, page: to });
  return html`<p class="row"><span>${countOf(first)} to ${countOf(first + rows.length - 1)} of ${countOf(all)}</span> ${step('Previous', number - 1)} ${step('Next', number + 1)}</p>`;
};

/** A field for a part of a name; its button asks drilldown again, CloudWatch sends the field along. */
export const searchField = (
  endpoints: Endpoints | undefined,
  search: string,
  label: string,
  view: Readonly<Record<string, unknown>>,
): SafeHtml | undefined =>
  endpoints === undefined
    ? undefined
    : html`<div class="row"><label for="lifeboat-search">${label}</label> <input id="lifeboat-search" name="search" type="text" value="${search}"> ${goTo(endpoints, 'Search', view, 'btn')}</div>`;

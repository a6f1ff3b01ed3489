import type { Plan } from '../config/plan.ts';
import { html, type SafeHtml } from './html.ts';

/** Where the buttons of a widget lead. A page in S3 has none: its views are rendered without. */
export type Endpoints = {
  readonly drilldown: string;
  readonly dispatch: string;
  readonly check: string;
};

type Parameters = Readonly<Record<string, unknown>>;

/**
 * A button of a custom widget: CloudWatch calls the function with these parameters when the element before `cwdb-action`
 * is clicked, in the name of the reader. Whoever may not invoke that function gets an error and nothing happens.
 */
const button = (
  look: string,
  content: SafeHtml | string,
  call: { readonly endpoint: string; readonly display: 'widget' | 'popup'; readonly confirmation?: string },
  parameters: Parameters,
): SafeHtml =>
  html`<button type="button" class="${look}">${content}</button><cwdb-action action="call" endpoint="${call.endpoint}" display="${call.display}"${call.confirmation === undefined ? undefined : html` confirmation="${call.confirmation}"`}>${JSON.stringify(parameters)}</cwdb-action>`;

/** Shows another view in the place of this one; plain text where there is nowhere to go. */
export const goTo = (
  endpoints: Endpoints | undefined,
  content: SafeHtml | string,
  view: Parameters,
  look = 'plain',
): SafeHtml => {
  if (endpoints !== undefined)
    return button(look, content, { endpoint: endpoints.drilldown, display: 'widget' }, view);
  return look === 'plain' ? html`${content}` : html`<span class="${look}">${content}</span>`;
};

/** Does something, after a question, and shows the function's answer on top of the view. Nothing on a page. */
export const act = (
  endpoints: Endpoints | undefined,
  label: string,
  confirmation: string,
  to: 'dispatch' | 'check',
  event: Parameters,
): SafeHtml | undefined =>
  endpoints === undefined
    ? undefined
    : button('btn', label, { endpoint: endpoints[to], display: 'popup', confirmation }, event);

/** Of one instance or of the whole fleet: everything is read back, and a sample restored into a scratch folder. */
export const verify = (
  { name }: Pick<Plan, 'name'>,
  endpoints: Endpoints | undefined,
  instance?: string,
): SafeHtml | undefined =>
  act(
    endpoints,
    'Verify, with a restore drill',
    `Read the newest recovery point of ${instance ?? `every instance of ${name}`} back from the share, all of it, and restore a sample of it into a scratch folder, now?`,
    'dispatch',
    { plan: name, operation: 'verify', ...(instance === undefined ? {} : { instances: [instance] }) },
  );

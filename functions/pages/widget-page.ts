import type { View } from '../config/widget-event.ts';
import type { Sight } from '../pipeline/drill-down.ts';
import type { Endpoints } from './actions.ts';
import { fleetView } from './fleet-view.ts';
import { html, type SafeHtml } from './html.ts';
import { instanceView } from './instance-view.ts';
import { nightView } from './night-view.ts';
import { widgetStyles } from './styles.ts';

export type WidgetPlace = {
  readonly theme: 'light' | 'dark';
  readonly runbook: string;
  readonly endpoints: Endpoints;
};

/** What the dashboard shows: no script, no frame, nothing from elsewhere; CloudWatch would take it out. */
export const widgetPage = (sight: Sight, view: View, place: WidgetPlace): string =>
  framed(content(sight, view, place), place.theme);

/** What is wrong with what was asked, where the answer would be. */
export const widgetMistake = (message: string, theme: 'light' | 'dark'): string =>
  framed(html`<div class="box bad" role="alert">${message}</div>`, theme);

const framed = (inner: SafeHtml, theme: 'light' | 'dark'): string =>
  html`${widgetStyles(theme)}<div class="lifeboat">${inner}</div>`.safe;

const content = (sight: Sight, view: View, { runbook, endpoints }: WidgetPlace): SafeHtml => {
  const shown = view.kind === 'instance' ? { page: 1, search: '' } : view;
  switch (sight.kind) {
    case 'fleet':
      return fleetView(sight, shown, runbook, endpoints);
    case 'night':
      return sight.record === undefined
        ? html`<div class="box bad" role="alert">There is no such run: it was never begun, or somebody deleted its record.</div>`
        : nightView(sight.record, shown, { runbook, timezone: sight.plan.schedule.timezone }, endpoints);
    case 'instance':
      return instanceView(sight, runbook, endpoints);
  }
};

/** What the widget answers to `{"describe": true}`: CloudWatch shows it where a widget is made. */
export const widgetDescription = `## Lifeboat

How a plan stands, from the fleet to the night, the instance and the end of its log, with buttons for what may be done about it.
A button calls \`dispatch\` or \`check\` in your name: whoever may not invoke that function cannot use it.

### Parameters

| name | what |
|---|---|
| \`plan\` | the plan of lifeboat.yml; needed |
| \`instance\` | shows this instance instead of the fleet |
| \`run\` | shows this run, for instance \`acme-web/20261123T180000Z-backup\`; needs no plan |

\`\`\`yaml
plan: acme-web
\`\`\`
`;

import type { RunRecord } from '../pipeline/run-record.ts';
import { html } from './html.ts';
import { type NightPlace, nightView } from './night-view.ts';
import { pageStyles } from './styles.ts';

/**
 * The page of a run: the drill-down's view of a night as one file, without buttons, script or address outside of it,
 * readable in light and dark. Every instance is in it.
 */
export const runReport = (record: RunRecord, place: NightPlace): string =>
  `<!doctype html>\n${
    html`<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${record.run}: ${record.result ?? record.state}</title>
${pageStyles}
</head>
<body>
<main class="lifeboat">
${nightView(record, 'all', place, undefined)}
</main>
</body>
</html>`.safe
  }\n`;

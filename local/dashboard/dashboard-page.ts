import { marked } from 'marked';
import type { AlarmStanding } from '../cloudwatch/alarm-engine.ts';
import type { LocalCloudWatch, LocalDashboard } from '../cloudwatch/local-cloudwatch.ts';
import { escaped, graphOf } from './graph.ts';
import { type MetricWidget, readWidgets, type Widget } from './widgets.ts';

export type PageOptions = {
  readonly dashboard: LocalDashboard;
  readonly cloudwatch: LocalCloudWatch;
  readonly now: Date;
  readonly account: string;
  readonly theme: 'light' | 'dark';
};

/** How long a dashboard looks back when it is opened: `start` of its body is 30 days. */
const day = 86_400_000;
const lookBackMilliseconds = 30 * day;

/** A dashboard as the console shows it, as far as that is not the point: a grid of widgets, the custom ones filled by page.js. */
export const dashboardPage = (options: PageOptions): string => {
  const { dashboard, theme } = options;
  const other = theme === 'light' ? 'dark' : 'light';
  const widgets = readWidgets(dashboard.body).map((widget, index) => card(widget, index, options));
  return `<!doctype html>
<html lang="en" data-theme="${theme}" data-dashboard="${escaped(dashboard.name)}" data-account="${options.account}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escaped(dashboard.name)} (local CloudWatch)</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/page.css"><script src="/page.js" type="module"></script></head>
<body><header><b>Local CloudWatch</b> <span>${escaped(dashboard.name)}</span> <span>${options.now.toISOString().slice(0, 16).replace('T', ' ')} UTC</span>
<nav><a href="?theme=${theme}">Refresh</a> <a href="?theme=${other}">${other === 'dark' ? 'Dark' : 'Light'}</a> <a href="/">All dashboards</a></nav></header>
<main class="grid">${widgets.join('\n')}</main>
<dialog id="popup"><div class="body"></div><form method="dialog"><button class="btn">Close</button></form></dialog>
<dialog id="question"><p></p><form method="dialog"><button class="btn" value="no">Cancel</button> <button class="btn" value="yes">Confirm</button></form></dialog>
</body></html>`;
};

export const listPage = (dashboards: readonly LocalDashboard[]): string =>
  `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Local CloudWatch</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/page.css"></head>
<body><header><b>Local CloudWatch</b></header><main><h1>Dashboards</h1><ul>${dashboards.map(({ name }) => `<li><a href="/${escaped(name)}">${escaped(name)}</a></li>`).join('')}</ul></main></body></html>`;

const card = (widget: Widget, index: number, options: PageOptions): string => {
  const place = `grid-column:${widget.x + 1}/span ${widget.width};grid-row:${widget.y + 1}/span ${widget.height}`;
  const title = 'title' in widget ? `<h2>${escaped(widget.title)}</h2>` : '';
  return `<section class="card ${widget.kind}" style="${place}">${title}${inside(widget, index, options)}</section>`;
};

const inside = (widget: Widget, index: number, { cloudwatch, now }: PageOptions): string => {
  switch (widget.kind) {
    case 'text':
      return marked.parse(widget.markdown, { async: false });
    case 'alarms':
      return `<ul class="states">${widget.arns.map((arn) => alarmItem(arn, cloudwatch)).join('')}</ul>`;
    case 'metric':
      return graphOf(...rangeOf(widget, cloudwatch, now));
    case 'custom':
      return `<div class="custom" id="widget-${index}" data-endpoint="${escaped(widget.endpoint)}" data-params="${escaped(JSON.stringify(widget.params))}"></div>`;
  }
};

/** Nights that were lived through within hours are shown by the minute: a value a day would hide all but one of them. */
const rangeOf = (
  widget: MetricWidget,
  cloudwatch: LocalCloudWatch,
  now: Date,
): Parameters<typeof graphOf> => {
  const to = now.getTime();
  const oldest = cloudwatch.metrics.all()[0]?.time.getTime() ?? to;
  return to - oldest > 2 * day
    ? [widget, cloudwatch, to - lookBackMilliseconds, to]
    : [{ ...widget, periodSeconds: 60 }, cloudwatch, Math.min(oldest, to - 60_000), to];
};

const alarmItem = (arn: string, { alarms, arnOf }: LocalCloudWatch): string => {
  const found: AlarmStanding | undefined = alarms.alarms().find(({ alarm }) => arnOf(alarm.name) === arn);
  if (found === undefined) return `<li>${escaped(arn)}: there is no such alarm</li>`;
  const { alarm, state, reason, since } = found;
  return `<li class="${state}"><details><summary><b>${state.replace('_', ' ')}</b> ${escaped(alarm.name)} <small>since ${since.toISOString().slice(0, 16).replace('T', ' ')} UTC</small></summary><p>${escaped(reason)}</p>${marked.parse(alarm.description, { async: false })}</details></li>`;
};

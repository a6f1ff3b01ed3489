import type { LocalCloudWatch } from '../cloudwatch/local-cloudwatch.ts';
import { statisticOf } from '../cloudwatch/metric-store.ts';
import type { MetricWidget } from './widgets.ts';

/** A graph of a metric widget as SVG, with a legend that names the newest values: enough to see that numbers arrive. */
export const graphOf = (
  widget: MetricWidget,
  cloudwatch: LocalCloudWatch,
  from: number,
  to: number,
): string => {
  const lines = widget.lines.map((line) => ({
    ...line,
    points: pointsOf(widget, line.metric, cloudwatch, from, to),
  }));
  const scale = (side: 'left' | 'right') => {
    const values = lines
      .filter(({ yAxis }) => yAxis === side)
      .flatMap(({ points }) => points.map(({ value }) => value));
    const marks = side === 'left' ? widget.annotations.map(({ value }) => value) : [];
    return Math.max(...values, ...marks, Number.MIN_VALUE) * 1.08;
  };
  const [left, right] = [scale('left'), scale('right')];
  const x = (time: number) => margin + ((time - from) / (to - from)) * (width - 2 * margin);
  const y = (value: number, side: 'left' | 'right') =>
    height - margin - (value / (side === 'left' ? left : right)) * (height - 2 * margin);
  const drawn = lines.map(({ points, color, yAxis, label }) => {
    const path = points.map(({ time, value }) => `${x(time).toFixed(1)},${y(value, yAxis).toFixed(1)}`);
    const dots = path
      .map((at) => `<circle cx="${at.split(',')[0]}" cy="${at.split(',')[1]}" r="3"/>`)
      .join('');
    return `<g fill="${color}" stroke="${color}"><title>${escaped(label)}</title><polyline fill="none" stroke-width="1.5" points="${path.join(' ')}"/>${dots}</g>`;
  });
  const marks = widget.annotations.map(
    ({ value, label, color }) =>
      `<g stroke="${color}"><title>${escaped(label)}</title><line x1="${margin}" x2="${width - margin}" y1="${y(value, 'left')}" y2="${y(value, 'left')}" stroke-dasharray="5 4"/></g>`,
  );
  const legend = lines.map(
    ({ label, color, points }) =>
      `<li><span style="background:${color}" class="swatch"></span> ${escaped(label)}: ${shortNumber(points.at(-1)?.value)}</li>`,
  );
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(widget.title)}" class="graph">
<line class="axis" x1="${margin}" x2="${width - margin}" y1="${height - margin}" y2="${height - margin}"/>
${[...marks, ...drawn].join('\n')}</svg><ul class="legend">${legend.join('')}</ul>`;
};

const width = 600;
const height = 200;
const margin = 14;

type Point = { readonly time: number; readonly value: number };

const pointsOf = (
  { periodSeconds, statistic }: MetricWidget,
  metric: MetricWidget['lines'][number]['metric'],
  cloudwatch: LocalCloudWatch,
  from: number,
  to: number,
): readonly Point[] => {
  const period = periodSeconds * 1000;
  const values = cloudwatch.metrics.values(metric);
  const points: Point[] = [];
  for (let start = Math.floor(from / period) * period; start < to; start += period) {
    const value = statisticOf(values, statistic, start, start + period);
    if (value !== undefined) points.push({ time: Math.min(to, Math.max(from, start + period / 2)), value });
  }
  return points;
};

const shortNumber = (value: number | undefined): string =>
  value === undefined ? 'no value' : Number(value.toPrecision(4)).toLocaleString('en-US');

export const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

import { bytesOf, countOf } from '../../functions/escalation/figures.ts';
import { nightsInMonth, prices } from './assumptions.ts';
import type { NightFigures } from './measure-night.ts';

/** Calls whose number grows with the fleet, and all others together. */
const growing = [
  'ssm DescribeInstanceInformation',
  'ssm ListCommandInvocations',
  'autoscaling DescribeAutoScalingGroups',
];

/** One night for a terminal. */
export const summaryOf = (night: NightFigures): string =>
  [
    `${countOf(night.instances)} instances: ${countOf(sum(Object.values(night.calls)))} calls, ${countOf(night.throttled)} throttled; record ${bytesOf(night.recordBytes)}, report ${bytesOf(night.reportBytes)}`,
    ...Object.entries(night.calls)
      .toSorted(([, one], [, other]) => other - one)
      .map(([name, count]) => `  ${countOf(count).padStart(8)} ${name}`),
    ...night.functions.map(
      ({ name, invocations, billedMilliseconds, longestMilliseconds, peakMegabytes }) =>
        `  ${name}: ${invocations} invocations, ${seconds(billedMilliseconds)} in all, the longest ${seconds(longestMilliseconds)}, ${peakMegabytes} MB`,
    ),
    ...night.widgets.map(
      ({ view, milliseconds, bytes }) => `  widget ${view}: ${milliseconds} ms, ${bytesOf(bytes)}`,
    ),
    `  $${dollars(night).toFixed(4)} a night`,
  ].join('\n');

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;

type CostLine = {
  readonly what: string;
  readonly count: (night: NightFigures) => number;
  readonly price: number;
};

const gigabyteSeconds = ({ functions }: NightFigures): number =>
  sum(
    functions.map(
      ({ billedMilliseconds, memoryMegabytes }) => (billedMilliseconds / 1000) * (memoryMegabytes / 1024),
    ),
  );

const costLines: readonly CostLine[] = [
  { what: 'Lambda, GB-seconds', count: gigabyteSeconds, price: prices.lambdaGigabyteSecond },
  {
    what: 'Lambda, requests',
    count: ({ functions }) => sum(functions.map(({ invocations }) => invocations)),
    price: prices.lambdaRequest,
  },
  { what: 'S3, writes and lists', count: ({ s3Writes }) => s3Writes, price: prices.s3Write },
  { what: 'S3, reads', count: ({ s3Reads }) => s3Reads, price: prices.s3Read },
  { what: 'Scheduler, deliveries', count: ({ deliveries }) => deliveries, price: prices.scheduler },
  { what: 'CloudWatch Logs, GB', count: ({ logBytes }) => logBytes / 1e9, price: prices.logGigabyte },
];

export const dollars = (night: NightFigures): number =>
  sum(costLines.map(({ count, price }) => count(night) * price));

/** docs/cost.md, from what was measured. */
export const costPage = (
  nights: readonly NightFigures[],
  { command, date }: { readonly command: string; readonly date: Date },
): string => `# What a night costs

Measured on ${date.toISOString().slice(0, 10)} with \`${command}\`, which wrote this page: the packaged functions on local AWS, with simulated instances
that all end well, the prune that follows, and the wake-ups at the deadlines. Local AWS answers as slowly and throttles as strictly
as [bench/scale/assumptions.ts](../bench/scale/assumptions.ts) says; AWS publishes no such figures for Systems Manager and Auto Scaling. How many calls
are made does not depend on them; seconds do, and on the machine.

## Dollars

List prices of us-east-1, free tiers not counted. Run Command costs nothing for EC2 instances, and nor do the events of AWS's own services.
What the share costs, and the transfer to it, is not in here; alarms and dashboards are in [deploy](deploy.md#what-it-costs).

${table(
  ['a night', ...nights.map(({ instances }) => `${countOf(instances)} instances`)],
  [
    ...costLines.map(({ what, count, price }) => [
      what,
      ...nights.map((night) => `${figure(count(night))}: $${(count(night) * price).toFixed(5)}`),
    ]),
    ['**all**', ...nights.map((night) => `**$${dollars(night).toFixed(4)}**`)],
    ['a month of nights', ...nights.map((night) => `$${(dollars(night) * nightsInMonth).toFixed(2)}`)],
  ],
)}

What is kept in the bucket, for as long as its life-cycle rules keep it, adds ${nights.map(({ instances, bucketBytes }) => `${bytesOf(bucketBytes)} a night for ${countOf(instances)}`).join(', ')} at $${prices.s3GigabyteMonth} a GB and month.
Nearly all of it is two objects for each instance and command: the agent's copy of what the document wrote.

## Calls

${table(
  ['call', ...nights.map(({ instances }) => `${countOf(instances)}`)],
  [
    ...growing.map((name) => [`\`${name}\``, ...nights.map(({ calls }) => countOf(calls[name] ?? 0))]),
    [
      'all others',
      ...nights.map(({ calls }) =>
        countOf(
          sum(Object.entries(calls).flatMap(([name, count]) => (growing.includes(name) ? [] : [count]))),
        ),
      ),
    ],
    ['refused as too many, and made again', ...nights.map(({ throttled }) => countOf(throttled))],
  ],
)}

## Functions

${table(
  ['', ...nights.map(({ instances }) => `${countOf(instances)}`)],
  (nights[0]?.functions ?? []).flatMap(({ name }) => [
    [`${name}: invocations`, ...nights.map((night) => countOf(functionOf(night, name)?.invocations ?? 0))],
    [
      `${name}: the longest`,
      ...nights.map((night) => seconds(functionOf(night, name)?.longestMilliseconds ?? 0)),
    ],
    [
      `${name}: all together`,
      ...nights.map((night) => seconds(functionOf(night, name)?.billedMilliseconds ?? 0)),
    ],
    [`${name}: peak memory`, ...nights.map((night) => `${functionOf(night, name)?.peakMegabytes ?? 0} MB`)],
  ]),
)}

## What people look at

${table(
  ['', ...nights.map(({ instances }) => `${countOf(instances)}`)],
  [
    ['run record', ...nights.map(({ recordBytes }) => bytesOf(recordBytes))],
    ['report page', ...nights.map(({ reportBytes }) => bytesOf(reportBytes))],
    ...(nights[0]?.widgets ?? []).map(({ view }) => [
      `widget, ${view}`,
      ...nights.map(({ widgets }) => {
        const found = widgets.find((each) => each.view === view);
        return `${bytesOf(found?.bytes ?? 0)}, ${found?.milliseconds ?? 0} ms`;
      }),
    ]),
  ],
)}
`;

const functionOf = ({ functions }: NightFigures, name: string) =>
  functions.find((each) => each.name === name);

const figure = (value: number): string => (value < 10 ? value.toPrecision(2) : countOf(Math.round(value)));

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map((_, index) => (index === 0 ? '---' : '---:')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');

import { type CauseId, causeIds, causes } from '../../functions/pipeline/causes.ts';
import { alarmSections } from './alarms.ts';
import { controlPlaneSections } from './in-the-control-plane.ts';
import { documentSections, warningSections } from './on-the-instance.ts';
import { pruneSections } from './pruning.ts';
import { restoreSections } from './restoring.ts';
import { type RunbookSection, sectionPage } from './section.ts';
import { shareSections, sourceSections } from './share-and-source.ts';

/** docs/runbook.md: what to do when an alarm is on or a message names a cause. */
export const runbookPage = (): string =>
  [
    ...opening,
    '## Alarms',
    '',
    'The alarm that pages is `<stack>/<plan>`; it is on while one of the plan’s four is. Which one:',
    '',
    '```sh',
    `aws cloudwatch describe-alarms --alarm-name-prefix "$STACK" --state-value ALARM --query 'MetricAlarms[].[AlarmName,StateReason]' --output text`,
    '```',
    '',
    ...Object.entries(alarmSections).flatMap(([name, { happened, section }]) =>
      sectionPage(`alarm-${name}`, happened, section),
    ),
    '## Causes',
    '',
    ...groups.flatMap(([title, sections]) => [
      `## ${title}`,
      '',
      ...sections.flatMap(([id, section]) => sectionPage(id, factsOf(id), section)),
    ]),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');

/** A section for each cause: a cause without one does not compile. */
export const causeSections: Readonly<Record<CauseId, RunbookSection>> = {
  ...shareSections,
  ...sourceSections,
  ...documentSections,
  ...controlPlaneSections,
  ...warningSections,
  ...restoreSections,
  ...pruneSections,
};

const groups: readonly (readonly [string, readonly (readonly [CauseId, RunbookSection])[]])[] = [
  ['The share', entriesOf(shareSections)],
  ['The source', entriesOf(sourceSections)],
  ['The instance and the document', entriesOf(documentSections)],
  ['Between us and the instance', entriesOf(controlPlaneSections)],
  ['Warnings: saved, and worth knowing', entriesOf(warningSections)],
  ['Restoring', entriesOf(restoreSections)],
  ['Pruning', entriesOf(pruneSections)],
];

function entriesOf(sections: Partial<Record<CauseId, RunbookSection>>) {
  return causeIds.flatMap((id) => {
    const section = sections[id];
    return section === undefined ? [] : [[id, section] as const];
  });
}

const factsOf = (id: CauseId): string => {
  const cause = causes[id];
  const retry =
    cause.outcome === 'protected-with-warnings'
      ? ''
      : ` Lifeboat has ${cause.retry ? 'tried it once more by itself' : 'not tried it again: it would end the same'}.`;
  return `${cause.sentence}${retry}`;
};

const opening = [
  '# Runbook',
  '',
  '<!-- Made from deploy/runbook/ and functions/pipeline/causes.ts by `npm run generate`; changes belong there. -->',
  '',
  'What to do when Lifeboat says that something is wrong. Every message and every alarm leads to a section of this page. Each section',
  'says what happened, how bad it is, how to see it, how to mend it and how to prove that it is mended.',
  '',
  'The commands are written for a shell in which this is set, and are to be typed where this repository is:',
  '',
  '```sh',
  'export AWS_REGION=ap-southeast-1   # where the stack is',
  'export STACK=lifeboat-prod         # service and stage',
  'export PLAN=acme-web INSTANCE=i-…  # as the message names them',
  'export RUN=acme-web/…-backup       # the run that the message names',
  'export BUCKET=… QUEUE=…            # outputs Bucket and DeadLetters: npx sls info --verbose',
  '```',
  '',
  'Blocks marked `instance` are for a root shell on the instance: `aws ssm start-session --target "$INSTANCE"`, then `sudo -i`.',
  '',
];

import { type CauseId, causeIds, causes, type Outcome } from '../functions/pipeline/causes.ts';

/** docs/causes.md: each cause in short. Messages lead to its section in docs/runbook.md. */
export const causesPage = (): string =>
  [
    '# Causes',
    '',
    '<!-- Made from functions/pipeline/causes.ts by `npm run generate`; changes belong there. -->',
    '',
    'Why an instance did not end `protected`: the closed list. Every message, report and exit code uses these words.',
    'A cause that may pass by itself is tried once more within the same run, when the instance can hear it.',
    '',
    ...outcomes.flatMap(([outcome, title]) => [`## ${title}`, '', ...idsOf(outcome).flatMap(causeSection)]),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');

const outcomes: readonly (readonly [Outcome, string])[] = [
  ['failed', 'The instance could not be saved: `failed`'],
  ['unreachable', 'The command did not get there: `unreachable`'],
  ['timed-out', 'It did not end in time: `timed-out`'],
  ['gone', 'The instance is not there any more: `gone`'],
  ['protected-with-warnings', 'Saved, and worth knowing: `protected-with-warnings`'],
];

const idsOf = (outcome: Outcome): readonly CauseId[] =>
  causeIds.filter((id) => causes[id].outcome === outcome);

const causeSection = (id: CauseId): readonly string[] => {
  const cause = causes[id];
  const facts = [
    ...('exitCode' in cause ? [`exit code ${cause.exitCode}`] : []),
    ...(cause.outcome === 'protected-with-warnings'
      ? []
      : [cause.retry ? 'tried once more' : 'not tried again']),
  ];
  return [
    `### ${id}`,
    '',
    cause.sentence,
    '',
    `**What to do.** ${cause.remedy} Step by step: [runbook](runbook.md#${id}).`,
    '',
    ...(facts.length === 0
      ? []
      : [`${facts.join(', ')}`.replace(/^./, (first) => first.toUpperCase()).concat('.'), '']),
  ];
};

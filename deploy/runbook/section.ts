/**
 * A section of the runbook, in the order in which somebody at three in the morning needs it. Commands are executed as
 * they are written here by test/local/runbook.test.ts and test/faults/runbook.test.ts.
 */
export type RunbookSection = {
  /** How bad it is: what is safe, what is not, whether it can wait. */
  readonly bad: string;
  /** How to see it. */
  readonly see: readonly Step[];
  readonly mend: readonly Step[];
  /** How to prove that it is mended. */
  readonly prove: readonly Step[];
};

/** A sentence, or a command with the sentence that leads to it. */
export type Step = {
  readonly say?: string;
  /** Where it is typed: where the AWS CLI or this repository is, or as root on the instance. */
  readonly at?: 'desk' | 'instance';
  readonly run?: string;
};

export const say = (sentence: string): Step => ({ say: sentence });

/** At a desk: AWS CLI, `npx sls` in this repository. */
export const desk = (run: string, sentence?: string): Step => ({
  at: 'desk',
  run,
  ...(sentence === undefined ? {} : { say: sentence }),
});

/** On the instance, as root. */
export const instance = (run: string, sentence?: string): Step => ({
  at: 'instance',
  run,
  ...(sentence === undefined ? {} : { say: sentence }),
});

/** The proof of every cause: the instance alone, again. */
export const again: readonly Step[] = [
  desk(`npx sls invoke -f dispatch --data '{"plan":"'$PLAN'","instances":["'$INSTANCE'"]}'`),
];

/** The whole output of the document, which an instance stores in the bucket. */
export const theLog: readonly Step[] = [
  desk('aws s3 cp --recursive --quiet "s3://$BUCKET/logs/$RUN/" logs/', 'Its whole log:'),
  desk('tail -n 30 $(find logs -path "*$INSTANCE*" -name stderr)'),
];

/** The steps as Markdown; neighbours of the same place without words between them share a block. */
export const stepsPage = (steps: readonly Step[]): readonly string[] => {
  const lines: string[] = [];
  let open: Step['at'];
  const close = () => {
    if (open !== undefined) lines.push('```', '');
    open = undefined;
  };
  for (const step of steps) {
    if (step.say !== undefined || step.at !== open) close();
    if (step.say !== undefined) lines.push(step.say, '');
    if (step.run === undefined || step.at === undefined) continue;
    if (open === undefined) lines.push(step.at === 'instance' ? '```sh instance' : '```sh');
    open = step.at;
    lines.push(step.run);
  }
  close();
  return lines;
};

export const sectionPage = (
  anchor: string,
  happened: string,
  { bad, see, mend, prove }: RunbookSection,
): readonly string[] => [
  `### ${anchor}`,
  '',
  `**What happened.** ${happened}`,
  '',
  `**How bad.** ${bad}`,
  '',
  '**See it.**',
  '',
  ...stepsPage(see),
  '**Mend it.**',
  '',
  ...stepsPage(mend),
  '**Prove it.**',
  '',
  ...stepsPage(prove),
];

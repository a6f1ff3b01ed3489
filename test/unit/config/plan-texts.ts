import { PlanMistakes, readPlans } from '../../../deploy/plans.ts';

/** A plan file with one plan; `lines` go into the plan, indented by four. */
export const planText = (...lines: readonly string[]): string =>
  ['version: 1', 'plans:', '  acme-web:', ...lines.map((line) => `    ${line}`), ''].join('\n');

/** The four keys that a plan has to have, on lines 4 to 8. */
export const needed = [
  'fleet:',
  '  groups: [acme-web]',
  'source: /var/www/upload',
  'share: /mnt/lifeboat',
  'schedule: { cron: 0 2 * * * }',
] as const;

/** What is told about a text, without the sentence at the end: one element a mistake. */
export const mistakesOf = (text: string): readonly string[] => {
  try {
    readPlans(text, 'lifeboat.yml');
  } catch (error) {
    if (error instanceof PlanMistakes) return error.message.split('\n\n').slice(0, -1);
    throw error;
  }
  return [];
};

/** The same without the source lines. */
export const toldOf = (text: string): readonly string[] =>
  mistakesOf(text).map((mistake) => mistake.split('\n', 1)[0] ?? '');

import { resolve } from 'node:path';
import type { PartialMessage, Plugin } from 'esbuild';
import { loadPlans, type Mistake, PlanMistakes, planFile, sentence } from './plans.ts';

/** Lets functions import the plans: `lifeboat:plans` is the plan file, checked and complete, as JSON in the bundle. */
export const plansPlugin: Plugin = {
  name: 'lifeboat-plans',
  setup: (build) => {
    build.onResolve({ filter: /^lifeboat:plans$/ }, ({ path }) => ({ path, namespace: 'lifeboat' }));
    build.onLoad({ filter: /.*/, namespace: 'lifeboat' }, () => {
      const file = planFile();
      try {
        return { contents: JSON.stringify(loadPlans(file)), loader: 'json', watchFiles: [resolve(file)] };
      } catch (error) {
        if (!(error instanceof PlanMistakes)) throw error;
        return { errors: error.mistakes.map(message) };
      }
    });
  },
};

const message = (mistake: Mistake): PartialMessage => {
  const { file, spot, key } = mistake;
  const text = `${key === '' ? '' : `${key}: `}${sentence(mistake)}`;
  if (spot === undefined) return { text: `${file}: ${text}` };
  const { line, column, length, text: lineText } = spot;
  // esbuild counts columns from 0, in bytes.
  return {
    text,
    location: { file, line, column: Buffer.byteLength(lineText.slice(0, column - 1)), length, lineText },
  };
};

import plans from 'lifeboat:plans';
import { BadEvent } from './events.ts';
import { nearestWord } from './nearest-word.ts';
import type { Plan } from './plan.ts';

/** The plans that this deployment knows, in the order of lifeboat.yml. */
export const deployedPlans: readonly Plan[] = plans;

/** The plan of this name. Throws {@link BadEvent} with the names that are known and the nearest of them. */
export const planNamed = (name: string): Plan => {
  const plan = plans.find((candidate) => candidate.name === name);
  if (plan !== undefined) return plan;
  const names = plans.map((known) => known.name);
  const meant = nearestWord(name, names);
  throw new BadEvent(
    `There is no plan ${JSON.stringify(name.slice(0, 60))}.${meant === undefined ? '' : ` Did you mean ${meant}?`} ` +
      `This deployment knows ${names.join(', ')}; a new plan of lifeboat.yml is deployed with \`npx sls deploy\`.`,
  );
};

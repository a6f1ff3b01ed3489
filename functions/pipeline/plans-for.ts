import type { Plan } from '../config/plan.ts';
import type { Inventory } from './doors.ts';
import type { Departure } from './drain-instance.ts';

/** A group whose hook calls Lifeboat, and that no plan names: somebody has to hear of it, for its instances wait. */
export class GroupWithoutPlan extends Error {
  override readonly name = 'GroupWithoutPlan';
}

/**
 * The plans that cover an instance that goes, and its group where the event did not say it. Throws
 * {@link GroupWithoutPlan} where an instance waits for us and no plan knows it.
 */
export const plansFor = async (
  inventory: Inventory,
  plans: readonly Plan[],
  departure: Departure,
): Promise<{ readonly plans: readonly Plan[]; readonly departure: Departure }> => {
  const group =
    departure.group ?? (await inventory.find([departure.instance])).get(departure.instance)?.group;
  const byTags = plans.some(({ fleet }) => fleet.kind === 'tags');
  const tags = byTags ? await inventory.tagsOf(departure.instance) : {};
  const covering = plans.filter(({ fleet }) =>
    fleet.kind === 'groups'
      ? group !== undefined && fleet.groups.includes(group)
      : Object.entries(fleet.tags).every(([key, values]) => values.includes(tags[key] ?? '')),
  );
  if (covering.length === 0 && departure.action !== undefined)
    throw new GroupWithoutPlan(
      `${departure.instance} of the group ${departure.action.group} waits in the hook ${departure.action.hook}, and no ` +
        'plan covers it. Add the group to fleet.groups in lifeboat.yml and deploy, or remove the hook.',
    );
  return { plans: covering, departure: { ...departure, ...(group === undefined ? {} : { group }) } };
};

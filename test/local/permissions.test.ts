import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { invoke } from './invoke.ts';
import { atRest, idOf, type NightLab, openNightLab } from './night-lab.ts';
import { actionOf, allowedActions, behindTheCalls } from './permissions.ts';

let lab: NightLab;
let used: Readonly<Record<'dispatch' | 'check' | 'drain' | 'drilldown', ReadonlySet<string>>>;
let allowed: Readonly<Record<string, ReadonlySet<string>>>;
beforeAll(async () => {
  allowed = await allowedActions();
  lab = await openNightLab({ instances: 3, files: 1 });
  // A retry, a failure that is told, a plan with tags, and everything that only a person asks for.
  await lab.boot('share-unmounted');
  lab.slack.fail(500, 8);
  const inTheWarmPool = lab.aws().fleet.get(idOf(2));
  if (inTheWarmPool !== undefined) inTheWarmPool.lifeCycleState = 'Warmed:Stopped';
  await lab.settle((await lab.night()).run);
  const tagged = await invoke(lab.aws(), 'dispatch', { plan: 'acme-tags' });
  await lab.settle(String(tagged.answer.run));
  await invoke(lab.aws(), 'check', { plan: 'acme-tags' });
  await invoke(lab.aws(), 'drilldown', { plan: 'acme-web', instance: idOf(1) });
  await cancelOne();
  await leave();
  const by = (name: string) => lab.calls().filter(({ caller }) => caller.endsWith(`-${name}`));
  const usedBy = (name: string) => new Set(by(name).map(actionOf));
  used = {
    dispatch: usedBy('dispatch'),
    check: usedBy('check'),
    drain: usedBy('drain'),
    drilldown: usedBy('drilldown'),
  };
}, 180_000);
afterAll(() => lab.close());

/** A run that waits for an agent is cancelled by a person. */
const cancelOne = async (): Promise<void> => {
  await lab.pass(1_000);
  const instance = lab.aws().fleet.get(idOf(2));
  if (instance !== undefined) instance.ping = 'ConnectionLost';
  const { answer } = await invoke(lab.aws(), 'dispatch', { plan: 'acme-tags' });
  await invoke(lab.aws(), 'dispatch', { cancel: answer.run });
  await lab.settle(String(answer.run));
};

/** An instance goes whose agent does not answer: it is kept waiting, and kept as a snapshot. */
const leave = async (): Promise<void> => {
  const { fleet, lifeCycle } = lab.aws();
  const instance = fleet.get(idOf(1));
  if (instance !== undefined) instance.ping = 'ConnectionLost';
  await lifeCycle.terminate(idOf(1));
  await atRest(lab.aws());
  await lab.pass(2 * 3_600_000);
};

test.each(['dispatch', 'check', 'drain', 'drilldown'] as const)(
  '%s calls nothing that its role does not allow',
  (name) => {
    expect([...used[name]].filter((action) => !allowed[name]?.has(action))).toEqual([]);
    expect(used[name].size).toBeGreaterThan(name === 'drilldown' ? 1 : 6);
  },
);

test.each(['dispatch', 'check', 'drain', 'drilldown'] as const)(
  '%s is allowed nothing that it never calls',
  (name) => {
    const unused = [...(allowed[name] ?? [])].filter(
      (action) => !used[name].has(action) && !behindTheCalls.has(action),
    );
    // They list nothing themselves: without this leave S3 answers 403, not 404, for a record that is not there yet.
    expect(unused).toEqual(name === 'dispatch' || name === 'drain' ? ['s3:ListBucket'] : []);
  },
);

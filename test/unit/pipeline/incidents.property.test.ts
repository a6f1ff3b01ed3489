import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Plan } from '../../../functions/config/plan.ts';
import { ChannelError } from '../../../functions/escalation/channel-error.ts';
import { tellersFor } from '../../../functions/escalation/open-channels.ts';
import { checkRun } from '../../../functions/pipeline/check-run.ts';
import { dispatchRun } from '../../../functions/pipeline/dispatch-run.ts';
import type { Teller } from '../../../functions/pipeline/doors.ts';
import { runId } from '../../../functions/pipeline/run-id.ts';
import type { Channel } from '../../../functions/pipeline/run-record.ts';
import { type RunningJira, startLocalJira } from '../../../local/jira/local-jira.ts';
import { type RunningSlack, startLocalSlack } from '../../../local/slack/local-slack.ts';
import { Died, instanceIds, newWorld, plan as planOfWorld, type World, worker } from './memory-world.ts';

/**
 * The whole pipeline against Slack and JIRA as they are: any sequence of runs, of failures of the two services and of workers that die leads to
 * one open thread and one open issue for an open incident and to none without, and the last thing told is true.
 */
type Bad = Readonly<Record<string, number>>;
type Step =
  | { readonly kind: 'night'; readonly bad: Bad }
  | { readonly kind: 'by hand'; readonly instances: readonly string[]; readonly bad: Bad }
  | { readonly kind: 'look'; readonly hours: number; readonly back: number }
  | { readonly kind: 'down' | 'up'; readonly channel: Channel }
  | { readonly kind: 'lose' | 'fail'; readonly channel: Channel; readonly requests: number }
  | { readonly kind: 'die'; readonly calls: number; readonly when: 'before' | 'after' };

const hour = 3_600_000;
const channel = fc.constantFrom<Channel>('slack', 'jira');
const bad = fc.dictionary(fc.constantFrom(...instanceIds), fc.constantFrom(15, 21), { maxKeys: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('night' as const), bad }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('by hand' as const),
      instances: fc.subarray([...instanceIds], { minLength: 1 }),
      bad,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('look' as const),
      hours: fc.integer({ min: 1, max: 6 }),
      back: fc.nat(2),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('down' as const, 'up' as const), channel }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('lose' as const, 'fail' as const),
      channel,
      requests: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('die' as const),
      calls: fc.integer({ min: 1, max: 40 }),
      when: fc.constantFrom('before' as const, 'after' as const),
    }),
  },
);

type Life = {
  readonly world: World;
  readonly slack: RunningSlack;
  readonly jira: RunningJira;
  readonly down: Set<Channel>;
  readonly runs: string[];
  /** While the services fail nobody waits long for them. */
  budgetMilliseconds: number;
  looks: number;
};

const begin = async (): Promise<Life> => {
  const world = newWorld();
  world.now = new Date('2026-11-23T17:00:00Z');
  const now = () => world.now;
  const [slack, jira] = await Promise.all([startLocalSlack({ now }), startLocalJira({ now })]);
  return { world, slack, jira, down: new Set(), runs: [], budgetMilliseconds: 250, looks: 0 };
};

const planOf = ({ jira }: Life): Plan => ({
  ...planOfWorld,
  slack: {
    via: {
      kind: 'bot',
      tokenParameter: '/slack',
      channel: '#ops',
      channels: { atRisk: '#on-call' },
    },
    tell: { start: 'never', success: 'always' },
  },
  ...(planOfWorld.jira === undefined ? {} : { jira: { ...planOfWorld.jira, url: jira.url } }),
});

const doorsOf = (life: Life) => {
  const { world, slack, jira, down } = life;
  const unlessDown = (name: Channel, teller: Teller | undefined): Teller => ({
    tell: async (notice) => {
      if (teller === undefined || down.has(name))
        throw new ChannelError(`${name}: no connection.`, { arrival: 'no' });
      return teller.tell(notice);
    },
  });
  return {
    ...world.doors,
    tellers: {
      of: (plan: Plan) => {
        const tellers = tellersFor(plan, {
          readSecret: async (parameter) => (parameter === '/slack' ? slack.botToken : jira.credentials),
          slackUrl: slack.apiUrl,
          jiraUrl: jira.url,
          budgetMilliseconds: life.budgetMilliseconds,
          requestMilliseconds: life.budgetMilliseconds,
          pauseMilliseconds: 1,
        });
        return { slack: unlessDown('slack', tellers.slack), jira: unlessDown('jira', tellers.jira) };
      },
    },
  };
};

const look = (life: Life, run: string): Promise<void> => {
  life.looks += 1;
  const name = `look-${life.looks}`;
  return untilDone(life, () => checkRun(doorsOf(life), planOf(life), run, worker(life.world, name)));
};

/** Lambda tries a function again that died, with the same request. */
const untilDone = async (life: Life, work: () => Promise<unknown>): Promise<void> => {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Died)) throw error;
    life.world.dieAt = undefined;
    await work();
  }
};

const live = async (life: Life, at: Date, bad: Bad, instances?: readonly string[]): Promise<void> => {
  const { world } = life;
  world.now = new Date(at.getTime() + 60_000);
  world.answers = (instance) => {
    const responseCode = bad[instance];
    return responseCode === undefined
      ? {}
      : { status: 'Failed', statusDetails: 'Failed', responseCode, output: '' };
  };
  const trigger = {
    kind: instances === undefined ? 'schedule' : 'hand',
    requestId: at.toISOString(),
  } as const;
  const request = {
    ...{ plan: planOf(life), operation: 'backup' as const, trigger, scheduledTime: at },
    ...(instances === undefined ? {} : { instances }),
    ...{ allowShrink: false, dryRun: false },
  };
  await untilDone(life, () => dispatchRun(doorsOf(life), request, worker(world, trigger.requestId)));
  const run = runId(planOfWorld.name, at, 'backup');
  life.runs.push(run);
  await look(life, run);
};

const nextNight = (now: Date): Date => {
  const night = new Date(now);
  night.setUTCHours(18, 0, 0, 0);
  return night.getTime() > now.getTime() ? night : new Date(night.getTime() + 24 * hour);
};

const take = async (life: Life, step: Step): Promise<void> => {
  const { world, down } = life;
  switch (step.kind) {
    case 'night':
      return live(life, nextNight(world.now), step.bad);
    case 'by hand':
      return live(life, new Date(world.now.getTime() + hour / 2), step.bad, step.instances);
    case 'look': {
      world.now = new Date(world.now.getTime() + step.hours * hour);
      const run = life.runs.at(-1 - step.back);
      return run === undefined ? undefined : look(life, run);
    }
    case 'down':
      down.add(step.channel);
      return;
    case 'up':
      down.delete(step.channel);
      return;
    case 'lose':
      return life[step.channel].loseAnswers(step.requests);
    case 'fail':
      return life[step.channel].fail(500, step.requests);
    case 'die':
      world.dieAt = { call: world.calls + step.calls, when: step.when };
  }
};

/** Both services are back, and everybody who is still to be woken is. */
const settle = async (life: Life): Promise<void> => {
  const { world } = life;
  life.down.clear();
  world.dieAt = undefined;
  life.budgetMilliseconds = 5_000;
  for (let round = 0; round < 20; round += 1) {
    world.now = new Date(world.now.getTime() + 5 * 60_000);
    for (const run of life.runs) await look(life, run);
    const owed = [...world.records.values()]
      .flatMap(({ value }) => value.notices)
      .filter(({ state }) => state !== 'told' && state !== 'overtaken');
    if (owed.length === 0) return;
  }
  throw new Error('Not all that is owed was told, although both services are well.');
};

type Message = {
  readonly run: string;
  readonly kind: string;
  readonly isHead: boolean;
  readonly text: string;
};

const told = ({ slack }: Life): readonly Message[] =>
  slack.messages().map(({ thread, text, raw }) => {
    const { metadata } = raw as { readonly metadata: { readonly event_payload: Message } };
    const { run, kind } = metadata.event_payload;
    return { run, kind, text, isHead: thread === undefined };
  });

const expectTruth = (life: Life): void => {
  const { world, jira } = life;
  const incident = world.incidents.get('acme-web')?.value;
  const isOpen = incident?.state === 'open';
  const messages = told(life).filter(({ kind }) => kind !== 'succeeded');
  const heads = messages.filter(({ isHead, kind }) => isHead && kind !== 'unheard');
  const openHeads = heads.filter(({ text }) => /^(?:Open|Escalated: at risk) since/m.test(text));
  // Where an incident has moved to another channel both heads say how it stands, and the old one that it goes on elsewhere.
  const currentHeads = openHeads.filter(({ text }) => !text.includes('It goes on in'));
  expect({ openHeads: isOpen ? currentHeads.length : openHeads.length }).toEqual({
    openHeads: isOpen ? 1 : 0,
  });
  const issues = jira.issues();
  const openIssues = issues.filter(({ status }) => status !== 'Done');
  expect({ openIssues: openIssues.length }).toEqual({ openIssues: isOpen ? 1 : 0 });

  const names = messages.map(({ run, kind }) => `${run} ${kind}`);
  expect(names).toEqual([...new Set(names)]);
  const marks = issues.flatMap(({ description, comments }) =>
    [description, ...comments].flatMap((text) => /Lifeboat, run (\S+ \([^)]*\))/.exec(text)?.[1] ?? []),
  );
  expect(marks).toEqual([...new Set(marks)]);

  const last = messages.filter(({ kind }) => kind !== 'unheard').at(-1);
  if (last !== undefined) expect(last.kind === 'recovered').toBe(!isOpen);
  for (const { key, status, comments } of issues) {
    const end = comments.filter((text) => !text.includes('(Slack not told)')).at(-1) ?? '';
    expect([key, end.includes('(good again)')]).toEqual([key, status === 'Done']);
  }
  if (!isOpen || incident === undefined) return;
  expect(incident.heard).toEqual(incident.due);
  // Whatever is wrong now has been named, where it is looked for.
  for (const cause of incident.signature.split(' ')) {
    expect(messages.map(({ text }) => text).join('\n')).toContain(cause);
    expect(JSON.stringify(issues)).toContain(cause);
  }
};

test('one open thread and issue per incident, nothing twice, nothing lost, and the last thing told is true', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 10 }), async (steps) => {
      const life = await begin();
      try {
        await live(life, nextNight(life.world.now), {});
        for (const each of steps) await take(life, each);
        await settle(life);
        expectTruth(life);
      } finally {
        await Promise.all([life.slack.stop(), life.jira.stop()]);
      }
    }),
    { numRuns: 80 },
  );
}, 120_000);

import type { Plan } from '../../../functions/config/plan.ts';
import type {
  ActionFate,
  CommandRequest,
  DocumentStore,
  InstanceFacts,
  Invocation,
  Notice,
  PauseStore,
  RunStore,
  SnapshotFate,
  Stored,
} from '../../../functions/pipeline/doors.ts';
import { CommandRefused } from '../../../functions/pipeline/doors.ts';
import type { Drain } from '../../../functions/pipeline/drain.ts';
import type { DrainDoors } from '../../../functions/pipeline/drain-doors.ts';
import type { Incident } from '../../../functions/pipeline/incident.ts';
import type { Overview } from '../../../functions/pipeline/overview.ts';
import type { PlanPause } from '../../../functions/pipeline/pause.ts';
import type {
  Channel,
  ExpectedInstance,
  PruneRequest,
  RunRecord,
} from '../../../functions/pipeline/run-record.ts';
import type { Worker } from '../../../functions/pipeline/worker.ts';

/**
 * A world for the pipeline without I/O: stores that honour conditions, a fleet whose instances answer as the test says,
 * channels that remember what they were told, and a worker that can be made to die before or after its n-th call.
 */
export type World = {
  readonly doors: DrainDoors & { readonly pauses: PauseStore };
  readonly records: Map<string, Stored<RunRecord>>;
  readonly incidents: Map<string, Stored<Incident>>;
  readonly overviews: Map<string, Stored<Overview>>;
  readonly drains: Map<string, Stored<Drain>>;
  readonly pauses: Map<string, Stored<PlanPause>>;
  /** Life-cycle calls: `beat i-…` and `complete i-…`. */
  readonly lifeCycle: string[];
  readonly snapshotsTaken: string[];
  readonly told: { readonly channel: Channel; readonly notice: Notice }[];
  readonly wakeUps: { readonly run: string; readonly at: Date; readonly why: string }[];
  readonly sent: {
    readonly comment: string;
    readonly commandId: string;
    readonly instances: readonly string[];
    readonly prune?: PruneRequest;
  }[];
  readonly requests: CommandRequest[];
  /** Commands that SSM was told to cancel. */
  readonly cancelled: string[];
  readonly closedMetrics: RunRecord[];
  now: Date;
  /** What an instance's invocation shows, by attempt. Default: protected. */
  answers: (instance: string, attempt: number, run: string) => Partial<Invocation> | 'nothing';
  fleet: ExpectedInstance[];
  /** Instances that exist now; default: the fleet. */
  there: () => readonly ExpectedInstance[];
  problems: string[];
  refuse: string | undefined;
  heartbeatSeconds: number;
  /** What EC2 knows of an instance that nobody reaches. */
  facts: (instance: string) => InstanceFacts | undefined;
  /** What Auto Scaling answers to beats and completions. */
  actionFate: () => ActionFate;
  snapshotFate: (instance: string) => SnapshotFate;
  failingChannels: Set<Channel>;
  /** Calls of doors so far, and at which one the worker dies: before it takes effect or after. */
  calls: number;
  dieAt: { readonly call: number; readonly when: 'before' | 'after' } | undefined;
};

export class Died extends Error {}

export const plan: Plan = {
  name: 'acme-web',
  fleet: { kind: 'groups', groups: ['acme-web'] },
  source: { path: '/var/www/upload', mayBeEmpty: false, maxShrink: 0.5 },
  share: { path: '/mnt/lifeboat' },
  schedule: { cron: '0 2 * * ? *', timezone: 'Asia/Singapore', windowMinutes: 15, enabled: true },
  deadlineMinutes: 180,
  deliveryMinutes: 10,
  concurrency: '10%',
  load: { nice: 10 },
  verifyNights: 28,
  drain: { limitMinutes: 60, snapshot: true },
  retention: {
    last: 7,
    daily: 14,
    weekly: 8,
    monthly: 12,
    yearly: 2,
    minimum: 3,
    budgetMinutes: 30,
    goneInstancesDays: 90,
  },
  objectiveMinutes: 28 * 60,
  alarms: { shareFree: 0.1, shareDays: 14 },
  dashboard: true,
  slack: {
    via: { kind: 'bot', tokenParameter: '/lifeboat/slack-token', channel: '#ops' },
    tell: { start: 'always', success: 'always' },
  },
  jira: {
    url: 'https://acme.example',
    edition: 'cloud',
    project: 'OPS',
    issueType: 'Bug',
    labels: [],
    credentialsParameter: '/lifeboat/jira',
  },
};

export const instanceIds = ['i-00000001', 'i-00000002', 'i-00000003'];
export const scheduledTime = new Date('2026-11-23T18:00:00Z');
export const theRun = 'acme-web/20261123T180000Z-backup';

export const lineOf = (
  instance: string,
  changes: Readonly<Record<string, unknown>> = {},
  run = theRun,
): string =>
  JSON.stringify({
    lifeboat: 1,
    operation: 'backup',
    run,
    instance,
    outcome: 'protected',
    files: 3200,
    bytes: 6_400_000,
    changed: 10,
    deleted: 1,
    copiedBytes: 20_000,
    seconds: 3,
    recoveryPoint: '20261123T180000Z-backup',
    warnings: [],
    ...changes,
  });

export const worker = (world: World, requestId: string): Worker => ({
  requestId,
  until: new Date(world.now.getTime() + 120_000),
});

export const newWorld = (): World => {
  const world: World = {
    records: new Map(),
    incidents: new Map(),
    overviews: new Map(),
    drains: new Map(),
    pauses: new Map(),
    lifeCycle: [],
    snapshotsTaken: [],
    told: [],
    wakeUps: [],
    sent: [],
    requests: [],
    cancelled: [],
    closedMetrics: [],
    now: new Date('2026-11-23T18:00:01Z'),
    answers: () => ({}),
    fleet: instanceIds.map((instance) => ({
      instance,
      group: 'acme-web',
      lifeCycleState: 'InService',
      ping: 'Online',
    })),
    there: () => world.fleet,
    problems: [],
    refuse: undefined,
    heartbeatSeconds: 3_600,
    facts: () => undefined,
    actionFate: () => ({ kind: 'done' }),
    snapshotFate: (instance) => ({ kind: 'taken', snapshots: [`snap-of-${instance}`] }),
    failingChannels: new Set(),
    calls: 0,
    dieAt: undefined,
    get doors() {
      return doors;
    },
  };
  const doors = openDoors(world);
  return world;
};

/** One call of a door: counted, and the place where the worker may die. */
const call = async <T>(world: World, effect: () => T): Promise<T> => {
  world.calls += 1;
  const dies = world.dieAt?.call === world.calls ? world.dieAt.when : undefined;
  if (dies === 'before') throw new Died();
  const result = effect();
  if (dies === 'after') throw new Died();
  await Promise.resolve();
  return result;
};

const storeOf = <T>(world: World, documents: Map<string, Stored<T>>): DocumentStore<T> => {
  let version = 0;
  const put = (name: string, value: T): Stored<T> => {
    version += 1;
    const stored = { value: structuredClone(value), version: String(version) };
    documents.set(name, stored);
    return stored;
  };
  return {
    read: (name) => call(world, () => documents.get(name)),
    create: (name, value) => call(world, () => (documents.has(name) ? undefined : put(name, value))),
    replace: (name, before, value) =>
      call(world, () => (documents.get(name)?.version === before.version ? put(name, value) : undefined)),
  };
};

const openDoors = (world: World): World['doors'] => ({
  clock: {
    now: () => world.now,
    sleep: async (milliseconds) => {
      world.now = new Date(world.now.getTime() + milliseconds);
    },
  },
  runs: {
    ...storeOf(world, world.records),
    newest: async () => [...world.records.keys()].sort().reverse(),
  } as RunStore,
  incidents: storeOf(world, world.incidents),
  overviews: storeOf(world, world.overviews),
  drains: storeOf(world, world.drains),
  pauses: storeOf(world, world.pauses),
  lifeCycle: {
    hook: () => call(world, () => ({ heartbeatSeconds: world.heartbeatSeconds, globalSeconds: 172_800 })),
    beat: (_action, instance) =>
      call(world, () => {
        world.lifeCycle.push(`beat ${instance}`);
        return world.actionFate();
      }),
    complete: (_action, instance) =>
      call(world, () => {
        world.lifeCycle.push(`complete ${instance}`);
        return world.actionFate();
      }),
  },
  snapshots: {
    take: (_plan, instance) =>
      call(world, () => {
        if (!world.snapshotsTaken.includes(instance)) world.snapshotsTaken.push(instance);
        return world.snapshotFate(instance);
      }),
  },
  reports: { write: (record) => call(world, () => `s3://bucket/runs/${record.run}/report.html`) },
  inventory: {
    take: () => call(world, () => ({ expected: world.fleet, skipped: [], problems: world.problems })),
    look: (_fleet, instances) =>
      call(world, () => ({
        there: thoseThere(world, instances),
        others: world.there().filter(({ instance }) => !instances.includes(instance)),
      })),
    explain: (instances) =>
      call(
        world,
        () =>
          new Map(
            instances.flatMap((instance) => {
              const facts = world.facts(instance);
              return facts === undefined ? [] : [[instance, facts] as const];
            }),
          ),
      ),
    find: (instances) => call(world, () => thoseThere(world, instances)),
    tagsOf: async () => ({}),
  },
  wakeUps: {
    wakeCheck: (run, at, why) => call(world, () => void world.wakeUps.push({ run, at, why })),
    wakeDrain: (run, at, why) => call(world, () => void world.wakeUps.push({ run, at, why })),
  },
  runCommand: {
    send: (request) =>
      call(world, () => {
        if (world.refuse !== undefined) throw new CommandRefused(world.refuse);
        const commandId = `command-${world.sent.length + 1}`;
        const { targets, comment, prune } = request;
        const instances =
          targets.kind === 'instances' ? targets.instances : world.fleet.map(({ instance }) => instance);
        world.requests.push(request);
        world.sent.push({ comment, commandId, instances, ...(prune === undefined ? {} : { prune }) });
        return commandId;
      }),
    findByComment: (comment) =>
      call(world, () => world.sent.find((command) => command.comment === comment)?.commandId),
    commentOf: (commandId) =>
      call(world, () => world.sent.find((command) => command.commandId === commandId)?.comment),
    cancel: (commandId) => call(world, () => void world.cancelled.push(commandId)),
    truth: (commandId) => call(world, () => truthOf(world, commandId)),
  },
  tellers: {
    of: () => ({ slack: tellerOf(world, 'slack'), jira: tellerOf(world, 'jira') }),
  },
  metrics: {
    runClosed: (record) => void world.closedMetrics.push(record),
    planStands: () => undefined,
    escalationFailed: () => undefined,
  },
  log: { info: () => undefined, error: () => undefined },
  links: () => ({ runbook: 'docs/causes.md' }),
});

const thoseThere = (world: World, instances: readonly string[]): ReadonlyMap<string, ExpectedInstance> =>
  new Map(
    world
      .there()
      .filter(({ instance }) => instances.includes(instance))
      .map((member) => [member.instance, member]),
  );

const truthOf = (world: World, commandId: string) => {
  const command = world.sent.find((each) => each.commandId === commandId);
  const [run = '', part] = (command?.comment ?? '').split('#');
  const attempt = Number(part?.split('.')[0]);
  const timeAndOperation = run.split('Z-');
  const invocations = (command?.instances ?? []).flatMap((instance): Invocation[] => {
    const answer = world.answers(instance, attempt, run);
    if (answer === 'nothing') return [];
    const said = {
      instance,
      status: 'Success',
      statusDetails: 'Success',
      responseCode: 0,
      output: lineOf(instance, { run, operation: timeAndOperation.at(-1) ?? '' }),
    };
    return [{ ...said, ...answer }];
  });
  const ended = invocations.every(({ status }) => !['Pending', 'InProgress', 'Delayed'].includes(status));
  return { ended, invocations };
};

/** Asks first whether the notice has arrived, as the real tellers do. */
const tellerOf = (world: World, channel: Channel) => ({
  tell: (notice: Notice) =>
    call(world, () => {
      if (world.failingChannels.has(channel)) throw new Error(`${channel} is down`);
      const known = world.told.some(
        (told) =>
          told.channel === channel &&
          told.notice.kind === notice.kind &&
          told.notice.record.run === notice.record.run,
      );
      if (!(notice.mayBeTold && known)) world.told.push({ channel, notice });
      return { reference: `${channel}-${world.told.length}` };
    }),
});

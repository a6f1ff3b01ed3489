import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { loadPlans } from '../../deploy/plans.ts';
import type { Plan } from '../../functions/config/plan.ts';
import type { Incident } from '../../functions/pipeline/incident.ts';
import type { RunRecord } from '../../functions/pipeline/run-record.ts';
import { startClock } from '../../local/clock.ts';
import { type Fault, isInstanceFault } from '../../local/console/arguments.ts';
import { liveThroughNight } from '../../local/console/night.ts';
import type { ApiCall, InstanceFault, InstanceSpec, LocalClock } from '../../local/contract.ts';
import type { Asked } from '../../local/iam/guard.ts';
import { type RunningJira, startLocalJira } from '../../local/jira/local-jira.ts';
import { type RunningAws, startLocalAws } from '../../local/local-aws.ts';
import type { LifeCycleHook } from '../../local/services/auto-scaling/life-cycle-engine.ts';
import { type RunningSlack, startLocalSlack } from '../../local/slack/local-slack.ts';
import { packagedService, planFile } from './packaged-service.ts';

/** A fleet, a share, Slack and JIRA that outlive local AWS, which is started anew where a night has other faults. */
export type NightLab = {
  readonly folder: string;
  readonly share: string;
  readonly plan: Plan;
  readonly specs: () => readonly InstanceSpec[];
  readonly aws: () => RunningAws;
  readonly clock: () => LocalClock;
  readonly slack: RunningSlack;
  readonly jira: RunningJira;
  /** Every call to local AWS since the lab was opened, whichever started it. */
  readonly calls: () => readonly ApiCall[];
  /** Everything that was asked of IAM since the lab was opened. */
  readonly asked: () => readonly Asked[];
  /** Starts local AWS, on the next evening where it ran before. Instance faults hit the last instance; see {@link hitsAll}. */
  readonly boot: (...faults: readonly Fault[]) => Promise<void>;
  /** Called for every call to local AWS, before it is answered. */
  readonly onCall: (listener: (call: ApiCall) => void) => void;
  /** One night as `npm start` lives it, until the run is over. */
  readonly night: () => Promise<RunRecord>;
  /** Lets everything happen that happens by itself until the run is closed and nothing is owed any more. */
  readonly settle: (run: string) => Promise<RunRecord>;
  /** Moves time on; what waits on the clock happens on the way. */
  readonly pass: (milliseconds: number) => Promise<void>;
  readonly upload: (instance: number, name: string, content: string) => void;
  readonly record: (run: string) => Promise<RunRecord | undefined>;
  readonly incident: () => Promise<Incident | undefined>;
  /** As if there had never been an incident: the next failure opens one. Somebody closes the issues, too. */
  readonly forgetIncident: () => Promise<void>;
  /** An object of the bucket as text; undefined where there is none. */
  readonly object: (key: string) => Promise<string | undefined>;
  /** Fails where a function or a service asked for what its packaged role does not allow. */
  readonly close: () => Promise<void>;
};

export const hour = 3_600_000;
export const day = 24 * hour;

/**
 * The next 20:00 UTC after a moment. The plan's schedule fires at 18:00: labs begin long before it, whenever somebody
 * runs the tests, so that a night that a test did not ask for does not mix with one that it did.
 */
const nextEvening = (after: Date): Date =>
  new Date(Math.ceil((after.getTime() - 20 * hour) / day) * day + 20 * hour);

/** The ids of a lab's instances, in order. */
export const idOf = (index: number): string => `i-0${String(index).repeat(16)}`;

/** As the reference stack has it. */
const drainHook: LifeCycleHook = {
  name: 'lifeboat-drain',
  group: 'acme-web',
  transition: 'autoscaling:EC2_INSTANCE_TERMINATING',
  heartbeatSeconds: 600,
  defaultResult: 'CONTINUE',
};

/** What is wrong with the share or its server is wrong for every instance. */
const hitsAll: readonly InstanceFault[] = ['share-full', 'share-squashed'];

export const openNightLab = async (options: {
  readonly instances: number;
  readonly files: number;
}): Promise<NightLab> => {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-night-'));
  const share = join(folder, 'share');
  mkdirSync(share);
  writeFileSync(join(share, 'lifeboat.json'), JSON.stringify({ format: 1, id: 'share-of-the-lab' }));
  const uploadOf = (index: number) => join(folder, 'instances', idOf(index), 'upload');
  const upload = (index: number, name: string, content: string) => {
    mkdirSync(uploadOf(index), { recursive: true });
    writeFileSync(join(uploadOf(index), name), content);
  };
  for (let index = 1; index <= options.instances; index += 1)
    for (let file = 1; file <= options.files; file += 1)
      upload(index, `student-${index}_${file}_2026.pdf`, `paper ${index}.${file}\n`.repeat(20 * file));

  let clock = startClock(nextEvening(new Date()));
  let aws: RunningAws | undefined;
  let specs: readonly InstanceSpec[] = [];
  let listener: (call: ApiCall) => void = () => undefined;
  const calls: ApiCall[] = [];
  const askedBefore: Asked[] = [];
  const asked = (): readonly Asked[] => [...askedBefore, ...(aws?.asked() ?? [])];
  const slack = await startLocalSlack({ now: () => clock.now() });
  const jira = await startLocalJira({ now: () => clock.now(), projects: { OPS: ['Bug'] } });
  const plan = planNamed('acme-web');
  const running = (): RunningAws => {
    if (aws === undefined) throw new Error('Local AWS is not started: call boot() first.');
    return aws;
  };
  const object = (key: string) => textOf(join(folder, 'bucket', key));
  const record = async (run: string) => parsed<RunRecord>(await object(`runs/${run}/record.json`));

  const boot = async (...faults: readonly Fault[]): Promise<void> => {
    const evening = aws === undefined ? clock.now() : nextEvening(clock.now());
    askedBefore.push(...(aws?.asked() ?? []));
    await aws?.stop();
    clock.stop();
    clock = startClock(evening);
    specs = specsOf({ folder, share, instances: options.instances, uploadOf }, faults);
    aws = await startLocalAws({
      directory: folder,
      packageDirectory: await packagedService(),
      instances: specs,
      controlFaults: faults.flatMap((fault) => (isInstanceFault(fault) ? [] : [fault])),
      lifeCycleHooks: [drainHook],
      environment: { LIFEBOAT_SLACK_URL: slack.apiUrl, LIFEBOAT_JIRA_URL: jira.url },
      parameters: { '/lifeboat/slack-token': slack.botToken, '/lifeboat/jira': jira.credentials },
      clock,
      port: 0,
      onCall: (call) => {
        calls.push(call);
        listener(call);
      },
    });
  };
  const settle = async (run: string): Promise<RunRecord> => {
    for (let steps = 0; steps < 60; steps += 1) {
      await atRest(running());
      const found = await record(run);
      if (found !== undefined && isOver(found)) return found;
      await clock.skipToNext();
    }
    throw new Error(`The run ${run} is not over after 60 steps: ${JSON.stringify(await record(run))}`);
  };

  return {
    ...{ folder, share, plan, slack, jira, boot, settle, upload, record, object, asked },
    specs: () => specs,
    aws: running,
    clock: () => clock,
    calls: () => calls,
    onCall: (next) => {
      listener = next;
    },
    night: () =>
      liveThroughNight({
        ...{ aws: running(), plan, specs, logs: join(folder, 'logs'), view: noView },
        signal: AbortSignal.timeout(60_000),
      }),
    pass: async (milliseconds) => {
      const then = new Date(clock.now().getTime() + milliseconds);
      await skipTo(clock, then, () => atRest(running()));
    },
    incident: async () => parsed<Incident>(await object(`incidents/${plan.name}.json`)),
    forgetIncident: async () => {
      const bucket = running().stack.buckets[0] ?? '';
      await fetch(`${running().endpoint}/${bucket}/incidents/${plan.name}.json`, {
        method: 'DELETE',
        headers: { authorization: signature },
      });
      for (const { key } of jira.issues()) jira.move(key, 'Done');
    },
    close: async () => {
      const refused = asked().filter(({ by, decision }) => decision !== 'allowed' && !by.startsWith('i-'));
      await aws?.stop();
      await Promise.all([slack.stop(), jira.stop()]);
      clock.stop();
      await rm(folder, { recursive: true, force: true });
      expect(refused).toEqual([]);
    },
  };
};

/** Local AWS looks who it is and for which service, and checks no more. */
const signature =
  'AWS4-HMAC-SHA256 Credential=test/20261123/ap-southeast-1/s3/aws4_request, SignedHeaders=host, Signature=0';

const noView = { show: () => undefined, say: () => undefined, end: () => undefined };

const planNamed = (name: string): Plan => {
  const plan = loadPlans(planFile).find((candidate) => candidate.name === name);
  if (plan === undefined) throw new Error(`${planFile} has no plan ${name}.`);
  return plan;
};

type Place = {
  readonly folder: string;
  readonly share: string;
  readonly instances: number;
  readonly uploadOf: (index: number) => string;
};

const specsOf = ({ folder, share, instances, uploadOf }: Place, faults: readonly Fault[]) =>
  Array.from({ length: instances }, (_, at): InstanceSpec => {
    const index = at + 1;
    return {
      id: idOf(index),
      group: 'acme-web',
      tags: { Name: 'acme-web', role: 'uploads' },
      upload: uploadOf(index),
      uploadReadOnly: false,
      sourcePath: '/var/www/upload',
      state: join(folder, 'instances', idOf(index), 'state'),
      share,
      sharePath: '/mnt/lifeboat',
      faults: faults
        .filter(isInstanceFault)
        .filter((fault) => index === instances || hitsAll.includes(fault)),
    };
  });

const skipTo = async (
  clock: LocalClock,
  then: Date,
  afterEach: () => Promise<void> = async () => undefined,
): Promise<void> => {
  let arrived = false;
  clock.at(then, 'the time that the test waits for', () => {
    arrived = true;
  });
  while (!arrived) {
    if ((await clock.skipToNext()) === undefined && !arrived) throw new Error('The clock was stopped.');
    await afterEach();
  }
};

/** Between two steps there is a breath in which nothing is under way: an answer on its way, an event not yet born. */
const breathMilliseconds = 60;

export const atRest = async (aws: RunningAws): Promise<void> => {
  await aws.idle();
  await sleep(breathMilliseconds);
  await aws.idle();
};

/** Closed, decided whom to tell, and told. */
const isOver = (record: RunRecord): boolean =>
  record.state === 'closed' &&
  record.noticesDecided === true &&
  record.notices.every(({ kind, state }) => kind === 'started' || state === 'told' || state === 'overtaken');

const textOf = async (file: string): Promise<string | undefined> => {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT')
      return undefined;
    throw error;
  }
};

const parsed = <T>(text: string | undefined): T | undefined =>
  text === undefined ? undefined : (JSON.parse(text) as T);

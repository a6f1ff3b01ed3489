import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventBus, InstanceSpec, LocalClock, LocalFleet, LocalInstance } from '../contract.ts';
import { type LocalAgent, startAgent } from './agent.ts';
import type { RunningScript } from './execute-step.ts';
import { bootDisk, foldersOf, shareCanFill, sourceIsMounted } from './folders.ts';
import { readProgress } from './progress.ts';
import { tryOutSandbox } from './sandbox-trial.ts';
import { fullShareBytes } from './share-full.ts';
import { simulatedAgent } from './simulated-agent.ts';

export type FleetOptions = {
  readonly bus: EventBus;
  readonly clock: Pick<LocalClock, 'now' | 'at'>;
  readonly region: string;
  readonly account: string;
  /** As SSM reports it. An agent before 3.3.2746 knows no `interpolationType: ENV_VAR`. */
  readonly agentVersion?: string;
};

/**
 * Boots the instances: folders ready, agents listening, nothing running. Throws `SandboxRefused` where the machine lets no
 * sandbox start, and an error that names instance and folder where a specification cannot be met. Every instance needs a
 * parent folder of its state folder for itself: its disk and its agent's files lie there, too.
 */
export const startFleet = async (
  specs: readonly InstanceSpec[],
  options: FleetOptions,
): Promise<LocalFleet> => {
  checkDistinct(specs);
  if (specs.some(({ simulated }) => simulated === undefined)) tryOutSandbox();
  const machines = new Map<string, Machine>();
  const known = [...specs];
  for (const [index, spec] of specs.entries()) {
    machines.set(spec.id, await boot(spec, index, options));
  }
  return {
    instances: () => [...machines.values()].map(({ instance }) => instance),
    get: (id) => machines.get(id)?.instance,
    terminate: async (id) => {
      const machine = machines.get(id);
      if (machine === undefined) throw new Error(`There is no instance ${id} in the local fleet.`);
      await machine.terminate();
    },
    launch: async (spec) => {
      checkDistinct([...known, spec]);
      known.push(spec);
      const machine = await boot(spec, machines.size, options);
      machine.instance.lifeCycleState = 'Pending';
      machines.set(spec.id, machine);
      return machine.instance;
    },
    stop: async () => {
      await Promise.all([...machines.values()].map((machine) => machine.stop()));
    },
  };
};

const defaultAgentVersion = '3.3.3050.0';

type Machine = {
  readonly instance: LocalInstance;
  readonly terminate: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

const checkDistinct = (specs: readonly InstanceSpec[]): void => {
  const owners = new Map<string, string>();
  for (const spec of specs) {
    for (const place of [spec.id, foldersOf(spec).disk]) {
      const owner = owners.get(place);
      if (owner !== undefined) {
        throw new Error(
          `${owner} and ${spec.id} would both be ${place}; give each an id and a folder of its own.`,
        );
      }
      owners.set(place, spec.id);
    }
  }
};

const boot = async (spec: InstanceSpec, index: number, options: FleetOptions): Promise<Machine> => {
  const privateIp = `10.0.${1 + Math.floor(index / 200)}.${17 + (index % 200)}`;
  const hostname = `ip-${privateIp.replaceAll('.', '-')}`;
  const agentVersion = options.agentVersion ?? defaultAgentVersion;
  if (spec.simulated === undefined) await bootDisk(spec, hostname);
  // Too much for this fault is better said now than in the middle of the night.
  if (shareCanFill(spec) && spec.share !== undefined) await fullShareBytes(spec.share, spec.id);
  let plugPulled = false;
  const reports = () => !plugPulled && instance.state === 'running' && instance.ping === 'Online';
  const local: LocalAgent =
    spec.simulated === undefined
      ? startAgent({
          instance: spec,
          hostname,
          region: options.region,
          agentVersion,
          clock: options.clock,
          reports,
          onStart: (script) => {
            if (spec.faults.includes('instance-gone')) void dieAtWork(spec, script, terminate);
          },
        })
      : simulatedAgent(spec.simulated, { agentVersion, reports });
  const launchedAt = await launchTime(spec, options.clock.now());
  const instance: LocalInstance = {
    ...{ id: spec.id, group: spec.group, tags: spec.tags, launchedAt, privateIp, agentVersion },
    availabilityZone: `${options.region}${zoneOf(spec.id)}`,
    state: 'running',
    lifeCycleState: 'InService',
    ping: spec.faults.includes('agent-offline') ? 'ConnectionLost' : 'Online',
    ...(sourceIsMounted(spec) && spec.upload !== undefined ? { dataFolder: spec.upload } : {}),
    agent: local.agent,
  };
  const terminate = () => terminateInstance(instance, local, options);
  const stop = async (): Promise<void> => {
    plugPulled = true;
    await local.killEverything();
  };
  return { instance, terminate, stop };
};

/** An instance is as old as its disk. */
const launchTime = async (spec: InstanceSpec, now: Date): Promise<Date> => {
  if (spec.simulated !== undefined) return now;
  const { birthtimeMs, ctimeMs } = await stat(foldersOf(spec).disk);
  return new Date(Math.min(birthtimeMs || ctimeMs, now.getTime()));
};

/** Whoever lists a group leaves out what is `Terminated`; EC2 shows it a while longer. */
const terminateInstance = async (
  instance: LocalInstance,
  local: LocalAgent,
  options: FleetOptions,
): Promise<void> => {
  if (instance.state === 'terminated') return;
  instance.state = 'terminated';
  instance.lifeCycleState = 'Terminated';
  instance.ping = 'ConnectionLost';
  publishState(instance.id, 'shutting-down', options);
  await local.killEverything();
  publishState(instance.id, 'terminated', options);
};

/** The same for an id every time. */
const zoneOf = (id: string): string => 'abc'.charAt((createHash('sha256').update(id).digest()[0] ?? 0) % 3);

const publishState = (id: string, state: 'shutting-down' | 'terminated', options: FleetOptions): void => {
  options.bus.publish({
    source: 'aws.ec2',
    'detail-type': 'EC2 Instance State-change Notification',
    resources: [`arn:aws:ec2:${options.region}:${options.account}:instance/${id}`],
    detail: { 'instance-id': id, state },
  });
};

/** Longest time at work for a document that tells no progress. */
const longestLifeMilliseconds = 1000;

/**
 * The fault instance-gone: terminates the instance when files are on their way to the share (phase `copy`), or after a
 * second, and at the latest when the script has ended, before the agent can report it.
 */
const dieAtWork = async (
  spec: InstanceSpec,
  script: RunningScript,
  terminate: () => Promise<void>,
): Promise<void> => {
  const before = JSON.stringify(await readProgress(spec.state));
  const watch = async (): Promise<void> => {
    for (let waited = 0; waited < longestLifeMilliseconds; waited += 10) {
      const progress = await readProgress(spec.state);
      if (progress?.phase === 'copy' && JSON.stringify(progress) !== before) return;
      await sleep(10);
    }
  };
  await Promise.race([watch(), script.ended]);
  await terminate();
};

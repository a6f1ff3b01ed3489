import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BusEvent, InstanceSpec, LocalClock, LocalFleet, StepOutput } from '../../../local/contract.ts';
import { startFleet } from '../../../local/fleet/fleet.ts';

/** A folder with a share, uploads and fleets in it, and a clock that a test can push. */
export type Lab = {
  readonly folder: string;
  readonly share: string;
  readonly events: readonly BusEvent[];
  readonly specOf: (id: string, change?: Partial<InstanceSpec>) => Promise<InstanceSpec>;
  readonly start: (...specs: readonly InstanceSpec[]) => Promise<LocalFleet>;
  /** Runs a shell script on an instance as the only step of a document. */
  readonly run: (fleet: LocalFleet, id: string, script: string, inputs?: Inputs) => Promise<StepOutput>;
  /** What waits on the clock, and doing it now. */
  readonly waiting: () => readonly string[];
  readonly skipToNext: () => void;
  readonly close: () => Promise<void>;
};

type Inputs = Readonly<Record<string, unknown>>;

export const openLab = async (): Promise<Lab> => {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-fleet-'));
  const share = join(folder, 'share');
  await mkdir(share);
  await writeFile(join(share, 'lifeboat.json'), '{"lifeboat":1}\n');
  const fleets: LocalFleet[] = [];
  const events: BusEvent[] = [];
  const alarms = new Map<string, () => void>();
  const clock: Pick<LocalClock, 'now' | 'at'> = {
    now: () => new Date(),
    at: (time, what, action) => {
      const ring = () => {
        alarms.delete(what);
        clearTimeout(timer);
        void action();
      };
      const timer = setTimeout(ring, time.getTime() - Date.now());
      alarms.set(what, ring);
      return {
        cancel: () => {
          alarms.delete(what);
          clearTimeout(timer);
        },
      };
    },
  };
  let commands = 0;
  return {
    folder,
    share,
    events,
    specOf: async (id, change) => {
      const spec = { ...baseSpec(folder, share, id), ...change };
      if (spec.upload !== undefined) await mkdir(spec.upload, { recursive: true });
      return spec;
    },
    start: async (...specs) => {
      const bus = { publish: (event: BusEvent) => void events.push(event) };
      const fleet = await startFleet(specs, {
        bus,
        clock,
        region: 'ap-southeast-1',
        account: '000000000000',
      });
      fleets.push(fleet);
      return fleet;
    },
    run: async (fleet, id, script, inputs) => {
      commands += 1;
      const outputs = await instanceOf(fleet, id).agent.run({
        commandId: `command-${commands}`,
        document: documentOf(script, inputs),
        parameters: {},
      });
      const [output] = outputs;
      if (output === undefined) throw new Error('No step was reported.');
      return output;
    },
    waiting: () => [...alarms.keys()],
    skipToNext: () => [...alarms.values()][0]?.(),
    close: async () => {
      for (const fleet of fleets) await fleet.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
};

export const instanceOf = (fleet: LocalFleet, id: string) => {
  const instance = fleet.get(id);
  if (instance === undefined) throw new Error(`${id} is not in the fleet.`);
  return instance;
};

export const documentOf = (script: string, inputs: Inputs = {}) => ({
  schemaVersion: '2.2',
  mainSteps: [
    { action: 'aws:runShellScript', name: 'backup', inputs: { runCommand: script.split('\n'), ...inputs } },
  ],
});

/** Waits until something is so, or says what never came. */
export const eventually = async (what: string, check: () => boolean | Promise<boolean>): Promise<void> => {
  for (let tries = 0; tries < 250; tries += 1) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`It never came that ${what}.`);
};

/** True when the promise settles within the time. */
export const settlesWithin = async (milliseconds: number, promise: Promise<unknown>): Promise<boolean> => {
  const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), milliseconds));
  return Promise.race([promise.then(() => true), late]);
};

/** Command lines on this machine that contain the mark; zombies have none. */
export const processesWith = async (mark: string): Promise<number> => {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter((line) => line.includes(mark)).length;
};

const baseSpec = (folder: string, share: string, id: string): InstanceSpec => ({
  id,
  group: 'acme-web',
  tags: { 'aws:autoscaling:groupName': 'acme-web' },
  upload: join(folder, id, 'upload'),
  uploadReadOnly: false,
  sourcePath: '/var/www/upload',
  state: join(folder, id, 'state'),
  share,
  sharePath: '/mnt/lifeboat',
  faults: [],
});

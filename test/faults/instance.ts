import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { packagedDocuments } from '../../deploy/documents.ts';

/** What a run of the backup document left: the exit code, both streams, and the line of DESIGN.md's contract. */
export type Ended = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
};

export type Operation = 'backup' | 'restore' | 'verify' | 'prune';

export type RunOptions = {
  /** Which document; a backup where nothing else is said. */
  readonly operation?: Operation;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** What is at /mnt/share: the share, the share read-only, an empty folder of the instance's own, a full file system. */
  readonly share?: 'mounted' | 'read-only' | 'not-mounted' | 'small';
  /** Run without any privilege, as an ordinary user. */
  readonly unprivileged?: boolean;
  /** Further arguments of bwrap. */
  readonly sandbox?: readonly string[];
  /** Told the process id of the sandbox, once it runs. */
  readonly started?: (pid: number) => void;
};

/** An instance with folders of its own, seen in the sandbox as /mnt/upload, /mnt/out, /mnt/state and /mnt/share. */
export type TestInstance = {
  readonly folder: string;
  readonly upload: string;
  /** Where files are restored into. */
  readonly out: string;
  readonly state: string;
  readonly share: string;
  /** The instance's folder on the share. */
  readonly base: string;
  readonly run: (run: string, options?: RunOptions) => Promise<Ended>;
  /** The same instance and uploads with copies of its state and of the share: another course of the same night. */
  readonly twin: () => TestInstance;
  readonly remove: () => void;
};

export const shareId = '6a1f3f0e-5d6a-4a43-9a3c-000000000001';
export const instanceId = 'i-0123456789abcdef0';
export const plan = 'acme-web';

/** The id of the n-th night's run. */
export const night = (n: number): string => `${plan}/202611${String(n).padStart(2, '0')}T180000Z-backup`;
/** The prune that follows the n-th night. */
export const pruneAfter = (n: number): string => night(n).replace(/backup$/, 'prune');
/** Its recovery point. */
export const pointOf = (run: string): string => run.slice(run.indexOf('/') + 1);

export const makeInstance = (): TestInstance => {
  const folder = mkdtempSync(join(tmpdir(), 'lifeboat-faults-'));
  const place = (name: string): string => join(folder, name);
  const [upload, out, state, share] = [place('upload'), place('out'), place('state'), place('share')];
  for (const each of [upload, out, state, share]) mkdirSync(each);
  writeFileSync(join(share, 'lifeboat.json'), marker(shareId));
  return instanceOf({ folder, upload, out, state, share });
};

const instanceOf = (folders: Folders): TestInstance => ({
  ...folders,
  base: join(folders.share, plan, instanceId),
  run: (run, options = {}) => runDocument(folders, run, options),
  twin: () => {
    const folder = mkdtempSync(join(tmpdir(), 'lifeboat-faults-'));
    execFileSync('cp', ['-a', folders.state, folders.share, folders.out, folder]);
    return instanceOf({
      folder,
      upload: folders.upload,
      out: join(folder, 'out'),
      state: join(folder, 'state'),
      share: join(folder, 'share'),
    });
  },
  remove: () => rmSync(folders.folder, { recursive: true, force: true }),
});

export const marker = (id: string, format = 1): string =>
  `{"format":${format},"id":"${id}","created":"2026-11-01T00:00:00Z"}\n`;

type Folders = Pick<TestInstance, 'folder' | 'upload' | 'out' | 'state' | 'share'>;

const runDocument = (folders: Folders, run: string, options: RunOptions): Promise<Ended> => {
  const script = join(folders.folder, `script-${process.hrtime.bigint()}.sh`);
  writeFileSync(script, documentScript({ run, ...options.parameters }, options.operation), { mode: 0o755 });
  // As the agent starts it, and whatever it starts dies with it.
  const child = spawn('bwrap', [...sandbox(folders, options), 'sh', '-c', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (child.pid !== undefined) options.started?.(child.pid);
  return new Promise((resolve, reject) => {
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (data: Buffer) => stdout.push(data));
    child.stderr.on('data', (data: Buffer) => stderr.push(data));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      rmSync(script, { force: true });
      resolve({
        code,
        signal,
        stdout: Buffer.concat(stdout).toString('latin1'),
        stderr: Buffer.concat(stderr).toString('latin1'),
      });
    });
  });
};

const sandbox = (folders: Folders, options: RunOptions): readonly string[] => {
  const bind: Record<NonNullable<RunOptions['share']>, readonly string[]> = {
    mounted: ['--bind', folders.share, '/mnt/share'],
    'read-only': ['--ro-bind', folders.share, '/mnt/share'],
    'not-mounted': ['--dir', '/mnt/share'],
    small: [
      '--size',
      '65536',
      '--tmpfs',
      '/mnt/share',
      '--ro-bind',
      join(folders.share, 'lifeboat.json'),
      '/mnt/share/lifeboat.json',
    ],
  };
  const environment = {
    AWS_SSM_INSTANCE_ID: instanceId,
    LIFEBOAT_STATE_DIR: '/mnt/state',
    ...options.environment,
  };
  return [
    ...['--dev-bind', '/', '/', '--proc', '/proc', '--unshare-pid', '--die-with-parent', '--tmpfs', '/mnt'],
    ...['--bind', folders.upload, '/mnt/upload', '--bind', folders.out, '/mnt/out'],
    ...['--bind', folders.state, '/mnt/state'],
    ...bind[options.share ?? 'mounted'],
    ...(options.unprivileged === true
      ? ['--unshare-user', '--uid', '1000', '--gid', '1000', '--cap-drop', 'ALL']
      : []),
    ...Object.entries(environment).flatMap(([name, value]) => ['--setenv', name, value]),
    ...(options.sandbox ?? []),
  ];
};

const common = { share: '/mnt/share', shareId: '', bandwidth: '0', nice: '0', executionTimeout: '3600' };
const defaults: Readonly<Record<Operation, Readonly<Record<string, string>>>> = {
  backup: {
    ...common,
    source: '/mnt/upload',
    maxShrinkPercent: '50',
    allowShrink: 'no',
    mayBeEmpty: 'no',
    verifyNights: '28',
    spreadSeconds: '0',
    budgetSeconds: '0',
  },
  restore: {
    ...common,
    from: '',
    at: 'newest',
    into: '/mnt/out',
    paths: '',
    overwrite: 'never',
    dryRun: 'no',
  },
  verify: { ...common, at: 'newest', source: '/mnt/upload', drillFiles: '20' },
  prune: {
    ...common,
    after: '',
    last: '1',
    daily: '0',
    weekly: '0',
    monthly: '0',
    yearly: '0',
    minimum: '1',
    zone: '0',
    dryRun: 'no',
    budgetSeconds: '0',
  },
};

const steps = z.object({
  mainSteps: z.array(z.object({ inputs: z.object({ runCommand: z.array(z.string()) }) })).length(1),
});

/** The packaged document's script with its parameters put in as text, as the agent does it. */
export const documentScript = (
  parameters: Readonly<Record<string, string>>,
  operation: Operation = 'backup',
): string => {
  const lines = steps
    .parse(packagedDocuments()[operation])
    .mainSteps.flatMap((step) => step.inputs.runCommand);
  return Object.entries({ ...defaults[operation], ...parameters }).reduce(
    (script, [name, value]) => script.replaceAll(`{{ ${name} }}`, value),
    `${lines.join('\n')}\n`,
  );
};

const lineSchema = z.strictObject({
  lifeboat: z.literal(1),
  operation: z.enum(['backup', 'final-backup', 'restore', 'verify', 'prune']),
  run: z.string(),
  instance: z.string(),
  outcome: z.enum(['protected', 'protected-with-warnings', 'failed']),
  cause: z.optional(z.string()),
  detail: z.optional(z.string()),
  files: z.optional(z.number()),
  bytes: z.optional(z.number()),
  changed: z.optional(z.number()),
  deleted: z.optional(z.number()),
  skipped: z.optional(z.number()),
  copiedBytes: z.optional(z.number()),
  seconds: z.number(),
  recoveryPoint: z.optional(z.string()),
  points: z.optional(z.number()),
  kept: z.optional(z.number()),
  removed: z.optional(z.number()),
  removedFiles: z.optional(z.number()),
  removedBytes: z.optional(z.number()),
  dryRun: z.optional(z.literal(true)),
  going: z.optional(z.array(z.string())),
  shareFreeBytes: z.optional(z.number()),
  shareBytes: z.optional(z.number()),
  warnings: z.optional(
    z.array(z.strictObject({ cause: z.string(), count: z.number(), example: z.string() })),
  ),
});
export type Line = z.output<typeof lineSchema>;

/** The line, held to the contract: the first and only one, at most 1,150 bytes, printable ASCII. */
export const lineOf = (ended: Ended): Line => {
  const [line, ...rest] = ended.stdout.split('\n');
  if (line === undefined || rest.join('') !== '' || line.length > 1150 || !/^[ -~]*$/.test(line))
    throw new Error(`not one short line: ${ended.stdout}\n${ended.stderr}`);
  return lineSchema.parse(JSON.parse(line));
};

/** The line of a run that must have protected the instance. */
export const protectedLine = (ended: Ended): Line => {
  const line = lineOf(ended);
  if (ended.code !== 0 || line.outcome === 'failed') throw new Error(`${ended.stdout}${ended.stderr}`);
  return line;
};

/** A file's text, for folders of the instance. */
export const textOf = (...path: readonly string[]): string => readFileSync(join(...path), 'utf8');

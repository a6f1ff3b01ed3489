import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync } from 'node:fs';
import { type FileHandle, mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, pipeline, Readable, Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { InstanceSpec } from '../contract.ts';
import { foldersOf, shareCanFill, shareIsMounted, sourceIsMounted, systemFolders } from './folders.ts';
import { findProgram } from './program.ts';
import { refuseChown } from './seccomp.ts';
import { fullShareBytes } from './share-full.ts';

/** What happened to a step. `lost`: the sandbox ended without telling, because it was killed or could not start. */
export type StepEnd =
  | { readonly kind: 'exited'; readonly status: number }
  | { readonly kind: 'killed' }
  | { readonly kind: 'lost'; readonly complaint: string };

export type RunningStep = {
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** The step's own process ended. What it left in the background may still hold stdout and stderr. */
  readonly ended: Promise<StepEnd>;
  /** SIGKILL to the step's process group, as the agent does it; what left the group lives on. */
  readonly killGroup: () => void;
  /** SIGKILL to the whole sandbox with everything in it. Resolves when it is dead. */
  readonly destroy: () => Promise<void>;
  /** The sandbox is gone, background processes of the step included. */
  readonly gone: Promise<void>;
};

export type StepOrder = {
  readonly instance: InstanceSpec;
  readonly hostname: string;
  /** Host folder with `_script.sh`, and where the instance sees it. */
  readonly folder: string;
  readonly seenAs: string;
  readonly environment: Readonly<Record<string, string>>;
};

/**
 * Starts a step in a sandbox of its own, on the instance's disk. Nothing outlives this process, not even kill -9: the
 * sandbox has a process namespace that dies with its parent, and its mounts are in a namespace that goes with it.
 */
export const startStep = async (order: StepOrder): Promise<RunningStep> => {
  const { instance } = order;
  const handles: FileHandle[] = [];
  try {
    const filter = isSquashed(instance) ? await openFilter(instance, handles) : 'ignore';
    const share =
      shareCanFill(instance) && instance.share !== undefined
        ? await openFor(instance.share, handles)
        : 'ignore';
    const runner = await openFor(runStepScript, handles);
    // 0 orders, 2 complaints, 3 and 4 the step's output, 7 its status: not 1, because bwrap's own processes keep 0 to 2
    // open as long as the sandbox lives.
    const child = spawn(bubblewrap(), await commandLine(order), {
      detached: true,
      env: { ...order.environment, PATH: instancePath },
      stdio: ['pipe', 'ignore', 'pipe', 'pipe', 'pipe', filter, share, 'pipe', runner],
    });
    return await follow(child);
  } finally {
    for (const handle of handles) await handle.close();
  }
};

const isSquashed = (instance: InstanceSpec): boolean => instance.faults.includes('share-squashed');

const commandLine = async (order: StepOrder): Promise<readonly string[]> => {
  const { instance, hostname, seenAs } = order;
  const preserved = isSquashed(instance) ? attributes : `${attributes},ownership`;
  return [
    ...isolationArguments(hostname, isRoot()),
    ...(isSquashed(instance) ? ['--seccomp', '5'] : []),
    ...(await mountArguments(order)),
    ...['--chdir', workingDirectory],
    ...['--', 'bash', '/proc/self/fd/8', join(seenAs, '_script.sh')],
    ...(shareCanFill(instance) ? [instance.id, instance.sharePath, preserved] : []),
  ];
};

/** systemd's PATH for a service, which the agent is. */
export const instancePath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Where the agent's own program lies, so that is where its scripts start. */
const workingDirectory = '/usr/bin';

const runStepScript = new URL('run-step.sh', import.meta.url);
const attributes = 'mode,timestamps,links';

export const isRoot = (): boolean => process.getuid?.() === 0;

/** The program, found by the caller's PATH: the sandbox's own is another. */
export const bubblewrap = (): string => findProgram('bwrap') ?? 'bwrap';

/**
 * Namespaces and rights. Root stays in the host's user namespace, so that owners are what they are and chown works;
 * everybody else becomes root of a user namespace. There is no network: documents need none, and a script that is being
 * tried out should reach none. Nobody may mount, load, trace other users or make devices.
 */
export const isolationArguments = (hostname: string, root: boolean): readonly string[] => [
  '--die-with-parent',
  '--unshare-pid',
  '--unshare-ipc',
  '--unshare-uts',
  '--unshare-net',
  ...(root ? [] : ['--unshare-user', '--uid', '0', '--gid', '0']),
  '--hostname',
  hostname,
  '--cap-drop',
  'ALL',
  ...rootCapabilities.flatMap((capability) => ['--cap-add', capability]),
];

const rootCapabilities = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SYS_CHROOT',
  'CAP_SYS_NICE',
] as const;

/** The host's programs and what they need to know, read-only, over `disk`; /proc and /dev of its own. */
export const systemArguments = (disk: string): readonly string[] => [
  '--bind',
  disk,
  '/',
  ...systemFolders
    .filter((name) => lstatSync(`/${name}`, { throwIfNoEntry: false })?.isDirectory() === true)
    .flatMap((name) => ['--ro-bind', `/${name}`, `/${name}`]),
  ...hostFiles.flatMap((path) => ['--ro-bind-try', path, path]),
  '--proc',
  '/proc',
  '--dev',
  '/dev',
];

/** Users' names, program alternatives, the loader's cache, time zone. Never the host's secrets (/etc/shadow, keys). */
const hostFiles = [
  '/etc/alternatives',
  '/etc/group',
  '/etc/ld.so.cache',
  '/etc/ld.so.conf',
  '/etc/ld.so.conf.d',
  '/etc/localtime',
  '/etc/nsswitch.conf',
  '/etc/os-release',
  '/etc/passwd',
  '/etc/system-release',
] as const;

const mountArguments = async (order: StepOrder): Promise<readonly string[]> => {
  const { instance, folder, seenAs } = order;
  const mounts = [
    ...systemArguments(foldersOf(instance).disk),
    ...['--bind', instance.state, '/var/lib/lifeboat'],
    ...['--bind', folder, seenAs],
  ];
  if (instance.upload !== undefined && sourceIsMounted(instance)) {
    mounts.push(instance.uploadReadOnly ? '--ro-bind' : '--bind', instance.upload, instance.sourcePath);
  }
  if (instance.share === undefined || !shareIsMounted(instance)) return mounts;
  if (!shareCanFill(instance)) return [...mounts, '--bind', instance.share, instance.sharePath];
  const bytes = await fullShareBytes(instance.share, instance.id);
  return [...mounts, '--perms', '0755', '--size', String(bytes), '--tmpfs', instance.sharePath];
};

const openFilter = async (instance: InstanceSpec, handles: FileHandle[]): Promise<number> => {
  const { agent } = foldersOf(instance);
  await mkdir(agent, { recursive: true });
  await writeFile(join(agent, 'refuse-chown.bpf'), refuseChown());
  return openFor(join(agent, 'refuse-chown.bpf'), handles);
};

const openFor = async (path: string | URL, handles: FileHandle[]): Promise<number> => {
  const handle = await open(path);
  handles.push(handle);
  return handle.fd;
};

const follow = async (child: ChildProcess): Promise<RunningStep> => {
  const [control, , complaints, stdout, stderr, , , status] = stdioOf(child);
  if (
    !(control instanceof Writable) ||
    !(status instanceof Readable && complaints instanceof Readable) ||
    !(stdout instanceof Readable && stderr instanceof Readable)
  ) {
    throw new Error('The pipes of a sandbox are missing.');
  }
  const [heldStdout, heldStderr] = [held(stdout), held(stderr)];
  // A sandbox that has ended reads no orders any more; that it ended is heard from `close`.
  control.on('error', () => undefined);
  await once(child, 'spawn').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`bwrap could not be started (${error.code ?? error.message}). Install bubblewrap.`);
  });
  const gone = once(child, 'exit').then(() => undefined);
  const complaint = firstText(complaints);
  const ended = wholeText(status).then(async (told) => {
    // bash complains before it tells the status, on another pipe: let that be read, too.
    await nextTurn();
    return stepEnd(told, complaint());
  });
  return {
    stdout: heldStdout,
    stderr: heldStderr,
    ended,
    killGroup: () => control.write('kill\n'),
    destroy: async () => {
      killProcessGroup(child);
      await gone;
    },
    gone,
  };
};

/**
 * The stream, for whoever listens to it later: what a child has said and nobody listens to when it ends, Node throws away
 * (`flushStdio` of child_process). Who destroys it destroys the child's end, too.
 */
const held = (stream: Readable): Readable => {
  const kept = new PassThrough();
  pipeline(stream, kept, () => undefined);
  return kept;
};

/** Node's types know the first five only. */
const stdioOf = (child: ChildProcess): readonly unknown[] => child.stdio;

/** bash says `line 40:    7 Killed   setsid …` of a process that a signal ended, and nothing of one that exits with 137. */
const stepEnd = (told: string, complaint: string): StepEnd => {
  if (!/^\d+\n$/.test(told)) return { kind: 'lost', complaint: complaint.trim() };
  const status = Number(told);
  return status > 128 && /: line \d+: +\d+ \S.* setsid sh/.test(complaint)
    ? { kind: 'killed' }
    : { kind: 'exited', status };
};

const wholeText = async (stream: Readable): Promise<string> => {
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) text += String(chunk).slice(0, 100);
  return text;
};

/** Collects while the sandbox lives; answers at once, because a background process may keep the stream open. */
const firstText = (stream: Readable): (() => string) => {
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    if (text.length < 4000) text += chunk;
  });
  return () => text;
};

const killProcessGroup = (child: ChildProcess): void => {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
};

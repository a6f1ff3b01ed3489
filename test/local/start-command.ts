import { spawn } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { planFile } from './packaged-service.ts';

export type Ended = { readonly exitCode: number | null; readonly stdout: string; readonly stderr: string };

export type StartCommand = {
  readonly words: readonly string[];
  readonly planFile?: string;
  /** Sends SIGINT to the process as soon as it has said this, as Ctrl-C does. */
  readonly interruptAt?: string;
};

/** `npm start -- WORDS` as a process of its own, in a group of its own, and what is left of it when it has ended. */
export const start = async (command: StartCommand): Promise<Ended> => {
  const child = spawn(process.execPath, ['local/start.ts', ...command.words], {
    detached: true,
    // One that hangs is a failure, and must not outlive its test.
    ...{ timeout: 45_000, killSignal: 'SIGKILL' },
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LIFEBOAT_PLAN_FILE: command.planFile ?? planFile },
  });
  const said = { stdout: '', stderr: '' };
  let interrupted = command.interruptAt === undefined;
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      said[stream] += text;
      if (interrupted || !said[stream].includes(command.interruptAt ?? '')) return;
      interrupted = true;
      child.kill('SIGINT');
    });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { exitCode, ...said };
};

/** Processes that work in a folder or for it: named on their command line, or their working directory. Zombies do not. */
export const processesOf = async (folder: string): Promise<readonly string[]> => {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    ids.map(async (id) => {
      const command = await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '');
      const place = await readlink(`/proc/${id}/cwd`).catch(() => '');
      return `${command.replaceAll('\0', ' ')} in ${place}`;
    }),
  );
  return lines.filter((line) => line.includes(folder));
};

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { plan, type RunOptions, type TestInstance } from './instance.ts';

/** What is to happen at a call that changes the share or what the instance remembers. */
export type Fault =
  | { readonly kind: 'kill' }
  /** The call fails, once or from then on for ever. Errno as in errno.h: 5 EIO, 28 ENOSPC, 116 ESTALE. */
  | { readonly kind: 'error'; readonly errno: number; readonly forever: boolean };

/** Builds fault.c into a folder. Answers undefined, and says why, where there is no compiler; in CI that is an error. */
export const buildFaultLibrary = (folder: string): string | undefined => {
  const library = join(folder, 'fault.so');
  const source = fileURLToPath(new URL('fault.c', import.meta.url));
  const { status, stderr, error } = spawnSync(
    'gcc',
    ['-O2', '-shared', '-fPIC', '-o', library, source, '-ldl'],
    { encoding: 'utf8' },
  );
  if (status === 0) return library;
  if (error === undefined || process.env.CI === 'true') throw error ?? new Error(stderr);
  console.warn('skipped: every write is broken once by a preloaded library, and gcc is not installed');
  return undefined;
};

/** What makes a run meet a fault at its n-th change; with n = 0 it meets none and only counts. */
export const faultOptions = (
  library: string,
  instance: TestInstance,
  fault: Fault,
  n: number,
): RunOptions => {
  const counter = join(instance.folder, 'counter');
  writeFileSync(counter, Buffer.alloc(8));
  const memory = ['known', 'share', 'share.new'].map((name) => `/mnt/state/plans/${plan}/${name}`);
  return {
    environment: {
      LD_PRELOAD: library,
      FAULT_COUNTER: counter,
      FAULT_PATHS: ['/mnt/share', ...memory].join(':'),
      FAULT_AT: String(n),
      FAULT_KIND: fault.kind === 'kill' ? 'kill' : String(fault.errno),
      ...(fault.kind === 'error' && fault.forever ? { FAULT_FOREVER: '1' } : {}),
    },
  };
};

/** Changes that the last run with {@link faultOptions} made, or tried to make. */
export const changesCounted = (instance: TestInstance): number =>
  Number(readFileSync(join(instance.folder, 'counter')).readBigInt64LE());

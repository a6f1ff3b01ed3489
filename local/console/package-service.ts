import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packagingMilliseconds = 120_000;
const project = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/**
 * `sls package` into a folder: the very bundles, documents and template that `sls deploy` would send. Needs no network
 * and no credentials. Throws with what osls printed when it fails, for instance with the mistakes in lifeboat.yml.
 */
export const packageService = async (
  into: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<{ readonly milliseconds: number }> => {
  const began = performance.now();
  mkdirSync(into, { recursive: true });
  // osls leaves what it zips in the folder for temporary files.
  const temporary = mkdtempSync(join(tmpdir(), 'lifeboat-package-'));
  try {
    await runOsls(into, { ...environment, TMPDIR: temporary });
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return { milliseconds: performance.now() - began };
};

const runOsls = async (into: string, environment: Readonly<Record<string, string>>): Promise<void> => {
  const osls = join(project, 'node_modules', 'serverless', 'bin', 'serverless.js');
  const child = spawn(process.execPath, [osls, 'package', '--package', into], {
    cwd: project,
    stdio: ['ignore', 'pipe', 'pipe'],
    // serverless-esbuild keeps esbuild running after some build errors, and osls then never ends.
    timeout: packagingMilliseconds,
    env: { ...withoutAwsSettings(process.env), ...environment },
  });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (exitCode !== 0)
    throw new Error(`\`npx sls package\` failed:\n${Buffer.concat(output).toString('utf8').trim()}`);
};

/** Packaging asks AWS for nothing: a developer's profile or endpoint must not change what comes out. */
const withoutAwsSettings = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) => !name.startsWith('AWS_') && !name.startsWith('SLS_') && name !== 'NODE_OPTIONS',
    ),
  );

import { spawnSync } from 'node:child_process';
import { type Browser, chromium } from 'playwright-core';
import { findProgram } from '../../local/fleet/program.ts';

const names = ['chromium', 'chromium-browser', 'google-chrome'];

/**
 * The Chromium of this system; as root on Debian it is installed where it is missing, but not in CI. Undefined where there
 * is none: the reason is in {@link whyNoBrowser}.
 */
export const findBrowser = (): string | undefined => {
  const found = names.map((name) => findProgram(name)).find((path) => path !== undefined);
  if (found !== undefined || process.env.CI === 'true' || process.getuid?.() !== 0) return found;
  if (findProgram('apt-get') === undefined) return undefined;
  spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore' });
  spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], {
    stdio: 'ignore',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return findProgram('chromium');
};

export const whyNoBrowser = ' (skipped: there is no Chromium here; `apt-get install chromium` brings one)';

/** Chromium's own sandbox needs a user that is not root; the pages are ours, on 127.0.0.1. */
export const openBrowser = (executablePath: string): Promise<Browser> =>
  chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });

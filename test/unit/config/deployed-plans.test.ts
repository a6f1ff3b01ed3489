import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, jest, test } from '@jest/globals';
import { readPlans } from '../../../deploy/plans.ts';
import { plansPlugin } from '../../../deploy/plans-plugin.ts';
import { needed, planText } from './plan-texts.ts';

const folder = mkdtempSync(join(tmpdir(), 'lifeboat-deployed-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  delete process.env.LIFEBOAT_PLAN_FILE;
});

const plans = readPlans(planText(...needed), 'lifeboat.yml');
jest.unstable_mockModule('lifeboat:plans', () => ({ default: plans }), { virtual: true });
const { deployedPlans, planNamed } = await import('../../../functions/config/deployed-plans.ts');

test('a function knows the plans that were packaged, by name', () => {
  expect(deployedPlans).toEqual(plans);
  expect(planNamed('acme-web')).toBe(plans[0]);
});

test.each([
  ['acme-wbe', 'There is no plan "acme-wbe". Did you mean acme-web? '],
  ['nightly', 'There is no plan "nightly". '],
  ['toString', 'There is no plan "toString". '],
])('a plan that is not there is told with those that are: %s', (name, told) => {
  expect(() => planNamed(name)).toThrow(
    `${told}This deployment knows acme-web; a new plan of lifeboat.yml is deployed with \`npx sls deploy\`.`,
  );
});

/** What the plugin makes of an import of `lifeboat:plans`, without esbuild. */
const bundled = async (text: string) => {
  process.env.LIFEBOAT_PLAN_FILE = join(folder, 'plans.yml');
  writeFileSync(process.env.LIFEBOAT_PLAN_FILE, text);
  const { build } = await import('esbuild');
  const entry = join(folder, 'entry.js');
  writeFileSync(entry, 'import plans from "lifeboat:plans"; export default plans;');
  return build({
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    write: false,
    logLevel: 'silent',
    plugins: [plansPlugin],
  });
};

test('packaging puts the plans into the bundle', async () => {
  const { outputFiles } = await bundled(planText(...needed));
  const code = outputFiles[0]?.text ?? '';
  const { default: packaged }: { default: unknown } = await import(
    `data:text/javascript,${encodeURIComponent(code)}`
  );
  expect(packaged).toEqual(plans);
});

test('mistakes stop packaging at the line of the plan file', async () => {
  await expect(bundled(planText(...needed, 'deadline: 3 hours'))).rejects.toMatchObject({
    errors: [
      {
        text: 'plans.acme-web.deadline: `3 hours` is not taken. Allowed: a duration from 5m to 2d, such as 15m, 3h or 1h30m.',
        location: { line: 9, column: 14, length: 7, lineText: '    deadline: 3 hours' },
      },
    ],
  });
});

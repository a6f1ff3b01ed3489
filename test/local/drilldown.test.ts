// biome-ignore-all lint/performance/useDomNodeTextContent: what a reader sees is what is rendered
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import type { RunRecord } from '../../functions/pipeline/run-record.ts';
import { type DashboardServer, startDashboards } from '../../local/dashboard/dashboard-server.ts';
import { findBrowser, openBrowser, whyNoBrowser } from './browser.ts';
import { invoke } from './invoke.ts';
import { atRest, idOf, type NightLab, openNightLab } from './night-lab.ts';

const executable = findBrowser();
const inBrowser = executable === undefined ? describe.skip : describe;
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** A name that would like to be markup, a script and another name. */
const hostile = `<img src=x onerror=alert(1)>\u202egnp."'&.pdf`;

let lab: NightLab;
let dashboards: DashboardServer;
let browser: Browser;
let good: RunRecord;
let bad: RunRecord;

inBrowser(`the dashboard in a browser${executable === undefined ? whyNoBrowser : ''}`, () => {
  beforeAll(async () => {
    lab = await openNightLab({ instances: 2, files: 4 });
    await lab.boot();
    lab.upload(1, hostile.replaceAll('/', ''), 'x');
    good = await lab.night();
    await lab.boot('source-missing');
    bad = await lab.night();
    dashboards = await startDashboards(lab.aws(), 0);
    browser = await openBrowser(executable ?? '');
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await dashboards?.stop();
    await lab?.close();
  });

  const open = async (theme: 'light' | 'dark', width = 1200): Promise<Page> => {
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    page.on('pageerror', (error) => {
      throw error;
    });
    await page.goto(`${dashboards.origin}/lifeboat-prod-acme-web?theme=${theme}`);
    await loaded(page, 1);
    return page;
  };
  const loaded = (page: Page, times: number) => page.waitForSelector(`div.custom[data-loads="${times}"]`);
  const widget = (page: Page) => page.locator('div.custom');

  test('leads from the alarm to the night, the instance, the cause and the end of its log in two clicks', async () => {
    const page = await open('light');
    expect(await page.locator('.states').innerText()).toMatch(/ALARM lifeboat-prod\/acme-web\/not-protected/);
    expect(await widget(page).innerText()).toMatch(/1 of 2 instances not protected/);
    await page.getByRole('button', { name: idOf(2) }).click();
    await loaded(page, 2);
    const instance = await widget(page).innerText();
    expect(instance).toMatch(/source-missing: The source folder does not exist/);
    expect(instance).toMatch(/The end of its log[\s\S]*failed: source-missing/);
    await page.getByRole('button', { name: bad.run.split('/')[1] ?? '' }).click();
    await loaded(page, 3);
    expect(await widget(page).innerText()).toMatch(/Partly protected: 1 of 2 instances\./);
    await page.close();
  }, 60_000);

  test('finds a night by its day, and an instance by a part of its name', async () => {
    const page = await open('light');
    await page.locator('.nights button').last().click();
    await loaded(page, 2);
    expect(await widget(page).innerText()).toContain(bad.run);
    await page.getByRole('button', { name: 'All of acme-web' }).click();
    await loaded(page, 3);
    await page.getByLabel('Instance', { exact: true }).fill(idOf(1).slice(3, 9));
    await page.getByRole('button', { name: 'Search' }).click();
    await loaded(page, 4);
    expect(await page.locator('.custom tbody th').allInnerTexts()).toEqual([idOf(1)]);
    await page.close();
  }, 60_000);

  test('retries what failed when the question is confirmed, and only then', async () => {
    const page = await open('light');
    const commands = () => lab.calls().filter(({ operation }) => operation === 'SendCommand').length;
    const before = commands();
    await page.getByRole('button', { name: 'Retry 1 failed instance' }).click();
    await page.getByText('Back up 1 instance of acme-web again, now?').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await atRest(lab.aws());
    expect(commands()).toBe(before);
    await page.getByRole('button', { name: 'Retry 1 failed instance' }).click();
    await page.getByRole('button', { name: 'Confirm' }).click();
    const answer = JSON.parse(await page.locator('#popup pre').innerText());
    expect(answer).toMatchObject({ state: 'running', expected: [idOf(2)] });
    expect(await lab.settle(answer.run)).toMatchObject({ scope: 'instances', trigger: { kind: 'hand' } });
    await page.close();
  }, 60_000);

  test('whoever may not invoke a function is told so, and nothing happens', async () => {
    const page = await open('light');
    await page.route('**/invoke', (route) =>
      route.fulfill({
        json: {
          failed: true,
          payload: 'AccessDeniedException: not authorized to perform: lambda:InvokeFunction',
        },
      }),
    );
    await page.getByRole('button', { name: 'Back up now' }).click();
    await page.getByRole('button', { name: 'Confirm' }).click();
    expect(await page.locator('#popup pre').innerText()).toMatch(/not authorized/);
    await page.close();
  }, 60_000);

  test('can be worked by keyboard alone', async () => {
    const page = await open('light');
    const focused = () => page.evaluate('document.activeElement.innerText');
    for (let presses = 0; presses < 120 && (await focused()) !== idOf(2); presses += 1)
      await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await loaded(page, 2);
    expect(await widget(page).locator('h1').innerText()).toBe(idOf(2));
    await page.close();
  }, 60_000);

  test.each([
    ['light', 1400],
    ['light', 380],
    ['dark', 1400],
    ['dark', 380],
  ] as const)(
    'has nothing that axe finds, %s, %d pixels wide, and is never wider than that',
    async (theme, width) => {
      const page = await open(theme, width);
      const steps = [
        () => Promise.resolve(),
        () => page.getByRole('button', { name: idOf(2) }).click(),
        () => page.locator('.custom tbody button').first().click(),
      ];
      for (const [index, step] of steps.entries()) {
        await step();
        await loaded(page, index + 1);
        await page.evaluate(axeSource);
        const found = (await page.evaluate(
          `axe.run('div.custom', { rules: { region: { enabled: false } } })`,
        )) as {
          readonly violations: readonly {
            readonly id: string;
            readonly nodes: readonly { readonly html: string }[];
          }[];
        };
        expect(found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
        expect(
          await page.evaluate(
            'document.querySelector("div.custom").scrollWidth <= document.querySelector("div.custom").clientWidth',
          ),
        ).toBe(true);
      }
      await page.close();
    },
    120_000,
  );

  test('a hostile file name is text on the page, and a script in an answer never runs', async () => {
    await lab.boot();
    lab.upload(2, 'ok.pdf', 'x');
    await dashboards.stop();
    dashboards = await startDashboards(lab.aws(), 0);
    const record = await lab.night();
    const edited = structuredClone(record) as unknown as { results: { report: { warnings: unknown[] } }[] };
    edited.results[0]?.report.warnings.push({ cause: 'file-changed', count: 1, example: hostile });
    await fetch(`${lab.aws().endpoint}/${lab.aws().stack.buckets[0]}/runs/${record.run}/record.json`, {
      method: 'PUT',
      headers: {
        authorization:
          'AWS4-HMAC-SHA256 Credential=test/20261123/ap-southeast-1/s3/aws4_request, SignedHeaders=host, Signature=0',
      },
      body: JSON.stringify(edited),
    });
    const page = await open('light');
    let alerted = false;
    page.on('dialog', (dialog) => {
      alerted = true;
      void dialog.dismiss();
    });
    await page.getByRole('button', { name: idOf(1) }).click();
    await loaded(page, 2);
    expect(await widget(page).innerText()).toContain('<img src=x onerror=alert(1)>\\u{202e}gnp.');
    expect(await page.locator('.custom img').count()).toBe(0);
    expect(alerted).toBe(false);
    await page.close();
  }, 60_000);

  test('the report in the bucket shows the same night, in light and dark, without a button', async () => {
    const page = await browser.newPage();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setContent((await lab.object(`runs/${bad.run}/report.html`)) ?? '');
      expect(await page.locator('main').innerText()).toMatch(/Partly protected: 1 of 2 instances/);
      expect(await page.locator('button').count()).toBe(0);
      await page.evaluate(axeSource);
      const found = (await page.evaluate('axe.run()')) as {
        readonly violations: readonly { readonly id: string }[];
      };
      expect(found.violations.map(({ id }) => id)).toEqual([]);
    }
    await page.close();
  }, 60_000);

  test('describes itself, and answers what it does not understand with what it does', async () => {
    const { answer } = await invoke(lab.aws(), 'drilldown', { describe: true });
    expect(answer.markdown).toMatch(/### Parameters[\s\S]*plan: acme-web/);
    const wrong = await invoke(lab.aws(), 'drilldown', { plan: 'acme-wbe' });
    expect([wrong.failed, String(wrong.answer)]).toEqual([
      false,
      expect.stringMatching(/Did you mean acme-web\?/),
    ]);
    expect(good.result).toBe('protected');
  }, 60_000);
});

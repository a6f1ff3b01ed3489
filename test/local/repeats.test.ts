import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { causes } from '../../functions/pipeline/causes.ts';
import type { JiraIssue, SlackMessage } from '../../local/contract.ts';
import { invoke } from './invoke.ts';
import { type NightLab, openNightLab } from './night-lab.ts';

let lab: NightLab;
beforeAll(async () => {
  lab = await openNightLab({ instances: 2, files: 3 });
}, 180_000);
afterAll(() => lab.close());

/** What came since the last look, the starts left out. */
const newsOfSlack = (() => {
  let seen = 0;
  return (): readonly SlackMessage[] => {
    const all = lab.slack.messages();
    const news = all.slice(seen).filter(({ text }) => !text.includes('backup started'));
    seen = all.length;
    return news;
  };
})();
const theIssue = (): JiraIssue => {
  const [issue, ...others] = lab.jira.issues();
  expect(others).toEqual([]);
  if (issue === undefined) throw new Error('JIRA has no issue.');
  return issue;
};
let thread: string | undefined;
const headOfThread = (): string | undefined =>
  lab.slack.messages().find(({ timestamp }) => timestamp === thread)?.text;

test('the first failing night opens a thread in Slack and an issue in JIRA', async () => {
  await lab.boot('source-missing');
  await lab.night();
  const [told, ...more] = newsOfSlack();
  expect([told?.thread, more]).toEqual([undefined, []]);
  thread = told?.timestamp;
  expect(theIssue().comments).toEqual([]);
  expect(await lab.incident()).toMatchObject({
    state: 'open',
    failingRuns: 1,
    jira: { key: theIssue().key },
  });
}, 180_000);

test('the same failure on the next night is no news, but counted in the thread', async () => {
  await lab.boot('source-missing');
  const { result, run } = await lab.night();
  expect(result).toBe('partial');
  const [told, ...more] = newsOfSlack();
  expect([told?.thread, more]).toEqual([thread, []]);
  expect(told?.text).toContain('second night in a row');
  expect(headOfThread()).toMatch(/Open since .*, 2 bad runs/);
  expect(theIssue().comments).toEqual([]);
  expect(await lab.incident()).toMatchObject({ state: 'open', failingRuns: 2, lastRun: run });
}, 60_000);

test('another cause is told, in the same thread and as a comment', async () => {
  await lab.boot('source-empty');
  await lab.night();
  const [told, ...more] = newsOfSlack();
  expect([told?.thread, more]).toEqual([thread, []]);
  expect(told?.text).toContain(causes['source-empty'].sentence);
  expect(told?.text).toMatch(/Failing since .*: 3 runs/);
  expect(headOfThread()).toMatch(/Escalated: at risk since .*, 3 bad runs/);
  expect(theIssue().comments).toEqual([expect.stringContaining(causes['source-empty'].sentence)]);
}, 60_000);

test('whoever is at it says so by hand, and the head of the thread shows it', async () => {
  const event = { plan: 'acme-web', incident: 'acknowledge' };
  const { failed, answer } = await invoke(lab.aws(), 'dispatch', event);
  expect([failed, answer]).toEqual([
    false,
    expect.objectContaining({
      plan: 'acme-web',
      acknowledged: true,
      note: expect.not.stringContaining('yet'),
    }),
  ]);
  expect(headOfThread()).toMatch(/3 bad runs\. Acknowledged /);
  expect(newsOfSlack()).toEqual([]);
}, 60_000);

test('recovery is told where the trouble was told, and how long it lasted', async () => {
  await lab.boot();
  await lab.night();
  const [told, ...more] = newsOfSlack();
  expect([told?.thread, more]).toEqual([thread, []]);
  expect(told?.text).toMatch(/protected again/);
  expect(told?.text).toMatch(/lasted 3 runs/);
  expect(theIssue().comments.at(-1)).toMatch(/protected again/);
  expect(theIssue()).toMatchObject({ status: 'Done', comments: { length: 2 } });
  expect(headOfThread()).toMatch(/Recovered .* it was open since .*, 3 bad runs/);
  expect(await lab.incident()).toMatchObject({ state: 'closed' });
}, 60_000);

test('a good night after it is told as any other, and JIRA hears nothing', async () => {
  await lab.pass(3_600_000);
  await lab.night();
  expect(newsOfSlack()).toMatchObject([{ text: expect.stringContaining('is good') }]);
  expect(lab.slack.messages().at(-1)?.thread).toBeUndefined();
  expect(theIssue().comments).toHaveLength(2);
}, 60_000);

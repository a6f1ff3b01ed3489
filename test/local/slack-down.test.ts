import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { RunRecord } from '../../functions/pipeline/run-record.ts';
import { type NightLab, openNightLab } from './night-lab.ts';

let lab: NightLab;
beforeAll(async () => {
  lab = await openNightLab({ instances: 1, files: 2 });
  await lab.boot('source-missing');
}, 180_000);
afterAll(() => lab.close());

const told = (record: RunRecord) =>
  record.notices.map(({ kind, channel, state }) => `${kind} ${channel} ${state}`);
const allTold = ['started slack told', 'failed slack told', 'failed jira told'];
const failures = () =>
  lab
    .aws()
    .functions.metrics()
    .filter(({ name }) => name === 'EscalationFailed');

describe('while Slack answers 500', () => {
  let record: RunRecord;

  beforeAll(async () => {
    // Two notices, each posted once and then looked for three times.
    lab.slack.fail(500, 8);
    record = await lab.night();
  }, 120_000);

  test('the run is closed all the same, and JIRA is told', () => {
    expect(record).toMatchObject({ state: 'closed', result: 'failed' });
    expect(told(record)).toEqual(['started slack failed', 'failed slack failed', 'failed jira told']);
    expect(lab.slack.messages()).toEqual([]);
    expect(lab.jira.issues()).toHaveLength(1);
  });

  test('each failure is counted, and the record says what Slack said, without the token', () => {
    expect(failures()).toMatchObject(
      [1, 2].map(() => ({ dimensions: { plan: 'acme-web', service: 'lifeboat-prod' }, value: 1 })),
    );
    for (const { channel, error } of record.notices)
      if (channel === 'slack') expect(error).toMatch(/^Slack .*HTTP 500.*tried again later/);
    expect(JSON.stringify(record)).not.toContain(lab.slack.botToken);
  });

  test('when Slack is back, what is owed is told once; that the run had begun is no news any more', async () => {
    record = await lab.settle(record.run);
    expect(told(record)).toEqual(['started slack failed', 'failed slack told', 'failed jira told']);
    expect(lab.slack.messages()).toHaveLength(1);
    expect(lab.jira.issues()).toMatchObject([{ comments: [] }]);
  }, 60_000);
});

test('a rate limit is waited for as long as Slack asks, within the same night', async () => {
  await lab.pass(2_000);
  await lab.forgetIncident();
  const before = { failures: failures().length, slack: lab.slack.messages().length };
  lab.slack.fail(429, 2);
  expect(told(await lab.night())).toEqual(allTold);
  expect(failures()).toHaveLength(before.failures);
  expect(lab.slack.messages()).toHaveLength(before.slack + 2);
}, 60_000);

test('a request that hangs is given up after seconds, and told again within the same night', async () => {
  await lab.pass(2_000);
  await lab.forgetIncident();
  const before = lab.slack.messages().length;
  lab.slack.fail('hang', 1);
  expect(told(await lab.night())).toEqual(allTold);
  expect(lab.slack.messages()).toHaveLength(before + 2);
}, 60_000);

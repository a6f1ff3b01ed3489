import { afterEach, describe, expect, test } from '@jest/globals';
import type { JiraPlan } from '../../../functions/config/plan.ts';
import { tellersFor } from '../../../functions/escalation/open-channels.ts';
import type { Notice, Teller } from '../../../functions/pipeline/doors.ts';
import { type LocalJiraOptions, type RunningJira, startLocalJira } from '../../../local/jira/local-jira.ts';
import { aNotice, anIncident, aPlan, aRecord, safe, unsafe } from './a-notice.ts';

/** What becomes of an issue while an incident lives: fields, status, opened again. */
const open: RunningJira[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((jira) => jira.stop()));
});

type Edition = 'cloud' | 'data-center';

const start = async (
  edition: Edition,
  options: LocalJiraOptions = {},
  change: Partial<JiraPlan> = {},
): Promise<{ readonly jira: RunningJira; readonly tell: Teller['tell'] }> => {
  const jira = await startLocalJira({ edition, ...options });
  open.push(jira);
  const base = aPlan().jira;
  if (base === undefined) throw new Error('The plan has no JIRA.');
  const plan = aPlan({ jira: { ...base, url: jira.url, edition, ...change } });
  const teller = tellersFor(plan, {
    readSecret: async () => jira.credentials,
    budgetMilliseconds: 4_000,
    requestMilliseconds: 500,
    pauseMilliseconds: 5,
  }).jira;
  if (teller === undefined) throw new Error('The plan has no JIRA.');
  return { jira, tell: (notice) => teller.tell({ ...notice, plan }) };
};

const nextRun = 'acme-web/20261124T180000Z-backup';
const failure = (change: Partial<Notice> = {}) => aNotice('failed', [safe(1), unsafe(2)], change);
const recovery = (key: string) =>
  aNotice('recovered', [], {
    record: aRecord([safe(1), safe(2)], { run: nextRun }),
    incident: anIncident({ state: 'closed', jira: { key }, closedAt: '2026-11-24T18:00:16.000Z' }),
  });
const back = (days: number) => {
  const openedAt = new Date(Date.parse('2026-11-24T18:00:16.000Z') + days * 86_400_000).toISOString();
  const run = `acme-web/${openedAt.slice(0, 10).replaceAll('-', '')}T180000Z-backup`;
  const earlier = { closedAt: '2026-11-24T18:00:16.000Z', jira: { key: 'OPS-1' } };
  const record = aRecord([safe(1), unsafe(2)], { run });
  return aNotice('failed', [], { record, incident: anIncident({ openedBy: run, openedAt, earlier }) });
};

describe.each(['cloud', 'data-center'] as const)('an issue (%s)', (edition) => {
  test('is done after the recovery, whatever the workflow calls that and wants to know', async () => {
    const workflow = [
      { transition: '5', status: 'Neu', category: 'new' },
      { transition: '6', status: 'Abgelehnt', name: 'Reject', category: 'done' },
      {
        transition: '7',
        status: 'Erledigt',
        name: 'Close',
        category: 'done',
        resolutions: ["Won't do", 'Fixed'],
      },
    ] as const;
    const { jira, tell } = await start(edition, { workflow });
    const { reference } = await tell(failure());
    await tell(recovery(reference));
    expect(jira.issues()).toMatchObject([{ key: 'OPS-1', status: 'Erledigt' }]);
    expect(jira.issues()[0]?.comments).toEqual([expect.stringContaining('(good again)')]);
  });

  test('stays where it is when the plan wants that', async () => {
    const { jira, tell } = await start(edition, {}, { resolves: false });
    const { reference } = await tell(failure());
    await tell(recovery(reference));
    expect(jira.issues()).toMatchObject([{ status: 'To Do', comments: [expect.any(String)] }]);
  });

  test('that no transition closes stays open, and the comment says so', async () => {
    const workflow = [
      { transition: '5', status: 'Backlog', category: 'new' },
      { transition: '6', status: 'Review', category: 'indeterminate' },
      { transition: '7', status: 'Done', category: 'done', from: ['Review'] },
    ] as const;
    const { jira, tell } = await start(edition, { workflow });
    const { reference } = await tell(failure());
    await tell(recovery(reference));
    expect(jira.issues()[0]).toMatchObject({ status: 'Backlog' });
    expect(jira.issues()[0]?.comments[0]).toContain('It could not be moved: no transition');
  });

  test('is opened again when the trouble comes back within the time, and then done again', async () => {
    const { jira, tell } = await start(edition);
    await tell(failure());
    await tell(recovery('OPS-1'));
    const again = back(6);
    expect(await tell(again)).toEqual({ reference: 'OPS-1' });
    expect(jira.issues()).toMatchObject([{ status: 'To Do', comments: { length: 2 } }]);
    await tell({ ...again, mayBeTold: true });
    expect(jira.issues()).toMatchObject([{ status: 'To Do', comments: { length: 2 } }]);
  });

  test('of trouble long over is left alone: there is a new one', async () => {
    const { jira, tell } = await start(edition);
    await tell(failure());
    await tell(recovery('OPS-1'));
    expect(await tell(back(8))).toEqual({ reference: 'OPS-2' });
    expect(jira.issues()).toMatchObject([{ status: 'Done', comments: { length: 1 } }, { status: 'To Do' }]);
  });

  test('that somebody closed while the trouble lasts stays closed, and hears of changes and of the end', async () => {
    const { jira, tell } = await start(edition);
    await tell(failure());
    jira.move('OPS-1', 'Done');
    const incident = anIncident({ jira: { key: 'OPS-1' } });
    const record = aRecord([unsafe(1, 'share-full')], { run: nextRun });
    await tell(aNotice('failed', [], { incident, record }));
    expect(jira.issues()).toMatchObject([{ status: 'Done', comments: { length: 1 } }]);
  });

  test('has priority, assignee, components and fields of the plan, and becomes more urgent with the risk', async () => {
    const assignee = edition === 'cloud' ? { accountId: 'amy' } : { name: 'amy' };
    const { jira, tell } = await start(
      edition,
      { components: ['backups'], assignable: ['amy'] },
      {
        priority: { someFailed: 'Medium', allFailed: 'High', atRisk: 'Highest' },
        assignee: 'amy',
        components: ['backups'],
        fields: { customfield_10010: { value: 'Production' } },
      },
    );
    await tell(failure());
    const wanted = {
      assignee,
      priority: { name: 'Medium' },
      components: [{ name: 'backups' }],
      customfield_10010: { value: 'Production' },
    };
    expect(jira.fields('OPS-1')).toEqual(wanted);
    const { news } = anIncident();
    const incident = anIncident({ jira: { key: 'OPS-1' }, news: { ...news, atRisk: true } });
    await tell(aNotice('escalated', [unsafe(2)], { incident }));
    expect(jira.fields('OPS-1')).toEqual({ ...wanted, priority: { name: 'Highest' } });
  });

  test('is made without what JIRA will not take, and says what that was', async () => {
    const { jira, tell } = await start(
      edition,
      { components: [], customFields: [] },
      { priority: { someFailed: 'P1' }, components: ['gone'], fields: { customfield_1: 'x' } },
    );
    expect(await tell(failure())).toEqual({ reference: 'OPS-1' });
    expect(jira.fields('OPS-1')).toEqual({});
    const { description = '' } = jira.issues()[0] ?? {};
    expect(description).toContain('JIRA did not take components as the plan has it:');
    expect(description).toContain("Component name 'gone' is not valid");
    expect(description).toContain('JIRA did not take customfield_1');
    expect(description).toContain('The priority selected is invalid.');
  });

  test('says that Slack could not be told, and why; where there is none, none is made for that', async () => {
    const { jira, tell } = await start(edition);
    const about = {
      channel: 'slack',
      kind: 'failed',
      error: 'Slack chat.postMessage: token_revoked.',
    } as const;
    expect(await tell(aNotice('unheard', [unsafe(2)], { about }))).toEqual({ reference: 'no-issue' });
    await tell(failure());
    await tell(aNotice('unheard', [unsafe(2)], { about, incident: anIncident({ jira: { key: 'OPS-1' } }) }));
    expect(jira.issues()).toMatchObject([
      { comments: [expect.stringMatching(/Slack could not be told .*token_revoked/)] },
    ]);
  });

  test('is moved once when the answer gets lost', async () => {
    const { jira, tell } = await start(edition);
    await tell(failure());
    jira.loseNext(({ method, url }) => method === 'POST' && url.pathname.endsWith('/transitions'));
    await tell(recovery('OPS-1'));
    expect(jira.issues()).toMatchObject([
      { status: 'Done', comments: [expect.not.stringContaining('moved')] },
    ]);
  });
});

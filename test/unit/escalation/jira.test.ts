import { afterEach, describe, expect, test } from '@jest/globals';
import { type ChannelOptions, tellersFor } from '../../../functions/escalation/open-channels.ts';
import { causeIds } from '../../../functions/pipeline/causes.ts';
import type { Notice, Teller } from '../../../functions/pipeline/doors.ts';
import { type LocalJiraOptions, type RunningJira, startLocalJira } from '../../../local/jira/local-jira.ts';
import { aNotice, anIncident, aPlan, aRecord, run, safe, unsafe } from './a-notice.ts';

const open: RunningJira[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((jira) => jira.stop()));
});

const jiraWith = async (options: LocalJiraOptions = {}): Promise<RunningJira> => {
  const jira = await startLocalJira({ projects: { OPS: ['Task', 'Bug'] }, ...options });
  open.push(jira);
  return jira;
};

type Edition = 'cloud' | 'data-center';
const quick = { budgetMilliseconds: 4000, requestMilliseconds: 150, pauseMilliseconds: 5 };

const planOf = (jira: RunningJira, edition: Edition, name = 'acme-web') =>
  aPlan({
    name,
    jira: {
      url: jira.url,
      edition,
      project: 'OPS',
      issueType: 'Task',
      labels: ['backup', 'lifeboat'],
      credentialsParameter: '/lifeboat/jira',
      reopenMinutes: 7 * 1_440,
      resolves: true,
    },
  });

const teller = (
  jira: RunningJira,
  edition: Edition = 'cloud',
  options: Partial<ChannelOptions> = {},
): Teller => {
  const { jira: found } = tellersFor(planOf(jira, edition), {
    readSecret: async () => jira.credentials,
    ...quick,
    ...options,
  });
  if (found === undefined) throw new Error('The plan has no JIRA.');
  return found;
};

const failure = (change: Partial<Notice> = {}) => aNotice('failed', [safe(1), unsafe(2)], change);
const known = (key: string) => ({ incident: anIncident({ jira: { key } }) });
const nextRun = 'acme-web/20261124T180000Z-backup';

describe.each(['cloud', 'data-center'] as const)('JIRA (%s)', (edition) => {
  test('gets an issue on the first failure: what, why, what to do', async () => {
    const jira = await jiraWith({ edition });
    expect(await teller(jira, edition).tell(failure())).toEqual({ reference: 'OPS-1' });
    const [issue] = jira.issues();
    expect(issue?.summary).toBe('acme-web: 1 of 2 instances is protected, 1 is not');
    expect(issue?.labels).toEqual(['lifeboat', 'lifeboat-acme-web', 'backup']);
    expect(issue?.description).toContain('agent-offline');
    expect(issue?.description).toContain('systemctl status amazon-ssm-agent');
    expect(issue?.description).toContain(run);
  });

  test('gets comments on it for what follows', async () => {
    const jira = await jiraWith({ edition });
    const { reference } = await teller(jira, edition).tell(failure());
    const record = aRecord([safe(1), safe(2)], { run: nextRun });
    await teller(jira, edition).tell(aNotice('recovered', [], { ...known(reference), record }));
    expect(jira.issues()).toHaveLength(1);
    expect(jira.issues()[0]?.comments).toEqual([expect.stringContaining('protected again')]);
  });

  test('is searched before an issue is made: the same incident, told again, stays one issue', async () => {
    const jira = await jiraWith({ edition });
    await teller(jira, edition).tell(failure());
    expect(await teller(jira, edition).tell(failure({ mayBeTold: true }))).toEqual({ reference: 'OPS-1' });
    expect(jira.issues()).toHaveLength(1);
    expect(jira.issues()[0]?.comments).toEqual([]);
  });

  test('keeps one issue even if somebody closed it meanwhile', async () => {
    const jira = await jiraWith({ edition });
    await teller(jira, edition).tell(failure());
    jira.move('OPS-1', 'Done');
    await teller(jira, edition).tell(failure({ mayBeTold: true }));
    expect(jira.issues()).toHaveLength(1);
  });

  test('gets no comment twice', async () => {
    const jira = await jiraWith({ edition });
    const { reference } = await teller(jira, edition).tell(failure());
    const notice = aNotice('recovered', [safe(1)], known(reference));
    await teller(jira, edition).tell(notice);
    await teller(jira, edition).tell({ ...notice, mayBeTold: true });
    expect(jira.issues()[0]?.comments).toHaveLength(1);
  });

  test('a lost answer leads to one issue and to one comment', async () => {
    const jira = await jiraWith({ edition });
    const telling = teller(jira, edition);
    expect((await tellLosing(jira, telling, failure())).reference).toBe('OPS-1');
    await tellLosing(jira, telling, aNotice('recovered', [safe(1)], known('OPS-1')));
    expect(jira.issues()).toHaveLength(1);
    expect(jira.issues()[0]?.comments).toHaveLength(1);
  });

  test('takes hostile texts as they are, markup or not', async () => {
    const jira = await jiraWith({ edition });
    const detail =
      '{code}*b* [~admin] {{x}} [a|https://evil.example] h1. \\\\ !img! <b> &amp; \u202e\ud800\n';
    await teller(jira, edition).tell(aNotice('failed', [unsafe(1, 'copy-failed', { detail })]));
    expect(jira.issues()[0]?.description).toContain(
      '{code}*b* [~admin] {{x}} [a|https://evil.example] h1. \\\\ !img! <b> &amp; \\u{202e}\\u{d800}\\n',
    );
  });

  test('takes 2,000 instances with hostile names, 10,000 characters and every cause, and keeps the links', async () => {
    const jira = await jiraWith({ edition });
    const results = Array.from({ length: 2000 }, (_, n) =>
      unsafe(n, causeIds[n % causeIds.length], {
        detail: `${n}${'{'.repeat(10_000)}`,
        instance: `${n}${'{'.repeat(100)}`,
      }),
    );
    await teller(jira, edition).tell(aNotice('failed', results));
    expect(jira.issues()[0]?.summary).toContain('none of 2,000 instances');
    expect(jira.issues()[0]?.description).toMatch(/\d\d instances not protected/);
    expect(jira.issues()[0]?.description).toContain('Report (https://');
    expect(jira.issues()[0]?.description).toContain(`Lifeboat, run ${run} (not good)`);
  });

  test('refuses wrong credentials with 401, and the error names the parameter', async () => {
    const jira = await jiraWith({ edition });
    const wrong = teller(jira, edition, { readSecret: async () => 'someone@example.org:wrong-token' });
    const telling = wrong.tell(failure());
    await expect(telling).rejects.toThrow(
      /^JIRA POST \S+: HTTP 401: Client must be authenticated.*\/lifeboat\/jira/,
    );
    await expect(telling).rejects.not.toThrow('wrong-token');
  });

  test('500 passes, and there is one issue', async () => {
    const jira = await jiraWith({ edition });
    jira.fail(500, 2);
    await teller(jira, edition).tell(failure());
    expect(jira.issues()).toHaveLength(1);
  });
});

/** Tells while the answer to the next request that writes gets lost. */
const tellLosing = async (jira: RunningJira, telling: Teller, notice: Notice) => {
  jira.loseNext((request) => request.method === 'POST' && !request.url.pathname.includes('/search'));
  return telling.tell(notice);
};

test('an open issue of an earlier incident is used again: nobody has closed it', async () => {
  const jira = await jiraWith();
  await teller(jira).tell(failure());
  const incident = anIncident({ openedBy: nextRun });
  const record = aRecord([unsafe(1)], { run: nextRun });
  expect(await teller(jira).tell(aNotice('failed', [], { incident, record }))).toEqual({
    reference: 'OPS-1',
  });
  expect(jira.issues()[0]?.comments).toHaveLength(1);
});

test('a closed issue of an earlier incident is left alone: a new incident has a new issue', async () => {
  const jira = await jiraWith();
  await teller(jira).tell(failure());
  jira.move('OPS-1', 'Done');
  const incident = anIncident({ openedBy: nextRun });
  const record = aRecord([unsafe(1)], { run: nextRun });
  expect(await teller(jira).tell(aNotice('failed', [], { incident, record }))).toEqual({
    reference: 'OPS-2',
  });
});

test('an issue of another plan with the same title is not taken for ours', async () => {
  const jira = await jiraWith();
  const other = tellersFor(planOf(jira, 'cloud', 'other-plan'), {
    readSecret: async () => jira.credentials,
    ...quick,
  });
  await other.jira?.tell({ ...failure(), plan: planOf(jira, 'cloud', 'other-plan') });
  expect(await teller(jira).tell(failure())).toEqual({ reference: 'OPS-2' });
});

test('a deleted issue is replaced by a new one on the next failure', async () => {
  const jira = await jiraWith();
  await teller(jira).tell(failure());
  jira.remove('OPS-1');
  expect((await teller(jira).tell(failure(known('OPS-1')))).reference).toBe('OPS-1');
  expect(jira.issues()).toHaveLength(1);
});

test('a recovery without any issue creates none', async () => {
  const jira = await jiraWith();
  expect(await teller(jira).tell(aNotice('recovered', [safe(1)]))).toEqual({ reference: 'no-issue' });
  expect(jira.issues()).toHaveLength(0);
});

describe("Cloud's search, which lags behind", () => {
  test('a creation whose answer was lost is awaited, not repeated', async () => {
    const jira = await jiraWith({ indexLagMilliseconds: 300 });
    const told = await tellLosing(jira, teller(jira), failure());
    expect(told).toEqual({ reference: 'OPS-1' });
    expect(jira.issues()).toHaveLength(1);
  });

  test('a creation that the search does not show in time is given up, never repeated', async () => {
    const jira = await jiraWith({ indexLagMilliseconds: 60_000 });
    const telling = teller(jira, 'cloud', { budgetMilliseconds: 400 });
    await expect(tellLosing(jira, telling, failure())).rejects.toThrow(
      /it may have been done, so it was not asked again/,
    );
    expect(jira.issues()).toHaveLength(1);
  });

  test('before a notice that may be told makes an issue, the index gets time to catch up', async () => {
    const jira = await jiraWith({ indexLagMilliseconds: 250 });
    await teller(jira).tell(failure());
    await teller(jira, 'cloud', { pauseMilliseconds: 40 }).tell(failure({ mayBeTold: true }));
    expect(jira.issues()).toHaveLength(1);
  });
});

describe('when JIRA refuses or fails', () => {
  test('an issue type that does not exist is named', async () => {
    const jira = await jiraWith({ projects: { OPS: ['Incident'] } });
    await expect(teller(jira).tell(failure())).rejects.toThrow(
      /HTTP 400: issuetype: The issue type selected is invalid\.\. Check that project OPS has the issue type "Task"/,
    );
  });

  test('credentials without a user are told before JIRA is asked', async () => {
    const jira = await jiraWith();
    const broken = teller(jira, 'cloud', { readSecret: async () => 'only-a-token' });
    await expect(broken.tell(failure())).rejects.toThrow(
      /\/lifeboat\/jira does not hold user@example\.org:api-token/,
    );
  });

  test('a Data Center taken for Cloud is told as that', async () => {
    const jira = await jiraWith({ edition: 'data-center', credentials: 'a@b.c:token' });
    await expect(teller(jira, 'cloud').tell(failure())).rejects.toThrow(/HTTP 401|HTTP 404/);
  });

  test('429 is waited out as long as JIRA asks', async () => {
    const jira = await jiraWith();
    jira.fail(429, 1);
    await teller(jira).tell(failure());
    expect(jira.issues()).toHaveLength(1);
  });

  test('a JIRA that never answers is left within the budget', async () => {
    const jira = await jiraWith();
    jira.fail('hang', 100);
    const begin = performance.now();
    await expect(teller(jira, 'cloud', { budgetMilliseconds: 500 }).tell(failure())).rejects.toThrow(
      /^JIRA POST \/rest\/api\/3\/search\/jql: no answer within/,
    );
    expect(performance.now() - begin).toBeLessThan(5_000);
  });
});

test('a plan without channels opens none', () => {
  const { slack: _, jira: __, ...bare } = aPlan();
  expect(tellersFor(bare, { readSecret: async () => '', budgetMilliseconds: 1000 })).toEqual({});
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type LocalJiraOptions, type RunningJira, startLocalJira } from '../../../local/jira/local-jira.ts';

let jira: RunningJira | undefined;
afterEach(async () => {
  await jira?.stop();
  jira = undefined;
});

type Answer = { readonly status: number; readonly body: unknown };
type Ask = (method: string, path: string, body?: unknown) => Promise<Answer>;

const start = async (
  options: LocalJiraOptions = {},
): Promise<{ readonly site: RunningJira; readonly ask: Ask }> => {
  await jira?.stop();
  const site = await startLocalJira({ projects: { OPS: ['Task'] }, ...options });
  jira = site;
  const authorization =
    options.edition === 'data-center'
      ? `Bearer ${site.credentials}`
      : `Basic ${Buffer.from(site.credentials).toString('base64')}`;
  const ask: Ask = async (method, path, body) => {
    const response = await fetch(`${site.url}${path}`, {
      method,
      headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  };
  return { site, ask };
};

const paragraph = (...content: readonly unknown[]) => ({ type: 'paragraph', content });
const text = (words: string, ...marks: readonly unknown[]) => ({
  type: 'text',
  text: words,
  ...(marks.length === 0 ? {} : { marks }),
});
const doc = (...content: readonly unknown[]) => ({ version: 1, type: 'doc', content });
const fields = {
  project: { key: 'OPS' },
  issuetype: { name: 'Task' },
  summary: 'It broke',
  description: doc(paragraph(text('Why'))),
  labels: ['lifeboat-x'],
};

describe('creating an issue in Cloud', () => {
  test('answers id, key and address', async () => {
    const { site, ask } = await start();
    expect(await ask('POST', '/rest/api/3/issue', { fields })).toEqual({
      status: 201,
      body: { id: '10001', key: 'OPS-1', self: `${site.url}/rest/api/latest/issue/10001` },
    });
    expect(site.issues()).toEqual([
      {
        key: 'OPS-1',
        summary: 'It broke',
        labels: ['lifeboat-x'],
        status: 'To Do',
        description: 'Why',
        comments: [],
      },
    ]);
  });

  test.each([
    [{ project: { key: 'NONE' } }, { project: 'valid project is required' }],
    [{ issuetype: { name: 'Epic' } }, { issuetype: 'The issue type selected is invalid.' }],
    [{ issuetype: undefined }, { issuetype: 'Specify an issue type' }],
    [{ summary: ' ' }, { summary: 'You must specify a summary of the issue.' }],
    [{ summary: 'a\nb' }, { summary: 'The summary is invalid because it contains newline characters.' }],
    [{ summary: 'x'.repeat(256) }, { summary: 'Summary must be less than 255 characters.' }],
    [{ labels: ['a b'] }, { labels: "The label 'a b' contains spaces which is invalid." }],
    [{ labels: 'a' }, { labels: 'data was not an array' }],
    [
      { colour: 'red' },
      { colour: "Field 'colour' cannot be set. It is not on the appropriate screen, or unknown." },
    ],
    [
      { description: 'plain' },
      { description: 'Operation value must be an Atlassian Document (see the Atlassian Document Format)' },
    ],
  ])('refuses %j as JIRA words it', async (change, errors) => {
    const { site, ask } = await start();
    const answer = await ask('POST', '/rest/api/3/issue', { fields: { ...fields, ...change } });
    expect(answer).toEqual({ status: 400, body: { errorMessages: [], errors } });
    expect(site.issues()).toEqual([]);
  });

  test.each([
    ['an empty text node', doc(paragraph(text('')))],
    ['text outside a paragraph', doc(text('x'))],
    ['an unknown node', doc({ type: 'marquee', content: [] })],
    ['an unknown mark', doc(paragraph(text('x', { type: 'blink' })))],
    ['code that is bold', doc(paragraph(text('x', { type: 'code' }, { type: 'strong' })))],
    ['a link without an address', doc(paragraph(text('x', { type: 'link' })))],
    ['a link to a script', doc(paragraph(text('x', { type: 'link', attrs: { href: 'javascript:x' } })))],
    ['an empty list', doc({ type: 'bulletList', content: [] })],
    ['a paragraph as a list item', doc({ type: 'bulletList', content: [paragraph(text('x'))] })],
    ['a heading of level 7', doc({ type: 'heading', attrs: { level: 7 }, content: [text('x')] })],
    ['another version', { ...doc(), version: 2 }],
    ['an extra property', { ...doc(), colour: 'red' }],
  ])('refuses a description with %s', async (_, description) => {
    const { ask } = await start();
    const answer = await ask('POST', '/rest/api/3/issue', { fields: { ...fields, description } });
    expect(answer).toEqual({ status: 400, body: { errorMessages: ['INVALID_INPUT'], errors: {} } });
  });

  test('refuses a description that is too long', async () => {
    const { ask } = await start();
    const description = doc(paragraph(text('x'.repeat(32_768))));
    const answer = await ask('POST', '/rest/api/3/issue', { fields: { ...fields, description } });
    expect(answer.body).toMatchObject({ errorMessages: ['CONTENT_LIMIT_EXCEEDED'] });
  });

  test('needs credentials', async () => {
    const { site } = await start();
    const answer = await fetch(`${site.url}/rest/api/3/myself`, { headers: { authorization: 'Basic eA==' } });
    expect(answer.status).toBe(401);
  });
});

describe("Cloud's search", () => {
  const jql = 'project = "OPS" AND labels = "lifeboat-x" ORDER BY created DESC';
  const make = async (ask: Ask, count: number) => {
    for (let n = 0; n < count; n += 1) await ask('POST', '/rest/api/3/issue', { fields });
  };

  test('pages by token and answers only the fields asked for', async () => {
    const { ask } = await start();
    await make(ask, 5);
    const keys: string[] = [];
    let nextPageToken: string | undefined;
    do {
      const { body } = await ask('POST', '/rest/api/3/search/jql', {
        jql,
        maxResults: 2,
        fields: ['labels'],
        nextPageToken,
      });
      const page = body as {
        issues: { key: string; fields: unknown }[];
        nextPageToken?: string;
        isLast: boolean;
      };
      for (const issue of page.issues) expect(issue.fields).toEqual({ labels: ['lifeboat-x'] });
      keys.push(...page.issues.map(({ key }) => key));
      expect(page.isLast).toBe(page.nextPageToken === undefined);
      nextPageToken = page.nextPageToken;
    } while (nextPageToken !== undefined);
    expect(keys).toEqual(['OPS-5', 'OPS-4', 'OPS-3', 'OPS-2', 'OPS-1']);
  });

  test('answers ids alone where no field is asked for, by GET too', async () => {
    const { ask } = await start();
    await make(ask, 1);
    const { body } = await ask('GET', `/rest/api/3/search/jql?jql=${encodeURIComponent(jql)}`);
    expect(body).toEqual({ issues: [{ id: '10001' }], isLast: true });
  });

  test('knows status categories by key and by name', async () => {
    const { site, ask } = await start();
    await make(ask, 2);
    site.move('OPS-1', 'Done');
    const found = async (condition: string) => {
      const { body } = await ask('POST', '/rest/api/3/search/jql', { jql: condition, fields: ['status'] });
      return (body as { issues: { key: string }[] }).issues.map(({ key }) => key);
    };
    expect(await found('project = OPS AND statusCategory != Done')).toEqual(['OPS-2']);
    expect(await found('project = OPS AND statusCategory = "done"')).toEqual(['OPS-1']);
    expect(await found('project = OPS AND statusCategory in ("To Do", "In Progress")')).toEqual(['OPS-2']);
  });

  test('does not know an issue at once, unless it is told to reconcile it', async () => {
    const { ask } = await start({ indexLagMilliseconds: 60_000 });
    await make(ask, 1);
    const query = { jql, fields: ['labels'] };
    expect((await ask('POST', '/rest/api/3/search/jql', query)).body).toMatchObject({ issues: [] });
    const reconciled = await ask('POST', '/rest/api/3/search/jql', { ...query, reconcileIssues: [10_001] });
    expect(reconciled.body).toMatchObject({ issues: [{ key: 'OPS-1' }] });
    expect((await ask('GET', '/rest/api/3/issue/OPS-1')).status).toBe(200);
  });

  test('of old is gone with 410', async () => {
    const { ask } = await start();
    const answer = await ask('POST', '/rest/api/3/search', { jql });
    expect(answer.status).toBe(410);
    expect(JSON.stringify(answer.body)).toContain('/rest/api/3/search/jql');
  });

  test.each([
    ['', /Unbounded/],
    ['ORDER BY created', /Unbounded/],
    ['colour = red', /Field 'colour' does not exist/],
    ['project ~~ x', /Error in the JQL Query/],
    ['project = OPS ORDER BY colour', /Not able to sort/],
  ])('refuses the query %j', async (query, message) => {
    const { ask } = await start();
    const answer = await ask('POST', '/rest/api/3/search/jql', { jql: query });
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body)).toMatch(message);
  });
});

describe('an issue', () => {
  test('takes comments, and lists the newest first if asked', async () => {
    const { site, ask } = await start();
    await ask('POST', '/rest/api/3/issue', { fields });
    for (const words of ['one', 'two'])
      await ask('POST', '/rest/api/3/issue/OPS-1/comment', { body: doc(paragraph(text(words))) });
    const { body } = await ask('GET', '/rest/api/3/issue/OPS-1/comment?orderBy=-created&maxResults=1');
    expect(body).toMatchObject({ total: 2, comments: [{ body: doc(paragraph(text('two'))) }] });
    expect(site.issues()[0]?.comments).toEqual(['one', 'two']);
    const empty = await ask('POST', '/rest/api/3/issue/OPS-1/comment', {});
    expect(empty.body).toMatchObject({ errors: { comment: 'Comment body can not be empty!' } });
  });

  test('is moved by transitions that lead somewhere else', async () => {
    const { site, ask } = await start();
    await ask('POST', '/rest/api/3/issue', { fields });
    const { body } = await ask('GET', '/rest/api/3/issue/OPS-1/transitions');
    const { transitions } = body as {
      transitions: { id: string; to: { statusCategory: { key: string } } }[];
    };
    expect(transitions.map(({ to }) => to.statusCategory.key)).toEqual(['indeterminate', 'done']);
    const done = transitions.find(({ to }) => to.statusCategory.key === 'done');
    expect(
      (await ask('POST', '/rest/api/3/issue/OPS-1/transitions', { transition: { id: done?.id } })).status,
    ).toBe(204);
    expect(site.issues()[0]?.status).toBe('Done');
    const again = await ask('POST', '/rest/api/3/issue/OPS-1/transitions', { transition: { id: done?.id } });
    expect(again.status).toBe(400);
  });

  test('keeps properties', async () => {
    const { ask } = await start();
    const properties = [{ key: 'lifeboat', value: { run: 'x' } }];
    await ask('POST', '/rest/api/3/issue', { fields, properties });
    expect(
      (await ask('GET', '/rest/api/3/issue/OPS-1?fields=status&properties=lifeboat')).body,
    ).toMatchObject({
      fields: { status: { statusCategory: { key: 'new' } } },
      properties: { lifeboat: { run: 'x' } },
    });
    expect((await ask('PUT', '/rest/api/3/issue/OPS-1/properties/lifeboat', { run: 'y' })).status).toBe(200);
    expect((await ask('GET', '/rest/api/3/issue/OPS-1/properties/lifeboat')).body).toEqual({
      key: 'lifeboat',
      value: { run: 'y' },
    });
    expect((await ask('DELETE', '/rest/api/3/issue/OPS-1/properties/lifeboat')).status).toBe(204);
    expect((await ask('GET', '/rest/api/3/issue/OPS-1/properties/lifeboat')).status).toBe(404);
  });

  test('that does not exist is 404, in everything', async () => {
    const { ask } = await start();
    for (const path of ['', '/comment', '/transitions', '/properties/x'])
      expect((await ask('GET', `/rest/api/3/issue/OPS-9${path}`)).status).toBe(404);
  });
});

describe('Data Center', () => {
  test('takes wiki markup and a bearer token, and pages its search by offset', async () => {
    const { site, ask } = await start({ edition: 'data-center' });
    const wiki = { ...fields, description: 'Why {{a&#95;b}} *now* [here|https://x.example]\n* one' };
    for (let n = 0; n < 3; n += 1) await ask('POST', '/rest/api/2/issue', { fields: wiki });
    expect(site.issues()[0]?.description).toBe('Why a_b now here (https://x.example)\n• one');
    const { body } = await ask('POST', '/rest/api/2/search', {
      jql: 'project = OPS',
      startAt: 1,
      maxResults: 1,
    });
    expect(body).toMatchObject({
      startAt: 1,
      maxResults: 1,
      total: 3,
      issues: [{ key: 'OPS-2', fields: { summary: 'It broke' } }],
    });
  });

  test('knows no v3 and no ADF', async () => {
    const { ask } = await start({ edition: 'data-center' });
    expect((await ask('POST', '/rest/api/3/issue', { fields })).status).toBe(404);
    expect((await ask('POST', '/rest/api/2/issue', { fields })).body).toMatchObject({
      errors: { description: 'Operation value must be a string' },
    });
  });
});

test('what was told is there the next night', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'lifeboat-jira-'));
  const stateFile = join(directory, 'jira.json');
  await (await start({ stateFile })).ask('POST', '/rest/api/3/issue', { fields });
  const { site, ask } = await start({ stateFile });
  await ask('POST', '/rest/api/3/issue', { fields });
  expect(site.issues().map(({ key }) => key)).toEqual(['OPS-1', 'OPS-2']);
  await rm(directory, { recursive: true });
});

test('429, 500 and silence on demand, then service again', async () => {
  const { site, ask } = await start();
  site.fail(429, 1);
  site.fail(500, 1);
  expect((await ask('GET', '/rest/api/3/myself')).status).toBe(429);
  expect((await ask('GET', '/rest/api/3/myself')).status).toBe(500);
  expect((await ask('GET', '/rest/api/3/myself')).status).toBe(200);
});

describe('fields and transitions', () => {
  const cloud = { components: ['backups'], assignable: ['amy'], customFields: ['customfield_1'] };

  test.each([
    [{ priority: { name: 'P1' } }, { priority: 'The priority selected is invalid.' }],
    [{ assignee: { accountId: 'bob' } }, { assignee: 'Specify a valid value for assignee' }],
    [{ assignee: { name: 'amy' } }, { assignee: 'expected Object containing a user' }],
    [{ components: [{ name: 'web' }] }, { components: "Component name 'web' is not valid" }],
    [{ components: 'backups' }, { components: 'data was not an array' }],
    [
      { customfield_2: 1 },
      {
        customfield_2:
          "Field 'customfield_2' cannot be set. It is not on the appropriate screen, or unknown.",
      },
    ],
  ])('refuses %j, on a new issue and on one that is there', async (change, errors) => {
    const { ask } = await start(cloud);
    const refusal = { status: 400, body: { errorMessages: [], errors } };
    expect(await ask('POST', '/rest/api/3/issue', { fields: { ...fields, ...change } })).toEqual(refusal);
    await ask('POST', '/rest/api/3/issue', { fields });
    expect(await ask('PUT', '/rest/api/3/issue/OPS-1', { fields: change })).toEqual(refusal);
  });

  test('takes and shows those that exist', async () => {
    const { ask } = await start(cloud);
    await ask('POST', '/rest/api/3/issue', { fields: { ...fields, priority: { name: 'Low' } } });
    const change = { priority: { name: 'High' }, assignee: { accountId: 'amy' }, customfield_1: 'x' };
    expect((await ask('PUT', '/rest/api/3/issue/OPS-1', { fields: change })).status).toBe(204);
    expect((await ask('GET', '/rest/api/3/issue/OPS-1')).body).toMatchObject({ fields: change });
  });

  test('a transition that asks for a resolution does not go without one, and none goes from elsewhere', async () => {
    const workflow = [
      { transition: '1', status: 'New', category: 'new' },
      { transition: '2', status: 'Closed', category: 'done', resolutions: ['Fixed'] },
      { transition: '3', status: 'Archived', category: 'done', from: ['Closed'] },
    ] as const;
    const { site, ask } = await start({ workflow });
    await ask('POST', '/rest/api/3/issue', { fields });
    const path = '/rest/api/3/issue/OPS-1/transitions';
    expect((await ask('GET', `${path}?expand=transitions.fields`)).body).toMatchObject({
      transitions: [{ id: '2', fields: { resolution: { required: true } } }],
    });
    expect(await ask('POST', path, { transition: { id: '2' } })).toMatchObject({
      status: 400,
      body: { errors: { resolution: 'Resolution is required.' } },
    });
    expect((await ask('POST', path, { transition: { id: '3' } })).status).toBe(400);
    const resolution = { name: 'Fixed' };
    expect((await ask('POST', path, { transition: { id: '2' }, fields: { resolution } })).status).toBe(204);
    expect(site.issues()[0]?.status).toBe('Closed');
  });
});

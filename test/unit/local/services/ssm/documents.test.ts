import {
  DescribeDocumentCommand,
  GetDocumentCommand,
  GetParameterCommand,
  GetParametersCommand,
  ListDocumentsCommand,
  PutParameterCommand,
  SendCommandCommand,
  type SendCommandCommandInput,
  SSMClient,
  UpdateDocumentCommand,
  UpdateDocumentDefaultVersionCommand,
} from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  account,
  backupDocument,
  failureOf,
  region,
  startWorld,
  testAgent,
  testInstance,
  type World,
} from '../world.ts';

let world: World;
let ssm: SSMClient;
const agent = testAgent();
beforeAll(async () => {
  world = await startWorld({
    instances: [testInstance(0, { agent })],
    documents: [backupDocument],
    parameters: { '/lifeboat/slack': 'xoxb-secret' },
  });
  ssm = new SSMClient(world.client());
});
afterAll(async () => {
  ssm.destroy();
  await world.stop();
});

const send = (input: Partial<SendCommandCommandInput>) =>
  ssm.send(
    new SendCommandCommand({
      DocumentName: 'lifeboat-backup',
      InstanceIds: [testInstance(0).id],
      Parameters: { plan: ['acme'] },
      ...input,
    }),
  );
const refusal = async (input: Partial<SendCommandCommandInput>) => (await failureOf(send(input))).name;

describe('SendCommand', () => {
  test('checks parameters against the document before anything is sent', async () => {
    const bad: readonly (Record<string, string[]> | undefined)[] = [
      undefined,
      {},
      { plan: ['acme'], unknown: ['x'] },
      { plan: ['a', 'b'] },
      { plan: ['acme; rm -rf /'] },
      { plan: ['acme\n'] },
      { plan: ['acme'], mode: ['other'] },
    ];
    for (const Parameters of bad) expect(await refusal({ Parameters })).toBe('InvalidParameters');
    expect(agent.orders).toHaveLength(0);
  });

  test('refuses what is beyond the limits of the service', async () => {
    const ids = Array.from({ length: 51 }, (_, index) => testInstance(index).id);
    const targets = Array.from({ length: 6 }, (_, index) => ({ Key: `tag:${index}`, Values: ['x'] }));
    const cases: readonly Partial<SendCommandCommandInput>[] = [
      { InstanceIds: ids },
      { InstanceIds: undefined, Targets: targets },
      { InstanceIds: undefined, Targets: [{ Key: 'tag:a', Values: ids }] },
      { InstanceIds: undefined },
      { Targets: [{ Key: 'tag:a', Values: ['b'] }] },
      { TimeoutSeconds: 29 },
      { TimeoutSeconds: 2_592_001 },
      { Comment: 'c'.repeat(101) },
      { MaxConcurrency: '0' },
      { MaxConcurrency: '101%' },
      { MaxErrors: '-1' },
      { InstanceIds: ['i-short'] },
      { DocumentVersion: 'newest' },
    ];
    for (const input of cases) expect(await refusal(input)).toBe('ValidationException');
    expect(await refusal({ InstanceIds: [testInstance(0).id, testInstance(0).id] })).toBe(
      'DuplicateInstanceId',
    );
    expect(await refusal({ DocumentName: 'no-such-document' })).toBe('InvalidDocument');
    expect(await refusal({ DocumentVersion: '9' })).toBe('InvalidDocumentVersion');
    expect(await refusal({ DocumentHash: 'f'.repeat(64) })).toBe('InvalidDocument');
    const groups = [{ Key: 'resource-groups:Name', Values: ['x'] }];
    expect(await refusal({ InstanceIds: undefined, Targets: groups })).toBe('InvalidTarget');
  });

  test('takes the document by ARN, version and hash', async () => {
    const { Document } = await ssm.send(new DescribeDocumentCommand({ Name: 'lifeboat-backup' }));
    const DocumentName = `arn:aws:ssm:${region}:${account}:document/lifeboat-backup`;
    const input = {
      DocumentName,
      DocumentVersion: '$LATEST',
      DocumentHash: Document?.Hash,
      DocumentHashType: 'Sha256',
    } as const;
    expect((await send(input)).Command?.DocumentName).toBe('lifeboat-backup');
  });

  test('knows AWS-RunShellScript', async () => {
    const { Command } = await send({
      DocumentName: 'AWS-RunShellScript',
      Parameters: { commands: ['uptime'] },
    });
    expect(Command?.Status).toBe('Pending');
    const bad = { commands: ['uptime'], executionTimeout: ['forever'] };
    expect(await refusal({ DocumentName: 'AWS-RunShellScript', Parameters: bad })).toBe('InvalidParameters');
  });
});

describe('documents', () => {
  test('get new versions; the default one is moved apart from that', async () => {
    const changed = JSON.stringify({ ...Object(backupDocument.content), description: 'Second' });
    const Name = 'lifeboat-backup';
    const update = (Content: string) =>
      ssm.send(new UpdateDocumentCommand({ Name, Content, DocumentVersion: '$LATEST' }));
    const { DocumentDescription } = await update(changed);
    expect(DocumentDescription).toMatchObject({
      LatestVersion: '2',
      DefaultVersion: '1',
      Description: 'Second',
    });
    expect((await failureOf(update(changed))).name).toBe('DuplicateDocumentContent');
    expect((await failureOf(update('{"schemaVersion":"2.2"}'))).name).toBe('InvalidDocumentContent');
    expect((await failureOf(update('x'.repeat(65 * 1024)))).name).toBe('MaxDocumentSizeExceeded');
    const current = async (DocumentVersion?: string) =>
      JSON.parse((await ssm.send(new GetDocumentCommand({ Name, DocumentVersion }))).Content ?? '')
        .description;
    expect([await current(), await current('$LATEST')]).toEqual(['Backs up', 'Second']);
    await ssm.send(new UpdateDocumentDefaultVersionCommand({ Name, DocumentVersion: '2' }));
    expect(await current()).toBe('Second');
    const aws = new UpdateDocumentCommand({ Name: 'AWS-RunShellScript', Content: changed });
    expect((await failureOf(ssm.send(aws))).name).toBe('InvalidDocumentOperation');
  });

  test('are listed by name and owner', async () => {
    const names = async (Key: string, Value: string) =>
      (
        await ssm.send(new ListDocumentsCommand({ Filters: [{ Key, Values: [Value] }] }))
      ).DocumentIdentifiers?.map(({ Name }) => Name);
    expect(await names('Name', 'lifeboat')).toEqual(['lifeboat-backup']);
    expect(await names('Owner', 'Self')).toEqual(['lifeboat-backup']);
    expect(await names('Owner', 'Amazon')).toEqual(['AWS-RunShellScript']);
  });
});

describe('parameters', () => {
  const value = async (WithDecryption: boolean) =>
    (await ssm.send(new GetParameterCommand({ Name: '/lifeboat/slack', WithDecryption }))).Parameter?.Value;

  test('that are SecureStrings are readable only with decryption', async () => {
    expect(await value(true)).toBe('xoxb-secret');
    expect(await value(false)).not.toContain('xoxb');
  });

  test('that are missing are told', async () => {
    expect((await failureOf(ssm.send(new GetParameterCommand({ Name: '/none' })))).name).toBe(
      'ParameterNotFound',
    );
    const many = await ssm.send(
      new GetParametersCommand({ Names: ['/none', '/lifeboat/slack'], WithDecryption: true }),
    );
    expect([many.Parameters?.length, many.InvalidParameters]).toEqual([1, ['/none']]);
  });

  test('are overwritten only when told', async () => {
    const put = (Overwrite: boolean) =>
      ssm.send(new PutParameterCommand({ Name: '/lifeboat/slack', Value: 'new', Overwrite }));
    expect((await failureOf(put(false))).name).toBe('ParameterAlreadyExists');
    expect((await put(true)).Version).toBe(2);
    expect(await value(true)).toBe('new');
  });
});

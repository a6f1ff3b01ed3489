import {
  DescribeInstanceInformationCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  paginateListCommandInvocations,
  SendCommandCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { backupDocument, failureOf, startWorld, testInstance, until, type World } from '../world.ts';

const fleetSize = 120;
let world: World;
let ssm: SSMClient;
const ids: string[] = [];

beforeAll(async () => {
  const instances = Array.from({ length: fleetSize }, (_, index) =>
    testInstance(index, index === 7 ? { ping: 'ConnectionLost' } : {}),
  );
  world = await startWorld({ instances, documents: [backupDocument] });
  ssm = new SSMClient(world.client());
  for (let count = 0; count < 3; count += 1) {
    const { Command } = await ssm.send(
      new SendCommandCommand({
        DocumentName: 'lifeboat-backup',
        Parameters: { plan: ['acme'] },
        Targets: [{ Key: 'tag:role', Values: ['web'] }],
        MaxConcurrency: '100%',
        Comment: `number ${count}`,
      }),
    );
    ids.push(Command?.CommandId ?? '');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await until(
    async () => (await ssm.send(new ListCommandsCommand({}))).Commands ?? [],
    (commands) => commands.every(({ CompletedCount }) => CompletedCount === fleetSize - 1),
  );
});
afterAll(async () => {
  ssm.destroy();
  await world.stop();
});

describe('ListCommandInvocations', () => {
  test('comes in pages of 50 that together are every invocation once', async () => {
    const pages: number[] = [];
    const seen = new Set<string>();
    for await (const page of paginateListCommandInvocations(
      { client: ssm },
      { CommandId: ids[0], Details: true },
    )) {
      pages.push(page.CommandInvocations?.length ?? 0);
      for (const { InstanceId = '' } of page.CommandInvocations ?? []) seen.add(InstanceId);
    }
    expect(pages).toEqual([50, 50, 20]);
    expect(seen.size).toBe(fleetSize);
  });

  test('refuses more than 50 a page and tokens of another question', async () => {
    const many = new ListCommandInvocationsCommand({ CommandId: ids[0], MaxResults: 51 });
    expect((await failureOf(ssm.send(many))).name).toBe('ValidationException');
    const { NextToken } = await ssm.send(new ListCommandInvocationsCommand({ CommandId: ids[0] }));
    for (const input of [
      { CommandId: ids[1], NextToken },
      { CommandId: ids[0], NextToken: 'made-up' },
    ]) {
      expect((await failureOf(ssm.send(new ListCommandInvocationsCommand(input)))).name).toBe(
        'InvalidNextToken',
      );
    }
  });

  test('filters by status, instance and without details leaves plugins out', async () => {
    const { CommandInvocations } = await ssm.send(
      new ListCommandInvocationsCommand({ Filters: [{ key: 'Status', value: 'Pending' }] }),
    );
    expect(CommandInvocations?.map(({ InstanceId }) => InstanceId)).toEqual(
      Array(3).fill(testInstance(7).id),
    );
    expect(CommandInvocations?.[0]?.CommandPlugins).toEqual([]);
    const one = await ssm.send(new ListCommandInvocationsCommand({ InstanceId: testInstance(3).id }));
    expect(one.CommandInvocations?.map(({ CommandId }) => CommandId)).toEqual(ids.toReversed());
    const bad = new ListCommandInvocationsCommand({
      Filters: [{ key: 'ExecutionStage', value: 'Complete' }],
    });
    expect((await failureOf(ssm.send(bad))).name).toBe('InvalidFilterKey');
  });
});

describe('ListCommands', () => {
  test('has the newest first and filters by time, status and document', async () => {
    const { Commands = [] } = await ssm.send(new ListCommandsCommand({}));
    expect(Commands.map(({ CommandId }) => CommandId)).toEqual(ids.toReversed());
    const comments = async (
      key: 'InvokedAfter' | 'InvokedBefore' | 'Status' | 'DocumentName',
      value: string,
    ) =>
      (await ssm.send(new ListCommandsCommand({ Filters: [{ key, value }] }))).Commands?.map(
        ({ Comment }) => Comment,
      );
    const middle = Commands[1]?.RequestedDateTime?.toISOString() ?? '';
    expect(await comments('InvokedAfter', middle)).toEqual(['number 2']);
    expect(await comments('InvokedBefore', middle)).toEqual(['number 0']);
    expect(await comments('Status', 'InProgress')).toHaveLength(3);
    expect(await comments('DocumentName', 'AWS-RunShellScript')).toEqual([]);
    expect((await failureOf(comments('InvokedAfter', 'yesterday'))).name).toBe('ValidationException');
  });
});

describe('DescribeInstanceInformation', () => {
  const describeAll = async (Filters: { Key: string; Values: string[] }[]) =>
    (await ssm.send(new DescribeInstanceInformationCommand({ Filters }))).InstanceInformationList?.map(
      ({ InstanceId, PingStatus }) => [InstanceId, PingStatus],
    );

  test('filters by id, ping status and tags, 50 a page', async () => {
    const { id } = testInstance(7);
    expect(await describeAll([{ Key: 'PingStatus', Values: ['ConnectionLost'] }])).toEqual([
      [id, 'ConnectionLost'],
    ]);
    expect(await describeAll([{ Key: 'InstanceIds', Values: [id, 'i-00000000000ffffff'] }])).toHaveLength(1);
    expect(await describeAll([{ Key: 'tag:aws:autoscaling:groupName', Values: ['acme-web'] }])).toHaveLength(
      50,
    );
    expect(await describeAll([{ Key: 'tag:role', Values: ['db'] }])).toEqual([]);
    expect((await failureOf(describeAll([{ Key: 'Colour', Values: ['red'] }]))).name).toBe(
      'InvalidFilterKey',
    );
    const few = new DescribeInstanceInformationCommand({ MaxResults: 4 });
    expect((await failureOf(ssm.send(few))).name).toBe('ValidationException');
  });
});

import { GetCommandInvocationCommand } from '@aws-sdk/client-ssm';
import { afterEach, describe, expect, test } from '@jest/globals';
import { failureOf, testAgent, testInstance, until } from '../world.ts';
import { begin, endAll, working } from './run-command-world.ts';

afterEach(endAll);

describe('a command by tag', () => {
  test('runs on every managed instance that carries it and ends as Success', async () => {
    const agents = [0, 1, 2].map(() => testAgent(() => ({ stdout: '{"lifeboat":1}\n', stderr: 'log\n' })));
    const { send, ended, invocations } = await begin([
      ...agents.map((agent, index) => testInstance(index, { agent })),
      testInstance(3, { group: 'other' }),
      testInstance(4, { ping: 'absent' }),
      testInstance(5, { state: 'terminated' }),
    ]);
    const { id, command } = await send({ Comment: 'acme-web/1#1' });
    expect(command).toMatchObject({ Status: 'Pending', TargetCount: 0, Comment: 'acme-web/1#1' });
    expect(await ended(id)).toMatchObject({
      Status: 'Success',
      StatusDetails: 'Success',
      TargetCount: 3,
      CompletedCount: 3,
      ErrorCount: 0,
      DeliveryTimedOutCount: 0,
    });
    const [first, ...rest] = await invocations(id);
    expect(rest).toHaveLength(2);
    expect(first).toMatchObject({ InstanceName: 'web-0', Status: 'Success', Comment: 'acme-web/1#1' });
    expect(first?.CommandPlugins?.[0]).toMatchObject({
      Name: 'run',
      Status: 'Success',
      ResponseCode: 0,
      Output: '{"lifeboat":1}\n\n----------ERROR-------\nlog\n',
    });
    expect(agents[0]?.orders[0]?.parameters).toEqual({
      plan: ['acme-web'],
      mode: ['fast'],
      timeout: ['600'],
    });
  });

  test('that nobody carries ends as Success with NoInstancesInTag, as AWS has it', async () => {
    const { send, ended } = await begin([testInstance(0)]);
    const { id } = await send({ Targets: [{ Key: 'tag:nobody', Values: ['x'] }] });
    expect(await ended(id)).toMatchObject({
      Status: 'Success',
      StatusDetails: 'NoInstancesInTag',
      TargetCount: 0,
    });
  });

  test('with several criteria reaches what fits all of them', async () => {
    const { send, ended, invocations } = await begin([
      testInstance(0),
      testInstance(1, { tags: { role: 'db' } }),
    ]);
    const { id } = await send({
      Targets: [
        { Key: 'tag:aws:autoscaling:groupName', Values: ['acme-web'] },
        { Key: 'tag:role', Values: ['db', 'cache'] },
      ],
    });
    await ended(id);
    expect((await invocations(id)).map(({ InstanceId }) => InstanceId)).toEqual([testInstance(1).id]);
  });
});

describe('what an instance answers', () => {
  test('decides the command: some failed within MaxErrors is Incomplete, beyond it Failed', async () => {
    const failing = testAgent(() => ({ status: 'Failed', statusDetails: 'Failed', responseCode: 21 }));
    const { send, ended, invocations } = await begin([testInstance(0), testInstance(1, { agent: failing })]);
    const { id } = await send();
    expect(await ended(id)).toMatchObject({
      Status: 'Failed',
      StatusDetails: 'Incomplete',
      ErrorCount: 1,
      CompletedCount: 2,
    });
    const [, second] = await invocations(id);
    expect([second?.Status, second?.CommandPlugins?.[0]?.ResponseCode]).toEqual(['Failed', 21]);
    const { id: strict } = await send({ MaxErrors: '0' });
    expect(await ended(strict)).toMatchObject({ Status: 'Failed', StatusDetails: 'Failed' });
  });

  test('is kept to 24,000 and 8,000 characters singly and far less in lists', async () => {
    const agent = testAgent(() => ({ stdout: 'o'.repeat(24_000), stderr: 'e'.repeat(8000) }));
    const { ssm, send, ended, invocations } = await begin([testInstance(0, { agent })]);
    const { id } = await send();
    await ended(id);
    const output = (await invocations(id))[0]?.CommandPlugins?.[0]?.Output ?? '';
    expect(output.length).toBeLessThanOrEqual(2500);
    expect(output).toContain('\n---Output truncated---\n----------ERROR-------\n');
    expect(output.endsWith('\n---Error truncated----')).toBe(true);
    const whole = await ssm.send(
      new GetCommandInvocationCommand({ CommandId: id, InstanceId: testInstance(0).id }),
    );
    expect([whole.StandardOutputContent?.length, whole.StandardErrorContent?.length]).toEqual([24_000, 8000]);
    expect(whole.ExecutionElapsedTime).toMatch(/^PT[\d.]+S$/);
  });

  test('is written whole to the bucket when that was asked for', async () => {
    const { world, send, ended } = await begin([
      testInstance(0, { agent: testAgent(() => ({ stderr: '' })) }),
    ]);
    const { id } = await send({ OutputS3BucketName: 'lifeboat-state', OutputS3KeyPrefix: 'commands/' });
    await ended(id);
    const folder = `commands/${id}/${testInstance(0).id}/awsrunShellScript/run`;
    const bucket = world.services.objects.bucket('lifeboat-state');
    expect((await bucket?.read(`${folder}/stdout`))?.data.toString()).toBe('done\n');
    expect(await bucket?.head(`${folder}/stderr`)).toBeUndefined();
  });

  test('that breaks local AWS itself is told where the operator looks', async () => {
    const agent = testAgent(() => Promise.reject(new Error('no sandbox')));
    const { send, ended, invocations } = await begin([testInstance(0, { agent })]);
    const { id } = await send();
    await ended(id);
    expect((await invocations(id))[0]?.CommandPlugins?.[0]?.Output).toContain('no sandbox');
  });
});

describe('an agent that does not answer', () => {
  test('leaves the invocation Pending until TimeoutSeconds is over, then DeliveryTimedOut, no error', async () => {
    const { world, send, ended, command, invocations } = await begin([
      testInstance(0),
      testInstance(1, { ping: 'ConnectionLost' }),
    ]);
    const { id } = await send({ TimeoutSeconds: 600 });
    await until(
      () => command(id),
      (one) => one?.CompletedCount === 1,
    );
    expect((await invocations(id))[1]).toMatchObject({ Status: 'Pending' });
    const before = world.clock.now();
    await world.clock.skipToNext();
    expect(world.clock.now().getTime() - before.getTime()).toBeGreaterThan(590_000);
    expect(await ended(id)).toMatchObject({
      Status: 'Failed',
      StatusDetails: 'Incomplete',
      ErrorCount: 0,
      DeliveryTimedOutCount: 1,
      CompletedCount: 2,
    });
    expect((await invocations(id))[1]).toMatchObject({
      Status: 'TimedOut',
      StatusDetails: 'DeliveryTimedOut',
    });
  });

  test('gets the command when it comes online before', async () => {
    const late = testInstance(0, { ping: 'Inactive' });
    const { world, send, ended } = await begin([late]);
    const { id } = await send();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(world.services.underWay()).toBe(0);
    late.ping = 'Online';
    expect(await ended(id)).toMatchObject({ Status: 'Success' });
    expect(world.clock.next()).toBeUndefined();
  });

  test('is refused when it is named, with everybody else', async () => {
    const online = testAgent();
    const { send } = await begin([
      testInstance(0, { agent: online }),
      testInstance(1, { ping: 'ConnectionLost' }),
    ]);
    const failure = await failureOf(send({ InstanceIds: [testInstance(0).id, testInstance(1).id] }));
    expect(failure).toMatchObject({
      name: 'InvalidInstanceId',
      message: expect.stringContaining(testInstance(1).id),
    });
    expect((await failureOf(send({ InstanceIds: ['i-0123456789abcdef0'] }))).name).toBe('InvalidInstanceId');
    expect(online.orders).toHaveLength(0);
  });

  test('after it took the command, because its instance died, ends in ExecutionTimedOut', async () => {
    const dying = working(0);
    const { world, send, ended, command } = await begin([dying]);
    const { id } = await send();
    await until(
      () => command(id),
      (one) => one?.Status === 'InProgress',
    );
    expect(world.services.underWay()).toBe(1);
    await world.fleet.terminate(dying.id);
    expect(world.services.underWay()).toBe(0);
    expect((await command(id))?.Status).toBe('InProgress');
    const skipped = await world.clock.skipToNext();
    expect((skipped?.time.getTime() ?? 0) - Date.now()).toBeGreaterThan(590_000);
    expect(await ended(id)).toMatchObject({ Status: 'Failed', StatusDetails: 'Incomplete', ErrorCount: 1 });
  });
});

describe('EventBridge', () => {
  test('hears of every change of command and invocations, once', async () => {
    const { world, send, ended } = await begin([testInstance(0), testInstance(1)]);
    const { id } = await send();
    await ended(id);
    const told = world.events.map(({ 'detail-type': type, detail }) => [
      type,
      detail['instance-id'],
      detail.status,
    ]);
    const invocation = 'EC2 Command Invocation Status-change Notification';
    const command = 'EC2 Command Status-change Notification';
    expect(told.filter(([type]) => type === command)).toEqual([
      [command, undefined, 'InProgress'],
      [command, undefined, 'Success'],
    ]);
    expect(told.filter(([type]) => type === invocation)).toHaveLength(4);
    expect(world.events.at(-1)).toEqual({
      source: 'aws.ssm',
      'detail-type': command,
      resources: [0, 1].map(
        (index) => `arn:aws:ec2:ap-southeast-1:000000000000:instance/${testInstance(index).id}`,
      ),
      detail: {
        'command-id': id,
        'document-name': 'lifeboat-backup',
        'expire-after': expect.stringMatching(/Z$/),
        parameters: { plan: ['acme-web'] },
        'requested-date-time': expect.stringMatching(/Z$/),
        status: 'Success',
      },
    });
  });
});

describe('eventual consistency', () => {
  test('lets lists show what was true a moment ago', async () => {
    const { world, ssm, send, ended, invocations } = await begin([testInstance(0)], { lagMilliseconds: 300 });
    const { id } = await send();
    await until(
      async () => world.events.at(-1)?.detail.status,
      (status) => status === 'Success',
    );
    expect(await invocations(id)).toEqual([]);
    const get = new GetCommandInvocationCommand({ CommandId: id, InstanceId: testInstance(0).id });
    expect((await failureOf(ssm.send(get))).name).toBe('InvocationDoesNotExist');
    expect(await ended(id)).toMatchObject({ Status: 'Success' });
  });
});

import { CancelCommandCommand } from '@aws-sdk/client-ssm';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { StepOutput } from '../../../../../local/contract.ts';
import { failureOf, testAgent, testInstance, until } from '../world.ts';
import { begin, endAll } from './run-command-world.ts';

afterEach(endAll);

describe('rate control', () => {
  test('never lets more instances work at once than MaxConcurrency', async () => {
    let now = 0;
    let most = 0;
    const agent = () =>
      testAgent(async () => {
        now += 1;
        most = Math.max(most, now);
        await new Promise((resolve) => setTimeout(resolve, 5));
        now -= 1;
        return {};
      });
    const { send, ended } = await begin(
      Array.from({ length: 10 }, (_, index) => testInstance(index, { agent: agent() })),
    );
    expect(await ended((await send({ MaxConcurrency: '3' })).id)).toMatchObject({ CompletedCount: 10 });
    expect(most).toBe(3);
    most = 0;
    await ended((await send({ MaxConcurrency: '20%' })).id);
    expect(most).toBe(2);
  });

  test('sends to nobody else once MaxErrors is passed', async () => {
    const agents = Array.from({ length: 5 }, () =>
      testAgent(() => ({ status: 'Failed', statusDetails: 'Failed', responseCode: 1 })),
    );
    const { send, ended, invocations } = await begin(
      agents.map((agent, index) => testInstance(index, { agent })),
    );
    const { id } = await send({ MaxConcurrency: '1', MaxErrors: '1' });
    expect(await ended(id)).toMatchObject({
      Status: 'Failed',
      StatusDetails: 'Failed',
      ErrorCount: 2,
      CompletedCount: 5,
    });
    expect((await invocations(id)).map(({ StatusDetails }) => StatusDetails)).toEqual([
      'Failed',
      'Failed',
      'Terminated',
      'Terminated',
      'Terminated',
    ]);
    expect(agents.filter(({ orders }) => orders.length > 0)).toHaveLength(2);
  });
});

describe('CancelCommand', () => {
  test('kills what runs and keeps the rest from starting', async () => {
    let finish: (output: Partial<StepOutput>) => void = () => undefined;
    const busy = testAgent(
      () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    );
    const { ssm, send, ended, command, invocations } = await begin([
      testInstance(0, { agent: busy }),
      testInstance(1, { ping: 'ConnectionLost' }),
    ]);
    const { id } = await send();
    await until(
      () => command(id),
      (one) => one?.Status === 'InProgress',
    );
    await ssm.send(new CancelCommandCommand({ CommandId: id }));
    expect((await command(id))?.Status).toBe('Cancelling');
    expect(busy.cancelled).toEqual([id]);
    finish({ status: 'Cancelled', statusDetails: 'Cancelled', responseCode: -1 });
    expect(await ended(id)).toMatchObject({ Status: 'Cancelled' });
    expect((await invocations(id)).map(({ Status }) => Status)).toEqual(['Cancelled', 'Cancelled']);
    const unknown = new CancelCommandCommand({ CommandId: '00000000-0000-0000-0000-000000000000' });
    expect((await failureOf(ssm.send(unknown))).name).toBe('InvalidCommandId');
  });
});

describe('throttling', () => {
  test('refuses the first calls, ends one invocation as RateExceeded, then works', async () => {
    const { send, ended, invocations } = await begin([testInstance(0), testInstance(1)], {
      throttling: { sendCommandCalls: 2, invocations: 1 },
    });
    for (let count = 0; count < 2; count += 1) {
      const failure = await failureOf(send());
      expect([failure.name, failure.$metadata?.httpStatusCode]).toEqual(['ThrottlingException', 400]);
    }
    const { id } = await send();
    expect(await ended(id)).toMatchObject({ Status: 'Failed', StatusDetails: 'Incomplete' });
    expect((await invocations(id)).map(({ Status, StatusDetails }) => [Status, StatusDetails])).toEqual([
      ['Failed', 'RateExceeded'],
      ['Success', 'Success'],
    ]);
    expect(await ended((await send()).id)).toMatchObject({ Status: 'Success' });
  });
});

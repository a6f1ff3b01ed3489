import { describe, expect, test } from '@jest/globals';
import { readDocument } from '../../../local/fleet/document.ts';
import { type DoneStep, decideStep } from '../../../local/fleet/step-flow.ts';

type Step = {
  readonly action?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly precondition?: Readonly<Record<string, readonly string[]>>;
};

const decide = (steps: readonly Step[], done: readonly DoneStep[], given: Record<string, string[]> = {}) => {
  const content = {
    schemaVersion: '2.2',
    parameters: { stage: { type: 'String', default: 'prod' } },
    mainSteps: steps.map((step, index) => ({
      action: 'aws:runShellScript',
      name: `step${index}`,
      ...step,
    })),
  };
  const document = readDocument(content, given, '3.3.3050.0');
  return decideStep(document.steps, done.length, done);
};

const success: DoneStep = { status: 'Success', responseCode: 0 };
const failure: DoneStep = { status: 'Failed', responseCode: 1 };

describe('the steps before', () => {
  test('a failed step does not keep the next from running unless it says so', () => {
    expect(decide([{}, {}], [failure]).kind).toBe('execute');
    expect(decide([{ inputs: { onFailure: 'exit' } }, {}], [failure]).kind).toBe('skip');
  });

  test('onFailure says nothing about a success, onSuccess nothing about a failure', () => {
    expect(decide([{ inputs: { onFailure: 'exit' } }, {}], [success]).kind).toBe('execute');
    expect(decide([{ inputs: { onSuccess: 'exit' } }, {}], [failure]).kind).toBe('execute');
    expect(decide([{ inputs: { onSuccess: 'exit' } }, {}], [success]).kind).toBe('skip');
  });

  test.each([168, 169])('exit code %i skips all that follows', (responseCode) => {
    const done: DoneStep = { status: responseCode === 168 ? 'Success' : 'Failed', responseCode };
    expect(decide([{}, {}], [done]).kind).toBe('skip');
    expect(decide([{}, {}, {}], [done, { status: 'Skipped', responseCode: 0 }]).kind).toBe('skip');
  });

  test('the finally step runs all the same, but only as the last one', () => {
    const exit = { inputs: { onFailure: 'exit' } };
    const last = { inputs: { finallyStep: true } };
    expect(decide([exit, last], [failure]).kind).toBe('execute');
    expect(decide([exit, last, {}], [failure]).kind).toBe('skip');
  });
});

describe('preconditions', () => {
  test.each([
    [['platformType', 'Linux'], 'execute'],
    [['Linux', 'platformType'], 'execute'],
    [['platformType', 'linux'], 'execute'],
    [['platformType', 'Windows'], 'skip'],
    [['platformType', 'platformType'], 'fail'],
    [['{{ stage }}', 'prod'], 'execute'],
    [['{{ stage }}', 'test'], 'skip'],
    [['prod', 'test'], 'fail'],
    [['platformType'], 'fail'],
  ])('StringEquals %p: %s', (args, kind) => {
    expect(decide([{ precondition: { StringEquals: args } }], []).kind).toBe(kind);
  });

  test('an operator that the agent does not know fails the step', () => {
    expect(decide([{ precondition: { NumberEquals: ['1', '1'] } }], []).kind).toBe('fail');
  });
});

describe('plugins', () => {
  test('one that the agent does not know fails, one for another platform is skipped', () => {
    expect(decide([{ action: 'aws:runEverything' }], [])).toEqual({
      kind: 'fail',
      why: 'Plugin with name aws:runEverything is not supported by this version of ssm agent, please update to latest version. Step name: step0',
    });
    expect(decide([{ action: 'aws:runPowerShellScript' }], []).kind).toBe('skip');
  });
});

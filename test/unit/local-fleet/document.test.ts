import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DocumentRefused, readDocument } from '../../../local/fleet/document.ts';
import { scriptText, timeoutSeconds } from '../../../local/fleet/execute-step.ts';

const current = '3.3.3050.0';

const documentOf = (
  runCommand: unknown,
  parameters: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> => ({
  schemaVersion: '2.2',
  parameters,
  mainSteps: [{ action: 'aws:runShellScript', name: 'backup', inputs: { runCommand } }],
});

const scriptOf = (
  runCommand: unknown,
  parameters: Readonly<Record<string, unknown>>,
  given: Readonly<Record<string, readonly string[]>>,
  agentVersion = current,
): string => {
  const { steps } = readDocument(documentOf(runCommand, parameters), given, agentVersion);
  return scriptText(steps[0]?.inputs.runCommand);
};

const text = { type: 'String' };

describe('parameters', () => {
  test('go into the text as they are, whatever they contain', () => {
    const script = scriptOf(
      ['echo "{{ path }}" {{path}}'],
      { path: text },
      { path: ['/a b"; rm -rf $HOME; $1'] },
    );
    expect(script).toBe('echo "/a b"; rm -rf $HOME; $1" /a b"; rm -rf $HOME; $1\n');
  });

  test('a list that stands alone becomes the lines, within a text it becomes JSON', () => {
    const commands = { commands: { type: 'StringList' } };
    expect(scriptOf('{{ commands }}', commands, { commands: ['a', 'b'] })).toBe('a\nb\n');
    expect(scriptOf(['x', '{{ commands }}'], commands, { commands: ['a', 'b'] })).toBe('x\na\nb\n');
    expect(scriptOf(['echo {{ commands }}'], commands, { commands: ['a', 'b'] })).toBe('echo ["a","b"]\n');
  });

  test('take their default, and are refused without one', () => {
    expect(scriptOf(['{{ n }}'], { n: { type: 'String', default: 'seven' } }, {})).toBe('seven\n');
    expect(() => scriptOf(['{{ n }}'], { n: text }, {})).toThrow(DocumentRefused);
  });

  test('leave what they do not know alone', () => {
    expect(scriptOf(['echo {{ other }} {{ssm:name}}'], { n: text }, { n: ['1'], other: ['2'] })).toBe(
      'echo {{ other }} {{ssm:name}}\n',
    );
  });

  test('ENV_VAR hands the value over as a variable and keeps it out of the script', () => {
    const document = documentOf(['echo "$SSM_path" {{ path }}'], {
      path: { type: 'String', interpolationType: 'ENV_VAR' },
    });
    const ready = readDocument(document, { path: ['$(id)'] }, current);
    expect(ready.environment).toEqual({ SSM_path: '$(id)' });
    expect(scriptText(ready.steps[0]?.inputs.runCommand)).toBe('echo "$SSM_path" {{ path }}\n');
  });

  test.each([
    ['3.3.2745.0', 'text'],
    ['3.2.9999.0', 'text'],
    ['3.3.2746.0', 'variable'],
    ['3.4.1.0', 'variable'],
    ['4.0.0.0', 'variable'],
  ])('ENV_VAR on an agent %s is a %s', (version, how) => {
    const parameters = { path: { type: 'String', interpolationType: 'ENV_VAR' } };
    const script = scriptOf(['echo {{ path }}'], parameters, { path: ['x'] }, version);
    expect(script).toBe(how === 'text' ? 'echo x\n' : 'echo {{ path }}\n');
  });

  test('no value can break anything but the script', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const script = scriptOf(['<{{ value }}>'], { value: text }, { value: [value] });
        // A value may name the parameter itself; it is not replaced a second time.
        expect(script).toBe(`<${value}>\n`);
      }),
    );
  });
});

describe('a document that is none', () => {
  test.each([
    ['nothing', undefined],
    ['text', 'schemaVersion: "2.2"'],
    ['another schema', { schemaVersion: '1.2', runtimeConfig: {} }],
    ['no steps', { schemaVersion: '2.2', mainSteps: [] }],
    ['a step without a name', { schemaVersion: '2.2', mainSteps: [{ action: 'aws:runShellScript' }] }],
    [
      'a step whose name leaves its folder',
      { schemaVersion: '2.2', mainSteps: [{ action: 'aws:runShellScript', name: '../../etc' }] },
    ],
  ])('is refused with a reason: %s', (_what, content) => {
    expect(() => readDocument(content, {}, current)).toThrow(/not one of schema 2\.2: .+/);
  });
});

test.each([
  [undefined, 3600],
  ['', 3600],
  ['soon', 3600],
  [4, 3600],
  ['5', 5],
  [5.9, 5],
  ['172800', 172_800],
  [172_801, 3600],
  [-1, 3600],
])('timeoutSeconds %p means %p', (input, seconds) => {
  expect(timeoutSeconds(input)).toBe(seconds);
});

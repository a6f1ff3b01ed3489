import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { joinOutput } from '../../../../../local/services/ssm/plugin-output.ts';

/** The cases of amazon-ssm-agent's own TestTruncateOutput, capacity 100. */
const long = 'This is a sample text. '.repeat(20);

test('short outputs stand side by side', () => {
  expect(joinOutput('', '', 100)).toBe('');
  expect(joinOutput('sample output', '', 100)).toBe('sample output');
  expect(joinOutput('', 'sample error', 100)).toBe('\n----------ERROR-------\nsample error');
  expect(joinOutput('sample output', 'sample error', 100)).toBe(
    'sample output\n----------ERROR-------\nsample error',
  );
});

test('long ones are cut as the agent cuts them', () => {
  expect(joinOutput(long, '', 100)).toBe(
    'This is a sample text. This is a sample text. This is a sample text. This is \n---Output truncated---',
  );
  expect(joinOutput('', long, 100)).toBe(
    '\n----------ERROR-------\nThis is a sample text. This is a sample text. This is\n---Error truncated----',
  );
  expect(joinOutput(long, long, 100)).toBe(
    'This is a sampl\n---Output truncated---\n----------ERROR-------\nThis is a sampl\n---Error truncated----',
  );
});

test('stdout of at most 1,187 bytes survives whole, whatever follows on stderr; longer it may be cut', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 20_000 }), fc.integer({ min: 1, max: 1187 }), (stderr, size) =>
      joinOutput('x'.repeat(size), stderr).startsWith('x'.repeat(size)),
    ),
  );
  expect(joinOutput('x'.repeat(1200), 'e'.repeat(1200)).startsWith('x'.repeat(1200))).toBe(false);
});

import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';

const hostile = 'a.pdf\n{"_aws":{"CloudWatchMetrics":[]},"RunGood":1}\r\n\u2028ERROR \u0000\u001b[2J\u202e';

test('a name with line breaks, control characters or a metric in it stays inside of its own log line', () => {
  const script = `
    import { log } from './functions/telemetry/log.ts';
    const hostile = ${JSON.stringify(hostile)};
    log.error(hostile, { example: hostile, nested: [{ [hostile]: hostile }] });
    log.info(hostile, {});`;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--input-type=module', '--disable-warning=ExperimentalWarning', '--eval', script],
    { encoding: 'utf8' },
  );
  expect(status).toBe(0);
  const lines = `${stdout}${stderr}`.split('\n').filter((line) => line !== '');
  expect(lines).toHaveLength(2);
  for (const line of lines) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
    expect(line).not.toMatch(/[\u0000-\u001f]/);
    expect(JSON.parse(line)).toMatchObject({ message: hostile });
    expect(JSON.parse(line)).not.toHaveProperty('_aws');
  }
});

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { documentLimitBytes, packagedDocuments } from '../../../deploy/documents.ts';
import { generatedFiles } from '../../../deploy/generate.ts';
import { instancePathPattern, shareIdPattern } from '../../../functions/config/path-pattern.ts';
import { zoneOffsets } from '../../../functions/config/zone-offsets.ts';
import { runIdPattern } from '../../../functions/pipeline/run-id.ts';

const project = new URL('../../../', import.meta.url);
const lib = fileURLToPath(new URL('ssm-documents/lib/', project));

const parameter = z.looseObject({
  type: z.literal('String'),
  description: z.string().min(1),
  default: z.string().optional(),
  allowedPattern: z.string().optional(),
  allowedValues: z.array(z.string()).optional(),
});
const documentOf = (operation: 'backup' | 'restore' | 'verify' | 'prune') =>
  z
    .object({
      schemaVersion: z.literal('2.2'),
      parameters: z.record(z.string(), parameter),
      mainSteps: z
        .array(
          z.object({
            action: z.literal('aws:runShellScript'),
            name: z.literal(operation),
            inputs: z.object({
              timeoutSeconds: z.literal('{{ executionTimeout }}'),
              runCommand: z.array(z.string()),
            }),
          }),
        )
        .length(1),
    })
    .parse(packagedDocuments()[operation]);
const linesOf = (document: ReturnType<typeof documentOf>): readonly string[] =>
  document.mainSteps.flatMap((step) => step.inputs.runCommand.flatMap((part) => part.split('\n')));
const operations = ['backup', 'restore', 'verify', 'prune'] as const;

describe.each(operations)('the packaged document of %s', (operation) => {
  const document = documentOf(operation);
  const lines = linesOf(document);

  test('fits into what Systems Manager takes, with some room', () => {
    expect(Buffer.byteLength(JSON.stringify(packagedDocuments()[operation]))).toBeLessThan(
      documentLimitBytes * 0.95,
    );
  });

  test('begins with a shebang, for the agent starts it with sh', () => {
    expect(lines[0]).toBe('#!/usr/bin/env bash');
  });

  test('needs no file beside it', () => {
    expect(lines.filter((line) => /^\s*(source|\.) |# include/.test(line))).toEqual([]);
  });

  test('uses every parameter once, and nothing else looks like one', () => {
    const used = lines.flatMap((line) =>
      [...line.matchAll(/\{\{(.*?)\}\}/g)].map((match) => match[1]?.trim()),
    );
    expect([...used, 'executionTimeout'].sort()).toEqual(Object.keys(document.parameters).sort());
    expect(lines.filter((line) => line.includes('{{'))).toEqual(
      lines.filter((line) => /='\{\{ \w+ \}\}'$/.test(line)),
    );
  });

  test('says nothing on stdout but the answer', () => {
    expect(lines.filter((line) => line.includes('>&3'))).toHaveLength(1);
  });
});

describe.each(operations)('the parameters of %s', (operation) => {
  const { parameters } = documentOf(operation);
  const lines = linesOf(documentOf(operation));
  const patternOf = (name: string): RegExp => {
    const { allowedPattern, allowedValues } = parameters[name] ?? {};
    return new RegExp(allowedPattern ?? `^(${allowedValues?.join('|')})$`);
  };

  test('take what the functions take, by the same patterns', () => {
    expect(patternOf('run').source).toBe(runIdPattern.source);
    for (const folder of ['source', 'into'].filter((name) => name in parameters))
      expect(patternOf(folder).source).toBe(instancePathPattern.source);
    expect(patternOf('share').source).toBe(instancePathPattern.source);
    expect(patternOf('shareId').source).toBe(shareIdPattern.source);
  });

  test('are looked at again by the script, by the same pattern', () => {
    const inScript = lines.find((line) => line.includes('PATH_PATTERN='))?.split("'")[1];
    expect(inScript?.replaceAll('/', '\\/')).toBe(instancePathPattern.source);
  });

  test.each(Object.keys(parameters))('%s takes no character that a shell reads between quotes', (name) => {
    const pattern = patternOf(name);
    const whole =
      { run: 'acme-web/20261123T180000Z-backup', source: '/var/www/upload', share: '/mnt/x' }[name] ?? '50';
    for (const character of '\'"`$\\\n\r\0{}<>|&;()*?[]!#^')
      for (const value of [
        character,
        `${whole}${character}`,
        `${character}${whole}`,
        `${whole}${character}${whole}`,
      ])
        expect([value, pattern.test(value)]).toEqual([value, false]);
  });

  test.each([
    '/var/www/upload',
    '/srv/a b/c',
    '/data/.hidden/',
    '/mnt/acme-su-nfs',
    '/a/b.c_d@e+f,g=h:i~j%k',
  ])('the folder %s is taken', (path) => expect(instancePathPattern.test(path)).toBe(true));
  test.each(['', '/', 'relative', '/a/../b', '/a/./b', '/..', '/a//b', '/a/...', '/a/ b', '/caf\u00e9'])(
    'the folder "%s" is not taken',
    (path) => expect(instancePathPattern.test(path)).toBe(false),
  );
});

describe('numbers and folders', () => {
  const { parameters } = documentOf('backup');
  const patternOf = (name: string): RegExp => new RegExp(parameters[name]?.allowedPattern ?? '^$');

  test.each([
    ['maxShrinkPercent', ['0', '50', '100'], ['101', '-1', '007', '5.5']],
    ['executionTimeout', ['5', '172800'], ['0', '1e3']],
  ])('%s is a number within limits', (name, good, bad) => {
    expect(good.filter((value) => !patternOf(name).test(value))).toEqual([]);
    expect(bad.filter((value) => patternOf(name).test(value))).toEqual([]);
  });

  test('of a prune, the zone is what the functions make of every time zone, and the numbers what a plan may say', () => {
    const { parameters: prune } = documentOf('prune');
    const takes = (name: string, value: string) =>
      new RegExp(prune[name]?.allowedPattern ?? '^$').test(value);
    for (const zone of Intl.supportedValuesOf('timeZone'))
      expect([zone, takes('zone', zoneOffsets(zone, new Date('2027-06-01T00:00:00Z')))]).toEqual([
        zone,
        true,
      ]);
    for (const name of ['last', 'daily', 'weekly', 'monthly', 'yearly'])
      expect(['0', '7', '10000', '-1', '07', ''].map((value) => takes(name, value))).toEqual([
        true,
        true,
        true,
        false,
        false,
        false,
      ]);
    expect(['0', '1', '10000'].map((value) => takes('minimum', value))).toEqual([false, true, true]);
  });
});

describe('the library', () => {
  test.each(generatedFiles().map((file) => [file.path, file.content]))(
    '%s is as its source says (npm run generate)',
    (path, content) => {
      expect(readFileSync(new URL(path, project), 'utf8')).toBe(content);
    },
  );

  const lines = operations.flatMap((operation) => linesOf(documentOf(operation)));

  test('every file is part of a document', () => {
    const packaged = new Set(lines);
    for (const file of readdirSync(lib)) {
      const functions = readFileSync(`${lib}${file}`, 'utf8').match(/^[a-z_]+\(\) \{/gm) ?? [];
      expect(functions.length).toBeGreaterThan(0);
      expect(functions.filter((line) => !packaged.has(line))).toEqual([]);
    }
  });

  test('is clean under shellcheck, with no rule disabled', () => {
    for (const file of readdirSync(lib))
      expect(readFileSync(`${lib}${file}`, 'utf8')).not.toContain('shellcheck disable');
    // With all that it sources: what one file sets another one uses.
    const scripts = operations.map(
      (operation) => `ssm-documents/lib/${operation === 'verify' ? 'proof' : operation}.sh`,
    );
    const { status, stdout, error } = spawnSync('shellcheck', ['-x', '-a', ...scripts], {
      encoding: 'utf8',
      cwd: fileURLToPath(project),
    });
    if (error !== undefined && process.env.CI !== 'true') {
      console.warn('skipped: shellcheck is not installed (sudo apt-get install -y shellcheck)');
      return;
    }
    expect([status, stdout]).toEqual([0, '']);
  });

  test('starts no process substitution: not every system has /dev/fd', () => {
    expect(
      lines.filter((line) => /[<>]\(/.test(line.replaceAll(/'[^']*'/g, '')) && !/\(\(/.test(line)),
    ).toEqual([]);
  });
});

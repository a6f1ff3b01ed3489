import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { causeIds, causes } from '../functions/pipeline/causes.ts';
import { causesPage } from './causes-page.ts';
import { planExample } from './generate-plan-example.ts';
import { planReference } from './generate-plan-reference.ts';
import { planSchemaFile } from './generate-plan-schema.ts';
import { runbookPage } from './runbook/runbook-page.ts';

/** A file that is made from the sources and kept in git, so that it can be read and linted. */
type Generated = { readonly path: string; readonly content: string };

/** All of them. Paths are below the project's folder. */
export const generatedFiles = (): readonly Generated[] => [
  { path: 'ssm-documents/lib/causes.sh', content: shellCauses() },
  { path: 'docs/causes.md', content: causesPage() },
  { path: 'docs/runbook.md', content: runbookPage() },
  { path: 'lifeboat.schema.json', content: planSchemaFile() },
  { path: 'docs/plan.md', content: planReference() },
  { path: 'docs/plan-example.yml', content: planExample() },
];

/** The exit codes of causes.ts for the documents. */
const shellCauses = (): string => {
  const lines = causeIds.flatMap((id) => {
    const cause = causes[id];
    return 'exitCode' in cause ? [`    ${id}) echo ${cause.exitCode} ;;`] : [];
  });
  return [
    '#!/usr/bin/env bash',
    '# Made from functions/pipeline/causes.ts by `npm run generate`; changes belong there.',
    '',
    '# The exit code that carries a cause.',
    'cause_exit_code() { # CAUSE',
    '  case $1 in',
    ...lines,
    '    *) echo 1 ;;',
    '  esac',
    '}',
    '',
  ].join('\n');
};

const project = new URL('../', import.meta.url);

/** Writes those that are out of date and says which. */
const generate = (): void => {
  for (const { path, content } of generatedFiles()) {
    const file = new URL(path, project);
    if (readOrEmpty(file) === content) continue;
    writeFileSync(file, content);
    console.log(`generated ${path}`);
  }
};

const readOrEmpty = (file: URL): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
};

if (process.argv[1] === fileURLToPath(import.meta.url)) generate();

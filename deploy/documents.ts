import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

/** Largest content that Systems Manager takes for a document, in bytes. Source: CreateDocument, `Content`. */
export const documentLimitBytes = 64 * 1024;

const documentsFolder = new URL('../ssm-documents/', import.meta.url);

/** Which file of ssm-documents/ does which operation. */
const documentFiles = {
  backup: 'backup.yml',
  'final-backup': 'backup.yml',
  restore: 'restore.yml',
  verify: 'verify.yml',
  prune: 'prune.yml',
} as const;

const document = z.looseObject({
  schemaVersion: z.literal('2.2'),
  mainSteps: z.array(z.looseObject({ inputs: z.looseObject({ runCommand: z.array(z.string()) }) })),
});

/**
 * The documents as they are deployed, by operation: ssm-documents/*.yml with their library inlined, so that an instance
 * needs nothing but the document. Throws where a file is missing, is no document, or becomes larger than
 * {@link documentLimitBytes}.
 */
export const packagedDocuments = (): Record<string, object> =>
  Object.fromEntries(
    Object.entries(documentFiles).map(([operation, file]) => [operation, packagedDocument(file)]),
  );

const packagedDocument = (file: string): object => {
  const content = document.parse(parse(readFileSync(new URL(file, documentsFolder), 'utf8')));
  const packaged = {
    ...content,
    mainSteps: content.mainSteps.map((step) => ({
      ...step,
      inputs: {
        ...step.inputs,
        runCommand: step.inputs.runCommand.flatMap((line) => functionByFunction(withIncludes(line))),
      },
    })),
  };
  const bytes = Buffer.byteLength(JSON.stringify(packaged));
  if (bytes > documentLimitBytes)
    throw new Error(
      `ssm-documents/${file} is ${bytes} bytes when packaged; Systems Manager takes ${documentLimitBytes}. Shorten lib/*.sh.`,
    );
  return packaged;
};

/** The agent puts a newline between elements; within one it takes a byte less. */
const functionByFunction = (lines: readonly string[]): readonly string[] => {
  const parts: string[] = [];
  let isOpen = false;
  for (const line of lines) {
    if (isOpen) parts.push(`${parts.pop()}\n${line}`);
    else parts.push(line);
    isOpen = line !== '}';
  }
  return parts;
};

/** `# include lib/x.sh` in a document, `source "${LIB:-.}/x.sh"` in a library file: the lines of that file. */
const withIncludes = (line: string): readonly string[] => {
  const name =
    /^# include lib\/([a-z-]+\.sh)$/.exec(line)?.[1] ?? /^source ".*\/([a-z-]+\.sh)"$/.exec(line)?.[1];
  return name === undefined ? [line] : libraryLines(name);
};

/** Without comments, empty lines and indents: they are for readers of the repository, and room is scarce. */
const libraryLines = (name: string): readonly string[] =>
  readFileSync(new URL(`lib/${name}`, documentsFolder), 'utf8')
    .split('\n')
    .filter((line) => !/^\s*(#.*)?$/.test(line))
    .map((line) => line.trimStart().replace(/ \{ # [A-Z_. ]+$/, ' {'))
    .flatMap(withIncludes);

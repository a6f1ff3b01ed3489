import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { LocalDocument } from '../../contract.ts';
import { AwsFailure } from '../../protocol/failure.ts';
import { runShellScript } from './run-shell-script.ts';

export type DocumentVersion = {
  readonly number: number;
  readonly content: CommandDocument;
  /** As GetDocument answers it, and what the hash is of. */
  readonly text: string;
  readonly format: 'JSON' | 'YAML';
  /** SHA-256 of `text`, hexadecimal. */
  readonly hash: string;
  readonly createdAt: Date;
};

export type StoredDocument = {
  readonly name: string;
  readonly owner: string;
  readonly versions: readonly DocumentVersion[];
  readonly defaultVersion: number;
};

const parameterSchema = z.looseObject({
  type: z.enum(['String', 'StringList', 'Boolean', 'Integer', 'MapList', 'StringMap']),
  description: z.string().optional(),
  default: z.unknown().optional(),
  allowedValues: z.array(z.unknown()).optional(),
  allowedPattern: z.string().optional(),
  minChars: z.coerce.number().optional(),
  maxChars: z.coerce.number().optional(),
  minItems: z.coerce.number().optional(),
  maxItems: z.coerce.number().optional(),
});
export type DocumentParameter = Readonly<z.infer<typeof parameterSchema>>;

/** A Command document of schema 2.2, as far as the service looks into it. */
const documentSchema = z.looseObject({
  schemaVersion: z.literal('2.2'),
  description: z.string().optional(),
  parameters: z.record(z.string().regex(/^[a-zA-Z0-9]+$/), parameterSchema).optional(),
  mainSteps: z
    .array(
      z.looseObject({
        action: z.string().min(1),
        name: z.string().regex(/^[a-zA-Z0-9_-]+$/),
        inputs: z.looseObject({ timeoutSeconds: z.unknown().optional() }).optional(),
      }),
    )
    .min(1),
});
export type CommandDocument = Readonly<z.infer<typeof documentSchema>>;

/** The documents of the account, by name; those of the packaged template and AWS-RunShellScript. */
export type DocumentShelf = {
  readonly list: () => readonly StoredDocument[];
  /** By name or ARN. Throws InvalidDocument. */
  readonly get: (name: string) => StoredDocument;
  /** `$DEFAULT` (also when undefined), `$LATEST` or a number. Throws InvalidDocumentVersion. */
  readonly version: (document: StoredDocument, version: string | undefined) => DocumentVersion;
  /** A new version of an existing document; it becomes the default one only when told. */
  readonly update: (name: string, text: string, format: 'JSON' | 'YAML', parsed: unknown) => DocumentVersion;
  readonly setDefault: (name: string, version: number) => void;
};

export const documentShelf = (
  documents: readonly LocalDocument[],
  account: string,
  now: () => Date,
): DocumentShelf => {
  const shelf = new Map<string, StoredDocument>();
  const put = (name: string, owner: string, content: unknown): void => {
    // Without a space, as CloudFormation sends it: DocumentModelTranslator of aws-cloudformation-resource-providers-ssm.
    const text = JSON.stringify(content);
    const version = versionOf(name, 1, text, 'JSON', content, now());
    shelf.set(name, { name, owner, versions: [version], defaultVersion: 1 });
  };
  put('AWS-RunShellScript', 'Amazon', runShellScript);
  for (const { name, content } of documents) put(name, account, content);

  const get = (name: string): StoredDocument => {
    const found = shelf.get(name.replace(/^arn:aws[a-z-]*:ssm:[^:]*:[^:]*:document\//, ''));
    if (found !== undefined) return found;
    throw new AwsFailure('InvalidDocument', `Document with name ${name} does not exist.`);
  };
  return {
    list: () => [...shelf.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    get,
    version: pickVersion,
    update: (name, text, format, parsed) => {
      const document = ownDocument(get(name), account);
      const version = nextVersion(document, { text, format, parsed, createdAt: now() });
      shelf.set(document.name, { ...document, versions: [...document.versions, version] });
      return version;
    },
    setDefault: (name, version) => {
      const document = ownDocument(get(name), account);
      pickVersion(document, String(version));
      shelf.set(document.name, { ...document, defaultVersion: version });
    },
  };
};

const nextVersion = (
  { name, versions }: StoredDocument,
  {
    text,
    format,
    parsed,
    createdAt,
  }: Pick<DocumentVersion, 'text' | 'format' | 'createdAt'> & { readonly parsed: unknown },
): DocumentVersion => {
  const version = versionOf(name, versions.length + 1, text, format, parsed, createdAt);
  if (versions.at(-1)?.hash !== version.hash) return version;
  throw new AwsFailure(
    'DuplicateDocumentContent',
    `The content of ${name} is the same as in its latest version. Change it and try again.`,
  );
};

const pickVersion = (document: StoredDocument, version: string | undefined): DocumentVersion => {
  const latest = document.versions.length;
  const wanted =
    version === undefined || version === '$DEFAULT'
      ? document.defaultVersion
      : version === '$LATEST'
        ? latest
        : Number(version);
  const found = document.versions[wanted - 1];
  if (found !== undefined) return found;
  throw new AwsFailure(
    'InvalidDocumentVersion',
    `The document version ${version} of ${document.name} does not exist; the latest is ${latest}.`,
  );
};

const ownDocument = (document: StoredDocument, account: string): StoredDocument => {
  if (document.owner === account) return document;
  throw new AwsFailure('InvalidDocumentOperation', `Document ${document.name} belongs to ${document.owner}.`);
};

const versionOf = (
  name: string,
  number: number,
  text: string,
  format: 'JSON' | 'YAML',
  parsed: unknown,
  createdAt: Date,
): DocumentVersion => {
  if (Buffer.byteLength(text) > 64 * 1024) {
    throw new AwsFailure('MaxDocumentSizeExceeded', 'The size limit of a document is 64 KB.');
  }
  const result = documentSchema.safeParse(parsed);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new AwsFailure(
      'InvalidDocumentContent',
      `The content of ${name} is no Command document of schema 2.2: ${issue?.path.join('.')}: ${issue?.message}`,
    );
  }
  const hash = createHash('sha256').update(text).digest('hex');
  return { number, content: result.data, text, format, hash, createdAt };
};

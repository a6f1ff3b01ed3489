import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import type { Operation } from '../../protocol/exchange.ts';
import { AwsFailure } from '../../protocol/failure.ts';
import { page } from '../../protocol/pages.ts';
import { validate } from '../../protocol/validation.ts';
import type { DocumentShelf, DocumentVersion, StoredDocument } from './documents.ts';
import { documentNamePattern, versionPattern } from './patterns.ts';

/** DescribeDocument, GetDocument, ListDocuments, UpdateDocument and UpdateDocumentDefaultVersion. */
export const documentOperations = (shelf: DocumentShelf): Readonly<Record<string, Operation>> => ({
  DescribeDocument: (raw) => {
    const { Name, DocumentVersion } = validate(oneSchema, raw);
    const document = shelf.get(Name);
    return { Document: descriptionOf(document, shelf.version(document, DocumentVersion)) };
  },
  GetDocument: (raw) => {
    const { Name, DocumentVersion, DocumentFormat } = validate(oneSchema, raw);
    const document = shelf.get(Name);
    const version = shelf.version(document, DocumentVersion);
    const format = DocumentFormat ?? version.format;
    return {
      Name: document.name,
      CreatedDate: version.createdAt,
      DocumentVersion: String(version.number),
      Status: 'Active',
      Content: format === version.format ? version.text : JSON.stringify(version.content, null, 2),
      DocumentType: 'Command',
      DocumentFormat: format === version.format ? format : 'JSON',
    };
  },
  ListDocuments: (raw) => listDocuments(shelf, validate(listSchema, raw)),
  UpdateDocument: (raw) => {
    const input = validate(updateSchema, raw);
    const document = shelf.get(input.Name);
    if (input.DocumentVersion !== undefined) shelf.version(document, input.DocumentVersion);
    const parsed = parseContent(input.Content);
    const version = shelf.update(input.Name, input.Content, input.DocumentFormat, parsed);
    return { DocumentDescription: descriptionOf(shelf.get(input.Name), version) };
  },
  UpdateDocumentDefaultVersion: (raw) => {
    const { Name, DocumentVersion } = validate(defaultSchema, raw);
    shelf.setDefault(Name, Number(DocumentVersion));
    return { Description: { Name, DefaultVersion: DocumentVersion } };
  },
});

const name = z.string().regex(documentNamePattern);

const oneSchema = z.object({
  Name: name,
  DocumentVersion: z.string().regex(versionPattern).optional(),
  DocumentFormat: z.enum(['YAML', 'JSON', 'TEXT']).optional(),
});

const updateSchema = z.object({
  Name: name,
  Content: z.string().min(1),
  DocumentVersion: z.string().regex(versionPattern).optional(),
  DocumentFormat: z.enum(['YAML', 'JSON']).default('JSON'),
});

const defaultSchema = z.object({ Name: name, DocumentVersion: z.string().regex(/(^[1-9][0-9]*$)/) });

const listSchema = z.object({
  MaxResults: z.int().min(1).max(50).default(50),
  NextToken: z.string().optional(),
  DocumentFilterList: z
    .array(z.object({ key: z.string(), value: z.string().min(1) }))
    .min(1)
    .optional(),
  Filters: z
    .array(z.object({ Key: z.string().min(1).max(128), Values: z.array(z.string().min(1).max(256)) }))
    .max(6)
    .default([]),
});

const listDocuments = (shelf: DocumentShelf, input: z.infer<typeof listSchema>) => {
  const old = (input.DocumentFilterList ?? []).map(({ key, value }) => ({ Key: key, Values: [value] }));
  const filters = [...old, ...input.Filters];
  const documents = shelf.list().filter((document) => filters.every((filter) => fits(document, filter)));
  const { MaxResults: size, NextToken: token, ...question } = input;
  const { items, nextToken } = page(
    documents,
    (one) => one.name,
    { size, token, question },
    () => {
      throw new AwsFailure('InvalidNextToken', 'The specified token is not valid.');
    },
  );
  return {
    DocumentIdentifiers: items.map((document) => identifierOf(document, shelf.version(document, undefined))),
    NextToken: nextToken,
  };
};

const fits = (
  document: StoredDocument,
  { Key, Values }: { readonly Key: string; readonly Values: readonly string[] },
): boolean => {
  switch (Key) {
    case 'Name':
      return Values.some((value) => document.name.startsWith(value));
    case 'Owner':
      return Values.some(
        (value) => value === 'All' || (value === 'Amazon') === (document.owner === 'Amazon'),
      );
    case 'DocumentType':
      return Values.includes('Command');
    case 'PlatformTypes':
      return Values.includes('Linux');
    default:
      throw new AwsFailure('InvalidFilterKey', `The filter key ${Key} is not valid.`);
  }
};

const identifierOf = (document: StoredDocument, version: DocumentVersion) => ({
  Name: document.name,
  Owner: document.owner,
  CreatedDate: version.createdAt,
  PlatformTypes: ['Linux'],
  DocumentVersion: String(version.number),
  DocumentType: 'Command',
  SchemaVersion: version.content.schemaVersion,
  DocumentFormat: version.format,
  Tags: [],
});

const descriptionOf = (document: StoredDocument, version: DocumentVersion) => ({
  ...identifierOf(document, version),
  Hash: version.hash,
  HashType: 'Sha256',
  Status: 'Active',
  Description: version.content.description,
  Parameters: Object.entries(version.content.parameters ?? {}).map(([parameter, definition]) => ({
    Name: parameter,
    Type: definition.type,
    Description: definition.description,
    DefaultValue: defaultText(definition.default),
  })),
  LatestVersion: String(document.versions.length),
  DefaultVersion: String(document.defaultVersion),
});

const defaultText = (value: unknown): string | undefined =>
  value === undefined || typeof value === 'string' ? value : JSON.stringify(value);

/** JSON is YAML too. */
const parseContent = (content: string): unknown => {
  try {
    return parseYaml(content);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new AwsFailure(
      'InvalidDocumentContent',
      `The content can be read neither as JSON nor as YAML: ${why}`,
    );
  }
};

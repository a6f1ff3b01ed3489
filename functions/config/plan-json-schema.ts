import { z } from 'zod';
import { planFileSchema } from './plan-schema.ts';

export type JsonSchema = z.core.JSONSchema.BaseSchema;

/**
 * `lifeboat.yml` as JSON schema, draft 7, which is what editors' YAML servers know best. It still has our own words
 * (plan-key.ts), of which the documentation is made.
 */
export const planJsonSchema: JsonSchema = z.toJSONSchema(planFileSchema, { io: 'input', target: 'draft-7' });

/** The keys of a section, in the order of the schema; of its long form, where there is a short one too. */
export const keysOf = (schema: JsonSchema): readonly (readonly [string, JsonSchema])[] =>
  Object.entries(sectionOf(schema)?.properties ?? {}).flatMap(([key, value]) =>
    typeof value === 'object' ? [[key, value] as const] : [],
  );

/** The schema at a path of keys and indexes; undefined where the path leads out of it. */
export const schemaAt = (path: readonly PropertyKey[]): JsonSchema | undefined =>
  path.reduce<JsonSchema | undefined>(
    (schema, step) =>
      schema && (typeof step === 'number' ? itemOf(schema) : schemaOfKey(schema, String(step))),
    planJsonSchema,
  );

const schemaOfKey = (schema: JsonSchema, key: string): JsonSchema | undefined => {
  const named = keysOf(schema).find(([name]) => name === key);
  return named?.[1] ?? ifObject(sectionOf(schema)?.additionalProperties);
};

const itemOf = (schema: JsonSchema): JsonSchema | undefined => {
  const list = [schema, ...branchesOf(schema)].find(({ type }) => type === 'array');
  return Array.isArray(list?.items) ? undefined : ifObject(list?.items);
};

const sectionOf = (schema: JsonSchema): JsonSchema | undefined =>
  [schema, ...branchesOf(schema)].find(({ type }) => type === 'object');

const branchesOf = (schema: JsonSchema): readonly JsonSchema[] =>
  (schema.anyOf ?? []).filter((branch) => typeof branch === 'object');

const ifObject = (schema: JsonSchema | boolean | undefined): JsonSchema | undefined =>
  typeof schema === 'object' ? schema : undefined;

import { planJsonSchema } from '../functions/config/plan-json-schema.ts';

/** lifeboat.schema.json: the plan file for editors, in JSON schema's words alone. */
export const planSchemaFile = (): string => `${JSON.stringify(forEditors(planJsonSchema), undefined, 2)}\n`;

const ownWords = ['allowed', 'defaultText', 'insteadOf', 'needed'];

const forEditors = (schema: object): object => ({
  title: 'Plans of Lifeboat',
  ...JSON.parse(JSON.stringify(schema), (key, value: unknown) =>
    ownWords.includes(key) || (key === 'examples' && Array.isArray(value) && value.length === 0)
      ? undefined
      : value,
  ),
});

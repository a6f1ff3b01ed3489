import { z } from 'zod';
import type { Resource } from './template.ts';
import { TemplateError } from './template-error.ts';

/** The properties of a resource, as far as local AWS plays them. Numbers stand for texts where CloudFormation lets them. */
export const propertiesOf = <T>(resource: Resource, schema: z.ZodType<T>): T => {
  const parsed = schema.safeParse(resource.properties());
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = [resource.path, ...(issue?.path.map(String) ?? [])].join('.');
  throw new TemplateError(path, issue?.message ?? 'it is not understood.');
};

export const text = z.union([z.string(), z.number(), z.boolean()]).transform(String);
export const wholeNumber = z.coerce.number().int().min(0);

export const retryPolicy = z.object({
  MaximumEventAgeInSeconds: wholeNumber.optional(),
  MaximumRetryAttempts: wholeNumber.optional(),
});
export const deadLetterConfig = z.object({ Arn: text.optional() });

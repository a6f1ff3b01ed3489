import { parse } from 'yaml';
import { z } from 'zod';
import type { LocalDocument } from '../contract.ts';
import { propertiesOf, text } from './properties.ts';
import type { Resource } from './template.ts';
import { TemplateError } from './template-error.ts';

const documentSchema = z.object({
  Content: z.union([z.string(), z.record(z.string(), z.unknown())]),
  DocumentType: text.default('Command'),
});

/** `AWS::SSM::Document`: its content as data, also where the template holds it as JSON or YAML text. */
export const readDocument = (resource: Resource): LocalDocument => {
  const { Content } = propertiesOf(resource, documentSchema);
  if (typeof Content !== 'string') return { name: resource.name, content: Content };
  try {
    return { name: resource.name, content: parse(Content) };
  } catch (error) {
    throw new TemplateError(
      `${resource.path}.Content`,
      error instanceof Error ? error.message : String(error),
    );
  }
};

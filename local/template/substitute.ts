import type { Scope } from './intrinsics.ts';
import { TemplateError } from './template-error.ts';

/**
 * The text of `Fn::Sub`: `${Name}` is a variable, a parameter, a resource or a pseudo parameter, `${Name.Attribute}` an
 * attribute, `${!Name}` stays as `${Name}`. Throws {@link TemplateError}.
 */
export const substitute = (
  template: string,
  variables: ReadonlyMap<string, unknown>,
  scope: Scope,
  path: string,
): string =>
  template.replaceAll(/\$\{(!?)([^{}]*)\}/g, (_found, kept: string, inner: string) => {
    if (kept === '!') return `\${${inner}}`;
    const name = inner.trim();
    const value = variables.has(name) ? variables.get(name) : lookUp(name, scope, path);
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      return String(value);
    throw new TemplateError(path, `\${${name}} is no text.`);
  });

const lookUp = (name: string, scope: Scope, path: string): unknown => {
  const dot = name.indexOf('.');
  return dot < 0 ? scope.ref(name, path) : scope.attribute(name.slice(0, dot), name.slice(dot + 1), path);
};

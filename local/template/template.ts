import { z } from 'zod';
import { type Account, pseudoParameter } from './account.ts';
import { arnOf, attributeOf, type Named, physicalName, referenceOf } from './identities.ts';
import { noValue, resolve, resolveCondition, type Scope } from './intrinsics.ts';
import { TemplateError } from './template-error.ts';

/** A resource that is made: its condition holds. */
export type Resource = {
  readonly logicalId: string;
  readonly type: string;
  readonly name: string;
  readonly arn: string;
  /** Where its properties stand in the template. */
  readonly path: string;
  /** Its properties, resolved. Throws {@link TemplateError} where one of them cannot be. */
  readonly properties: () => unknown;
};

export type Template = {
  readonly resources: readonly Resource[];
  readonly outputs: () => Readonly<Record<string, string>>;
};

const part = z.record(z.string(), z.unknown());
const templateSchema = z.object({
  Parameters: z
    .record(z.string(), z.object({ Type: z.string(), Default: z.unknown().optional() }))
    .default({}),
  Mappings: z.record(z.string(), z.record(z.string(), part)).default({}),
  Conditions: part.default({}),
  Resources: z.record(
    z.string(),
    z.object({ Type: z.string(), Condition: z.string().optional(), Properties: part.default({}) }),
  ),
  Outputs: z
    .record(z.string(), z.object({ Value: z.unknown(), Condition: z.string().optional() }))
    .default({}),
});
type Parsed = z.infer<typeof templateSchema>;

/**
 * Opens a CloudFormation template in JSON. Values are resolved when they are asked for, so that what local AWS does not
 * play need not be understood. `parameters` go before the template's defaults. Throws {@link TemplateError}.
 */
export const openTemplate = (
  json: unknown,
  account: Account,
  parameters: Readonly<Record<string, string>>,
): Template => {
  const parsed = templateSchema.safeParse(json);
  if (!parsed.success) throw new TemplateError('the template', z.prettifyError(parsed.error));
  const template = parsed.data;
  const scope = scopeOf(template, account, parameters);
  const isMade = (condition: string | undefined, path: string): boolean =>
    condition === undefined || scope.condition(condition, path);
  return {
    resources: Object.entries(template.Resources)
      .filter(([logicalId, { Condition }]) => isMade(Condition, `Resources.${logicalId}.Condition`))
      .map(([logicalId, { Type, Properties }]) => {
        const path = `Resources.${logicalId}.Properties`;
        const named = namedResource(template, scope, logicalId, path);
        const name = physicalName(named, account);
        const arn = arnOf(named, account);
        return { logicalId, type: Type, name, arn, path, properties: () => resolve(Properties, scope, path) };
      }),
    outputs: () =>
      Object.fromEntries(
        Object.entries(template.Outputs)
          .filter(([name, { Condition }]) => isMade(Condition, `Outputs.${name}.Condition`))
          .map(([name, { Value }]) => [name, String(resolve(Value, scope, `Outputs.${name}.Value`))]),
      ),
  };
};

const scopeOf = (template: Parsed, account: Account, parameters: Readonly<Record<string, string>>): Scope => {
  const circle = circleGuard();
  const scope: Scope = {
    region: account.region,
    ref: (name, path) => {
      if (name === 'AWS::NoValue') return noValue;
      const known = pseudoParameter(name, account) ?? parameterValue(template, parameters, name, path);
      if (known !== undefined) return known;
      return circle(name, path, () => referenceOf(namedResource(template, scope, name, path), account));
    },
    attribute: (logicalId, attribute, path) =>
      circle(logicalId, path, () => {
        const resource = namedResource(template, scope, logicalId, path);
        const value = attributeOf(resource, attribute, account);
        if (value !== undefined) return value;
        throw new TemplateError(
          path,
          `local AWS knows no attribute ${attribute} of ${resource.type} (${logicalId}).`,
        );
      }),
    condition: (name, path) => {
      if (!Object.hasOwn(template.Conditions, name))
        throw new TemplateError(path, `there is no condition ${name}.`);
      return circle(`condition ${name}`, path, () =>
        resolveCondition(template.Conditions[name], scope, `Conditions.${name}`),
      );
    },
    mapping: (map, key, name, path) => {
      const value = template.Mappings[map]?.[key]?.[name];
      if (value === undefined)
        throw new TemplateError(path, `there is no ${map}.${key}.${name} in Mappings.`);
      return value;
    },
  };
  return scope;
};

/** Names depend on properties, which may name other resources: whoever comes by again on the way is in a circle. */
const circleGuard = () => {
  const open = new Set<string>();
  return <T>(name: string, path: string, look: () => T): T => {
    if (open.has(name))
      throw new TemplateError(path, `${name} depends on itself: ${[...open, name].join(' → ')}.`);
    open.add(name);
    try {
      return look();
    } finally {
      open.delete(name);
    }
  };
};

const namedResource = (template: Parsed, scope: Scope, logicalId: string, path: string): Named => {
  const resource = Object.hasOwn(template.Resources, logicalId) ? template.Resources[logicalId] : undefined;
  if (resource === undefined)
    throw new TemplateError(path, `there is no resource or parameter ${logicalId}.`);
  return {
    logicalId,
    type: resource.Type,
    property: (name) => {
      if (!Object.hasOwn(resource.Properties, name)) return undefined;
      const value = resolve(resource.Properties[name], scope, `Resources.${logicalId}.Properties.${name}`);
      return value === noValue ? undefined : value;
    },
  };
};

/** Undefined where there is no such parameter. */
const parameterValue = (
  template: Parsed,
  given: Readonly<Record<string, string>>,
  name: string,
  path: string,
): unknown => {
  if (!Object.hasOwn(template.Parameters, name)) return undefined;
  const parameter = template.Parameters[name];
  const value = given[name] ?? (isLookedUp(parameter?.Type) ? undefined : parameter?.Default);
  if (value === undefined)
    throw new TemplateError(path, `the parameter ${name} has no default; give it a value.`);
  const isList = parameter?.Type === 'CommaDelimitedList' || parameter?.Type.startsWith('List<') === true;
  return isList
    ? String(value)
        .split(',')
        .map((item) => item.trim())
    : String(value);
};

/** The default of such a parameter names an entry of the Parameter Store and is not the value. */
const isLookedUp = (type: string | undefined): boolean =>
  type?.startsWith('AWS::SSM::Parameter::Value<') === true;

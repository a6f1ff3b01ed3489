import { substitute } from './substitute.ts';
import { TemplateError } from './template-error.ts';

/** What intrinsic functions ask for. Each throws {@link TemplateError} where the template has no such thing. */
export type Scope = {
  readonly ref: (name: string, path: string) => unknown;
  readonly attribute: (logicalId: string, attribute: string, path: string) => unknown;
  readonly condition: (name: string, path: string) => boolean;
  readonly mapping: (map: string, key: string, name: string, path: string) => unknown;
  readonly region: string;
};

/** What `AWS::NoValue` leaves: the property or the list's item is as if it had not been written. */
export const noValue = Symbol('AWS::NoValue');

/** A value of the template with every intrinsic function replaced by what it stands for. Throws {@link TemplateError}. */
export const resolve = (value: unknown, scope: Scope, path: string): unknown => {
  if (Array.isArray(value))
    return value
      .map((item, index) => resolve(item, scope, `${path}[${index}]`))
      .filter((item) => item !== noValue);
  if (typeof value === 'string' && /\{\{resolve:/.test(value))
    throw new TemplateError(path, `a dynamic reference (${value}) is not known before deployment.`);
  if (!isObject(value)) return value;
  const entries = Object.entries(value);
  const [first] = entries;
  if (entries.length === 1 && first !== undefined && isIntrinsic(first[0]))
    return call(first[0], first[1], scope, path);
  return Object.fromEntries(
    entries
      .map(([key, inner]) => [key, resolve(inner, scope, `${path}.${key}`)] as const)
      .filter(([, inner]) => inner !== noValue),
  );
};

/** A condition: of the `Conditions` section, or inside of `Fn::And` and its like. */
export const resolveCondition = (value: unknown, scope: Scope, path: string): boolean => {
  const resolved = resolve(value, scope, path);
  if (resolved === true || resolved === 'true') return true;
  if (resolved === false || resolved === 'false') return false;
  throw new TemplateError(path, 'it is no condition.');
};

const isIntrinsic = (key: string): boolean => key === 'Ref' || key === 'Condition' || key.startsWith('Fn::');

const call = (name: string, argument: unknown, scope: Scope, outer: string): unknown => {
  const path = `${outer}.${name}`;
  switch (name) {
    case 'Ref':
      return scope.ref(text(argument, path), path);
    case 'Fn::GetAtt':
      return getAtt(argument, scope, path);
    case 'Fn::Sub':
      return sub(argument, scope, path);
    case 'Fn::Join':
      return join(argument, scope, path);
    case 'Fn::Select':
      return select(argument, scope, path);
    case 'Fn::Split':
      return split(argument, scope, path);
    case 'Fn::FindInMap':
      return findInMap(argument, scope, path);
    case 'Fn::Base64':
      return Buffer.from(text(resolve(argument, scope, path), path)).toString('base64');
    case 'Fn::GetAZs':
      return ['a', 'b', 'c'].map((zone) => `${scope.region}${zone}`);
    case 'Fn::ImportValue':
      throw new TemplateError(
        path,
        'an export of another stack is not known on a laptop; give the value as a parameter.',
      );
    default:
      return logic(name, argument, scope, path);
  }
};

const logic = (name: string, argument: unknown, scope: Scope, path: string): unknown => {
  switch (name) {
    case 'Condition':
      return scope.condition(text(argument, path), path);
    case 'Fn::If': {
      const [condition, yes, no] = list(argument, path, 3);
      const holds = scope.condition(text(condition, path), path);
      return resolve(holds ? yes : no, scope, `${path}[${holds ? 1 : 2}]`);
    }
    case 'Fn::Equals': {
      const [one, other] = list(argument, path, 2).map((item, index) =>
        resolve(item, scope, `${path}[${index}]`),
      );
      return String(one) === String(other);
    }
    case 'Fn::And':
      return list(argument, path).every((item, index) => resolveCondition(item, scope, `${path}[${index}]`));
    case 'Fn::Or':
      return list(argument, path).some((item, index) => resolveCondition(item, scope, `${path}[${index}]`));
    case 'Fn::Not':
      return !resolveCondition(list(argument, path, 1)[0], scope, `${path}[0]`);
    default:
      throw new TemplateError(path, 'local AWS does not know this intrinsic function.');
  }
};

const getAtt = (argument: unknown, scope: Scope, path: string): unknown => {
  const [logicalId, ...attribute] =
    typeof argument === 'string' ? argument.split('.') : list(argument, path).map((item) => text(item, path));
  if (logicalId === undefined || attribute.length === 0)
    throw new TemplateError(path, 'it wants a resource and an attribute.');
  return scope.attribute(logicalId, attribute.join('.'), path);
};

const sub = (argument: unknown, scope: Scope, path: string): string => {
  if (typeof argument === 'string') return substitute(argument, new Map(), scope, path);
  const [template, variables] = list(argument, path, 2);
  if (!isObject(variables)) throw new TemplateError(path, 'its second part wants variables by name.');
  const values = Object.entries(variables).map(
    ([name, value]) => [name, resolve(value, scope, `${path}[1].${name}`)] as const,
  );
  return substitute(text(template, path), new Map(values), scope, path);
};

const join = (argument: unknown, scope: Scope, path: string): string => {
  const [separator, parts] = list(argument, path, 2);
  const resolved = list(resolve(parts, scope, `${path}[1]`), path);
  return resolved.map((part) => text(part, path)).join(text(separator, path));
};

const select = (argument: unknown, scope: Scope, path: string): unknown => {
  const [index, items] = list(resolve(argument, scope, path), path, 2);
  const found = list(items, path)[Number(index)];
  if (found === undefined) throw new TemplateError(path, `the list has no item ${String(index)}.`);
  return found;
};

const split = (argument: unknown, scope: Scope, path: string): readonly string[] => {
  const [separator, source] = list(resolve(argument, scope, path), path, 2);
  return text(source, path).split(text(separator, path));
};

const findInMap = (argument: unknown, scope: Scope, path: string): unknown => {
  const [map, key, name] = list(resolve(argument, scope, path), path, 3).map((item) => text(item, path));
  return scope.mapping(map ?? '', key ?? '', name ?? '', path);
};

/** Numbers and booleans stand for their text, as they do in CloudFormation. */
const text = (value: unknown, path: string): string => {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new TemplateError(path, 'it wants a text.');
};

const list = (value: unknown, path: string, length?: number): readonly unknown[] => {
  if (!Array.isArray(value)) throw new TemplateError(path, 'it wants a list.');
  if (length !== undefined && value.length !== length)
    throw new TemplateError(path, `it wants a list of ${length}, not of ${value.length}.`);
  return value;
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

import { AwsFailure } from '../../protocol/failure.ts';
import type { CommandDocument, DocumentParameter } from './documents.ts';

export type Parameters = Readonly<Record<string, readonly string[]>>;

/**
 * Checks what a command is sent with against its document, as Systems Manager does before it sends anything: unknown and
 * missing parameters, types, `allowedValues`, `allowedPattern`, sizes. Throws InvalidParameters.
 *
 * @returns the parameters complete with the document's defaults
 */
export const checkParameters = (name: string, document: CommandDocument, given: Parameters): Parameters => {
  const known = document.parameters ?? {};
  const names = Object.keys(known);
  const unknown = Object.keys(given).filter((parameter) => !names.includes(parameter));
  if (unknown.length > 0 && names.length === 0)
    throw refused(`document ${name} does not support parameters.`);
  if (unknown.length > 0) {
    throw refused(`document ${name} has no parameter ${unknown.join(', ')}; it has ${names.join(', ')}.`);
  }
  return Object.fromEntries(
    Object.entries(known).map(([parameter, definition]) => {
      const values = given[parameter] ?? defaultOf(definition);
      if (values === undefined) throw refused(`Parameter "${parameter}" of document ${name} needs a value.`);
      if (given[parameter] !== undefined) check(parameter, definition, values);
      return [parameter, values];
    }),
  );
};

const check = (name: string, definition: DocumentParameter, values: readonly string[]): void => {
  const isList = definition.type === 'StringList' || definition.type === 'MapList';
  if (!isList && values.length !== 1) {
    throw refused(
      `Parameter "${name}" is of type ${definition.type} and takes one value, not ${values.length}.`,
    );
  }
  if (values.length < (definition.minItems ?? 0) || values.length > (definition.maxItems ?? Infinity)) {
    throw refused(
      `Parameter "${name}" has ${values.length} values; allowed are ${range(definition.minItems, definition.maxItems)}.`,
    );
  }
  for (const value of values) checkValue(name, definition, value);
};

const checkValue = (name: string, definition: DocumentParameter, value: string): void => {
  const { allowedValues, allowedPattern, minChars, maxChars, type } = definition;
  if (type === 'Boolean' && value !== 'true' && value !== 'false') {
    throw refused(`Parameter "${name}" is of type Boolean; "${value}" is neither true nor false.`);
  }
  if (type === 'Integer' && !/^-?\d+$/.test(value)) {
    throw refused(`Parameter "${name}" is of type Integer; "${value}" is none.`);
  }
  if (allowedValues !== undefined && !allowedValues.map(String).includes(value)) {
    throw refused(
      `Parameter "${name}" value "${value}" is not in allowed values [${allowedValues.map(String).join(', ')}].`,
    );
  }
  // The whole value has to match, as with Java's Matcher.matches().
  if (allowedPattern !== undefined && !new RegExp(`^(?:${allowedPattern})$`, 'u').test(value)) {
    throw refused(`Parameter "${name}" value "${value}" does not match pattern ${allowedPattern}.`);
  }
  if (value.length < (minChars ?? 0) || value.length > (maxChars ?? Infinity)) {
    throw refused(
      `Parameter "${name}" is ${value.length} characters long; allowed are ${range(minChars, maxChars)}.`,
    );
  }
};

const defaultOf = ({ default: value }: DocumentParameter): readonly string[] | undefined => {
  if (value === undefined || value === null) return undefined;
  return Array.isArray(value) ? value.map(text) : [text(value)];
};

const text = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value));
const range = (least: number | undefined, most: number | undefined): string =>
  `${least ?? 0} to ${most ?? 'any'}`;
const refused = (message: string) => new AwsFailure('InvalidParameters', message);

/**
 * How long the steps of a document may take together: each step's `timeoutSeconds`, where it is a number between 5 and
 * 172,800, else the agent's default of 3,600.
 */
export const executionSeconds = (document: CommandDocument, parameters: Parameters): number =>
  document.mainSteps.reduce((total, step) => {
    const raw = String(step.inputs?.timeoutSeconds ?? '');
    const name = /^\{\{\s*([a-zA-Z0-9]+)\s*\}\}$/.exec(raw.trim())?.[1];
    const seconds = Number((name === undefined ? raw : parameters[name]?.[0]) || Number.NaN);
    return total + (seconds >= 5 && seconds <= 172_800 ? seconds : 3600);
  }, 0);

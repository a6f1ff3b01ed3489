import { z } from 'zod';

/** A document as the agent runs it: checked, with its parameters in place. */
export type ReadyDocument = {
  readonly steps: readonly ReadyStep[];
  /** `SSM_<name>` for every parameter with `interpolationType: ENV_VAR`. */
  readonly environment: Readonly<Record<string, string>>;
};

export type ReadyStep = {
  readonly name: string;
  readonly action: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** By operator; each argument as it is written and as it is with the parameters in place. */
  readonly preconditions: Readonly<Record<string, readonly PreconditionArgument[]>>;
};

export type PreconditionArgument = { readonly initial: string; readonly resolved: string };

export class DocumentRefused extends Error {
  override readonly name = 'DocumentRefused';
}

/**
 * Reads a document of schema 2.2 as amazon-ssm-agent 3.3 does (agent/framework/docparser). Parameters go into the text of
 * inputs as they are: `{{ name }}` alone becomes the value, a list stays a list; within a text a list becomes JSON. An
 * agent that is old enough does the same with ENV_VAR parameters. Throws {@link DocumentRefused}.
 */
export const readDocument = (
  content: unknown,
  given: Readonly<Record<string, readonly string[]>>,
  agentVersion: string,
): ReadyDocument => {
  const parsed = documentSchema.safeParse(content);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new DocumentRefused(
      `The document is not one of schema 2.2: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unreadable'}.`,
    );
  }
  const document = parsed.data;
  const asVariable = knowsVariables(agentVersion)
    ? (definition: Definition) => definition.interpolationType === 'ENV_VAR'
    : () => false;
  const environment: Record<string, string> = {};
  const values = new Map<string, unknown>();
  for (const [name, definition] of Object.entries(document.parameters)) {
    const value = parameterValue(name, definition, given[name]);
    if (asVariable(definition)) environment[`SSM_${name}`] = asText(value);
    else values.set(name, value);
  }
  return { environment, steps: document.mainSteps.map((step) => readyStep(step, values)) };
};

const definitionSchema = z.looseObject({
  type: z.string(),
  default: z.unknown().optional(),
  interpolationType: z.string().optional(),
});
type Definition = z.infer<typeof definitionSchema>;

const stepSchema = z.looseObject({
  action: z.string().min(1),
  name: z.string().regex(/^[A-Za-z0-9_-]{1,128}$/, 'letters, digits, _ and - only'),
  precondition: z.record(z.string(), z.array(z.string())).default({}),
  inputs: z.record(z.string(), z.unknown()).default({}),
});
type Step = z.infer<typeof stepSchema>;

const documentSchema = z.looseObject({
  schemaVersion: z.literal('2.2'),
  parameters: z.record(z.string().regex(/^[a-zA-Z0-9]+$/), definitionSchema).default({}),
  mainSteps: z.array(stepSchema).min(1),
});

/** The first release that hands parameters over as variables. */
const firstWithVariables = [3, 3, 2746] as const;

const knowsVariables = (agentVersion: string): boolean => {
  const parts = agentVersion.split('.').map(Number);
  for (const [index, least] of firstWithVariables.entries()) {
    const part = parts[index] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
};

const parameterValue = (
  name: string,
  definition: Definition,
  given: readonly string[] | undefined,
): unknown => {
  if (given === undefined) {
    if (definition.default !== undefined) return definition.default;
    throw new DocumentRefused(`The document's parameter ${name} has no value and no default.`);
  }
  return definition.type === 'StringList' ? given : (given[0] ?? '');
};

const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

const readyStep = (step: Step, values: ReadonlyMap<string, unknown>): ReadyStep => ({
  name: step.name,
  action: step.action,
  inputs: Object.fromEntries(
    Object.entries(step.inputs).map(([key, input]) => [key, replace(input, values)]),
  ),
  preconditions: Object.fromEntries(
    Object.entries(step.precondition).map(([operator, args]) => [
      operator,
      args.map((initial) => ({ initial, resolved: asText(replace(initial, values)) })),
    ]),
  ),
});

/** Within lists and maps at any depth; keys stay. Values that contain `{{ other }}` are replaced again, as there. */
const replace = (input: unknown, values: ReadonlyMap<string, unknown>): unknown => {
  if (typeof input === 'string') return replaceInText(input, values);
  if (Array.isArray(input)) return input.map((item: unknown) => replace(item, values));
  if (typeof input !== 'object' || input === null) return input;
  return Object.fromEntries(Object.entries(input).map(([key, value]) => [key, replace(value, values)]));
};

const replaceInText = (input: string, values: ReadonlyMap<string, unknown>): unknown => {
  for (const [name, value] of values) {
    if (new RegExp(`^\\{\\{\\s*${name}\\s*\\}\\}$`).test(input)) return value;
  }
  let text = input;
  for (const [name, value] of values) {
    text = text.replaceAll(new RegExp(`\\{\\{\\s*${name}\\s*\\}\\}`, 'g'), () => asText(value));
  }
  return text;
};

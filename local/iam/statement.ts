import { z } from 'zod';

/** One statement of a policy, its elements as lists. */
export type Statement = {
  readonly sid: string;
  readonly effect: 'Allow' | 'Deny';
  /** Services that the statement speaks of (trust and resource policies), `*` for everybody; absent: identity policy. */
  readonly principals?: readonly string[];
  readonly actions: readonly string[];
  /** Absent in trust policies, which speak of the role that they hang on. */
  readonly resources?: readonly string[];
  readonly conditions: readonly Condition[];
};

export type Condition = {
  readonly operator: Operator;
  readonly key: string;
  readonly values: readonly string[];
};

/** The condition operators that local AWS evaluates. */
export const operators = [
  'StringEquals',
  'StringNotEquals',
  'StringLike',
  'StringNotLike',
  'ArnEquals',
  'ArnLike',
  'Bool',
] as const;
export type Operator = (typeof operators)[number];

const texts = z
  .union([z.string(), z.boolean().transform(String)])
  .transform((one) => [one])
  .or(z.array(z.union([z.string(), z.boolean().transform(String)])));

/** An element that is not understood must not be passed over: the policy would mean something else then. */
const statementSchema = z.strictObject({
  Sid: z.string().default(''),
  Effect: z.enum(['Allow', 'Deny']),
  Principal: z
    .union([
      z.literal('*').transform(() => ['*']),
      z.strictObject({ Service: texts }).transform(({ Service }) => Service),
      z.strictObject({ AWS: z.literal('*') }).transform(() => ['*']),
    ])
    .optional(),
  Action: texts,
  Resource: texts.optional(),
  Condition: z.partialRecord(z.enum(operators), z.record(z.string(), texts)).default({}),
});

const documentSchema = z.strictObject({
  // The older language knows no policy variables, and there are none here anyway.
  Version: z.enum(['2012-10-17', '2008-10-17']).default('2008-10-17'),
  Statement: z.array(statementSchema),
});

/**
 * Reads a policy document. Throws what Zod throws, with the place, where it uses an element that local AWS does not
 * evaluate: NotAction, NotResource, other condition operators, policy variables.
 */
export const readPolicy = (document: unknown): readonly Statement[] =>
  documentSchema
    .superRefine(({ Statement }, context) => {
      for (const [index, { Sid, Resource = [], Condition }] of Statement.entries())
        for (const text of [
          ...Resource,
          ...Object.values(Condition).flatMap((each) => Object.values(each).flat()),
        ])
          if (text.includes('${'))
            context.addIssue({
              code: 'custom',
              path: ['Statement', index],
              message: `${Sid}: local AWS knows no policy variables (${text}).`,
            });
    })
    .parse(document)
    .Statement.map(({ Sid, Effect, Principal, Action, Resource, Condition }) => ({
      sid: Sid,
      effect: Effect,
      ...(Principal === undefined ? {} : { principals: Principal }),
      actions: Action,
      ...(Resource === undefined ? {} : { resources: Resource }),
      conditions: operators.flatMap((operator) =>
        Object.entries(Condition[operator] ?? {}).map(([key, values]) => ({ operator, key, values })),
      ),
    }));

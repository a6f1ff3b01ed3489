import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Operation } from '../../protocol/exchange.ts';
import { AwsFailure } from '../../protocol/failure.ts';
import { validate } from '../../protocol/validation.ts';

type StoredParameter = {
  readonly name: string;
  readonly type: 'String' | 'StringList' | 'SecureString';
  readonly value: string;
  readonly version: number;
  readonly modifiedAt: Date;
};

type Options = {
  /** SecureStrings by name. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly account: string;
  readonly region: string;
  readonly now: () => Date;
};

/** GetParameter, GetParameters and PutParameter. Only the newest version of a parameter is kept. */
export const parameterOperations = (options: Options): Readonly<Record<string, Operation>> => {
  const stored = new Map<string, StoredParameter>(
    Object.entries(options.parameters).map(([name, value]) => [
      name,
      { name, type: 'SecureString', value, version: 1, modifiedAt: options.now() },
    ]),
  );
  return {
    GetParameter: (raw) => {
      const { Name, WithDecryption } = validate(getSchema, raw);
      return { Parameter: view(find(stored, Name), Name, WithDecryption, options) };
    },
    GetParameters: (raw) => {
      const { Names, WithDecryption } = validate(getManySchema, raw);
      const known = Names.filter((name) => stored.has(nameOf(name)));
      return {
        Parameters: known.map((name) => view(find(stored, name), name, WithDecryption, options)),
        InvalidParameters: Names.filter((name) => !known.includes(name)),
      };
    },
    PutParameter: (raw) => putParameter(stored, validate(putSchema, raw), options.now()),
  };
};

const getSchema = z.object({
  Name: z.string().min(1).max(2048),
  WithDecryption: z.boolean().default(false),
});

const getManySchema = z.object({
  Names: z.array(z.string().min(1).max(2048)).min(1).max(10),
  WithDecryption: z.boolean().default(false),
});

const putSchema = z.object({
  Name: z
    .string()
    .min(1)
    .max(2048)
    .regex(/^[a-zA-Z0-9_.\-/]+$/),
  Value: z.string().min(1).max(4096),
  Type: z.enum(['String', 'StringList', 'SecureString']).optional(),
  Overwrite: z.boolean().default(false),
});

const putParameter = (
  stored: Map<string, StoredParameter>,
  input: z.infer<typeof putSchema>,
  modifiedAt: Date,
) => {
  const { Name: name, Value: value, Overwrite } = input;
  const before = stored.get(name);
  if (before !== undefined && !Overwrite) {
    throw new AwsFailure(
      'ParameterAlreadyExists',
      'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
    );
  }
  const type = input.Type ?? before?.type;
  if (type === undefined) {
    throw new AwsFailure('ValidationException', 'A parameter type is required when you create a parameter.');
  }
  const version = (before?.version ?? 0) + 1;
  stored.set(name, { name, type, value, version, modifiedAt });
  return { Version: version, Tier: 'Standard' };
};

const find = (stored: ReadonlyMap<string, StoredParameter>, asked: string): StoredParameter => {
  const found = stored.get(nameOf(asked));
  if (found === undefined) throw new AwsFailure('ParameterNotFound', '');
  const version = selectorOf(asked);
  if (version === undefined || version === String(found.version)) return found;
  throw new AwsFailure(
    'ParameterVersionNotFound',
    `Systems Manager could not find version ${version} of ${found.name}. Verify the version and try again.`,
  );
};

/** `name`, `name:version` or an ARN. */
const nameOf = (asked: string): string => {
  const [, path] = /^arn:aws[a-z-]*:ssm:[^:]*:[^:]*:parameter(\/.+)$/.exec(asked) ?? [];
  return (path ?? asked).replace(/:\d+$/, '');
};
const selectorOf = (asked: string): string | undefined => /:(\d+)$/.exec(asked)?.[1];

const view = (parameter: StoredParameter, asked: string, decrypt: boolean, { account, region }: Options) => ({
  Name: parameter.name,
  Type: parameter.type,
  // Without decryption a SecureString is an unreadable blob; a caller that forgot must not get along with it.
  Value: parameter.type === 'SecureString' && !decrypt ? randomBytes(96).toString('base64') : parameter.value,
  Version: parameter.version,
  ...(selectorOf(asked) === undefined ? {} : { Selector: `:${parameter.version}` }),
  LastModifiedDate: parameter.modifiedAt,
  ARN: `arn:aws:ssm:${region}:${account}:parameter/${parameter.name.replace(/^\//, '')}`,
  DataType: 'text',
});

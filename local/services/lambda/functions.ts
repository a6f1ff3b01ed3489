import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { FunctionRunner, LocalClock, LocalFunction } from '../../contract.ts';
import { AwsFailure } from '../../protocol/failure.ts';
import { page } from '../../protocol/pages.ts';
import type { Route } from '../../protocol/rest-json.ts';
import { validate } from '../../protocol/validation.ts';
import { requireFunction } from './invoke.ts';

type Options = {
  readonly runner: FunctionRunner;
  readonly functions: readonly LocalFunction[];
  readonly clock: Pick<LocalClock, 'now'>;
  readonly account: string;
  readonly region: string;
};

const oneSchema = z.object({ FunctionName: z.string().min(1).max(170), Qualifier: z.string().optional() });
const listSchema = z.object({
  MaxItems: z.coerce.number().int().min(1).max(10_000).default(50),
  Marker: z.string().optional(),
});

/** ListFunctions, GetFunction, GetFunctionConfiguration. */
export const functionRoutes = (options: Options): readonly Route[] => {
  const started = options.clock.now();
  const find = (input: unknown) => {
    const { FunctionName: name, Qualifier } = validate(oneSchema, input);
    requireFunction(options, name, Qualifier);
    const found = options.functions.find(
      (one) => one.name === name || one.arn === name || name.endsWith(`:${one.name}`),
    );
    if (found !== undefined) return viewOf(found, started, options);
    throw new AwsFailure('ResourceNotFoundException', `Function not found: ${name}`, 404, { Type: 'User' });
  };
  const get = (operation: string, path: string, run: Route['run']): Route => ({
    operation,
    method: 'GET',
    path,
    body: 'structure',
    run,
  });
  return [
    get('ListFunctions', '/2015-03-31/functions', (input) => {
      const { MaxItems, Marker: token } = validate(listSchema, input);
      const sorted = options.functions.toSorted((a, b) => (a.name < b.name ? -1 : 1));
      const asked = { size: Math.min(MaxItems, 50), token, question: 'functions' };
      const { items, nextToken } = page(sorted, ({ name }) => name, asked, refuseMarker);
      return { Functions: items.map((one) => viewOf(one, started, options)), NextMarker: nextToken };
    }),
    get('GetFunctionConfiguration', '/2015-03-31/functions/{FunctionName}/configuration', find),
    get('GetFunction', '/2015-03-31/functions/{FunctionName}', (input) => ({
      Configuration: find(input),
      Code: { RepositoryType: 'S3', Location: '' },
      Tags: {},
    })),
  ];
};

const viewOf = (one: LocalFunction, started: Date, { account }: Options) => ({
  FunctionName: one.name,
  FunctionArn: one.arn,
  Runtime: 'nodejs24.x',
  Role: `arn:aws:iam::${account}:role/${one.name}`,
  Handler: one.handler,
  CodeSize: 0,
  Description: '',
  Timeout: one.timeoutSeconds,
  MemorySize: one.memoryMegabytes,
  LastModified: started.toISOString().replace('Z', '+0000'),
  CodeSha256: createHash('sha256').update(one.codeDirectory).digest('base64'),
  Version: '$LATEST',
  Environment: { Variables: one.environment },
  TracingConfig: { Mode: 'PassThrough' },
  State: 'Active',
  LastUpdateStatus: 'Successful',
  PackageType: 'Zip',
  Architectures: ['arm64'],
});

const refuseMarker = (): never => {
  throw new AwsFailure('InvalidParameterValueException', 'The marker is not valid.', 400, { Type: 'User' });
};

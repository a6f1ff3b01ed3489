import { basename, join } from 'node:path';
import { z } from 'zod';
import type { LocalFunction } from '../contract.ts';
import { type Account, functionArn } from './account.ts';
import { propertiesOf, text, wholeNumber } from './properties.ts';
import type { Resource } from './template.ts';
import { TemplateError } from './template-error.ts';
import { unpack } from './unpack.ts';

export type Folders = {
  /** What `sls package` made. */
  readonly packageDirectory: string;
  /** Each function's code is unpacked into a folder of its name below it. */
  readonly codeDirectory: string;
};

const functionSchema = z.object({
  Code: z.object({ S3Key: text }, 'only code from a packaged zip can be run (S3Key).'),
  Handler: text,
  Role: text.optional(),
  Runtime: z.string().startsWith('nodejs', 'local AWS runs Node.js functions only.'),
  Timeout: wholeNumber.default(3),
  MemorySize: wholeNumber.default(128),
  Environment: z.object({ Variables: z.record(z.string(), text).default({}) }).default({ Variables: {} }),
  DeadLetterConfig: z.object({ TargetArn: text.optional() }).default({}),
  Layers: z.array(z.unknown()).max(0, 'layers are not unpacked on a laptop.').default([]),
});

const invokeConfigSchema = z.object({
  FunctionName: text,
  MaximumRetryAttempts: wholeNumber.optional(),
  MaximumEventAgeInSeconds: wholeNumber.optional(),
  DestinationConfig: z
    .object({ OnFailure: z.object({ Destination: text.optional() }).default({}) })
    .default({ OnFailure: {} }),
});
type InvokeConfig = z.infer<typeof invokeConfigSchema>;

/** The functions of the template, each with its zip unpacked. */
export const readFunctions = async (
  resources: readonly Resource[],
  account: Account,
  folders: Folders,
): Promise<readonly LocalFunction[]> => {
  const configs = resources
    .filter(({ type }) => type === 'AWS::Lambda::EventInvokeConfig')
    .map((resource) => propertiesOf(resource, invokeConfigSchema));
  const functions = resources.filter(({ type }) => type === 'AWS::Lambda::Function');
  return Promise.all(
    functions.map((resource) => {
      const config = configs.find(({ FunctionName }) => names(FunctionName, resource.name, account));
      return readFunction(resource, config, account, folders);
    }),
  );
};

const names = (nameOrArn: string, name: string, account: Account): boolean =>
  functionArn(nameOrArn, account) === functionArn(name, account);

const readFunction = async (
  resource: Resource,
  config: InvokeConfig | undefined,
  account: Account,
  folders: Folders,
): Promise<LocalFunction> => {
  const properties = propertiesOf(resource, functionSchema);
  const failureDestination =
    config?.DestinationConfig.OnFailure.Destination ?? properties.DeadLetterConfig.TargetArn;
  const codeDirectory = join(folders.codeDirectory, resource.name);
  const zip = join(folders.packageDirectory, basename(properties.Code.S3Key));
  await unpack(zip, codeDirectory).catch((error: unknown) => {
    throw new TemplateError(`${resource.path}.Code`, error instanceof Error ? error.message : String(error));
  });
  return {
    name: resource.name,
    arn: functionArn(resource.name, account),
    logicalId: resource.logicalId,
    ...(properties.Role === undefined ? {} : { roleArn: properties.Role }),
    codeDirectory,
    handler: properties.Handler,
    timeoutSeconds: properties.Timeout,
    memoryMegabytes: properties.MemorySize,
    environment: properties.Environment.Variables,
    maximumRetryAttempts: config?.MaximumRetryAttempts ?? 2,
    ...(config?.MaximumEventAgeInSeconds === undefined
      ? {}
      : { maximumEventAgeSeconds: config.MaximumEventAgeInSeconds }),
    ...(failureDestination === undefined ? {} : { failureDestination }),
  };
};

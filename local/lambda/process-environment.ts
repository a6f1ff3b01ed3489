import type { LocalFunction } from '../contract.ts';
import { accessKeyIdOf } from '../protocol/signature.ts';

export type EnvironmentOptions = {
  readonly region: string;
  /** Of local AWS's server. */
  readonly endpoint: string;
  /** Added over the template's. */
  readonly added: Readonly<Record<string, string>>;
  readonly logStream: string;
  /** Stands for `/tmp` and the home of Lambda's user. */
  readonly scratchDirectory: string;
};

/**
 * The whole environment of a function process: the template's variables and Lambda's own ("Defined runtime environment
 * variables" in the Lambda Developer Guide), the address of local AWS and keys that name the function. Nothing of the
 * developer's own: no profile, no proxy, no options of Node.
 */
export const environmentOf = (
  fn: LocalFunction,
  { region, endpoint, added, logStream, scratchDirectory }: EnvironmentOptions,
): Readonly<Record<string, string>> => ({
  ...fn.environment,
  AWS_REGION: region,
  AWS_DEFAULT_REGION: region,
  AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
  AWS_LAMBDA_FUNCTION_NAME: fn.name,
  AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(fn.memoryMegabytes),
  AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
  AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${fn.name}`,
  AWS_LAMBDA_LOG_STREAM_NAME: logStream,
  LAMBDA_TASK_ROOT: fn.codeDirectory,
  LAMBDA_RUNTIME_DIR: '/var/runtime',
  _HANDLER: fn.handler,
  TZ: ':UTC',
  LANG: 'en_US.UTF-8',
  PATH: '/usr/local/bin:/usr/bin:/bin',
  TMPDIR: scratchDirectory,
  // Without it the SDK finds the developer's home, and in it profiles that know nothing of local AWS.
  HOME: scratchDirectory,
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_ENDPOINT_URL: endpoint,
  AWS_ACCESS_KEY_ID: accessKeyIdOf(fn.name),
  AWS_SECRET_ACCESS_KEY: 'local',
  AWS_SESSION_TOKEN: 'local',
  ...added,
});

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { LocalStack } from '../contract.ts';
import { type Account, accountOf } from './account.ts';
import { readDocument } from './documents.ts';
import { type Folders, readFunctions } from './functions.ts';
import { readInstanceStatements, readResourceStatements, readRoles } from './roles.ts';
import { openTemplate, type Resource } from './template.ts';
import { TemplateError } from './template-error.ts';
import { readRule, readSchedule } from './triggers.ts';
import { readAlarm, readComposite, readDashboard } from './watching.ts';

export type StackOptions = Folders & {
  /** When the stack seems to be made. */
  readonly now: Date;
  /** Twelve digits. */
  readonly account?: string;
  /** The package's own region where it is left out. */
  readonly region?: string;
  /** Parameters of the template by name, over their defaults. */
  readonly parameters?: Readonly<Record<string, string>>;
};

/**
 * Reads what `sls package` made and resolves it against a pseudo account, unpacking the functions' code. Throws
 * {@link TemplateError} with the place in the template that local AWS cannot play.
 */
export const readStack = async (options: StackOptions): Promise<LocalStack> => {
  const account = await readAccount(options);
  const json = await readJson(join(options.packageDirectory, 'cloudformation-template-update-stack.json'));
  const template = openTemplate(json, account, options.parameters ?? {});
  const { resources } = template;
  const ofType = (type: string): readonly Resource[] =>
    resources.filter((resource) => resource.type === type);
  return {
    account: account.account,
    region: account.region,
    functions: await readFunctions(resources, account, options),
    schedules: ofType('AWS::Scheduler::Schedule').map((resource) => readSchedule(resource, options.now)),
    rules: ofType('AWS::Events::Rule').flatMap((resource) => readRule(resource) ?? []),
    documents: ofType('AWS::SSM::Document').map(readDocument),
    alarms: [
      ...ofType('AWS::CloudWatch::Alarm').map(readAlarm),
      ...ofType('AWS::CloudWatch::CompositeAlarm').map(readComposite),
    ],
    dashboards: ofType('AWS::CloudWatch::Dashboard').map(readDashboard),
    buckets: ofType('AWS::S3::Bucket').map(({ name }) => name),
    roles: readRoles(resources),
    instanceStatements: readInstanceStatements(resources),
    resourceStatements: readResourceStatements(resources, account),
    outputs: template.outputs(),
    resources: Object.fromEntries(resources.map(({ logicalId, type, name }) => [logicalId, { type, name }])),
  };
};

const stateSchema = z.object({
  service: z.object({
    service: z.string(),
    provider: z.object({ stage: z.string().default('dev'), region: z.string().default('us-east-1') }),
  }),
});

/** The stack's name and region are not in the template; they are in the state that the packager leaves beside it. */
const readAccount = async ({ packageDirectory, account, region }: StackOptions): Promise<Account> => {
  const path = join(packageDirectory, 'serverless-state.json');
  const parsed = stateSchema.safeParse(await readJson(path));
  if (!parsed.success) throw new TemplateError(path, z.prettifyError(parsed.error));
  const { service, provider } = parsed.data.service;
  return accountOf(account ?? '123456789012', region ?? provider.region, `${service}-${provider.stage}`);
};

const readJson = async (path: string): Promise<unknown> => {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TemplateError(path, `it cannot be read (${why}); make it with \`npx sls package\`.`);
  }
};

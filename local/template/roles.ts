import { z } from 'zod';
import type { Role } from '../iam/guard.ts';
import { readPolicy, type Statement } from '../iam/statement.ts';
import { type Account, functionArn } from './account.ts';
import { propertiesOf } from './properties.ts';
import type { Resource } from './template.ts';
import { TemplateError } from './template-error.ts';

const roleSchema = z.object({
  AssumeRolePolicyDocument: z.unknown().optional(),
  Policies: z.array(z.object({ PolicyName: z.string(), PolicyDocument: z.unknown() })).default([]),
  ManagedPolicyArns: z.array(z.string()).default([]),
});

/** The roles of the template with all that their policies say. Throws {@link TemplateError} where local AWS cannot know it. */
export const readRoles = (resources: readonly Resource[]): readonly Role[] =>
  resources
    .filter(({ type }) => type === 'AWS::IAM::Role')
    .map((resource) => {
      const {
        AssumeRolePolicyDocument: trust,
        Policies,
        ManagedPolicyArns,
      } = propertiesOf(resource, roleSchema);
      return {
        arn: resource.arn,
        name: resource.name,
        statements: [
          ...Policies.flatMap(({ PolicyName, PolicyDocument }) =>
            statementsIn(PolicyDocument, `${resource.path}.Policies (${PolicyName})`),
          ),
          ...ManagedPolicyArns.flatMap((arn) => managedPolicy(resources, arn, resource.path)),
        ],
        trust: trust === undefined ? [] : statementsIn(trust, `${resource.path}.AssumeRolePolicyDocument`),
      };
    });

const managedPolicy = (resources: readonly Resource[], arn: string, path: string): readonly Statement[] => {
  const found = managedPolicies(resources).find((policy) => policy.arn === arn);
  if (found !== undefined) return statementsOf(found);
  throw new TemplateError(`${path}.ManagedPolicyArns`, `local AWS does not know what ${arn} allows.`);
};

/** What the template's managed policies allow to instances, whose roles are no part of it: users attach them. */
export const readInstanceStatements = (resources: readonly Resource[]): readonly Statement[] =>
  managedPolicies(resources).flatMap(statementsOf);

const managedPolicies = (resources: readonly Resource[]) =>
  resources.filter(({ type }) => type === 'AWS::IAM::ManagedPolicy');

/** The policies of buckets and queues, and who may invoke functions. */
export const readResourceStatements = (
  resources: readonly Resource[],
  account: Account,
): readonly Statement[] =>
  resources.flatMap((resource) => {
    switch (resource.type) {
      case 'AWS::S3::BucketPolicy':
      case 'AWS::SQS::QueuePolicy':
        return statementsOf(resource);
      case 'AWS::Lambda::Permission':
        return [invocationStatement(resource, account)];
      default:
        return [];
    }
  });

const permissionSchema = z.object({
  FunctionName: z.string(),
  Action: z.string(),
  Principal: z.string(),
  SourceArn: z.string().optional(),
});

const invocationStatement = (resource: Resource, account: Account): Statement => {
  const { FunctionName, Action, Principal, SourceArn } = propertiesOf(resource, permissionSchema);
  return {
    sid: resource.logicalId,
    effect: 'Allow',
    principals: [Principal],
    actions: [Action],
    resources: [functionArn(FunctionName, account)],
    conditions:
      SourceArn === undefined ? [] : [{ operator: 'ArnLike', key: 'aws:SourceArn', values: [SourceArn] }],
  };
};

const statementsOf = (resource: Resource): readonly Statement[] => {
  const { PolicyDocument } = propertiesOf(resource, z.object({ PolicyDocument: z.unknown() }));
  return statementsIn(PolicyDocument, `${resource.path}.PolicyDocument`);
};

const statementsIn = (document: unknown, path: string): readonly Statement[] => {
  try {
    return readPolicy(document);
  } catch (error) {
    if (error instanceof z.ZodError) throw new TemplateError(path, z.prettifyError(error));
    throw error;
  }
};

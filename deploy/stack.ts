import { alarmResources } from './alarms.ts';
import { bucketResources } from './bucket.ts';
import { dashboardOutputs, dashboardResources } from './dashboard.ts';
import { packagedDocuments } from './documents.ts';
import { loadPlans, planFile } from './plans.ts';
import { rolesOf } from './roles.ts';
import type { OslsVariables } from './schedules.ts';

/** The bucket's name: of the one that this stack makes, or of an existing one (`--param="bucket=NAME"`). */
export const bucketName = async (osls: OslsVariables): Promise<unknown> =>
  (await existingBucket(osls)) ?? { Ref: 'Bucket' };

/** The bucket's resources, none where an existing bucket is used. */
export const bucket = async (osls: OslsVariables) =>
  (await existingBucket(osls)) === undefined ? bucketResources() : { Resources: {} };

/** Roles of the functions and of the scheduler, and the policy for instances. */
export const roles = async (osls: OslsVariables) => ({
  Resources: rolesOf(await nameOf(osls), await bucketName(osls), loadPlans(planFile())),
});

/** Alarms and dashboards of the plans, with an output for each dashboard. */
export const watching = async (osls: OslsVariables) => {
  const context = { name: await nameOf(osls), runbook: await runbookOf(osls) };
  const plans = loadPlans(planFile());
  return {
    Resources: { ...alarmResources(context, plans), ...dashboardResources(context, plans) },
    Outputs: dashboardOutputs(context, plans),
  };
};

/**
 * The documents of ssm-documents/, one resource an operation. `NewVersion` updates a document in place: CloudFormation
 * makes a new version and moves the default to it, so the name that functions and alarms know stays.
 */
export const documents = async (osls: OslsVariables) => {
  const name = await nameOf(osls);
  const resources = Object.entries(packagedDocuments()).map(([operation, content]) => [
    `${inCapitals(operation)}Document`,
    {
      Type: 'AWS::SSM::Document',
      Properties: {
        Name: `${name}-${operation}`,
        DocumentType: 'Command',
        DocumentFormat: 'JSON',
        TargetType: '/AWS::EC2::Instance',
        UpdateMethod: 'NewVersion',
        Content: unresolved(content),
      },
    },
  ]);
  return { Resources: Object.fromEntries(resources) };
};

/** `final-backup` as `FinalBackup`. */
const inCapitals = (words: string): string =>
  words.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** The scripts' own `${…}`, kept from osls, which would take them for its variables: a backslash before each. */
const unresolved = (content: unknown): unknown => {
  if (typeof content === 'string')
    return content.replace(/(\\*)\$\{/g, (_, slashes: string) => `${slashes}${slashes}\\\${`);
  if (Array.isArray(content)) return content.map(unresolved);
  if (typeof content !== 'object' || content === null) return content;
  return Object.fromEntries(Object.entries(content).map(([key, value]) => [key, unresolved(value)]));
};

/** `<service>-<stage>`: what the names of everything begin with. */
const nameOf = async (osls: OslsVariables): Promise<string> =>
  `${await osls.resolveConfigurationProperty(['service'])}-${await osls.resolveVariable('sls:stage')}`;

/** Where messages and alarms lead for what to do. */
const runbookOf = async (osls: OslsVariables): Promise<string> =>
  String(await osls.resolveVariable("param:runbook, 'docs/runbook.md'"));

const existingBucket = async (osls: OslsVariables): Promise<string | undefined> => {
  const name = await osls.resolveVariable("param:bucket, ''");
  return typeof name === 'string' && name !== '' ? name : undefined;
};

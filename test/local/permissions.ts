import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { packagedService } from './packaged-service.ts';

const statements = z.array(z.object({ Action: z.array(z.string()) }));
const role = z.object({
  Properties: z.object({
    Policies: z.array(z.object({ PolicyDocument: z.object({ Statement: statements }) })),
  }),
});
const template = z.object({
  Resources: z.object({ DispatchRole: role, CheckRole: role, DrainRole: role, DrilldownRole: role }),
});

/** What the packaged roles allow, as `ssm:SendCommand`, by the last word of the function's name. */
export const allowedActions = async (): Promise<Readonly<Record<string, ReadonlySet<string>>>> => {
  const file = join(await packagedService(), 'cloudformation-template-update-stack.json');
  const { Resources } = template.parse(JSON.parse(await readFile(file, 'utf8')));
  const actionsOf = ({ Properties }: z.infer<typeof role>) =>
    new Set(
      Properties.Policies.flatMap(({ PolicyDocument }) =>
        PolicyDocument.Statement.flatMap(({ Action }) => Action),
      ),
    );
  return {
    dispatch: actionsOf(Resources.DispatchRole),
    check: actionsOf(Resources.CheckRole),
    drain: actionsOf(Resources.DrainRole),
    drilldown: actionsOf(Resources.DrilldownRole),
  };
};

/** Not calls of the function itself: the platform makes them in its name, or another service asks for the leave. */
export const behindTheCalls: ReadonlySet<string> = new Set([
  'logs:CreateLogStream',
  'logs:PutLogEvents',
  'sqs:SendMessage',
  'iam:PassRole',
  'kms:Decrypt',
  'ec2:CreateTags',
]);

/** The action that a call needs (service authorization reference): as it is called, but for S3's lists. */
export const actionOf = ({ service, operation }: { readonly service: string; readonly operation: string }) =>
  operation === 'ListObjectsV2' ? 's3:ListBucket' : `${service}:${operation}`;

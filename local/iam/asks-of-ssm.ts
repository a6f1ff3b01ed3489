import { z } from 'zod';
import type { LocalInstance } from '../contract.ts';
import { fits, isManaged, tagsOf } from '../services/ssm/targets.ts';
import { type AskedWorld, type AskingCall, arn, ask, nobodyKnows, tagKeys } from './asking.ts';
import type { Ask } from './decide.ts';
import { at, textAt, textsAt } from './members.ts';

export const ssmAsks = (call: AskingCall, world: AskedWorld): readonly Ask[] => {
  const { operation, input } = call;
  switch (operation) {
    case 'SendCommand':
      return sendCommandAsks(call, world);
    case 'GetParameter':
      return parameterAsks(call, world, [textAt(input, 'Name')]);
    case 'GetParameters':
      return parameterAsks(call, world, textsAt(input, 'Names'));
    case 'PutParameter':
      return [ask(call, parameterArn(world, textAt(input, 'Name')))];
    case 'GetDocument':
    case 'DescribeDocument':
    case 'UpdateDocument':
    case 'UpdateDocumentDefaultVersion':
      return [ask(call, documentArn(world, textAt(input, 'Name')))];
    // Systems Manager knows no resources for these.
    case 'ListCommands':
    case 'ListCommandInvocations':
    case 'GetCommandInvocation':
    case 'CancelCommand':
    case 'DescribeInstanceInformation':
    case 'ListDocuments':
      return [ask(call, '*')];
    default:
      throw nobodyKnows(call);
  }
};

/**
 * The document, the bucket for the output, and every instance that the targets reach, each with its own tags; by its id also one
 * that has gone a moment ago, for EC2 remembers its tags; by targets that reach nobody, `instance/*` with the tags that they name. AWS lets a command by tag be taken and ends the refused
 * instances' invocations as AccessDenied; here the whole call is refused, so that nobody overlooks it.
 */
const sendCommandAsks = (call: AskingCall, world: AskedWorld): readonly Ask[] => {
  const { input } = call;
  const bucket = textAt(input, 'OutputS3BucketName');
  const reached = reachedBy(input, world);
  return [
    ask(call, documentArn(world, textAt(input, 'DocumentName'))),
    ...(bucket === '' ? [] : [ask(call, `arn:${world.partition}:s3:::${bucket}`)]),
    ...reached.map((instance) =>
      ask(call, arn(world, 'ec2', `instance/${instance.id}`), tagKeys('ssm:resourceTag', tagsOf(instance))),
    ),
    ...(reached.length > 0
      ? []
      : targetTags(input).map((tags) =>
          ask(call, arn(world, 'ec2', 'instance/*'), tagKeys('ssm:resourceTag', tags)),
        )),
  ];
};

const targetsSchema = z
  .array(z.object({ Key: z.string(), Values: z.array(z.string()).default([]) }))
  .catch([]);

const reachedBy = (input: unknown, { fleet }: AskedWorld): readonly LocalInstance[] => {
  const named = new Set(textsAt(input, 'InstanceIds'));
  const targets = targetsSchema.parse(at(input, 'Targets'));
  const byId = targets.some(({ Key }) => Key === 'InstanceIds');
  const isAimedAt = (instance: LocalInstance) =>
    targets.length > 0 && targets.every((target) => fits(instance, target)) && (byId || isManaged(instance));
  return fleet.instances().filter((one) => named.has(one.id) || isAimedAt(one));
};

/** Each combination of the values that the targets name: all of them have to be allowed. */
const targetTags = (input: unknown): readonly Readonly<Record<string, string>>[] =>
  targetsSchema
    .parse(at(input, 'Targets'))
    .filter(({ Key }) => Key.startsWith('tag:'))
    .reduce<readonly Readonly<Record<string, string>>[]>(
      (known, { Key, Values }) =>
        Values.flatMap((value) => known.map((tags) => ({ ...tags, [Key.slice('tag:'.length)]: value }))),
      [{}],
    );

/** A document of AWS's own belongs to no account. */
const documentArn = (world: AskedWorld, name: string): string => {
  if (name.startsWith('arn:')) return name;
  const account = /^AWS[A-Z]*-/.test(name) ? '' : world.account;
  return arn({ ...world, account }, 'ssm', `document/${name}`);
};

const parameterArn = (world: AskedWorld, name: string): string =>
  name.startsWith('arn:')
    ? name
    : arn(world, 'ssm', `parameter/${name.replace(/^\//, '').replace(/:[^/]*$/, '')}`);

/**
 * Parameters here are encrypted with a key of the account's own, whose policy leaves it to IAM who may decrypt: the
 * harder case. With `aws/ssm` whoever may read the parameter may decrypt it.
 */
const parameterAsks = (call: AskingCall, world: AskedWorld, names: readonly string[]): readonly Ask[] => {
  const parameters = names.map((name) => parameterArn(world, name));
  const decrypts = at(call.input, 'WithDecryption') === true;
  return [
    ...parameters.map((parameter) => ask(call, parameter)),
    ...(decrypts ? parameters : []).map((parameter) => ({
      action: 'kms:Decrypt',
      resource: arn(world, 'kms', 'key/00000000-0000-4000-8000-000000000000'),
      context: {
        'kms:ViaService': `ssm.${world.region}.amazonaws.com`,
        'kms:EncryptionContext:PARAMETER_ARN': parameter,
      },
    })),
  ];
};

import { z } from 'zod';
import type { LocalFleet } from '../../contract.ts';
import type { Operation } from '../../protocol/exchange.ts';
import { AwsFailure } from '../../protocol/failure.ts';
import { validate } from '../../protocol/validation.ts';
import type { CommandRequest } from './command.ts';
import type { CommandEngine } from './command-engine.ts';
import { commandView } from './command-views.ts';
import { checkParameters } from './document-parameters.ts';
import type { DocumentShelf } from './documents.ts';
import { documentNamePattern, instanceIdPattern, versionPattern } from './patterns.ts';
import { requireInstances, resolveTargets } from './targets.ts';

/** Limits and patterns: botocore 1.43, ssm/2014-11-06, SendCommandRequest. */
const schema = z.object({
  InstanceIds: z.array(z.string().regex(instanceIdPattern)).max(50).optional(),
  Targets: z
    .array(
      z.object({
        Key: z.string().min(1).max(163),
        Values: z.array(z.string()).max(50).default([]),
      }),
    )
    .max(5)
    .optional(),
  DocumentName: z.string().regex(documentNamePattern),
  DocumentVersion: z.string().regex(versionPattern).optional(),
  DocumentHash: z.string().max(256).optional(),
  DocumentHashType: z.enum(['Sha256', 'Sha1']).optional(),
  TimeoutSeconds: z.int().min(30).max(2_592_000).default(3600),
  Comment: z.string().max(100).default(''),
  Parameters: z.record(z.string(), z.array(z.string())).default({}),
  OutputS3Region: z.string().min(3).max(20).optional(),
  OutputS3BucketName: z.string().min(3).max(63).optional(),
  OutputS3KeyPrefix: z.string().max(500).default(''),
  MaxConcurrency: z
    .string()
    .min(1)
    .max(7)
    .regex(/^([1-9][0-9]*|[1-9][0-9]%|[1-9]%|100%)$/)
    .default('50'),
  MaxErrors: z
    .string()
    .min(1)
    .max(7)
    .regex(/^([1-9][0-9]*|[0]|[1-9][0-9]%|[0-9]%|100%)$/)
    .default('0'),
});
type Input = z.infer<typeof schema>;

/** SendCommand. `throttled` calls are answered with ThrottlingException before anything is looked at. */
export const sendCommand = (options: {
  readonly engine: CommandEngine;
  readonly documents: DocumentShelf;
  readonly fleet: LocalFleet;
  readonly account: string;
  readonly region: string;
  readonly throttledCalls: number;
}): Operation => {
  let throttled = options.throttledCalls;
  return (raw) => {
    if (throttled > 0) {
      throttled -= 1;
      throw new AwsFailure('ThrottlingException', 'Rate exceeded');
    }
    const input = validate(schema, raw);
    const request = requestOf(input, options.documents);
    const instances = chooseInstances(input, options);
    const command = options.engine.send(request, instances);
    const view = commandView(command, options.region, 0);
    // Targets are resolved after the answer.
    return { Command: request.targets.length > 0 ? { ...view, TargetCount: 0 } : view };
  };
};

const requestOf = (input: Input, documents: DocumentShelf): CommandRequest => {
  const stored = documents.get(input.DocumentName);
  const version = documents.version(stored, input.DocumentVersion);
  if (input.DocumentHash !== undefined && input.DocumentHash !== version.hash) {
    throw new AwsFailure(
      'InvalidDocument',
      `The hash given is not the SHA-256 of ${stored.name}, version ${version.number}.`,
    );
  }
  return {
    documentName: stored.name,
    documentVersion: input.DocumentVersion ?? '$DEFAULT',
    document: version.content,
    comment: input.Comment,
    instanceIds: input.InstanceIds ?? [],
    targets: input.Targets ?? [],
    parameters: input.Parameters,
    allParameters: checkParameters(stored.name, version.content, input.Parameters),
    timeoutSeconds: input.TimeoutSeconds,
    maxConcurrency: input.MaxConcurrency,
    maxErrors: input.MaxErrors,
    ...(input.OutputS3BucketName === undefined
      ? {}
      : { outputS3: { bucket: input.OutputS3BucketName, prefix: input.OutputS3KeyPrefix } }),
  };
};

const chooseInstances = (
  { InstanceIds = [], Targets = [] }: Input,
  { fleet, account }: { readonly fleet: LocalFleet; readonly account: string },
) => {
  if (InstanceIds.length > 0 && Targets.length > 0) {
    throw new AwsFailure('ValidationException', 'InstanceIds and Targets cannot be given together.');
  }
  if (InstanceIds.length > 0) return requireInstances(fleet, InstanceIds, account);
  if (Targets.length > 0) return resolveTargets(fleet, Targets);
  throw new AwsFailure('ValidationException', 'InstanceIds or Targets has to be given.');
};

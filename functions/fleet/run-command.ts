import {
  CancelCommandCommand,
  type CommandInvocation,
  ListCommandsCommand,
  paginateListCommandInvocations,
  paginateListCommands,
  SendCommandCommand,
  SSMClient,
  SSMServiceException,
  type Target,
} from '@aws-sdk/client-ssm';
import type { Environment } from '../config/environment.ts';
import { CommandRefused, type CommandRequest, type Invocation, type RunCommand } from '../pipeline/doors.ts';
import type { CommandTargets } from '../pipeline/run-record.ts';
import { clientConfig } from './aws-client.ts';
import { documentFor } from './document-for.ts';

/** Largest page of ListCommands and ListCommandInvocations. */
const pageSize = 50;
/** Clocks differ a little: a command may seem older than the record that led to it. */
const clockSkewMilliseconds = 5 * 60_000;

/** SSM Run Command. */
export const openRunCommand = (environment: Environment, abortSignal: AbortSignal): RunCommand => {
  const client = new SSMClient(clientConfig(environment.region));
  const options = { abortSignal };
  return {
    send: async (request) => {
      try {
        const { Command } = await client.send(
          new SendCommandCommand(commandInput(environment, request)),
          options,
        );
        return Command?.CommandId ?? missing('SendCommand answered without a command id');
      } catch (error) {
        throw isRefusal(error) ? new CommandRefused(`SendCommand: ${error.name}: ${error.message}`) : error;
      }
    },
    findByComment: async (comment, sentAfter) => {
      const after = new Date(sentAfter.getTime() - clockSkewMilliseconds)
        .toISOString()
        .replace(/\.\d+Z$/, 'Z');
      const filters = [{ key: 'InvokedAfter' as const, value: after }];
      for await (const page of paginateListCommands({ client, pageSize }, { Filters: filters }, options)) {
        const found = page.Commands?.find(({ Comment }) => Comment === comment);
        if (found?.CommandId !== undefined) return found.CommandId;
      }
      return undefined;
    },
    commentOf: async (commandId) => {
      const { Commands } = await client.send(new ListCommandsCommand({ CommandId: commandId }), options);
      return Commands?.[0]?.Comment;
    },
    cancel: async (commandId) => {
      await client.send(new CancelCommandCommand({ CommandId: commandId }), options);
    },
    truth: async (commandId) => {
      const { Commands } = await client.send(new ListCommandsCommand({ CommandId: commandId }), options);
      const status = Commands?.[0]?.Status ?? 'Pending';
      const input = { CommandId: commandId, Details: true };
      const invocations: Invocation[] = [];
      for await (const page of paginateListCommandInvocations({ client, pageSize }, input, options))
        invocations.push(...(page.CommandInvocations ?? []).map(invocationOf));
      return { ended: hasEnded(status), invocations };
    },
  };
};

const commandInput = (environment: Environment, request: CommandRequest) => ({
  ...documentFor(environment, request),
  Comment: request.comment,
  Targets: targetsOf(request.targets),
  MaxConcurrency: request.concurrency,
  // An instance that fails must never keep the others from being saved.
  MaxErrors: '100%',
  TimeoutSeconds: request.deliverySeconds,
  OutputS3BucketName: environment.bucket,
  OutputS3KeyPrefix: `logs/${request.run}`,
});

const targetsOf = (targets: CommandTargets): Target[] => {
  switch (targets.kind) {
    case 'groups':
      return [{ Key: 'tag:aws:autoscaling:groupName', Values: [...targets.groups] }];
    case 'tags':
      return Object.entries(targets.tags).map(([key, values]) => ({
        Key: `tag:${key}`,
        Values: [...values],
      }));
    case 'instances':
      // As a target and not as InstanceIds: SendCommand would refuse all of them for one whose agent is offline.
      return [{ Key: 'InstanceIds', Values: [...targets.instances] }];
  }
};

const invocationOf = (invocation: CommandInvocation): Invocation => {
  const plugin = invocation.CommandPlugins?.find(({ Output }) => Output !== undefined && Output !== '');
  const responseCode = plugin?.ResponseCode ?? invocation.CommandPlugins?.[0]?.ResponseCode;
  return {
    instance: invocation.InstanceId ?? '',
    status: invocation.Status ?? 'Pending',
    statusDetails: invocation.StatusDetails ?? '',
    ...(responseCode === undefined ? {} : { responseCode }),
    output: plugin?.Output ?? '',
  };
};

const hasEnded = (status: string): boolean => ['Success', 'Cancelled', 'TimedOut', 'Failed'].includes(status);

/** AWS's final word: a mistake in what was asked, not a throttle and not a fault of its own. */
const isRefusal = (error: unknown): error is SSMServiceException =>
  error instanceof SSMServiceException && error.$fault === 'client' && !isThrottle(error);

const isThrottle = ({ name, $metadata }: SSMServiceException): boolean =>
  $metadata.httpStatusCode === 429 || /Throttl|TooManyRequests|RequestLimit|RateExceeded/.test(name);

const missing = (what: string): never => {
  throw new Error(what);
};

import { z } from 'zod';
import type { Operation } from '../../protocol/exchange.ts';
import { AwsFailure } from '../../protocol/failure.ts';
import { page } from '../../protocol/pages.ts';
import { validate } from '../../protocol/validation.ts';
import { type Command, hasEnded } from './command.ts';
import type { CommandEngine } from './command-engine.ts';
import { commandView, invocationView, outputUrls, stepsOf } from './command-views.ts';
import { instanceIdPattern } from './patterns.ts';

type Options = {
  readonly engine: CommandEngine;
  readonly region: string;
  /** How far behind the truth lists may be, in milliseconds of real time. */
  readonly lagMilliseconds: number;
};

const commandId = z.string().min(36).max(36);
const instanceId = z.string().regex(instanceIdPattern);

const listSchema = z.object({
  CommandId: commandId.optional(),
  InstanceId: instanceId.optional(),
  MaxResults: z.int().min(1).max(50).default(50),
  NextToken: z.string().optional(),
  Details: z.boolean().default(false),
  Filters: z
    .array(z.object({ key: z.string(), value: z.string().min(1).max(128) }))
    .max(5)
    .default([]),
});
type ListInput = z.infer<typeof listSchema>;

/** ListCommands: newest first, at most 50 a page. */
export const listCommands =
  ({ engine, region, lagMilliseconds }: Options): Operation =>
  (raw) => {
    const input = validate(listSchema, raw);
    const fits = filterOf(input.Filters, commandFilters);
    const chosen = commandsOf(engine, input)
      .filter((command) => command.invocations.some(isOn(input.InstanceId)) || input.InstanceId === undefined)
      .map((command) => ({ command, view: commandView(command, region, lagMilliseconds) }))
      .filter(({ command, view }) =>
        fits({ command, status: view.Status, statusDetails: view.StatusDetails }),
      );
    const { items, nextToken } = pageOf(chosen, ({ command }) => command.id, input);
    return { Commands: items.map(({ view }) => view), NextToken: nextToken };
  };

/** ListCommandInvocations: with `Details` each step and its output, cut to 2,500 characters. */
export const listCommandInvocations =
  ({ engine, region, lagMilliseconds }: Options): Operation =>
  (raw) => {
    const input = validate(listSchema, raw);
    const fits = filterOf(input.Filters, invocationFilters);
    const chosen = commandsOf(engine, input).flatMap((command) =>
      command.invocations.filter(isOn(input.InstanceId)).flatMap((invocation) => {
        const state = invocation.state.seen(lagMilliseconds);
        if (state === undefined || !fits({ command, ...state })) return [];
        return [{ command, invocation, state }];
      }),
    );
    const { items, nextToken } = pageOf(
      chosen,
      (one) => `${one.command.id}/${one.invocation.instanceId}`,
      input,
    );
    return {
      CommandInvocations: items.map(({ command, invocation, state }) =>
        invocationView(command, invocation, state, input.Details, region),
      ),
      NextToken: nextToken,
    };
  };

const getSchema = z.object({
  CommandId: commandId,
  InstanceId: instanceId,
  PluginName: z.string().min(4).optional(),
});

/** GetCommandInvocation: one step with up to 24,000 characters of stdout and 8,000 of stderr. */
export const getCommandInvocation =
  ({ engine, region, lagMilliseconds }: Options): Operation =>
  (raw) => {
    const input = validate(getSchema, raw);
    const [command] = commandsOf(engine, input);
    const invocation = command?.invocations.find(isOn(input.InstanceId));
    const state = invocation?.state.seen(lagMilliseconds);
    if (command === undefined || invocation === undefined || state === undefined) {
      throw new AwsFailure(
        'InvocationDoesNotExist',
        'The command ID and managed node ID you specified did not match any invocations.',
      );
    }
    const steps = stepsOf(command, state);
    const named =
      input.PluginName === undefined ? steps[0] : steps.find(({ name }) => name === input.PluginName);
    if (named === undefined || (input.PluginName === undefined && steps.length > 1)) {
      throw new AwsFailure(
        'InvalidPluginName',
        `Name one of the steps: ${steps.map(({ name }) => name).join(', ')}.`,
      );
    }
    const { startedAt, finishedAt } = state;
    const elapsed = startedAt && finishedAt ? finishedAt.getTime() - startedAt.getTime() : undefined;
    const urls = outputUrls(command, invocation, named, region);
    return {
      CommandId: command.id,
      InstanceId: invocation.instanceId,
      Comment: command.request.comment,
      DocumentName: command.request.documentName,
      DocumentVersion: command.request.documentVersion,
      PluginName: named.name,
      ResponseCode: named.responseCode,
      ExecutionStartDateTime: startedAt?.toISOString() ?? '',
      ExecutionElapsedTime: elapsed === undefined ? '' : `PT${elapsed / 1000}S`,
      ExecutionEndDateTime: (hasEnded(state) && finishedAt?.toISOString()) || '',
      Status: input.PluginName === undefined ? state.status : named.status,
      StatusDetails: input.PluginName === undefined ? state.statusDetails : named.statusDetails,
      StandardOutputContent: named.stdout,
      StandardOutputUrl: urls.stdout,
      StandardErrorContent: named.stderr,
      StandardErrorUrl: urls.stderr,
      CloudWatchOutputConfig: { CloudWatchLogGroupName: '', CloudWatchOutputEnabled: false },
    };
  };

const cancelSchema = z.object({
  CommandId: commandId,
  InstanceIds: z.array(instanceId).max(50).default([]),
});

/** CancelCommand: what has not been delivered is cancelled, what runs is killed. No guarantee, as with AWS. */
export const cancelCommand =
  ({ engine }: Options): Operation =>
  (raw) => {
    const input = validate(cancelSchema, raw);
    const [command] = commandsOf(engine, input);
    if (command === undefined)
      throw new AwsFailure('InvalidCommandId', `There is no command ${input.CommandId}.`);
    const stranger = input.InstanceIds.find((id) => !command.invocations.some(isOn(id)));
    if (stranger !== undefined) {
      throw new AwsFailure('InvalidInstanceId', `Command ${command.id} has no invocation on ${stranger}.`);
    }
    engine.cancel(command, input.InstanceIds);
    return {};
  };

const commandsOf = (engine: CommandEngine, { CommandId }: { readonly CommandId?: string | undefined }) =>
  engine.commands().filter(({ id }) => CommandId === undefined || id === CommandId);

const isOn =
  (id: string | undefined) =>
  ({ instanceId: own }: { readonly instanceId: string }): boolean =>
    id === undefined || own === id;

const pageOf = <T>(items: readonly T[], nameOf: (item: T) => string, input: ListInput) => {
  const { MaxResults: size, NextToken: token, ...question } = input;
  return page(items, nameOf, { size, token, question }, () => {
    throw new AwsFailure('InvalidNextToken', 'The specified token is not valid.');
  });
};

type Filtered = { readonly command: Command; readonly status: string; readonly statusDetails: string };
type FilterTest = (value: string) => (one: Filtered) => boolean;

const invocationFilters: Readonly<Record<string, FilterTest>> = {
  InvokedAfter: (value) => {
    const time = timeOf(value);
    return ({ command }) => command.requestedAt.getTime() > time;
  },
  InvokedBefore: (value) => {
    const time = timeOf(value);
    return ({ command }) => command.requestedAt.getTime() < time;
  },
  Status: (value) => (one) => one.status === value || one.statusDetails === value,
  DocumentName: (value) => (one) => one.command.request.documentName === value,
};

const commandFilters: Readonly<Record<string, FilterTest>> = {
  ...invocationFilters,
  ExecutionStage: (value) => (one) =>
    (value === 'Complete') === ['Success', 'Failed', 'TimedOut', 'Cancelled'].includes(one.status),
};

const filterOf = (
  filters: ListInput['Filters'],
  known: Readonly<Record<string, FilterTest>>,
): ((one: Filtered) => boolean) => {
  const tests = filters.map(({ key, value }) => {
    const test = Object.hasOwn(known, key) ? known[key] : undefined;
    if (test === undefined) throw new AwsFailure('InvalidFilterKey', `The filter key ${key} is not valid.`);
    return test(value);
  });
  return (one) => tests.every((test) => test(one));
};

const timeOf = (value: string): number => {
  const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/.test(value) ? Date.parse(value) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new AwsFailure(
    'ValidationException',
    `The filter value ${value} is no time like 2026-11-23T18:00:00Z.`,
  );
};

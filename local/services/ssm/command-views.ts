import { type Command, hasEnded, type Invocation, type InvocationState } from './command.ts';
import { countsOf } from './command-status.ts';
import { joinOutput } from './plugin-output.ts';
import { outputFolder } from './step-outputs.ts';

/** A command as ListCommands shows it to a reader who is `lagMilliseconds` behind. */
export const commandView = (command: Command, region: string, lagMilliseconds: number) => {
  const { request } = command;
  // What has just been sent is Pending to everybody, and not yet resolved to instances.
  const state = command.state.seen(lagMilliseconds) ?? { status: 'Pending', statusDetails: 'Pending' };
  return {
    CommandId: command.id,
    DocumentName: request.documentName,
    DocumentVersion: request.documentVersion,
    Comment: request.comment,
    ExpiresAfter: command.expiresAfter,
    Parameters: request.parameters,
    InstanceIds: request.instanceIds,
    Targets: request.targets,
    RequestedDateTime: command.requestedAt,
    Status: state.status,
    StatusDetails: state.statusDetails,
    OutputS3Region: request.outputS3 === undefined ? '' : region,
    OutputS3BucketName: request.outputS3?.bucket ?? '',
    OutputS3KeyPrefix: request.outputS3?.prefix ?? '',
    MaxConcurrency: request.maxConcurrency,
    MaxErrors: request.maxErrors,
    ...countsOf(command.invocations, lagMilliseconds),
    ServiceRole: '',
    NotificationConfig: noNotification,
    CloudWatchOutputConfig: { CloudWatchLogGroupName: '', CloudWatchOutputEnabled: false },
    TimeoutSeconds: request.timeoutSeconds,
    TriggeredAlarms: [],
  };
};

/** An invocation as ListCommandInvocations shows it. */
export const invocationView = (
  command: Command,
  invocation: Invocation,
  state: InvocationState,
  details: boolean,
  region: string,
) => ({
  CommandId: command.id,
  InstanceId: invocation.instanceId,
  InstanceName: invocation.instanceName,
  Comment: command.request.comment,
  DocumentName: command.request.documentName,
  DocumentVersion: command.request.documentVersion,
  RequestedDateTime: command.requestedAt,
  Status: state.status,
  StatusDetails: state.statusDetails,
  TraceOutput: '',
  StandardOutputUrl: '',
  StandardErrorUrl: '',
  CommandPlugins: details
    ? stepsOf(command, state).map((step) => pluginView(command, invocation, state, step, region))
    : [],
  ServiceRole: '',
  NotificationConfig: noNotification,
  CloudWatchOutputConfig: { CloudWatchLogGroupName: '', CloudWatchOutputEnabled: false },
});

const noNotification = { NotificationArn: '', NotificationEvents: [], NotificationType: '' };

/** A step of the document, with what it left once it is over. */
export type ShownStep = {
  readonly name: string;
  readonly plugin: string;
  readonly status: string;
  readonly statusDetails: string;
  /** -1 until there is one. */
  readonly responseCode: number;
  readonly stdout: string;
  readonly stderr: string;
};

/** The document's steps; those that nobody reported on are as the invocation is. */
export const stepsOf = (command: Command, state: InvocationState): readonly ShownStep[] =>
  command.request.document.mainSteps.map((step) => {
    const reported = state.steps.find(({ name }) => name === step.name);
    if (reported !== undefined) {
      return reported.status === 'Skipped' ? { ...reported, status: 'Success' } : reported;
    }
    return {
      name: step.name,
      plugin: step.action,
      status: state.status === 'Cancelling' ? 'InProgress' : state.status,
      statusDetails: state.statusDetails,
      responseCode: -1,
      stdout: '',
      stderr: '',
    };
  });

const pluginView = (
  command: Command,
  invocation: Invocation,
  state: InvocationState,
  step: ShownStep,
  region: string,
) => {
  const { outputS3 } = command.request;
  const urls = outputUrls(command, invocation, step, region);
  return {
    Name: step.name,
    Status: step.status,
    StatusDetails: step.statusDetails,
    ResponseCode: step.responseCode,
    ResponseStartDateTime: state.startedAt,
    ResponseFinishDateTime: hasEnded(state) ? state.finishedAt : undefined,
    Output: joinOutput(step.stdout, step.stderr),
    StandardOutputUrl: urls.stdout,
    StandardErrorUrl: urls.stderr,
    OutputS3Region: outputS3 === undefined ? '' : region,
    OutputS3BucketName: outputS3?.bucket ?? '',
    OutputS3KeyPrefix: outputS3 === undefined ? '' : outputFolder(command, invocation.instanceId, step),
  };
};

/** Where whole outputs lie, in the form of the console's addresses; empty where the command asks for none. */
export const outputUrls = (command: Command, invocation: Invocation, step: ShownStep, region: string) => {
  const { outputS3 } = command.request;
  if (outputS3 === undefined) return { stdout: '', stderr: '' };
  const folder = outputFolder(command, invocation.instanceId, step);
  const base = `https://s3.${region}.amazonaws.com/${outputS3.bucket}/${folder}`;
  return { stdout: `${base}/stdout`, stderr: `${base}/stderr` };
};

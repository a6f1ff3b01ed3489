import {
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  SendCommandCommand,
  type SendCommandCommandInput,
  SSMClient,
} from '@aws-sdk/client-ssm';
import type { LocalInstance, StepOutput } from '../../../../../local/contract.ts';
import { backupDocument, startWorld, testAgent, testInstance, until, type World } from '../world.ts';

const open: { readonly world: World; readonly ssm: SSMClient }[] = [];
/** Ends every world that {@link begin} started. */
export const endAll = async (): Promise<void> => {
  for (const { world, ssm } of open.splice(0)) {
    ssm.destroy();
    await world.stop();
  }
};

/** A world with instances, and the few calls that tests of Run Command ask it with. */
export const begin = async (
  instances: readonly LocalInstance[],
  more: Parameters<typeof startWorld>[0] = {},
) => {
  const world = await startWorld({ instances, documents: [backupDocument], ...more });
  const ssm = new SSMClient(world.client());
  open.push({ world, ssm });
  const send = async (input: Partial<SendCommandCommandInput> = {}) => {
    const { Command } = await ssm.send(
      new SendCommandCommand({
        DocumentName: 'lifeboat-backup',
        Targets: [{ Key: 'tag:aws:autoscaling:groupName', Values: ['acme-web'] }],
        Parameters: { plan: ['acme-web'] },
        MaxErrors: '100%',
        ...(input.InstanceIds === undefined ? {} : { Targets: undefined }),
        ...input,
      }),
    );
    return { id: Command?.CommandId ?? '', command: Command };
  };
  const command = async (CommandId: string) =>
    (await ssm.send(new ListCommandsCommand({ CommandId }))).Commands?.[0];
  const invocations = async (CommandId: string) =>
    (await ssm.send(new ListCommandInvocationsCommand({ CommandId, Details: true }))).CommandInvocations ??
    [];
  const ended = (id: string) =>
    until(
      () => command(id),
      (one) => !['Pending', 'InProgress', 'Cancelling'].includes(one?.Status ?? 'Pending'),
    );
  return { world, ssm, send, command, invocations, ended };
};

/** An agent's work that goes on for ever. */
const never = new Promise<StepOutput>(() => undefined);
export const working = (index: number, changes: Partial<LocalInstance> = {}) =>
  testInstance(index, { agent: testAgent(() => never), ...changes });

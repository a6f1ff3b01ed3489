import type { LocalClock, LocalDocument, LocalFleet } from '../../contract.ts';
import { awsJsonEndpoint } from '../../protocol/aws-json.ts';
import type { Endpoint } from '../../protocol/exchange.ts';
import type { CommandEngine } from './command-engine.ts';
import { documentOperations } from './document-operations.ts';
import { documentShelf } from './documents.ts';
import { describeInstanceInformation } from './instance-information.ts';
import {
  cancelCommand,
  getCommandInvocation,
  listCommandInvocations,
  listCommands,
} from './list-commands.ts';
import { parameterOperations } from './parameter-store.ts';
import { sendCommand } from './send-command.ts';

/** Systems Manager: Run Command, documents, managed instances and the parameter store. */
export const ssmEndpoint = (options: {
  readonly engine: CommandEngine;
  readonly clock: LocalClock;
  readonly fleet: LocalFleet;
  readonly documents: readonly LocalDocument[];
  readonly parameters: Readonly<Record<string, string>>;
  readonly account: string;
  readonly region: string;
  readonly lagMilliseconds: number;
  readonly throttledSendCommands: number;
}): Endpoint => {
  const documents = documentShelf(options.documents, options.account, options.clock.now);
  return awsJsonEndpoint({
    name: 'ssm',
    targetPrefix: 'AmazonSSM',
    hidden: ['Value', 'Content'],
    operations: {
      SendCommand: sendCommand({ ...options, documents, throttledCalls: options.throttledSendCommands }),
      ListCommands: listCommands(options),
      ListCommandInvocations: listCommandInvocations(options),
      GetCommandInvocation: getCommandInvocation(options),
      CancelCommand: cancelCommand(options),
      DescribeInstanceInformation: describeInstanceInformation(options),
      ...parameterOperations({ ...options, now: options.clock.now }),
      ...documentOperations(documents),
    },
  });
};

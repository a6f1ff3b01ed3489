import type { EventBus } from '../../contract.ts';
import type { Command, Invocation } from './command.ts';

/** What EventBridge hears of a command. Shapes: "Amazon EC2 Systems Manager events" in the Systems Manager User Guide. */
export const commandEvents = (
  command: Command,
  { bus, account, region }: { readonly bus: EventBus; readonly account: string; readonly region: string },
) => {
  const arn = (instanceId: string) => `arn:aws:ec2:${region}:${account}:instance/${instanceId}`;
  const common = {
    'command-id': command.id,
    'document-name': command.request.documentName,
    'requested-date-time': command.requestedAt.toISOString(),
  };
  return {
    command: (): void =>
      bus.publish({
        source: 'aws.ssm',
        'detail-type': 'EC2 Command Status-change Notification',
        resources: command.invocations.map(({ instanceId }) => arn(instanceId)),
        detail: {
          ...common,
          'expire-after': command.expiresAfter.toISOString(),
          parameters: command.request.parameters,
          status: command.state.now().status,
        },
      }),
    invocation: ({ instanceId, state }: Invocation): void =>
      bus.publish({
        source: 'aws.ssm',
        'detail-type': 'EC2 Command Invocation Status-change Notification',
        resources: [arn(instanceId)],
        detail: { ...common, 'instance-id': instanceId, status: state.now().status },
      }),
  };
};

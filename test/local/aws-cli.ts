/**
 * The calls of the AWS CLI that birth.sh makes, on the wire of local AWS: where the tests run there may be no CLI. It takes the same
 * words, prints what `--query … --output text` prints, and fails as the CLI does: the error on stderr, exit code 254.
 */
import { parseArgs } from 'node:util';
import {
  AutoScalingClient,
  CompleteLifecycleActionCommand,
  RecordLifecycleActionHeartbeatCommand,
} from '@aws-sdk/client-auto-scaling';
import { EC2Client, paginateDescribeInstances } from '@aws-sdk/client-ec2';
import { GetDocumentCommand, SSMClient } from '@aws-sdk/client-ssm';

const string = { type: 'string' } as const;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    region: string,
    'cli-connect-timeout': string,
    'cli-read-timeout': string,
    filters: string,
    query: string,
    output: string,
    name: string,
    'document-format': string,
    'lifecycle-hook-name': string,
    'auto-scaling-group-name': string,
    'instance-id': string,
    'lifecycle-action-result': string,
  },
});
const config = { ...(values.region === undefined ? {} : { region: values.region }) };
const action = {
  LifecycleHookName: values['lifecycle-hook-name'],
  AutoScalingGroupName: values['auto-scaling-group-name'],
  InstanceId: values['instance-id'],
};

const describeInstances = async (): Promise<void> => {
  const [, Name, list = ''] = /^Name=([a-z-]+),Values=(.*)$/.exec(values.filters ?? '') ?? [];
  const pages = paginateDescribeInstances(
    { client: new EC2Client(config) },
    { Filters: [{ Name, Values: list.split(',') }] },
  );
  for await (const { Reservations = [] } of pages)
    for (const { InstanceId, State } of Reservations.flatMap(({ Instances = [] }) => Instances))
      process.stdout.write(`${InstanceId}\t${State?.Name}\n`);
};

const getDocument = async (): Promise<void> => {
  const { Content } = await new SSMClient(config).send(
    new GetDocumentCommand({ Name: values.name, DocumentFormat: 'JSON' }),
  );
  process.stdout.write(`${Content}\n`);
};

try {
  switch (positionals.join(' ')) {
    case 'ec2 describe-instances':
      await describeInstances();
      break;
    case 'ssm get-document':
      await getDocument();
      break;
    case 'autoscaling complete-lifecycle-action':
      await new AutoScalingClient(config).send(
        new CompleteLifecycleActionCommand({
          ...action,
          LifecycleActionResult: values['lifecycle-action-result'],
        }),
      );
      break;
    case 'autoscaling record-lifecycle-action-heartbeat':
      await new AutoScalingClient(config).send(new RecordLifecycleActionHeartbeatCommand(action));
      break;
    default:
      throw new Error(`Unknown command: ${positionals.join(' ')}`);
  }
} catch (error) {
  if (!(error instanceof Error)) throw error;
  process.stderr.write(`\nAn error occurred (${error.name}) when calling the operation: ${error.message}\n`);
  process.exitCode = 254;
}

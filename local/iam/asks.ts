import { groupArn } from '../services/auto-scaling/life-cycle-engine.ts';
import { functionArn } from '../template/account.ts';
import { type AskedWorld, type AskingCall, arn, ask, nobodyKnows } from './asking.ts';
import { ec2Asks } from './asks-of-ec2.ts';
import { s3Asks } from './asks-of-s3.ts';
import { ssmAsks } from './asks-of-ssm.ts';
import type { Ask } from './decide.ts';
import { textAt } from './members.ts';

/**
 * What a call has to be allowed, in the order in which AWS looks: action, resource and condition keys as the service
 * authorization reference has them. Throws where local AWS offers a call and nobody wrote down what it asks for: a role
 * must not get along here with what AWS would refuse.
 */
export const asksOf = async (call: AskingCall, world: AskedWorld): Promise<readonly Ask[]> => {
  switch (call.service) {
    case 's3':
      return s3Asks(call, world);
    case 'ssm':
      return ssmAsks(call, world);
    case 'ec2':
      return await ec2Asks(call, world);
    case 'autoscaling':
      return autoScalingAsks(call, world);
    case 'scheduler':
      return schedulerAsks(call, world);
    case 'lambda':
      return lambdaAsks(call, world);
    case 'logs':
      return [ask(call, arn(world, 'logs', `log-group:${textAt(call.input, 'logGroupName')}:log-stream:`))];
    case 'sqs':
      return [ask(call, arn(world, 'sqs', textAt(call.input, 'QueueUrl').split('/').at(-1) ?? ''))];
    case 'cloudwatch':
      return [ask(call, '*')];
    case 'sts':
      // "No permissions are required to perform this operation": GetCallerIdentity.
      return [];
    default:
      throw nobodyKnows(call);
  }
};

const autoScalingAsks = (call: AskingCall, world: AskedWorld): readonly Ask[] => {
  const { operation, input } = call;
  if (operation.startsWith('Describe')) return [ask(call, '*')];
  switch (operation) {
    case 'CompleteLifecycleAction':
    case 'RecordLifecycleActionHeartbeat':
    case 'PutLifecycleHook':
    case 'DeleteLifecycleHook':
      return [groupAsk(call, world, textAt(input, 'AutoScalingGroupName'))];
    case 'TerminateInstanceInAutoScalingGroup': {
      return [groupAsk(call, world, world.fleet.get(textAt(input, 'InstanceId'))?.group ?? '')];
    }
    default:
      throw nobodyKnows(call);
  }
};

const groupAsk = (call: AskingCall, { account, region }: AskedWorld, group: string): Ask =>
  ask(call, groupArn(group, account, region));

const schedulerAsks = (call: AskingCall, world: AskedWorld): readonly Ask[] => {
  const { operation, input } = call;
  const schedule = (group: string) =>
    ask(call, arn(world, 'scheduler', `schedule/${group || 'default'}/${textAt(input, 'Name')}`));
  switch (operation) {
    case 'CreateSchedule':
    case 'UpdateSchedule':
      return [
        schedule(textAt(input, 'GroupName')),
        {
          action: 'iam:PassRole',
          resource: textAt(input, 'Target', 'RoleArn'),
          context: { 'iam:PassedToService': 'scheduler.amazonaws.com' },
        },
      ];
    case 'GetSchedule':
    case 'DeleteSchedule':
      return [schedule(textAt(input, 'groupName'))];
    case 'ListSchedules':
    case 'ListScheduleGroups':
      return [ask(call, '*')];
    case 'CreateScheduleGroup':
    case 'GetScheduleGroup':
    case 'DeleteScheduleGroup':
      return [ask(call, arn(world, 'scheduler', `schedule-group/${textAt(input, 'Name')}`))];
    default:
      throw nobodyKnows(call);
  }
};

const lambdaAsks = (call: AskingCall, world: AskedWorld): readonly Ask[] => {
  const name = textAt(call.input, 'FunctionName');
  const resource = functionArn(name, { ...world, stackName: '' });
  switch (call.operation) {
    case 'Invoke':
      return [{ action: 'lambda:InvokeFunction', resource }];
    case 'GetFunction':
    case 'GetFunctionConfiguration':
      return [ask(call, resource)];
    case 'ListFunctions':
      return [ask(call, '*')];
    default:
      throw nobodyKnows(call);
  }
};

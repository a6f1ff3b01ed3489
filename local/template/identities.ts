import { createHash } from 'node:crypto';
import { type Account, functionArn } from './account.ts';

/** A resource as far as its names need it. `properties` are resolved as far as they are asked for. */
export type Named = {
  readonly logicalId: string;
  readonly type: string;
  readonly property: (name: string) => unknown;
};

/**
 * The physical name: the one that the template gives, or one made from stack and logical id. CloudFormation ends such
 * names with random letters; here they are the same at every start, so that what lies in a folder is found again.
 */
export const physicalName = (resource: Named, account: Account): string => {
  const given = nameProperties(resource.type)
    .map((name) => resource.property(name))
    .find((value) => typeof value === 'string');
  if (typeof given === 'string') return given;
  const made = `${account.stackName}-${resource.logicalId}-${shortHash(account, resource.logicalId)}`;
  return resource.type === 'AWS::S3::Bucket' ? made.toLowerCase().slice(0, 63) : made;
};

/** What `Ref` stands for. Most often the name; see "Return values" of each type in the CloudFormation reference. */
export const referenceOf = (resource: Named, account: Account): string => {
  const name = physicalName(resource, account);
  switch (resource.type) {
    case 'AWS::SQS::Queue':
      return queueUrl(name, account);
    case 'AWS::IAM::ManagedPolicy':
    case 'AWS::SNS::Topic':
      return arnOf(resource, account);
    case 'AWS::Lambda::Version':
      return `${functionArn(String(resource.property('FunctionName')), account)}:1`;
    case 'AWS::Lambda::Alias':
      return `${functionArn(String(resource.property('FunctionName')), account)}:${name}`;
    default:
      return name;
  }
};

/** What `Fn::GetAtt` stands for; undefined where local AWS does not know the attribute. */
export const attributeOf = (resource: Named, attribute: string, account: Account): string | undefined => {
  const name = physicalName(resource, account);
  if (attribute === 'Arn' || attribute === `${lastPart(resource.type)}Arn`) return arnOf(resource, account);
  switch (`${resource.type} ${attribute}`) {
    case 'AWS::SQS::Queue QueueName':
    case 'AWS::SNS::Topic TopicName':
      return name;
    case 'AWS::SQS::Queue QueueUrl':
      return queueUrl(name, account);
    case 'AWS::S3::Bucket DomainName':
      return `${name}.s3.amazonaws.com`;
    case 'AWS::S3::Bucket RegionalDomainName':
      return `${name}.s3.${account.region}.amazonaws.com`;
    case 'AWS::IAM::Role RoleId':
      return `AROA${shortHash(account, name)}`;
    case 'AWS::Lambda::Version Version':
      return '1';
    default:
      return undefined;
  }
};

/** The ARN, also where `Fn::GetAtt` knows none (a managed policy's is its `Ref`). */
export const arnOf = (resource: Named, account: Account): string => {
  const name = physicalName(resource, account);
  const { partition, region, account: id } = account;
  const regional = (service: string, rest: string) => `arn:${partition}:${service}:${region}:${id}:${rest}`;
  switch (resource.type) {
    case 'AWS::Lambda::Function':
      return functionArn(name, account);
    case 'AWS::S3::Bucket':
      return `arn:${partition}:s3:::${name}`;
    case 'AWS::IAM::Role':
      return `arn:${partition}:iam::${id}:role/${name}`;
    case 'AWS::IAM::ManagedPolicy':
      return `arn:${partition}:iam::${id}:policy/${name}`;
    case 'AWS::SQS::Queue':
      return regional('sqs', name);
    case 'AWS::SNS::Topic':
      return regional('sns', name);
    case 'AWS::Logs::LogGroup':
      return regional('logs', `log-group:${name}:*`);
    case 'AWS::Events::Rule':
      return regional('events', `rule/${name}`);
    case 'AWS::Scheduler::Schedule':
      return regional('scheduler', `schedule/${String(resource.property('GroupName') ?? 'default')}/${name}`);
    case 'AWS::Scheduler::ScheduleGroup':
      return regional('scheduler', `schedule-group/${name}`);
    case 'AWS::CloudWatch::Alarm':
    case 'AWS::CloudWatch::CompositeAlarm':
      return regional('cloudwatch', `alarm:${name}`);
    default:
      return regional(resource.type.split('::')[1]?.toLowerCase() ?? 'unknown', name);
  }
};

const queueUrl = (name: string, { account, region }: Account): string =>
  `https://sqs.${region}.amazonaws.com/${account}/${name}`;

/** `AWS::IAM::Role` has `RoleName`, `AWS::SSM::Document` has `Name`. */
const nameProperties = (type: string): readonly string[] => {
  switch (type) {
    case 'AWS::Lambda::Version':
      return [];
    case 'AWS::CloudWatch::CompositeAlarm':
      return ['AlarmName'];
    default:
      return [`${lastPart(type)}Name`, 'Name'];
  }
};

const lastPart = (type: string): string => type.split('::').at(-1) ?? type;

const shortHash = ({ stackName, account }: Account, logicalId: string): string =>
  createHash('sha256')
    .update(`${account} ${stackName} ${logicalId}`)
    .digest('hex')
    .slice(0, 12)
    .toUpperCase();

/** Where the stack seems to live. */
export type Account = {
  readonly account: string;
  readonly region: string;
  /** `aws`, `aws-cn`, `aws-us-gov`: by the region. */
  readonly partition: string;
  readonly stackName: string;
};

export const accountOf = (account: string, region: string, stackName: string): Account => ({
  account,
  region,
  partition: partitionOf(region),
  stackName,
});

const partitionOf = (region: string): string => {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
};

export const functionArn = (nameOrArn: string, { partition, region, account }: Account): string =>
  nameOrArn.startsWith('arn:')
    ? nameOrArn
    : `arn:${partition}:lambda:${region}:${account}:function:${nameOrArn}`;

/** Pseudo parameters other than `AWS::NoValue`; undefined where there is none of this name. */
export const pseudoParameter = (name: string, account: Account): unknown => {
  const { partition, region, stackName } = account;
  switch (name) {
    case 'AWS::AccountId':
      return account.account;
    case 'AWS::Region':
      return region;
    case 'AWS::Partition':
      return partition;
    case 'AWS::StackName':
      return stackName;
    case 'AWS::StackId':
      return `arn:${partition}:cloudformation:${region}:${account.account}:stack/${stackName}/00000000-0000-4000-8000-000000000000`;
    case 'AWS::URLSuffix':
      return partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
    case 'AWS::NotificationARNs':
      return [];
    default:
      return undefined;
  }
};

import type { Plan } from '../functions/config/plan.ts';

type Json = { readonly [key: string]: unknown };
export type Statement = {
  readonly Sid: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: readonly string[];
  readonly Resource: unknown;
  readonly Condition?: Json;
};

/**
 * The least that each function and each instance needs. What the plans name (groups, tags, secrets) narrows it further,
 * so a change of lifeboat.yml changes the permissions with it. `Resource: "*"` stands only where AWS knows no resource:
 * the list and describe calls (see the service authorization reference of Systems Manager, Auto Scaling and EC2).
 */
export const rolesOf = (name: string, bucketName: unknown, plans: readonly Plan[]): Json => ({
  DispatchRole: functionRole(`${name}-dispatch`, [
    // It tells that runs have begun, and JIRA does not hear of that.
    ...sharedStatements(name, bucketName, plans, ['backup', 'restore', 'verify', 'prune'], slackSecretOf),
    // An incident is written where somebody mutes or acknowledges it.
    storage('RunsAndIncidents', bucketName, ['s3:GetObject', 's3:PutObject'], ['runs/*', 'incidents/*']),
    storage('ReadsWhatItNames', bucketName, ['s3:GetObject'], ['overviews/*', 'drains/*']),
    storage('PausesPlans', bucketName, ['s3:GetObject', 's3:PutObject'], ['pauses/*']),
    // Systems Manager knows no resource for it: who may invoke dispatch decides, and no other function may cancel at all.
    { Sid: 'CancelsWhenAPersonAsks', Effect: 'Allow', Action: ['ssm:CancelCommand'], Resource: '*' },
  ]),
  CheckRole: functionRole(`${name}-check`, [
    ...sharedStatements(name, bucketName, plans, ['backup', 'restore', 'verify', 'prune'], secretsOf),
    storage(
      'RunsAndIncidents',
      bucketName,
      ['s3:GetObject', 's3:PutObject'],
      ['runs/*', 'incidents/*', 'overviews/*'],
    ),
    storage('ReadsWhatWasDrained', bucketName, ['s3:GetObject'], ['drains/*']),
  ]),
  DrainRole: functionRole(`${name}-drain`, [
    ...sharedStatements(name, bucketName, plans, ['final-backup'], secretsOf),
    storage(
      'RunsDrainsAndIncidents',
      bucketName,
      ['s3:GetObject', 's3:PutObject'],
      ['runs/*', 'drains/*', 'incidents/*', 'overviews/*'],
    ),
    ...drainStatements(name, plans),
  ]),
  // It reads and changes nothing: its buttons call dispatch and check, by the leave of whoever clicks.
  DrilldownRole: functionRole(`${name}-drilldown`, [
    seesObjects(bucketName),
    storage(
      'ReadsRunsAndLogs',
      bucketName,
      ['s3:GetObject'],
      ['runs/*', 'incidents/*', 'overviews/*', 'logs/*'],
    ),
  ]),
  SchedulerRole: schedulerRole(name),
  InstancePolicy: instancePolicy(bucketName, plans),
});

const arn = (service: string, rest: string): Json => ({
  'Fn::Sub': `arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:${rest}`,
});

const objects = (bucketName: unknown, pattern: string): Json => ({
  'Fn::Sub': [`arn:\${AWS::Partition}:s3:::\${Bucket}/${pattern}`, { Bucket: bucketName }],
});

const storage = (
  Sid: string,
  bucketName: unknown,
  Action: readonly string[],
  patterns: readonly string[],
): Statement => ({
  Sid,
  Effect: 'Allow',
  Action,
  Resource: patterns.map((pattern) => objects(bucketName, pattern)),
});

/**
 * Without it S3 answers 403 and not 404 for a record that does not exist yet. Not narrowed by s3:prefix: a request for an
 * object has none, and would be answered 403 again.
 */
const seesObjects = (bucketName: unknown): Statement => ({
  Sid: 'SeesWhichRunsExist',
  Effect: 'Allow',
  Action: ['s3:ListBucket'],
  Resource: { 'Fn::Sub': ['arn:${AWS::Partition}:s3:::${Bucket}', { Bucket: bucketName }] },
});

const sharedStatements = (
  name: string,
  bucketName: unknown,
  plans: readonly Plan[],
  documents: readonly ('backup' | 'final-backup' | 'restore' | 'verify' | 'prune')[],
  secrets: SecretsOf,
): readonly Statement[] => [
  seesObjects(bucketName),
  {
    Sid: 'SendsTheseDocuments',
    Effect: 'Allow',
    Action: ['ssm:SendCommand'],
    Resource: [
      ...documents.map((document) => arn('ssm', `document/${name}-${document}`)),
      // The bucket for the output is a resource of SendCommand, too.
      { 'Fn::Sub': ['arn:${AWS::Partition}:s3:::${Bucket}', { Bucket: bucketName }] },
    ],
  },
  ...plans.flatMap(toTheFleetOf),
  {
    Sid: 'LooksAtFleetAndCommands',
    Effect: 'Allow',
    Action: [
      'ssm:ListCommands',
      'ssm:ListCommandInvocations',
      'ssm:DescribeInstanceInformation',
      ...(documents.includes('backup')
        ? ['autoscaling:DescribeAutoScalingGroups', 'autoscaling:DescribeWarmPool']
        : drainLooksAt),
      // Who is in a fleet of tags, why an instance does not answer, and whether one still exists of which only the share knows.
      'ec2:DescribeInstances',
    ],
    Resource: '*',
  },
  {
    Sid: 'WakesCheckLater',
    Effect: 'Allow',
    Action: ['scheduler:CreateSchedule'],
    Resource: [arn('scheduler', `schedule/${name}/*`)],
  },
  {
    Sid: 'LetsTheSchedulerWakeIt',
    Effect: 'Allow',
    Action: ['iam:PassRole'],
    Resource: [{ 'Fn::GetAtt': ['SchedulerRole', 'Arn'] }],
    Condition: { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } },
  },
  ...secretStatements(plans, secrets),
  {
    Sid: 'HandsOnWhatFailed',
    Effect: 'Allow',
    Action: ['sqs:SendMessage'],
    Resource: [{ 'Fn::GetAtt': ['DeadLetters', 'Arn'] }],
  },
];

const drainLooksAt = [
  'autoscaling:DescribeAutoScalingInstances',
  'autoscaling:DescribeLifecycleHooks',
  'ec2:DescribeSnapshots',
] as const;

/** What lets instances of the plans' groups go, and what is saved of them when all else fails. */
const drainStatements = (name: string, plans: readonly Plan[]): readonly Statement[] => {
  const groups = [...new Set(plans.flatMap(({ fleet }) => (fleet.kind === 'groups' ? fleet.groups : [])))];
  const saved = plans.filter(({ drain }) => drain?.snapshot === true);
  return [
    ...(groups.length === 0
      ? []
      : [
          {
            Sid: 'LetsInstancesGo',
            Effect: 'Allow' as const,
            Action: ['autoscaling:CompleteLifecycleAction', 'autoscaling:RecordLifecycleActionHeartbeat'],
            Resource: groups.map((group) =>
              arn('autoscaling', `autoScalingGroup:*:autoScalingGroupName/${group.replaceAll('${', '${!')}`),
            ),
          },
        ]),
    ...saved.map(snapshotOf),
    ...(saved.length === 0 ? [] : snapshotStatements(name)),
  ];
};

/** CreateSnapshots asks for the instance, its volumes and the snapshots that it makes; the instance narrows the others. */
const snapshotOf = (plan: Plan): Statement => ({
  Sid: `SnapshotsOfTheFleetOf${plan.name.replaceAll(/[^a-z0-9]/g, 'X')}`,
  Effect: 'Allow',
  Action: ['ec2:CreateSnapshots'],
  Resource: [arn('ec2', 'instance/*')],
  Condition: {
    StringEquals: tagCondition('aws:ResourceTag', plan),
  },
});

const snapshotStatements = (name: string): readonly Statement[] => [
  {
    Sid: 'OfTheirVolumes',
    Effect: 'Allow',
    Action: ['ec2:CreateSnapshots'],
    Resource: [arn('ec2', 'volume/*')],
  },
  {
    Sid: 'MakesTaggedSnapshots',
    Effect: 'Allow',
    Action: ['ec2:CreateSnapshots'],
    Resource: [snapshotArn],
    Condition: { StringEquals: { 'aws:RequestTag/lifeboat:stack': name } },
  },
  {
    Sid: 'TagsWhatItMakes',
    Effect: 'Allow',
    Action: ['ec2:CreateTags'],
    Resource: [snapshotArn],
    Condition: { StringEquals: { 'ec2:CreateAction': 'CreateSnapshots' } },
  },
];

/** Snapshots belong to no account in their ARN. */
const snapshotArn: Json = { 'Fn::Sub': 'arn:${AWS::Partition}:ec2:${AWS::Region}::snapshot/*' };

const tagCondition = (prefix: string, plan: Plan): Json =>
  Object.fromEntries(
    Object.entries(tagsThatSelect(plan)).map(([key, values]) => [`${prefix}/${key}`, values]),
  );

const tagsThatSelect = ({ fleet }: Plan): Readonly<Record<string, readonly string[]>> =>
  fleet.kind === 'groups' ? { 'aws:autoscaling:groupName': fleet.groups } : fleet.tags;

/** Run Command to the instances of this plan and to no other, by the tag that selects them. */
const toTheFleetOf = (plan: Plan): readonly Statement[] => {
  return [
    {
      Sid: `ToTheFleetOf${plan.name.replaceAll(/[^a-z0-9]/g, 'X')}`,
      Effect: 'Allow',
      Action: ['ssm:SendCommand'],
      Resource: [arn('ec2', 'instance/*')],
      Condition: {
        StringEquals: tagCondition('ssm:resourceTag', plan),
      },
    },
  ];
};

const secretStatements = (plans: readonly Plan[], secrets: SecretsOf): readonly Statement[] => {
  const parameters = secretParameters(plans, secrets);
  if (parameters.length === 0) return [];
  return [
    { Sid: 'ReadsItsSecrets', Effect: 'Allow', Action: ['ssm:GetParameter'], Resource: parameters },
    {
      Sid: 'DecryptsItsSecrets',
      Effect: 'Allow',
      Action: ['kms:Decrypt'],
      Resource: [arn('kms', 'key/*')],
      Condition: {
        StringEquals: {
          'kms:ViaService': { 'Fn::Sub': 'ssm.${AWS::Region}.amazonaws.com' },
          'kms:EncryptionContext:PARAMETER_ARN': parameters,
        },
      },
    },
  ];
};

type SecretsOf = (plan: Plan) => readonly string[];

const secretParameters = (plans: readonly Plan[], secrets: SecretsOf): readonly Json[] =>
  [...new Set(plans.flatMap(secrets))].map((parameter) =>
    arn('ssm', `parameter/${parameter.replace(/^\//, '')}`),
  );

const slackSecretOf: SecretsOf = ({ slack }) => {
  if (slack === undefined) return [];
  return [slack.via.kind === 'bot' ? slack.via.tokenParameter : slack.via.urlParameter];
};

const secretsOf: SecretsOf = (plan) => [
  ...slackSecretOf(plan),
  ...(plan.jira === undefined ? [] : [plan.jira.credentialsParameter]),
];

const functionRole = (functionName: string, statements: readonly Statement[]): Json => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: assumedBy('lambda.amazonaws.com'),
    Policies: [
      {
        PolicyName: functionName,
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Sid: 'WritesItsLog',
              Effect: 'Allow',
              Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
              Resource: [arn('logs', `log-group:/aws/lambda/${functionName}:*`)],
            },
            ...statements,
          ],
        },
      },
    ],
  },
});

const schedulerRole = (name: string): Json => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: assumedBy('scheduler.amazonaws.com', {
      StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
    }),
    Policies: [
      {
        PolicyName: `${name}-scheduler`,
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Sid: 'WakesTheFunctions',
              Effect: 'Allow',
              Action: ['lambda:InvokeFunction'],
              Resource: ['dispatch', 'check', 'drain'].map((part) =>
                arn('lambda', `function:${name}-${part}`),
              ),
            },
            {
              Sid: 'HandsOnWhatFailed',
              Effect: 'Allow',
              Action: ['sqs:SendMessage'],
              Resource: [{ 'Fn::GetAtt': ['DeadLetters', 'Arn'] }],
            },
          ],
        },
      },
    ],
  },
});

const assumedBy = (Service: string, Condition?: Json): Json => ({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Service },
      Action: 'sts:AssumeRole',
      ...(Condition === undefined ? {} : { Condition }),
    },
  ],
});

/**
 * What an instance needs of the bucket: the SSM agent puts the document's output there, two objects a step, nothing else.
 * IAM cannot narrow it to the instance's own folder: the agent decides the key, and no policy variable holds the id alone.
 */
const instancePolicy = (bucketName: unknown, plans: readonly Plan[]): Json => ({
  Type: 'AWS::IAM::ManagedPolicy',
  Properties: {
    Description: 'Lets an instance store the logs of Lifeboat commands',
    PolicyDocument: {
      Version: '2012-10-17',
      Statement: [
        storage(
          'StoresItsLogs',
          bucketName,
          ['s3:PutObject'],
          ['logs/*/awsrunShellScript/*/stdout', 'logs/*/awsrunShellScript/*/stderr'],
        ),
        ...keptSecret(secretParameters(plans, secretsOf)),
      ],
    },
  },
});

/** AmazonSSMManagedInstanceCore lets every instance read every parameter of the account; not these. */
const keptSecret = (parameters: readonly Json[]): readonly Statement[] =>
  parameters.length === 0
    ? []
    : [
        {
          Sid: 'LeavesTheSecretsAlone',
          Effect: 'Deny',
          Action: ['ssm:GetParameter*'],
          Resource: parameters,
        },
      ];

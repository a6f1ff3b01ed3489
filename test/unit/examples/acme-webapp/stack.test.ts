import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { templateWithScript } from '../../../../ec2-userdata/user-data.ts';
import { isRecord, parseTemplate, referencesOf } from './cloudformation.ts';

const file = new URL('../../../../examples/acme-webapp/stack.yml', import.meta.url);
let stack: Record<string, unknown> = {};
beforeAll(() => {
  stack = parseTemplate(readFileSync(file, 'utf8'));
});

/** What lies at a path of keys; an error that names the key where there is nothing. */
const at = (...keys: readonly (string | number)[]): unknown =>
  keys.reduce((value: unknown, key) => {
    const next: unknown = isRecord(value) || Array.isArray(value) ? Reflect.get(value, key) : undefined;
    if (next === undefined) throw new Error(`stack.yml has no ${keys.join('.')} (at ${key})`);
    return next;
  }, stack);
const resources = (type: string): string[] =>
  Object.entries(stack.Resources ?? {}).flatMap(([id, resource]) =>
    isRecord(resource) && resource.Type === type ? [id] : [],
  );

describe('the reference stack', () => {
  test('refers only to what it has', () => {
    const known = new Set([...Object.keys(stack.Parameters ?? {}), ...Object.keys(stack.Resources ?? {})]);
    const unknown = referencesOf(stack).filter((name) => !known.has(name) && !name.startsWith('AWS::'));
    expect(unknown).toEqual([]);
    expect(referencesOf(stack).length).toBeGreaterThan(40);
  });

  test('uses every parameter that it asks for', () => {
    const used = new Set(referencesOf(stack));
    const subnetRule = ['SubnetA', 'SubnetB'];
    expect(
      Object.keys(stack.Parameters ?? {}).filter((name) => !used.has(name) && !subnetRule.includes(name)),
    ).toEqual([]);
  });

  test('needs no macro and no upload of code', () => {
    expect(Object.keys(stack)).not.toContain('Transform');
    expect(readFileSync(file).length).toBeLessThan(51_200);
  });

  test('has nothing that waits for itself', () => {
    const waiting = new Map(
      Object.entries(stack.Resources ?? {}).map(([id, resource]) => [
        id,
        [...referencesOf(resource), ...dependsOn(resource)].filter((name) =>
          Object.hasOwn(stack.Resources ?? {}, name),
        ),
      ]),
    );
    for (let before = -1; before !== waiting.size; ) {
      before = waiting.size;
      for (const [id, others] of waiting)
        if (others.every((other) => !waiting.has(other))) waiting.delete(id);
    }
    expect([...waiting.keys()]).toEqual([]);
  });
});

const dependsOn = (resource: unknown): string[] => {
  const names = isRecord(resource) ? resource.DependsOn : undefined;
  return Array.isArray(names) ? names.map(String) : [];
};

describe('the share', () => {
  test('is encrypted, stays when the stack goes, and is let in only over TLS by the role of the instances', () => {
    expect(at('Resources', 'Share', 'DeletionPolicy')).toBe('Retain');
    expect(at('Resources', 'Share', 'UpdateReplacePolicy')).toBe('Retain');
    expect(at('Resources', 'Share', 'Properties', 'Encrypted')).toBe(true);
    const statements = at('Resources', 'Share', 'Properties', 'FileSystemPolicy', 'Statement');
    const allowed = Array.isArray(statements)
      ? statements.filter((statement) => statement.Effect === 'Allow')
      : [];
    expect(allowed.map(({ Principal }) => Principal)).toEqual([
      { AWS: { 'Fn::GetAtt': ['InstanceRole', 'Arn'] } },
    ]);
    expect(statements).toContainEqual(
      expect.objectContaining({
        Effect: 'Deny',
        Action: '*',
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
    );
  });

  test('is reached on port 2049 and only from the instances', () => {
    expect(at('Resources', 'ShareSecurityGroup', 'Properties', 'SecurityGroupIngress')).toEqual([
      expect.objectContaining({
        IpProtocol: 'tcp',
        FromPort: 2049,
        ToPort: 2049,
        SourceSecurityGroupId: { Ref: 'InstanceSecurityGroup' },
      }),
    ]);
    expect(resources('AWS::EC2::SecurityGroupIngress')).toEqual([]);
    for (const target of resources('AWS::EFS::MountTarget'))
      expect(at('Resources', target, 'Properties', 'SecurityGroups')).toEqual([
        { Ref: 'ShareSecurityGroup' },
      ]);
  });
});

describe('the instances', () => {
  const launch = (...keys: readonly (string | number)[]) =>
    at('Resources', 'LaunchTemplate', 'Properties', 'LaunchTemplateData', ...keys);

  test('answer nobody from outside, and give metadata only to who holds a token', () => {
    expect(at('Resources', 'InstanceSecurityGroup', 'Properties')).not.toHaveProperty('SecurityGroupIngress');
    expect(launch('MetadataOptions', 'HttpTokens')).toBe('required');
    expect(launch('MetadataOptions', 'HttpPutResponseHopLimit')).toBe(1);
  });

  test('have encrypted gp3 volumes, one of them for uploads', () => {
    const devices = launch('BlockDeviceMappings');
    expect(devices).toEqual([
      { DeviceName: '/dev/xvda', Ebs: expect.objectContaining({ VolumeType: 'gp3', Encrypted: true }) },
      { DeviceName: '/dev/sdf', Ebs: expect.objectContaining({ VolumeType: 'gp3', Encrypted: true }) },
    ]);
  });

  test('may do what Systems Manager, Lifeboat and the share need, and nothing else', () => {
    expect(at('Resources', 'InstanceRole', 'Properties', 'ManagedPolicyArns')).toEqual([
      { 'Fn::Sub': 'arn:${AWS::Partition}:iam::aws:policy/AmazonSSMManagedInstanceCore' },
      { Ref: 'LifeboatInstancePolicy' },
    ]);
    expect(at('Resources', 'InstanceSharePolicy', 'Properties', 'PolicyDocument', 'Statement')).toEqual([
      expect.objectContaining({
        Effect: 'Allow',
        Action: expect.arrayContaining(['elasticfilesystem:ClientMount', 'elasticfilesystem:ClientWrite']),
        Resource: { 'Fn::GetAtt': ['Share', 'Arn'] },
      }),
    ]);
    expect(resources('AWS::IAM::RolePolicy')).toEqual([
      'InstanceSharePolicy',
      'InstanceLaunchPolicy',
      'InstanceAdoptionPolicy',
    ]);
  });

  test('may complete actions of their own group if they wait for them, and ask who is gone if they adopt', () => {
    const policy = (id: string) => [
      at('Resources', id, 'Condition'),
      at('Resources', id, 'Properties', 'PolicyDocument', 'Statement'),
    ];
    expect(policy('InstanceLaunchPolicy')).toEqual([
      'Waits',
      [
        {
          Sid: 'CompletesItsLaunch',
          Effect: 'Allow',
          Action: ['autoscaling:CompleteLifecycleAction', 'autoscaling:RecordLifecycleActionHeartbeat'],
          Resource: {
            'Fn::Sub':
              'arn:${AWS::Partition}:autoscaling:${AWS::Region}:${AWS::AccountId}:autoScalingGroup:*:autoScalingGroupName/${GroupName}',
          },
        },
      ],
    ]);
    expect(policy('InstanceAdoptionPolicy')).toEqual([
      'Adopts',
      [
        {
          Sid: 'AsksWhoIsGone',
          Effect: 'Allow',
          Action: ['ec2:DescribeInstances'],
          Resource: '*',
          Condition: { StringEquals: { 'aws:RequestedRegion': { Ref: 'AWS::Region' } } },
        },
      ],
    ]);
  });

  test('go into service when they are ready, and are replaced when they never are', () => {
    const hooks = at('Resources', 'Group', 'Properties', 'LifecycleHookSpecificationList');
    expect(hooks).toContainEqual({
      'Fn::If': [
        'Waits',
        {
          LifecycleHookName: { Ref: 'LaunchHook' },
          LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
          HeartbeatTimeout: 3600,
          DefaultResult: 'ABANDON',
        },
        { Ref: 'AWS::NoValue' },
      ],
    });
  });

  test('are three by default, in a group named as in lifeboat.yml', () => {
    expect(at('Parameters', 'GroupName', 'Default')).toBe('acme-web');
    expect(at('Parameters', 'MinimumSize', 'Default')).toBe(3);
    expect(at('Resources', 'Group', 'Properties', 'AutoScalingGroupName')).toEqual({ Ref: 'GroupName' });
    expect(at('Resources', 'Group', 'Properties', 'MinSize')).toEqual({ Ref: 'MinimumSize' });
  });
});

describe('the user data in the stack', () => {
  const substitution = () => {
    const [template, variables] = [0, 1].map((index) =>
      at(
        'Resources',
        'LaunchTemplate',
        'Properties',
        'LaunchTemplateData',
        'UserData',
        'Fn::Base64',
        'Fn::Sub',
        index,
      ),
    );
    return { template: String(template), variables };
  };

  test('is what ec2-userdata/ makes now: `npx node ec2-userdata/user-data.ts --into examples/acme-webapp/stack.yml`', () => {
    // Compared unpacked: another zlib may compress to other bytes.
    const unpacked = (text: string) =>
      text.replace(/H4sI[\w+/=]+/g, (packed) => gunzipSync(Buffer.from(packed, 'base64')).toString());
    expect(unpacked(substitution().template)).toBe(unpacked(templateWithScript()));
  });

  test('leaves only the settings open, and they travel as base64', () => {
    const { template, variables } = substitution();
    expect(template.match(/\$\{[^}]*\}/g)).toEqual(['${Settings}']);
    expect(isRecord(variables) ? Object.keys(variables) : []).toEqual(['Settings']);
    const settings = at(
      'Resources',
      'LaunchTemplate',
      'Properties',
      'LaunchTemplateData',
      'UserData',
      'Fn::Base64',
      'Fn::Sub',
      1,
      'Settings',
      'Fn::Base64',
      'Fn::Sub',
    );
    expect(settings).toContain('share_source=${Share}:/\n');
    for (const line of [
      'plan=${PlanName}',
      'group=${GroupName}',
      'hydrate=${Hydrate}',
      'launch_hook=${LaunchHook}',
    ])
      expect(settings).toContain(`${line}\n`);
    expect(parse(template).runcmd).toContainEqual(['/opt/lifeboat/birth.sh']);
  });
});

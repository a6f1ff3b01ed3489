import type { LocalInstance } from '../../contract.ts';
import { tagsOf } from '../ssm/targets.ts';
import { volumesOf } from './snapshots.ts';

const stateCodes = { running: 16, stopped: 80, terminated: 48 } as const;

/** An instance as DescribeInstances writes it; member names are those of the wire. */
export const instanceView = (instance: LocalInstance) => ({
  instanceId: instance.id,
  imageId: 'ami-00000000000000000',
  instanceState: { code: stateCodes[instance.state], name: instance.state },
  privateDnsName: `ip-${instance.privateIp.replaceAll('.', '-')}.ec2.internal`,
  dnsName: '',
  reason: instance.state === 'terminated' ? 'User initiated' : '',
  amiLaunchIndex: 0,
  instanceType: 't4g.small',
  launchTime: instance.launchedAt,
  placement: { availabilityZone: instance.availabilityZone, tenancy: 'default' },
  monitoring: { state: 'disabled' },
  // An instance that is gone has no address any more.
  privateIpAddress: instance.state === 'terminated' ? undefined : instance.privateIp,
  architecture: 'arm64',
  rootDeviceType: 'ebs',
  iamInstanceProfile:
    instance.hasProfile === false
      ? undefined
      : { arn: 'arn:aws:iam::123456789012:instance-profile/acme-web' },
  rootDeviceName: '/dev/xvda',
  // They were deleted with it.
  blockDeviceMapping: (instance.state === 'terminated' ? [] : volumesOf(instance)).map(({ id, device }) => ({
    deviceName: device,
    ebs: { volumeId: id, status: 'attached', attachTime: instance.launchedAt, deleteOnTermination: true },
  })),
  tagSet: Object.entries(tagsOf(instance)).map(([key, value]) => ({ key, value })),
  hypervisor: 'xen',
});

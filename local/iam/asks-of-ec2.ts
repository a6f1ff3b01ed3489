import { volumesOf } from '../services/ec2/snapshots.ts';
import { tagsOf } from '../services/ssm/targets.ts';
import { type AskedWorld, type AskingCall, arn, ask, nobodyKnows, tagKeys } from './asking.ts';
import type { Ask } from './decide.ts';
import { listAt, textAt } from './members.ts';

export const ec2Asks = async (call: AskingCall, world: AskedWorld): Promise<readonly Ask[]> => {
  const { operation, input } = call;
  if (operation.startsWith('Describe')) return [ask(call, '*')];
  switch (operation) {
    case 'CreateSnapshots':
      return createSnapshotsAsks(call, world);
    case 'DeleteSnapshot': {
      const id = textAt(input, 'SnapshotId');
      const tags = await world.snapshotTags(id);
      const context = { ...tagKeys('aws:ResourceTag', tags), ...tagKeys('ec2:ResourceTag', tags) };
      return [ask(call, snapshotArn(world, id), context)];
    }
    default:
      throw nobodyKnows(call);
  }
};

/** The instance, the volumes that are saved, the snapshots to be made, and the leave to tag them. */
const createSnapshotsAsks = (call: AskingCall, world: AskedWorld): readonly Ask[] => {
  const { input } = call;
  const id = textAt(input, 'InstanceSpecification', 'InstanceId');
  const instance = world.fleet.get(id);
  const instanceTags = instance === undefined ? {} : tagsOf(instance);
  const leavesRoot = textAt(input, 'InstanceSpecification', 'ExcludeBootVolume') === 'true';
  const volumes = (instance === undefined ? [] : volumesOf(instance)).filter(
    ({ isRoot }) => !(isRoot && leavesRoot),
  );
  const tags = Object.fromEntries(
    listAt(input, 'TagSpecification')
      .flatMap((specification) => listAt(specification, 'Tag'))
      .map((tag) => [textAt(tag, 'Key'), textAt(tag, 'Value')]),
  );
  const made = snapshotArn(world, '*');
  return [
    ask(call, arn(world, 'ec2', `instance/${id}`), {
      ...tagKeys('aws:ResourceTag', instanceTags),
      ...tagKeys('ec2:ResourceTag', instanceTags),
    }),
    ...volumes.map((volume) => ask(call, arn(world, 'ec2', `volume/${volume.id}`))),
    ask(call, made, tagKeys('aws:RequestTag', tags)),
    ...(Object.keys(tags).length === 0
      ? []
      : [
          {
            action: 'ec2:CreateTags',
            resource: made,
            context: { ...tagKeys('aws:RequestTag', tags), 'ec2:CreateAction': 'CreateSnapshots' },
          },
        ]),
  ];
};

const snapshotArn = (world: AskedWorld, id: string): string =>
  arn({ ...world, account: '' }, 'ec2', `snapshot/${id}`);

import type { EventBus, LocalClock, LocalFleet } from '../contract.ts';

/** From the warning to the end. */
const spotMilliseconds = 120_000;

/** Tells that EC2 takes a spot instance back, and takes it two minutes later. Its group is told when it has gone. */
export const interruptSpot = (
  options: {
    readonly fleet: LocalFleet;
    readonly clock: LocalClock;
    readonly bus: EventBus;
    readonly account: string;
    readonly region: string;
  },
  id: string,
): void => {
  const { fleet, clock, bus, account, region } = options;
  if (fleet.get(id) === undefined) throw new Error(`There is no instance ${id} in the local fleet.`);
  clock.at(new Date(clock.now().getTime() + spotMilliseconds), `${id}: EC2 takes it back`, () =>
    fleet.terminate(id),
  );
  bus.publish({
    source: 'aws.ec2',
    'detail-type': 'EC2 Spot Instance Interruption Warning',
    resources: [`arn:aws:ec2:${region}:${account}:instance/${id}`],
    detail: { 'instance-id': id, 'instance-action': 'terminate' },
  });
};

import type { OperationPace, Pace } from '../../local/contract.ts';

/**
 * How AWS is played: a time for each answer, and a token bucket for each operation that is asked in proportion to the fleet. AWS
 * publishes neither for Systems Manager and Auto Scaling: ours are meant to be slower and stricter than what an account meets.
 * EC2's bucket is documented ("Request throttling for the Amazon EC2 API": 100 tokens, 20 a second, for what changes nothing).
 */
export const pace: Pace = (service, operation) => paces[operation] ?? services[service];

const reading: OperationPace = { milliseconds: 50, throttle: { perSecond: 10, burst: 20 } };

const paces: Readonly<Record<string, OperationPace>> = {
  SendCommand: { milliseconds: 150, throttle: { perSecond: 5, burst: 5 } },
  ListCommandInvocations: { milliseconds: 100, throttle: { perSecond: 10, burst: 20 } },
  ListCommands: reading,
  DescribeInstanceInformation: reading,
  DescribeAutoScalingGroups: { milliseconds: 100, throttle: { perSecond: 10, burst: 20 } },
  DescribeInstances: { milliseconds: 100, throttle: { perSecond: 20, burst: 100 } },
};

const services: Readonly<Record<string, OperationPace>> = {
  s3: { milliseconds: 25 },
  scheduler: { milliseconds: 50 },
  ssm: { milliseconds: 30 },
};

/** Dollars, list prices of us-east-1, free tiers not counted. Typed in by hand from each service's page of prices. */
export const prices = {
  lambdaRequest: 0.2 / 1e6,
  /** arm64. */
  lambdaGigabyteSecond: 0.0000133334,
  /** PUT, COPY, POST, LIST; others. */
  s3Write: 0.005 / 1000,
  s3Read: 0.0004 / 1000,
  s3GigabyteMonth: 0.023,
  scheduler: 1 / 1e6,
  logGigabyte: 0.5,
} as const;

export const nightsInMonth = 30.4;

import type { LocalFleet } from '../contract.ts';
import type { Ask } from './decide.ts';

/** A call as a service understood it. */
export type AskingCall = { readonly service: string; readonly operation: string; readonly input: unknown };

/** Where the call is made, and what its resources are tagged with. */
export type AskedWorld = {
  readonly partition: string;
  readonly account: string;
  readonly region: string;
  readonly fleet: Pick<LocalFleet, 'instances' | 'get'>;
  /** The tags of an EBS snapshot; empty where there is none of this id. */
  readonly snapshotTags: (id: string) => Promise<Readonly<Record<string, string>>>;
};

export const ask = (
  { service, operation }: Pick<AskingCall, 'service' | 'operation'>,
  resource: string,
  context: Readonly<Record<string, string>> = {},
): Ask => ({ action: `${service}:${operation}`, resource, context });

export const arn = (
  { partition, account, region }: Pick<AskedWorld, 'partition' | 'account' | 'region'>,
  service: string,
  rest: string,
): string => `arn:${partition}:${service}:${region}:${account}:${rest}`;

export const nobodyKnows = ({ service, operation }: AskingCall): Error =>
  new Error(`local/iam does not say yet what ${service}:${operation} has to be allowed: add it there.`);

export const tagKeys = (
  prefix: string,
  tags: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(tags).map(([key, value]) => [`${prefix}/${key}`, value]));

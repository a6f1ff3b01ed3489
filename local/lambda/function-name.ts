import type { LocalFunction } from '../contract.ts';

const pattern =
  /^(?:arn:aws[a-z-]*:lambda:)?(?:([a-z]{2}(?:-gov)?-[a-z]+-\d):)?(?:(\d{12}):)?(?:function:)?([A-Za-z0-9_-]+)(?::(\$LATEST|[A-Za-z0-9_-]+))?$/;

/**
 * The function that a name, a partial or a full ARN means, with or without a qualifier (`$LATEST` and `1` are what there
 * is); undefined where there is none, as for an ARN of another account or region.
 */
export const findFunction = (
  functions: readonly LocalFunction[],
  nameOrArn: string,
): LocalFunction | undefined => {
  const [, region, account, name, qualifier = '$LATEST'] = pattern.exec(nameOrArn) ?? [];
  if (qualifier !== '$LATEST' && qualifier !== '1') return undefined;
  return functions.find((fn) => {
    const [, , , ownRegion, ownAccount] = fn.arn.split(':');
    return fn.name === name && (region ?? ownRegion) === ownRegion && (account ?? ownAccount) === ownAccount;
  });
};

import type { Guard } from '../../iam/guard.ts';
import type { Endpoint } from '../../protocol/exchange.ts';
import { queryEndpoint } from '../../protocol/query.ts';

/** STS (AWS Query): GetCallerIdentity. A function is its role's session, everybody else the user `local`. */
export const stsEndpoint = ({
  account,
  guard,
}: {
  readonly account: string;
  readonly guard: Pick<Guard, 'arnOf'>;
}): Endpoint =>
  queryEndpoint({
    name: 'sts',
    dialect: 'query',
    namespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
    operations: {
      GetCallerIdentity: (_input, { caller, signature }) => ({
        UserId: signature.accessKeyId,
        Account: account,
        Arn: guard.arnOf(caller),
      }),
    },
  });

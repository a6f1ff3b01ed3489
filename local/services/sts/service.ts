import type { Endpoint } from '../../protocol/exchange.ts';
import { queryEndpoint } from '../../protocol/query.ts';

/** STS (AWS Query): GetCallerIdentity. A function is its role's session, everybody else the user `local`. */
export const stsEndpoint = ({ account }: { readonly account: string }): Endpoint =>
  queryEndpoint({
    name: 'sts',
    dialect: 'query',
    namespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
    operations: {
      GetCallerIdentity: (_input, { caller, signature }) => ({
        UserId: signature.accessKeyId,
        Account: account,
        Arn:
          caller === 'cli'
            ? `arn:aws:iam::${account}:user/local`
            : `arn:aws:sts::${account}:assumed-role/${caller}/${caller}`,
      }),
    },
  });

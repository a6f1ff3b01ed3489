import type { FunctionRunner, LocalClock, LocalFunction } from '../../contract.ts';
import type { Endpoint } from '../../protocol/exchange.ts';
import { restJsonEndpoint } from '../../protocol/rest-json.ts';
import { functionRoutes } from './functions.ts';
import { invokeRoute } from './invoke.ts';

/** Lambda (restJson): Invoke, ListFunctions, GetFunction, GetFunctionConfiguration. */
export const lambdaEndpoint = (options: {
  readonly runner: FunctionRunner;
  readonly functions: readonly LocalFunction[];
  readonly clock: Pick<LocalClock, 'now'>;
  readonly account: string;
  readonly region: string;
}): Endpoint =>
  restJsonEndpoint({
    name: 'lambda',
    roots: ['/2015-03-31/functions'],
    hidden: [],
    routes: [invokeRoute(options), ...functionRoutes(options)],
  });

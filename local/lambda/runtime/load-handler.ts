import { existsSync, realpathSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { RuntimeError } from './lambda-error.ts';

export type Handler = (event: unknown, context: unknown) => unknown;

/**
 * Imports the handler (`functions/dispatch.handler`: module and export) from the task root, as Lambda's runtime does.
 * Throws {@link RuntimeError}, or whatever the module throws while it is loaded.
 */
export const loadHandler = async (taskRoot: string, handler: string): Promise<Handler> => {
  const root = realpathSync(taskRoot);
  keepWithin(pathToFileURL(`${root}/`).href);
  const [, modulePath, exportPath] = /^(.*?\/?[^/.]+)\.(.+)$/.exec(handler) ?? [];
  if (modulePath === undefined || exportPath === undefined)
    throw new RuntimeError('Runtime.MalformedHandlerName', `Bad handler ${handler}`);
  const found = exportPath
    .split('.')
    .reduce<unknown>((value, key) => memberOf(value, key), await importModule(join(root, modulePath)));
  if (!isHandler(found))
    throw new RuntimeError('Runtime.HandlerNotFound', `${handler} is undefined or not exported`);
  if (found.length > 2)
    throw new RuntimeError(
      'Runtime.CallbackHandlerDeprecated',
      'AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need to modify this function to use a supported handler signature to use Node.js 24 or later.',
    );
  return found;
};

const importModule = async (path: string): Promise<unknown> => {
  const file = ['', '.js', '.mjs', '.cjs'].map((extension) => `${path}${extension}`).find(existsSync);
  if (file === undefined)
    throw new RuntimeError('Runtime.ImportModuleError', `Error: Cannot find module '${path}'`);
  try {
    return await import(pathToFileURL(file).href);
  } catch (error) {
    if (error instanceof SyntaxError) throw new RuntimeError('Runtime.UserCodeSyntaxError', String(error));
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
    if (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND')
      throw new RuntimeError('Runtime.ImportModuleError', String(error));
    throw error;
  }
};

/**
 * The folder may lie inside of a project with a node_modules of its own: a dependency that the bundle lacks must be as
 * missing here as it is on AWS.
 */
const keepWithin = (rootUrl: string): void => {
  registerHooks({
    resolve: (specifier, context, next) => {
      const resolved = next(specifier, context);
      if (!resolved.url.startsWith('file:') || resolved.url.startsWith(rootUrl)) return resolved;
      const from = context.parentURL === undefined ? '' : ` imported from ${context.parentURL}`;
      throw Object.assign(
        new Error(`Cannot find package '${specifier}'${from}: it is not in the function's package`),
        {
          code: 'ERR_MODULE_NOT_FOUND',
        },
      );
    },
  });
};

const memberOf = (value: unknown, key: string): unknown =>
  (typeof value === 'object' || typeof value === 'function') && value !== null
    ? Reflect.get(value, key)
    : undefined;

const isHandler = (value: unknown): value is Handler => typeof value === 'function';

import { plansPlugin } from './plans-plugin.ts';

/** What serverless.yml names under `custom.esbuild.plugins`; serverless-esbuild loads plugins from plain JavaScript only. */
export default [plansPlugin];

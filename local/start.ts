import { main } from './console/main.ts';

process.exitCode = await main(process.argv.slice(2));

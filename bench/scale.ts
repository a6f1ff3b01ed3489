import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packageService } from '../local/console/package-service.ts';
import { costPage, summaryOf } from './scale/cost-page.ts';
import { measureNight, type NightFigures } from './scale/measure-night.ts';

const usage = `Measures a night of simulated instances on local AWS: calls, time, memory, dollars.

  npm run bench:scale -- [--instances 3,100,1000,10000] [--results]

  --instances N,…   sizes of the fleet (default 3,100,1000,10000)
  --results         write docs/cost.md

Takes about ten minutes. Exit code: 0 measured, 1 a night did not end well, 2 bad usage.
`;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const main = async (argv: readonly string[]): Promise<number> => {
  const { instances, results, help } = parseArgs({
    args: [...argv],
    options: {
      instances: { type: 'string', default: '3,100,1000,10000' },
      results: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values;
  if (help || !/^[1-9]\d{0,4}(,[1-9]\d{0,4})*$/.test(instances)) {
    (help ? process.stdout : process.stderr).write(usage);
    return help ? 0 : 2;
  }
  const packaged = mkdtempSync(join(tmpdir(), 'lifeboat-scale-package-'));
  try {
    await packageService(packaged, { LIFEBOAT_PLAN_FILE: 'bench/scale/lifeboat.yml' });
    const nights: NightFigures[] = [];
    for (const size of instances.split(',').map(Number)) {
      const night = await measureNight(packaged, size);
      say(summaryOf(night));
      nights.push(night);
    }
    const command = ['npm run bench:scale --', ...argv].join(' ');
    if (results) writeFileSync('docs/cost.md', costPage(nights, { command, date: new Date() }));
    return 0;
  } finally {
    rmSync(packaged, { recursive: true, force: true });
  }
};

process.exitCode = await main(process.argv.slice(2));

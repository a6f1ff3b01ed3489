import { spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { packagedDocuments } from '../../deploy/documents.ts';
import { alarmSections } from '../../deploy/runbook/alarms.ts';
import { causeSections } from '../../deploy/runbook/runbook-page.ts';
import type { RunbookSection, Step } from '../../deploy/runbook/section.ts';
import { type CauseId, causeIds, causes } from '../../functions/pipeline/causes.ts';
import type { RunRecord } from '../../functions/pipeline/run-record.ts';
import type { LocalInstance } from '../../local/contract.ts';
import { invoke } from './invoke.ts';
import { atRest, hour, idOf, type NightLab, openNightLab } from './night-lab.ts';
import { planFile } from './packaged-service.ts';

/**
 * The commands of the runbook that are typed at a desk, typed as they are written, in a shell as the head of the runbook
 * asks for it, against local AWS. What is typed on an instance is practised in test/faults/runbook.test.ts.
 */
const hasAwsCli = (process.env.PATH ?? '').split(delimiter).some((folder) => {
  try {
    accessSync(join(folder, 'aws'), constants.X_OK);
    return true;
  } catch {
    return false;
  }
});
const withCli = hasAwsCli ? describe : describe.skip;
const reason = hasAwsCli ? '' : ' (skipped: there is no program `aws` here)';

/** CloudTrail and the history of Auto Scaling are not played on a laptop; a deployment needs CloudFormation. */
const notPlayed = [/^aws cloudtrail /, /^aws autoscaling describe-scaling-activities /];
const isDeployment = /^npx sls deploy /;

const mended = idOf(2);
let lab: NightLab;
let home: string;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'lifeboat-desk-'));
  lab = await openNightLab({ instances: 2, files: 2 });
  await lab.boot();
  await lab.night();
}, 180_000);
afterAll(async () => {
  rmSync(home, { recursive: true });
  await lab.close();
});

type Typed = { readonly status: number | null; readonly output: string };

/** Types a command at the desk. Without blocking: local AWS lives in this very process. */
const type = async (command: string, run: string): Promise<Typed> => {
  const aws = lab.aws();
  const { AWS_PROFILE: _, ...environment } = process.env;
  const child = spawn(
    'bash',
    [
      '-c',
      `cd "$HOME"; aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }; npx() { (cd "${process.cwd()}" && command npx "$@"); }; ${command}`,
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...environment,
        ...{ HOME: home, LIFEBOAT_PLAN_FILE: planFile, AWS_PAGER: '', AWS_ENDPOINT_URL: aws.endpoint },
        ...{ AWS_ACCESS_KEY_ID: 'person', AWS_SECRET_ACCESS_KEY: 'local', AWS_DEFAULT_REGION: aws.region },
        ...{ AWS_REGION: aws.region, STACK: 'lifeboat-prod', PLAN: 'acme-web', INSTANCE: mended },
        ...{ RUN: run, BUCKET: aws.stack.outputs.Bucket ?? aws.stack.buckets[0], GROUP: 'acme-web' },
        // A queue's address is where the CLI asks: it is local AWS's here.
        QUEUE: `${aws.endpoint}/${aws.stack.account}/lifeboat-prod-dead-letters`,
        NEW_TOKEN: lab.slack.botToken,
      },
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { status, output };
};

const atTheDesk = (steps: readonly Step[]) =>
  steps.flatMap(({ at, run }) => (at === 'desk' && run !== undefined ? [run] : []));

/** Types what a section says; a deployment puts functions and documents in their place again. */
const follow = async ({ see, mend, prove }: RunbookSection, run: string): Promise<readonly string[]> => {
  const outputs: string[] = [];
  for (const command of [...see, ...mend, ...prove].flatMap((step) => atTheDesk([step]))) {
    if (notPlayed.some((pattern) => pattern.test(command))) continue;
    if (isDeployment.test(command)) {
      await lab.boot();
      continue;
    }
    const { status, output } = await type(command, run);
    expect([command, status, output]).toEqual([command, 0, output]);
    outputs.push(output);
    await atRest(lab.aws());
  }
  return outputs;
};

const instance = (): LocalInstance => {
  const found = lab.aws().fleet.get(mended);
  if (found === undefined) throw new Error(`${mended} is gone`);
  return found;
};
const night = async (): Promise<RunRecord> => {
  await lab.pass(2_000);
  return lab.settle((await lab.night()).run);
};
/** Somebody has put another script into the document, as the console lets them. */
const withDocument = async (script: readonly string[], parameters = documentParameters): Promise<void> => {
  const content = {
    schemaVersion: '2.2',
    parameters: Object.fromEntries(parameters.map((name) => [name, { type: 'String', default: '' }])),
    mainSteps: [
      {
        action: 'aws:runShellScript',
        name: 'backup',
        inputs: { timeoutSeconds: '{{ executionTimeout }}', runCommand: script },
      },
    ],
  };
  const name = 'lifeboat-prod-backup';
  const { status, output } = await type(
    `aws ssm update-document --name ${name} --document-version '$LATEST' --content '${JSON.stringify(content)}' && aws ssm update-document-default-version --name ${name} --document-version 2`,
    'none',
  );
  expect([status, output]).toEqual([0, output]);
};
/** Those of the document as it is deployed: dispatch names every one, and Systems Manager refuses a name it does not know. */
const documentParameters = Object.keys(
  z.object({ parameters: z.record(z.string(), z.unknown()) }).parse(packagedDocuments().backup).parameters,
);

type Trouble = {
  /** Makes it and answers the run that met it. */
  readonly make: () => Promise<RunRecord>;
  /** What the section says that no command of ours can do: to an agent, to AWS. */
  readonly mend?: () => void;
};

const backOnline = () => {
  instance().ping = 'Online';
};

const troubles = {
  'agent-offline': {
    make: async () => {
      instance().ping = 'ConnectionLost';
      return night();
    },
    mend: backOnline,
  },
  'agent-absent': {
    make: async () => {
      instance().ping = 'absent';
      return night();
    },
    mend: backOnline,
  },
  'command-cancelled': {
    make: async () => {
      instance().ping = 'ConnectionLost';
      await lab.pass(2_000);
      const { answer } = await invoke(lab.aws(), 'dispatch', { plan: 'acme-web' });
      const [command] = answer.commands as readonly string[];
      await type(`aws ssm cancel-command --command-id ${command}`, 'none');
      return lab.settle(String(answer.run));
    },
    mend: backOnline,
  },
  cancelled: {
    make: async () => {
      instance().ping = 'ConnectionLost';
      await lab.pass(2_000);
      const { answer } = await invoke(lab.aws(), 'dispatch', { plan: 'acme-web' });
      await invoke(lab.aws(), 'dispatch', { cancel: answer.run, why: 'a practice' });
      return lab.settle(String(answer.run));
    },
    mend: backOnline,
  },
  'command-not-sent': {
    make: async () => {
      await withDocument(
        ['exit 0'],
        documentParameters.filter((name) => name !== 'source'),
      );
      return night();
    },
  },
  'bad-parameter': {
    make: async () => {
      await withDocument(['exit 32']);
      return night();
    },
  },
  'no-report': {
    make: async () => {
      await withDocument(['exit 0']);
      return night();
    },
  },
} as const satisfies Partial<Record<CauseId, Trouble>>;

/**
 * Local AWS cannot be made to do these here: its tags are its groups, it throttles once, its clock does not move
 * while an instance works, and its agents understand every document. Their sections are held to the same commands.
 */
const notMade: readonly CauseId[] = [
  'not-reached',
  'command-throttled',
  'command-refused',
  'execution-timed-out',
  'deadline-passed',
  'instance-stopped',
  'agent-too-old',
];

withCli(`the runbook's commands at a desk${reason}`, () => {
  test.each(Object.entries(troubles) as [CauseId, Trouble][])(
    '%s is made, seen, mended and proven, and the next run is good',
    async (cause, { make, mend }) => {
      const record = await make();
      expect(record.results?.find((result) => result.instance === mended)).toMatchObject({ cause });
      mend?.();
      const outputs = await follow(causeSections[cause], record.run);
      const { run } = JSON.parse(outputs.at(-1) ?? '');
      expect(await lab.settle(run)).toMatchObject({ result: 'protected', scope: 'instances' });
    },
    120_000,
  );

  test('every cause that only the control plane sees is practised, or it is said why not', () => {
    const theirs = causeIds.filter(
      (id) => !('exitCode' in causes[id]) && causes[id].outcome !== 'protected-with-warnings',
    );
    const practised = [...Object.keys(troubles), ...notMade, 'instance-terminated'];
    expect(theirs.filter((id) => !practised.includes(id))).toEqual([]);
  });
});

const alarm = (name: string) =>
  lab
    .aws()
    .cloudwatch.alarms.alarms()
    .find((each) => each.alarm.name === `lifeboat-prod${name}`)?.state;

/** Makes each alarm go off. The section's commands have to end it. */
const alarms = {
  'not-protected': async () => {
    await lab.boot('source-missing');
    const record = await night();
    await lab.boot();
    return record.run;
  },
  'no-good-run': async () => {
    const { run } = await night();
    const schedule = '--group-name lifeboat-prod --name lifeboat-prod-acme-web';
    await type(
      `aws scheduler get-schedule ${schedule} --query '{ScheduleExpression:ScheduleExpression,ScheduleExpressionTimezone:ScheduleExpressionTimezone,FlexibleTimeWindow:FlexibleTimeWindow,Target:Target}' > schedule.json && aws scheduler update-schedule ${schedule} --state DISABLED --cli-input-json file://schedule.json`,
      run,
    );
    await lab.pass(29 * hour);
    return run;
  },
  'share-nearly-full': async () => {
    const { run } = await night();
    const dimensions = { service: 'lifeboat-prod', plan: 'acme-web' };
    const time = lab.clock().now();
    lab
      .aws()
      .cloudwatch.take([
        { namespace: 'Lifeboat', dimensions, name: 'ShareNearlyFull', unit: 'Count', value: 1, time },
      ]);
    return run;
  },
  'nobody-told': async () => {
    await type(
      'aws ssm put-parameter --overwrite --type SecureString --name /lifeboat/slack-token --value xoxb-revoked',
      'none',
    );
    await lab.boot('source-missing');
    await type(
      'aws ssm put-parameter --overwrite --type SecureString --name /lifeboat/slack-token --value xoxb-revoked',
      'none',
    );
    await lab.pass(2_000);
    const { run } = await lab.night();
    await lab.pass(0.5 * hour);
    return run;
  },
  'function-errors': async () => {
    for (let time = 0; time < 3; time += 1) await invoke(lab.aws(), 'dispatch', { plan: 'no-such-plan' });
    return 'acme-web/none';
  },
  'dead-letters': async () => {
    lab.aws().functions.invokeLater('lifeboat-prod-dispatch', '{"plan":"no-such-plan"}', 'a test');
    await atRest(lab.aws());
    await lab.pass(0.2 * hour);
    return 'acme-web/none';
  },
} as const;

const alarmNames: Readonly<Record<keyof typeof alarms, string>> = {
  'not-protected': '/acme-web/not-protected',
  'no-good-run': '/acme-web/no-good-run',
  'share-nearly-full': '/acme-web/share-nearly-full',
  'nobody-told': '/acme-web/nobody-told',
  'function-errors': '-function-errors',
  'dead-letters': '-dead-letters',
};

withCli(`the runbook's commands for alarms${reason}`, () => {
  test.each(Object.keys(alarms) as (keyof typeof alarms)[])(
    '%s goes off, and is over when the section is done',
    async (name) => {
      const run = await alarms[name]();
      expect(alarm(alarmNames[name])).toBe('ALARM');
      const section = alarmSections[name]?.section;
      if (section === undefined) throw new Error(`the runbook has no section for ${name}`);
      // A minute at least: CloudWatch keeps one value a minute, the worst.
      await lab.pass(120_000);
      await follow(section, run);
      // What is told again, and errors of an hour ago, are over an hour later.
      if (name === 'nobody-told' || name === 'function-errors') await lab.pass(1.1 * hour);
      // After a recovery check looks once more, two minutes later.
      await lab.pass(150_000);
      expect(alarm(alarmNames[name])).toBe('OK');
    },
    120_000,
  );

  test('every alarm of the runbook is practised', () => {
    expect(Object.keys(alarmSections)).toEqual(Object.keys(alarms));
  });
});

withCli(`an instance that is gone${reason}`, () => {
  test('instance-terminated: the next run of the fleet does not expect it any more', async () => {
    await lab.boot('instance-gone');
    const record = await night();
    expect(record.results?.find((result) => result.instance === mended)).toMatchObject({
      cause: 'instance-terminated',
    });
    const outputs = await follow(causeSections['instance-terminated'], record.run);
    const { run } = JSON.parse(outputs.at(-1) ?? '');
    expect(await lab.settle(run)).toMatchObject({ result: 'protected', results: [{ instance: idOf(1) }] });
  }, 120_000);
});

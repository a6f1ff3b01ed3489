import { readFile } from 'node:fs/promises';
import type { StepOutput } from '../../contract.ts';
import type { Guard } from '../../iam/guard.ts';
import type { ObjectStore } from '../s3/object-store.ts';
import type { Command, Invocation } from './command.ts';

/**
 * Writes whole outputs to the bucket that the command names, as the agent does:
 * `<prefix>/<command-id>/<instance-id>/<plugin>/<step>/stdout` and `stderr`. An empty output makes no object, a bucket
 * that does not exist none either, nor one that the instance's role does not let it write to: the command's result does
 * not depend on it.
 */
export const writeOutputs = async (
  { store, guard }: { readonly store: ObjectStore; readonly guard: Pick<Guard, 'permits'> },
  command: Command,
  invocation: Invocation,
  steps: readonly StepOutput[],
): Promise<void> => {
  const { outputS3 } = command.request;
  const bucketName = outputS3?.bucket ?? '';
  const bucket = store.bucket(bucketName);
  if (bucket === undefined) return;
  for (const step of steps) {
    const folder = outputFolder(command, invocation.instanceId, step);
    for (const name of ['stdout', 'stderr'] as const) {
      const whole = step.logs === undefined ? Buffer.from(step[name]) : await readFile(step.logs[name]);
      if (whole.length === 0) continue;
      const key = `${folder}/${name}`;
      const asking = { service: 's3', operation: 'PutObject', input: { Bucket: bucketName, Key: key } };
      if (!(await guard.permits({ ...asking, caller: invocation.instanceId }))) continue;
      const attributes = { headers: { 'content-type': 'text/plain' }, metadata: {}, checksums: {} };
      await bucket.write(key, whole, attributes, { kind: 'always' });
    }
  }
};

/** The agent leaves the colon out of the plugin's name: `aws:runShellScript` becomes `awsrunShellScript`. */
export const outputFolder = (
  command: Command,
  instanceId: string,
  step: { readonly plugin: string; readonly name: string },
): string => {
  const prefix = command.request.outputS3?.prefix.replace(/\/+$/, '') ?? '';
  const path = [command.id, instanceId, step.plugin.replaceAll(':', ''), step.name];
  return (prefix === '' ? path : [prefix, ...path]).join('/');
};

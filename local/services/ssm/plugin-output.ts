/**
 * How the agent joins stdout and stderr into the one `Output` of a plugin that lists show. From amazon-ssm-agent 3.3,
 * agent/framework/processor/executer/iohandler/iohandler.go (`TruncateOutput`, `MaximumPluginOutputSize`): the agent cuts
 * at 2,400 bytes; the service would take 2,500 characters.
 */
export const joinOutput = (stdout: string, stderr: string, capacity = 2400): string => {
  const out = Buffer.from(stdout);
  const err = Buffer.from(stderr);
  const title = err.length > 0 ? '\n----------ERROR-------\n' : '';
  const space = capacity - title.length;
  if (out.length + err.length < space) return stdout + title + stderr;
  if (out.length > space / 2 && err.length > space / 2) {
    const each = Math.floor((space - cutOut.length - cutError.length) / 2);
    return cut(out, each) + cutOut + title + cut(err, each) + cutError;
  }
  if (out.length < space / 2) {
    return stdout + title + cut(err, space - cutError.length - out.length) + cutError;
  }
  return cut(out, space - cutOut.length - err.length) + cutOut + title + stderr;
};

const cutOut = '\n---Output truncated---';
const cutError = '\n---Error truncated----';

/** The agent cuts bytes, so that the last character may be half there; JSON makes that U+FFFD. */
const cut = (text: Buffer, bytes: number): string => text.subarray(0, Math.max(0, bytes)).toString('utf8');

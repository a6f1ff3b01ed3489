import * as z from 'zod/mini';
import type { JiraPlan } from '../config/plan.ts';
import { ChannelError, redacted } from './channel-error.ts';
import { visible } from './untrusted-text.ts';

/** JIRA's way to say what is wrong: sentences, and a sentence for each field. */
const refusalSchema = z.object({
  errorMessages: z.optional(z.array(z.string())),
  errors: z.optional(z.record(z.string(), z.unknown())),
});

/** An answer other than 2xx as an error that says what JIRA said, without its secrets, and what to do now. */
export const jiraRefusal = (
  what: string,
  status: number,
  body: string,
  plan: JiraPlan,
  credentials: string,
): ChannelError => {
  const secrets = [credentials, credentials.slice(credentials.indexOf(':') + 1)];
  const shown = (sentence: string) => visible(redacted(sentence, secrets), 200);
  const refusal = refusalOf(body);
  const said = sentencesOf(refusal).map(shown);
  const details = said.length === 0 ? '' : `: ${said.slice(0, 4).join(' ')}`;
  return new ChannelError(`JIRA ${what}: HTTP ${status}${details}. ${remedyOf(status, plan)}`, {
    arrival: 'no',
    status,
    fields: Object.fromEntries(
      Object.entries(refusal.errors ?? {}).map(([field, why]) => [shown(field), shown(String(why))]),
    ),
  });
};

type Refusal = z.output<typeof refusalSchema>;

const refusalOf = (body: string): Refusal => {
  try {
    return z.parse(refusalSchema, JSON.parse(body));
  } catch {
    // A page of a proxy or a log-in: the status says enough, and the text is not ours to repeat.
    return {};
  }
};

const sentencesOf = ({ errorMessages, errors }: Refusal): readonly string[] => [
  ...(errorMessages ?? []),
  ...Object.entries(errors ?? {}).map(([field, why]) => `${field}: ${String(why)}`),
];

const remedyOf = (
  status: number,
  { credentialsParameter, project, issueType, edition }: JiraPlan,
): string => {
  if (status >= 300 && status < 400)
    return "It sends us elsewhere, mostly to a log-in: check the plan's jira.url.";
  switch (status) {
    case 400:
      return `Check that project ${project} has the issue type "${issueType}" and that its create screen requires no other field.`;
    case 401:
      return edition === 'cloud'
        ? `Put user@example.org:api-token of an active account into the SSM parameter ${credentialsParameter}.`
        : `Put a valid personal access token into the SSM parameter ${credentialsParameter}.`;
    case 403:
      return `Give the account the permissions Browse Projects, Create Issues, Edit Issues, Transition Issues and Add Comments in project ${project}.`;
    case 404:
      return `Check the plan's jira.url and that the account may see project ${project}.`;
    case 410:
      return 'This JIRA has removed the call: set jira.edition in lifeboat.yml as it is (cloud or data-center).';
    default:
      return "See JIRA's log or https://jira-software.status.atlassian.com.";
  }
};

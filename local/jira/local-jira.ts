import { randomBytes } from 'node:crypto';
import type { LocalJira } from '../contract.ts';
import { json, printable, type ServiceRequest, startServiceServer } from '../service-server.ts';
import { renderAdf } from './adf.ts';
import { openProjectStore, simpleWorkflow, type WorkflowStep } from './project-store.ts';
import { answerJira } from './rest-api.ts';
import { renderWiki } from './wiki.ts';

export type LocalJiraOptions = {
  /** Default 0: any free port. */
  readonly port?: number;
  /** Where issues outlive the process; without it they do not. */
  readonly stateFile?: string;
  /** Default `cloud`. */
  readonly edition?: 'cloud' | 'data-center';
  /** Cloud: `user:token`; Data Center: a personal access token. */
  readonly credentials?: string;
  /** Issue types by project key; default: every project exists, with every type. */
  readonly projects?: Readonly<Record<string, readonly string[]>>;
  readonly components?: readonly string[];
  readonly assignable?: readonly string[];
  readonly customFields?: readonly string[];
  /** Default: To Do, In Progress and Done, each reached from each. */
  readonly workflow?: readonly WorkflowStep[];
  /** How long Cloud's search does not know a new issue. Default 0. */
  readonly indexLagMilliseconds?: number;
  /** JIRA's clock; default: the machine's. */
  readonly now?: () => Date;
};

export type RunningJira = LocalJira & {
  /** Carries the next requests out and loses the answers: done, and nobody knows. */
  readonly loseAnswers: (count: number) => void;
  /** The same for the next request of this kind. */
  readonly loseNext: (isMeant: (request: ServiceRequest) => boolean) => void;
  /** Meets the next requests of this kind with 500. */
  readonly failNext: (isMeant: (request: ServiceRequest) => boolean, count: number) => void;
  /** Priority, assignee, components and custom fields of an issue. */
  readonly fields: (key: string) => Readonly<Record<string, unknown>>;
  /** What a person does in JIRA: moves an issue to a status of the workflow, or deletes it. */
  readonly move: (key: string, status: string) => void;
  readonly remove: (key: string) => void;
};

/** JIRA on 127.0.0.1, Cloud or Data Center: the calls that Lifeboat makes, checked as JIRA checks them. */
export const startLocalJira = async (options: LocalJiraOptions = {}): Promise<RunningJira> => {
  const edition = options.edition ?? 'cloud';
  const now = options.now ?? (() => new Date());
  const secret = randomBytes(12).toString('hex');
  const credentials =
    options.credentials ?? (edition === 'cloud' ? `lifeboat@example.org:${secret}` : secret);
  const workflow = options.workflow ?? simpleWorkflow;
  const store = openProjectStore({
    workflow,
    stateFile: options.stateFile,
    indexLagMilliseconds: options.indexLagMilliseconds ?? 0,
    now,
  });
  let origin = '';
  const site = {
    edition,
    store,
    workflow,
    credentials,
    now,
    origin: () => origin,
    ...(options.projects === undefined ? {} : { projects: options.projects }),
    ...(options.components === undefined ? {} : { components: options.components }),
    ...(options.assignable === undefined ? {} : { assignable: options.assignable }),
    ...(options.customFields === undefined ? {} : { customFields: options.customFields }),
  };
  const server = await startServiceServer(
    { answer: (request) => answerJira(site, request), failure },
    options.port ?? 0,
  );
  origin = server.origin;
  const issue = (key: string) => {
    const found = store.issue(key);
    if (found === undefined) throw new Error(`Local JIRA has no issue ${key}.`);
    return found;
  };
  return {
    url: server.origin,
    credentials,
    issues: () =>
      store.issues().map(({ key, summary, labels, status, description, comments }) => ({
        key,
        summary: printable(summary),
        labels,
        status,
        description: textOf(description),
        comments: comments.map(({ body }) => textOf(body)),
      })),
    fail: server.fail,
    loseAnswers: server.loseAnswers,
    loseNext: server.loseNext,
    failNext: server.failNext,
    fields: (key) => issue(key).fields ?? {},
    move: (key, status) => {
      store.change(issue(key), { status });
    },
    remove: (key) => store.remove(issue(key)),
    stop: server.stop,
  };
};

const failure = (how: 429 | 500) =>
  how === 429
    ? json(429, { errorMessages: ['Rate limit exceeded.'], errors: {} }, { 'retry-after': '1' })
    : json(500, { errorMessages: ['Internal server error'], errors: {} });

const textOf = (text: unknown): string =>
  printable(typeof text === 'string' ? renderWiki(text) : renderAdf(text));

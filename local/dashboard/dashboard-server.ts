import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import type { LocalAws } from '../contract.ts';
import { dashboardPage, listPage } from './dashboard-page.ts';

export type DashboardServer = {
  /** `http://127.0.0.1:PORT`; a dashboard is below it by its name. */
  readonly origin: string;
  readonly stop: () => Promise<void>;
};

/** The dashboards of local AWS in a browser, on 127.0.0.1. `port` 0 takes any free one; one in use rejects. */
export const startDashboards = async (aws: LocalAws, port: number): Promise<DashboardServer> => {
  const server = createServer((request, response) => {
    answer(aws, request)
      .catch((error: unknown): Answer => ({ status: 500, type: 'text/plain', body: String(error) }))
      .then(({ status, type, body }) => {
        response.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' });
        end(response, body);
      });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
  return {
    origin: `http://127.0.0.1:${address.port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const end = (response: ServerResponse, body: string): void => void response.end(body);

type Answer = { readonly status: number; readonly type: string; readonly body: string };

const files: Readonly<Record<string, string>> = { '/page.js': 'text/javascript', '/page.css': 'text/css' };

const answer = async (aws: LocalAws, request: IncomingMessage): Promise<Answer> => {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const type = files[url.pathname];
  if (type !== undefined)
    return { status: 200, type, body: readFileSync(new URL(`.${url.pathname}`, import.meta.url), 'utf8') };
  if (url.pathname === '/invoke' && request.method === 'POST') return invoke(aws, request);
  const { cloudwatch, clock, stack } = aws;
  if (url.pathname === '/')
    return { status: 200, type: 'text/html', body: listPage(cloudwatch.dashboards()) };
  const dashboard = cloudwatch.dashboards().find(({ name }) => `/${name}` === url.pathname);
  if (dashboard === undefined)
    return { status: 404, type: 'text/plain', body: 'There is no such dashboard.' };
  const theme = url.searchParams.get('theme') === 'dark' ? 'dark' : 'light';
  const page = dashboardPage({ dashboard, cloudwatch, now: clock.now(), account: stack.account, theme });
  return { status: 200, type: 'text/html', body: page };
};

const callSchema = z.object({ endpoint: z.string(), payload: z.record(z.string(), z.unknown()) });

/** As the console invokes a widget's function, with the reader's own rights: on a laptop everybody may everything. */
const invoke = async ({ functions }: LocalAws, request: IncomingMessage): Promise<Answer> => {
  const json = (value: unknown): Answer => ({
    status: 200,
    type: 'application/json',
    body: JSON.stringify(value),
  });
  // A page of another origin could make a browser send this; it cannot make it JSON without being asked first.
  if (request.headers['content-type'] !== 'application/json')
    return { status: 415, type: 'text/plain', body: 'Unsupported Media Type' };
  const { endpoint, payload } = callSchema.parse(JSON.parse(await bodyOf(request)));
  if (!functions.has(endpoint)) return json({ failed: true, payload: `Function not found: ${endpoint}` });
  const { functionError, payload: said } = await functions.invoke(endpoint, JSON.stringify(payload));
  return json({ failed: functionError !== undefined, payload: said });
};

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
};

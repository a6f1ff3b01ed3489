import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';

/** How local Slack and local JIRA listen, fail on demand and remember: all that is the same for both. */
export type ServiceRequest = {
  readonly method: string;
  readonly url: URL;
  readonly header: (name: string) => string | undefined;
  readonly body: string;
};
export type ServiceReply = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
};

/** `hang` never answers; the request is not carried out. */
export type Failure = 429 | 500 | 'hang';

export type ServiceServer = {
  readonly origin: string;
  /** Meets the next `count` requests with this instead of carrying them out. */
  readonly fail: (how: Failure, count: number) => void;
  /** Carries the next `count` requests out, and then lets the answer get lost: the connection breaks. */
  readonly loseAnswers: (count: number) => void;
  /** The same for the next request that is of this kind. */
  readonly loseNext: (isMeant: (request: ServiceRequest) => boolean) => void;
  /** Meets the next `count` requests of this kind with 500. */
  readonly failNext: (isMeant: (request: ServiceRequest) => boolean, count: number) => void;
  readonly stop: () => Promise<void>;
};

export type ServiceHandlers = {
  readonly answer: (request: ServiceRequest) => ServiceReply;
  /** How the real service words its own troubles. */
  readonly failure: (how: 429 | 500) => ServiceReply;
};

const mostBytes = 4 * 1024 * 1024;

/** Listens on 127.0.0.1; port 0: any free one. Rejects where the port is taken. */
export const startServiceServer = async (handlers: ServiceHandlers, port: number): Promise<ServiceServer> => {
  const troubles: Trouble[] = [];
  const server = createServer((request, response) => {
    serve(handlers, troubles, request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
  const add = (how: Failure | 'lose', count: number, isMeant = anyRequest) => {
    troubles.push(...Array.from({ length: count }, () => ({ how, isMeant })));
  };
  return {
    origin: `http://127.0.0.1:${address.port}`,
    fail: (how, count) => add(how, count),
    loseAnswers: (count) => add('lose', count),
    loseNext: (isMeant) => add('lose', 1, isMeant),
    failNext: (isMeant, count) => add(500, count, isMeant),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

type Trouble = {
  readonly how: Failure | 'lose';
  readonly isMeant: (request: ServiceRequest) => boolean;
};

const anyRequest = (_: ServiceRequest): boolean => true;

/** The first trouble that is meant for this request; it is over then. */
const takeTrouble = (troubles: Trouble[], request: ServiceRequest): Trouble['how'] | undefined => {
  const index = troubles.findIndex(({ isMeant }) => isMeant(request));
  return index < 0 ? undefined : troubles.splice(index, 1)[0]?.how;
};

const serve = async (
  handlers: ServiceHandlers,
  troubles: Trouble[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const asked = read(request, await bodyOf(request));
  const trouble = takeTrouble(troubles, asked);
  if (trouble === 'hang') return;
  const reply = trouble === 429 || trouble === 500 ? handlers.failure(trouble) : handlers.answer(asked);
  if (trouble === 'lose') {
    response.destroy();
    return;
  }
  response.writeHead(reply.status, { 'content-type': 'application/json; charset=utf-8', ...reply.headers });
  response.end(reply.body);
};

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > mostBytes) throw new Error('The request is larger than any that the real service takes.');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const read = (request: IncomingMessage, body: string): ServiceRequest => ({
  method: request.method ?? 'GET',
  url: new URL(request.url ?? '/', 'http://127.0.0.1'),
  header: (name) => {
    const value = request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  },
  body,
});

export const json = (status: number, value: unknown, headers: Readonly<Record<string, string>> = {}) => ({
  status,
  headers,
  body: JSON.stringify(value),
});

/** What a server remembers from one night to the next: one JSON file, replaced as a whole. Undefined: nothing yet. */
export const loadState = (file: string | undefined): unknown => {
  if (file === undefined || !existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${file} cannot be read: remove it, and what was told before is forgotten.`, {
      cause: error,
    });
  }
};

export const saveState = (file: string | undefined, state: unknown): void => {
  if (file === undefined) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, JSON.stringify(state, null, 2));
  renameSync(`${file}.new`, file);
};

/** Text for a terminal: what could steer it is shown instead. Line breaks and tabs stay. */
export const printable = (text: string): string =>
  text.replace(
    /[^\P{Cc}\n\t]|\p{Cf}/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );

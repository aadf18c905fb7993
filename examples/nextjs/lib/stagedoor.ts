// The line to Stagedoor. node:http instead of fetch: it speaks over unix sockets, streams without buffering, and keeps Next's
// data cache out of answers that belong to one person.
import 'server-only';
import http from 'node:http';
import https from 'node:https';
import { settings } from './settings';

export type Question = {
  method: 'GET' | 'HEAD' | 'PUT' | 'DELETE';
  path: string;
  headers: Record<string, string>;
  body?: string;
  signal?: AbortSignal;
};

export type Answer = { status: number; headers: Headers; body: http.IncomingMessage };

// Stagedoor answers within 5 s or says that it cannot (its `http.request`); ten mean that something between us is broken.
const headTimeout = 10_000;
// An open stream is never silent for longer than `http.heartbeat`, 15 s.
const silenceTimeout = 45_000;
const bodyBytesMax = 1024 * 1024;

export class Unreachable extends Error {}
export class TooSlow extends Error {}

const kept = { keepAlive: true, keepAliveMsecs: 10_000, maxFreeSockets: 32, timeout: 60_000 };
const agents = { http: new http.Agent(kept), https: new https.Agent(kept) };

function start(question: Question): http.ClientRequest {
  const where = settings().stagedoor;
  const { method, headers } = question;
  if (where.startsWith('unix:'))
    return http.request({ socketPath: where.slice('unix:'.length), path: question.path, method, headers: { host: 'stagedoor', ...headers }, agent: agents.http });
  const url = new URL(question.path, where);
  return url.protocol === 'https:'
    ? https.request(url, { method, headers, agent: agents.https })
    : http.request(url, { method, headers, agent: agents.http });
}

function once(question: Question): Promise<Answer & { stale?: never }> {
  return new Promise((done, failed) => {
    if (question.signal?.aborted) return failed(question.signal.reason);
    const request = start(question);
    const leave = () => request.destroy(question.signal?.reason);
    question.signal?.addEventListener('abort', leave, { once: true });
    const timer = setTimeout(() => request.destroy(new TooSlow(`no answer within ${headTimeout / 1000} s`)), headTimeout);

    request.on('response', (body) => {
      clearTimeout(timer);
      const headers = new Headers();
      for (let at = 0; at < body.rawHeaders.length; at += 2) headers.append(body.rawHeaders[at]!, body.rawHeaders[at + 1]!);
      body.setTimeout(silenceTimeout, () => body.destroy(new TooSlow(`silent for ${silenceTimeout / 1000} s`)));
      body.once('close', () => question.signal?.removeEventListener('abort', leave));
      done({ status: body.statusCode!, headers, body });
    });
    request.on('error', (error) => {
      clearTimeout(timer);
      question.signal?.removeEventListener('abort', leave);
      if (question.signal?.aborted || error instanceof TooSlow) return failed(error);
      failed(Object.assign(new Unreachable(error.message), { stale: request.reusedSocket }));
    });
    request.end(question.body);
  });
}

// Asks Stagedoor. A kept connection may have been closed just as it was taken: every call here may be repeated, so it is, once.
export async function ask(question: Question): Promise<Answer> {
  try {
    return await once(question);
  } catch (error) {
    if (error instanceof Unreachable && (error as { stale?: boolean }).stale) return once(question);
    throw error;
  }
}

// The whole body of an answer that is no stream.
export async function textOf({ body }: Answer): Promise<string> {
  const timer = setTimeout(() => body.destroy(new TooSlow('the body did not end in time')), headTimeout);
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of body as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > bodyBytesMax) throw new Unreachable('the answer is larger than any of Stagedoor\'s');
      parts.push(part);
    }
  } catch (error) {
    throw error instanceof TooSlow || error instanceof Unreachable ? error : new Unreachable((error as Error).message);
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(parts).toString('utf8');
}

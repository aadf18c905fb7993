// A route of this app that is answered by Stagedoor. It decides nothing about sessions, seats or rooms: Stagedoor does, on every
// request. What matters here is what goes through unchanged, what does not go through at all, and that every failure has a face.
import 'server-only';
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { clientAddress } from './client-address';
import { sessionCookie } from './session';
import { settings } from './settings';
import { ask, textOf, TooSlow, type Answer } from './stagedoor';

// Of the caller's fields only these: what Stagedoor reads. The other cookies of this site are none of its business.
const passedOn = ['accept', 'authorization', 'traceparent', 'tracestate', 'sec-purpose', 'purpose', 'x-moz'];
// Of the answer's fields: what the page and its caches act on. Connection fields belong to one hop; HSTS is this site's own to say.
const passedBack = [
  'content-type', 'cache-control', 'retry-after', 'ratelimit', 'ratelimit-policy', 'x-request-id', 'www-authenticate',
  'referrer-policy', 'x-content-type-options', 'allow',
];
const requestIdPattern = /^[A-Za-z0-9._-]{1,64}$/;

const isStream = (answer: Answer) => answer.headers.get('content-type')?.startsWith('text/event-stream') ?? false;
const isJson = (answer: Answer) => /^application\/(problem\+)?json\b/.test(answer.headers.get('content-type') ?? '');

// The fields with which this server asks in the name of a caller; also for calls that server components make.
export function fieldsFor(headers: Headers, session: string | undefined): Record<string, string> {
  const { appOrigin, proxiesInFront } = settings();
  const fields: Record<string, string> = {};
  for (const name of passedOn) {
    const value = headers.get(name);
    if (value !== null) fields[name] = value;
  }
  if (session) fields.cookie = `${sessionCookie}=${session}`;
  const given = headers.get('x-request-id') ?? '';
  fields['x-request-id'] = requestIdPattern.test(given) ? given : randomUUID();
  // One address, found by us, instead of a list that the caller has begun. Stagedoor believes it because it comes through the one
  // door that it trusts: [proxy] trusted.
  const address = clientAddress(headers, proxiesInFront);
  if (address) fields['x-forwarded-for'] = address;
  if (appOrigin.startsWith('https:')) fields['x-forwarded-proto'] = 'https';
  return fields;
}

function problem(status: 502 | 504, requestId: string): Response {
  const late = status === 504;
  const code = late ? 'gateway_timeout' : 'bad_gateway';
  const body = {
    type: `https://github.com/stagedoor/stagedoor/blob/main/docs/nextjs.md#${code}`,
    title: late ? 'Gateway timeout' : 'Bad gateway',
    status,
    detail: late ? 'The video service did not answer in time. Try again.' : 'The video service cannot be reached right now. Try again in a moment.',
    code,
    requestId,
  };
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'retry-after': '2',
      'x-request-id': requestId,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    },
  });
}

// Answers `request` with what Stagedoor says at `path`.
export async function forward(request: Request, path: string): Promise<Response> {
  const session = new RegExp(`(?:^|;\\s*)${sessionCookie}=([^;]*)`).exec(request.headers.get('cookie') ?? '')?.[1];
  const fields = fieldsFor(request.headers, session);
  try {
    const method = request.method === 'HEAD' ? 'HEAD' : 'GET';
    const answer = await ask({ method, path: path + new URL(request.url).search, headers: fields, signal: request.signal });
    return await passBack(answer, method === 'HEAD');
  } catch (error) {
    if (request.signal.aborted) return new Response(null, { status: 499 });   // nobody is there to read it
    console.error(JSON.stringify({ event: 'forward_failed', path, requestId: fields['x-request-id'], error: (error as Error).message }));
    return problem(error instanceof TooSlow ? 504 : 502, fields['x-request-id']!);
  }
}

async function passBack(answer: Answer, headOnly: boolean): Promise<Response> {
  const headers = new Headers();
  for (const name of passedBack) {
    const value = answer.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  const { status } = answer;
  if (headOnly || status === 204) {
    answer.body.resume();
    return new Response(null, { status, headers });
  }
  if (isStream(answer)) {
    headers.set('cache-control', 'no-store, no-transform');   // Next's own gzip would hold events back
    headers.set('x-accel-buffering', 'no');                   // and so would nginx
    return new Response(Readable.toWeb(answer.body) as ReadableStream, { status, headers });
  }
  // Read to its end first, so that an answer that breaks off becomes a problem document instead of a broken one.
  const text = await textOf(answer);
  if (!isJson(answer)) throw new Error(`an answer ${status} of ${answer.headers.get('content-type')} is not Stagedoor's`);
  return new Response(text, { status, headers });
}

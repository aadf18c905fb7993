// The gateway: the only part of this service that anybody reaches. It shows the call's page to whom Stagedoor has sent, and speaks with Janus
// in their place.
//
//   GET    /room/{roomId}?token=…      the page               token from Stagedoor
//   POST   /room/{roomId}/join         → {key, …}             the same token, as Bearer
//   GET    /room/{roomId}/events       what happens           the key, as Bearer
//   POST   /room/{roomId}/signal       what the page says     the key, as Bearer
//   PUT    /api/rooms/{roomId}         Stagedoor's hook       Stagedoor's service token, as Bearer
//   DELETE /api/rooms/{roomId}
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Janus, JanusError } from './lib/janus.mjs';
import { Rooms } from './lib/rooms.mjs';
import { Door, NotLetIn } from './lib/tokens.mjs';

const environment = (name, otherwise) => {
  const value = process.env[name] ?? otherwise;
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
};

const port = Number(environment('PORT', '4000'));
const host = environment('HOST', '127.0.0.1');
const origin = environment('PUBLIC_ORIGIN', `http://localhost:${port}`);
const stagedoor = environment('STAGEDOOR_ORIGIN');
const embedders = environment('FRAME_ANCESTORS', stagedoor);
const secret = readFileSync(environment('JANUS_SECRET_FILE'), 'utf8').trim();

const log = (event, fields = {}) => console.error(JSON.stringify({ time: new Date().toISOString(), event, ...fields }));
const door = new Door({ issuer: stagedoor, audience: origin, jwksUrl: process.env.STAGEDOOR_JWKS });
const rooms = new Rooms({ janus: new Janus({ url: environment('JANUS_URL', 'http://127.0.0.1:8088/janus'), secret }), adminKey: secret, log });

const roomPattern = /^[A-Za-z0-9._~:@-]{1,128}$/;
const bodyBytesMax = 64 * 1024;
const heartbeat = 15_000;

const file = (name, type) => ({ type, text: readFileSync(new URL(`page/${name}`, import.meta.url)) });
const files = {
  '/call.js': file('call.js', 'text/javascript; charset=utf-8'),
  '/call.css': file('call.css', 'text/css; charset=utf-8'),
};
const page = file('call.html', 'text/html; charset=utf-8');
const refusal = readFileSync(new URL('page/refused.html', import.meta.url), 'utf8');

const common = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',   // the address holds the token until the page has taken it out
  'x-content-type-options': 'nosniff',
};
const pageFields = {
  ...common,
  'content-security-policy': `default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors ${embedders}`,
};

const bearer = (request) => /^Bearer ([^ ]+)$/i.exec(request.headers.authorization ?? '')?.[1];

async function bodyOf(request) {
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) throw new NotLetIn(415, 'type', 'Send application/json.');
  const parts = [];
  let bytes = 0;
  for await (const part of request) {
    bytes += part.length;
    if (bytes > bodyBytesMax) throw new NotLetIn(413, 'large', 'The message is too large.');
    parts.push(part);
  }
  try {
    return Object(JSON.parse(Buffer.concat(parts)));
  } catch {
    throw new NotLetIn(400, 'json', 'The message is not JSON.');
  }
}

function json(response, status, value) {
  response.writeHead(status, { ...common, 'content-type': status < 400 ? 'application/json' : 'application/problem+json' });
  response.end(JSON.stringify(value));
}

const routes = [
  ['GET', /^\/room\/([^/]+)$/, async (request, response, id, query) => {
    // With a token the page is refused before it is sent. Without one it is a reload, and the page knows its key.
    if (query.has('token')) await door.guest(query.get('token'), id);
    response.writeHead(200, { ...pageFields, 'content-type': page.type });
    response.end(page.text);
  }],
  ['POST', /^\/room\/([^/]+)\/join$/, async (request, response, id) => {
    const shown = bearer(request);
    // A page that was reloaded shows its key instead of a token that is long over. It is the same guest, coming in anew.
    const known = rooms.rooms.get(id)?.guests.get(shown ?? '');
    const guest = rooms.enter(id, known ?? (await door.guest(shown, id)));
    try {
      await guest.open();
    } catch (error) {
      await guest.leave();
      throw error;
    }
    json(response, 200, { key: guest.key, name: guest.name, role: guest.role, closesAt: new Date(guest.room.closesAt).toISOString() });
  }],
  ['GET', /^\/room\/([^/]+)\/events$/, async (request, response, id) => {
    const guest = rooms.guest(id, bearer(request));
    response.writeHead(200, { ...common, 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
    response.write(': here\n\n');
    const beat = setInterval(() => response.write(':\n\n'), heartbeat);
    response.on('close', () => clearInterval(beat));
    guest.listen(response);
  }],
  ['POST', /^\/room\/([^/]+)\/signal$/, async (request, response, id) => {
    await rooms.guest(id, bearer(request)).say(await bodyOf(request));
    json(response, 200, {});
  }],
  ['PUT', /^\/api\/rooms\/([^/]+)$/, async (request, response, id) => {
    await door.stagedoor(request.headers.authorization);
    const room = rooms.define(id, await bodyOf(request));
    json(response, 200, { roomId: id, state: 'open', participants: room.guests.size, expiresAt: new Date(room.closesAt).toISOString() });
  }],
  ['DELETE', /^\/api\/rooms\/([^/]+)$/, async (request, response, id) => {
    await door.stagedoor(request.headers.authorization);
    await rooms.end(id);
    response.writeHead(204, common);
    response.end();
  }],
];

async function answer(request, response) {
  const { pathname, searchParams } = new URL(request.url, origin);
  const asset = files[pathname];
  if (request.method === 'GET' && asset) {
    response.writeHead(200, { ...common, 'cache-control': 'no-cache', 'content-type': asset.type });
    return response.end(asset.text);
  }
  for (const [method, pattern, act] of routes) {
    const match = request.method === method && pattern.exec(pathname);
    if (!match) continue;
    const id = decodeURIComponent(match[1]);
    if (!roomPattern.test(id)) throw new NotLetIn(404, 'not_found', 'There is no such room.');
    return await act(request, response, id, searchParams);
  }
  throw new NotLetIn(404, 'not_found', 'Nothing is here.');
}

function refuse(request, response, error) {
  let [status, code, detail] = [error.status, error.code, error.message];
  if (error instanceof URIError) [status, code, detail] = [400, 'address', 'The address is not readable.'];
  else if (!(error instanceof NotLetIn)) {
    log('failed', { method: request.method, error: error.message });
    [status, code, detail] = [503, 'unavailable', 'The video service has a problem. Try again in a moment.'];
    if (!(error instanceof JanusError)) console.error(error.stack);
  }
  if (response.headersSent) return response.destroy();
  if (status === 503) response.setHeader('retry-after', '2');
  if (status === 401) response.setHeader('www-authenticate', 'Bearer');
  if (request.method === 'GET' && !/events$/.test(request.url)) {
    response.writeHead(status, { ...pageFields, 'content-type': 'text/html; charset=utf-8' });
    return response.end(refusal.replace('{detail}', detail));   // our own sentences only
  }
  json(response, status, { title: code, status, code, detail });
}

// The log never has the query: it holds the token.
const server = createServer((request, response) => {
  response.on('finish', () => log('request', { method: request.method, path: request.url.split('?')[0], status: response.statusCode }));
  answer(request, response).catch((error) => refuse(request, response, error));
});
server.requestTimeout = 10_000;
server.listen(port, host, () => log('listening', { origin }));

let stopping = false;
for (const signal of ['SIGTERM', 'SIGINT'])
  process.on(signal, async () => {
    if (stopping) process.exit(1);
    stopping = true;
    server.close();
    await rooms.close();
    server.closeAllConnections();
    process.exit(0);
  });

// A scripted 100ms: behaves as the vendor documents its v2 REST API, and misbehaves on request.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

export const accessKey = '66f0c1d2e3a4b5c6d7e8f901';
export const appSecret = 'Zx8vB2nM5qW1eR4tY7uI0oP3aS6dF9gH-100ms-app-secret';

const error = (code, message, details) => ({ code, message, ...(details ? { details } : {}) });

function verifyManagementToken(header) {
  const match = /^Bearer ([^.]+)\.([^.]+)\.([^.]+)$/.exec(header ?? '');
  if (!match) return 'missing';
  const expected = createHmac('sha256', appSecret).update(`${match[1]}.${match[2]}`).digest();
  const given = Buffer.from(match[3], 'base64url');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 'signature';
  const head = JSON.parse(Buffer.from(match[1], 'base64url'));
  const claims = JSON.parse(Buffer.from(match[2], 'base64url'));
  const now = Date.now() / 1000;
  if (head.alg !== 'HS256' || head.typ !== 'JWT') return 'header';
  if (claims.type !== 'management' || claims.version !== 2 || claims.access_key !== accessKey) return 'claims';
  if (!claims.jti || typeof claims.iat !== 'number' || claims.nbf > now + 1 || claims.exp <= now) return 'time';
  return null;
}

export class Fake100ms {
  static async start() {
    const fake = new Fake100ms();
    fake.rooms = new Map(); // by lower-cased name
    fake.calls = []; // { method, path, body }
    // What to do instead of answering, by "METHOD path-prefix": a function (request, response, next) that may call next().
    fake.script = [];
    fake.server = createServer((request, response) => fake.handle(request, response));
    await new Promise((done) => fake.server.listen(0, '127.0.0.1', done));
    fake.base = `http://127.0.0.1:${fake.server.address().port}/v2`;
    return fake;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  // The next `times` requests that match are answered by `act(request, response)`.
  misbehave(act, { method = 'POST', path = /^\/v2\/rooms/, times = 1 } = {}) {
    this.script.push({ act, method, path, left: times });
  }
  heal() {
    this.script = [];
  }
  count(method, path) {
    return this.calls.filter((call) => call.method === method && path.test(call.path)).length;
  }

  async handle(request, response) {
    const path = new URL(request.url, 'http://fake').pathname;
    let body = '';
    for await (const chunk of request) body += chunk;
    this.calls.push({ method: request.method, path, body, headers: request.headers });
    const scripted = this.script.find((one) => one.left > 0 && one.method === request.method && one.path.test(path));
    if (scripted) {
      scripted.left -= 1;
      return scripted.act(request, response);
    }
    const json = (status, value) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    const refused = verifyManagementToken(request.headers.authorization);
    if (refused) return json(401, error(401, 'Token validation error', [refused]));
    let match;
    if (request.method === 'POST' && path === '/v2/rooms') return this.create(body, json);
    if ((match = /^\/v2\/rooms\/([0-9a-f]{24})$/.exec(path))) {
      const room = [...this.rooms.values()].find((one) => one.id === match[1]);
      if (!room) return json(404, error(404, 'room not found'));
      if (request.method === 'POST') Object.assign(room, { enabled: JSON.parse(body).enabled });
      return json(200, room);
    }
    if ((match = /^\/v2\/active-rooms\/([0-9a-f]{24})\/end-room$/.exec(path)) && request.method === 'POST') {
      const room = [...this.rooms.values()].find((one) => one.id === match[1]);
      if (!room) return json(404, error(404, 'room not found'));
      if (JSON.parse(body || '{}').lock) room.enabled = false;
      return json(200, { message: 'session is ending' });
    }
    return json(404, error(404, 'not found'));
  }

  create(body, json) {
    let wanted;
    try {
      wanted = JSON.parse(body || '{}');
    } catch {
      return json(400, error(400, 'bad body'));
    }
    if ('template' in wanted) return json(400, error(400, 'use template_id'));
    const name = wanted.name ?? randomBytes(16).toString('hex');
    if (!/^[a-zA-Z0-9.\-:_]+$/.test(name)) return json(400, error(400, 'invalid room name'));
    const seconds = wanted.max_duration_seconds;
    if (seconds !== undefined && (seconds < 120 || seconds > 43200)) return json(400, error(400, 'max_duration_seconds'));
    const key = name.toLowerCase();
    const room = this.rooms.get(key) ?? { id: randomBytes(12).toString('hex'), enabled: true, created_at: new Date().toISOString() };
    Object.assign(room, wanted, { name, customer_id: '627cdddff2e4e30487862ad1', large_room: false });
    this.rooms.set(key, room);
    return json(200, room);
  }
}

// `joinOrigin` is where the calls' pages would be; nothing asks for them but a preflight.
export const provider = (fake, extra = '', joinOrigin) => `[providers.hms]
type = "100ms"
access_key = "${accessKey}"
secret = "${appSecret}"
${joinOrigin ? `join_origin = "${joinOrigin}"` : 'subdomain = "acme"'}
template_id = "63188115d11d6db790c73c60"
base_url = "${fake.base}"
${extra}
`;

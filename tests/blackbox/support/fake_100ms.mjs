// A scripted 100ms: behaves as the vendor documents its v2 REST API, and misbehaves on request.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Fake } from './fake.mjs';

export const accessKey = '66f0c1d2e3a4b5c6d7e8f901';
export const appSecret = 'Zx8vB2nM5qW1eR4tY7uI0oP3aS6dF9gH-100ms-app-secret';
export const templateId = '63188115d11d6db790c73c60';

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

export class Fake100ms extends Fake {
  rooms = new Map(); // by lower-cased name

  static start() {
    return super.start('/v2');
  }
  misbehave(act, { method = 'POST', path = /^\/v2\/rooms/, times = 1 } = {}) {
    super.misbehave(act, { method, path, times });
  }

  answer(request, json) {
    const { path, body } = request;
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
    const template = /^\/v2\/templates\/([0-9a-f]{24})$/.exec(path)?.[1];
    if (template === templateId) return json(200, { id: template, name: 'calls', roles: { host: { name: 'host' }, guest: { name: 'guest' } } });
    return json(404, error(404, template ? 'template not found' : 'not found'));
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
template_id = "${templateId}"
base_url = "${fake.base}"
${extra}
`;

// A scripted Daily: rooms and the domain as its REST API documents them.
import { createHmac } from 'node:crypto';
import { Fake } from './fake.mjs';

export const apiKey = '7f3a9c51d2e84b60a1c7f3e95b8d2046e1f7a3c9b5d80e62c4a8f1d7b3e60952';
export const webhookSecret = 'ZGFpbHktd2ViaG9vay1zZWNyZXQtZm9yLXRlc3Rz';
export const domainId = '30f866c3-9123-452a-8723-ff58322d09c5';

export class FakeDaily extends Fake {
  rooms = new Map();

  answer({ method, path, body, headers }, json) {
    if (!headers.authorization) return json(400, { error: 'authorization-header-error' });
    if (headers.authorization !== `Bearer ${apiKey}`) return json(401, { error: 'authentication-error' });
    if (method === 'GET' && path === '/v1/') return json(200, { domain_name: 'acme', domain_id: domainId, config: {} });
    const wanted = body ? JSON.parse(body) : {};
    if (method === 'POST' && path === '/v1/rooms') return this.create(wanted, json);
    const [, name] = /^\/v1\/rooms\/([A-Za-z0-9_-]{1,128})$/.exec(path) ?? [];
    const room = this.rooms.get(name);
    if (!room) return json(404, { error: 'not-found', info: `room ${name} not found` });
    if (method === 'DELETE') {
      this.rooms.delete(name);
      return json(200, { deleted: true, name });
    }
    if (method === 'POST') {
      Object.assign(room, { privacy: wanted.privacy ?? room.privacy, config: { ...room.config, ...wanted.properties } });
      return json(200, room);
    }
    return json(200, room);
  }

  create({ name, privacy = 'public', properties = {} }, json) {
    if (!/^[A-Za-z0-9_-]{1,128}$/.test(name ?? '')) return json(400, { error: 'invalid-request-error', info: 'bad name' });
    if (properties.exp !== undefined && properties.exp <= Date.now() / 1000)
      return json(400, { error: 'invalid-request-error', info: 'exp must be in the future' });
    if (this.rooms.has(name)) return json(400, { error: 'invalid-request-error', info: `a room named ${name} already exists` });
    const room = { id: crypto.randomUUID(), name, api_created: true, privacy, url: `https://acme.daily.co/${name}`, config: properties };
    this.rooms.set(name, room);
    return json(200, room);
  }
}

// A report as Daily signs it.
export function dailyWebhook(event, { at = Math.floor(Date.now() / 1000), secret = webhookSecret } = {}) {
  const body = JSON.stringify(event);
  const signature = createHmac('sha256', Buffer.from(secret, 'base64')).update(`${at}.${body}`).digest('base64');
  return { method: 'POST', body, headers: { 'content-type': 'application/json', 'x-webhook-timestamp': String(at), 'x-webhook-signature': signature } };
}

export const provider = (fake, extra = '', name = 'daily') => `[providers.${name}]
type = "daily"
domain = "acme"
api_key = "${apiKey}"
webhook_secret = "${webhookSecret}"
base_url = "${fake.base}"
${extra}
`;

// A video service of one's own: checks our calls as Standard Webhooks and knows which rooms it has.
import { createHmac } from 'node:crypto';
import { Fake } from './fake.mjs';

export const hookSecret = 'whsec_' + Buffer.from('hook-secret-of-the-tests').toString('base64');
export const eventSecret = 'whsec_' + Buffer.from('event-secret-of-the-tests').toString('base64');
export const keyOf = (secret) => Buffer.from(secret.slice(6), 'base64');

export class FakeService extends Fake {
  rooms = new Map();

  answer({ method, path, body, headers }, json) {
    const at = Number(headers['webhook-timestamp']);
    const expected = 'v1,' + createHmac('sha256', keyOf(hookSecret)).update(`${headers['webhook-id']}.${at}.${body}`).digest('base64');
    if (headers['webhook-signature'] !== expected || Math.abs(at - Date.now() / 1000) > 300) return json(401, { title: 'not signed' });
    const room = decodeURIComponent(path.replace('/api/rooms/', ''));
    if (method === 'GET') return this.rooms.has(room) ? json(200, this.rooms.get(room)) : json(404, {});
    if (method === 'DELETE') return json(this.rooms.delete(room) ? 204 : 404, undefined);
    const { expiresAt } = JSON.parse(body);
    const made = { roomId: room, state: 'open', expiresAt };
    this.rooms.set(room, made);
    return json(201, made);
  }
}

// A scripted LiveKit: the room service of its server API (Twirp over JSON), with the tokens checked as the server does.
import { createHmac } from 'node:crypto';
import { Fake } from './fake.mjs';
import { decodeToken } from './stagedoor.mjs';

export const apiKey = 'APIw3xk7Qd2mN9p';
export const secret = 'sK9vT2mQ7xW4pL8nB3cF6hJ1zD5gR0yE-livekit';

// The grants of a token that is ours and not expired; else the text with which the server answers 401.
export function grantsOf(token) {
  const [head, body, signature] = token.split('.');
  if (createHmac('sha256', secret).update(`${head}.${body}`).digest('base64url') !== signature) return 'invalid token';
  const { claims } = decodeToken(token);
  if (claims.iss !== apiKey) return 'invalid API key';
  if (typeof claims.exp !== 'number' || claims.exp < Date.now() / 1000) return 'token is expired';
  if (claims.nbf === 0 || claims.nbf > Date.now() / 1000) return 'token is not valid yet';
  return claims.video ?? {};
}

export class FakeLiveKit extends Fake {
  rooms = new Map();

  answer({ method, path, body, headers }, json, response) {
    const plain = (status, text) => response.writeHead(status, { 'content-type': 'text/plain' }).end(text);
    const [, call] = /^\/twirp\/livekit\.RoomService\/(\w+)$/.exec(path) ?? [];
    if (!call || method !== 'POST') return json(404, { code: 'bad_route', msg: `no handler for path "${path}"` });
    const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];
    if (!token) return plain(401, 'invalid authorization header. Must start with Bearer ');
    const grants = grantsOf(token);
    if (typeof grants === 'string') return plain(401, grants);
    const wanted = JSON.parse(body);
    const denied = () => json(401, { code: 'unauthenticated', msg: 'permissions denied' });
    if (call === 'ListRooms') {
      if (!grants.roomList) return denied();
      return json(200, { rooms: [...this.rooms.values()].filter((one) => !wanted.names?.length || wanted.names.includes(one.name)) });
    }
    if (!grants.roomCreate) return denied();
    if (call === 'CreateRoom') {
      const room = this.rooms.get(wanted.name) ?? { sid: 'RM_' + Math.random().toString(36).slice(2), name: wanted.name, creation_time: String(Math.floor(Date.now() / 1000)), metadata: '', num_participants: 0 };
      for (const [name, value] of Object.entries(wanted)) if (value) room[name.replace(/[A-Z]/g, (c) => '_' + c.toLowerCase())] = value;
      this.rooms.set(wanted.name, room);
      return json(200, room);
    }
    if (call === 'DeleteRoom') return this.rooms.delete(wanted.room) ? json(200, {}) : json(404, { code: 'not_found', msg: 'requested room does not exist' });
    return json(404, { code: 'bad_route', msg: 'unknown' });
  }
}

export const provider = (fake, extra = '', name = 'livekit') => `[providers.${name}]
type = "livekit"
url = "ws://127.0.0.1:${fake.server.address().port}"
api_key = "${apiKey}"
secret = "${secret}"
${extra}
`;

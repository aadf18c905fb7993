// Who asks: many people for many rooms from many addresses, with sessions as a login would sign them.
import { createHash, createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

import { call } from './http.mjs';
import { folder } from './processes.mjs';

const signature = (input, secret) => createHmac('sha256', secret).update(input).digest('base64url');
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

// Sessions signed with a key pair: how Node makes one, and signs with it.
const keyPairs = {
  RS256: { type: 'rsa', options: { modulusLength: 2048 }, digest: 'sha256' },
  ES256: { type: 'ec', options: { namedCurve: 'P-256' }, digest: 'sha256', dsaEncoding: 'ieee-p1363' },
  EdDSA: { type: 'ed25519', options: {}, digest: null },
};
export const sessionKinds = ['HS256', ...Object.keys(keyPairs)];

export class Crowd {
  // `session` is one of sessionKinds.
  constructor({ rooms, users, addresses, session = 'HS256' }) {
    Object.assign(this, { rooms, users, addresses, session });
    if (session !== 'HS256') this.pair = generateKeyPairSync(keyPairs[session].type, keyPairs[session].options);
    this.secrets = { session: randomBytes(36).toString('base64'), custom: randomBytes(36).toString('base64') };
    this.serviceKey = 'sdk_' + randomBytes(24).toString('base64url');
    this.serviceHash = `sha256:${createHash('sha256').update(this.serviceKey).digest('hex')}`;
    this.tokens = Array.from({ length: users }, (_, user) => this.sessionToken(this.userNumber(user)));
  }

  // What the [session] table must say for Stagedoor to accept these sessions.
  sessionSettings() {
    if (!this.pair) return { secret: this.secrets.session };
    const key = { ...this.pair.publicKey.export({ format: 'jwk' }), alg: this.session, use: 'sig', kid: 'bench' };
    return { jwks: JSON.stringify({ keys: [key] }) };
  }

  sessionToken(user, secret = this.secrets.session) {
    const now = Math.floor(Date.now() / 1000);
    const claims = { sub: user, name: 'Expert', role: 'expert', iat: now, exp: now + 4 * 3600 };
    if (!this.pair || secret !== this.secrets.session) {
      const input = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
      return `${input}.${signature(input, secret)}`;
    }
    const { digest, dsaEncoding } = keyPairs[this.session];
    const input = `${encode({ alg: this.session, typ: 'JWT', kid: 'bench' })}.${encode(claims)}`;
    return `${input}.${sign(digest, Buffer.from(input), { key: this.pair.privateKey, dsaEncoding }).toString('base64url')}`;
  }

  userNumber(user) { return `user-${String(user).padStart(5, '0')}`; }
  userOf(room) { return this.userNumber(room % this.users); }
  nameOf(room) { return `room-${String(room).padStart(6, '0')}`; }
  addressOf(room) { return `198.18.${((room % this.addresses) >> 8) & 255}.${(room % this.addresses) & 255}`; }
  tokenOf(room) { return this.tokens[room % this.users]; }
  pathOf(room) { return `/api/expert/videocall/url?roomId=${this.nameOf(room)}`; }

  allRooms() { return Array.from({ length: this.rooms }, (_, room) => room); }

  headersOf(room) {
    return {
      authorization: `Bearer ${this.tokenOf(room)}`, accept: 'application/json',
      'x-forwarded-for': this.addressOf(room), 'x-forwarded-proto': 'https',
    };
  }

  // The requests of the load, one a line: room, session token, client address.
  writeRequests(name = 'requests', rooms = this.allRooms(), addressOf = (room) => this.addressOf(room)) {
    return this.writeJoins(name, rooms.map((room) => [room, room % this.users, addressOf(room)]));
  }
  // Each as [room, user, address].
  writeJoins(name, joins) {
    const file = join(folder, name);
    writeFileSync(file, joins.map(([room, user, address]) => `${this.nameOf(room)} ${this.tokens[user]} ${address}\n`).join(''));
    return file;
  }

  // The bookings for servers that keep them in memory: {"room": {"user": "role", …}, …}.
  writeBookings() {
    const file = join(folder, 'bookings.json');
    const seats = (room) => ({ [this.userOf(room)]: 'expert', [`client-${room}`]: 'client' });
    writeFileSync(file, JSON.stringify(Object.fromEntries(this.allRooms().map((room) => [this.nameOf(room), seats(room)]))));
    return file;
  }

  // Books the rooms from `first` to below `rooms` through the API: pipelined on many connections, because it only has to be done.
  async book(port, rooms = this.rooms, { first = 0, provider, startsIn = -60, experts = 0 } = {}) {
    const time = (offset) => new Date(Date.now() + offset).toISOString().replace(/\.\d+Z$/, 'Z');
    const window = { startsAt: time(startsIn * 1000), endsAt: time(3_600_000) };
    let next = first;
    const booking = (room) => {
      const participants = experts > 0
        ? Array.from({ length: experts }, (_, user) => ({ userId: this.userNumber(user), role: 'expert' }))
        : [{ userId: this.userOf(room), role: 'expert' }, { userId: `client-${room}`, role: 'client' }];
      const body = JSON.stringify({ ...window, participants, provider });
      return `PUT /api/bookings/${this.nameOf(room)} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${this.serviceKey}\r\n` +
        `Content-Type: application/json\r\nX-Forwarded-For: ${this.addressOf(room)}\r\nX-Forwarded-Proto: https\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`;
    };
    const connection = () => new Promise((done, failed) => {
      const socket = connect({ host: '127.0.0.1', port });
      let [unanswered, rest] = [0, ''];
      const ask = () => {
        let text = '';
        for (; unanswered < 8 && next < rooms; ++unanswered) text += booking(next++);
        if (text) socket.write(text);
        else if (unanswered === 0) socket.end(done);
      };
      socket.setEncoding('latin1').on('error', failed);
      socket.on('close', () => unanswered && failed(new Error('a connection ended while booking')));
      socket.on('data', (data) => {
        rest += data;
        const statuses = [...rest.matchAll(/HTTP\/1\.1 (\d{3}) /g)];
        const wrong = statuses.find(([, status]) => status !== '201');
        if (wrong) return void socket.destroy(failed(new Error(`booking: ${rest.slice(wrong.index, wrong.index + 800)}`)));
        if (statuses.length === 0) return;
        rest = rest.slice(statuses.at(-1).index + 13);
        unanswered -= statuses.length;
        ask();
      });
      ask();
    });
    await Promise.all(Array.from({ length: Math.min(256, Math.ceil((rooms - first) / 8)) }, connection));
  }

  // The answers must be right before it matters how fast they come: each for its room and person, and no two alike.
  async checkAnswers(port, fields = []) {
    const seen = new Set();
    for (let i = 0; i < 200; ++i) {
      const room = (i * 7919) % this.rooms;
      const name = this.nameOf(room);
      const answer = await call(port, this.pathOf(room), { headers: this.headersOf(room) });
      if (answer.status !== 200) throw new Error(`join of ${name}: ${answer.status} ${answer.text}`);
      for (const field of fields)
        if (!answer.headers[field]) throw new Error(`the answer has no ${field} field`);
      const said = JSON.parse(answer.text);
      const url = new URL(said.videoCallUrl);
      const [head, claims, signed] = url.searchParams.get('token').split('.');
      const content = Buffer.from(claims, 'base64url').toString();
      const { exp } = JSON.parse(content);
      if (!(exp > Date.now() / 1000 && exp < Date.now() / 1000 + 3600)) throw new Error(`a token for ${name} that ends at ${exp}`);
      if (said.roomId !== name || !url.pathname.endsWith(name) || signed !== signature(`${head}.${claims}`, this.secrets.custom) ||
          !content.includes(name) || !content.includes(this.userOf(room)))
        throw new Error(`wrong answer for ${name}: ${answer.text}`);
      seen.add(said.videoCallUrl);
    }
    if (seen.size !== Math.min(200, this.rooms)) throw new Error(`only ${seen.size} different URLs in 200 joins`);
  }

  // What must be refused: forged and missing sessions, rooms that do not exist or are another's, and names that are none.
  async checkRefusals(port) {
    const ask = async (what, wanted, path, headers) => {
      const answer = await call(port, path, { headers: { ...this.headersOf(1), ...headers } });
      if (!wanted.includes(answer.status)) throw new Error(`${what}: ${answer.status} instead of ${wanted.join(' or ')}`);
    };
    const forged = this.sessionToken(this.userOf(1), 'another secret of at least thirty-two bytes');
    await ask('a forged session', [401], this.pathOf(1), { authorization: `Bearer ${forged}` });
    await ask('no session', [401], this.pathOf(1), { authorization: '' });
    await ask('a room that nobody booked', [404], '/api/expert/videocall/url?roomId=nowhere', {});
    await ask("another's room", [403, 404], this.pathOf(2), {});
    await ask('a room said twice', [400], `${this.pathOf(1)}&roomId=${this.nameOf(2)}`, {});
    await ask('a bad room', [400], '/api/expert/videocall/url?roomId=%3Cscript%3E', {});
    await ask('a bad name', [400], `${this.pathOf(1)}&userName=%00`, {});
  }
}

// The built-in room: two people of a booking find each other through the real server, whichever of its threads they
// reach, and nobody else hears them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createHmac, randomBytes } from 'node:crypto';
import { Stagedoor, decodeToken, randomRoom, rfc3339, session } from './support/stagedoor.mjs';

const roomSecret = 'vT9mK2xQ7sLpB4wYhN8dR3cF6gJ1zA5e-room';
const turnSecret = 'nL4tX8wQ2pH6vM9b-turn';
const providers = `[providers.builtin]
type = "builtin"
secret = "${roomSecret}"
ice_servers = ["stun:stun.example.com:3478", "turns:turn.example.com:443?transport=tcp"]
turn_secret = "${turnSecret}"
`;
let door;
before(async () => {
  door = await Stagedoor.start({ providers });
});
after(() => door?.stop());

const people = { expert: session(), client: session({ sub: 'client-1', role: 'client' }) };

// The link of one person as the marketplace's page would get it.
async function link(room, role, at = door) {
  const answer = await at.join(room, { role, token: people[role] });
  assert.equal(answer.status, 200, answer.text);
  const url = new URL(answer.json.videoCallUrl);
  assert.equal(url.pathname, `/room/${room}`);
  return { url, token: url.searchParams.get('token'), room };
}
async function booked() {
  const room = randomRoom();
  assert.equal((await door.book(room)).status, 201);
  return room;
}
function signed(claims, secret = roomSecret, type = 'stagedoor-room+jwt') {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'HS256', typ: type })}.${part(claims)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

class Page {
  constructor({ room, token }, name = randomBytes(16).toString('hex')) {
    Object.assign(this, { room, token, name, seen: [], waiting: [], stop: new AbortController(), ended: false });
  }
  async open() {
    // A connection of its own for each, so that the kernel spreads them over the shards.
    const answer = await fetch(`${door.base}/room/${this.room}/events?page=${this.name}`, {
      headers: { authorization: `Bearer ${this.token}`, accept: 'text/event-stream' },
      signal: this.stop.signal,
    });
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type'), /^text\/event-stream/);
    this.reading = this.read(answer.body).catch(() => {}).finally(() => (this.ended = true));
    return this;
  }
  async read(body) {
    let text = '';
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const name = /^event: (.*)$/m.exec(text.slice(0, end))?.[1];
        const data = /^data: (.*)$/m.exec(text.slice(0, end))?.[1];
        text = text.slice(end + 2);
        if (name) this.hear({ name, data: JSON.parse(data) });
      }
    }
  }
  hear(event) {
    const asks = this.waiting.findIndex((one) => one.name === event.name);
    if (asks >= 0) this.waiting.splice(asks, 1)[0].done(event.data);
    else this.seen.push(event);
  }
  // The next event of that name, which may have come already.
  next(name, within = 5_000) {
    const had = this.seen.findIndex((one) => one.name === name);
    if (had >= 0) return this.seen.splice(had, 1)[0].data;
    return new Promise((done, failed) => {
      const timer = setTimeout(() => failed(new Error(`no ${name} came; seen: ${JSON.stringify(this.seen)}`)), within);
      this.waiting.push({ name, done: (data) => (clearTimeout(timer), done(data)) });
    });
  }
  async say(message, { token = this.token, room = this.room } = {}) {
    return door.api(`/room/${room}/signal`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ page: this.name, ...message }),
    });
  }
  async close() {
    this.stop.abort();
    await this.reading;
  }
}

test('two people are introduced and exchange a negotiation in order, on every pair of threads', async () => {
  // Sixteen pairs on two threads: both on one, on the room's and on the other, all of it happens.
  for (let round = 0; round < 16; ++round) {
    const room = await booked();
    const expert = await new Page(await link(room, 'expert')).open();
    const client = await new Page(await link(room, 'client')).open();
    const hello = await expert.next('hello');
    assert.equal(hello.seat, 'expert');
    const { call, peer } = await expert.next('call');
    assert.equal(peer.page, client.name);
    assert.equal(peer.seat, 'client');
    assert.equal((await client.next('call')).call, call);

    const sdp = 'v=0\r\n' + 'a=x "quoted" ünïcode\r\n'.repeat(300);
    assert.deepEqual((await expert.say({ call, type: 'offer', sdp })).json, { delivered: true });
    for (let i = 0; i < 5; ++i) {
      const candidates = [{ candidate: `candidate:${i}`, sdpMid: '0', sdpMLineIndex: 0, usernameFragment: null }];
      assert.deepEqual((await expert.say({ call, type: 'candidate', candidates })).json, { delivered: true });
    }
    assert.deepEqual(await client.next('signal'), { call, type: 'offer', sdp });
    for (let i = 0; i < 5; ++i) assert.equal((await client.next('signal')).candidates[0].candidate, `candidate:${i}`);
    assert.deepEqual((await client.say({ call, type: 'answer', sdp: 'v=0' })).json, { delivered: true });
    assert.deepEqual(await expert.next('signal'), { call, type: 'answer', sdp: 'v=0' });

    if (round % 2) {
      await client.close();
      assert.deepEqual(await expert.next('left'), { why: 'gone' });
    } else {
      assert.deepEqual((await client.say({ type: 'bye' })).json, { delivered: true });
      assert.deepEqual(await expert.next('left'), { why: 'bye' });
      await client.close();
    }
    await expert.close();
  }
});

test('TURN credentials are those that coturn expects', async () => {
  const room = await booked();
  const expert = await new Page(await link(room, 'expert')).open();
  const { iceServers, closesAt } = await expert.next('hello');
  assert.deepEqual(iceServers[0], { urls: 'stun:stun.example.com:3478' });
  const { urls, username, credential } = iceServers[1];
  assert.equal(urls, 'turns:turn.example.com:443?transport=tcp');
  assert.equal(username, `${Date.parse(closesAt) / 1000}:expert-1`);
  assert.equal(credential, createHmac('sha1', turnSecret).update(username).digest('base64'));
  await expert.close();
});

test('forged, expired and foreign tokens neither hear nor speak nor see the page', async () => {
  const room = await booked();
  const elsewhere = await booked();
  const { token } = await link(room, 'expert');
  const { claims } = decodeToken(token);
  const now = Math.floor(Date.now() / 1000);
  const flipped = token.slice(0, -3) + (token.at(-3) === 'A' ? 'B' : 'A') + token.slice(-2);
  const rows = [
    ['another room', (await link(elsewhere, 'expert')).token, 403, 403],
    ['flipped signature', flipped, 401, 401],
    ['another secret', signed(claims, 'x'.repeat(40)), 401, 401],
    ['expired', signed({ ...claims, iat: now - 700, exp: now - 60 }), 401, 410],
    ['no expiry', signed({ ...claims, exp: undefined }), 401, 401],
    ['another type', signed(claims, roomSecret, 'JWT'), 401, 401],
    ['a session', people.expert, 401, 401],
    ['a stranger with a good signature', signed({ ...claims, sub: 'stranger' }), null, 403],
    ['none', '', 401, 401],
  ];
  for (const [what, bad, api, page] of rows) {
    const authorization = bad ? { authorization: `Bearer ${bad}` } : {};
    const shown = await door.api(`/room/${room}${bad ? `?token=${bad}` : ''}`);
    assert.equal(shown.status, page, what);
    assert.match(shown.headers.get('content-type'), /^text\/html/, what);
    assert.ok(!bad || !shown.text.includes(bad), what);
    if (api === null) continue;
    const heard = await door.api(`/room/${room}/events?page=${'p'.repeat(20)}`, { headers: authorization });
    assert.equal(heard.status, api, what);
    const said = await door.api(`/room/${room}/signal`, {
      method: 'POST',
      headers: { ...authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ page: 'p'.repeat(20), type: 'bye' }),
    });
    assert.equal(said.status, api, what);
  }
  // Somebody who is not in the booking is sent out even with a good signature.
  const stranger = await new Page({ room, token: signed({ ...claims, sub: 'stranger' }) }).open();
  assert.equal((await stranger.next('end')).code, 'not_assigned');
  await stranger.reading;
});

test('nobody speaks for another page, and a reload takes the seat over', async () => {
  const room = await booked();
  const expert = await new Page(await link(room, 'expert')).open();
  const client = await new Page(await link(room, 'client')).open();
  const { call } = await expert.next('call');
  await client.next('call');
  // The client's token with the expert's page.
  const forged = await client.say({ page: expert.name, call, type: 'offer', sdp: 'v=0' });
  assert.deepEqual(forged.json, { delivered: false });
  assert.deepEqual((await expert.say({ call: '1', type: 'offer', sdp: 'v=0' })).json, { delivered: false });

  const reloaded = await new Page({ room, token: client.token }).open();
  assert.deepEqual(await client.next('replaced'), {});
  await client.reading;
  const next = await reloaded.next('call');
  assert.notEqual(next.call, call);
  assert.equal((await expert.next('call')).call, next.call);
  assert.deepEqual((await expert.say({ call, type: 'offer', sdp: 'old' })).json, { delivered: false });
  assert.deepEqual((await expert.say({ call: next.call, type: 'offer', sdp: 'new' })).json, { delivered: true });
  assert.equal((await reloaded.next('signal')).sdp, 'new');
  await Promise.all([expert.close(), reloaded.close()]);
});

test('a message is at most 16 KiB and well formed', async () => {
  const page = new Page(await link(await booked(), 'expert'));
  assert.equal((await page.say({ call: '1', type: 'offer', sdp: 'x'.repeat(17_000) })).status, 413);
  assert.equal((await page.say({ call: '1', type: 'shell', sdp: 'x' })).status, 400);
  assert.equal((await page.say({ call: '1', type: 'offer', sdp: 'x', extra: 1 })).status, 400);
});

test('a booking that is cancelled sends both out', async () => {
  const room = await booked();
  const expert = await new Page(await link(room, 'expert')).open();
  const client = await new Page(await link(room, 'client')).open();
  await client.next('call');
  assert.equal((await door.service('DELETE', `/api/bookings/${room}`)).status, 200);
  for (const one of [expert, client]) {
    assert.equal((await one.next('end')).code, 'room_cancelled');
    await one.reading;
  }
  assert.equal((await door.api(`/room/${room}?token=${expert.token}`)).status, 410);
});

test('the token is renewed while a call lasts', async () => {
  const room = randomRoom();
  await door.book(room, { startsAt: rfc3339(Date.now() - 7_200_000), endsAt: rfc3339(Date.now() + 7_200_000) });
  const { token } = await link(room, 'expert');
  const { claims } = decodeToken(token);
  const now = Math.floor(Date.now() / 1000);
  const short = signed({ ...claims, iat: now - 600, exp: now + 3 });
  const expert = await new Page({ room, token: short }).open();
  const renewed = await expert.next('token', 8_000);
  const fresh = decodeToken(renewed.token).claims;
  assert.equal(fresh.exp, Date.parse(renewed.expiresAt) / 1000);
  assert.ok(fresh.exp > now + 500 && fresh.exp <= now + 610, String(fresh.exp - now));
  assert.deepEqual([fresh.sub, fresh.room, fresh.role], [claims.sub, claims.room, claims.role]);
  assert.equal((await door.api(`/room/${room}?token=${renewed.token}`)).status, 200);
  await expert.close();
});

test('a booking that goes on longer brings credentials for the relay that do so too', async () => {
  const room = randomRoom();
  const [startsAt, endsAt] = [rfc3339(Date.now() - 7_200_000), rfc3339(Date.now() - 3_540_000)]; // its door closes in a minute
  await door.book(room, { startsAt, endsAt });
  const expert = await new Page(await link(room, 'expert')).open();
  const { closesAt } = await expert.next('hello');
  await door.book(room, { startsAt, endsAt: rfc3339(Date.parse(endsAt) + 3_600_000) });
  const { iceServers } = await expert.next('token');
  assert.equal(iceServers[1].username, `${Date.parse(closesAt) / 1000 + 3_600}:expert-1`);
  await expert.close();
});

test('the page is small, needs nothing from elsewhere and runs no script of its own text', async () => {
  const { url } = await link(await booked(), 'expert');
  const page = await door.api(url.pathname + url.search);
  assert.equal(page.status, 200);
  assert.match(page.headers.get('content-security-policy'), /default-src 'none'; script-src 'self'; style-src 'self'/);
  assert.doesNotMatch(page.headers.get('content-security-policy'), /unsafe/);
  assert.equal(page.headers.get('x-frame-options'), null);
  assert.doesNotMatch(page.text, /<script>|style=|onclick|https?:/);
  for (const [, path] of page.text.matchAll(/(?:src|href)="([^"]+)"/g)) {
    const asset = await door.api(path);
    assert.equal(asset.status, 200, path);
    assert.ok(asset.text.length < 30_000, path);
  }
  assert.ok(!door.log.includes(url.searchParams.get('token').slice(-20)));
});

test('without the built-in provider nothing of it exists', async () => {
  const plain = await Stagedoor.start();
  try {
    for (const path of ['/room/a', '/room/a?token=x', '/room/a/events', '/assets/room.js', '/assets/room.css'])
      assert.equal((await plain.api(path)).status, 404, path);
    assert.equal((await plain.api('/room/a/signal', { method: 'POST' })).status, 404);
  } finally {
    await plain.stop();
  }
});

test('a server with people inside ends in time', async () => {
  const other = await Stagedoor.start({ providers });
  const room = randomRoom();
  await other.book(room);
  const { token } = await link(room, 'expert', other);
  const stop = new AbortController();
  const answer = await fetch(`${other.base}/room/${room}/events?page=${'p'.repeat(20)}`, { headers: { authorization: `Bearer ${token}` }, signal: stop.signal });
  assert.equal(answer.status, 200);
  const began = Date.now();
  assert.equal((await other.stop()).code, 0);
  assert.ok(Date.now() - began < 5_000, 'a page that only listens is not waited for');
  stop.abort();
});

// The frontend API as product and README promise it: status, body, headers, and what must not happen.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { jwtVerify } from 'jose';
import { Stagedoor, booking, customSecret, decodeToken, randomRoom, rfc3339, session } from './support/stagedoor.mjs';

let door;
before(async () => {
  door = await Stagedoor.start();
  const hours = (n) => rfc3339(Date.now() + n * 3_600_000);
  for (const [room, change] of Object.entries({
    open: {},
    early: { startsAt: hours(2), endsAt: hours(3) },
    over: { startsAt: hours(-5), endsAt: hours(-4) },
    cancelled: {},
    ended: {},
  }))
    assert.equal((await door.book(room, change)).status, 201);
  assert.equal((await door.service('DELETE', '/api/bookings/cancelled')).status, 200);
  assert.equal((await door.service('POST', '/api/bookings/ended/end')).status, 200);
});
after(() => door?.stop());

function assertProblem(answer, status, code) {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.headers.get('content-type'), /^application\/problem\+json/);
  assert.equal(answer.json.status, status);
  assert.equal(answer.json.code, code, answer.text);
  assert.equal(answer.json.requestId, answer.headers.get('x-request-id'));
  assert.ok(answer.json.type.endsWith('#' + code), answer.json.type);
  assert.ok(answer.json.title.length > 3 && answer.json.detail.length > 10);
}

test('a booked expert gets one complete short-lived https URL', async () => {
  const answer = await door.join('open', { query: '&userName=Dr%20X' });
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(Object.keys(answer.json).slice(0, 3), ['videoCallUrl', 'roomId', 'userName']);
  assert.equal(answer.json.roomId, 'open');
  assert.equal(answer.json.userName, 'Dr X');
  assert.equal(answer.json.role, 'expert');
  assert.equal(answer.json.provider, 'own');
  const url = new URL(answer.json.videoCallUrl);
  assert.equal(url.origin, 'https://video.example.com');
  assert.equal(url.pathname, '/room/open');
  assert.equal(answer.json.embed.mode, 'iframe');
  assert.equal(answer.json.embed.origin, url.origin);
  assert.match(answer.json.embed.allow, /camera.*microphone/);
  const { payload, protectedHeader } = await jwtVerify(url.searchParams.get('token'), Buffer.from(customSecret), {
    algorithms: ['HS256'],
    audience: 'https://video.example.com',
    requiredClaims: ['exp', 'jti', 'iss', 'sub', 'room', 'role', 'name'],
  });
  assert.equal(protectedHeader.alg, 'HS256');
  assert.equal(payload.room, 'open');
  assert.equal(payload.sub, 'expert-1');
  assert.equal(payload.role, 'expert');
  assert.equal(payload.name, 'Dr X');
  assert.equal(Date.parse(answer.json.expiresAt) / 1000, payload.exp);
  assert.ok(Date.parse(answer.json.refreshAfter) < Date.parse(answer.json.expiresAt));
  assert.ok(Math.abs(Date.parse(answer.json.serverTime) - Date.now()) < 5_000);
});

test('every answer carries the promised headers', async () => {
  for (const answer of [await door.join('open'), await door.join('open', { token: null }), await door.api('/nothing')]) {
    assert.match(answer.headers.get('cache-control'), /no-store/);
    assert.equal(answer.headers.get('referrer-policy'), 'no-referrer');
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
    assert.match(answer.headers.get('x-request-id'), /^[A-Za-z0-9._-]{8,64}$/);
    assert.match(answer.headers.get('ratelimit-policy'), /"ip";q=\d+;w=\d+/);
    assert.match(answer.headers.get('ratelimit'), /"ip";r=\d+;t=\d+/);
  }
  const mine = await door.join('open', { headers: { 'x-request-id': 'trace-me.1' } });
  assert.equal(mine.headers.get('x-request-id'), 'trace-me.1');
  const odd = await door.join('open', { headers: { 'x-request-id': 'a b"<script>' } });
  assert.notEqual(odd.headers.get('x-request-id'), 'a b"<script>');
});

test('asking again is safe and gives a fresh token for the same person', async () => {
  const [a, b] = [await door.join('open'), await door.join('open')];
  const token = (answer) => decodeToken(new URL(answer.json.videoCallUrl).searchParams.get('token')).claims;
  assert.notEqual(token(a).jti, token(b).jti);
  assert.equal(token(a).sub, token(b).sub);
  assert.equal(token(a).room, token(b).room);
});

test('the client has a seat of their own', async () => {
  const token = session({ sub: 'client-1', role: 'client' });
  const answer = await door.join('open', { role: 'client', token });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.json.role, 'client');
  assert.equal(answer.json.userName, 'Client');
  assertProblem(await door.join('open', { role: 'expert', token }), 403, 'wrong_role');
  const noRole = session({ sub: 'client-1', role: undefined });
  assert.equal((await door.join('open', { role: 'client', token: noRole })).status, 200);
  assertProblem(await door.join('open', { role: 'expert', token: noRole }), 403, 'wrong_role');
});

test('each reason to refuse has its own code', async () => {
  const now = Math.floor(Date.now() / 1000);
  assertProblem(await door.join('open', { token: null }), 401, 'unauthenticated');
  const expired = await door.join('open', { token: session({ exp: now - 120, iat: now - 4000 }) });
  assertProblem(expired, 401, 'session_expired');
  assert.match(expired.headers.get('www-authenticate'), /^Bearer/);
  assertProblem(await door.join('open', { token: session({}, { secret: 'another-secret-of-thirty-two-bytes-length' }) }), 401, 'unauthenticated');
  assertProblem(await door.join('open', { token: session({ sub: 'stranger' }) }), 403, 'not_assigned');
  assertProblem(await door.join('nowhere'), 404, 'room_not_found');
  const early = await door.join('early');
  assertProblem(early, 403, 'too_early');
  assert.ok(Date.parse(early.json.opensAt) > Date.now());
  const wait = Number(early.headers.get('retry-after'));
  assert.ok(wait > 5_000 && wait <= 5_401, `Retry-After ${wait}`);
  assertProblem(await door.join('over'), 410, 'room_ended');
  assertProblem(await door.join('ended'), 410, 'room_ended');
  assertProblem(await door.join('cancelled'), 410, 'room_cancelled');
  assertProblem(await door.api('/api/expert/videocall'), 404, 'not_found');
  const method = await door.api('/api/expert/videocall/url?roomId=open', { method: 'POST' });
  assertProblem(method, 405, 'method_not_allowed');
  assert.match(method.headers.get('allow'), /GET/);
});

test('parameters are checked one by one, and the mistake is named', async () => {
  const ask = (query) => door.api(`/api/expert/videocall/url?${query}`, { headers: { authorization: `Bearer ${session()}` } });
  const bad = {
    roomId: ['', 'roomId=', 'roomId=a/b', 'roomId=a%20b', 'roomId=%C3%A9', 'roomId=' + 'a'.repeat(129), 'roomId=a&roomId=a',
      'roomId=open&room%49d=open', 'roomId=%00', 'roomId=open%0A'],
    userName: ['roomId=open&userName=%FF', 'roomId=open&userName=a%00', 'roomId=open&userName=a%0Ab', 'roomId=open&userName=' + 'a'.repeat(65),
      'roomId=open&userName=%E2%80%AEevil', 'roomId=open&userName=a&userName=b', 'roomId=open&userName=%C2%85'],
  };
  for (const [parameter, queries] of Object.entries(bad))
    for (const query of queries) {
      const answer = await ask(query);
      assertProblem(answer, 400, 'invalid_request');
      assert.equal(answer.json.parameter, parameter, query);
    }
  assert.equal((await ask('roomId=open&userName=' + '%F0%9F%98%80'.repeat(64))).status, 200);
  assert.equal((await ask('roomId=open&utm=1&utm=2&x=%FF')).status < 500, true);
  const blank = await ask('roomId=open&userName=%20%20');
  assert.equal(blank.status, 200);
  assert.equal(blank.json.userName, 'Expert');
  const room = 'A.b_c~d:e@f-1';
  await door.book(room);
  assert.equal((await door.join(room)).status, 200);
});

test('parameters are checked before the session', async () => {
  assertProblem(await door.api('/api/expert/videocall/url'), 400, 'invalid_request');
});

test('HEAD answers the headers and nothing else', async () => {
  const answer = await fetch(`${door.base}/api/expert/videocall/url?roomId=open`, {
    method: 'HEAD',
    headers: { authorization: `Bearer ${session()}` },
  });
  assert.equal(answer.status, 200);
  assert.equal(await answer.text(), '');
  const refused = await fetch(`${door.base}/api/expert/videocall/url?roomId=open`, { method: 'HEAD' });
  assert.equal(refused.status, 401);
});

test('a prefetch gets nothing', async () => {
  for (const headers of [{ 'sec-purpose': 'prefetch' }, { purpose: 'prefetch' }, { 'sec-purpose': 'prefetch;prerender' }]) {
    const answer = await door.join('open', { headers });
    assert.equal(answer.status, 204);
    assert.equal(answer.text, '');
  }
});

test('a cookie is as good as a bearer, and a bad bearer is not rescued by it', async () => {
  const cookie = `a=b; session=${session()}; c=d`;
  const good = await door.join('open', { token: null, headers: { cookie } });
  assert.equal(good.status, 200, good.text);
  const bad = await door.join('open', { token: 'x.y.z', headers: { cookie } });
  assertProblem(bad, 401, 'unauthenticated');
  const twice = await door.join('open', { token: null, headers: { cookie: `session=${session()}; session=${session()}` } });
  assertProblem(twice, 401, 'unauthenticated');
});

test('the event stream tells the states and ends with the url', async () => {
  const answer = await door.join('open', { headers: { accept: 'text/event-stream' } });
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type'), /^text\/event-stream/);
  const events = [...answer.text.matchAll(/event: (\w+)\ndata: (.*)\n\n/g)].map(([, name, data]) => [name, JSON.parse(data)]);
  assert.equal(events[0][0], 'state');
  assert.equal(events[0][1].state, 'checking');
  assert.equal(events.at(-2)[1].state, 'ready');
  assert.equal(events.at(-1)[0], 'url');
  assert.equal(events.at(-1)[1].roomId, 'open');
  const denied = await door.join('open', { token: session({ sub: 'stranger' }), headers: { accept: 'text/event-stream' } });
  assert.match(denied.text, /event: problem\ndata: .*not_assigned/);
});

test('an early stream waits and comes alive when the booking moves', async () => {
  const room = randomRoom();
  await door.book(room, { startsAt: rfc3339(Date.now() + 7_200_000), endsAt: rfc3339(Date.now() + 9_000_000) });
  const stream = await door.stream(room);
  await stream.until(/"state":"waiting"/);
  assert.match(stream.text, /"opensAt"/);
  assert.equal((await door.book(room)).status, 200);
  await stream.until(/event: url\n/);
});

test('a stream whose life is short says how its waiting ended', async () => {
  const brief = await Stagedoor.start({ extra: '[http]\nevents = "10s"\n' });
  await brief.book('early', { startsAt: rfc3339(Date.now() + 7_200_000), endsAt: rfc3339(Date.now() + 9_000_000) });
  const stream = await brief.stream('early');
  await stream.rest();
  assert.match(stream.text, /event: problem\ndata: .*"too_early"[^\n]*\n\n$/);
  await brief.stop();
});

test('a caller sees their own bookings with the button they need', async () => {
  const answer = await door.api('/api/expert/bookings', { headers: { authorization: `Bearer ${session()}` } });
  assert.equal(answer.status, 200, answer.text);
  const open = answer.json.bookings.find((one) => one.roomId === 'open');
  assert.equal(open.joinable, true);
  assert.ok(Date.parse(open.opensAt) < Date.parse(open.closesAt));
  assert.equal(answer.json.bookings.find((one) => one.roomId === 'early').joinable, false);
  assertProblem(await door.api('/api/expert/bookings'), 401, 'unauthenticated');
});

test('nothing secret is ever in the log', () => {
  assert.ok(door.log.includes('request') || door.log.length > 0);
  assert.doesNotMatch(door.log, /eyJ[A-Za-z0-9_-]{10}/);
  for (const secret of [customSecret, 'sdk_']) assert.ok(!door.log.includes(secret));
});

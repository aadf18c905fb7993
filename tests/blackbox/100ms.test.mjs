// The 100ms provider end to end against a scripted 100ms: as documented, and in every way in which it can fail.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { Fake100ms, accessKey, appSecret, provider } from './support/fake_100ms.mjs';
import { Stagedoor, booking, decodeToken, randomRoom, rfc3339, session } from './support/stagedoor.mjs';
import { everyFailure, joins } from './support/vendor_failures.mjs';

let fake, door;
before(async () => {
  fake = await Fake100ms.start();
  // A long time before the start, nothing is prepared: so the first join is what creates the room.
  door = await Stagedoor.start({ providers: provider(fake), extra: '[rooms]\nprepare_before = "0s"\n[join]\ntimeout = "2s"\n' });
});
after(async () => {
  await door?.stop();
  await fake?.stop();
});
beforeEach(() => {
  fake.heal();
  fake.calls = [];
});

// Booked for later, so that it is not prepared at once, but open for the expert already.
const soon = () => ({ startsAt: rfc3339(Date.now() + 600_000), endsAt: rfc3339(Date.now() + 4_000_000) });
const creates = () => fake.count('POST', /^\/v2\/rooms$/);

test('the first join creates the room, the next makes no call at all', async () => {
  const room = randomRoom();
  await door.book(room, soon());
  const first = await door.join(room, { query: '&userName=Dr%20X%20%2B%20Y' });
  assert.equal(first.status, 200, first.text);
  assert.equal(creates(), 1);
  const url = new URL(first.json.videoCallUrl);
  const created = [...fake.rooms.values()].at(-1);
  assert.equal(url.origin, 'https://acme.app.100ms.live');
  assert.equal(url.pathname, `/preview/${created.id}/host`);
  assert.match(first.json.videoCallUrl, /name=Dr%20X%20%2B%20Y/);
  const { header, claims } = decodeToken(url.searchParams.get('auth_token'));
  assert.deepEqual(header, { alg: 'HS256', typ: 'JWT' });
  assert.equal(claims.room_id, created.id);
  assert.equal(claims.role, 'host');
  assert.equal(claims.type, 'app');
  assert.equal(claims.version, 2);
  assert.equal(claims.access_key, accessKey);
  const before = fake.calls.length;
  for (let i = 0; i < 20; ++i) assert.equal((await door.join(room)).status, 200);
  const client = await door.join(room, { role: 'client', token: session({ sub: 'client-1', role: 'client' }) });
  assert.equal(new URL(client.json.videoCallUrl).pathname, `/preview/${created.id}/guest`);
  assert.equal(fake.calls.length, before);
});

test('a trace goes on from the caller to the provider and into the log line', async () => {
  const room = randomRoom();
  await door.book(room, soon());
  const id = '0af7651916cd43dd8448eb211c80319c';
  const joined = await door.join(room, { headers: { traceparent: `00-${id}-b7ad6b7169203331-01` } });
  assert.equal(joined.status, 200, joined.text);
  const create = fake.calls.find((one) => one.method === 'POST' && one.path === '/v2/rooms');
  assert.match(create.headers.traceparent, new RegExp(`^00-${id}-(?!b7ad6b7169203331)[0-9a-f]{16}-01$`));
  await door.logged(new RegExp(`"event":"request".*"request_id":"${joined.headers.get('x-request-id')}".*"trace_id":"${id}"`));
});

test('however many join at once, the room is created once', async () => {
  const room = randomRoom();
  await door.book(room, soon());
  fake.misbehave((request, response) => setTimeout(() => fake.create(fake.calls.at(-1).body, (status, value) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(value));
  }), 150));
  const answers = await Promise.all(Array.from({ length: 200 }, () => door.join(room)));
  assert.deepEqual([...new Set(answers.map((one) => one.status))], [200], answers.find((one) => one.status !== 200)?.text);
  assert.equal(creates(), 1);
});

test('room ids that differ in case, or hold ~ and @, have rooms of their own', async () => {
  const base = randomRoom();
  const ids = [base + '-A', base + '-a', base + '~', base + '@', base + ':x'];
  const made = new Set();
  for (const id of ids) {
    await door.book(id, soon());
    made.add(new URL((await door.join(id)).json.videoCallUrl).pathname);
  }
  assert.equal(made.size, ids.length);
});

function answer(response, status, value, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(value));
}

test('every failure of 100ms is told as ours, in time, and nothing of it leaks', (t) =>
  everyFailure(t, { fake, configure: () => provider(fake), path: /^\/v2\/rooms/, open: joins, secrets: [appSecret], repeats: true }));

test('a room without an id that could be one is none', async () => {
  const own = await Stagedoor.start({ providers: provider(fake), extra: '[rooms]\nprepare_before = "0s"\n' });
  try {
    for (const made of [{ id: 5, enabled: true }, { id: '../../x', enabled: true }, { id: '631b2654f771854d9bf633df' }, []]) {
      const room = randomRoom();
      await own.book(room, soon());
      fake.misbehave((q, r) => answer(r, 200, made));
      assert.equal((await own.join(room)).json.code, 'provider_rejected');
    }
  } finally {
    fake.heal();
    await own.stop();
  }
});

test('a 401 is answered by one fresh token', async () => {
  const room = randomRoom();
  await door.book(room, soon());
  fake.misbehave((q, r) => answer(r, 401, { code: 401, message: 'expired' }), { times: 1 });
  assert.equal((await door.join(room)).status, 200);
  assert.equal(creates(), 2);
});

test('a failure is not remembered: the next join succeeds', async () => {
  const room = randomRoom();
  await door.book(room, soon());
  fake.misbehave((q, r) => answer(r, 400, { code: 400, message: 'no' }), { times: 1 });
  assert.equal((await door.join(room)).status, 502);
  assert.equal((await door.join(room)).status, 200);
});

test('HEAD and prefetch create nothing', async () => {
  const room = randomRoom();
  await door.book(room, soon());
  const head = await fetch(`${door.base}/api/expert/videocall/url?roomId=${room}`, { method: 'HEAD', headers: { authorization: `Bearer ${session()}` } });
  assert.equal(head.status, 200);
  assert.equal((await door.join(room, { headers: { 'sec-purpose': 'prefetch' } })).status, 204);
  assert.equal(fake.calls.length, 0);
});

test('a restart does not create again, and a booking near its start is prepared by itself', async () => {
  const first = await Stagedoor.start({ providers: provider(fake) });
  const room = randomRoom();
  await first.book(room);
  for (let i = 0; i < 200 && creates() === 0; ++i) await new Promise((done) => setTimeout(done, 10));
  assert.equal(creates(), 1, 'prepared on booking');
  const url = new URL((await first.join(room)).json.videoCallUrl).pathname;
  first.keepFolder = true;
  await first.stop();
  const second = await Stagedoor.start({ providers: provider(fake), folder: first.folder });
  assert.equal(new URL((await second.join(room)).json.videoCallUrl).pathname, url);
  assert.equal(creates(), 1);
  second.keepFolder = false;
  await second.stop();
});

test('cancelling closes the room at the provider', async () => {
  const room = randomRoom();
  await door.book(room, soon());
  await door.join(room);
  const made = [...fake.rooms.values()].at(-1);
  assert.equal((await door.service('DELETE', `/api/bookings/${room}`)).status, 200);
  for (let i = 0; i < 300 && made.enabled; ++i) await new Promise((done) => setTimeout(done, 10));
  assert.equal(made.enabled, false);
  assert.ok(fake.count('POST', /end-room$/) >= 1);
  // Booked again, it is a room of its own.
  await door.book(room, soon());
  const again = await door.join(room);
  assert.equal(again.status, 200);
  assert.notEqual(new URL(again.json.videoCallUrl).pathname.split('/')[2], made.id);
});

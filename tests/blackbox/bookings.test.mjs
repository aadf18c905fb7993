// The booking API that the marketplace's backend uses.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Stagedoor, booking, randomRoom, rfc3339, serviceKey, session } from './support/stagedoor.mjs';

let door;
before(async () => (door = await Stagedoor.start()));
after(() => door?.stop());

test('putting is idempotent: 201, then 200, and what was put can be read', async () => {
  const room = randomRoom();
  const body = booking();
  assert.equal((await door.service('PUT', `/api/bookings/${room}`, body)).status, 201);
  const again = await door.service('PUT', `/api/bookings/${room}`, body);
  assert.equal(again.status, 200);
  const read = await door.service('GET', `/api/bookings/${room}`);
  assert.equal(read.status, 200);
  assert.equal(read.json.roomId, room);
  assert.equal(read.json.startsAt, body.startsAt);
  assert.equal(read.json.state, 'scheduled');
  assert.equal(read.json.provider, 'own');
  assert.deepEqual(read.json.participants, body.participants);
  assert.equal((await door.service('GET', '/api/bookings/none')).json.code, 'room_not_found');
});

test('the body is checked, and every mistake has a pointer', async () => {
  const put = (body) => door.service('PUT', '/api/bookings/checked', body);
  const many = Array.from({ length: 65 }, (_, i) => ({ userId: `u${i}`, role: 'expert' }));
  const cases = [
    [{ ...booking(), extra: 1 }, '/extra'],
    [{ ...booking(), startsAt: 'soon' }, '/startsAt'],
    [{ ...booking(), endsAt: booking().startsAt }, '/endsAt'],
    [{ ...booking(), participants: [] }, '/participants'],
    [{ ...booking(), participants: many }, '/participants'],
    [{ ...booking(), participants: [{ userId: 'a', role: 'admin' }] }, '/participants/0/role'],
    [{ ...booking(), participants: [{ userId: '', role: 'expert' }] }, '/participants/0/userId'],
    [{ ...booking(), participants: [{ userId: 'a', role: 'expert', x: 1 }] }, '/participants/0/x'],
    [{ ...booking(), provider: 'nowhere' }, '/provider'],
    [{ endsAt: booking().endsAt }, '/startsAt'],
  ];
  for (const [body, pointer] of cases) {
    const answer = await put(body);
    assert.equal(answer.status, 422, answer.text);
    assert.equal(answer.json.code, 'invalid_booking');
    assert.ok(answer.json.errors.some((one) => one.pointer === pointer && one.detail.length > 3), `${pointer}: ${answer.text}`);
  }
  const raw = (text, type = 'application/json') =>
    door.api('/api/bookings/raw', { method: 'PUT', body: text, headers: { authorization: `Bearer ${serviceKey}`, 'content-type': type } });
  for (const text of ['{', '[]', '{"startsAt":1,"startsAt":2}', 'null', '']) assert.equal((await raw(text)).status, 422, text);
  assert.equal((await raw('{}', 'text/plain')).status, 415);
  assert.equal((await raw('x'.repeat(300_000))).status, 413);
});

test('only a service key opens this API', async () => {
  for (const authorization of [undefined, 'Bearer wrong', `Bearer ${session()}`, `Basic ${serviceKey}`]) {
    const answer = await door.api('/api/bookings/x', { headers: authorization ? { authorization } : {} });
    assert.equal(answer.status, 401);
    assert.ok(answer.headers.get('www-authenticate'));
  }
});

test('lists page stably, by time and by user', async () => {
  const user = 'paged-' + randomRoom();
  const participants = [{ userId: user, role: 'expert' }];
  const start = Date.now() + 86_400_000;
  for (let i = 0; i < 25; ++i)
    await door.book(`${user}-${i}`, { participants, startsAt: rfc3339(start + Math.floor(i / 3) * 60_000), endsAt: rfc3339(start + 3_600_000) });
  const seen = [];
  let cursor = '';
  do {
    const page = await door.service('GET', `/api/bookings?userId=${user}&limit=4${cursor && '&cursor=' + encodeURIComponent(cursor)}`);
    assert.equal(page.status, 200, page.text);
    assert.ok(page.json.bookings.length <= 4);
    seen.push(...page.json.bookings.map((one) => one.roomId));
    cursor = page.json.nextCursor ?? '';
    // What is inserted before the cursor must not be seen, nor shift anything.
    await door.book(`${user}-early-${seen.length}`, { participants, startsAt: rfc3339(start - 60_000), endsAt: rfc3339(start) });
  } while (cursor);
  assert.equal(seen.filter((id) => !id.includes('early')).length, 25);
  assert.equal(new Set(seen).size, seen.length);
  const from = await door.service('GET', `/api/bookings?userId=${user}&from=${rfc3339(start + 60_000)}&to=${rfc3339(start + 120_000)}`);
  assert.equal(from.json.bookings.length, 3);
  for (const bad of ['limit=0', 'limit=x', 'limit=1000', 'from=soon', 'cursor=%21', 'limit=1&limit=2'])
    assert.equal((await door.service('GET', `/api/bookings?${bad}`)).status, 400, bad);
});

test('a write is seen by every shard at once', async () => {
  const room = randomRoom();
  await door.book(room);
  const tokens = [session(), session({ sub: 'client-1', role: 'client' })];
  for (let round = 0; round < 10; ++round) {
    // Fresh connections spread over the shards, so each has the booking in its cache.
    const joins = await Promise.all(Array.from({ length: 8 }, () => door.join(room, { token: tokens[0], headers: { connection: 'close' } })));
    assert.ok(joins.every((one) => one.status === 200));
    assert.equal((await door.service('DELETE', `/api/bookings/${room}`)).status, 200);
    const refused = await Promise.all(Array.from({ length: 8 }, () => door.join(room, { token: tokens[0], headers: { connection: 'close' } })));
    assert.ok(refused.every((one) => one.json.code === 'room_cancelled'), refused.map((one) => one.status).join());
    assert.equal((await door.book(room)).status, 200);
  }
});

test('cancelling and ending can be repeated', async () => {
  const room = randomRoom();
  await door.book(room);
  for (let i = 0; i < 2; ++i) {
    const ended = await door.service('POST', `/api/bookings/${room}/end`);
    assert.equal(ended.status, 200);
    assert.equal(ended.json.state, 'ended');
  }
  for (const path of ['/api/bookings/none/end']) assert.equal((await door.service('POST', path)).status, 404);
  assert.equal((await door.service('DELETE', '/api/bookings/none')).status, 404);
});

test('taking a participant off the list works at once', async () => {
  const room = randomRoom();
  await door.book(room);
  assert.equal((await door.join(room)).status, 200);
  await door.book(room, { participants: [{ userId: 'expert-2', role: 'expert' }] });
  assert.equal((await door.join(room)).json.code, 'not_assigned');
});

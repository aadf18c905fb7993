// Daily end to end against a scripted Daily; `jose` judges the tokens.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { jwtVerify } from 'jose';
import { eventually } from './support/eventually.mjs';
import { answer } from './support/fake.mjs';
import { FakeDaily, apiKey, dailyWebhook, domainId, provider, webhookSecret } from './support/fake_daily.mjs';
import { Stagedoor, checkOnline, randomRoom, rfc3339, session } from './support/stagedoor.mjs';
import { everyFailure, joins } from './support/vendor_failures.mjs';

let fake, door;
const late = '[rooms]\nprepare_before = "0s"\n[join]\ntimeout = "2s"\n';
before(async () => {
  fake = await FakeDaily.start('/v1');
  door = await Stagedoor.start({ providers: provider(fake), extra: late });
});
after(async () => {
  await door?.stop();
  await fake?.stop();
});
beforeEach(() => {
  fake.heal();
  fake.calls = [];
});

const soon = () => ({ startsAt: rfc3339(Date.now() + 600_000), endsAt: rfc3339(Date.now() + 4_000_000) });
const client = session({ sub: 'client-1', role: 'client' });
const claimsIn = async (joined) => (await jwtVerify(new URL(joined.json.videoCallUrl).searchParams.get('t'), Buffer.from(apiKey), { algorithms: ['HS256'] })).payload;

test('the first join makes a private room that ends by itself; the next asks nobody', async () => {
  const room = randomRoom();
  const times = soon();
  await door.book(room, times);
  const first = await door.join(room);
  assert.equal(first.status, 200, first.text);
  const claims = await claimsIn(first);
  const made = fake.rooms.get(claims.r);
  assert.equal(made.privacy, 'private');
  assert.equal(made.config.exp, Math.floor(Date.parse(times.endsAt) / 1000) + 3_900);
  assert.equal(made.config.eject_at_room_exp, true);
  assert.equal(new URL(first.json.videoCallUrl).pathname, `/${claims.r}`);
  assert.equal(first.json.embed.origin, 'https://acme.daily.co');
  assert.deepEqual([claims.d, claims.o, claims.ud, claims.u], [domainId, true, 'expert-1', 'Expert']);
  assert.ok(claims.exp - claims.iat === 600 && claims.nbf < claims.iat);
  const before = fake.calls.length;
  for (let i = 0; i < 10; ++i) assert.equal((await door.join(room)).status, 200);
  const guest = await claimsIn(await door.join(room, { role: 'client', token: client }));
  assert.equal(guest.o, undefined);
  assert.equal(guest.r, claims.r);
  assert.equal(fake.calls.length, before);
});

test('the domain is asked for once per shard, and never again after a restart', async () => {
  const first = await Stagedoor.start({ providers: provider(fake), extra: late });
  const room = randomRoom();
  try {
    await first.book(room, soon());
    for (const one of [room, randomRoom(), randomRoom(), randomRoom()]) {
      await first.book(one, soon());
      assert.equal((await first.join(one)).status, 200);
    }
    assert.ok(fake.count('GET', /^\/v1\/$/) <= 2);
    first.keepFolder = true;
  } finally {
    await first.stop();
  }
  fake.calls = [];
  const again = await Stagedoor.start({ providers: provider(fake), extra: late, folder: first.folder });
  again.keepFolder = false;
  try {
    assert.equal((await again.join(room)).status, 200);
    assert.equal(fake.calls.length, 0);
  } finally {
    await again.stop();
  }
});

test('a booking that ends later has its room told, and a cancelled one deleted', async () => {
  const room = randomRoom();
  await door.book(room, soon());
  const { r } = await claimsIn(await door.join(room));
  const later = rfc3339(Date.now() + 8_000_000);
  await door.book(room, { ...soon(), endsAt: later });
  assert.equal((await door.join(room)).status, 200);
  // Nobody waits for that: the room of before lets people in.
  await eventually(() => fake.rooms.get(r).config.exp === Math.floor(Date.parse(later) / 1000) + 3_900);
  await door.service('DELETE', `/api/bookings/${room}`);
  await eventually(() => !fake.rooms.has(r));
});

test('a room that Daily made public is never entered', async () => {
  const room = randomRoom();
  await door.book(room, soon());
  fake.misbehave((_, r) => answer(r, 200, { id: 'x', name: fake.calls.at(-1).body.match(/sd-[0-9a-f]+/)[0], privacy: 'public', config: {} }), { path: /^\/v1\/rooms/ });
  assert.equal((await door.join(room)).json.code, 'provider_rejected');
});

test('webhooks with Daily\'s signature move the state; forged, old and foreign ones do not', async () => {
  const room = randomRoom();
  await door.book(room, soon());
  const { r } = await claimsIn(await door.join(room));
  const now = Date.now() / 1000;
  const event = (type, at, id, name = r) => ({ version: '1.0.0', type, id, payload: { start_ts: at, meeting_id: 'm1', room: name }, event_ts: at });
  const send = (wanted) => door.api('/webhooks/daily', wanted);
  const call = async () => (await door.service('GET', `/api/bookings/${room}`)).json.call;
  for (const trial of [dailyWebhook({ test: 'test' }), { method: 'POST', body: '{"test":"test"}' }]) assert.equal((await send(trial)).status, 200);
  assert.equal((await send(dailyWebhook(event('meeting.ended', now + 5, 'e2')))).status, 200);
  assert.equal((await send(dailyWebhook(event('meeting.started', now, 'e1')))).status, 200);
  assert.equal((await call()).state, 'ended');
  assert.equal((await call()).startedAt, rfc3339(Math.floor(now) * 1000));
  assert.equal((await send(dailyWebhook(event('participant.joined', now + 9, 'e3')))).status, 200);
  assert.equal((await call()).state, 'live');
  const over = event('meeting.ended', now + 20, 'e4');
  assert.equal((await send(dailyWebhook(over, { secret: Buffer.from('another secret of ours').toString('base64') }))).status, 401);
  assert.equal((await send(dailyWebhook(over, { at: Math.floor(now) - 400 }))).status, 401);
  assert.equal((await send({ ...dailyWebhook(over), body: JSON.stringify(over) + ' ' })).status, 401);
  assert.equal((await send({ method: 'POST', body: '{}' })).status, 401);
  assert.equal((await send(dailyWebhook(event('meeting.ended', now + 20, 'e5', 'lobby')))).status, 200);
  assert.equal((await call()).state, 'live');
  assert.ok(!door.log.includes(webhookSecret));
});

test('a call that runs keeps its room when the door closes; one that does not loses it', async () => {
  const own = await Stagedoor.start({ providers: provider(fake), extra: '[rooms]\nsweep_every = "1s"\nrunning_grace = "1h"\n[windows]\ncloses_after = "0s"\n' });
  try {
    const [running, quiet] = [randomRoom(), randomRoom()];
    const names = {};
    for (const room of [running, quiet]) {
      await own.book(room, { startsAt: rfc3339(Date.now() - 60_000), endsAt: rfc3339(Date.now() + 8_000) });
      names[room] = (await claimsIn(await own.join(room))).r;
    }
    const now = Date.now() / 1000;
    const started = { type: 'meeting.started', id: 'e', payload: { room: names[running] }, event_ts: now };
    assert.equal((await own.api('/webhooks/daily', dailyWebhook(started))).status, 200);
    await eventually(() => !fake.rooms.has(names[quiet]));
    assert.equal((await own.service('GET', `/api/bookings/${quiet}`)).json.state, 'ended');
    assert.ok(fake.rooms.has(names[running]));
    assert.equal((await own.service('GET', `/api/bookings/${running}`)).json.state, 'scheduled');
  } finally {
    await own.stop();
  }
});

test('every failure of Daily is told as ours, in time, and nothing of it leaks', (t) =>
  everyFailure(t, { fake, configure: () => provider(fake, `domain_id = "${domainId}"`), path: /^\/v1\/rooms/, open: joins, secrets: [apiKey], repeats: true, renews: false }));

test('check-config --online says what is wrong with the key', async () => {
  const config = (extra) => `public_url = "https://call.example.com"\n[session]\nsecret = "kD7mQ2xV9sLpT4wYhN8bR3cF6gJ1zA5e-s"\n${provider(fake, '').replace(apiKey, extra ?? apiKey)}`;
  const good = await checkOnline(config());
  assert.match(good, /daily\s+good: Daily accepts/);
  const bad = await checkOnline(config('x1' + apiKey.slice(2)));
  assert.match(bad, /daily\s+FAILED: .*401/);
});

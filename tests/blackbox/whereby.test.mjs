// Whereby end to end against a scripted Whereby: the host's link for the expert alone, frames, and every failure.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { eventually } from './support/eventually.mjs';
import { FakeWhereby, wherebyKey } from './support/fake_whereby.mjs';
import { Stagedoor, randomRoom, rfc3339, session } from './support/stagedoor.mjs';
import { everyFailure, follow, joins, ticketOf } from './support/vendor_failures.mjs';

const client = { role: 'client', token: session({ sub: 'client-1', role: 'client' }) };
const soon = (ms = 600_000) => ({ startsAt: rfc3339(Date.now() + ms), endsAt: rfc3339(Date.now() + ms + 3_600_000) });
const lazily = '[rooms]\nprepare_before = "0s"\n';

let fake, door;
before(async () => {
  fake = await FakeWhereby.start();
  door = await Stagedoor.start({ providers: fake.configuration, extra: lazily });
});
after(async () => {
  await door?.stop();
  await fake?.stop();
});
beforeEach(() => fake.heal());

test('the host\'s key goes to the expert and never to the client', async () => {
  const room = randomRoom();
  await door.book(room, soon());
  const { joined } = await ticketOf(door, room, { query: '&userName=Dr.%20X' });
  assert.equal(joined.embed.mode, 'iframe');
  assert.equal(joined.embed.origin, 'https://acme.whereby.com');
  assert.match(joined.embed.allow, /camera https:\/\/acme\.whereby\.com/);
  const expert = new URL(await follow(door, room, { query: '&userName=Dr.%20X' }));
  assert.equal(expert.searchParams.get('roomKey'), 'eyJhb.host.key');
  assert.equal(expert.searchParams.get('displayName'), 'Dr. X');
  assert.equal(expert.searchParams.get('externalId'), 'expert-1');
  const guest = new URL(await follow(door, room, client));
  assert.equal(guest.pathname, expert.pathname);
  assert.equal(guest.searchParams.get('roomKey'), null);
  assert.equal(fake.count('POST', /meetings$/), 1);
  assert.ok(!door.log.includes('eyJhb.host.key'));
});

test('nobody learns the host\'s key from a join', async () => {
  const room = randomRoom();
  await door.book(room, soon());
  assert.doesNotMatch((await door.join(room)).text, /host\.key|whereby\.com\/[0-9a-f]{8}-/);
});

test('a booking that ends much later gets another meeting, a cancelled one loses its own', async () => {
  const room = randomRoom();
  await door.book(room, soon());
  await door.join(room);
  const first = [...fake.meetings.keys()].at(-1);
  await door.book(room, soon(8 * 3_600_000));
  await eventually(() => !fake.meetings.has(first));
  const second = [...fake.meetings.keys()].at(-1);
  await door.service('DELETE', `/api/bookings/${room}`);
  await eventually(() => !fake.meetings.has(second));
});

test('a 429 in the vendor\'s own form closes the quota and not the circuit', async () => {
  const at = await Stagedoor.start({ providers: fake.configuration, extra: lazily });
  fake.misbehave((q, r) => {
    r.writeHead(429, { 'content-type': 'application/json', 'retry-after': '39' });
    r.end('{"error":"Rate limit active for throttle key: organization:1","data":{"msLeft":38689}}');
  });
  const room = randomRoom();
  await at.book(room, soon());
  const refused = await at.join(room);
  assert.equal(refused.status, 503);
  assert.equal(refused.json.reason, 'quota');
  assert.equal(refused.headers.get('retry-after'), '39');
  assert.doesNotMatch(refused.text, /organization:1/);
  assert.match(await at.metrics(), /provider_quota_left\{provider="whereby",quota="points_per_minute"\} 0/);
  await at.stop();
});

test('direct links are Whereby\'s own', async () => {
  const at = await Stagedoor.start({ providers: fake.configuration + 'links = "direct"\n', extra: lazily });
  const room = randomRoom();
  await at.book(room, soon());
  const joined = await at.join(room, client);
  assert.match(joined.json.videoCallUrl, /^https:\/\/acme\.whereby\.com\/[\w-]+\?displayName=/);
  await at.stop();
});

test('every failure of Whereby is told as ours, in time, and nothing of it leaks', (t) =>
  everyFailure(t, { fake, configure: () => fake.configuration, path: /\/meetings$/, open: joins, secrets: [wherebyKey], repeats: false, renews: false }));

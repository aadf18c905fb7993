// A booking that changes after its room was made: followed through at its provider, over failures and restarts, and never at the cost of who is at the door.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { eventually } from './support/eventually.mjs';
import { Fake100ms, provider as hms } from './support/fake_100ms.mjs';
import { FakeWhereby } from './support/fake_whereby.mjs';
import { FakeZoom } from './support/fake_zoom.mjs';
import { Stagedoor, configuration, randomRoom, rfc3339 } from './support/stagedoor.mjs';
import { follow } from './support/vendor_failures.mjs';

const minute = 60_000;
const hour = 60 * minute;
const between = (from, to) => ({ startsAt: rfc3339(Date.now() + from), endsAt: rfc3339(Date.now() + to) });
const extra = '[rooms]\nsweep_every = "1s"\n';
const broken = (query, response) => response.writeHead(500).end('{}');

test('what a restart has cut off is told to Zoom by the next process, with nobody asking', async () => {
  const fake = await FakeZoom.start();
  const first = await Stagedoor.start({ providers: fake.configuration, extra });
  const room = randomRoom();
  await first.book(room, between(2 * hour, 3 * hour));
  await eventually(() => fake.meetings.size === 1);
  fake.misbehave(() => {}, { method: 'PATCH', times: 9 });
  const moved = between(5 * hour, 6 * hour);
  assert.equal((await first.book(room, moved)).status, 200);
  await eventually(() => fake.count('PATCH', /meetings/) === 1);
  first.keepFolder = true;
  await first.stop('SIGKILL');
  fake.heal();
  const second = await Stagedoor.start({ providers: fake.configuration, extra, folder: first.folder });
  second.keepFolder = false;
  try {
    await eventually(() => [...fake.meetings.values()][0].start_time === moved.startsAt, 30_000);
    assert.equal(fake.meetings.size, 1);
  } finally {
    await second.stop();
    await fake.stop();
  }
});

test('while Zoom refuses the new times people go in by the link of before, and Zoom is not asked by each of them', async () => {
  const fake = await FakeZoom.start();
  const door = await Stagedoor.start({ providers: fake.configuration, extra });
  try {
    const room = randomRoom();
    await door.book(room, between(-minute, hour));
    const link = await follow(door, room);
    fake.misbehave(broken, { method: 'PATCH', times: 1_000 });
    await door.book(room, between(-minute, 2 * hour));
    await eventually(() => fake.count('PATCH', /meetings/) >= 1);
    const page = (address) => address.replace(/\?.*/, ''); // behind that is a fresh token of the host's
    for (let i = 0; i < 5; ++i) assert.equal(page(await follow(door, room)), page(link));
    const tries = fake.count('PATCH', /meetings/);
    await new Promise((done) => setTimeout(done, 3_000));
    assert.equal((await door.join(room)).status, 200);
    assert.ok(fake.count('PATCH', /meetings/) <= tries + 2, 'the repeats of one try at most');
  } finally {
    await door.stop();
    await fake.stop();
  }
});

test('a Whereby meeting that runs is not replaced when its booking is prolonged, but when it is over', async () => {
  const fake = await FakeWhereby.start();
  const secret = 'whereby-webhook-secret';
  const door = await Stagedoor.start({ providers: `${fake.configuration}webhook_secret = "${secret}"\n`, extra });
  const tell = (type, id) => {
    const at = Math.floor(Date.now() / 1000);
    const body = JSON.stringify({ id: randomRoom(), apiVersion: '1.0', createdAt: new Date().toISOString(), type, data: { meetingId: id, roomName: '/x', subdomain: 'acme' } });
    const signature = createHmac('sha256', secret).update(`${at}.${body}`).digest('hex');
    return door.api('/webhooks/whereby', { method: 'POST', body, headers: { 'content-type': 'application/json', 'whereby-signature': `t=${at},v1=${signature}` } });
  };
  try {
    const room = randomRoom();
    await door.book(room, between(-50 * minute, 10 * minute));
    const link = await follow(door, room);
    const [id] = fake.meetings.keys();
    assert.equal((await tell('room.session.started', id)).status, 200);
    await door.book(room, between(-50 * minute, 130 * minute));
    await new Promise((done) => setTimeout(done, 2_500));
    assert.deepEqual([...fake.meetings.keys()], [id]);
    assert.equal(fake.count('DELETE', /meetings/), 0);
    assert.deepEqual(await follow(door, room), link);
    assert.equal((await tell('room.session.ended', id)).status, 200);
    await eventually(() => fake.meetings.size === 1 && !fake.meetings.has(id), 10_000);
  } finally {
    await door.stop();
    await fake.stop();
  }
});

test('a Whereby meeting that is made for a longer booking while that is called off is closed, and so is the one before', async () => {
  const fake = await FakeWhereby.start();
  const door = await Stagedoor.start({ providers: fake.configuration, extra });
  try {
    const room = randomRoom();
    await door.book(room, between(-minute, hour));
    await eventually(() => fake.meetings.size === 1);
    const [before] = fake.meetings.keys();
    // It is there at once and told of late; the one before cannot be closed meanwhile.
    const plain = fake.answer.bind(fake);
    fake.answer = (call, json, response) => plain(call, call.method === 'POST' ? (...what) => setTimeout(() => json(...what), 1_500) : json, response);
    fake.misbehave((query, response) => setTimeout(() => response.writeHead(503, { 'retry-after': '1' }).end(), 500), { method: 'DELETE', times: 3 });
    await door.book(room, between(-minute, 3 * hour));
    await eventually(() => fake.meetings.size === 2);
    assert.equal((await door.service('DELETE', `/api/bookings/${room}`)).status, 200);
    await eventually(() => !fake.meetings.has(before) && fake.meetings.size === 0, 60_000);
  } finally {
    await door.stop();
    await fake.stop();
  }
});

test('bookings of a provider without rooms are in nobody’s way', async () => {
  const fake = await Fake100ms.start();
  const door = await Stagedoor.start({
    toml: (at) => configuration({ ...at, top: 'default_provider = "own"', extra: `${hms(fake)}\n[rooms]\nprepare_before = "1h"\nprepare_spread = "0s"\nsweep_every = "1s"\n` }),
  });
  try {
    for (let i = 0; i < 120; ++i) await door.book(`own-${i}`);
    const start = Date.now() + hour + 3_000;
    await door.book('hms-1', { provider: 'hms', startsAt: rfc3339(start), endsAt: rfc3339(start + hour) });
    assert.equal(fake.rooms.size, 0);
    await eventually(() => fake.rooms.size === 1, 15_000);
  } finally {
    await door.stop();
    await fake.stop();
  }
});

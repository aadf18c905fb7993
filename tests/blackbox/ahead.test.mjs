// Rooms that are made ahead of time and closed afterwards: spread, never in the way of somebody at the door, and not forgotten by a restart.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { eventually } from './support/eventually.mjs';
import { FakeLiveKit, provider } from './support/fake_livekit.mjs';
import { FakeZoom } from './support/fake_zoom.mjs';
import { Stagedoor, randomRoom, rfc3339 } from './support/stagedoor.mjs';

// A LiveKit that takes its time, and knows how many creates it had at once.
class SlowLiveKit extends FakeLiveKit {
  slowness = 0;
  under = 0;
  most = 0;
  async answer(call, json, response) {
    const creates = /CreateRoom$/.test(call.path);
    if (creates) this.most = Math.max(this.most, ++this.under);
    if (this.slowness) await new Promise((done) => setTimeout(done, this.slowness));
    if (creates) --this.under;
    return super.answer(call, json, response);
  }
}

let fake;
before(async () => (fake = await SlowLiveKit.start()));
after(() => fake?.stop());
beforeEach(() => {
  fake.heal();
  fake.calls = [];
  fake.rooms.clear();
  Object.assign(fake, { slowness: 0, under: 0, most: 0 });
});

const making = () => provider(fake, 'create_rooms = true');
const at = (ms) => ({ startsAt: rfc3339(Date.now() + ms), endsAt: rfc3339(Date.now() + ms + 3_600_000) });
const minute = 60_000;

test('rooms that wait for a vendor\'s limit of seconds follow at its pace, and none of them counts as failed', async () => {
  const zoom = await FakeZoom.start();
  const door = await Stagedoor.start({ providers: zoom.configuration + 'plan = "free"\n', extra: '[rooms]\nprepare_before = "1h"\n' });
  try {
    // One a second may be made ahead.
    const rooms = Array.from({ length: 6 }, randomRoom);
    for (const room of rooms) assert.equal((await door.book(room, at(30 * minute))).status, 201);
    await eventually(() => zoom.meetings.size === rooms.length, 15_000);
    assert.doesNotMatch(door.log, /"event":"room_not_made"/);
    assert.doesNotMatch(await door.metrics(), /rooms_provisioned_total\{[^}]*"failed"/);
  } finally {
    await door.stop();
    await zoom.stop();
  }
});

test('many calls at one time are made a few at a time, and who is at the door does not wait behind them', async () => {
  const door = await Stagedoor.start({ providers: making(), extra: '[rooms]\nprepare_before = "1h"\nbackground_calls = 2\nsweep_every = "1s"\n', env: { STAGEDOOR__SERVER__THREADS: '2' } });
  try {
    fake.slowness = 40;
    const rooms = Array.from({ length: 200 }, randomRoom);
    for (const room of rooms) assert.equal((await door.book(room, at(30 * minute))).status, 201);
    const urgent = randomRoom();
    await door.book(urgent, { ...at(-minute) });
    const began = Date.now();
    assert.equal((await door.join(urgent)).status, 200);
    assert.ok(Date.now() - began < 1_500, `${Date.now() - began} ms`);
    assert.ok(fake.rooms.size < rooms.length, 'the others are still being made');
    await eventually(() => fake.rooms.size === rooms.length + 1, 20_000);
    // Two per thread, and the one at the door.
    assert.ok(fake.most <= 5, `${fake.most} at once`);
    assert.equal(fake.count('POST', /CreateRoom$/), rooms.length + 1);
  } finally {
    await door.stop();
  }
});

test('a room that becomes due while no server runs is made after the restart, with nobody asking', async () => {
  const first = await Stagedoor.start({ providers: making(), extra: '[rooms]\nprepare_before = "30m"\n' });
  const room = randomRoom();
  await first.book(room, at(60 * minute));
  first.keepFolder = true;
  await first.stop();
  assert.equal(fake.rooms.size, 0);
  const second = await Stagedoor.start({ providers: making(), extra: '[rooms]\nprepare_before = "2h"\nsweep_every = "1s"\n', folder: first.folder });
  second.keepFolder = false;
  try {
    await eventually(() => fake.rooms.size === 1);
    assert.equal((await second.join(room)).status, 403, 'the door is not open yet');
    assert.equal(fake.count('POST', /CreateRoom$/), 1);
  } finally {
    await second.stop();
  }
});

test('a room whose closing was cut off by a crash is closed after the restart', async () => {
  const extra = '[rooms]\nprepare_before = "1h"\nsweep_every = "1s"\n';
  const first = await Stagedoor.start({ providers: making(), extra });
  const room = randomRoom();
  await first.book(room, at(10 * minute));
  await eventually(() => fake.rooms.size === 1);
  fake.misbehave(() => {}, { path: /DeleteRoom$/, times: 9 });
  assert.equal((await first.service('DELETE', `/api/bookings/${room}`)).status, 200);
  await eventually(() => fake.count('POST', /DeleteRoom$/) === 1);
  first.keepFolder = true;
  await first.stop('SIGKILL');
  assert.equal(fake.rooms.size, 1);
  fake.heal();
  const second = await Stagedoor.start({ providers: making(), extra, folder: first.folder });
  second.keepFolder = false;
  try {
    // Who died holds the room for the length of one call (rooms.call_timeout).
    await eventually(() => fake.rooms.size === 0, 30_000);
    assert.match(await second.metrics(), /rooms_closed_total\{provider="livekit",outcome="ok"\} 1/);
  } finally {
    await second.stop();
  }
});

test('a room whose maker was killed before it could be remembered is closed when its booking is called off', async () => {
  const extra = '[rooms]\nprepare_before = "1h"\nsweep_every = "1s"\ncall_timeout = "3s"\n';
  const first = await Stagedoor.start({ providers: making(), extra });
  const room = randomRoom();
  const plain = fake.answer.bind(fake);
  fake.answer = (call, json, response) => plain(call, /CreateRoom$/.test(call.path) ? () => {} : json, response);
  await first.book(room, at(10 * minute));
  await eventually(() => fake.rooms.size === 1);
  first.keepFolder = true;
  await first.stop('SIGKILL');
  delete fake.answer;
  // Nothing is made ahead now: the next process hears of the cancellation first.
  const second = await Stagedoor.start({ providers: making(), extra: extra.replace('1h', '0s'), folder: first.folder });
  second.keepFolder = false;
  try {
    assert.equal((await second.service('DELETE', `/api/bookings/${room}`)).status, 200);
    await eventually(() => fake.rooms.size === 0, 30_000);
  } finally {
    await second.stop();
  }
});

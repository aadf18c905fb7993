// BigBlueButton end to end against a scripted server that checks every checksum.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { eventually } from './support/eventually.mjs';
import { FakeBigBlueButton, bbbSecret } from './support/fake_bigbluebutton.mjs';
import { Stagedoor, randomRoom, rfc3339, session } from './support/stagedoor.mjs';
import { everyFailure, follow, ticketOf } from './support/vendor_failures.mjs';

const client = { role: 'client', token: session({ sub: 'client-1', role: 'client' }) };
const soon = () => ({ startsAt: rfc3339(Date.now() + 600_000), endsAt: rfc3339(Date.now() + 4_200_000) });

let fake, door;
before(async () => {
  fake = await FakeBigBlueButton.start();
  door = await Stagedoor.start({ providers: fake.configuration });
});
after(async () => {
  await door?.stop();
  await fake?.stop();
});
beforeEach(() => fake.heal());

test('the meeting is made when the ticket is opened, and the join address is signed for the person', async () => {
  const room = randomRoom();
  await door.book(room, soon());
  const { joined } = await ticketOf(door, room);
  assert.equal(joined.embed.mode, 'iframe');
  assert.equal(fake.calls.length, 0);
  const expert = new URL(await follow(door, room, { query: '&userName=Dr.%20%C3%84%20%26%20%2B' }));
  assert.ok(fake.isSigned('join', expert.search));
  const [id, meeting] = [...fake.meetings].at(-1);
  assert.equal(expert.searchParams.get('meetingID'), id);
  assert.equal(expert.searchParams.get('role'), 'MODERATOR');
  assert.equal(expert.searchParams.get('fullName'), 'Dr. Ä & +');
  assert.equal(expert.searchParams.get('createTime'), String(meeting.createTime));
  assert.equal(meeting.query.get('allowRequestsWithoutSession'), 'true');
  const guest = new URL(await follow(door, room, client));
  assert.ok(fake.isSigned('join', guest.search));
  assert.equal(guest.searchParams.get('role'), 'VIEWER');
  assert.ok(!door.log.includes(bbbSecret));
});

test('an ended booking ends the meeting, and booked anew it is another', async () => {
  const room = randomRoom();
  await door.book(room, soon());
  await follow(door, room);
  const [id, meeting] = [...fake.meetings].at(-1);
  await door.service('DELETE', `/api/bookings/${room}`);
  await eventually(() => meeting.ended);
  await door.book(room, soon());
  const again = new URL(await follow(door, room));
  assert.notEqual(again.searchParams.get('meetingID'), id);
});

test('an independent library signs the same', async () => {
  const { api } = (await import('bigbluebutton-js')).default;
  const bbb = api(fake.origin + '/bigbluebutton/', bbbSecret);
  assert.ok(fake.isSigned('isMeetingRunning', new URL(bbb.monitoring.isMeetingRunning('room-42')).search));
});

test('every failure of BigBlueButton is a page of ours, in time, and nothing of it leaks', (t) =>
  everyFailure(t, {
    fake, configure: () => fake.configuration, path: /\/create$/, method: 'GET', secrets: [bbbSecret], repeats: true, renews: false,
    open: async (at, room) => at.api((await ticketOf(at, room)).path),
  }));

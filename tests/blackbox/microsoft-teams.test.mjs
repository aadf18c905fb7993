// Microsoft Teams end to end against a scripted Graph; Microsoft's own client judges the fake.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { eventually } from './support/eventually.mjs';
import { FakeMicrosoftTeams, organizer, teamsSecret } from './support/fake_microsoft_teams.mjs';
import { Stagedoor, randomRoom, rfc3339, session } from './support/stagedoor.mjs';
import { everyFailure, follow, joins, ticketOf } from './support/vendor_failures.mjs';

const client = { role: 'client', token: session({ sub: 'client-1', role: 'client' }) };
const soon = (ms = 600_000) => ({ startsAt: rfc3339(Date.now() + ms), endsAt: rfc3339(Date.now() + ms + 3_600_000) });
const lazily = '[rooms]\nprepare_before = "0s"\n';

let fake, door;
before(async () => {
  fake = await FakeMicrosoftTeams.start();
  door = await Stagedoor.start({ providers: fake.configuration, extra: lazily });
});
after(async () => {
  await door?.stop();
  await fake?.stop();
});
beforeEach(() => fake.heal());

test('both are led to one meeting without a lobby, byte for byte', async () => {
  const room = randomRoom();
  await door.book(room, soon());
  const { joined } = await ticketOf(door, room);
  assert.equal(joined.embed.mode, 'new_tab');
  const meeting = [...fake.meetings.values()].at(-1);
  assert.equal(meeting.lobbyBypassSettings.scope, 'everyone');
  const calls = fake.calls.length;
  assert.equal(await follow(door, room), meeting.joinWebUrl);
  assert.equal(await follow(door, room, client), meeting.joinWebUrl);
  assert.equal(fake.calls.length, calls);
});

test('a lost answer makes no second meeting', async () => {
  const room = randomRoom();
  await door.book(room, soon());
  fake.misbehave((q, r) => {
    fake.answer(fake.calls.at(-1), () => {}, r);
    r.socket.resetAndDestroy();
  }, { path: /createOrGet$/ });
  const before = fake.meetings.size;
  assert.equal((await door.join(room)).status, 200);
  assert.equal(fake.meetings.size, before + 1);
});

test('a moved booking moves the meeting, a cancelled one deletes it', async () => {
  const room = randomRoom();
  await door.book(room, soon());
  await door.join(room);
  const meeting = [...fake.meetings.values()].at(-1);
  const later = soon(1_200_000);
  await door.book(room, later);
  await eventually(() => meeting.startDateTime === later.startsAt);
  await door.service('DELETE', `/api/bookings/${room}`);
  await eventually(() => !fake.meetings.has(meeting.id));
});

test('a missing access policy is explained to the operator and not to the caller', async () => {
  fake.policy = false;
  const at = await Stagedoor.start({ providers: fake.configuration, extra: lazily });
  const room = randomRoom();
  await at.book(room, soon());
  const refused = await at.join(room);
  fake.policy = true;
  assert.equal(refused.status, 502);
  assert.doesNotMatch(refused.text, /Policy|Grant-Cs/);
  await at.logged(/Grant-CsApplicationAccessPolicy/);
  await at.stop();
});

test('Microsoft\'s own client reads from the fake what we have made', async () => {
  const { Client } = await import('@microsoft/microsoft-graph-client');
  const room = randomRoom();
  await door.book(room, soon());
  await door.join(room);
  const made = [...fake.meetings.values()].at(-1);
  const authorization = 'Bearer ' + fake.tokens.issue().access_token;
  const graph = Client.init({ baseUrl: fake.origin, defaultVersion: 'v1.0', authProvider: (done) => done(null, 'unused') });
  const read = await graph.api(`/users/${organizer}/onlineMeetings/${encodeURIComponent(made.id)}`).header('authorization', authorization).get();
  assert.equal(read.joinWebUrl, made.joinWebUrl);
  await assert.rejects(graph.api(`/users/${organizer}/onlineMeetings/none`).header('authorization', authorization).get(), { statusCode: 404, code: 'NotFound' });
});

test('every failure of Microsoft is told as ours, in time, and nothing of it leaks', (t) =>
  everyFailure(t, { fake, configure: () => fake.configuration, path: /createOrGet$/, open: joins, secrets: [teamsSecret], repeats: true }));

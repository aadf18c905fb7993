// Google Meet end to end against a scripted Google; Google's own client and auth library are the judges.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { eventually } from './support/eventually.mjs';
import { FakeGoogleMeet } from './support/fake_google_meet.mjs';
import { Stagedoor, decodeToken, randomRoom, rfc3339, session } from './support/stagedoor.mjs';
import { everyFailure, follow, joins, ticketOf } from './support/vendor_failures.mjs';

const client = { role: 'client', token: session({ sub: 'client-1', role: 'client' }) };
const soon = () => ({ startsAt: rfc3339(Date.now() + 600_000), endsAt: rfc3339(Date.now() + 4_200_000) });
const lazily = '[rooms]\nprepare_before = "0s"\n';

let fake, door;
before(async () => {
  fake = await FakeGoogleMeet.start();
  door = await Stagedoor.start({ providers: fake.configuration, extra: lazily });
});
after(async () => {
  await door?.stop();
  await fake?.stop();
});
beforeEach(() => fake.heal());

test('both people are led to the same space in a new tab, and a warm join asks nobody', async () => {
  const room = randomRoom();
  await door.book(room, soon());
  const { joined } = await ticketOf(door, room);
  assert.equal(joined.embed.mode, 'new_tab');
  const space = [...fake.spaces.values()].at(-1);
  assert.equal(space.config.accessType, 'OPEN');
  const calls = fake.calls.length;
  assert.equal(await follow(door, room), space.meetingUri);
  assert.equal(await follow(door, room, client), space.meetingUri);
  assert.equal(fake.calls.length, calls);
});

test('an ended call is closed, running or not', async () => {
  for (const running of [true, false]) {
    const room = randomRoom();
    await door.book(room, soon());
    await door.join(room);
    const space = [...fake.spaces.values()].at(-1);
    space.running = running;
    assert.equal((await door.service('POST', `/api/bookings/${room}/end`)).status, 200);
    await eventually(() => space.config.accessType === 'RESTRICTED' && (!running || space.ended));
  }
});

test('Google\'s auth library makes the same assertion', async () => {
  const { JWT } = await import('google-auth-library');
  const jwt = new JWT({ email: fake.keyFile.client_email, key: fake.keyFile.private_key, keyId: 'key-1', scopes: ['https://www.googleapis.com/auth/meetings.space.created'], subject: 'calls@example.com' });
  const room = randomRoom();
  await door.book(room, soon());
  await door.join(room);
  const ours = decodeToken(fake.assertions.at(-1)).claims;
  let theirs;
  jwt.transporter.request = async (options) => {
    const body = options.data instanceof URLSearchParams ? options.data : new URLSearchParams(options.data ?? options.body);
    theirs = decodeToken(body.get('assertion')).claims;
    return { data: { access_token: 'x', expires_in: 3599, token_type: 'Bearer' }, status: 200 };
  };
  await jwt.authorize();
  for (const claim of ['iss', 'sub', 'scope', 'aud']) assert.equal(ours[claim], theirs[claim], claim);
  assert.equal(theirs.exp - theirs.iat, ours.exp - ours.iat);
});

test('Google\'s own client reads from the fake what we have made', async () => {
  const { meet } = await import('@googleapis/meet');
  const room = randomRoom();
  await door.book(room, soon());
  await door.join(room);
  const space = [...fake.spaces.values()].at(-1);
  const google = meet({ version: 'v2', rootUrl: fake.origin + '/', headers: { authorization: 'Bearer ' + fake.tokens.issue().access_token } });
  const read = await google.spaces.get({ name: space.name });
  assert.equal(read.data.meetingUri, space.meetingUri);
  await assert.rejects(google.spaces.get({ name: 'spaces/unknown' }), /might not exist/);
});

test('every failure of Google is told as ours, in time, and nothing of it leaks', (t) =>
  everyFailure(t, { fake, configure: () => fake.configuration, path: /^\/v2\/spaces$/, open: joins, secrets: ['BEGIN PRIVATE'], repeats: false }));

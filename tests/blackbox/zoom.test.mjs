// Zoom end to end against a scripted Zoom: links behind tickets, hosts and their days, every failure; Zoom's own SDK judges the fake.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { eventually } from './support/eventually.mjs';
import { FakeZoom, zoomSecret } from './support/fake_zoom.mjs';
import { Stagedoor, command, decodeToken, randomRoom, rfc3339, session } from './support/stagedoor.mjs';
import { everyFailure, follow, joins, opens, ticketOf } from './support/vendor_failures.mjs';

const client = { role: 'client', token: session({ sub: 'client-1', role: 'client' }) };
const soon = (ms = 600_000) => ({ startsAt: rfc3339(Date.now() + ms), endsAt: rfc3339(Date.now() + ms + 3_600_000) });
const lazily = '[rooms]\nprepare_before = "0s"\n';

let fake, door;
before(async () => {
  fake = await FakeZoom.start();
  door = await Stagedoor.start({ providers: fake.configuration, extra: lazily });
});
after(async () => {
  await door?.stop();
  await fake?.stop();
});
beforeEach(() => fake.heal());

test('an expert is led to a fresh start link and a client to the join link, and the room is made once', async () => {
  const room = randomRoom();
  await door.book(room, soon());
  const { joined } = await ticketOf(door, room);
  assert.equal(joined.embed.mode, 'new_tab');
  const first = await follow(door, room);
  const second = await follow(door, room);
  assert.match(first, /^https:\/\/us02web\.zoom\.us\/s\/\d+\?zak=fresh-/);
  assert.notEqual(first, second);
  assert.match(await follow(door, room, client), /^https:\/\/us02web\.zoom\.us\/j\/\d+\?pwd=enc\.1$/);
  assert.equal(fake.count('POST', /\/meetings$/), 1);
});

test('however many join at once, there is one meeting and one token', async () => {
  const own = await FakeZoom.start();
  const at = await Stagedoor.start({ providers: own.configuration, extra: lazily });
  const rooms = Array.from({ length: 20 }, randomRoom);
  for (const room of rooms) await at.book(room, soon());
  const answers = await Promise.all(rooms.flatMap((room) => Array.from({ length: 10 }, () => at.join(room))));
  assert.deepEqual([...new Set(answers.map((one) => one.status))], [200]);
  assert.equal(own.count('POST', /\/meetings$/), 20);
  assert.equal(own.count('POST', /oauth\/token/), 1, 'two threads, one token');
  await at.stop();
  await own.stop();
});

test('a token that was revoked is replaced at once', async () => {
  fake.tokens.revoke();
  const room = randomRoom();
  await door.book(room, soon());
  assert.equal((await door.join(room)).status, 200);
  assert.equal(fake.count('POST', /oauth\/token/), 1);
});

test('a moved booking moves the meeting, a cancelled one deletes it, and its ticket opens nothing', async () => {
  const room = randomRoom();
  await door.book(room, soon());
  const { path } = await ticketOf(door, room);
  const [id, meeting] = [...fake.meetings].at(-1);
  const later = soon(1_200_000);
  await door.book(room, later);
  await eventually(() => meeting.start_time === later.startsAt);
  assert.equal(fake.count('POST', /\/meetings$/), 1);
  assert.equal((await door.service('DELETE', `/api/bookings/${room}`)).status, 200);
  const gone = await door.api(path);
  assert.equal(gone.status, 410);
  assert.match(gone.text, /<h1>/);
  assert.match(gone.text, new RegExp(`href="${door.base}/expert/videocall/${room}"`));
  await eventually(() => !fake.meetings.has(id));
});

test('a meeting that somebody deleted at Zoom is made again when the expert comes', async () => {
  const room = randomRoom();
  await door.book(room, soon());
  await ticketOf(door, room);
  const [deleted] = [...fake.meetings].at(-1);
  fake.meetings.delete(deleted);
  // So soon after it was made Zoom may only not know it yet.
  const early = await opens(door, room);
  assert.equal(early.status, 503, early.text);
  await eventually(async () => (await opens(door, room)).status === 302);
  assert.match(await follow(door, room), /^https:\/\/us02web\.zoom\.us\/s\/\d+\?zak=fresh-/);
  const [again] = [...fake.meetings].at(-1);
  assert.notEqual(again, deleted);
  assert.ok((await follow(door, room, client)).includes(`/j/${again}?`));
  assert.equal(fake.count('POST', /\/meetings$/), 2);
  await door.logged(/"event":"room_gone"/);
});

test('a restart knows the meeting', async () => {
  const first = await Stagedoor.start({ providers: fake.configuration, extra: lazily });
  const room = randomRoom();
  await first.book(room, soon());
  const was = await follow(first, room, client);
  first.keepFolder = true;
  await first.stop();
  const second = await Stagedoor.start({ providers: fake.configuration, extra: lazily, folder: first.folder });
  assert.equal(await follow(second, room, client), was);
  assert.equal(fake.count('POST', /\/meetings$/), 1);
  second.keepFolder = false;
  await second.stop();
});

test('a host whose day is used up gives way to the next; when all are, the join says until when', async () => {
  const own = await FakeZoom.start();
  own.perDay = 2;
  const at = await Stagedoor.start({ providers: own.configuration, extra: lazily });
  const statuses = [];
  let last;
  for (let i = 0; i < 6; ++i) {
    const room = randomRoom();
    await at.book(room, soon());
    last = await at.join(room);
    statuses.push(last.status);
  }
  assert.deepEqual(statuses, [200, 200, 200, 200, 503, 503]);
  assert.equal(last.json.reason, 'quota');
  const midnight = 86_400 - (Math.floor(Date.now() / 1000) % 86_400);
  assert.ok(Math.abs(Number(last.headers.get('retry-after')) - midnight) <= 2);
  assert.doesNotMatch(last.text, /daily rate limit|GMT/);
  assert.match(await at.metrics(), /provider_quota_left\{provider="zoom",quota="host_per_day"\} 0/);
  assert.match(await at.metrics(), /provider_circuit_state\{provider="zoom"\} 0/);
  await at.stop();
  await own.stop();
});

test('HEAD and prefetch of a ticket ask nobody', async () => {
  const room = randomRoom();
  await door.book(room, soon());
  const { path } = await ticketOf(door, room);
  fake.heal();
  const head = await fetch(door.base + path, { method: 'HEAD', redirect: 'manual' });
  assert.equal(head.status, 200);
  assert.equal((await door.api(path, { headers: { 'sec-purpose': 'prefetch' } })).status, 204);
  assert.equal(fake.calls.length, 0);
  assert.equal((await door.api(path.slice(0, -1) + (path.endsWith('A') ? 'B' : 'A'))).status, 404);
  await door.logged(/"route":"\/go\/:ticket","path":"-"/);
  assert.ok(!door.log.includes(path.slice(4, 60)));
});

test('an SDK page gets a signature of at least half an hour, for the meeting and role', async () => {
  const sdk = `embed_url = "https://www.example.com/zoom"\nsdk_key = "sdk-key"\nsdk_secret = "sDkS3cr3t-of-the-sdk-app-01234567"\n`;
  const at = await Stagedoor.start({ providers: fake.configuration + sdk, extra: lazily });
  const room = randomRoom();
  await at.book(room, soon());
  const joined = await at.join(room);
  assert.equal(joined.json.embed.mode, 'iframe');
  const url = new URL(joined.json.videoCallUrl);
  const parts = new URLSearchParams(url.hash.slice(1));
  const { claims } = decodeToken(parts.get('signature'));
  assert.equal(claims.mn, parts.get('meetingNumber'));
  assert.equal(claims.role, 1);
  assert.ok(claims.exp - claims.iat >= 1800);
  assert.equal(parts.get('zak'), 'zak-of-' + fake.meetings.get(claims.mn).host_email);
  const guest = new URLSearchParams(new URL((await at.join(room, client)).json.videoCallUrl).hash.slice(1));
  assert.equal(guest.get('zak'), null);
  assert.equal(decodeToken(guest.get('signature')).claims.role, 0);
  await at.stop();
});

test('check-config --online says what is missing, and what direct links cost', async () => {
  const check = async (providers) => {
    const at = await Stagedoor.start({ providers });
    // Not spawnSync: the fake answers from this process.
    const { spawn } = await import('node:child_process');
    const { binary } = await import('./support/stagedoor.mjs');
    const child = spawn(binary, ['check-config', '--online', '--config', at.file]);
    let out = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (out += text));
    const code = await new Promise((done) => child.on('exit', done));
    await at.stop();
    return { code, out };
  };
  const good = await check(fake.configuration + 'links = "direct"\n');
  assert.equal(good.code, 0, good.out);
  assert.match(good.out, /note: \[providers\.zoom\] hands out its own links/);
  assert.match(good.out, /zoom +good: /);
  fake.scope = fake.scope.replace('meeting:delete:meeting:admin ', '');
  const lacks = await check(fake.configuration);
  fake.scope += ' meeting:delete:meeting:admin';
  assert.notEqual(lacks.code, 0);
  assert.match(lacks.out, /FAILED: .*meeting:delete:meeting:admin/);
  const wrong = await check(fake.configuration.replace(zoomSecret, 'qT6hWm1cZk3mXv9pWc2rBn5y'));
  assert.match(wrong.out, /FAILED: .*client_secret of the app/);
  assert.doesNotMatch(wrong.out, /Zk3mXv9pWc2rBn5y/);
});

test('Zoom\'s own SDK reads from the fake what we have made', async () => {
  const { MeetingsS2SAuthClient } = await import('@zoom/rivet/meetings');
  const room = randomRoom();
  await door.book(room, soon());
  await door.join(room);
  const [id, made] = [...fake.meetings].at(-1);
  const token = { accessToken: fake.tokens.issue().access_token, expirationTimeIso: new Date(Date.now() + 3_000_000).toISOString(), scopes: [] };
  const zoom = new MeetingsS2SAuthClient({
    clientId: 'client-1', clientSecret: zoomSecret, accountId: 'acct-1', webhooksSecretToken: 'x', baseUrl: fake.origin + '/v2', disableReceiver: true,
    tokenStore: { getLatestToken: () => token, storeToken: () => {} },
  });
  const read = await zoom.endpoints.meetings.getMeeting({ path: { meetingId: Number(id) } });
  assert.equal(read.statusCode, 200);
  assert.equal(read.data.start_time, made.start_time);
  assert.equal(read.data.settings.waiting_room, true);
});

test('every failure of Zoom is told as ours, in time, and nothing of it leaks', (t) =>
  everyFailure(t, { fake, configure: () => fake.configuration, path: /\/meetings$/, open: joins, secrets: [zoomSecret], repeats: false }));

// LiveKit end to end, with its own server SDK as judge of our tokens, of the fake that we call, and of the webhooks that we take.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { AccessToken, RoomServiceClient, TokenVerifier, WebhookReceiver } from 'livekit-server-sdk';
import { createHash } from 'node:crypto';
import { eventually } from './support/eventually.mjs';
import { FakeLiveKit, apiKey, provider, secret } from './support/fake_livekit.mjs';
import { Stagedoor, randomRoom, rfc3339, session } from './support/stagedoor.mjs';
import { everyFailure, joins } from './support/vendor_failures.mjs';

let fake, door, making;
const late = '[rooms]\nprepare_before = "0s"\n[join]\ntimeout = "2s"\n';
before(async () => {
  fake = await FakeLiveKit.start();
  door = await Stagedoor.start({ providers: provider(fake), extra: late });
  making = await Stagedoor.start({ providers: provider(fake, 'create_rooms = true'), extra: late });
});
after(async () => {
  await door?.stop();
  await making?.stop();
  await fake?.stop();
});
beforeEach(() => {
  fake.heal();
  fake.calls = [];
});

const soon = () => ({ startsAt: rfc3339(Date.now() + 600_000), endsAt: rfc3339(Date.now() + 4_000_000) });
const client = session({ sub: 'client-1', role: 'client' });
const verifier = new TokenVerifier(apiKey, secret);
const tokenIn = (answer) => new URL(answer.json.videoCallUrl).searchParams.get('token');

test('no join asks LiveKit, and its own verifier takes our tokens', async () => {
  const room = randomRoom();
  await door.book(room, soon());
  const expert = await door.join(room, { query: '&userName=Zo%C3%AB' });
  assert.equal(expert.status, 200, expert.text);
  const guest = await door.join(room, { role: 'client', token: client });
  assert.equal(fake.calls.length, 0);
  const url = new URL(expert.json.videoCallUrl);
  assert.equal(url.origin + url.pathname, 'https://meet.livekit.io/custom');
  assert.equal(url.searchParams.get('liveKitUrl'), fake.origin.replace('http', 'ws'));
  assert.equal(expert.json.embed.origin, 'https://meet.livekit.io');
  const [host, other] = await Promise.all([verifier.verify(tokenIn(expert)), verifier.verify(tokenIn(guest))]);
  assert.equal(host.sub, 'expert-1');
  assert.equal(host.name, 'Zoë');
  assert.deepEqual([host.video.roomJoin, host.video.roomAdmin, other.video.roomAdmin], [true, true, undefined]);
  assert.equal(host.video.room, other.video.room);
  assert.match(host.video.room, /^sd-[0-9a-f]{40}$/);
  assert.equal(host.video.roomCreate, undefined);
  assert.ok(host.nbf > 0 && host.exp - host.nbf <= 610);
});

test('our token has the claims and grants that the SDK gives one', async () => {
  const room = randomRoom();
  await door.book(room, soon());
  const ours = await verifier.verify(tokenIn(await door.join(room)));
  const made = new AccessToken(apiKey, secret, { identity: 'expert-1', name: 'Expert', ttl: 600 });
  made.addGrant({ roomJoin: true, room: ours.video.room, canPublish: true, canSubscribe: true, canPublishData: true, roomAdmin: true });
  const theirs = await verifier.verify(await made.toJwt());
  assert.deepEqual(ours.video, theirs.video);
  for (const name of ['iss', 'sub', 'name']) assert.equal(ours[name], theirs[name], name);
  for (const name of Object.keys(theirs)) assert.ok(name in ours || ['kind', 'metadata', 'attributes', 'sha256'].includes(name), `ours lacks ${name}`);
});

test('where rooms are not made by themselves they are made once, as the SDK would, and the SDK finds them', async () => {
  const room = randomRoom();
  await making.book(room, soon());
  const answers = await Promise.all(Array.from({ length: 50 }, () => making.join(room)));
  assert.deepEqual([...new Set(answers.map((one) => one.status))], [200], answers[0].text);
  assert.equal(fake.count('POST', /CreateRoom$/), 1);
  const { video } = await verifier.verify(tokenIn(answers[0]));
  const sdk = new RoomServiceClient(fake.origin, apiKey, secret);
  const [found] = await sdk.listRooms([video.room]);
  assert.equal(found.name, video.room);
  assert.ok(found.emptyTimeout > 3_600, `${found.emptyTimeout}`);
  const theirs = await sdk.createRoom({ name: 'by-the-sdk', emptyTimeout: 60, departureTimeout: 60 });
  assert.equal(theirs.name, 'by-the-sdk');
  const sent = fake.calls.filter((call) => /CreateRoom$/.test(call.path)).map((call) => call.headers['content-type'].split(';')[0]);
  assert.deepEqual(new Set(sent), new Set(['application/json']));
});

test('a cancelled booking deletes its room, also where LiveKit made it', async () => {
  for (const server of [door, making]) {
    const room = randomRoom();
    await server.book(room, soon());
    const { video } = await verifier.verify(tokenIn(await server.join(room)));
    await server.service('DELETE', `/api/bookings/${room}`);
    await eventually(() => fake.calls.some((one) => /DeleteRoom$/.test(one.path) && one.body.includes(video.room)));
    assert.equal((await server.join(room)).json.code, 'room_cancelled');
  }
});

test('the token endpoint serves LiveKit\'s clients, with a join\'s checks', async () => {
  const room = randomRoom();
  await door.book(room, soon());
  const ask = (body, token = session()) =>
    door.api('/api/livekit/token', { method: 'POST', headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) }, body: JSON.stringify(body) });
  const made = await ask({ room_name: room, participant_identity: 'somebody-else', participant_name: 'Me', room_config: { name: 'x' } });
  assert.equal(made.status, 201, made.text);
  assert.deepEqual(Object.keys(made.json), ['server_url', 'participant_token']);
  assert.equal(made.json.server_url, fake.origin.replace('http', 'ws'));
  const claims = await verifier.verify(made.json.participant_token);
  assert.deepEqual([claims.sub, claims.name, claims.video.roomAdmin], ['expert-1', 'Me', true]);
  const guest = await verifier.verify((await ask({ room_name: room }, client)).json.participant_token);
  assert.deepEqual([guest.sub, guest.video.roomAdmin], ['client-1', undefined]);
  assert.equal((await ask({ room_name: room }, null)).status, 401);
  assert.equal((await ask({ room_name: room }, session({ sub: 'stranger' }))).json.code, 'not_assigned');
  assert.equal((await ask({ room_name: 'nowhere' })).json.code, 'room_not_found');
  assert.equal((await ask({})).json.parameter, 'room_name');
});

// As livekit-server makes it; the SDK's receiver is asked first whether it would take it.
async function webhook(server, event, { key = apiKey, by = secret, spoil = '' } = {}) {
  const body = JSON.stringify(event);
  const token = new AccessToken(key, by, { ttl: 300 });
  token.sha256 = createHash('sha256').update(body).digest('base64');
  const authorization = await token.toJwt();
  if (!spoil && by === secret && key === apiKey) await new WebhookReceiver(apiKey, secret).receive(body, authorization);
  return server.api('/webhooks/livekit', { method: 'POST', headers: { 'content-type': 'application/webhook+json', authorization }, body: body + spoil });
}

test('webhooks move the state of the call, in LiveKit\'s order', async () => {
  const room = randomRoom();
  await making.book(room, soon());
  const { video } = await verifier.verify(tokenIn(await making.join(room)));
  const now = Math.floor(Date.now() / 1000);
  const event = (name, at, id) => ({ event: name, room: { sid: 'RM_x', name: video.room }, id, createdAt: String(at) });
  const state = async () => (await making.service('GET', `/api/bookings/${room}`)).json;
  assert.equal((await state()).call, undefined);
  assert.equal((await webhook(making, event('room_started', now, 'EV_1'))).status, 200);
  assert.deepEqual((await state()).call, { state: 'live', startedAt: rfc3339(now * 1000) });
  assert.equal((await webhook(making, event('room_started', now, 'EV_1'))).status, 200);
  assert.equal((await webhook(making, event('room_finished', now + 30, 'EV_3'))).status, 200);
  assert.equal((await webhook(making, event('participant_joined', now + 10, 'EV_2'))).status, 200);
  const ended = await state();
  assert.deepEqual(ended.call, { state: 'ended', startedAt: rfc3339(now * 1000), endedAt: rfc3339((now + 30) * 1000) });
  assert.equal(ended.state, 'scheduled');
  // LiveKit has forgotten the room: the next join makes it anew.
  fake.calls = [];
  assert.equal((await making.join(room)).status, 200);
  assert.equal(fake.count('POST', /CreateRoom$/), 1);
  assert.equal((await webhook(making, event('track_published', now, 'EV_4'))).status, 200);
  assert.equal((await webhook(making, event('room_started', now + 40, 'EV_5'), { spoil: ' ' })).status, 401);
  assert.equal((await webhook(making, event('room_started', now + 40, 'EV_6'), { by: 'x'.repeat(40) })).status, 401);
  assert.equal((await webhook(making, event('room_started', now + 40, 'EV_7'), { key: 'APIother' })).status, 401);
  assert.equal((await state()).call.state, 'ended');
  const text = await making.metrics();
  assert.match(text, /webhooks_total\{provider="livekit",outcome="refused"\} 3/);
});

test('every failure of LiveKit is told as ours, in time, and nothing of it leaks', (t) =>
  everyFailure(t, { fake, configure: () => provider(fake, 'create_rooms = true'), path: /CreateRoom$/, open: joins, secrets: [secret], repeats: true, renews: false }));

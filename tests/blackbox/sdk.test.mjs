// The official 100ms SDK as judge: its tokens and calls against ours.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { jwtVerify } from 'jose';
import { Fake100ms, accessKey, appSecret, provider } from './support/fake_100ms.mjs';
import { Stagedoor, decodeToken, randomRoom, rfc3339 } from './support/stagedoor.mjs';

const HMS = createRequire(import.meta.url)('@100mslive/server-sdk');

let fake, door, sdk;
before(async () => {
  fake = await Fake100ms.start();
  door = await Stagedoor.start({ providers: provider(fake), extra: '[rooms]\nprepare_before = "0s"\n' });
  sdk = new HMS.SDK(accessKey, appSecret);
  sdk.api.axios.defaults.baseURL = fake.base; // there is no documented option for it
});
after(async () => {
  await door?.stop();
  await fake?.stop();
});

const claimTypes = (claims) => Object.fromEntries(Object.entries(claims).map(([name, value]) => [name, typeof value]));

test('our participant token is the SDK\'s, claim by claim', async () => {
  const room = randomRoom();
  await door.book(room, { startsAt: rfc3339(Date.now() + 600_000), endsAt: rfc3339(Date.now() + 4_000_000) });
  const url = new URL((await door.join(room)).json.videoCallUrl);
  const ours = url.searchParams.get('auth_token');
  const roomId = url.pathname.split('/')[2];
  const { token: theirs } = await sdk.auth.getAuthToken({ roomId, role: 'host', userId: decodeToken(ours).claims.user_id, validForSeconds: 600 });
  const [a, b] = [decodeToken(ours), decodeToken(theirs)];
  assert.deepEqual(a.header, b.header);
  assert.deepEqual(Object.entries(claimTypes(a.claims)).sort(), Object.entries(claimTypes(b.claims)).sort());
  for (const name of ['access_key', 'type', 'version', 'room_id', 'role', 'user_id']) assert.deepEqual(a.claims[name], b.claims[name], name);
  await jwtVerify(ours, Buffer.from(appSecret), { algorithms: ['HS256'] });
  // The browser SDK decodes the payload with plain atob().
  assert.doesNotMatch(ours.split('.')[1], /[-_=]/);
  assert.equal(JSON.parse(atob(ours.split('.')[1])).room_id, roomId);
});

test('our create call sends what the SDK sends, and the SDK finds our room', async () => {
  const room = randomRoom();
  await door.book(room, { startsAt: rfc3339(Date.now() + 600_000), endsAt: rfc3339(Date.now() + 4_000_000) });
  await door.join(room);
  const ours = fake.calls.filter((call) => call.method === 'POST' && call.path === '/v2/rooms').at(-1);
  const wanted = JSON.parse(ours.body);
  await sdk.rooms.create({ name: wanted.name, template_id: wanted.template_id });
  const theirs = fake.calls.at(-1);
  assert.equal(theirs.path, ours.path);
  assert.equal(theirs.headers['content-type'].split(';')[0], ours.headers['content-type'].split(';')[0]);
  const [mine, sdks] = [ours, theirs].map((call) => decodeToken(call.headers.authorization.slice(7)));
  assert.deepEqual(mine.header, sdks.header);
  assert.deepEqual(Object.entries(claimTypes(mine.claims)).sort(), Object.entries(claimTypes(sdks.claims)).sort());
  const found = await sdk.rooms.retrieveById([...fake.rooms.values()].find((one) => one.name === wanted.name).id);
  assert.equal(found.name, wanted.name);
});

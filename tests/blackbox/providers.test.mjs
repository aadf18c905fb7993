// Several providers side by side: two of one type with names of their own, chosen per booking, with a default.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { eventually } from './support/eventually.mjs';
import { Fake100ms, provider as hms } from './support/fake_100ms.mjs';
import { FakeDaily, provider as daily } from './support/fake_daily.mjs';
import { TokenDesk } from './support/fake_vendor.mjs';
import { FakeZoom } from './support/fake_zoom.mjs';
import { FakeService, eventSecret, hookSecret, keyOf } from './support/fake_service.mjs';
import { Stagedoor, decodeToken, randomRoom, rfc3339, session } from './support/stagedoor.mjs';
import { everyFailure, joins } from './support/vendor_failures.mjs';

const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
let first, second, rooms, service, door;
before(async () => {
  [first, second, rooms, service] = [await Fake100ms.start(), await Fake100ms.start(), await FakeDaily.start('/v1'), await FakeService.start()];
  const named = (fake, name, subdomain) => hms(fake, `webhook_secret = "secret-of-${name}-0123"`).replace('[providers.hms]', `[providers.${name}]`).replace('"acme"', `"${subdomain}"`);
  door = await Stagedoor.start({
    top: 'default_provider = "hms-clinic"',
    providers: named(first, 'hms-clinic', 'clinic') + named(second, 'hms-school', 'school') + daily(rooms) + `[providers.own]
type = "custom"
create_url = "${service.origin}/api"
look_first = true
hook_secret = "${hookSecret}"
webhook_secret = "${eventSecret}"
[providers.own.url_templates]
expert = "https://video.acme.com/host/{roomId}?t={token}"
client = "https://video.acme.com/guest/{roomId}?name={user}&t={token}"
[providers.own.token]
private_key = '''
${pem}'''
[providers.own.token.claims]
tenant = "acme"
plan = 3
`,
    extra: '[rooms]\nprepare_before = "0s"\n',
  });
});
after(async () => {
  await door?.stop();
  for (const fake of [first, second, rooms, service]) await fake?.stop();
});

const soon = () => ({ startsAt: rfc3339(Date.now() + 600_000), endsAt: rfc3339(Date.now() + 4_000_000) });
const client = session({ sub: 'client-1', role: 'client' });
async function joined(provider) {
  const room = randomRoom();
  const booked = await door.book(room, { ...soon(), ...(provider ? { provider } : {}) });
  assert.equal(booked.status, 201, booked.text);
  const answer = await door.join(room);
  assert.equal(answer.status, 200, answer.text);
  return { room, url: new URL(answer.json.videoCallUrl), name: answer.json.provider };
}

test('the page about tokens of one\'s own service has test vectors that are right', () => {
  const page = readFileSync(fileURLToPath(new URL('../../docs/providers/custom.md', import.meta.url)), 'utf8');
  const key = '0123456789abcdef0123456789abcdef';
  const text = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const signed = (input) => '`' + createHmac('sha256', key).update(input).digest('base64url') + '`';
  const claims = { iss: 'https://api.example.com', aud: 'https://video.example.com', iat: 1800000000, nbf: 1799999995, exp: 1800000300, sub: 'exp-7', room: 'room-42', role: 'expert', name: 'Expert', jti: '0b0e7c1e-6a8e-4a8b-9a4e-1f1c1c6f0a11' };
  assert.ok(page.includes(signed(`${text({ alg: 'HS256', kid: 'k1', typ: 'JWT' })}.${text(claims)}`)), 'kind = "jwt"');
  assert.ok(page.includes(signed(['v1', 'room-42', 'exp-7', 'expert', 1800000300, 'A1b2C3d4E5f6G7h8'].join('\n'))), 'kind = "hmac"');
});

test('each booking is held at the provider that it names, the others at the default', async () => {
  assert.deepEqual([(await joined()).url.origin, (await joined()).name], ['https://clinic.app.100ms.live', 'hms-clinic']);
  const school = await joined('hms-school');
  assert.deepEqual([school.url.origin, school.name], ['https://school.app.100ms.live', 'hms-school']);
  assert.equal((await joined('daily')).url.origin, 'https://acme.daily.co');
  assert.deepEqual([first.rooms.size, second.rooms.size, rooms.rooms.size], [2, 1, 1]);
  const nowhere = await door.book(randomRoom(), { provider: 'hms' });
  assert.equal(nowhere.json.errors[0].pointer, '/provider');
});

test('one of two of a type may be down without the other', async () => {
  first.misbehave((_, response) => response.socket.resetAndDestroy(), { method: 'POST', path: /./, times: 100 });
  try {
    const room = randomRoom();
    await door.book(room, soon());
    assert.equal((await door.join(room)).status, 503);
    assert.equal((await joined('hms-school')).name, 'hms-school');
  } finally {
    first.heal();
  }
});

test('a provider\'s secret moves its own bookings only', async () => {
  const { room, url } = await joined('hms-school');
  const made = [...second.rooms.values()].find((one) => url.pathname.includes(one.id));
  const event = (type, at, id) => ({ version: '2.0', id, timestamp: rfc3339(at), type, data: { room_id: made.id, room_name: made.name } });
  const send = (name, secret, body) => door.api(`/webhooks/${name}`, { method: 'POST', headers: { 'content-type': 'application/json', 'x-stagedoor-secret': secret }, body: JSON.stringify(body) });
  const call = async () => (await door.service('GET', `/api/bookings/${room}`)).json.call?.state;
  assert.equal((await send('hms-school', 'secret-of-hms-clinic-0123', event('session.open.success', Date.now(), 'a'))).status, 401);
  assert.equal((await send('hms-clinic', 'secret-of-hms-clinic-0123', event('session.open.success', Date.now(), 'b'))).status, 200);
  assert.equal(await call(), undefined);
  assert.equal((await send('hms-school', 'secret-of-hms-school-0123', event('session.open.success', Date.now(), 'c'))).status, 200);
  assert.equal(await call(), 'live');
  assert.equal((await send('hms-school', 'secret-of-hms-school-0123', event('session.close.success', Date.now() + 2_000, 'd'))).status, 200);
  assert.equal(await call(), 'ended');
});

// Two accounts at Zoom, of which the first may make one meeting a day; both number their meetings alike.
async function twoAccounts() {
  const fakes = { clinic: await FakeZoom.start(), school: await FakeZoom.start() };
  const tables = Object.entries(fakes).map(([name, fake]) => {
    Object.assign(fake, { account: `acct-${name}`, secret: `zO0mS3cr3t-of-${name}-0123456789`, tokens: new TokenDesk(3600, `${name}-`) });
    return fake.configuration.replace('[providers.zoom]', `[providers.zoom-${name}]`) + `webhook_secret = "webhooks-of-${name}-0123"\n`;
  });
  fakes.clinic.hosts = fakes.school.hosts = new Set(['a@example.com']);
  fakes.clinic.perDay = 1;
  const at = await Stagedoor.start({ top: 'default_provider = "zoom-school"', providers: tables.join('').replaceAll(', "b@example.com"', ''), extra: '[rooms]\nprepare_before = "0s"\n' });
  return { fakes, at, stop: async () => Promise.all([at, fakes.clinic, fakes.school].map((one) => one.stop())) };
}

test('two accounts at Zoom share neither credentials nor quota, circuit, meetings or reports', async () => {
  const { fakes, at, stop } = await twoAccounts();
  try {
    const enter = async (provider) => {
      const room = randomRoom();
      assert.equal((await at.book(room, { ...soon(), provider })).status, 201);
      return { room, answer: await at.join(room) };
    };
    const [clinic, school] = [await enter('zoom-clinic'), await enter('zoom-school')];
    assert.deepEqual([clinic.answer.status, school.answer.status], [200, 200]);
    // The quota.
    const full = (await enter('zoom-clinic')).answer;
    assert.deepEqual([full.status, full.json.code, full.json.reason], [503, 'provider_unavailable', 'quota']);
    assert.equal((await enter('zoom-school')).answer.status, 200);
    const metrics = await at.metrics();
    assert.match(metrics, /provider_quota_left\{provider="zoom-clinic",quota="host_per_day"\} 0/);
    assert.match(metrics, /provider_quota_left\{provider="zoom-school",quota="host_per_day"\} 98/);
    // The credentials.
    for (const [name, fake] of Object.entries(fakes))
      for (const call of fake.calls.filter((one) => one.path !== '/oauth/token')) assert.match(call.headers.authorization, new RegExp(`^Bearer token-of-the-fake-${name}-`));
    // The reports: each account has a meeting of this number.
    const id = [...fakes.clinic.meetings.keys()][0];
    assert.ok(fakes.school.meetings.has(id));
    const report = (to, secret, at_ms = Date.now()) => {
      const body = JSON.stringify({ event: 'meeting.started', event_ts: at_ms, payload: { object: { id } } });
      const time = String(Math.floor(Date.now() / 1000));
      const signature = 'v0=' + createHmac('sha256', secret).update(`v0:${time}:${body}`).digest('hex');
      return at.api(`/webhooks/${to}`, { method: 'POST', body, headers: { 'content-type': 'application/json', 'x-zm-request-timestamp': time, 'x-zm-signature': signature } });
    };
    const state = async ({ room }) => (await at.service('GET', `/api/bookings/${room}`)).json.call?.state;
    assert.equal((await report('zoom-school', 'webhooks-of-clinic-0123')).status, 401);
    assert.equal((await report('zoom-school', 'webhooks-of-school-0123')).status, 200);
    assert.deepEqual([await state(clinic), await state(school)], [undefined, 'live']);
    // The circuit.
    fakes.school.misbehave((_, response) => response.writeHead(503, { 'retry-after': '60' }).end(), { path: /invite|meetings/, times: 1 });
    fakes.clinic.perDay = 100;
    const ill = (await enter('zoom-school')).answer;
    assert.deepEqual([ill.status, ill.headers.get('retry-after')], [503, '60']);
    const well = await at.metrics();
    assert.match(well, /provider_circuit_state\{provider="zoom-school"\} 2/);
    assert.match(well, /provider_circuit_state\{provider="zoom-clinic"\} 0/);
    // What goes, goes where it was made.
    assert.equal((await at.service('DELETE', `/api/bookings/${clinic.room}`)).status, 200);
    await eventually(() => !fakes.clinic.meetings.has(id));
    assert.ok(fakes.school.meetings.has(id));
  } finally {
    await stop();
  }
});

test('another default waits for a restart, and then for new bookings alone', async () => {
  const change = (server) => writeFileSync(server.file, readFileSync(server.file, 'utf8').replace('default_provider = "hms"', 'default_provider = "daily"'));
  const providers = hms(first) + daily(rooms);
  const extra = '[rooms]\nprepare_before = "0s"\n';
  const at = await Stagedoor.start({ top: 'default_provider = "hms"', providers, extra });
  const [old, fresh] = [randomRoom(), randomRoom()];
  await at.book(old, soon());
  change(at);
  at.child.kill('SIGHUP');
  await at.logged(/"event":"restart_needed","changed":"default_provider"/);
  assert.equal((await at.book(fresh, soon())).json.provider, 'hms');
  at.keepFolder = true;
  await at.stop();
  const next = await Stagedoor.start({ top: 'default_provider = "daily"', providers, extra, folder: at.folder });
  try {
    assert.equal((await next.book(old, soon())).json.provider, 'hms', 'pinned');
    assert.equal((await next.join(old)).json.provider, 'hms');
    assert.equal((await next.book(randomRoom(), soon())).json.provider, 'daily');
  } finally {
    next.keepFolder = false;
    await next.stop();
  }
});

test('a provider that lost its name: its bookings say so, and are served and closed again when it is back', async () => {
  const own = await Fake100ms.start();
  const extra = '[rooms]\nprepare_before = "0s"\nsweep_every = "1s"\n';
  const before = await Stagedoor.start({ providers: hms(own), extra });
  const room = randomRoom();
  await before.book(room, soon());
  assert.equal((await before.join(room)).status, 200);
  before.keepFolder = true;
  await before.stop();
  const renamed = await Stagedoor.start({ providers: hms(own).replace('[providers.hms]', '[providers.other]'), extra, folder: before.folder });
  const asked = own.calls.length;
  const lost = await renamed.join(room);
  assert.deepEqual([lost.status, lost.json.code], [503, 'provider_unavailable']);
  await renamed.logged(/"detail":"the booking is held at hms, and no table \[providers\.hms\] is configured/);
  assert.equal((await renamed.service('PUT', `/api/bookings/${room}`, { ...soon(), provider: 'other', participants: [{ userId: 'expert-1', role: 'expert' }] })).status, 422);
  // Another room may be held elsewhere.
  const another = randomRoom();
  assert.equal((await renamed.book(another, { ...soon(), provider: 'other' })).json.provider, 'other');
  assert.equal((await renamed.join(another)).status, 200);
  assert.ok(own.calls.slice(asked).every((call) => !/end-room/.test(call.path)), 'nobody asks in the name of another');
  renamed.keepFolder = true;
  await renamed.stop();
  const back = await Stagedoor.start({ providers: hms(own) + hms(own).replace('[providers.hms]', '[providers.other]'), top: 'default_provider = "hms"', extra, folder: before.folder });
  try {
    assert.equal((await back.join(room)).json.provider, 'hms');
    assert.equal((await back.service('DELETE', `/api/bookings/${room}`)).status, 200);
    await eventually(() => [...own.rooms.values()].some((one) => one.enabled === false), 8_000);
    assert.equal((await back.join(another)).json.provider, 'other');
  } finally {
    back.keepFolder = false;
    await back.stop();
    await own.stop();
  }
});

test('one\'s own service: a page per seat, claims of one\'s own, calls and reports as Standard Webhooks', async () => {
  const { room, url } = await joined('own');
  assert.equal(url.pathname, `/host/${room}`);
  assert.deepEqual(service.calls.map((call) => call.method), ['GET', 'PUT']);
  const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', door.base));
  const { payload, protectedHeader } = await jwtVerify(url.searchParams.get('t'), keys, { issuer: door.base, audience: 'https://video.acme.com' });
  assert.equal(protectedHeader.alg, 'EdDSA');
  assert.deepEqual([payload.tenant, payload.plan, payload.room, payload.role], ['acme', 3, room, 'expert']);
  const guest = new URL((await door.join(room, { role: 'client', token: client, query: '&userName=' + encodeURIComponent('Zoë & Co') })).json.videoCallUrl);
  assert.equal(guest.pathname, `/guest/${room}`);
  assert.match(guest.search, /name=Zo%C3%AB%20%26%20Co&t=/);
  assert.equal(decodeToken(guest.searchParams.get('t')).claims.role, 'client');
  // A booking that ends later is put again, though the room is there; nobody waits for that.
  const ends = Date.now() + 8_000_000;
  await door.book(room, { ...soon(), endsAt: rfc3339(ends), provider: 'own' });
  assert.equal((await door.join(room)).status, 200);
  await eventually(() => service.rooms.get(room).expiresAt === rfc3339(Math.floor(ends / 1000) * 1000 + 3_600_000));
  const body = JSON.stringify({ type: 'room.started', timestamp: rfc3339(Date.now()), data: { roomId: room } });
  const at = Math.floor(Date.now() / 1000);
  const report = (secret) => door.api('/webhooks/own', {
    method: 'POST', body,
    headers: { 'content-type': 'application/json', 'webhook-id': 'msg_1', 'webhook-timestamp': String(at), 'webhook-signature': 'v1,AAAA v1,' + createHmac('sha256', keyOf(secret)).update(`msg_1.${at}.${body}`).digest('base64') },
  });
  assert.equal((await report(hookSecret)).status, 401);
  assert.equal((await report(eventSecret)).status, 200);
  assert.equal((await door.service('GET', `/api/bookings/${room}`)).json.call.state, 'live');
  await door.service('DELETE', `/api/bookings/${room}`);
  await eventually(() => !service.rooms.has(room));
});

test('while the key of one\'s own service is changed, the key set has both', async () => {
  const pair = (kind, options) => generateKeyPairSync(kind, options);
  const [old, fresh] = [pair('rsa', { modulusLength: 2048 }), pair('ec', { namedCurve: 'P-256' })];
  const text = (key, type) => key.export({ type, format: 'pem' });
  const config = (key, previous) => `[providers.own]
type = "custom"
url_template = "https://video.acme.com/room/{roomId}?t={token}"
[providers.own.token]
private_key = '''
${text(key.privateKey, 'pkcs8')}'''
${previous ? `previous_public_keys = ['''\n${text(previous.publicKey, 'spki')}''']` : ''}
`;
  const token = async (server) => {
    const room = randomRoom();
    await server.book(room);
    return new URL((await server.join(room)).json.videoCallUrl).searchParams.get('t');
  };
  const before = await Stagedoor.start({ providers: config(old) });
  const first = await token(before).finally(() => before.stop());
  const now = await Stagedoor.start({ providers: config(fresh, old) });
  try {
    const second = await token(now);
    const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', now.base));
    assert.equal((await jwtVerify(first, keys)).protectedHeader.alg, 'RS256');
    assert.equal((await jwtVerify(second, keys)).protectedHeader.alg, 'ES256');
    assert.notEqual(decodeToken(first).header.kid, decodeToken(second).header.kid);
  } finally {
    await now.stop();
  }
});

test('every failure of one\'s own service is told as ours, in time, and nothing of it leaks', async (t) => {
  const own = await FakeService.start();
  const secret = 'kT4vXz9pQm2wLb7nRj5cYh8gFd3sAe6u-own';
  const configure = () => `[providers.own]
type = "custom"
url_template = "https://video.acme.com/room/{roomId}?t={token}"
create_url = "${own.origin}/api"
hook_secret = "${hookSecret}"
[providers.own.token]
secret = "${secret}"
`;
  await everyFailure(t, { fake: own, configure, path: /\/rooms\//, method: 'PUT', open: joins, secrets: [secret, hookSecret], repeats: true, renews: false });
  await own.stop();
});

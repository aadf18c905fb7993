// A video service of one's own behind Stagedoor, for real: Debian's Janus as the SFU, the example's gateway at its door, and two browsers whose
// pages frame it from another origin.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { createRequire } from 'node:module';
import { freePort, randomRoom, session, Stagedoor } from '../blackbox/support/stagedoor.mjs';
import { launch, moves, picture } from './support/browser.mjs';
import { Network, noNetworkBecause } from './support/network.mjs';
import { OwnVideoService, startByOneCommand } from './support/own_video_service.mjs';

const { SignJWT, UnsecuredJWT } = await import(createRequire(new URL('../../examples/own-video-service/package.json', import.meta.url)).resolve('jose'));

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
const skip = noNetworkBecause() ?? false;

let network, service, door, host, browser;
before(async () => {
  if (skip) return;
  network = await Network.start();
  const [port, doorPort, hostPort] = [await freePort(), await freePort(), await freePort()];
  // The page around the call, from an origin that is neither the service's nor Stagedoor's.
  host = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/html', 'referrer-policy': 'no-referrer' });
    response.end('<!doctype html><title>host</title><style>html, body, iframe { margin: 0; border: 0; width: 100%; height: 100% } iframe { display: block }</style>');
  });
  await new Promise((done) => host.listen(hostPort, '127.0.0.1', done));
  host.origin = `http://localhost:${hostPort}`;
  service = await OwnVideoService.start({ network, port, stagedoor: `http://127.0.0.1:${doorPort}`, embedders: host.origin });
  door = await Stagedoor.start({
    port: doorPort,
    providers: `[providers.own]
type = "custom"
url_template = "${service.origin}/room/{roomId}?user={user}&token={token}&role={role}"
create_url = "${service.origin}/api"
[providers.own.token]
private_key = """${pem}"""
`,
  });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  host?.closeAllConnections();
  host?.close();
  await door?.stop();
  await service?.stop();
  await network?.stop();
});

const people = { expert: session({ name: 'Ada' }), client: session({ sub: 'client-1', role: 'client', name: 'Ben' }) };

async function link(room, role) {
  const answer = await door.join(room, { role, token: people[role] });
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
}

// Somebody's browser with the call in a frame of another site.
async function enter(room, role) {
  const { videoCallUrl, embed } = await link(room, role);
  const context = await browser.newContext({ permissions: ['camera', 'microphone'], viewport: { width: 900, height: 560 } });
  const page = await context.newPage();
  await page.goto(host.origin);
  await page.evaluate(({ videoCallUrl, embed }) => {
    const frame = document.createElement('iframe');
    Object.assign(frame, { src: videoCallUrl, allow: embed.allow });
    document.body.append(frame);
  }, { videoCallUrl, embed });
  const frame = await (await page.waitForSelector('iframe')).contentFrame();
  return { context, page, frame };
}

test('expert and client see each other through Janus, also after a reload, until the booking is cancelled', { skip, timeout: 90_000 }, async () => {
  const room = randomRoom();
  assert.equal((await door.book(room)).status, 201);
  const [expert, client] = [await enter(room, 'expert'), await enter(room, 'client')];
  for (const { frame } of [expert, client]) await moves(frame, 'figure video');
  await expert.frame.getByText('Ben · client').waitFor();
  await client.frame.getByText('Ada · expert').waitFor();
  await picture(expert.page, 'own-video-service-expert');
  // The way goes through the SFU: both ends of it are Janus' address and ours of the pair of interfaces.
  assert.match(service.log, /"event":"request","method":"POST","path":"\/room\/[^"]+\/join","status":200/);
  assert.doesNotMatch(service.log, /eyJ/, 'no token is in any log');
  assert.equal(await expert.frame.evaluate(() => location.search), '', 'the token has left the address');

  // The old picture may be gone and the new one there within one look.
  await expert.frame.locator('figure').evaluate((figure) => (figure.dataset.before = 'yes'));
  await client.frame.evaluate(() => location.reload());
  await expert.frame.locator('figure:not([data-before])').waitFor();
  for (const { frame } of [expert, client]) await moves(frame, 'figure video');

  await client.frame.getByRole('button', { name: 'Hang up' }).click();
  await client.frame.getByText('You have left the call.').waitFor();
  await expert.frame.getByText('Waiting for the other side').waitFor();

  const before = await link(room, 'client');
  assert.equal((await door.service('DELETE', `/api/bookings/${room}`)).status, 200);
  await expert.frame.getByText('This call is over.').waitFor();
  const late = await fetch(`${service.origin}/room/${room}/join`, { method: 'POST', headers: { authorization: `Bearer ${new URL(before.videoCallUrl).searchParams.get('token')}` } });
  assert.equal(late.status, 410);
  for (const { context } of [expert, client]) await context.close();
});

const now = () => Math.floor(Date.now() / 1000);
const signed = (change = {}, { key = privateKey, alg = 'EdDSA', typ = 'JWT', kid } = {}) =>
  new SignJWT({ iss: door.base, aud: service.origin, sub: 'expert-1', room: 'room-a', role: 'expert', name: 'Eve', iat: now(), exp: now() + 60, ...change })
    .setProtectedHeader({ alg, typ, ...(kid ? { kid } : {}) }).sign(key);

const knock = async (token, room = 'room-a') => {
  const page = await fetch(`${service.origin}/room/${room}?token=${encodeURIComponent(token)}`);
  const join = await fetch(`${service.origin}/room/${room}/join`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
  await page.text();
  return { statuses: [page.status, join.status], problem: await join.json() };
};

test('a token that is forged, of another room, or over its time opens nothing', { skip }, async () => {
  const other = generateKeyPairSync('ed25519').privateKey;
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x, 'base64url');
  const good = await signed();
  assert.equal((await knock(good)).statuses[0], 200);
  const [head, body, signature] = good.split('.');
  const claims = JSON.parse(Buffer.from(body, 'base64url'));
  const changed = Buffer.from(JSON.stringify({ ...claims, role: 'owner' })).toString('base64url');
  const refused = {
    'another key': await signed({}, { key: other }),
    'the public key as a shared secret': await signed({}, { key: raw, alg: 'HS256' }),
    'no signature': new UnsecuredJWT(claims).encode(),
    'a changed claim': `${head}.${changed}.${signature}`,
    'another audience': await signed({ aud: 'https://elsewhere.example' }),
    'another issuer': await signed({ iss: 'https://elsewhere.example' }),
    'no end': await signed({ exp: undefined }),
    'a life that is too long': await signed({ exp: now() + 3600 }),
    'no room': await signed({ room: undefined }),
    'the session of the marketplace': people.expert,
    'a token of the hook': await signed({ scope: 'rooms:write' }, { typ: 'at+jwt' }),
    'nothing readable': 'eyJ',
  };
  for (const [what, token] of Object.entries(refused)) assert.deepEqual((await knock(token)).statuses, [401, 401], what);

  const over = await knock(await signed({ iat: now() - 120, exp: now() - 60 }));
  assert.deepEqual(over.statuses, [401, 401]);
  assert.equal(over.problem.code, 'expired');
  assert.deepEqual((await knock(good, 'room-b')).statuses, [403, 403]);
});

test('without the key of a guest nothing reaches Janus, and Janus itself answers only the gateway', { skip }, async () => {
  const good = await signed({ room: 'room-c' });
  for (const authorization of [undefined, 'Bearer guessed', `Bearer ${good}`]) {
    const headers = { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) };
    const says = await fetch(`${service.origin}/room/room-c/signal`, { method: 'POST', headers, body: '{"type":"publish","sdp":"v=0"}' });
    assert.equal(says.status, 401);
    assert.equal((await fetch(`${service.origin}/room/room-c/events`, { headers })).status, 401);
  }
  assert.equal((await fetch(`${service.origin}/janus`, { method: 'POST', body: '{"janus":"create","transaction":"1"}' })).status, 404);
  const direct = await (await fetch(service.janusUrl, { method: 'POST', body: '{"janus":"create","transaction":"1"}' })).json();
  assert.equal(direct.error.code, 403);
});

test('only Stagedoor makes and ends rooms', { skip }, async () => {
  for (const token of [await signed(), await signed({ scope: 'rooms:write' }), await signed({ scope: 'rooms:read' }, { typ: 'at+jwt' })])
    for (const method of ['PUT', 'DELETE']) {
      const answer = await fetch(`${service.origin}/api/rooms/room-a`, {
        method, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: method === 'PUT' ? '{}' : undefined,
      });
      assert.ok([401, 403].includes(answer.status), `${method} ${answer.status}`);
    }
});

test('a page may frame the call only where it is named, and the refusal is a page with a sentence', { skip }, async () => {
  const answer = await fetch(`${service.origin}/room/room-a?token=forged`);
  assert.equal(answer.status, 401);
  assert.match(answer.headers.get('content-security-policy'), new RegExp(`frame-ancestors ${host.origin}$`));
  assert.equal(answer.headers.get('referrer-policy'), 'no-referrer');
  assert.match(await answer.text(), /This link is not valid/);
});

test('its one command starts Janus, gateway and a demo of Stagedoor that leads there, and ends them in peace', { timeout: 60_000 }, async () => {
  const all = await startByOneCommand();
  try {
    const login = await fetch(`${all.stagedoor}/demo/login`, { method: 'POST', body: new URLSearchParams({ user: 'expert-1', role: 'expert', room: 'test_room' }), redirect: 'manual' });
    const cookie = login.headers.get('set-cookie').split(';')[0];
    const { videoCallUrl } = await (await fetch(`${all.stagedoor}/api/expert/videocall/url?roomId=test_room`, { headers: { cookie } })).json();
    const { origin, pathname, searchParams } = new URL(videoCallUrl);
    assert.deepEqual([origin, pathname], [all.origin, '/room/test_room']);
    const page = await fetch(videoCallUrl);
    assert.equal(page.status, 200, await page.text());
    const join = await fetch(`${origin}${pathname}/join`, { method: 'POST', headers: { authorization: `Bearer ${searchParams.get('token')}` } });
    assert.equal(join.status, 200, await join.text());
  } catch (error) {
    error.message += `\n${all.log}`;
    throw error;
  } finally {
    assert.deepEqual(await all.stop(), { code: 0, signal: null });
  }
});

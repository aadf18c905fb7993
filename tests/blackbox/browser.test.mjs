// What browsers are told: exact origins, preflights, Vary on every answer, no redirect to strangers, and cookies that other sites cannot use.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Stagedoor, session } from './support/stagedoor.mjs';

const ours = 'https://www.example.com';
let door;
before(async () => {
  door = await Stagedoor.start({ extra: `[cors]\norigins = ["${ours}", "https://app.example.com:8443"]\n` });
  assert.equal((await door.book('open')).status, 201);
});
after(() => door?.stop());

const path = '/api/expert/videocall/url?roomId=open';
const strangers = ['https://evil.example', 'null', 'http://www.example.com', 'https://www.example.com.evil.example', 'https://WWW.example.com', 'https://www.example.com:443', 'https://evilwww.example.com', '*', 'https://app.example.com'];

test('answers of every kind tell an allowed origin that it may read them', async () => {
  const authorization = `Bearer ${session()}`;
  for (const [where, options, status] of [
    [path, { headers: { authorization } }, 200],
    [path, {}, 401],
    [path.replace('open', 'nowhere'), { headers: { authorization } }, 404],
    ['/api/expert/videocall/url', { headers: { authorization } }, 400],
    ['/nothing', {}, 404],
    [path, { method: 'POST' }, 405],
  ]) {
    const answer = await door.api(where, { ...options, headers: { ...options.headers, origin: ours } });
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.headers.get('access-control-allow-origin'), ours, `${status}`);
    assert.equal(answer.headers.get('access-control-allow-credentials'), 'true');
    assert.match(answer.headers.get('access-control-expose-headers'), /Retry-After/);
    assert.match(answer.headers.get('vary'), /\bOrigin\b/i);
    const stranger = await door.api(where, { ...options, headers: { ...options.headers, origin: strangers[0] } });
    assert.equal(stranger.headers.get('access-control-allow-origin'), null);
    assert.match(stranger.headers.get('vary'), /\bOrigin\b/i, 'a cache must not give one the other’s answer');
  }
});

test('a limit that is the user’s own changes no other field of the answer', async () => {
  const limits = '[limits.ip]\nrate = 1000\nburst = 1000\n[limits.user]\nrate = 1\nper = "hour"\nburst = 1\n';
  const slow = await Stagedoor.start({ limits, extra: `[cors]\norigins = ["${ours}"]\n` });
  assert.equal((await slow.book('open')).status, 201);
  const join = () => slow.join('open', { headers: { origin: ours } });
  const good = await join();
  assert.equal(good.status, 200, good.text);
  const refused = await join();
  assert.equal(refused.status, 429);
  assert.equal(refused.json.policy, 'user');
  for (const name of ['cache-control', 'access-control-allow-origin', 'access-control-expose-headers', 'vary'])
    assert.equal(refused.headers.get(name), good.headers.get(name), name);
  assert.equal(refused.headers.get('cache-control'), 'no-store');
  await slow.stop();
});

test('preflights are answered for the origins that are listed, letter by letter', async () => {
  const preflight = (origin, method = 'GET') =>
    door.api(path, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': 'authorization' } });
  for (const origin of [ours, 'https://app.example.com:8443']) {
    const answer = await preflight(origin);
    assert.equal(answer.status, 204);
    assert.equal(answer.headers.get('access-control-allow-origin'), origin);
    assert.equal(answer.headers.get('access-control-allow-methods'), 'GET, HEAD');
    assert.equal(answer.headers.get('access-control-allow-headers'), 'Authorization, Accept, X-Request-Id, traceparent, tracestate');
    assert.ok(Number(answer.headers.get('access-control-max-age')) <= 7200);
  }
  for (const origin of strangers) {
    const answer = await preflight(origin);
    for (const name of ['origin', 'methods', 'headers', 'credentials']) assert.equal(answer.headers.get(`access-control-allow-${name}`), null, origin);
  }
  const token = await door.api('/api/livekit/token', { method: 'OPTIONS', headers: { origin: ours, 'access-control-request-method': 'POST' } });
  assert.equal(token.headers.get('access-control-allow-methods'), 'POST');
  assert.match(token.headers.get('access-control-allow-headers'), /Content-Type$/);
  const service = await preflight(ours, 'PUT');
  assert.ok(!/PUT|POST|DELETE/.test(service.headers.get('access-control-allow-methods')), 'the booking API is not for pages');
});

test('cookies count for our pages and the listed origins alone', async () => {
  const status = async (headers, cookie = `session=${session()}`) => (await door.join('open', { token: null, headers: { cookie, ...headers } })).status;
  assert.equal(await status({}), 200);
  assert.equal(await status({ origin: ours, 'sec-fetch-site': 'cross-site' }), 200);
  assert.equal(await status({ origin: ours }), 200);
  assert.equal(await status({ origin: door.base, 'sec-fetch-site': 'same-origin' }), 200);
  for (const origin of strangers) assert.equal(await status({ origin }), 401, origin);
  for (const site of ['cross-site', 'CROSS-SITE', 'unknown']) assert.equal(await status({ 'sec-fetch-site': site }), 401, site);
  // An image, a frame or a link of another site: the browser says so and sends no Origin.
  assert.equal(await status({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }), 401);
  assert.equal(await status({ 'sec-fetch-site': 'cross-site', authorization: `Bearer ${session()}` }), 200, 'a bearer is nobody’s by accident');
});

test('nothing redirects to where a caller wants', async () => {
  for (const where of ['//evil.example', '/\\evil.example', '/%2f%2fevil.example', '/?next=https://evil.example', '/room/open?next=//evil.example', '/demo/login?next=https://evil.example', path + '&returnTo=https://evil.example']) {
    const answer = await door.api(where);
    assert.ok(answer.status < 300 || answer.status >= 400, `${where} ${answer.status}`);
    assert.equal(answer.headers.get('location'), null, where);
  }
});

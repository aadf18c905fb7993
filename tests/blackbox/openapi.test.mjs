// The OpenAPI document is valid, and every answer of every route is what it says; every status that can be had is had.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Contract } from './support/contract.mjs';
import { bbbSecret, endOf } from './support/fake_bigbluebutton.mjs';
import { Fake100ms, provider } from './support/fake_100ms.mjs';
import { FakeLiveKit, provider as livekit } from './support/fake_livekit.mjs';
import { exchange } from './support/raw.mjs';
import { Stagedoor, binary, booking, randomRoom, rfc3339, serviceKey, session } from './support/stagedoor.mjs';

// Documented for completeness, and why nobody can provoke it from outside.
const unreachable = [
  [/ 500$/, 'an internal error is a bug; there is none to ask for'],
  [/^(GET|HEAD) \/room\/\{roomId\}\/events 200$/, 'open as long as the call; tests of their own read it'],
  [/^(GET|HEAD) \/go\/\{ticket\} (200|302)$/, 'needs a provider without participant tokens; its own tests open tickets'],
  [/^HEAD \/api\/(expert|client)\/videocall\/url 502$/, 'HEAD asks no provider'],
  [/^HEAD \/api\/(expert|client)\/videocall\/url 504$/, 'HEAD asks no provider; only a store that hangs would do'],
];

// Where a preflight finds nobody.
const nowhere = 'https://127.0.0.1:9';
const hookSecret = 'secret-of-the-webhooks';
const bbb = `[providers.bbb]
type = "bigbluebutton"
url = "${nowhere}/bigbluebutton/"
secret = "${bbbSecret}"
`;

let fake, slow, twirp, door, strict, busy, demo, contract;

before(async () => {
  fake = await Fake100ms.start();
  slow = await Fake100ms.start();
  twirp = await FakeLiveKit.start();
  const trusted = '[proxy]\ntrusted = ["127.0.0.1"]\n';
  const slowLimits = '[limits.ip]\nrate = 1\nper = "hour"\nburst = 1\n';
  [door, strict, busy, demo] = await Promise.all([
    Stagedoor.start({ top: 'default_provider = "hms"', providers: provider(fake, `webhook_secret = "${hookSecret}"`, nowhere) + provider(fake, '', nowhere).replace('.hms]', '.away]') + livekit(twirp, 'create_rooms = true') + livekit(twirp, 'create_rooms = true', 'livekit-away') + bbb, extra: trusted + '[rooms]\nprepare_before = "0s"\n[join]\ntimeout = "600ms"\n' }),
    Stagedoor.start({ limits: slowLimits, extra: trusted + '[pages]\nenabled = false\n' }),
    Stagedoor.start({ top: 'default_provider = "hms"', providers: provider(slow, `webhook_secret = "${hookSecret}"`) + bbb, extra: '[rooms]\nprepare_before = "0s"\n[overload]\nwaiting_max = 1\n', env: { STAGEDOOR__SERVER__THREADS: '1' } }).catch((error) => error),
    Stagedoor.demo(),
  ]);
  if (busy instanceof Error) throw busy;
  contract = new Contract((await door.api('/openapi.json')).json);
});
after(async () => {
  await Promise.all([door, strict, busy, demo].map((one) => one?.stop?.()));
  await fake?.stop();
  await slow?.stop();
  await twirp?.stop();
});

const service = { authorization: `Bearer ${serviceKey}` };
const json = { 'content-type': 'application/json' };
const expert = { authorization: `Bearer ${session()}` };
const client = { authorization: `Bearer ${session({ sub: 'client-1', role: 'client' })}` };

// Asks and holds the answer against the document.
async function ask(method, target, { headers = {}, body, at = door } = {}) {
  const answer = await at.api(target, { method, headers, body });
  contract.check(method, target.split('?')[0], answer);
  return answer.status;
}

test('the document is a valid OpenAPI 3.1 document', async () => {
  const result = await new Validator().validate(structuredClone(contract.document));
  assert.ok(result.valid, JSON.stringify(result.errors, null, 1));
  assert.match(contract.document.openapi, /^3\.1\./);
  const ids = Object.values(contract.document.paths).flatMap((path) => Object.values(path).map((one) => one.operationId)).filter(Boolean);
  assert.equal(new Set(ids).size, ids.length);
});

test('the service\'s routes answer as documented', async () => {
  const at = (room) => `/api/bookings/${room}`;
  const good = JSON.stringify(booking());
  assert.equal(await ask('PUT', at('one'), { headers: { ...service, ...json }, body: good }), 201);
  assert.equal(await ask('PUT', at('one'), { headers: { ...service, ...json }, body: good }), 200);
  assert.equal(await ask('PUT', at('two'), { headers: { ...service, ...json }, body: good }), 201);
  assert.equal(await ask('GET', at('one'), { headers: service }), 200);
  assert.equal(await ask('HEAD', at('one'), { headers: service }), 200);
  assert.equal(await ask('GET', '/api/bookings', { headers: service }), 200);
  assert.equal(await ask('GET', '/api/bookings?limit=1&userId=expert-1&from=2020-01-01T00:00:00Z', { headers: service }), 200);
  assert.equal(await ask('HEAD', '/api/bookings', { headers: service }), 200);
  assert.equal(await ask('POST', at('one') + '/end', { headers: service }), 200);
  const revoke = '/api/sessions/revoke';
  const revoked = JSON.stringify({ userId: 'nobody' });
  assert.equal(await ask('POST', revoke, { headers: { ...service, ...json }, body: revoked }), 200);
  assert.equal(await ask('POST', revoke, { headers: { ...service, ...json }, body: '{}' }), 400);
  assert.equal(await ask('POST', revoke, { headers: { ...expert, ...json }, body: revoked }), 401);
  assert.equal(await ask('POST', revoke, { headers: service, body: revoked }), 415);
  assert.equal(await ask('POST', revoke, { headers: { ...service, ...json }, body: 'x'.repeat(70_000) }), 413);
  assert.equal(await ask('DELETE', at('two'), { headers: service }), 200);
  assert.equal(await ask('GET', at('two'), { headers: service }), 200);

  assert.equal(await ask('PUT', at('one'), { headers: { ...service, ...json }, body: '{"surprise":1,"participants":[{}]}' }), 422);
  assert.equal(await ask('PUT', at('one'), { headers: { ...service, ...json }, body: '{' }), 422);
  assert.equal(await ask('PUT', at('one'), { headers: { ...service, 'content-type': 'text/plain' }, body: good }), 415);
  assert.equal(await ask('PUT', at('one'), { headers: { ...service, ...json }, body: 'x'.repeat(70_000) }), 413);
  for (const query of ['limit=0', 'cursor=!', 'from=yesterday', 'limit=1&limit=1', 'userId='])
    assert.equal(await ask('GET', '/api/bookings?' + query, { headers: service }), 400, query);
  assert.equal(await ask('HEAD', '/api/bookings?limit=0', { headers: service }), 400);
  const operations = [['GET', '/api/bookings'], ['GET', at('x')], ['HEAD', at('x')], ['PUT', at('x')], ['DELETE', at('x')], ['POST', at('x') + '/end']];
  for (const [method, path] of operations) {
    const body = method === 'PUT' ? good : undefined;
    const bad = path.replace('/x', '/x%20y');
    if (bad !== path) assert.equal(await ask(method, bad, { headers: { ...service, ...json }, body }), 400, bad);
    if (bad !== path && method !== 'PUT') assert.equal(await ask(method, path, { headers: service }), 404, path);
    assert.equal(await ask(method, path, { headers: { ...expert, ...json }, body }), 401);
  }
});

test('the join answers as documented', async () => {
  for (const [role, who, other] of [['expert', expert, client], ['client', client, expert]]) {
    const path = `/api/${role}/videocall/url`;
    const at = (room, more = '') => `${path}?roomId=${room}${more}`;
    const both = async (room, headers, status) => {
      for (const method of ['GET', 'HEAD']) assert.equal(await ask(method, at(room), { headers }), status, `${method} ${room}`);
    };
    const made = async (change) => {
      const room = randomRoom();
      assert.equal((await door.book(room, change)).status, 201);
      return room;
    };
    const open = await made();
    await both(open, who, 200);
    assert.equal(await ask('GET', at(open, '&userName=Zo%C3%AB'), { headers: who }), 200);
    for (const method of ['GET', 'HEAD']) assert.equal(await ask(method, at(open), { headers: { ...who, 'sec-purpose': 'prefetch' } }), 204);
    assert.equal(await ask('GET', at(open), { headers: { ...who, accept: 'text/event-stream' } }), 200);
    assert.equal(await ask('GET', at(await made()), { headers: { ...who, accept: 'text/event-stream' } }), 200);
    assert.equal(await ask('GET', at('nowhere'), { headers: { ...who, accept: 'text/event-stream' } }), 200);
    await both('a%20b', who, 400);
    await both(`${open}&roomId=x`, who, 400);
    await both(open, {}, 401);
    await both(open, { authorization: `Bearer ${session({ exp: 1_000_000_000 })}` }, 401);
    await both(open, other, 403);
    await both(open, { authorization: `Bearer ${session({ sub: 'stranger', role })}` }, 403);
    await both('nowhere', who, 404);
    await both(await made({ startsAt: rfc3339(Date.now() + 9e6), endsAt: rfc3339(Date.now() + 1e7) }), who, 403);
    await both(await made({ startsAt: rfc3339(Date.now() - 9e7), endsAt: rfc3339(Date.now() - 8.9e7) }), who, 410);
    const ended = await made();
    await door.service('POST', `/api/bookings/${ended}/end`);
    await both(ended, who, 410);
    const cancelled = await made();
    await door.service('DELETE', `/api/bookings/${cancelled}`);
    await both(cancelled, who, 410);

    // Bookings of later today: nothing is prepared for them ahead of the join.
    const later = { startsAt: rfc3339(Date.now() + 600_000), endsAt: rfc3339(Date.now() + 4e6) };
    const troubled = async (act, status, provider = 'hms') => {
      const room = await made({ ...later, provider });
      fake.misbehave(act, { times: 100 });
      try {
        assert.equal(await ask('GET', at(room), { headers: who }), status);
      } finally {
        fake.heal();
      }
    };
    await troubled((_, response) => response.writeHead(401, json).end('{"code":401,"message":"no"}'), 502);
    await troubled((_, response) => response.writeHead(503, { ...json, 'retry-after': '5' }).end('{}'), 503, 'away');
    await troubled(() => {}, 504);
  }
});

test('the token endpoint of LiveKit\'s clients answers as documented', async () => {
  const path = '/api/livekit/token';
  const token = (room, headers = expert, query = '') => ask('POST', path + query, { headers: { ...headers, ...json }, body: JSON.stringify({ room_name: room }) });
  const made = async (change) => {
    const room = randomRoom();
    assert.equal((await door.book(room, { provider: 'livekit', ...change })).status, 201);
    return room;
  };
  const open = await made();
  assert.equal(await token(open), 201);
  assert.equal(await token(open, client), 201);
  assert.equal(await token(open, client, '?role=client'), 201);
  assert.equal(await token(open, client, '?role=boss'), 400);
  assert.equal(await token(await made({ provider: 'hms' })), 400);
  assert.equal(await token('a b'), 400);
  assert.equal(await token(open, {}), 401);
  assert.equal(await token(open, { authorization: `Bearer ${session({ sub: 'stranger' })}` }), 403);
  assert.equal(await token('nowhere'), 404);
  assert.equal(await token(await made({ startsAt: rfc3339(Date.now() - 9e7), endsAt: rfc3339(Date.now() - 8.9e7) })), 410);
  assert.equal(await ask('POST', path, { headers: { ...expert, ...json }, body: 'x'.repeat(70_000) }), 413);
  assert.equal(await ask('POST', path, { headers: expert, body: '{}' }), 415);
  const later = { startsAt: rfc3339(Date.now() + 600_000), endsAt: rfc3339(Date.now() + 4e6) };
  for (const [act, status, at] of [
    [(_, response) => response.writeHead(403, json).end('{}'), 502, 'livekit'],
    [(_, response) => response.writeHead(503, { ...json, 'retry-after': '5' }).end('{}'), 503, 'livekit-away'],
    [() => {}, 504, 'livekit'],
  ]) {
    const room = await made({ ...later, provider: at });
    twirp.misbehave(act, { times: 100 });
    assert.equal(await token(room), status);
    twirp.heal();
  }
});

// As 100ms sends it.
function report(body = { id: crypto.randomUUID(), type: 'session.open.success', timestamp: rfc3339(Date.now()), data: { room_name: 'sd-' + '0'.repeat(40) } }) {
  return { headers: { ...json, 'x-stagedoor-secret': hookSecret }, body: typeof body === 'string' ? body : JSON.stringify(body) };
}

test('webhooks answer as documented', async () => {
  assert.equal(await ask('POST', '/webhooks/hms', report()), 200);
  assert.equal(await ask('POST', '/webhooks/hms', report('{}')), 400);
  assert.equal(await ask('POST', '/webhooks/hms', { ...report(), headers: json }), 401);
  assert.equal(await ask('POST', '/webhooks/away', report()), 404);
  assert.equal(await ask('GET', '/webhooks/bbb?' + endOf('sd-' + '0'.repeat(40))), 200);
  assert.equal(await ask('GET', '/webhooks/bbb?meeting=x'), 401);
  assert.equal(await ask('GET', '/webhooks/bbb?meeting=%zz'), 400);
  assert.equal(await ask('GET', '/webhooks/nobody'), 404);
  const notSo = await door.api('/webhooks/hms');
  assert.deepEqual([notSo.status, notSo.headers.get('allow')], [405, 'POST, OPTIONS']);
  assert.equal(await ask('POST', '/webhooks/nobody', report()), 404);
  assert.equal(await ask('POST', '/webhooks/hms', report('x'.repeat(70_000))), 413);
  assert.equal(await ask('POST', '/webhooks/hms', { ...report(), headers: { ...report().headers, 'content-encoding': 'gzip' } }), 415);
});

test('the caller\'s own bookings answer as documented', async () => {
  for (const [role, who, other] of [['expert', expert, client], ['client', client, expert]]) {
    const path = `/api/${role}/bookings`;
    assert.equal(await ask('GET', path, { headers: who }), 200);
    assert.equal(await ask('GET', path + '?limit=1', { headers: who }), 200);
    assert.equal(await ask('HEAD', path, { headers: who }), 200);
    assert.equal(await ask('GET', path + '?limit=x', { headers: who }), 400);
    assert.equal(await ask('GET', path + '?cursor=!', { headers: who }), 400);
    assert.equal(await ask('GET', path), 401);
    assert.equal(await ask('HEAD', path), 401);
    assert.equal(await ask('GET', path, { headers: other }), 403);
  }
});

test('what every route has: options, refused methods, https, rate limits', async () => {
  // Drains the only token of an address.
  const drained = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https' };
  await strict.api('/nothing', { headers: drained });
  let visitors = 0;
  const plain = { 'x-forwarded-for': '203.0.113.10', 'x-forwarded-proto': 'http' };
  for (const [template, operations] of Object.entries(contract.document.paths)) {
    const path = template.replace('{roomId}', 'x').replace('{provider}', 'hms').replace('{ticket}', 'x');
    // The demo's own, and those of the built-in room, which the other servers do not have.
    const inDemo = /^\/($|demo\/|room\/|assets\/room)/.test(path);
    const isPage = /^\/(expert\/|client\/|test-videocall|api\/preflight|assets\/(test|pages|icon))/.test(path);
    const at = inDemo ? demo : door;
    assert.equal(await ask('OPTIONS', path, { at }), 204);
    assert.equal(await ask('PATCH', path, { at }), 405);
    for (const method of Object.keys(operations).filter((one) => one !== 'parameters')) {
      assert.equal(await ask(method.toUpperCase(), path, { headers: plain }), 403, path);
      assert.equal(await ask(method.toUpperCase(), path, { headers: drained, at: strict }), 429, path);
      if (inDemo && method !== 'options') assert.equal(await ask(method.toUpperCase(), path), 404, path);
      if (!isPage || method === 'options') continue;
      const first = { 'x-forwarded-for': `198.51.100.${++visitors}`, 'x-forwarded-proto': 'https' };
      assert.equal(await ask(method.toUpperCase(), path, { headers: first, at: strict }), 404, path);
    }
  }
});

test('pages, keys and the document itself answer as documented', async () => {
  for (const method of ['GET', 'HEAD']) {
    assert.equal(await ask(method, '/.well-known/jwks.json'), 200);
    assert.equal(await ask(method, '/openapi.json'), 200);
    assert.equal(await ask(method, '/', { at: demo }), 302);
    for (const path of ['/assets/room.js', '/assets/room.css']) assert.equal(await ask(method, path, { at: demo }), 200, path);
    const own = ['/test-videocall', '/assets/test.js', '/assets/pages.css', '/assets/icon.svg', '/assets/videocall.js', '/api/preflight', '/api/preflight/framing?provider=hms'];
    for (const path of [...own, '/expert/videocall/room-42?userName=Ada', '/client/videocall/room-42']) assert.equal(await ask(method, path), 200, path);
    for (const role of ['expert', 'client']) assert.equal(await ask(method, `/${role}/videocall/a%20b`), 400);
    assert.equal(await ask(method, '/api/preflight/framing?provider=nobody'), 400);
  }
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const login = (body, headers = form) => ask('POST', '/demo/login', { at: demo, headers, body });
  assert.equal(await login('user=expert-1&role=expert'), 303);
  assert.equal(await login('user=expert-1&role=expert&room=test_room'), 303);
  assert.equal(await login('user=nobody&role=expert'), 400);
  assert.equal(await login('user=expert-1', { 'content-type': 'text/plain' }), 415);
  assert.equal(await login('x'.repeat(5_000)), 413);
  assert.equal(await ask('GET', '/nothing'), 404);
});

test('the built-in room answers as documented', async () => {
  const logged = await demo.api('/demo/login', { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'user=expert-1&role=expert' });
  const cookie = logged.headers.get('set-cookie').split(';')[0];
  const joined = await demo.api('/api/expert/videocall/url?roomId=test_room', { headers: { cookie } });
  assert.equal(joined.status, 200, joined.text);
  const { pathname, search, searchParams } = new URL(joined.json.videoCallUrl);
  for (const method of ['GET', 'HEAD']) assert.equal(await ask(method, pathname + search, { at: demo }), 200);
  const token = { authorization: `Bearer ${searchParams.get('token')}` };
  const bye = JSON.stringify({ page: 'p'.repeat(22), type: 'bye' });
  assert.equal(await ask('POST', pathname + '/signal', { at: demo, headers: { ...token, ...json }, body: bye }), 200);
  assert.equal(await ask('POST', pathname + '/signal', { at: demo, headers: json, body: bye }), 401);
  assert.equal(await ask('GET', pathname + '/events', { at: demo }), 401);
});

test('tickets are opened as documented', async () => {
  // The pages of /go are for people; the rest of its answers are problems, as everywhere.
  for (const method of ['GET', 'HEAD']) {
    const answer = await door.api('/go/x', { method });
    assert.equal(answer.status, 404);
    contract.one(method.toLowerCase(), '/go/{ticket}', answer, answer.headers.get('content-type')?.split(';')[0] ?? null);
    assert.equal(await ask(method, '/go/x', { headers: { purpose: 'prefetch' } }), 204);
  }
});

test('the document is of this version', async () => {
  assert.equal(contract.document.info.version, spawnSync(binary, ['version'], { encoding: 'utf8' }).stdout.match(/\d+\.\d+\.\d+/)[0]);
});

test('an overloaded server says so as documented', { timeout: 20_000 }, async () => {
  const held = randomRoom();
  await busy.book(held, { startsAt: rfc3339(Date.now() + 600_000), endsAt: rfc3339(Date.now() + 4e6) });
  let arrived;
  const reached = new Promise((done) => (arrived = done));
  let release = () => {};
  slow.misbehave((_, response) => ((release = () => response.destroy()), arrived()), { times: 1 });
  const waiting = busy.join(held);
  await reached;
  for (const method of ['GET', 'HEAD'])
    for (const [role, headers] of [['expert', expert], ['client', client]]) {
      assert.equal(await ask(method, `/api/${role}/videocall/url?roomId=${randomRoom()}`, { headers, at: busy }), 503);
      assert.equal(await ask(method, `/api/${role}/bookings`, { headers, at: busy }), 503);
      assert.equal(await ask(method, '/api/preflight/framing?provider=hms', { at: busy }), 503);
    }
  const path = '/api/bookings/x';
  for (const [method, at] of [['GET', '/api/bookings'], ['GET', path], ['PUT', path], ['DELETE', path], ['POST', path + '/end']])
    assert.equal(await ask(method, at, { headers: { ...service, ...json }, body: method === 'PUT' ? JSON.stringify(booking()) : undefined, at: busy }), 503);
  assert.equal(await ask('POST', '/api/livekit/token', { headers: { ...expert, ...json }, body: JSON.stringify({ room_name: randomRoom() }), at: busy }), 503);
  assert.equal(await ask('POST', '/webhooks/hms', { ...report(), at: busy }), 503);
  assert.equal(await ask('GET', '/webhooks/bbb?' + endOf('sd-' + '0'.repeat(40)), { at: busy }), 503);
  assert.equal(await ask('POST', '/api/sessions/revoke', { headers: { ...service, ...json }, body: '{"userId":"u"}', at: busy }), 503);
  release();
  await waiting;
});

test('what is not HTTP enough is answered with a problem of the document', async () => {
  const raw = {
    400: 'GET / HTTP/1.1\r\n\r\n',
    414: `GET /${'a'.repeat(70_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    417: 'PUT /api/bookings/x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: magic\r\n\r\n12345',
    431: `GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(70_000)}\r\n\r\n`,
    501: 'PUT /api/bookings/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n',
    505: 'GET / HTTP/2.0\r\nHost: x\r\n\r\n',
  };
  for (const [status, bytes] of Object.entries(raw)) {
    const { text } = await exchange(door.port, bytes);
    const [head, body] = [text.slice(0, text.indexOf('\r\n\r\n')), text.slice(text.indexOf('\r\n\r\n') + 4)];
    assert.match(head, new RegExp(`^HTTP/1.1 ${status} `));
    const headers = new Headers(head.split('\r\n').slice(1).map((line) => line.split(/: (.*)/).slice(0, 2)));
    if (status !== '400') contract.check('GET', '/', { status: Number(status), headers, text: body });
    contract.fitsSchema('Problem', JSON.parse(body));
    assert.equal(headers.get('cache-control'), 'no-store');
  }
});

test('every documented status was seen, or cannot be', () => {
  const missing = contract.documented.filter((one) => !contract.seen.has(one) && !unreachable.some(([pattern]) => pattern.test(one)));
  assert.deepEqual(missing, []);
  const idle = unreachable.filter(([pattern]) => !contract.documented.some((one) => pattern.test(one)));
  assert.deepEqual(idle, [], 'excuses for what is not documented');
  const seen = unreachable.filter(([pattern]) => contract.documented.some((one) => pattern.test(one) && contract.seen.has(one)));
  assert.deepEqual(seen, [], 'said to be unreachable, and reached');
});

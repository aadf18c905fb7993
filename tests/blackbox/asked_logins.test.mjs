// Sessions that another server knows: the marketplace's callback, token introspection, and what a trusted proxy says.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { eventually } from './support/eventually.mjs';
import { sessionOnly } from './support/fake_login.mjs';
import { Stagedoor, configuration, explainToken, onlineCheck } from './support/stagedoor.mjs';

class FakeServer {
  static async start(answer) {
    const fake = new FakeServer();
    fake.calls = [];
    fake.answer = answer;
    fake.server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      fake.calls.push({ method: request.method, url: request.url, headers: request.headers, body });
      const { status = 200, json, wait = 0, headers = {} } = fake.answer(request, body);
      await new Promise((done) => setTimeout(done, wait));
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(json ?? null));
    });
    await new Promise((done) => fake.server.listen(0, '127.0.0.1', done));
    fake.url = `http://127.0.0.1:${fake.server.address().port}/session`;
    return fake;
  }
  async stop() {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}

const sessions = { good: { user: { id: 'expert-1', name: 'Ada', role: 'expert' }, session: { expiresAt: '2099-01-01T00:00:00.000Z' } } };
const known = (request) => {
  const id = /sid=(\w+)/.exec(request.headers.cookie ?? '')?.[1] ?? /Bearer (\w+)/.exec(request.headers.authorization ?? '')?.[1];
  return { json: sessions[id] ?? null };
};
const callback = (fake, more = '') => `[session.callback]
url = "${fake.url}"
cookies = ["sid"]
user_claim = "user.id"
name_claim = "user.name"
role_claims = ["user.role"]
expires_claim = "session.expiresAt"
${more}
`;

let fake, door;
before(async () => {
  fake = await FakeServer.start(known);
  door = await Stagedoor.start({ toml: sessionOnly(configuration, callback(fake)) });
  assert.equal((await door.book('open')).status, 201);
});
after(async () => {
  await door?.stop();
  await fake?.stop();
});
const withCookie = (cookie, headers = {}, at = door) => at.join('open', { token: null, headers: { cookie, ...headers } });

test('check-config --online asks each login about a session that nobody has', async () => {
  const toml = (table) => sessionOnly(configuration, table)({ port: 3002, adminPort: 9464, folder: '/tmp' });
  const good = await onlineCheck(toml(callback(fake)));
  assert.equal(good.code, 0, good.printed);
  assert.match(good.printed, /session\.callback +good: /);
  assert.match(fake.calls.at(-1).headers.cookie, /^sid=stagedoor-check/);
  const open = await FakeServer.start(() => ({ json: { user: { id: 'anybody' } } }));
  assert.match((await onlineCheck(toml(callback(open)))).printed, /session\.callback +FAILED: it lets in/);
  const strict = await FakeServer.start(() => ({ status: 401, json: {} }));
  const table = `[session.introspection]\nurl = "${strict.url}"\nclient_id = "door"\nclient_secret = "k9Xw3vTq7LmZ2bRn"\n`;
  const refused = await onlineCheck(toml(table));
  assert.equal(refused.code, 1);
  assert.match(refused.printed, /session\.introspection +FAILED: .*401/);
  assert.ok(!refused.printed.includes('k9Xw3vTq7LmZ2bRn'));
  for (const one of [open, strict]) await one.stop();
});

test('explain --token asks the marketplace as the server would', async () => {
  const good = await explainToken(door.file, 'Cookie: lang=de; sid=good');
  assert.equal(good.code, 0, good.out);
  assert.match(good.out, /found +passed[^]*issuer +passed .*session\.callback[^]*user +passed .*expert-1 with the role expert[^]*decision +accepted/);
  assert.equal(fake.calls.at(-1).headers.cookie, 'sid=good', 'nothing else of the visitor’s is passed on');
  assert.equal((await explainToken(door.file, 'Bearer good')).code, 0);
  const bad = await explainToken(door.file, 'sid=nobody-of-this-marketplace');
  assert.equal(bad.code, 1);
  assert.match(bad.out, /user +failed .*knows no session[^]*decision +refused/);
});

test("LiveKit's token endpoint asks the marketplace too", async () => {
  const own = await Stagedoor.start({
    toml: sessionOnly((at) => configuration({ ...at, providers: '[providers.calls]\ntype = "livekit"\nurl = "https://calls.example.com"\napi_key = "APIw3xk7Qd2mN9p"\n' +
      'secret = "nL4tX8wQ2pH6vM9bvT9mK2xQ7sLpB4wY"\n' }), callback(fake)),
  });
  try {
    assert.equal((await own.book('open')).status, 201);
    const ask = (sid) => own.api('/api/livekit/token',
      { method: 'POST', headers: { 'content-type': 'application/json', cookie: `sid=${sid}` }, body: '{"room_name":"open"}' });
    const good = await ask('good');
    assert.equal(good.status, 201, good.text);
    assert.equal(JSON.parse(Buffer.from(good.json.participant_token.split('.')[1], 'base64url')).sub, 'expert-1');
    assert.equal((await ask('forged')).status, 401);
  } finally {
    await own.stop();
  }
});

test('the marketplace is asked once, with the named cookie and nothing else of the caller', async () => {
  const before = fake.calls.length;
  const answers = await Promise.all(Array.from({ length: 40 }, () => withCookie('secret=1; sid=good; theme=dark', { 'x-private': '1' })));
  for (const answer of answers) assert.equal(answer.status, 200, answer.text);
  const calls = fake.calls.slice(before);
  assert.ok(calls.length <= 2, `${calls.length} questions of two shards`);
  assert.equal(calls[0].headers.cookie, 'sid=good');
  assert.equal(calls[0].headers['x-private'], undefined);
  assert.equal(calls[0].headers.authorization, undefined);
});

test('where no answer counts twice, a join that waits for nothing else asks once', async () => {
  const own = await Stagedoor.start({ toml: (options) => sessionOnly(configuration, callback(fake, 'good_for = "0s"'))(options).replace('threads = 2', 'threads = 1') });
  await own.book('open');
  assert.equal((await withCookie('sid=good', {}, own)).status, 200);
  const before = fake.calls.length;
  for (let i = 0; i < 5; i++) assert.equal((await withCookie('sid=good', {}, own)).status, 200);
  assert.equal(fake.calls.length, before + 5);
  await own.stop();
});

test('a bearer is passed on as a bearer', async () => {
  assert.equal((await door.join('open', { token: 'good' })).status, 200);
  assert.equal(fake.calls.at(-1).headers.authorization, 'Bearer good');
});

test('refusals are remembered too', async () => {
  for (let i = 0; i < 10; i++) assert.equal((await withCookie('sid=nobody')).status, 401);
  assert.ok(fake.calls.filter((call) => call.headers.cookie === 'sid=nobody').length <= 2);
});

test('streams and lists of bookings ask as well', async () => {
  const answer = await fetch(`${door.base}/api/expert/videocall/url?roomId=open`, { headers: { cookie: 'sid=good; a=1', accept: 'text/event-stream' } });
  assert.match(await answer.text(), /event: url/);
  const own = await door.api('/api/expert/bookings', { headers: { cookie: 'sid=good' } });
  assert.equal(own.json.bookings.length, 1, own.text);
});

test('a login that is slow or fails is unavailable, and is left alone after a while', async () => {
  const broken = await FakeServer.start(() => ({ status: 500, json: {} }));
  const own = await Stagedoor.start({ toml: (options) => sessionOnly(configuration, callback(broken, 'timeout = "200ms"'))(options).replace('threads = 2', 'threads = 1') });
  await own.book('open');
  for (let i = 0; i < 30; i++) {
    const answer = await withCookie(`sid=user${i}`, {}, own);
    assert.deepEqual([answer.status, answer.json.code], [503, 'login_unavailable'], answer.text);
    assert.ok(Number(answer.headers.get('retry-after')) >= 1);
  }
  assert.ok(broken.calls.length <= 8, `${broken.calls.length} calls`);
  assert.match(await own.metrics(), /login_questions_total\{kind="callback",outcome="circuit_open"\} [1-9]/);
  broken.answer = known;
  const answer = await eventually(async () => {
    const told = await withCookie('sid=good', {}, own);
    return told.status !== 503 && told;
  });
  assert.equal(answer.status, 200, answer.text);
  broken.answer = () => ({ wait: 6_000, json: sessions.good });
  const began = Date.now();
  assert.equal((await withCookie('sid=slow', {}, own)).status, 503);
  assert.ok(Date.now() - began < 4_500);
  await own.stop();
  await broken.stop();
});

test('a login that is asked too often puts off whom it names, for as long as it says, and nobody else', async () => {
  const busy = await FakeServer.start((request) => (/sid=busy/.test(request.headers.cookie) ? { status: 429, headers: { 'retry-after': '17' } } : known(request)));
  const own = await Stagedoor.start({ toml: sessionOnly(configuration, callback(busy)) });
  try {
    await own.book('open');
    for (let i = 0; i < 12; i++) {
      const answer = await withCookie(`sid=busy${i % 6}`, {}, own);
      assert.deepEqual([answer.status, answer.json.code, answer.headers.get('retry-after')], [503, 'login_unavailable', '17'], answer.text);
    }
    assert.ok(busy.calls.length <= 12, `${busy.calls.length} questions about six sessions, of two shards`);
    assert.equal((await withCookie('sid=good', {}, own)).status, 200);
  } finally {
    await own.stop();
    await busy.stop();
  }
});

test('introspection: active tokens are let in, others not, and the client proves itself', async () => {
  const tokens = {
    good: { active: true, sub: 'expert-1', aud: 'door', exp: 4_000_000_000 },
    over: { active: true, sub: 'expert-1', aud: 'door', exp: 1_000_000_000 },
    elsewhere: { active: true, sub: 'expert-1', aud: 'shop', exp: 4_000_000_000 },
  };
  const login = await FakeServer.start((request, body) => ({ json: tokens[new URLSearchParams(body).get('token')] ?? { active: false } }));
  const table = `audience = "door"\n[session.introspection]\nurl = "${login.url}"\nclient_id = "door:1"\nclient_secret = "k9Xw3vTq7LmZ2bRn"\n`;
  const own = await Stagedoor.start({ toml: sessionOnly(configuration, table) });
  await own.book('open');
  const status = async (token) => (await own.join('open', { token })).status;
  assert.equal(await status('good'), 200);
  assert.equal(await status('over'), 401);
  assert.equal(await status('elsewhere'), 401);
  assert.equal(await status('unknown'), 401);
  const call = login.calls[0];
  assert.equal(call.method, 'POST');
  assert.equal(call.headers.authorization, 'Basic ' + Buffer.from('door%3A1:k9Xw3vTq7LmZ2bRn').toString('base64'));
  assert.equal(call.headers['content-type'], 'application/x-www-form-urlencoded');
  login.answer = () => ({ status: 401, json: {} });
  assert.equal(await status('another'), 503, 'our own credentials are not the caller’s fault');
  await own.stop();
  await login.stop();
});

test('a session that is told with its age or id can be taken back here, whatever the login says', async () => {
  const made = Math.floor(Date.now() / 1000) - 100;
  const tokens = { named: { jti: 'told-1' }, other: { jti: 'told-2' }, dated: { iat: made }, young: { iat: made + 90 }, bare: {}, ancient: { iat: made - 91 * 86_400 } };
  const login = await FakeServer.start((request, body) => ({ json: { active: true, sub: 'expert-1', ...tokens[new URLSearchParams(body).get('token')] } }));
  const table = `[session.introspection]\nurl = "${login.url}"\nclient_id = "door"\nclient_secret = "k9Xw3vTq7LmZ2bRn"\n`;
  const own = await Stagedoor.start({ toml: sessionOnly(configuration, table) });
  await own.book('open');
  const let_in = async () => {
    const out = [];
    for (const token of Object.keys(tokens)) {
      const said = new Set();
      for (let n = 0; n < 6; n++) said.add((await own.join('open', { token })).status); // on either shard
      assert.equal(said.size, 1, token);
      if (said.has(200)) out.push(token);
    }
    return out.join(' ');
  };
  const revoke = async (body) => assert.equal((await own.service('POST', '/api/sessions/revoke', body)).status, 200);
  assert.equal(await let_in(), 'named other dated young bare', 'older than what is kept of revocations is too old');
  await revoke({ tokenId: 'told-1' });
  assert.equal(await let_in(), 'other dated young bare');
  await revoke({ userId: 'expert-1', before: new Date((made + 50) * 1000).toISOString() });
  assert.equal(await let_in(), 'other young bare');
  const { code, out } = await explainToken(own.file, 'named');
  assert.deepEqual([code, /not_revoked\s+failed/.test(out)], [1, true], out);
  await own.stop();
  await login.stop();
});

test('what proxies say counts only where they are trusted', async () => {
  const table = '[session.headers]\nuser = "X-Auth-User"\nroles = "X-Auth-Roles"\n';
  const headers = { 'x-auth-user': 'expert-1', 'x-auth-roles': 'staff, expert', 'x-forwarded-proto': 'https' };
  const trusting = await Stagedoor.start({ toml: sessionOnly(configuration, table), extra: '[proxy]\ntrusted = ["127.0.0.1"]\n' });
  const careful = await Stagedoor.start({ toml: sessionOnly(configuration, table), extra: '[proxy]\ntrusted = ["10.9.8.7"]\n' });
  for (const own of [trusting, careful]) await own.book('open');
  const ask = (own, with_ = headers) => own.join('open', { token: null, headers: with_ });
  assert.equal((await ask(trusting)).status, 200);
  assert.equal((await ask(careful)).status, 401);
  assert.equal((await ask(trusting, { ...headers, 'x-auth-user': 'stranger' })).json.code, 'not_assigned');
  assert.equal((await ask(trusting, { ...headers, 'x-auth-roles': 'client' })).json.code, 'wrong_role');
  assert.equal((await ask(trusting, { 'x-auth-roles': 'expert' })).status, 401);
  // The proxy knows people by a cookie of its own, which other sites' pages make browsers send too.
  const crossing = { ...headers, 'sec-fetch-site': 'cross-site' };
  assert.equal((await ask(trusting, crossing)).status, 401);
  assert.equal((await ask(trusting, { ...crossing, origin: 'https://evil.example' })).status, 401);
  assert.equal((await ask(trusting, { ...crossing, origin: trusting.base })).status, 200);
  assert.equal((await ask(trusting, { ...headers, 'sec-fetch-site': 'same-origin' })).status, 200);
  await trusting.stop();
  await careful.stop();
});

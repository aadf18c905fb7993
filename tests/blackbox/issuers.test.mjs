// Logins with keys by URL: discovery, rotation, a login that is away, and what a forger can make the server fetch.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SignJWT, generateKeyPair } from 'jose';
import { eventually } from './support/eventually.mjs';
import { FakeLogin, sessionOnly } from './support/fake_login.mjs';
import { Stagedoor, configuration, explainToken, freePort, onlineCheck, rfc3339 } from './support/stagedoor.mjs';

let login, other, door;
const issuerTable = (name, from, more = '') => `[session.issuers.${name}]\nissuer = "${from.issuer}"\n${more}\n`;

before(async () => {
  login = await FakeLogin.start({ path: '/realms/one' });
  other = await FakeLogin.start({ algorithm: 'RS256' });
  door = await Stagedoor.start({
    toml: sessionOnly(configuration, issuerTable('one', login, 'audience = "door"') + issuerTable('two', other, `jwks_url = "${other.origin}/keys"`)),
  });
  assert.equal((await door.book('open')).status, 201);
});
after(async () => {
  await door?.stop();
  await login?.stop();
  await other?.stop();
});

const join = (token) => door.join('open', { token });

test('tokens of several issuers are let in, and the keys are fetched once', async () => {
  const tokens = await Promise.all(Array.from({ length: 40 }, (_, n) => login.token({ aud: 'door', n })));
  const answers = await Promise.all(tokens.map(join));
  for (const answer of answers) assert.equal(answer.status, 200, answer.text);
  assert.equal((await join(await other.token())).status, 200);
  assert.equal(login.count('/openid-configuration'), 1);
  assert.equal(login.count('/keys'), 1);
  assert.equal(other.count('/openid-configuration'), 0);
});

test('an event stream knows them as well', async () => {
  await login.addKey('stream');
  const token = await login.token({ aud: 'door' }, { kid: 'stream' });
  const answer = await fetch(`${door.base}/api/expert/videocall/url?roomId=open`, { headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' } });
  const text = await answer.text();
  assert.match(text, /event: url/);
  const own = await door.api('/api/expert/bookings', { headers: { authorization: `Bearer ${token}` } });
  assert.equal(own.json.bookings.length, 1, own.text);
});

test('claims are judged by the rules of their issuer', async () => {
  assert.equal((await join(await login.token({ aud: 'elsewhere' }))).status, 401);
  assert.equal((await join(await login.token({ aud: 'door', iss: other.issuer }))).status, 401, 'keys do not cross issuers');
  assert.equal((await join(await login.token({ aud: 'door', iss: 'https://unknown.example' }))).status, 401);
});

test('forged tokens make nobody fetch anything', async () => {
  const evil = await FakeLogin.start();
  const { privateKey } = await generateKeyPair('ES256');
  const counts = [login.calls.length, other.calls.length];
  const headers = [
    { jku: `${evil.origin}/keys` }, { x5u: `${evil.origin}/cert` }, { jwk: (await evil.jwks()).keys[0] },
    { kid: `${evil.origin}/keys` }, { kid: '../../../../dev/null' }, { kid: "k1' OR '1'='1" },
  ];
  for (const header of headers) {
    const token = await new SignJWT({ sub: 'expert-1', aud: 'door' }).setProtectedHeader({ alg: 'ES256', kid: 'k1', ...header })
      .setIssuer(header.kid ? 'https://unknown.example' : login.issuer).setExpirationTime('1h').sign(privateKey);
    assert.equal((await join(token)).status, 401, JSON.stringify(header));
  }
  const fromEvil = await evil.token({ aud: 'door' });
  assert.equal((await join(fromEvil)).status, 401, 'an issuer that nobody configured');
  assert.equal(evil.calls.length, 0);
  assert.deepEqual([login.calls.length, other.calls.length], counts);
  await evil.stop();
});

test('a flood of unknown kids costs one fetch, and a new key is found by the first token that names it', async () => {
  const fresh = await FakeLogin.start();
  const own = await Stagedoor.start({ toml: sessionOnly(configuration, issuerTable('fresh', fresh)) });
  await own.book('open');
  assert.equal((await own.join('open', { token: await fresh.token() })).status, 200);
  await fresh.addKey('k2');
  assert.equal((await own.join('open', { token: await fresh.token({}, { kid: 'k2' }) })).status, 200);
  const before = fresh.count('/keys');
  const tokens = await Promise.all(Array.from({ length: 60 }, (_, n) => fresh.token({}, { header: { kid: `guess-${n}` } })));
  for (const answer of await Promise.all(tokens.map((token) => own.join('open', { token })))) assert.equal(answer.status, 401);
  assert.ok(fresh.count('/keys') - before <= 1, `${fresh.count('/keys') - before} fetches`);
  await own.stop();
  await fresh.stop();
});

test('a kid that cannot be looked for is no refusal: the login is unavailable, and the next good answer counts', async () => {
  const fresh = await FakeLogin.start();
  const own = await Stagedoor.start({ toml: sessionOnly(configuration, issuerTable('fresh', fresh)) });
  await own.book('open');
  assert.equal((await own.join('open', { token: await fresh.token() })).status, 200);
  await fresh.addKey('k2');
  fresh.act = (request, response) => (response.writeHead(500), response.end(), true);
  const token = await fresh.token({}, { kid: 'k2' });
  const refused = await own.join('open', { token });
  assert.deepEqual([refused.status, refused.json.code], [503, 'login_unavailable'], refused.text);
  assert.ok(Number(refused.headers.get('retry-after')) >= 1);
  assert.equal((await own.join('open', { token: await fresh.token() })).status, 200, 'keys that are known serve on');
  fresh.act = null;
  await eventually(async () => (await own.join('open', { token })).status === 200);
  await own.stop();
  await fresh.stop();
});

test('an issuer that moves while its keys are being fetched is believed at its new place alone', async () => {
  const { readFileSync, writeFileSync } = await import('node:fs');
  const [from, to] = [await FakeLogin.start(), await FakeLogin.start()];
  const iss = 'https://login.example.com';
  const table = (at) => `[session.issuers.moving]\nissuer = "${iss}"\njwks_url = "${at.origin}/keys"\n`;
  const own = await Stagedoor.start({ toml: sessionOnly(configuration, table(from)) });
  await own.book('open');
  const [old, fresh] = [await from.token({ iss }), await to.token({ iss })];
  assert.equal((await own.join('open', { token: old })).status, 200);
  await from.addKey('k2'); // the fetch that an unknown kid leads to takes longer than the move
  let asked;
  const slow = new Promise((done) => (asked = done));
  from.act = (request, response) => {
    asked();
    setTimeout(async () => response.end(JSON.stringify(await from.jwks())), 1_500);
    return true;
  };
  const stray = own.join('open', { token: await from.token({ iss }, { kid: 'k2' }) });
  await slow;
  writeFileSync(own.file, readFileSync(own.file, 'utf8').replace(from.origin, to.origin));
  own.child.kill('SIGHUP');
  await own.logged(/reloaded/);
  assert.equal((await stray).status, 401);
  await eventually(async () => (await own.join('open', { token: fresh })).status === 200);
  for (let n = 0; n < 12; n++) {
    assert.equal((await own.join('open', { token: old })).status, 401);
    assert.equal((await own.join('open', { token: fresh })).status, 200);
  }
  await own.stop();
  await from.stop();
  await to.stop();
});

test('a login that is down does not hinder the start; /readyz says so and heals by itself', async () => {
  const port = await freePort();
  const away = { issuer: `http://127.0.0.1:${port}` };
  const alone = await Stagedoor.start({ toml: sessionOnly(configuration, issuerTable('away', away) + issuerTable('one', login)) });
  await alone.book('open');
  const ready = await (await fetch(`${alone.admin}/readyz`)).text();
  assert.match(ready, /^ready\n[^]*login away/);
  assert.equal((await alone.join('open', { token: await login.token() })).status, 200);
  const key = (await generateKeyPair('ES256')).privateKey;
  const token = await new SignJWT({ sub: 'expert-1' }).setProtectedHeader({ alg: 'ES256', kid: 'k1' }).setIssuer(away.issuer).setExpirationTime('1h').sign(key);
  const refused = await alone.join('open', { token });
  assert.equal(refused.status, 503, refused.text);
  assert.equal(refused.json.code, 'login_unavailable');
  assert.ok(Number(refused.headers.get('retry-after')) >= 1);
  const back = await FakeLogin.start({ port });
  const answer = await eventually(async () => {
    const told = await alone.join('open', { token: await back.token() });
    return told.status !== 503 && told;
  }, 20_000);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(await (await fetch(`${alone.admin}/readyz`)).text(), 'ready\n');
  assert.match(await alone.metrics(), /login_keys_state\{issuer="away"\} 1/);
  await alone.stop();
  await back.stop();
});

test('where nobody could log in the server is not ready', async () => {
  const port = await freePort();
  const toml = sessionOnly(configuration, issuerTable('away', { issuer: `http://127.0.0.1:${port}` }));
  const lonely = await Stagedoor.start({ toml, readyStatus: 503 });
  assert.match(await (await fetch(`${lonely.admin}/readyz`)).text(), /no keys of the login away/);
  await lonely.stop();
});

test('redirects are not followed and huge answers are cut off', async () => {
  for (const act of [
    (request, response) => (response.writeHead(302, { location: `${login.origin}/keys` }), response.end(), true),
    (request, response) => (response.writeHead(200, { 'content-type': 'application/json' }), response.end('{"keys":[' + ' '.repeat(2 << 20) + ']}'), true),
  ]) {
    const odd = await FakeLogin.start();
    odd.act = act;
    const own = await Stagedoor.start({ toml: sessionOnly(configuration, issuerTable('odd', odd) + issuerTable('one', login)) });
    await own.book('open');
    const before = login.calls.length;
    assert.equal((await own.join('open', { token: await odd.token() })).status, 503);
    assert.ok(login.count('/keys') - before <= 1);
    await own.stop();
    await odd.stop();
  }
});

test('check-config names logins without an audience, and with --online asks each', async () => {
  const toml = (issuers) => sessionOnly(configuration, issuers)({ port: 3002, adminPort: 9464, folder: '/tmp' });
  const away = { issuer: `http://127.0.0.1:${await freePort()}` };
  const good = await onlineCheck(toml(issuerTable('one', login, 'audience = "door"') + issuerTable('other', other)));
  assert.equal(good.code, 0, good.printed);
  assert.match(good.printed, /login one +good: \d+ keys at http:.*\/keys\n/);
  assert.match(good.printed, /note: \[session\.issuers\.other\] names no audience/);
  assert.doesNotMatch(good.printed, /issuers\.one\] names no audience/);
  const bad = await onlineCheck(toml(issuerTable('away', away)));
  assert.equal(bad.code, 1);
  assert.match(bad.printed, /login away +FAILED: .*refused/i);
});

test('a key set whose address ends in a slash is fetched there', async () => {
  const slashed = await FakeLogin.start();
  // As some frameworks do it: without the slash there is a redirect, which nobody follows.
  slashed.act = (request, response) => {
    if (request.url !== '/jwks') return (request.url = request.url.replace(/^\/jwks\/$/, '/keys'), false);
    response.writeHead(301, { location: '/jwks/' });
    return response.end(), true;
  };
  const own = await Stagedoor.start({ toml: sessionOnly(configuration, issuerTable('slashed', slashed, `jwks_url = "${slashed.origin}/jwks/"`)) });
  await own.book('open');
  assert.equal((await own.join('open', { token: await slashed.token() })).status, 200, own.log);
  await own.stop();
  await slashed.stop();
});

test('SIGHUP takes other issuers over without losing those that stay', async () => {
  const { readFileSync, writeFileSync } = await import('node:fs');
  const late = await FakeLogin.start();
  const own = await Stagedoor.start({ toml: sessionOnly(configuration, issuerTable('one', login)) });
  await own.book('open');
  const token = await late.token();
  assert.equal((await own.join('open', { token })).status, 401);
  const fetched = login.count('/keys');
  writeFileSync(own.file, readFileSync(own.file, 'utf8') + issuerTable('late', late));
  own.child.kill('SIGHUP');
  await own.logged(/reloaded/);
  await eventually(async () => (await own.join('open', { token })).status === 200);
  assert.equal((await own.join('open', { token: await login.token() })).status, 200);
  assert.equal(login.count('/keys'), fetched);
  await own.stop();
  await late.stop();
});

test('explain --token says rule by rule why a session is not accepted, and never shows it', async () => {
  const explain = (token, more) => explainToken(door.file, token, more);
  const good = await explain(await login.token({ aud: 'door', jti: 'explained' }));
  assert.equal(good.code, 0, good.out);
  assert.match(good.out, /issuer +passed .*issuers\.one[^]*user +passed .*expert-1[^]*not_revoked +passed[^]*decision +accepted/);
  const elsewhere = await explain(await login.token({ aud: 'shop' }));
  assert.equal(elsewhere.code, 1);
  assert.match(elsewhere.out, /signature +passed[^]*claims +failed .*aud[^]*times +not checked[^]*decision +refused/);
  assert.equal((await door.service('POST', '/api/sessions/revoke', { tokenId: 'explained' })).status, 200);
  assert.match((await explain(await login.token({ aud: 'door', jti: 'explained' }))).out, /not_revoked +failed/);
  assert.match((await explain(await login.token({ aud: 'door' }, { life: '-1h' }))).out, /times +failed/);
  const yesterday = rfc3339(Date.now() - 86_400_000);
  assert.match((await explain(await login.token({ aud: 'door' }), ['--at', yesterday])).out, /times +failed .*lies ahead/);
  assert.equal((await explain('x', ['--at', 'yesterday'])).code, 2);
  assert.match((await explain('nonsense')).out, /shape +failed/);
  assert.equal((await explain(`\ufeffAuthorization: Bearer ${await login.token({ aud: 'door' })}\r\n`)).code, 0);
});

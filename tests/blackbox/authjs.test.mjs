// Session cookies of Auth.js 5 and NextAuth 4, made by the packages themselves.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { decode as decode5, encode as encode5 } from '@auth/core/jwt';
import { SessionStore } from './node_modules/@auth/core/lib/utils/cookie.js';
import { sessionOnly } from './support/fake_login.mjs';
import { Stagedoor, configuration } from './support/stagedoor.mjs';

const { encode: encode4, decode: decode4 } = createRequire(import.meta.url)('next-auth/jwt');
const secret = randomBytes(33).toString('base64');
const previous = randomBytes(33).toString('base64');
const cookie5 = 'authjs.session-token';
const cookie4 = 'next-auth.session-token';

let five, four;
before(async () => {
  const start = (version) =>
    Stagedoor.start({ toml: sessionOnly(configuration, `[session.authjs]\nversion = "${version}"\nsecret = "${secret}"\nprevious_secret = "${previous}"\n`) });
  [five, four] = [await start(5), await start(4)];
  for (const door of [five, four]) assert.equal((await door.book('open')).status, 201);
});
after(async () => {
  await five?.stop();
  await four?.stop();
});

const withCookie = (door, cookie, headers = {}) => door.join('open', { token: null, headers: { cookie, ...headers } });
const person = { sub: 'expert-1', name: 'Ada', email: 'ada@example.com', role: 'expert' };

test('a session of Auth.js 5 is known, with and without __Secure-', async () => {
  for (const name of [cookie5, `__Secure-${cookie5}`]) {
    const token = await encode5({ token: person, secret, salt: name });
    assert.equal((await decode5({ token, secret, salt: name })).sub, 'expert-1');
    for (let i = 0; i < 2; i++) {
      const answer = await withCookie(five, `theme=dark; ${name}=${token}; x=1`);
      assert.equal(answer.status, 200, answer.text);
    }
    // The salt is the cookie's name: under the other one it is nobody's.
    const other = name === cookie5 ? `__Secure-${cookie5}` : cookie5;
    assert.equal((await withCookie(four, `${other}=${token}`)).status, 401);
  }
});

test('a session of NextAuth 4 is known, with and without __Secure-', async () => {
  const token = await encode4({ token: person, secret });
  assert.equal((await decode4({ token, secret })).sub, 'expert-1');
  for (const name of [cookie4, `__Secure-${cookie4}`]) {
    const answer = await withCookie(four, `${name}=${token}`);
    assert.equal(answer.status, 200, answer.text);
  }
});

test('the two versions do not open each other’s cookies', async () => {
  const [a, b] = [await encode5({ token: person, secret, salt: cookie5 }), await encode4({ token: person, secret })];
  assert.equal((await withCookie(four, `${cookie4}=${a}`)).status, 401);
  assert.equal((await withCookie(five, `${cookie5}=${b}`)).status, 401);
});

test('cookies that the library cut into pieces are put together', async () => {
  const token = await encode5({ token: { ...person, permissions: Array.from({ length: 300 }, (_, n) => `permission-${n}`) }, secret, salt: cookie5 });
  const store = new SessionStore({ name: cookie5, options: {} }, {}, console);
  const pieces = store.chunk(token, {});
  assert.ok(pieces.length >= 2, `${token.length} characters`);
  const field = pieces.map(({ name, value }) => `${name}=${value}`);
  assert.equal((await withCookie(five, field.join('; '))).status, 200);
  assert.equal((await withCookie(five, field.reverse().join('; '))).status, 200, 'in any order');
  assert.equal((await withCookie(five, field.slice(0, -1).join('; '))).status, 401, 'a piece is missing');
});

test('both secrets count while one is being replaced, others do not', async () => {
  const sealed = async (key) => `${cookie5}=${await encode5({ token: person, secret: key, salt: cookie5 })}`;
  assert.equal((await withCookie(five, await sealed(previous))).status, 200);
  assert.equal((await withCookie(five, await sealed(randomBytes(33).toString('base64')))).status, 401);
});

test('an expired session, one without a user and one for another seat', async () => {
  const sealed = async (token, maxAge) => `${cookie5}=${await encode5({ token, secret, salt: cookie5, maxAge })}`;
  const expired = await withCookie(five, await sealed(person, -60));
  assert.deepEqual([expired.status, expired.json.code], [401, 'session_expired']);
  assert.equal((await withCookie(five, await sealed({ name: 'nobody' }))).status, 401);
  assert.equal((await withCookie(five, await sealed({ ...person, role: 'client' }))).json.code, 'wrong_role');
});

test('a bent cookie is nobody’s, whatever was bent', async () => {
  const token = await encode5({ token: person, secret, salt: cookie5 });
  const parts = token.split('.');
  const bend = (n, at) => parts.map((part, i) => (i === n ? part.slice(0, at) + (part[at] === 'A' ? 'B' : 'A') + part.slice(at + 1) : part)).join('.');
  const head = (json) => [Buffer.from(JSON.stringify(json)).toString('base64url'), ...parts.slice(1)].join('.');
  const forged = [
    bend(0, 5), bend(2, 3), bend(3, 10), bend(4, 4), token.slice(0, -2), token + 'AA', parts.slice(0, 4).join('.'), token + '.x',
    parts.map((part, i) => (i === 1 ? 'AAAA' : part)).join('.'),
    head({ alg: 'dir', enc: 'A128CBC-HS256' }), head({ alg: 'none', enc: 'A256CBC-HS512' }), head({ alg: 'A256KW', enc: 'A256CBC-HS512' }),
    head({ alg: 'dir', enc: 'A256CBC-HS512', zip: 'DEF' }), head({ alg: 'dir', enc: 'A256CBC-HS512', crit: ['exp'] }),
    head({ alg: 'PBES2-HS512+A256KW', enc: 'A256CBC-HS512', p2s: 'AAAA', p2c: 2147483647 }),
    head({ alg: 'dir', enc: 'A256GCM' }), '....', 'a.b.c.d.e', '', 'x',
  ];
  for (const one of forged) assert.equal((await withCookie(five, `${cookie5}=${one}`)).status, 401, one.slice(0, 60));
  // A sealed cookie is none of the kinds of token that a bearer may bring.
  assert.equal((await five.join('open', { token })).status, 401);
});

test('another site cannot make the browser use the cookie', async () => {
  const cookie = `${cookie5}=${await encode5({ token: person, secret, salt: cookie5 })}`;
  const status = async (headers) => (await withCookie(five, cookie, headers)).status;
  assert.equal(await status({ 'sec-fetch-site': 'same-origin' }), 200);
  assert.equal(await status({ 'sec-fetch-site': 'same-site' }), 200);
  assert.equal(await status({ 'sec-fetch-site': 'none' }), 200);
  assert.equal(await status({ 'sec-fetch-site': 'cross-site' }), 401);
  assert.equal(await status({ 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }), 401);
  assert.equal(await status({ origin: 'https://evil.example' }), 401);
  assert.equal(await status({ origin: 'null' }), 401);
});

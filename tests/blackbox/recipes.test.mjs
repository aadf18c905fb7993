// The recipes of docs/logins.md, taken from the page itself, with tokens as each vendor documents them. Only hosts and files are replaced.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SignJWT } from 'jose';
import { localized, recipe, withRecipe, withSession } from './support/recipe.mjs';
import { Stagedoor } from './support/stagedoor.mjs';

// A token of the issuer at that path of the fake.
const signed = (login, path, claims, options) => login.token({ iss: login.origin + path, ...claims }, options);

test('your own backend with a shared secret', () => {
  const secret = 'tV5nZ8kW2pL9xQ3mB6rC4sD7fH1gJ0yE';
  return withRecipe({ heading: 'Your own backend signs (HS256)', secret }, async ({ status }) => {
    const sign = (change = {}) =>
      new SignJWT({ name: 'Ada', role: 'expert' }).setProtectedHeader({ alg: 'HS256' }).setSubject('expert-1').setIssuer('https://www.example.com')
        .setAudience(change.audience ?? 'https://video.example.com').setIssuedAt().setExpirationTime('1h').sign(new TextEncoder().encode(secret));
    assert.equal(await status(await sign()), 200);
    assert.equal(await status(await sign({ audience: 'https://shop.example.com' })), 401);
    assert.equal(await status(null, { headers: { cookie: `session=${await sign()}` } }), 200);
  });
});

test('Better Auth: its JWT plugin signs with Ed25519', () =>
  withRecipe({ heading: 'Better Auth', algorithm: 'EdDSA', origins: ['https://www.example.com'] }, async ({ login, status }) => {
    const claims = { aud: login.origin, id: 'expert-1', name: 'Ada', email: 'ada@example.com', emailVerified: true, role: 'expert' };
    assert.equal(await status(await signed(login, '', claims)), 200);
    assert.equal(await status(await signed(login, '', { ...claims, aud: 'https://other.example' })), 401);
    await login.addKey('rsa', 'RS256');
    assert.equal(await status(await signed(login, '', claims, { kid: 'rsa' })), 401, 'another algorithm than the configured one');
  }));

test('Clerk: azp is who asked for the token', () =>
  withRecipe({ heading: 'Clerk', origins: ['https://clerk.example.com'] }, async ({ login, status }) => {
    const claims = { azp: 'https://www.example.com', sid: 'sess_2', fva: [2, -1], v: 2, metadata: { role: 'expert' } };
    const token = await signed(login, '', claims, { life: '60s', header: { typ: 'JWT', cat: 'cl_B7d4PD111AAA' } });
    assert.equal(await status(token), 200);
    assert.equal(await status(null, { headers: { cookie: `__session=${token}; __client_uat=1`, 'sec-fetch-site': 'same-site' } }), 200);
    assert.equal(await status(await signed(login, '', { ...claims, azp: 'https://evil.example' })), 401);
    assert.equal(await status(await signed(login, '', { ...claims, azp: undefined })), 401);
    assert.equal(await status(await signed(login, '', { ...claims, sts: 'active' })), 200);
    assert.equal(await status(await signed(login, '', { ...claims, sts: 'pending' })), 401, 'signed in, and not through with it');
    assert.equal(await status(await signed(login, '', { ...claims, metadata: { role: 'client' } })), 403);
  }));

const supabase = { aud: 'authenticated', role: 'authenticated', email: 'ada@example.com', aal: 'aal1', session_id: 's', is_anonymous: false, app_metadata: { provider: 'email', role: 'expert' }, user_metadata: {} };

test('Supabase: ES256, and the cookie of @supabase/ssr', () =>
  withRecipe({ heading: 'Supabase', algorithm: 'ES256', origins: ['https://abcdefgh.supabase.co'] }, async ({ login, status }) => {
    const token = await signed(login, '/auth/v1', supabase);
    assert.equal(await status(token), 200);
    const session = { access_token: token, token_type: 'bearer', expires_in: 3600, refresh_token: 'r'.repeat(40), user: { id: 'expert-1', app_metadata: supabase.app_metadata, note: 'é'.repeat(1800) } };
    const cookie = 'base64-' + Buffer.from(JSON.stringify(session)).toString('base64url');
    const pieces = cookie.match(/.{1,3180}/g);
    assert.ok(pieces.length > 1);
    assert.equal(await status(null, { headers: { cookie: pieces.map((piece, i) => `sb-abcdefgh-auth-token.${i}=${piece}`).join('; ') } }), 200);
    const small = 'base64-' + Buffer.from(JSON.stringify({ access_token: token })).toString('base64url');
    assert.equal(await status(null, { headers: { cookie: `sb-abcdefgh-auth-token=${small}` } }), 200);
    for (const bad of [token, 'base64-', 'base64-AAAA', 'base64-' + Buffer.from('{}').toString('base64url')])
      assert.equal(await status(null, { headers: { cookie: `sb-abcdefgh-auth-token=${bad}` } }), 401);
    assert.equal(await status(await signed(login, '/auth/v1', { ...supabase, app_metadata: { role: 'client' } })), 403);
    assert.equal(await status(await signed(login, '/auth/v1', { ...supabase, aud: 'anon' })), 401);
  }));

test('Supabase: the legacy secret', () => {
  const secret = 'super-long-legacy-jwt-token-with-at-least-32-characters';
  return withRecipe({ heading: 'Supabase', n: 1, secret }, async ({ status }) => {
    const b64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const sign = (claims) => {
      const input = `${b64({ alg: 'HS256', typ: 'JWT' })}.${b64(claims)}`;
      return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
    };
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: 'https://abcdefgh.supabase.co/auth/v1', sub: 'expert-1', iat: now, exp: now + 3600, ...supabase };
    assert.equal(await status(sign(claims)), 200);
    assert.equal(await status(sign({ ...claims, iss: 'supabase' })), 401);
  });
});

test('Auth0: an issuer with a slash, roles under a URL', () =>
  withRecipe({ heading: 'Auth0', path: '/', origins: ['https://acme.eu.auth0.com'] }, async ({ login, status }) => {
    const claims = { aud: ['https://video.example.com', login.origin + '/userinfo'], azp: 'client', scope: 'openid', 'https://example.com/roles': ['coach'] };
    assert.equal(await status(await signed(login, '/', claims, { header: { typ: 'at+jwt' } })), 200);
    assert.equal(await status(await signed(login, '/', { ...claims, 'https://example.com/roles': ['viewer'] })), 403);
    assert.equal(await status(await signed(login, '', claims)), 401, 'the slash belongs to the issuer');
  }));

test('Keycloak: nested roles, of the realm and of a client whose name has a dot', () =>
  withRecipe({ heading: 'Keycloak', path: '/realms/acme', origins: ['https://login.example.com'] }, async ({ login, status }) => {
    const claims = { aud: ['video', 'account'], typ: 'Bearer', azp: 'web', realm_access: { roles: ['offline_access', 'coach'] }, resource_access: { account: { roles: ['view-profile'] } } };
    assert.equal(await status(await signed(login, '/realms/acme', claims)), 200);
    const nested = { ...claims, realm_access: { roles: [] }, resource_access: { 'my.app': { roles: ['coach'] } } };
    assert.equal(await status(await signed(login, '/realms/acme', nested)), 200);
    assert.equal(await status(await signed(login, '/realms/acme', { ...claims, realm_access: { roles: ['customer'] } })), 403);
    assert.equal(await status(await signed(login, '/realms/other', claims)), 401);
  }));

test('Firebase: keys at another address than the issuer', () =>
  withRecipe({ heading: 'Firebase', origins: ['https://securetoken.google.com', 'https://www.googleapis.com'] }, async ({ login, status }) => {
    const claims = { aud: 'acme-1234', auth_time: 1, user_id: 'expert-1', firebase: { identities: {}, sign_in_provider: 'password' }, role: 'expert' };
    assert.equal(await status(await signed(login, '/acme-1234', claims)), 200);
    assert.equal(await status(await signed(login, '/acme-1234', { ...claims, aud: 'acme-9' })), 401);
    assert.equal(await status(await signed(login, '/acme-9', claims)), 401);
    assert.equal(login.count('/openid-configuration'), 0);
  }));

const tid = '11111111-2222-3333-4444-555555555555';

test('Microsoft Entra ID: the object id, app roles, one tenant', () =>
  withRecipe({ heading: 'Microsoft Entra ID', path: `/${tid}/v2.0`, origins: ['https://login.microsoftonline.com'] }, async ({ login, status }) => {
    const claims = { aud: '66666666-7777-8888-9999-000000000000', sub: 'pairwise', oid: 'expert-1', tid, roles: ['Expert'], ver: '2.0', azp: 'x' };
    assert.equal(await status(await signed(login, `/${tid}/v2.0`, claims, { header: { x5t: 'abc' } })), 200);
    assert.equal(await status(await signed(login, `/${tid}/v2.0`, { ...claims, roles: ['Reader'] })), 403);
    assert.equal(await status(await signed(login, `/${tid}/v2.0`, { ...claims, tid: '99999999-2222-3333-4444-555555555555' })), 401);
  }));

test('Better Auth without the plugin: its session by callback', async () => {
  const sessions = createServer((request, response) => {
    const known = request.headers.cookie === 'better-auth.session_token=good.signature';
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(known ? { session: { id: 's', expiresAt: new Date(Date.now() + 3.6e6).toISOString(), userId: 'expert-1' }, user: { id: 'expert-1', name: 'Ada', role: 'expert' } } : null));
  });
  await new Promise((done) => sessions.listen(0, '127.0.0.1', done));
  const folder = mkdtempSync(join(tmpdir(), 'stagedoor-recipe-'));
  const text = localized(recipe('Sessions in your database'), { 'https://www.example.com': `http://127.0.0.1:${sessions.address().port}` }, '', folder);
  const door = await Stagedoor.start({ toml: withSession(text) });
  await door.book('open');
  const status = async (cookie) => (await door.join('open', { token: null, headers: { cookie } })).status;
  assert.equal(await status('better-auth.session_token=good.signature; other=1'), 200);
  assert.equal(await status('better-auth.session_token=bad.signature'), 401);
  await door.stop();
  sessions.close();
  rmSync(folder, { recursive: true, force: true });
});

test('every other block of the page is a good configuration', () => {
  for (const [heading, n] of [['Auth.js 5 and NextAuth 4', 0], ['Sessions in your database', 1], ['A proxy that signs people in', 0], ['A login with a key set (JWKS)', 0]])
    assert.ok(recipe(heading, n).includes('[session'), heading);
});

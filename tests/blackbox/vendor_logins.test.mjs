// Recipes of docs/logins.md with what the vendors' own libraries make: Better Auth signs and serves its keys, @supabase/ssr writes its cookies.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createServerClient } from '@supabase/ssr';
import { betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { toNodeHandler } from 'better-auth/node';
import { jwt } from 'better-auth/plugins';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { localized, recipe, withRecipe, withSession } from './support/recipe.mjs';
import { Stagedoor } from './support/stagedoor.mjs';

// A website with Better Auth in memory: its addresses under /api/auth, its JWT plugin as it comes (Ed25519).
let site;
before(async () => {
  let handler;
  const server = createServer((request, response) => handler(request, response));
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const origin = `http://127.0.0.1:${server.address().port}`;
  const tables = { user: [], session: [], account: [], verification: [], jwks: [] };
  const auth = betterAuth({
    baseURL: origin, secret: 'fG7kQ2mX9vLs4TpY8wNhB3rC6dZ1jE5a', database: memoryAdapter(tables), emailAndPassword: { enabled: true },
    plugins: [jwt()], telemetry: { enabled: false }, rateLimit: { enabled: false }, logger: { disabled: true },
  });
  handler = toNodeHandler(auth);
  const person = async (name) => {
    const answer = await fetch(`${origin}/api/auth/sign-up/email`, {
      method: 'POST', headers: { 'content-type': 'application/json', origin },
      body: JSON.stringify({ name, email: `${name.toLowerCase()}@example.com`, password: 'correct horse battery' }),
    });
    assert.equal(answer.status, 200, await answer.clone().text());
    const cookie = answer.headers.getSetCookie().map((one) => one.split(';')[0]).join('; ');
    return { id: (await answer.json()).user.id, cookie, token: async () => (await (await fetch(`${origin}/api/auth/token`, { headers: { cookie } })).json()).token };
  };
  site = { server, origin, ada: await person('Ada'), bob: await person('Bob') };
});
after(() => {
  site?.server.closeAllConnections();
  return new Promise((done) => (site ? site.server.close(done) : done()));
});

async function withSite(heading, judge) {
  const folder = mkdtempSync(join(tmpdir(), 'stagedoor-vendor-'));
  const door = await Stagedoor.start({ toml: withSession(localized(recipe(heading), { 'https://www.example.com': site.origin }, '', folder)) });
  try {
    const booked = await door.book('open', { participants: [{ userId: site.ada.id, role: 'expert' }] });
    assert.equal(booked.status, 201, booked.text);
    await judge(async (options) => (await door.join('open', { token: null, ...options })).status);
  } finally {
    await door.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

test('Better Auth: tokens of its JWT plugin, verified with the keys that it serves', () =>
  withSite('Better Auth', async (status) => {
    const token = await site.ada.token();
    assert.equal(decodeProtectedHeader(token).alg, 'EdDSA');
    assert.deepEqual([decodeJwt(token).iss, decodeJwt(token).aud, decodeJwt(token).sub], [site.origin, site.origin, site.ada.id]);
    assert.equal(await status({ token }), 200);
    assert.equal(await status({ token: await site.bob.token() }), 403, 'known, and not on the list');
    const bent = token.slice(0, -10) + (token.at(-10) === 'A' ? 'B' : 'A') + token.slice(-9);
    assert.equal(await status({ token: bent }), 401);
  }));

test('Better Auth: its session cookie, asked about at its own address', () =>
  withSite('Sessions in your database', async (status) => {
    assert.equal(await status({ headers: { cookie: site.ada.cookie } }), 200);
    assert.equal(await status({ headers: { cookie: site.bob.cookie } }), 403);
    assert.equal(await status({ headers: { cookie: site.ada.cookie.replace(/=.{8}/, '=AAAAAAAA') } }), 401);
    await fetch(`${site.origin}/api/auth/sign-out`, { method: 'POST', headers: { cookie: site.bob.cookie, origin: site.origin } });
    assert.ok([401, 403].includes(await status({ headers: { cookie: site.bob.cookie } })), 'signed out there: remembered for seconds at most');
  }));

test('Supabase: the cookies that @supabase/ssr writes, whole and in pieces', () =>
  withRecipe({ heading: 'Supabase', algorithm: 'ES256', origins: ['https://abcdefgh.supabase.co'] }, async ({ login, status }) => {
    for (const note of ['short', 'é'.repeat(4_000)]) {
      const access = await login.token({ iss: `${login.origin}/auth/v1`, aud: 'authenticated', role: 'authenticated', app_metadata: { role: 'expert' } });
      const user = { id: 'expert-1', aud: 'authenticated', role: 'authenticated', app_metadata: { role: 'expert' }, user_metadata: { note }, created_at: new Date().toISOString() };
      const cookies = new Map();
      const client = createServerClient('https://abcdefgh.supabase.co', 'anon-key', {
        cookies: { getAll: () => [], setAll: (all) => all.forEach(({ name, value }) => value && cookies.set(name, value)) },
        // The library asks its server who that is; nothing leaves this machine.
        global: { fetch: async () => Response.json(user) },
        realtime: { transport: class {} }, // Node 20 has no WebSocket, and none is opened
      });
      const { error } = await client.auth.setSession({ access_token: access, refresh_token: 'r'.repeat(40) });
      assert.equal(error, null);
      for (const end = Date.now() + 2_000; cookies.size === 0 && Date.now() < end; ) await new Promise((done) => setTimeout(done, 10));
      assert.equal(cookies.size > 1, note.length > 100, [...cookies.keys()].join());
      const header = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      assert.match(header, /^sb-abcdefgh-auth-token/);
      assert.equal(await status(null, { headers: { cookie: header } }), 200);
      assert.equal(await status(null, { headers: { cookie: header.replace(/.{40}$/, 'A'.repeat(40)) } }) === 200, false);
    }
  }));

// Galène end to end: tokens are checked by `jose` with the group's JWK and by the rules of Galène's own code.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { importJWK, jwtVerify } from 'jose';
import { Fake } from './support/fake.mjs';
import { Stagedoor, checkOnline, decodeToken, randomRoom, session } from './support/stagedoor.mjs';

// The public status of groups, and the check of a token as token/jwt.go and group/group.go have it.
class FakeGalene extends Fake {
  groups = new Set(['calls']);
  answer({ path }, json, response) {
    const [, name] = /^\/group\/(.+)\/\.status$/.exec(path) ?? [];
    if (!this.groups.has(name)) return response.writeHead(404, { 'content-type': 'text/html' }).end('<p>Not found</p>');
    return json(200, { name, location: `${this.origin}/group/${name}/`, endpoint: 'wss://x/ws' });
  }
  async permissionsOf(url, jwk) {
    const { payload } = await jwtVerify(url.searchParams.get('token'), await importJWK(jwk), { algorithms: [jwk.alg], clockTolerance: 5 });
    const group = url.pathname.replace(/^\/group\//, '').replace(/\/$/, '');
    assert.ok(typeof payload.exp === 'number', 'exp is required');
    assert.ok(payload.iat <= Date.now() / 1000 + 5, 'iat lies ahead');
    assert.ok(payload.aud.some((one) => new URL(one).pathname === `/group/${group}/`), 'aud names another group');
    assert.ok(group.startsWith('calls/') && !/[\\]|\.\.|^\//.test(payload.sub), payload.sub);
    return { name: payload.sub, permissions: payload.permissions };
  }
}

const k = randomBytes(32).toString('base64url');
const jwk = { kty: 'oct', alg: 'HS256', k };
let fake, door;
const provider = (at, group = 'calls') => `[providers.galene]
type = "galene"
url = "${at}"
group = "${group}"
secret = "${k}"
`;
before(async () => {
  fake = await FakeGalene.start();
  door = await Stagedoor.start({ providers: provider(fake.origin) });
});
after(async () => {
  await door?.stop();
  await fake?.stop();
});

test('no join asks the server, and it would let both in with their permissions', async () => {
  const room = randomRoom();
  await door.book(room);
  const expert = await door.join(room, { query: '&userName=' + encodeURIComponent('Dr. \\..\\ Zoë') });
  assert.equal(expert.status, 200, expert.text);
  const client = await door.join(room, { role: 'client', token: session({ sub: 'client-1', role: 'client' }) });
  const [one, other] = [new URL(expert.json.videoCallUrl), new URL(client.json.videoCallUrl)];
  assert.equal(one.pathname, other.pathname);
  assert.match(one.pathname, /^\/group\/calls\/sd-[0-9a-f]{40}\/$/);
  assert.deepEqual(await fake.permissionsOf(one, jwk), { name: 'Dr. /./ Zoë', permissions: ['op', 'present', 'message', 'token'] });
  assert.deepEqual(await fake.permissionsOf(other, jwk), { name: 'Client', permissions: ['present', 'message'] });
  assert.equal(fake.calls.length, 0);
  assert.equal(decodeToken(one.searchParams.get('token')).claims.iss, door.base);
});

test('check-config --online looks for the group', async () => {
  const config = (group) => `public_url = "https://call.example.com"\n[session]\nsecret = "kD7mQ2xV9sLpT4wYhN8bR3cF6gJ1zA5e-s"\n${provider(fake.origin, group)}`;
  assert.match(await checkOnline(config('calls')), /galene\s+good: the group is there/);
  assert.match(await checkOnline(config('elsewhere')), /galene\s+FAILED: .*404/);
});

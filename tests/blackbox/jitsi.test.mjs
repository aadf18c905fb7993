// Jitsi Meet and JaaS end to end: nothing is asked, and `jose` judges the tokens.
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createLocalJWKSet, exportJWK, jwtVerify } from 'jose';
import { Stagedoor, decodeToken, randomRoom, rfc3339, session } from './support/stagedoor.mjs';

const secret = 'jT4vXz9pQm2wLb7nRj5cYh8gFd3sAe6u-jitsi';
const appId = 'vpaas-magic-cookie-5f0e1c2b';
const webhookSecret = 'jaas-signing-secret-of-the-tests';
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
let door;
before(async () => {
  door = await Stagedoor.start({
    top: 'default_provider = "jitsi"',
    providers: `[providers.jitsi]
type = "jitsi"
url = "https://meet.acme.com"
app_id = "stagedoor"
secret = "${secret}"
[providers.jaas]
type = "jaas"
app_id = "${appId}"
key_id = "4f8ab2"
private_key = '''
${privateKey.export({ type: 'pkcs8', format: 'pem' })}'''
webhook_secret = "${webhookSecret}"
lifetime = "2h"
`,
  });
});
after(() => door?.stop());

const client = session({ sub: 'client-1', role: 'client' });
async function join(provider, role = 'expert') {
  const room = randomRoom();
  await door.book(room, { provider });
  const answer = await door.join(room, { role, token: role === 'expert' ? session() : client });
  assert.equal(answer.status, 200, answer.text);
  const url = new URL(answer.json.videoCallUrl);
  return { room, url, token: url.searchParams.get('jwt'), json: answer.json };
}

test('a token for a server of one\'s own', async () => {
  const { url, token, json } = await join('jitsi');
  const { payload, protectedHeader } = await jwtVerify(token, Buffer.from(secret), { issuer: 'stagedoor', audience: 'jitsi', subject: 'meet.acme.com' });
  assert.deepEqual(protectedHeader, { alg: 'HS256', typ: 'JWT' });
  assert.equal(url.origin, 'https://meet.acme.com');
  assert.equal(url.pathname, '/' + payload.room);
  assert.equal(url.hash, '#config.prejoinConfig.enabled=false');
  assert.equal(json.embed.mode, 'iframe');
  assert.deepEqual(payload.context.user, { id: 'expert-1', name: 'Expert', moderator: 'true', affiliation: 'owner' });
  const guest = decodeToken((await join('jitsi', 'client')).token).claims.context.user;
  assert.deepEqual([guest.moderator, guest.affiliation], ['false', 'member']);
});

test('a token for JaaS, found by its kid', async () => {
  const { url, token, json } = await join('jaas');
  const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), kid: `${appId}/4f8ab2`, alg: 'RS256' }] });
  const { payload } = await jwtVerify(token, keys, { issuer: 'chat', audience: 'jitsi', subject: appId });
  assert.equal(url.pathname, `/${appId}/${payload.room}`);
  assert.equal(url.origin, 'https://8x8.vc');
  assert.equal(payload.context.user.moderator, 'true');
  assert.equal(decodeToken((await join('jaas', 'client')).token).claims.context.user.moderator, 'false');
  // Two hours, but never beyond the closing of the door.
  assert.ok(Date.parse(json.expiresAt) <= Date.now() + 7_200_000);
  assert.equal(payload.exp, Date.parse(json.expiresAt) / 1000);
});

test('JaaS reports calls; its signature is checked over the bytes', async () => {
  const { room, token } = await join('jaas');
  const name = decodeToken(token).claims.room;
  const send = (event, { secret: by = webhookSecret, at = Math.floor(Date.now() / 1000), spoil = '' } = {}) => {
    const body = JSON.stringify(event);
    const signature = createHmac('sha256', by).update(`${at}.${body}`).digest('base64');
    return door.api('/webhooks/jaas', { method: 'POST', headers: { 'content-type': 'application/json', 'x-jaas-signature': `t=${at},v1=${signature}` }, body: body + spoil });
  };
  const now = Date.now();
  const event = (eventType, timestamp, idempotencyKey) => ({ idempotencyKey, appId, eventType, sessionId: 's1', timestamp, fqn: `${appId}/${name}`, data: {} });
  const call = async () => (await door.service('GET', `/api/bookings/${room}`)).json.call;
  assert.equal((await send(event('ROOM_CREATED', now, 'i1'))).status, 200);
  assert.equal((await call()).state, 'live');
  assert.equal((await send(event('ROOM_DESTROYED', now + 900, 'i2'), { secret: 'another-secret' })).status, 401);
  assert.equal((await send(event('ROOM_DESTROYED', now + 900, 'i2'), { spoil: '\n' })).status, 401);
  assert.equal((await send(event('ROOM_DESTROYED', now + 900, 'i2'), { at: Math.floor(now / 1000) - 301 })).status, 401);
  assert.equal((await call()).state, 'live');
  assert.equal((await send(event('ROOM_DESTROYED', now + 900, 'i2'), { at: now })).status, 200); // milliseconds
  assert.deepEqual(await call(), { state: 'ended', startedAt: rfc3339(Math.floor(now / 1000) * 1000), endedAt: rfc3339(Math.floor((now + 900) / 1000) * 1000) });
  // Jitsi sends none, and nobody may pretend.
  assert.equal((await door.api('/webhooks/jitsi', { method: 'POST', body: '{}' })).status, 404);
});

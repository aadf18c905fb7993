// Sessions that the marketplace takes back, and participants that it removes: out at once, everywhere, and still after a restart.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { Stagedoor, booking, rfc3339, session } from './support/stagedoor.mjs';

let door;
before(async () => {
  door = await Stagedoor.start();
  assert.equal((await door.book('open')).status, 201);
});
after(() => door?.stop());

const now = () => Math.floor(Date.now() / 1000);
const revoke = (body, at = door) => at.service('POST', '/api/sessions/revoke', body);
// Over many connections, so that every shard is asked.
const everywhere = async (token, at = door) => {
  const statuses = await Promise.all(Array.from({ length: 24 }, async () => (await at.join('open', { token })).status));
  assert.equal(new Set(statuses).size, 1, `${statuses}`);
  return statuses[0];
};

test('one token is taken back by its id, at once on every shard', async () => {
  const [mine, other] = [session({ jti: 'one' }), session({ jti: 'two' })];
  assert.equal(await everywhere(mine), 200);
  const answer = await revoke({ tokenId: 'one' });
  assert.deepEqual([answer.status, answer.json], [200, { tokenId: 'one' }], answer.text);
  assert.equal(await everywhere(mine), 401);
  assert.equal(await everywhere(other), 200);
});

test('all sessions of a user that there can be now, those of a clock that is ahead included', async () => {
  const own = await Stagedoor.start();
  await own.book('open');
  const old = session({ iat: now() - 60 });
  const ahead = session({ iat: now() + 20 });
  const undated = session({ iat: undefined });
  for (const one of [old, ahead, undated]) assert.equal(await everywhere(one, own), 200);
  const answer = await revoke({ userId: 'expert-1' }, own);
  assert.equal(answer.status, 200, answer.text);
  assert.ok(Math.abs(Date.parse(answer.json.before) - Date.now() - 30_000) < 5_000, answer.text);
  assert.equal(await everywhere(old, own), 401);
  assert.equal(await everywhere(ahead, own), 401);
  assert.equal(await everywhere(session({ iat: now() + 20, jti: 'never seen before' }), own), 401);
  assert.equal(await everywhere(undated, own), 401, 'who does not say when it was made is older');
  assert.equal((await own.join('open', { role: 'client', token: session({ sub: 'client-1', role: 'client' }) })).status, 200);
  await own.stop();
});

test('who says before when, keeps the session that is made just after', async () => {
  const own = await Stagedoor.start();
  await own.book('open');
  const old = session({ iat: now() - 60 });
  assert.equal((await revoke({ userId: 'expert-1', before: rfc3339(now() * 1000) }, own)).status, 200);
  assert.equal(await everywhere(old, own), 401);
  assert.equal(await everywhere(session({ iat: now() + 1 }), own), 200);
  for (const body of [{ before: '9999-01-01T00:00:00Z' }, { userId: 'expert-1', before: rfc3339(Date.now() + 120_000) }]) {
    const refused = await revoke(body, own);
    assert.deepEqual([refused.status, refused.json.code, refused.json.parameter], [400, 'invalid_request', 'before'], refused.text);
  }
  await own.stop();
});

test('a session that is older than what is kept of revocations counts no more', async () => {
  const own = await Stagedoor.start({ env: { STAGEDOOR__SESSION__REVOCATIONS_KEPT: '1d' } });
  await own.book('open');
  const year = now() + 365 * 86_400;
  assert.equal(await everywhere(session({ iat: now() - 86_400 + 600, exp: year }), own), 200);
  const old = await own.join('open', { token: session({ iat: now() - 86_400 - 60, exp: year }) });
  assert.deepEqual([old.status, old.json.code], [401, 'session_expired'], old.text);
  await own.stop();
});

test('everybody’s sessions from before a time, and a restart brings none back', async () => {
  const own = await Stagedoor.start();
  await own.book('open');
  const [old, young] = [session({ iat: now() - 600 }), session({ iat: now() - 5, jti: 'kept' })];
  assert.equal((await revoke({ before: rfc3339(Date.now() - 300_000) }, own)).status, 200);
  assert.equal(await everywhere(old, own), 401);
  assert.equal(await everywhere(young, own), 200);
  assert.equal((await revoke({ tokenId: 'kept' }, own)).status, 200);
  own.keepFolder = true;
  await own.stop();
  const again = await Stagedoor.start({ folder: own.folder, port: own.port, adminPort: own.adminPort });
  assert.equal(await everywhere(old, again), 401);
  assert.equal(await everywhere(young, again), 401);
  assert.equal(await everywhere(session(), again), 200);
  again.keepFolder = false;
  await again.stop();
});

test('a stream that waits ends when its session is taken back', async () => {
  await door.book('later', { startsAt: rfc3339(Date.now() + 7_200_000), endsAt: rfc3339(Date.now() + 9_000_000) });
  const token = session({ jti: 'waiting', iat: now() + 3 });
  const answer = await fetch(`${door.base}/api/expert/videocall/url?roomId=later`, { headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' } });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!text.includes('waiting')) text += (await reader.read()).value;
  const began = Date.now();
  await revoke({ tokenId: 'waiting' });
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) text += piece.value;
  assert.match(text, /event: problem\ndata: .*"code":"unauthenticated"/);
  assert.ok(Date.now() - began < 10_000);
});

test('a join that waits for its provider is refused when its session is taken back meanwhile', async () => {
  let asked;
  const begun = new Promise((done) => (asked = done));
  const slow = createServer((request, response) => {
    request.resume();
    asked(() => response.writeHead(201, { 'content-type': 'application/json' }).end('{"state":"open"}'));
  });
  await new Promise((done) => slow.listen(0, '127.0.0.1', done));
  const own = await Stagedoor.start({
    providers: `[providers.own]\ntype = "custom"\nurl_template = "https://call.example.com/room/{roomId}?token={token}"\n` +
      `create_url = "http://127.0.0.1:${slow.address().port}/api"\n[providers.own.token]\nsecret = "nL4tX8wQ2pH6vM9bvT9mK2xQ7sLpB4wY"\n`,
    extra: '[rooms]\nprepare_before = "0s"\n',
  });
  try {
    await own.book('slow', { startsAt: rfc3339(Date.now() + 60_000), endsAt: rfc3339(Date.now() + 3_600_000) });
    const joining = ['taken', 'kept'].map((jti) => own.join('slow', { token: session({ jti }) }));
    const answer = await begun;
    assert.equal((await revoke({ tokenId: 'taken' }, own)).status, 200);
    answer();
    assert.deepEqual((await Promise.all(joining)).map((one) => one.status), [401, 200]);
  } finally {
    await own.stop();
    slow.closeAllConnections();
    slow.close();
  }
});

test('who is removed from a booking is out at once', async () => {
  await door.book('removed');
  const token = session({ iat: now() + 3 });
  const status = async () => (await door.join('removed', { token })).status;
  assert.equal(await status(), 200);
  const others = booking({ participants: [{ userId: 'expert-2', role: 'expert' }, { userId: 'client-1', role: 'client' }] });
  assert.equal((await door.service('PUT', '/api/bookings/removed', others)).status, 200);
  for (let i = 0; i < 24; i++) assert.equal(await status(), 403);
});

test('mistakes are named, and nobody revokes without a service key', async () => {
  for (const [body, parameter] of [
    [{}, 'userId'], [{ userId: '' }, 'userId'], [{ userId: 7 }, 'userId'], [{ tokenId: 'x'.repeat(300) }, 'tokenId'],
    [{ tokenId: 'x', userId: 'u' }, 'tokenId'], [{ before: 'soon' }, 'before'], [{ user: 'u' }, 'user'],
  ]) {
    const answer = await revoke(body);
    assert.deepEqual([answer.status, answer.json.code, answer.json.parameter], [400, 'invalid_request', parameter], answer.text);
  }
  const without = await door.api('/api/sessions/revoke', { method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${session()}` }, body: '{"userId":"u1"}' });
  assert.equal(without.status, 401);
  assert.equal((await door.api('/api/sessions/revoke')).status, 405);
});

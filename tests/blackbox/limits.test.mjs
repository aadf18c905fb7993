// Rate limits: per address before everything else, per user behind the session, and Retry-After that is true.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Stagedoor, session } from './support/stagedoor.mjs';

let door;
before(async () => {
  door = await Stagedoor.start({
    limits: '[limits.ip]\nrate = 1\nburst = 5\n[limits.user]\nrate = 1\nburst = 3\n',
    extra: '[proxy]\ntrusted = ["127.0.0.1"]\n',
  });
});
after(() => door?.stop());

let last = 0;
const address = () => `203.0.113.${++last}`;
const from = (ip, more = {}) => ({ 'x-forwarded-for': ip, 'x-forwarded-proto': 'https', ...more });

test('the sixth request of a burst of five is refused, whatever it asks', async () => {
  const ip = address();
  const statuses = [];
  for (const path of ['/nothing', '/api/expert/videocall/url', '/api//expert/videocall/url', '/api/bookings/x', '/nothing'])
    statuses.push((await door.api(path, { headers: from(ip) })).status);
  assert.ok(!statuses.includes(429));
  const refused = await door.api('/api/expert/videocall/url?roomId=x', { headers: from(ip) });
  assert.equal(refused.status, 429);
  assert.equal(refused.json.code, 'rate_limited');
  assert.equal(refused.json.policy, 'ip');
  assert.equal(refused.headers.get('ratelimit-policy').includes('"ip";q=5;w=5'), true, refused.headers.get('ratelimit-policy'));
  assert.match(refused.headers.get('ratelimit'), /"ip";r=0;t=\d+/);
  const wait = Number(refused.headers.get('retry-after'));
  assert.ok(Number.isInteger(wait) && wait >= 1);
  assert.equal((await door.api('/nothing', { headers: from(address()) })).status, 404, 'another address is not touched');
  await new Promise((done) => setTimeout(done, wait * 1000 + 30));
  assert.equal((await door.api('/nothing', { headers: from(ip) })).status, 404, 'Retry-After was true');
});

test('an IPv6 network of 64 bits is one client', async () => {
  const statuses = [];
  for (let i = 1; i <= 6; ++i) statuses.push((await door.api('/nothing', { headers: from(`2001:db8:1:2::${i}`) })).status);
  assert.deepEqual(statuses, [404, 404, 404, 404, 404, 429]);
  assert.equal((await door.api('/nothing', { headers: from('2001:db8:1:3::1') })).status, 404);
});

test('only the right-most untrusted hop counts', async () => {
  const ip = address();
  for (let i = 0; i < 5; ++i) await door.api('/nothing', { headers: from(`198.51.100.${i}, ${ip}`) });
  assert.equal((await door.api('/nothing', { headers: from(`198.51.100.99, ${ip}`) })).status, 429);
  assert.equal((await door.api('/nothing', { headers: from(`${ip}, 127.0.0.1`) })).status, 429, 'a trusted hop is stepped over');
});

test('a user is limited across addresses', async () => {
  const token = session({ sub: 'eager' });
  const statuses = [];
  let answer;
  for (let i = 0; i < 4; ++i) {
    answer = await door.join('none', { token, headers: from(address()) });
    statuses.push(answer.status);
  }
  assert.deepEqual(statuses, [404, 404, 404, 429]);
  assert.equal(answer.json.policy, 'user');
});

test('what a trusted proxy does not call https is refused', async () => {
  const plain = await door.join('none', { headers: { 'x-forwarded-for': address(), 'x-forwarded-proto': 'http' } });
  assert.equal(plain.status, 403, plain.text);
});

test('refusals are counted', async () => {
  assert.match(await door.metrics(), /ratelimit_rejected_total\{policy="ip"\} [1-9]/);
});

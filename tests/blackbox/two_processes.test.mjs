// Two processes on one file of bookings, as in a rolling upgrade: what one of them writes counts at the other within a second.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Fake100ms, provider } from './support/fake_100ms.mjs';
import { Stagedoor, booking, configuration, freePort, rfc3339, session } from './support/stagedoor.mjs';

let folder, a, b;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stagedoor-two-'));
  // At once, on a file that is not there yet. Each has a configuration file of its own.
  const start = (name) => Stagedoor.start({ toml: (all) => configuration({ ...all, folder }), folder: mkdtempSync(join(folder, name)) });
  [a, b] = await Promise.all([start('a'), start('b')]);
});
after(async () => {
  await Promise.all([a?.stop(), b?.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

const now = () => Math.floor(Date.now() / 1000);
const revoke = (body) => a.service('POST', '/api/sessions/revoke', body);
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
// Over many connections, so that every shard is asked.
const statuses = async (at, room, options) =>
  [...new Set(await Promise.all(Array.from({ length: 16 }, async () => (await at.join(room, options)).status)))];

// Every shard of B answers `status` within a second after A has answered, and goes on so.
async function within_a_second(room, options, status, change) {
  assert.deepEqual(await statuses(b, room, options), [200]);
  const done = await change();
  assert.equal(done.status, 200, done.text);
  const began = Date.now();
  while ((await statuses(b, room, options)).join() !== `${status}`) {
    assert.ok(Date.now() - began < 1_000, `still let in after ${Date.now() - began} ms`);
    await pause(10);
  }
  assert.ok(Date.now() - began < 1_000);
  assert.deepEqual(await statuses(b, room, options), [status]);
}

test('a revoked token, user and time count in the other process within a second', async () => {
  await a.book('open');
  const [one, mine, old] = [session({ jti: 'one' }), session({ sub: 'expert-7' }), session({ sub: 'expert-8', iat: now() - 600 })];
  const people = ['expert-1', 'expert-7', 'expert-8'].map((userId) => ({ userId, role: 'expert' }));
  await a.book('open', { participants: people });
  await pause(600);
  await within_a_second('open', { token: one }, 401, () => revoke({ tokenId: 'one' }));
  await within_a_second('open', { token: mine }, 401, () => revoke({ userId: 'expert-7' }));
  await within_a_second('open', { token: old }, 401, () => revoke({ before: rfc3339(Date.now() - 300_000) }));
  assert.deepEqual(await statuses(b, 'open', { token: session({ jti: 'two' }) }), [200], 'nobody else is shut out');
});

test('a removed participant, a cancelled and a new booking count there too', async () => {
  await a.book('removed');
  await within_a_second('removed', {}, 403, () => a.book('removed', { participants: [{ userId: 'expert-2', role: 'expert' }] }));
  await a.book('cancelled');
  await within_a_second('cancelled', {}, 410, () => a.service('DELETE', '/api/bookings/cancelled'));
  assert.deepEqual(await statuses(b, 'later', {}), [404]);
  await a.book('later');
  await pause(1_000);
  assert.deepEqual(await statuses(b, 'later', {}), [200]);
});

test('who waits at one process is let in when the other opens the room', async () => {
  await a.book('early', { startsAt: rfc3339(Date.now() + 7_200_000), endsAt: rfc3339(Date.now() + 9_000_000) });
  const waits = await b.stream('early');
  await waits.until(/"waiting"/);
  const began = Date.now();
  await a.book('early');
  await waits.until(/event: url/);
  assert.ok(Date.now() - began < 1_500);
  await waits.rest();
  assert.match(await b.metrics(), /store_news_total\{kind="booking"\} [1-9]/);
});

test('one that is killed in the middle of writing leaves the other working, and nothing answered is lost', { timeout: 60_000 }, async () => {
  const port = [await freePort(), await freePort()];
  const acknowledged = [];
  for (let round = 0; round < 10; round++) {
    const victim = await Stagedoor.start({ toml: (all) => configuration({ ...all, folder }), folder: mkdtempSync(join(folder, 'v')), port: port[0], adminPort: port[1] });
    let running = true;
    let wrote = 0;
    const writers = Array.from({ length: 6 }, async (_, writer) => {
      for (let i = 0; running; i++) {
        const room = `k${round}-${writer}-${i}`;
        try {
          if ((await victim.book(room)).status === 201) acknowledged.push(room);
          wrote++;
        } catch {
          return; // killed
        }
      }
    });
    while (wrote < 30) await pause(1);
    await pause(Math.random() * 20);
    victim.child.kill('SIGKILL');
    running = false;
    await Promise.all([...writers, victim.ended]);
    const mine = `b${round}`;
    assert.equal((await b.book(mine)).status, 201, 'the other still writes');
    assert.equal((await b.join(mine)).status, 200);
  }
  for (const room of acknowledged) assert.equal((await b.service('GET', `/api/bookings/${room}`)).status, 200, `${room} is lost`);
  await pause(600);
  assert.equal((await a.join(acknowledged.at(-1))).status, 200);
});

test('a room is made once, whoever asks which process', async () => {
  const vendor = await Fake100ms.start();
  const own = mkdtempSync(join(tmpdir(), 'stagedoor-two-'));
  const start = () => Stagedoor.start({ toml: (all) => configuration({ ...all, folder: own, providers: provider(vendor) }), folder: mkdtempSync(join(own, 'x')) });
  const doors = await Promise.all([start(), start()]);
  try {
    for (let i = 0; i < 5; i++) {
      // Made by whoever is first: the sweep, the booking's own process, or one of the joins.
      assert.equal((await doors[0].book(`talk-${i}`)).status, 201);
      const all = await Promise.all(Array.from({ length: 20 }, (_, n) => doors[n % 2].join(`talk-${i}`)));
      assert.deepEqual([...new Set(all.map((one) => one.status))], [200], all.find((one) => one.status !== 200)?.text);
    }
    assert.equal(vendor.count('POST', /^\/v2\/rooms$/), 5);
  } finally {
    await Promise.all(doors.map((one) => one.stop()));
    await vendor.stop();
    rmSync(own, { recursive: true, force: true });
  }
});

// Everything that a vendor can answer instead of good, over real sockets, and what becomes of a join then.
import assert from 'node:assert/strict';
import { json } from './fake_vendor.mjs';
import { Stagedoor, randomRoom, rfc3339 } from './stagedoor.mjs';

const words = 'inner vendor words';
const said = (status, headers) => (q, r) => json(r, status, { message: words, error: { code: 'Odd', message: words } }, headers);
const inSeconds = (s) => new Date(Date.now() + s * 1000).toUTCString();

// name -> [how the vendor answers, statuses of the join]
export const failures = {
  silence: [() => {}, [504]],
  'a reset': [(q, r) => r.socket.resetAndDestroy(), [502, 503]],
  'a cut body': [(q, r) => { r.writeHead(200, { 'content-length': '500' }); r.write('{"id":1'); r.socket.end(); }, [502]],
  garbage: [(q, r) => r.end('<html>not what was asked</html'), [502]],
  'a huge body': [(q, r) => { r.writeHead(200); r.write('x'.repeat(3_000_000)); r.end(); }, [502]],
  'a slow trickle': [(q, r) => { r.writeHead(200, { 'content-length': '100000' }); const t = setInterval(() => r.write('x'), 50); r.on('close', () => clearInterval(t)); }, [504]],
  'a 401 for ever': [said(401), [502]],
  'a 403': [said(403), [502]],
  'a 404': [said(404), [502]],
  'a 409': [said(409), [502]],
  'a 429 with seconds': [said(429, { 'retry-after': '7' }), [503], 7],
  'a 429 with a date': [(q, r) => said(429, { 'retry-after': inSeconds(7) })(q, r), [503], 7],
  'a 500 for ever': [said(500), [502]],
};

// `configure()` gives the providers' TOML; `path` matches the call that makes a room; `open(door, room)` makes the vendor be asked and gives the answer.
export async function everyFailure(t, { fake, configure, path, method = 'POST', open, secrets = [], repeats, renews = true }) {
  const start = () => Stagedoor.start({ providers: configure(), extra: '[rooms]\nprepare_before = "0s"\n[join]\ntimeout = "1500ms"\n' });
  const later = () => ({ startsAt: rfc3339(Date.now() + 600_000), endsAt: rfc3339(Date.now() + 4_000_000) });
  for (const [name, [act, statuses, wait]] of Object.entries(failures)) {
    await t.test(name, async () => {
      fake.heal();
      const door = await start();
      try {
        fake.misbehave(act, { method, path, times: 99 });
        const room = randomRoom();
        await door.book(room, later());
        const began = Date.now();
        const refused = await open(door, room);
        assert.ok(statuses.includes(refused.status), `${refused.status}: ${refused.text}`);
        assert.ok(Date.now() - began < 2_500, `${Date.now() - began} ms`);
        if (refused.status === 503) assert.ok(Number(refused.headers.get('retry-after')) >= 1);
        if (wait) assert.ok(Math.abs(Number(refused.headers.get('retry-after')) - wait) <= 1, refused.headers.get('retry-after'));
        assert.doesNotMatch(refused.text, /inner vendor words|token-of-the-fake|eyJ[\w-]{10}/);
        for (const secret of secrets) assert.ok(!refused.text.includes(secret) && !door.log.includes(secret), 'a secret leaked');
        assert.doesNotMatch(door.log, /token-of-the-fake|"code":"internal_error"/);
      } finally {
        await door.stop();
      }
    });
  }
  const good = renews ? ['a 401, then good', said(401), 1, 200] : null;
  const twice = ['a 500 twice, then good', said(500), 2, repeats ? 200 : 502];
  for (const [name, act, times, status] of [good, twice].filter(Boolean)) {
    await t.test(name, async () => {
      fake.heal();
      const door = await start();
      try {
        fake.misbehave(act, { method, path, times });
        const room = randomRoom();
        await door.book(room, later());
        const answer = await open(door, room);
        assert.equal(answer.status === 302 ? 200 : answer.status, status, answer.text);
      } finally {
        await door.stop();
      }
    });
  }
}

export const joins = (door, room) => door.join(room);

// The ticket of a join, and what opening it gives.
export async function ticketOf(door, room, how = {}) {
  const joined = await door.join(room, how);
  assert.equal(joined.status, 200, joined.text);
  const url = new URL(joined.json.videoCallUrl);
  assert.equal(url.origin, door.base);
  assert.match(url.pathname, /^\/go\/[\w.-]+$/);
  return { joined: joined.json, path: url.pathname };
}
export async function follow(door, room, how = {}) {
  const { path } = await ticketOf(door, room, how);
  const led = await door.api(path);
  assert.equal(led.status, 302, led.text);
  assert.equal(led.headers.get('referrer-policy'), 'no-referrer');
  assert.equal(led.headers.get('cache-control'), 'no-store');
  return led.headers.get('location');
}

export async function eventually(what, within = 5_000) {
  for (const end = Date.now() + within; !what(); await new Promise((done) => setTimeout(done, 10)))
    if (Date.now() > end) throw new Error(`never: ${what}`);
}

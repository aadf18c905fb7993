// Everything that a vendor can answer instead of good, over real sockets, and what becomes of a join then.
import assert from 'node:assert/strict';
import { json } from './fake_vendor.mjs';
import { Stagedoor, randomRoom, rfc3339 } from './stagedoor.mjs';

const words = 'inner vendor words';
const said = (status, headers) => (q, r) => json(r, status, { message: words, error: { code: 'Odd', message: words } }, headers);
const inSeconds = (s) => new Date(Date.now() + s * 1000).toUTCString();

// What the person at the door is told: the problem's code, and its status.
const statuses = { provider_rejected: 502, provider_unavailable: 503, provider_timeout: 504 };

// name -> [how the vendor answers, the code of what is told, seconds of Retry-After]
export const failures = {
  silence: [() => {}, 'provider_timeout'],
  'a reset': [(q, r) => r.socket.resetAndDestroy(), 'provider_unavailable'],
  'a cut body': [(q, r) => { r.writeHead(200, { 'content-length': '500' }); r.write('{"id":1'); r.socket.end(); }, 'provider_rejected'],
  garbage: [(q, r) => r.end('<html>not what was asked</html'), 'provider_rejected'],
  'a huge body': [(q, r) => { r.writeHead(200); r.write('x'.repeat(3_000_000)); r.end(); }, 'provider_rejected'],
  'a slow trickle': [(q, r) => { r.writeHead(200, { 'content-length': '100000' }); const t = setInterval(() => r.write('x'), 50); r.on('close', () => clearInterval(t)); }, 'provider_timeout'],
  'a 401 for ever': [said(401), 'provider_rejected'],
  'a 403': [said(403), 'provider_rejected'],
  'a 404': [said(404), 'provider_rejected'],
  'a 409': [said(409), 'provider_rejected'],
  'a 429 with seconds': [said(429, { 'retry-after': '7' }), 'provider_unavailable', 7],
  'a 429 with a date': [(q, r) => said(429, { 'retry-after': inSeconds(7) })(q, r), 'provider_unavailable', 7],
  'a 503 with seconds': [said(503, { 'retry-after': '7' }), 'provider_unavailable', 7],
  'a 500 for ever': [said(500), 'provider_rejected'],
  'a page instead of an answer, with 502': [(q, r) => r.writeHead(502, { 'content-type': 'text/html' }).end('<html>bad gateway</html>'), 'provider_rejected'],
  'a redirect': [(q, r) => r.writeHead(302, { location: 'https://elsewhere.example.com/' }).end(), 'provider_rejected'],
};

// As a problem, or as a page where a ticket was opened.
function assertTold(answer, code, wait) {
  assert.equal(answer.status, statuses[code], answer.text);
  if (answer.json) {
    assert.match(answer.headers.get('content-type'), /^application\/problem\+json/);
    assert.equal(answer.json.code, code);
    assert.equal(answer.json.status, statuses[code]);
    assert.match(answer.json.type, new RegExp(`#${code}$`));
    assert.ok(answer.json.detail && answer.json.requestId, answer.text);
  } else {
    assert.match(answer.headers.get('content-type'), /^text\/html/);
    assert.match(answer.text, /<h1>.+<\/h1><p>.+<\/p><p><a href="/);
  }
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  const told = Number(answer.headers.get('retry-after') ?? NaN);
  if (code === 'provider_unavailable') assert.ok(told >= 1, `Retry-After ${told}`);
  if (wait) assert.ok(Math.abs(told - wait) <= 1, `Retry-After ${told}`);
}

// `configure()` gives the providers' TOML; `path` matches the call; `open(door, room)` makes the vendor be asked and gives the answer. What of the list
// is no failure of this call stands in `fine`.
export async function everyFailure(t, { fake, configure, path, method = 'POST', open, secrets = [], repeats, renews = true, fine = [] }) {
  const start = () => Stagedoor.start({ providers: configure(), extra: '[rooms]\nprepare_before = "0s"\n[join]\ntimeout = "1500ms"\n' });
  const later = () => ({ startsAt: rfc3339(Date.now() + 600_000), endsAt: rfc3339(Date.now() + 4_000_000) });
  for (const [name, [act, code, wait]] of Object.entries(failures)) {
    await t.test(name, async () => {
      fake.heal();
      const door = await start();
      try {
        fake.misbehave(act, { method, path, times: 99 });
        const room = randomRoom();
        await door.book(room, later());
        const began = Date.now();
        const refused = await open(door, room);
        if (fine.includes(name)) return assert.equal(refused.status, 200, refused.text);
        assertTold(refused, code, wait);
        assert.ok(Date.now() - began < 2_500, `${Date.now() - began} ms`);
        assert.ok(fake.count(method, path) >= 1, 'the call was made');
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

// Opens a ticket, whatever becomes of it.
export async function opens(door, room, how = {}) {
  const { path } = await ticketOf(door, room, how);
  return door.api(path);
}

// The two other ways of docs/nextjs.md to bring Stagedoor to the site of a Next.js app, with the lines that stand there: nginx on the same
// site, and `rewrites()`. Whose address is counted, which cookies go along, what becomes of streams and of an outage.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { configuration, randomRoom, rfc3339, session, Stagedoor } from '../blackbox/support/stagedoor.mjs';
import { ask, cookie, documented, get, joinPath as path, startApp, startRewrites } from './support/nextjs.mjs';
import { Nginx } from './support/nginx.mjs';

const early = { startsAt: rfc3339(Date.now() + 7_200_000), endsAt: rfc3339(Date.now() + 9_000_000) };
const limits = '[limits.ip]\nrate = 1\nper = "minute"\nburst = 12\n';
const logged = '[log]\nlevel = "info"\n';

// What is heard of a room that opens while one waits for it: how soon the first event came and how soon the last, in ms, if they did within `patience`.
async function opening(site, door, { from, encoding = 'gzip, br', patience = 3_000 } = {}) {
  const room = randomRoom();
  await door.book(room, early);
  let text = '';
  const began = Date.now();
  const heard = { encoding: null };
  const asked = ask(site, path(room), { from, headers: { cookie: `session=${session()}`, accept: 'text/event-stream', 'accept-encoding': encoding } }).then((answer) => {
    heard.encoding = answer.headers['content-encoding'] ?? null;
    answer.on('data', (piece) => (text += piece));
    return answer;
  });
  const until = async (what, since) => {
    for (const end = Date.now() + patience; Date.now() < end; await new Promise((done) => setTimeout(done, 10))) if (what.test(text)) return Date.now() - since;
    return null;
  };
  heard.waiting = await until(/"waiting"/, began);
  const opened = Date.now();
  await door.book(room);
  heard.url = await until(/event: url\ndata: \{"videoCallUrl"/, opened);
  asked.then((answer) => answer.destroy(), () => {});
  return heard;
}

describe('nginx on the same site', () => {
  let folder, door, app, nginx, site, behind, plain;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sd-'));
    const socket = join(folder, 'door.sock');
    door = await Stagedoor.start({
      toml: (given) => configuration(given).replace(/listen = \["([^"]+)"\]/, `listen = ["$1", "unix:${socket}"]`), limits, extra: `[proxy]\ntrusted = ["unix"]\n${logged}`,
    });
    app = await startApp({ stagedoor: `unix:${socket}`, stagedoorOrigin: door.base, environment: { PROXIES_IN_FRONT: '1' } });
    const lines = documented('nginx')[0].replace('/run/stagedoor/door.sock', socket).replace('127.0.0.1:3002', `127.0.0.1:${app.port}`);
    // The second one leaves the joins to the app's forwarder: nginx in front, and nothing else changed.
    const rest = lines.slice(lines.indexOf('location / {'));
    nginx = await Nginx.start([{ lines, secure: true }, { lines: rest, secure: true }, { lines }]);
    [site, behind, plain] = nginx.ports.map((port, at) => ({ port, secure: at < 2 }));
  });
  after(async () => {
    await nginx?.stop();
    await app?.stop();
    await door?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('the caller\'s own address is counted, whatever they say of it, and a neighbour is not held up', async () => {
    const answers = [];
    for (let i = 0; i < 13; ++i) answers.push(await get(site, path('any'), { from: '127.0.2.1', headers: { 'x-forwarded-for': `203.0.113.${i}`, forwarded: 'for=203.0.113.9' } }));
    assert.deepEqual(answers.map((one) => one.status), [...Array(12).fill(401), 429]);
    assert.equal(answers.at(-1).json.code, 'rate_limited');
    assert.ok(Number(answers.at(-1).headers['retry-after']) >= 1);
    assert.equal((await get(site, path('any'), { from: '127.0.2.2' })).status, 401);
    await door.logged(/"client":"127\.0\.2\.1"/);
    assert.doesNotMatch(door.log, /203\.0\.113/);
  });

  test('the cookie of the site is the session, and answers come back whole', async () => {
    const room = randomRoom();
    await door.book(room);
    const answer = await get(site, `${path(room)}&userName=Ad%C3%A4%20L`, { headers: { ...cookie(), 'x-request-id': 'mine-2' }, from: '127.0.2.3' });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual([answer.json.userName, answer.headers['x-request-id'], answer.headers['cache-control']], ['Adä L', 'mine-2', 'no-store']);
    assert.match(answer.headers.ratelimit, /^"ip";r=\d+;t=\d+$/);
    const bookings = await get(site, '/api/expert/bookings', { headers: cookie(), from: '127.0.2.3' });
    assert.ok(bookings.json.bookings.some((one) => one.roomId === room));
    const waits = randomRoom();
    await door.book(waits, early);
    const refused = await get(site, path(waits), { headers: cookie(), from: '127.0.2.3' });
    assert.deepEqual([refused.status, refused.headers['content-type'], refused.json.code], [403, 'application/problem+json', 'too_early']);
    assert.ok(Number(refused.headers['retry-after']) > 5_000);
  });

  test('events come as they happen', async () => {
    const heard = await opening(site, door, { from: '127.0.2.8' });
    assert.ok(heard.encoding === null && heard.waiting !== null && heard.url !== null && heard.url < 2_000, JSON.stringify(heard));
  });

  test('who comes over plain http is told to use https', async () => {
    assert.equal((await get(plain, path('any'), { from: '127.0.2.9' })).json.code, 'https_required');
  });

  test('everything else is the app\'s, and the booking API is on this site for nobody', async () => {
    assert.match((await get(site, '/login', { from: '127.0.2.4' })).text, /<form/);
    const before = (door.log.match(/\/api\/bookings/g) ?? []).length;
    for (const where of ['/api/bookings', '/api/bookings/room-1', '/API/expert/videocall/url', '/api/expert/videocall/url/'])
      assert.ok((await get(site, where, { from: '127.0.2.4' })).status >= 300, where);
    await get(site, path('any'), { from: '127.0.2.4' });
    await door.logged(/"client":"127\.0\.2\.4"/);
    assert.equal((door.log.match(/\/api\/bookings/g) ?? []).length, before);
  });

  test('with the app\'s forwarder behind nginx it is still the caller who is counted', async () => {
    for (const [from, forged] of [['127.0.2.5', '203.0.113.50'], ['127.0.2.6', '203.0.113.51, 203.0.113.52']])
      assert.equal((await get(behind, path('any'), { from, headers: { 'x-forwarded-for': forged } })).status, 401);
    await door.logged(/"client":"127\.0\.2\.5"/);
    await door.logged(/"client":"127\.0\.2\.6"/);
    assert.doesNotMatch(door.log, /203\.0\.113/);
  });

  test('joins do not need the app; without Stagedoor callers get a page of nginx', async () => {
    await app.stop();
    app = null;
    assert.equal((await get(site, path('any'), { from: '127.0.2.7' })).status, 401);
    await door.stop();
    door = null;
    const away = await get(site, path('any'), { from: '127.0.2.7' });
    assert.deepEqual([away.status, away.headers['content-type'], away.headers['retry-after']], [502, 'text/html', undefined]);
  });
});

describe('rewrites()', () => {
  let door, app, between;
  const seen = [];
  // What Next.js sends, written down on its way to Stagedoor.
  before(async () => {
    [door, app] = await Promise.all([Stagedoor.start({ limits, extra: logged }), startRewrites()]);
    between = http.createServer((request, response) => {
      seen.push({ url: request.url, headers: request.headers });
      const onward = http.request({ host: '127.0.0.1', port: door.port, path: request.url, method: request.method, headers: request.headers }, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        response.flushHeaders();
        answer.pipe(response);
      });
      response.on('close', () => onward.destroy());
      onward.on('error', () => response.destroy());
      request.pipe(onward);
    });
    await new Promise((done) => between.listen(app.destination, '127.0.0.1', done));
  });
  after(async () => {
    between?.closeAllConnections();
    between?.close();
    await app?.stop();
    await door?.stop();
  });

  test('it joins, and all cookies of the site go along', async () => {
    const room = randomRoom();
    await door.book(room);
    const answer = await get(app, path(room), { headers: cookie() });
    assert.equal(answer.status, 200, answer.text);
    assert.match(seen.at(-1).headers.cookie, /^theme=dark; session=[^;]+; other=secret$/);
    assert.equal(seen.at(-1).headers['x-forwarded-host'], `127.0.0.1:${app.port}`);
  });

  test('the caller\'s address is lost, and an invented one goes through', async () => {
    await get(app, path('any'), { from: '127.0.3.1' });
    assert.equal(seen.at(-1).headers['x-forwarded-for'], undefined);
    await get(app, path('any'), { from: '127.0.3.2', headers: { 'x-forwarded-for': '203.0.113.60' } });
    assert.equal(seen.at(-1).headers['x-forwarded-for'], '203.0.113.60');
    await door.logged(/"client":"127\.0\.0\.1"/);
    assert.doesNotMatch(door.log, /127\.0\.3\.|203\.0\.113/, 'Stagedoor believes none of it');
  });

  test('events are compressed and held back, so that nobody hears that the room is open', async () => {
    assert.deepEqual(await opening(app, door), { encoding: 'gzip', waiting: null, url: null });
    const asIs = await opening(app, door, { encoding: 'identity' });
    assert.ok(asIs.encoding === null && asIs.waiting !== null && asIs.url !== null, `it is the compression: ${JSON.stringify(asIs)}`);
  });

  test('so that everybody shares one limit; its Retry-After comes through', async () => {
    let refused;
    for (let i = 0; i < 13 && refused?.status !== 429; ++i) refused = await get(app, path('any'), { from: `127.0.3.${10 + i}` });
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers['retry-after']) >= 1);
    assert.equal((await get(app, path('any'), { from: '127.0.3.99' })).status, 429, 'somebody who has never asked before');
  });

  test('an outage is a bare 500', async () => {
    between.closeAllConnections();
    await new Promise((done) => between.close(done));
    const away = await get(app, path('any'));
    assert.deepEqual([away.status, away.text, away.headers['retry-after']], [500, 'Internal Server Error', undefined]);
  });
});

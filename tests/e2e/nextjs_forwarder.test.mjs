// The route of the Next.js example that stands before Stagedoor, without a browser: whose address is counted, what goes through, what does not,
// and what a caller is told when there is nobody behind it.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { configuration, randomRoom, rfc3339, session, Stagedoor } from '../blackbox/support/stagedoor.mjs';
import { cookie, get, joinPath as path, startApp } from './support/nextjs.mjs';

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

describe('before a real Stagedoor', () => {
  let folder, door, app;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sd-'));
    const socket = join(folder, 'door.sock');
    door = await Stagedoor.start({
      toml: (given) => configuration(given).replace(/listen = \["([^"]+)"\]/, `listen = ["$1", "unix:${socket}"]`),
      limits: '[limits.ip]\nrate = 1\nper = "minute"\nburst = 12\n',
      extra: '[proxy]\ntrusted = ["unix"]\n[log]\nlevel = "info"\n',
    });
    app = await startApp({ stagedoor: `unix:${socket}`, stagedoorOrigin: door.base });
  });
  after(async () => {
    await app?.stop();
    await door?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('the answer, its fields and its request id go through as they are', async () => {
    const room = randomRoom();
    await door.book(room);
    const answer = await get(app, `${path(room)}&userName=Ad%C3%A4%20L`, { headers: { ...cookie(), 'x-request-id': 'mine-1' }, from: '127.0.1.1' });
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.text, /^\{"videoCallUrl":"https:\/\/video\.example\.com\//);
    assert.equal(answer.json.userName, 'Adä L');
    assert.equal(answer.headers['x-request-id'], 'mine-1');
    assert.equal(answer.headers['content-type'], 'application/json');
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.match(answer.headers.ratelimit, /^"ip";r=\d+;t=\d+$/);
    assert.match(answer.headers['ratelimit-policy'], /^"ip";q=12/);
    const bearer = await get(app, path(room), { headers: { authorization: `Bearer ${session()}` }, from: '127.0.1.1' });
    assert.equal(bearer.status, 200);
    const client = await get(app, path(room, 'client'), { headers: cookie(session({ sub: 'client-1', role: 'client' })), from: '127.0.1.1' });
    assert.equal(client.json.role, 'client');
  });

  test('problems keep their status, code and fields', async () => {
    const room = randomRoom();
    await door.book(room, { startsAt: rfc3339(Date.now() + 7_200_000), endsAt: rfc3339(Date.now() + 9_000_000) });
    const from = '127.0.1.2';
    const nobody = await get(app, path(room), { from });
    assert.equal(nobody.status, 401);
    assert.equal(nobody.headers['content-type'], 'application/problem+json');
    assert.match(nobody.headers['www-authenticate'], /^Bearer/);
    const early = await get(app, path(room), { headers: cookie(), from });
    assert.deepEqual([early.status, early.json.code], [403, 'too_early']);
    assert.ok(Number(early.headers['retry-after']) > 5_000);
    assert.equal(early.json.requestId, early.headers['x-request-id']);
    assert.equal((await get(app, path('nowhere'), { headers: cookie(), from })).json.code, 'room_not_found');
    assert.equal((await get(app, `${path(room)}&roomId=twice`, { headers: cookie(), from })).json.code, 'invalid_request');
    const prefetch = await get(app, path(room), { headers: { ...cookie(), 'sec-purpose': 'prefetch' }, from });
    assert.deepEqual([prefetch.status, prefetch.text], [204, '']);
    const head = await get(app, path(room), { headers: cookie(), from, method: 'HEAD' });
    assert.deepEqual([head.status, head.text], [403, '']);
  });

  test('every caller has an own limit, whatever X-Forwarded-For they send, and a 429 says when to come back', async () => {
    const answers = [];
    for (let i = 0; i < 14; ++i) answers.push(await get(app, path('any'), { from: '127.0.1.3', headers: { 'x-forwarded-for': `203.0.113.${i}`, forwarded: 'for=203.0.113.9' } }));
    assert.deepEqual(answers.map((one) => one.status), [...Array(12).fill(401), 429, 429]);
    const refused = answers.at(-1);
    assert.equal(refused.json.code, 'rate_limited');
    assert.ok(Number(refused.headers['retry-after']) >= 1);
    assert.match(refused.headers.ratelimit, /r=0/);
    assert.equal((await get(app, path('any'), { from: '127.0.1.4' })).status, 401, 'a neighbour is not held up');
    await door.logged(/"client":"127\.0\.1\.3"/);
    assert.doesNotMatch(door.log, /203\.0\.113/);
  });

  test('nobody else is believed: at the port that browsers use, X-Forwarded-For says nothing', async () => {
    await fetch(`${door.base}${path('any')}`, { headers: { 'x-forwarded-for': '203.0.113.77' } });
    await door.logged(/"client":"127\.0\.0\.1"/);
    assert.doesNotMatch(door.log, /203\.0\.113\.77/);
  });

  test('a trace goes on', async () => {
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    await get(app, path('any'), { headers: { traceparent: `00-${trace}-00f067aa0ba902b7-01` }, from: '127.0.1.5' });
    await door.logged(new RegExp(trace));
  });

  test('events come as they happen, not compressed, and the stream ends when its reader goes', async () => {
    const room = randomRoom();
    await door.book(room, { startsAt: rfc3339(Date.now() + 7_200_000), endsAt: rfc3339(Date.now() + 9_000_000) });
    const leaving = new AbortController();
    const answer = await fetch(app.origin + path(room), {
      headers: { ...cookie(), accept: 'text/event-stream', 'accept-encoding': 'gzip, br' }, signal: leaving.signal,
    });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-encoding'), null);
    assert.match(answer.headers.get('cache-control'), /no-transform/);
    assert.equal(answer.headers.get('x-accel-buffering'), 'no');
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    const seen = async (pattern, text = '') => {
      while (!pattern.test(text)) {
        const { value, done } = await reader.read();
        assert.ok(!done, text);
        text += value;
      }
      return text;
    };
    await seen(/"waiting"/);
    // The room opens: what comes next comes at once.
    await door.book(room);
    await seen(/event: url\ndata: \{"videoCallUrl"/);

    const waiting = randomRoom();
    await door.book(waiting, { startsAt: rfc3339(Date.now() + 7_200_000), endsAt: rfc3339(Date.now() + 9_000_000) });
    const second = await fetch(app.origin + path(waiting), { headers: { ...cookie(), accept: 'text/event-stream' }, signal: leaving.signal });
    const other = second.body.getReader();
    await other.read();
    const open = async () => Number(/^net_connections_open\S* (\d+)$/m.exec(await door.metrics())?.[1]);
    const before = await open();
    leaving.abort();
    await other.read().catch(() => {});
    for (const end = Date.now() + 5_000; (await open()) >= before; await sleep(50)) assert.ok(Date.now() < end, 'the stream behind it stayed open');
  });
});

describe('before something that is not well', () => {
  let upstream, app, behave, seen;
  before(async () => {
    upstream = createServer((request, response) => {
      seen.push({ headers: request.headers, url: request.url, gone: new Promise((done) => response.on('close', () => done(!response.writableFinished))) });
      behave(request, response);
    });
    await new Promise((done) => upstream.listen(0, '127.0.0.1', done));
    app = await startApp({ stagedoor: `http://127.0.0.1:${upstream.address().port}`, environment: { PROXIES_IN_FRONT: '1', APP_ORIGIN: 'https://www.example.com' } });
    seen = [];
  });
  after(async () => {
    await app?.stop();
    upstream?.closeAllConnections();
    upstream?.close();
  });
  const json = (request, response) => response.writeHead(200, { 'content-type': 'application/json', 'set-cookie': 'a=b', server: 'x', 'strict-transport-security': 'max-age=1' }).end('{}');

  const gateway = (answer, status, code) => {
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.headers['content-type'], 'application/problem+json');
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.equal(answer.headers['retry-after'], '2');
    assert.deepEqual([answer.json.status, answer.json.code, answer.json.requestId], [status, code, answer.headers['x-request-id']]);
    assert.match(answer.json.type, new RegExp(`#${code}$`));
  };

  test('only what Stagedoor reads is sent on: no foreign cookies, one address, https as this site is', async () => {
    behave = json;
    const answer = await get(app, `${path('r')}&userName=a%20b`, {
      headers: { ...cookie('tok'), 'x-forwarded-for': '198.51.100.1, 203.0.113.7', 'x-request-id': 'bad id!', origin: 'https://x.example', 'user-agent': 'u', 'x-secret': '1' },
    });
    const { headers, url } = seen.at(-1);
    assert.match(url, /^\/api\/expert\/videocall\/url\?roomId=r&userName=a(%20|\+)b$/);   // Next writes queries anew
    assert.equal(headers.cookie, 'session=tok');
    assert.equal(headers['x-forwarded-for'], '203.0.113.7', 'what our one proxy wrote, not what stands before it');
    assert.equal(headers['x-forwarded-proto'], 'https');
    assert.match(headers['x-request-id'], /^[0-9a-f-]{36}$/);
    for (const name of ['origin', 'user-agent', 'x-secret', 'x-forwarded-host']) assert.equal(headers[name], undefined, name);
    for (const name of ['set-cookie', 'server', 'strict-transport-security']) assert.equal(answer.headers[name], undefined, name);
  });

  test('an answer that breaks off, or that is none of Stagedoor\'s, is a 502 with a face', async () => {
    const ways = {
      'cut': (_, response) => (response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' }), response.write('{"video'), setTimeout(() => response.destroy(), 20)),
      'a page of some proxy': (_, response) => response.writeHead(503, { 'content-type': 'text/html' }).end('<h1>maintenance</h1>'),
      'a redirect': (_, response) => response.writeHead(302, { location: 'https://login.example' }).end(),
      'too much': (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('x'.repeat(2_000_000)),
      'no answer at all': (request) => request.socket.destroy(),
    };
    for (const [what, act] of Object.entries(ways)) {
      behave = act;
      gateway(await get(app, path('r'), { headers: { 'x-request-id': what.replaceAll(' ', '-') } }), 502, 'bad_gateway');
    }
  });

  test('a kept connection that was closed just now is no failure', async () => {
    behave = json;
    assert.equal((await get(app, path('r'))).status, 200);
    let first = true;
    behave = (request, response) => (first ? ((first = false), request.socket.destroy()) : json(request, response));
    assert.equal((await get(app, path('r'))).status, 200);
    assert.equal(first, false);
  });

  test('silence is a 504, and a caller who goes is not waited for', async () => {
    behave = () => {};
    const waited = get(app, path('r'));
    const leaving = new AbortController();
    const left = fetch(app.origin + path('left'), { signal: leaving.signal }).catch(() => 'left');
    for (const end = Date.now() + 5_000; !seen.at(-1).url.includes('left'); await sleep(20)) assert.ok(Date.now() < end);
    const behind = seen.find((one) => one.url.includes('left'));
    leaving.abort();
    assert.equal(await left, 'left');
    assert.equal(await Promise.race([behind.gone, sleep(3_000)]), true, 'the request behind it was given up');
    gateway(await waited, 504, 'gateway_timeout');
  });

  test('nobody there is a 502', async () => {
    upstream.closeAllConnections();
    await new Promise((done) => upstream.close(done));
    gateway(await get(app, path('r')), 502, 'bad_gateway');
  });
});

// What another site's page can make a real browser do with the cookies of somebody who is signed in: nothing that counts.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Stagedoor, session } from '../blackbox/support/stagedoor.mjs';
import { launchPermissive } from './support/browser.mjs';

let browser, context, door, stranger, listed;
const folder = mkdtempSync(join(tmpdir(), 'stagedoor-sites-'));
const audit = join(folder, 'audit.log');

// An empty page of a site of its own: to a browser localhost is another site than 127.0.0.1.
async function site() {
  const server = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end('<!doctype html><title>A site</title><body></body>');
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { origin: `http://localhost:${server.address().port}`, stop: () => (server.closeAllConnections(), server.close()) };
}

before(async () => {
  [browser, stranger, listed] = await Promise.all([launchPermissive(), site(), site()]);
  context = browser.context;
  door = await Stagedoor.start({ extra: `[cors]\norigins = ["${listed.origin}"]\n[log]\nlevel = "debug"\n[audit]\nfile = "${audit}"\n` });
  assert.equal((await door.book('open')).status, 201);
  // The cookie of a marketplace that lets it go everywhere.
  await context.addCookies([{ name: 'session', value: session(), domain: '127.0.0.1', path: '/', sameSite: 'None', secure: true }]);
});
after(async () => {
  await browser?.stop();
  await door?.stop();
  for (const one of [stranger, listed]) one?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const joinLink = (room) => `${door.base}/api/expert/videocall/url?roomId=${room}`;
const decisions = () => readFileSync(audit, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));

// What a page of that site makes the browser do. The answers are hidden from it, and some from the browser's tools, so the server is asked.
async function visit(from, { how, ...more }, address) {
  const page = await context.newPage();
  await page.goto(from);
  await page.evaluate(how, { address, ...more });
  return page;
}
async function decisionAbout(room) {
  for (const end = Date.now() + 10_000; Date.now() < end; await new Promise((done) => setTimeout(done, 20))) {
    const found = decisions().find((line) => line.event === 'join_decided' && line.room === room);
    if (found) return found;
  }
  throw new Error(`nobody has asked for ${room}`);
}

// Each function runs in the page.
const put = (tag, attributes) => ({
  tag,
  attributes,
  how: ({ address, tag, attributes }) => {
    const one = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) one[name] = value ?? address;
    document.body.append(one);
    if (tag === 'a') one.click();
  },
});
const get = (options) => ({ options, how: ({ address, options }) => void fetch(address, options).catch(() => {}) });
const ways = {
  image: put('img', { src: null }),
  script: put('script', { src: null }),
  style: put('link', { rel: 'stylesheet', href: null }),
  frame: put('iframe', { src: null }),
  video: put('video', { src: null }),
  'fetch without CORS': get({ mode: 'no-cors', credentials: 'include' }),
  'fetch with CORS': get({ credentials: 'include' }),
  'event stream': { how: ({ address }) => void new EventSource(address, { withCredentials: true }) },
  link: put('a', { href: null }),
  window: put('a', { href: null, target: '_blank' }),
};

test('no way of another site to ask with a visitor’s cookie opens a room', { timeout: 120_000 }, async () => {
  for (const [index, [name, way]] of Object.entries(ways).entries()) {
    const room = `way-${index}`;
    await door.book(room);
    const page = await visit(stranger.origin, way, joinLink(room));
    const { outcome, rule, request_id: id } = await decisionAbout(room);
    assert.deepEqual([outcome, rule], ['denied', 'unauthenticated'], name);
    // The cookie came: it is we who did not take it.
    await door.logged(new RegExp(`another site's page made the browser send cookies","request_id":"${id}"`));
    await page.close();
  }
});

test('another site cannot send a form to the token endpoint either', { timeout: 60_000 }, async () => {
  const form = {
    how: ({ address }) => {
      const one = document.createElement('form');
      [one.method, one.action, one.enctype] = ['post', address, 'text/plain'];
      const field = document.createElement('input');
      [field.name, field.value] = ['{"room_name":"open","x":"', '"}'];
      one.append(field);
      document.body.append(one);
      one.submit();
    },
  };
  const address = `${door.base}/api/livekit/token`;
  const answered = context.waitForEvent('response', { predicate: (one) => one.url() === address });
  const page = await visit(stranger.origin, form, address);
  assert.equal((await answered).status(), 415);
  await page.close();
});

test('the pages of a listed origin, and whoever types the address, are let in by the same cookie', { timeout: 60_000 }, async () => {
  const page = await context.newPage();
  await page.goto(listed.origin);
  const read = await page.evaluate(async (address) => {
    const answer = await fetch(address, { credentials: 'include', headers: { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` } });
    return { status: answer.status, id: answer.headers.get('x-request-id'), room: (await answer.json()).roomId };
  }, joinLink('open'));
  assert.equal(read.status, 200);
  assert.equal(read.room, 'open');
  assert.ok(read.id, 'a header that is exposed');
  assert.equal((await page.goto(joinLink('open'))).status(), 200);
  await page.close();
});

test('what a stranger’s page may not read it cannot: no answer, no reason', { timeout: 60_000 }, async () => {
  const page = await context.newPage();
  await page.goto(stranger.origin);
  const read = (address) => page.evaluate((to) => fetch(to, { credentials: 'include' }).then((answer) => answer.status, () => 'nothing'), address);
  for (const path of ['/api/expert/videocall/url?roomId=open', '/api/expert/bookings', '/api/preflight', '/openapi.json', '/nothing']) assert.equal(await read(door.base + path), 'nothing', path);
  await page.close();
});

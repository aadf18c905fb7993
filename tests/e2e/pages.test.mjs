// The pages and the element in a real browser: a call from the test page, every problem as its sentence, an early room that opens,
// a camera that a host page keeps back, a network that comes and goes, a refresh that nobody notices.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Fake100ms, provider } from '../blackbox/support/fake_100ms.mjs';
import { FakeGoogleMeet } from '../blackbox/support/fake_google_meet.mjs';
import { Stagedoor, randomRoom, rfc3339, session } from '../blackbox/support/stagedoor.mjs';
import { complaints, launch, moves, picture } from './support/browser.mjs';
import { hostPage } from './support/host_page.mjs';

let browser, demo, door, fake, meet;
// Where a preflight finds nobody.
const nowhere = 'https://127.0.0.1:9';
const room = `[providers.builtin]\ntype = "builtin"\n`;

before(async () => {
  [fake, meet] = await Promise.all([Fake100ms.start(), FakeGoogleMeet.start()]);
  [browser, demo, door] = await Promise.all([
    launch(),
    Stagedoor.demo(),
    Stagedoor.start({
      top: 'default_provider = "builtin"',
      providers: room + provider(fake, '', nowhere) + provider(fake, '', nowhere).replace('.hms]', '.away]') + meet.configuration,
      extra: '[rooms]\nprepare_before = "0s"\n[join]\ntimeout = "600ms"\n[pages]\nlogin_url = "/login?next={return}"\nback_url = "/bookings"\n',
    }),
  ]);
});
after(async () => {
  await browser?.close();
  await Promise.all([demo?.stop(), door?.stop(), fake?.stop(), meet?.stop()]);
});

// A page of its own, signed in unless `who` is null.
async function open(path, { who = {}, at = door, options = {}, prepare } = {}) {
  const context = await browser.newContext(options);
  if (who) await context.addCookies([{ name: 'session', value: session(who), url: at.base }]);
  const page = await context.newPage();
  const said = complaints(page);
  await prepare?.(page, context);
  await page.goto(path.startsWith('http') ? path : at.base + path);
  return { context, page, said };
}
const callPage = (name, role = 'expert') => `/${role}/videocall/${name}`;
const titled = (page, text) => page.getByRole('heading', { level: 2, name: text }).waitFor({ timeout: 45_000 });
const booked = async (change) => {
  const name = randomRoom();
  const made = await door.book(name, change);
  assert.equal(made.status, 201, made.text);
  return name;
};
const frameOf = async (page) => (await page.locator('video-call iframe').elementHandle({ timeout: 20_000 })).contentFrame();

test('the demo: two clicks on a room, and the two see each other', { timeout: 120_000 }, async () => {
  const { context, page, said } = await open('/', { at: demo, who: null });
  assert.match(page.url(), /\/test-videocall$/);
  const join = async (role) => {
    const opened = context.waitForEvent('page');
    await page.click(`button[data-room="test_room"][data-role="${role}"]`);
    const call = await opened;
    return { call, said: complaints(call), frame: await frameOf(call) };
  };
  const expert = await join('expert');
  const client = await join('client');
  await Promise.all([moves(expert.frame, '#theirs'), moves(client.frame, '#theirs')]);
  await picture(expert.call, 'demo-call');
  // Both sides' sessions live beside each other, so a reload on either side comes back.
  await expert.call.reload();
  await moves(await frameOf(expert.call), '#theirs');
  await expert.call.getByRole('button', { name: 'Leave' }).click();
  await titled(expert.call, 'You have left the call');
  await client.frame.getByRole('button', { name: 'Hang up' }).click();
  await titled(client.call, 'You have left the call');
  for (const one of [said, expert.said, client.said]) assert.deepEqual(one, []);
  await context.close();
});

test('the preflight finds what is so, and its report can be copied', { timeout: 60_000 }, async () => {
  const { context, page, said } = await open('/test-videocall', { at: demo, who: null });
  await context.grantPermissions(['clipboard-read', 'clipboard-write', 'camera', 'microphone'], { origin: demo.base });
  await page.reload();
  const told = (name) => page.locator(`.check[data-check="${name}"]`);
  await told('Video service “builtin”').waitFor();
  assert.match(await told('Video service “builtin”').getAttribute('class'), /good/, 'the page is at 127.0.0.1, the provider at localhost');
  await assert.doesNotReject(told('Your address').getByText('Limits see 127.0.0.1.').waitFor());
  for (const name of ['Secure page', 'Browser', 'Camera and microphone', 'Way to the API', 'Clock']) assert.match(await told(name).getAttribute('class'), /good/, name);
  await page.getByRole('button', { name: 'Try camera and microphone' }).click();
  await page.locator('#said', { hasText: 'They work' }).waitFor();
  await moves(page, '#picture');
  await page.getByRole('button', { name: 'Copy the report' }).click();
  await page.locator('#said', { hasText: 'clipboard' }).waitFor();
  const report = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(report, /good {2}Clock: .*\n/);
  assert.match(report, /info {2}Your address: Limits see 127\.0\.0\.1/);
  assert.doesNotMatch(report, /token|session|eyJ/);
  assert.deepEqual(said, []);
  await context.close();
});

test('a clock that is wrong is found', { timeout: 60_000 }, async () => {
  const { context, page } = await open('/test-videocall', {
    prepare: (tab) => tab.route('**/api/preflight', async (route) => {
      const answer = await route.fetch();
      const facts = await answer.json();
      await route.fulfill({ response: answer, json: { ...facts, serverTime: new Date(Date.now() - 150_000).toISOString() } });
    }),
  });
  await page.locator('.check.bad[data-check="Clock"]', { hasText: /1(4[5-9]|5[0-5])\.\d s ahead/ }).waitFor();
  await context.close();
});

test('outside of the demo the test page lists the caller\'s own bookings', { timeout: 60_000 }, async () => {
  const user = `u-${randomRoom()}`;
  const participants = [{ userId: user, role: 'expert' }];
  const [open1, early] = [await booked({ participants }), await booked({ participants, startsAt: rfc3339(Date.now() + 7.2e6), endsAt: rfc3339(Date.now() + 9e6) })];
  const { context, page, said } = await open('/test-videocall', { who: { sub: user } });
  await page.locator(`a[data-room="${open1}"]`, { hasText: 'Join as expert' }).waitFor();
  await page.locator(`a[data-room="${early}"]`, { hasText: 'Wait at the door' }).waitFor();
  assert.equal(await page.locator('.booking').count(), 2);
  await picture(page, 'test-own-bookings');
  const other = await open('/test-videocall', { who: null });
  await other.page.getByText('You are not signed in').waitFor();
  assert.equal(await other.page.getByRole('link', { name: 'Sign in' }).getAttribute('href'), `${door.base}/login?next=${encodeURIComponent(`${door.base}/test-videocall`)}`);
  assert.deepEqual(said, []);
  await Promise.all([context.close(), other.context.close()]);
});

test('what the server refuses is told as a sentence with a next step', { timeout: 120_000 }, async () => {
  const later = { startsAt: rfc3339(Date.now() + 600_000), endsAt: rfc3339(Date.now() + 4e6) };
  const ended = await booked();
  await door.service('POST', `/api/bookings/${ended}/end`);
  const cancelled = await booked();
  await door.service('DELETE', `/api/bookings/${cancelled}`);
  const json = { 'content-type': 'application/json' };
  const cases = [
    ['invalid_request', callPage('a%20b'), 'This link is not complete', 'Back'],
    ['unauthenticated', callPage(await booked()), 'Please sign in', 'Sign in', { who: null }],
    ['session_expired', callPage(await booked()), 'Please sign in again', 'Sign in', { who: { exp: 1_000_000_000 } }],
    ['wrong_role', callPage(await booked(), 'client'), 'This is the other side’s door', 'Back'],
    ['not_assigned', callPage(await booked()), 'You are not on the list', 'Sign in', { who: { sub: 'stranger' } }],
    ['room_not_found', callPage('nowhere'), 'We cannot find this call', 'Back'],
    ['room_ended', callPage(ended), 'This call is over', 'Back'],
    ['room_cancelled', callPage(cancelled), 'This call was cancelled', 'Back'],
    ['too_early', callPage(await booked({ startsAt: rfc3339(Date.now() + 9e6), endsAt: rfc3339(Date.now() + 1e7) })), 'The room is not open yet', 'Back'],
    ['provider_rejected', callPage(await booked({ ...later, provider: 'hms' })), 'The video service refuses the call', 'Try again', {}, (_, response) => response.writeHead(401, json).end('{}')],
    ['provider_unavailable', callPage(await booked({ ...later, provider: 'away' })), 'The video service does not answer', 'Try now', {}, (_, response) => response.writeHead(503, { ...json, 'retry-after': '30' }).end('{}')],
    ['provider_timeout', callPage(await booked({ ...later, provider: 'hms' })), 'The video service is slow', 'Try now', {}, () => {}],
  ];
  for (const [code, path, title, step, how = {}, trouble] of cases) {
    if (trouble) fake.misbehave(trouble, { times: 100 });
    const { context, page, said } = await open(path, how);
    await titled(page, title.replace('’', "'")).catch((error) => assert.fail(`${code}: ${error.message}`));
    assert.ok((await page.locator('video-call .actions .main, video-call .actions .button').first().textContent()).includes(step), `${code} has the step ${step}`);
    await picture(page, `problem-${code}`);
    assert.deepEqual(said, [], code);
    await context.close();
    fake.heal();
  }
});

test('every code that the API has is shown as its sentence', { timeout: 120_000 }, async () => {
  const { sentences } = await import('../../web/dist/sentences.js').catch(() => ({ sentences: null }));
  const codes = JSON.parse(readFileSync(new URL('../../api/openapi.json', import.meta.url))).components.schemas.Problem.properties.code.enum;
  let code;
  const { context, page, said } = await open('/test-videocall', {
    prepare: (tab) => tab.route('**/api/*/videocall/url?*', (route) => {
      const status = code === 'too_early' ? 403 : 400;
      const body = { type: 'about:blank', title: 'x', detail: 'y', status, code, requestId: 'r-1' };
      return route.fulfill({ status, contentType: 'application/problem+json', body: JSON.stringify(body), headers: code === 'too_early' ? { 'retry-after': '600' } : {} });
    }),
  });
  const titles = new Map();
  for (code of codes) {
    await page.goto(`${door.base}${callPage('room')}`);
    // In one look: what is tried again by itself is busy again soon.
    const seen = await page.waitForFunction(() => {
      const card = document.querySelector('video-call')?.shadowRoot?.querySelector('.card');
      return card && !card.classList.contains('busy') && card.querySelector('h2').textContent;
    });
    const title = await seen.jsonValue();
    assert.ok(title.length > 5 && !title.includes(code), `${code}: ${title}`);
    if (sentences) assert.equal(title, sentences[code].title);
    titles.set(code, title);
  }
  assert.ok(new Set(titles.values()).size >= 20, 'they differ');
  assert.deepEqual(said, []);
  await context.close();
});

test('an early room counts down and opens by itself', { timeout: 60_000 }, async () => {
  const name = await booked({ startsAt: rfc3339(Date.now() + 9e6), endsAt: rfc3339(Date.now() + 1e7) });
  const { context, page, said } = await open(callPage(name));
  await titled(page, 'The room is not open yet');
  // The expert may enter thirty minutes before the start.
  await door.book(name, { startsAt: rfc3339(Date.now() + 1_800_000 + 9_000), endsAt: rfc3339(Date.now() + 4e6) });
  const clock = page.getByRole('timer').filter({ hasText: /^0:0\d$/ });
  const first = await clock.textContent();
  await picture(page, 'early');
  await page.waitForFunction((before) => document.querySelector('video-call').shadowRoot.querySelector('[role=timer]')?.textContent !== before, first);
  await (await frameOf(page)).waitForSelector('#theirs', { state: 'attached' });
  await page.getByRole('button', { name: 'Leave' }).waitFor();
  assert.deepEqual(said, []);
  await context.close();
});

test('a booking that is moved ahead lets in whoever waits', { timeout: 60_000 }, async () => {
  const name = await booked({ startsAt: rfc3339(Date.now() + 9e6), endsAt: rfc3339(Date.now() + 1e7) });
  const { context, page } = await open(callPage(name));
  await titled(page, 'The room is not open yet');
  await door.book(name);
  await frameOf(page);
  await context.close();
});

async function withHost(options, work) {
  const opened = await Stagedoor.start({ providers: room, extra: `[cors]\norigins = ["${options.origin ?? 'http://127.0.0.1:1'}"]\n` });
  try {
    return await work(opened);
  } finally {
    await opened.stop();
  }
}

test('in a host page of another origin under a strict policy the call works', { timeout: 60_000 }, async () => {
  const host = { server: null };
  const placeholder = await hostPage({ stagedoor: 'http://127.0.0.1:9', room: 'x' });
  await placeholder.stop();
  await withHost({ origin: placeholder.origin }, async (opened) => {
    const name = randomRoom();
    await opened.book(name);
    host.server = await hostPage({ stagedoor: opened.base, room: name, port: Number(new URL(placeholder.origin).port) });
    const { context, page, said } = await open(host.server.origin, { at: opened });
    const frame = await frameOf(page);
    await moves(frame, '#mine');
    assert.equal(await page.locator('video-call .bar').isVisible(), false);
    assert.deepEqual(said, []);
    await picture(page, 'host-page');
    await context.close();
    await host.server.stop();
  });
});

test('a camera that the host page\'s Permissions-Policy keeps back is found and explained', { timeout: 60_000 }, async () => {
  const placeholder = await hostPage({ stagedoor: 'http://127.0.0.1:9', room: 'x' });
  await placeholder.stop();
  await withHost({ origin: placeholder.origin }, async (opened) => {
    const name = randomRoom();
    await opened.book(name);
    const host = await hostPage({ stagedoor: opened.base, room: name, port: Number(new URL(placeholder.origin).port), headers: { 'permissions-policy': 'camera=(), microphone=(self)' } });
    const { context, page } = await open(host.origin, { at: opened, prepare: (tab) => tab.addInitScript(() => {
      window.heard = [];
      addEventListener('error', (event) => event.detail && window.heard.push(event.detail.code));
    }) });
    const bar = page.locator('video-call .bar');
    await bar.getByText('This site keeps the call from using your camera and microphone').waitFor();
    await bar.getByText(`Permissions-Policy: camera=(self "${opened.base}"), microphone=(self "${opened.base}")`).waitFor();
    assert.deepEqual(await page.evaluate(() => window.heard), ['policy_blocked']);
    await picture(page, 'camera-blocked');
    await context.close();
    await host.stop();
  });
});

test('a call that ends in its frame leaves a way on above it, which tells what has become of the booking', { timeout: 60_000 }, async () => {
  const name = await booked();
  const { context, page, said } = await open(callPage(name));
  await (await frameOf(page)).locator('#says', { hasText: 'You are here' }).waitFor({ timeout: 20_000 });
  assert.ok((await door.service('DELETE', `/api/bookings/${name}`)).status < 300);
  await page.getByText('The call has ended here', { exact: true }).waitFor({ timeout: 20_000 });
  await picture(page, 'ended-in-its-frame');
  await page.locator('.bar').getByRole('button', { name: 'Join again' }).click();
  await titled(page, 'This call was cancelled');
  assert.deepEqual(said, []);
  await context.close();
});

test('a service that refuses frames is opened in a tab of its own, by a click', { timeout: 60_000 }, async () => {
  const { context, page, said } = await open(callPage(await booked({ provider: 'meet' })));
  await titled(page, 'Your call is ready');
  assert.equal(await page.locator('video-call iframe').count(), 0);
  await picture(page, 'new-tab');
  const way = page.getByRole('link', { name: 'Open the call' });
  const ticket = await way.getAttribute('href');
  assert.ok(ticket.startsWith(`${door.base}/go/`), ticket);
  const leads = await fetch(ticket, { redirect: 'manual' });
  assert.match(leads.headers.get('location'), /^https:\/\/meet\.google\.com\/[a-z]{3}-[a-z]{4}-[a-z]{3}$/);
  assert.match(await way.getAttribute('rel'), /noopener/);
  await Promise.all([context.waitForEvent('page'), context.waitForEvent('request', (request) => request.url() === ticket), way.click()]);
  await titled(page, 'Your call is ready');
  assert.deepEqual(said, []);
  await context.close();
});

test('offline it waits, and goes on when the network is back', { timeout: 60_000 }, async () => {
  const name = await booked();
  const { context, page } = await open('/test-videocall');
  await page.goto(`${door.base}${callPage(name)}`);
  await frameOf(page);
  await page.getByRole('button', { name: 'Leave' }).click();
  await titled(page, 'You have left the call');
  await context.setOffline(true);
  await page.getByRole('button', { name: 'Join again' }).click();
  await titled(page, 'You are offline');
  await picture(page, 'offline');
  await context.setOffline(false);
  await frameOf(page);
  await context.close();
});

test('a server that is away is asked again with growing pauses, until it is back', { timeout: 90_000 }, async () => {
  const first = await Stagedoor.start({ providers: room });
  const name = randomRoom();
  await first.book(name);
  const { context, page } = await open(callPage(name), { at: first });
  await frameOf(page);
  await page.getByRole('button', { name: 'Leave' }).click();
  await context.route('**/api/expert/videocall/url?*', (route) => route.abort('connectionrefused'));
  let tries = 0;
  page.on('request', (request) => (tries += request.url().includes('/videocall/url?') ? 1 : 0));
  await page.getByRole('button', { name: 'Join again' }).click();
  await titled(page, 'We cannot reach the call service');
  await page.getByText(/Next try in 0:0\d/).waitFor();
  await picture(page, 'unreachable');
  await page.waitForTimeout(4_000);
  assert.ok(tries >= 2 && tries <= 5, `${tries} tries`);
  await context.unroute('**/api/expert/videocall/url?*');
  await frameOf(page);
  await context.close();
  await first.stop();
});

test('a refresh brings a new link and does not touch the frame', { timeout: 60_000 }, async () => {
  const name = await booked();
  const links = [];
  const { context, page } = await open(callPage(name), {
    prepare: (tab) => tab.route('**/api/expert/videocall/url?*', async (route) => {
      const answer = await route.fetch({ headers: { ...route.request().headers(), accept: 'application/json' } });
      const joined = await answer.json();
      links.push(joined.videoCallUrl);
      await route.fulfill({ response: answer, json: { ...joined, refreshAfter: joined.serverTime } });
    }),
  });
  const frame = await frameOf(page);
  await moves(frame, '#mine');
  await frame.evaluate(() => (window.stillHere = true));
  await page.waitForFunction(() => document.querySelector('video-call').state.refreshed === true, undefined, { timeout: 20_000 });
  assert.ok(links.length >= 2);
  assert.notEqual(links[0], links[1]);
  assert.equal(await (await frameOf(page)).evaluate(() => window.stillHere), true);
  await moves(frame, '#mine', { frames: 5 });
  await context.close();
});

test('all of it can be reached and used by keyboard', { timeout: 60_000 }, async () => {
  const { context, page } = await open(callPage('nowhere'));
  await titled(page, 'We cannot find this call');
  await page.keyboard.press('Tab');
  const focused = () => page.evaluate(() => document.activeElement.shadowRoot?.activeElement?.dataset.action);
  assert.equal(await focused(), 'back');
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'retry');
  await door.book('nowhere');
  await page.keyboard.press('Enter');
  const frame = await frameOf(page);
  await frame.waitForSelector('#mine', { state: 'attached' });
  // Whoever was here with the keyboard is in the call with it.
  await page.waitForFunction(() => document.activeElement?.shadowRoot?.activeElement?.tagName === 'IFRAME');
  await context.close();
});

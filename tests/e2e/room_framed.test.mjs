// The built-in room in a frame of another site's page: what the frame must be allowed, and what the page around it hears.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { Stagedoor } from '../blackbox/support/stagedoor.mjs';
import { complaints, launch, moves, picture } from './support/browser.mjs';
import { builtin, close, House, says } from './support/room.mjs';

const allow = 'camera; microphone; display-capture; autoplay; fullscreen';
let browser, door, house, host;
before(async () => {
  [browser, door] = await Promise.all([launch(), Stagedoor.start(builtin)]);
  house = new House(door, browser);
  // Stagedoor is at 127.0.0.1; for browsers localhost is another site.
  host = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end('<!doctype html><title>Marketplace</title><style>html, body, iframe { margin: 0; border: 0; width: 100%; height: 100% } iframe { display: block }</style>');
  });
  await new Promise((done) => host.listen(0, '127.0.0.1', done));
  host.origin = `http://localhost:${host.address().port}`;
});
after(async () => {
  await browser?.close();
  host?.closeAllConnections();
  host?.close();
  await door?.stop();
});

async function framed(room, role, allowed = allow) {
  const { videoCallUrl } = await house.link(room, role);
  const context = await browser.newContext({ viewport: { width: 900, height: 600 } });
  const page = await context.newPage();
  const said = complaints(page);
  await page.goto(host.origin);
  await page.evaluate(([src, allow]) => {
    globalThis.heard = [];
    addEventListener('message', ({ data, origin, source }) => globalThis.heard.push({ data, origin, ofTheFrame: source === document.querySelector('iframe').contentWindow }));
    document.body.append(Object.assign(document.createElement('iframe'), { src, allow }));
  }, [videoCallUrl, allowed]);
  const frame = await (await page.waitForSelector('iframe')).contentFrame();
  await frame.waitForURL(/\/room\//);
  return { context, page, frame, said };
}
// The page around the call has heard exactly this, from the call's origin and nothing else.
async function hears({ page }, ...types) {
  await page.waitForFunction((count) => globalThis.heard.length >= count, types.length, { timeout: 15_000 });
  assert.deepEqual(await page.evaluate(() => globalThis.heard), types.map((type) => ({ data: { type }, origin: door.base, ofTheFrame: true })));
}

test('with what it must be allowed the call works, its screen too, and the page around it is told how it goes', { timeout: 120_000 }, async () => {
  const room = await house.booked();
  const [expert, client] = [await framed(room, 'expert'), await framed(room, 'client')];
  await Promise.all([moves(expert.frame, '#theirs'), moves(client.frame, '#theirs')]);
  await Promise.all([hears(expert, 'stagedoor:joined'), hears(client, 'stagedoor:joined')]);
  await picture(expert.page, 'framed-call');

  await expert.frame.getByRole('button', { name: 'Share screen' }).click();
  await client.frame.locator('#who', { hasText: 'Dr. Ada (shows the screen)' }).waitFor();

  await expert.frame.evaluate(() => location.reload());
  await moves(expert.frame, '#theirs');
  await hears(expert, 'stagedoor:joined', 'stagedoor:joined');
  await expert.frame.getByRole('button', { name: 'Hang up' }).click();
  await hears(expert, 'stagedoor:joined', 'stagedoor:joined', 'stagedoor:left');

  assert.equal((await door.service('POST', `/api/bookings/${room}/end`)).status, 200);
  // Each call is joined anew, and the end is another word than leaving.
  await client.page.waitForFunction(() => globalThis.heard.at(-1).data.type === 'stagedoor:ended');
  const words = await client.page.evaluate(() => globalThis.heard.map((one) => one.data.type));
  assert.deepEqual(words, ['stagedoor:joined', 'stagedoor:joined', 'stagedoor:ended']);
  assert.deepEqual([...expert.said, ...client.said], []);
  await close(expert, client);
});

test('a page that passes nothing on is named as the reason, for camera, microphone and screen', { timeout: 60_000 }, async () => {
  const { context, page, frame, said } = await framed(await house.booked(), 'expert', '');
  await says(frame, 'The page around this call does not pass the camera and microphone on to it. You can watch and listen.');
  await frame.getByRole('button', { name: 'Share screen' }).click();
  await says(frame, 'The page around this call does not pass the screen on to it.');
  for (const name of ['Mute', 'Camera off']) assert.ok(await frame.getByRole('button', { name }).isDisabled(), name);
  await picture(page, 'framed-without-allow');
  assert.deepEqual(said, []);
  await context.close();
});

test('a page that forgets one of them still has a call with the rest', { timeout: 90_000 }, async () => {
  const room = await house.booked();
  const [expert, client] = [await framed(room, 'expert', 'microphone; autoplay'), await house.enter(room, 'client')];
  await says(expert.frame, 'The page around this call does not pass the camera on to it. The others hear you.');
  await Promise.all([moves(expert.frame, '#theirs'), client.page.locator('#who', { hasText: 'Dr. Ada (no picture)' }).waitFor()]);
  await close(expert, client);
});

// The built-in room in a real browser: what one side does is seen on the other, and what goes wrong is said kindly.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Stagedoor, randomRoom, session } from '../blackbox/support/stagedoor.mjs';
import { complaints, launch, moves, picture } from './support/browser.mjs';

let browser, bare, door;
before(async () => {
  [browser, bare, door] = await Promise.all([
    launch(), launch({ devices: false }), Stagedoor.start({ top: 'default_provider = "builtin"', providers: '[providers.builtin]\ntype = "builtin"\n' }),
  ]);
});
after(async () => {
  await Promise.all([browser?.close(), bare?.close()]);
  await door?.stop();
});

const people = { expert: session({ name: 'Dr. Ada' }), client: session({ sub: 'client-1', role: 'client', name: 'Bob' }) };
async function enter(room, role, { at = door, using = browser, prepare } = {}) {
  const answer = await at.join(room, { role, token: people[role] });
  assert.equal(answer.status, 200, answer.text);
  const context = await using.newContext({ viewport: { width: 900, height: 600 } });
  const page = await context.newPage();
  const said = complaints(page);
  await prepare?.(page);
  await page.goto(answer.json.videoCallUrl);
  return { page, said, context };
}
async function meet(at = door) {
  const room = randomRoom();
  assert.equal((await at.book(room)).status, 201);
  const [expert, client] = [await enter(room, 'expert', { at }), await enter(room, 'client', { at })];
  await Promise.all([moves(expert.page, '#theirs'), moves(client.page, '#theirs')]);
  return { room, expert, client };
}
const says = (page, text) => page.locator('#says', { hasText: text }).waitFor({ timeout: 20_000 });
const who = (page, text) => page.locator('#who', { hasText: text }).waitFor({ timeout: 20_000 });
const close = (...all) => Promise.all(all.map((one) => one.context.close()));

test('mute and camera of one side are told to the other; keys do it too', { timeout: 90_000 }, async () => {
  const { expert, client } = await meet();
  const button = (name) => expert.page.getByRole('button', { name });
  await who(client.page, 'Dr. Ada');
  await button('Mute').click();
  await who(client.page, 'Dr. Ada (muted)');
  assert.equal(await button('Mute').getAttribute('aria-pressed'), 'true');
  await expert.page.keyboard.press('Alt+Shift+C');
  await who(client.page, 'Dr. Ada (muted, no picture)');
  await expert.page.keyboard.press('m'); // by itself it belongs to others
  await expert.page.keyboard.press('Alt+Shift+M');
  await expert.page.keyboard.press('Alt+Shift+C');
  await client.page.waitForFunction(() => document.getElementById('who').textContent === 'Dr. Ada');
  await moves(client.page, '#theirs');
  await client.page.locator('#quality', { hasText: 'Connection: good' }).waitFor({ timeout: 15_000 });
  await picture(client.page, 'room-call');
  assert.deepEqual([...expert.said, ...client.said], []);
  await close(expert, client);
});

test('whoever loads the page anew comes back, and nobody\'s address has the token', { timeout: 90_000 }, async () => {
  const { expert, client } = await meet();
  assert.doesNotMatch(client.page.url(), /token/);
  await client.page.reload();
  await Promise.all([moves(client.page, '#theirs'), moves(expert.page, '#theirs')]);
  await close(expert, client);
});

test('hanging up is shown to the other side, and both can come back', { timeout: 90_000 }, async () => {
  const { expert, client } = await meet();
  await expert.page.getByRole('button', { name: 'Hang up' }).click();
  await says(expert.page, 'You have left the call.');
  await says(client.page, 'Dr. Ada has left the call. Waiting for them to come back');
  assert.ok(await expert.page.getByRole('button', { name: 'Join again' }).isVisible());
  await expert.page.getByRole('button', { name: 'Join again' }).click();
  await Promise.all([moves(expert.page, '#theirs'), moves(client.page, '#theirs')]);
  await close(expert, client);
});

test('another camera can be chosen during the call, and the first one again', { timeout: 90_000 }, async () => {
  const { expert, client } = await meet();
  const cameras = expert.page.locator('#cameras');
  assert.equal(await cameras.locator('option').count(), 2);
  await expert.page.locator('#devices summary').click();
  const before = await cameras.inputValue();
  await cameras.selectOption({ index: 1 });
  await expert.page.waitForFunction((id) => document.getElementById('cameras').value !== id && document.getElementById('mine').srcObject?.getVideoTracks()[0].readyState === 'live', before);
  await moves(expert.page, '#mine'); // Chromium's second made-up camera is shown, but not sent
  await cameras.selectOption(before);
  await expert.page.waitForFunction((id) => document.getElementById('cameras').value === id && document.getElementById('mine').srcObject?.getVideoTracks()[0].readyState === 'live', before);
  await moves(client.page, '#theirs');
  await picture(expert.page, 'room-devices');
  await close(expert, client);
});

test('a camera that goes away is told to both sides', { timeout: 90_000 }, async () => {
  // The browser's fake camera cannot be pulled out; its track says what a real one says then.
  const { expert, client } = await (async () => {
    const room = randomRoom();
    await door.book(room);
    const keep = (page) => page.addInitScript(() => {
      const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = async (wishes) => (globalThis.lastStream = await open(wishes));
    });
    const [one, two] = [await enter(room, 'expert', { prepare: keep }), await enter(room, 'client')];
    await moves(two.page, '#theirs');
    return { expert: one, client: two };
  })();
  await expert.page.evaluate(() => {
    const [track] = globalThis.lastStream.getVideoTracks();
    track.stop();
    track.dispatchEvent(new Event('ended'));
  });
  await says(expert.page, 'The camera has gone.');
  await who(client.page, 'Dr. Ada (no picture)');
  await close(expert, client);
});

test('without devices one watches and listens, and is told why', { timeout: 60_000 }, async () => {
  const room = randomRoom();
  await door.book(room);
  const none = await enter(room, 'expert', { using: bare });
  await says(none.page, /camera.*You can watch and listen\./);
  await picture(none.page, 'room-without-devices');
  await close(none);
});

test('a refusal is explained, and asked for once', { timeout: 60_000 }, async () => {
  const room = randomRoom();
  await door.book(room);
  const refused = await enter(room, 'expert', {
    prepare: (page) => page.addInitScript(() => {
      globalThis.asked = 0;
      navigator.mediaDevices.getUserMedia = async () => {
        ++globalThis.asked;
        throw new DOMException('no', 'NotAllowedError');
      };
    }),
  });
  await says(refused.page, 'The camera and microphone may not be used: allow it');
  assert.equal(await refused.page.evaluate(() => globalThis.asked), 1);
  await close(refused);
});

test('a booking that is cancelled ends the call with a sentence', { timeout: 90_000 }, async () => {
  const { room, expert, client } = await meet();
  assert.ok((await door.service('DELETE', `/api/bookings/${room}`)).status < 300);
  for (const one of [expert, client]) {
    await one.page.waitForFunction(() => document.getElementById('hangup').disabled, null, { timeout: 20_000 });
    assert.match(await one.page.locator('#says').textContent(), /cancelled/i);
  }
  await close(expert, client);
});

test('two who talk go on talking when the server has forgotten them', { timeout: 90_000 }, async () => {
  const own = await Stagedoor.start({ top: 'default_provider = "builtin"', providers: '[providers.builtin]\ntype = "builtin"\n' });
  const { expert, client } = await meet(own);
  // A new process has another secret, and knows nobody's token.
  for (const one of [expert, client])
    await one.page.route('**/events?page=*', (route) => route.fulfill({ status: 401, contentType: 'application/problem+json', body: '{"code":"unauthenticated","detail":"No."}' }));
  await own.stop();
  await Promise.all([says(expert.page, 'you can go on talking'), says(client.page, 'you can go on talking')]);
  await expert.page.getByRole('button', { name: 'Mute' }).click();
  assert.ok(await expert.page.getByRole('button', { name: 'Hang up' }).isEnabled());
  await Promise.all([moves(expert.page, '#theirs'), moves(client.page, '#theirs')]);
  await close(expert, client);
});

// The built-in room in a real browser: what one side does is seen on the other, and what goes wrong is said kindly.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Stagedoor, session } from '../blackbox/support/stagedoor.mjs';
import { launch, moves, picture } from './support/browser.mjs';
import { builtin, close, House, says, who } from './support/room.mjs';

let browser, bare, door, house;
before(async () => {
  [browser, bare, door] = await Promise.all([launch(), launch({ devices: false }), Stagedoor.start(builtin)]);
  house = new House(door, browser);
});
after(async () => {
  await Promise.all([browser?.close(), bare?.close()]);
  await door?.stop();
});

test('mute and camera of one side are told to the other; keys do it too', { timeout: 90_000 }, async () => {
  const { expert, client } = await house.meet();
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
  const { expert, client } = await house.meet();
  assert.doesNotMatch(client.page.url(), /token/);
  await client.page.reload();
  await Promise.all([moves(client.page, '#theirs'), moves(expert.page, '#theirs')]);
  await close(expert, client);
});

test('hanging up is shown to the other side, and both can come back', { timeout: 90_000 }, async () => {
  const { expert, client } = await house.meet();
  await expert.page.getByRole('button', { name: 'Hang up' }).click();
  await says(expert.page, 'You have left the call.');
  await says(client.page, 'Dr. Ada has left the call. Waiting for them to come back');
  assert.ok(await expert.page.getByRole('button', { name: 'Join again' }).isVisible());
  await expert.page.getByRole('button', { name: 'Join again' }).click();
  await Promise.all([moves(expert.page, '#theirs'), moves(client.page, '#theirs')]);
  await close(expert, client);
});

test('another camera can be chosen during the call, and the first one again', { timeout: 90_000 }, async () => {
  const { expert, client } = await house.meet();
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
  const prepare = (page) => page.addInitScript(() => {
    const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wishes) => (globalThis.lastStream = await open(wishes));
  });
  const { expert, client } = await house.meet({ expert: { prepare } });
  await expert.page.evaluate(() => {
    const [track] = globalThis.lastStream.getVideoTracks();
    track.stop();
    track.dispatchEvent(new Event('ended'));
  });
  await says(expert.page, 'The camera has gone.');
  await who(client.page, 'Dr. Ada (no picture)');
  await close(expert, client);
});

test('on a phone that lies on its side the sentence stays beside our own picture', { timeout: 60_000 }, async () => {
  const alone = await house.enter(await house.booked(), 'expert', { options: { viewport: { width: 667, height: 270 } } });
  await says(alone.page, 'You are here');
  await alone.page.waitForFunction(() => document.getElementById('mine').videoWidth > 0);
  const [sentence, own] = await Promise.all(['#says', '#mine'].map((one) => alone.page.locator(one).boundingBox()));
  assert.ok(sentence.x + sentence.width <= own.x || sentence.y + sentence.height <= own.y, JSON.stringify([sentence, own]));
  await picture(alone.page, 'room-landscape');
  await close(alone);
});

test('without devices one watches and listens, and is told why', { timeout: 60_000 }, async () => {
  const none = await house.enter(await house.booked(), 'expert', { browser: bare });
  await says(none.page, /camera.*You can watch and listen\./);
  await picture(none.page, 'room-without-devices');
  await close(none);
});

test('a refusal is explained, and asked for once', { timeout: 60_000 }, async () => {
  const refused = await house.enter(await house.booked(), 'expert', {
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

// What the browser counts, as it would be with a worse way between the two.
const throughABadNetwork = (page) => page.addInitScript(() => {
  globalThis.roundTrip = 0.05;
  const ask = RTCPeerConnection.prototype.getStats;
  RTCPeerConnection.prototype.getStats = async function () {
    const all = new Map(await ask.call(this));
    for (const [id, one] of all) if (one.type === 'candidate-pair') all.set(id, { ...one, currentRoundTripTime: globalThis.roundTrip });
    return all;
  };
});

test('a way that gets worse is told in a word', { timeout: 90_000 }, async () => {
  const { expert, client } = await house.meet({ client: { prepare: throughABadNetwork } });
  const quality = client.page.locator('#quality');
  for (const [roundTrip, level] of [[0.4, 'fair'], [0.9, 'poor'], [0.05, 'good']]) {
    await client.page.evaluate((seconds) => (globalThis.roundTrip = seconds), roundTrip);
    await client.page.locator(`#quality[data-level="${level}"]`, { hasText: `Connection: ${level}` }).waitFor({ timeout: 15_000 });
    assert.match(await quality.getAttribute('title'), new RegExp(`^${roundTrip * 1000} ms there and back`));
    if (level === 'poor') await picture(client.page, 'room-poor');
  }
  await close(expert, client);
});

test('whoever comes in from a second window takes the call there, and back', { timeout: 90_000 }, async () => {
  const { room, expert, client } = await house.meet();
  const second = await house.enter(room, 'expert');
  await says(expert.page, 'This call goes on in another window.');
  await Promise.all([moves(second.page, '#theirs'), moves(client.page, '#theirs')]);
  assert.equal(await expert.page.getByRole('button').count(), 1, 'there is nothing to do but to come back');
  assert.equal(await expert.page.evaluate(() => document.getElementById('mine').srcObject), null, 'its camera is off');
  await picture(expert.page, 'room-another-window');
  await expert.page.getByRole('button', { name: 'Join again' }).click();
  await says(second.page, 'This call goes on in another window.');
  await Promise.all([moves(expert.page, '#theirs'), moves(client.page, '#theirs')]);
  assert.deepEqual([...expert.said, ...second.said, ...client.said], []);
  await close(expert, second, client);
});

test('a seat takes one person; another one of the same side is told so and may try again', { timeout: 90_000 }, async () => {
  const participants = [...['expert-1', 'expert-2'].map((userId) => ({ userId, role: 'expert' })), { userId: 'client-1', role: 'client' }];
  const room = await house.booked({ participants });
  const first = await house.enter(room, 'expert');
  await says(first.page, 'Waiting for the other side');
  const second = await house.enter(room, 'expert', { token: session({ sub: 'expert-2', name: 'Eve' }) });
  await says(second.page, 'Somebody else is in the call on your side.');
  await picture(second.page, 'room-taken');
  const client = await house.enter(room, 'client');
  await Promise.all([moves(first.page, '#theirs'), moves(client.page, '#theirs'), who(client.page, 'Dr. Ada')]);
  await first.page.getByRole('button', { name: 'Hang up' }).click();
  await says(first.page, 'You have left the call.');
  await first.context.close();
  await second.page.getByRole('button', { name: 'Join again' }).click();
  await Promise.all([moves(second.page, '#theirs'), moves(client.page, '#theirs'), who(client.page, 'Eve')]);
  await close(second, client);
});

test('a window that is closed has left, and whoever opens it anew is back', { timeout: 90_000 }, async () => {
  const { expert, client } = await house.meet();
  await client.page.goto('about:blank');
  await says(expert.page, 'Bob has left the call. Waiting for them to come back');
  await picture(expert.page, 'room-other-left');
  await client.page.goBack();
  await Promise.all([moves(expert.page, '#theirs'), moves(client.page, '#theirs')]);
  await close(expert, client);
});

test('a window that dies without a word has lost the connection', { timeout: 90_000 }, async () => {
  const { expert, client } = await house.meet();
  await client.page.goto('chrome://crash').catch(() => {});
  await says(expert.page, 'Bob has lost the connection. Waiting for them to come back');
  await close(expert, client);
});

// What is seen in the middle of the other side's picture: red, green or blue, whatever there is most of.
const colour = (page) => page.evaluate(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d');
  const video = document.getElementById('theirs');
  canvas.drawImage(video, video.videoWidth / 2, video.videoHeight / 2, 1, 1, 0, 0, 1, 1);
  const [red, green, blue] = canvas.getImageData(0, 0, 1, 1).data;
  return ['red', 'green', 'blue'].find((_, at) => [red, green, blue][at] > 1.5 * Math.max(...[red, green, blue].toSpliced(at, 1))) ?? 'grey';
});
async function turns(page, wanted) {
  for (const end = Date.now() + 20_000; (await colour(page)) !== wanted; await page.waitForTimeout(100)) assert.ok(Date.now() < end, `${await colour(page)} is not ${wanted}`);
}

test('what is shown of the screen is seen on the other side as it changes, and then the camera again', { timeout: 120_000 }, async () => {
  const { expert, client } = await house.meet();
  const button = expert.page.getByRole('button', { name: 'Share screen' });
  // The browser of the tests shares the tab that asks: what it is painted with is what the client sees.
  const paint = (name) => expert.page.evaluate((background) => {
    const wall = document.getElementById('wall') ?? document.body.appendChild(Object.assign(document.createElement('div'), { id: 'wall' }));
    Object.assign(wall.style, { position: 'fixed', inset: '3rem 0 7rem', background });
  }, name);
  const unpaint = () => expert.page.evaluate(() => document.getElementById('wall').remove());
  await paint('red');
  await button.click();
  await who(client.page, 'Dr. Ada (shows the screen)');
  assert.equal(await button.getAttribute('aria-pressed'), 'true');
  await turns(client.page, 'red');
  await paint('blue');
  await turns(client.page, 'blue');
  await moves(client.page, '#theirs', { frames: 3 });
  // The camera can be off meanwhile: the screen goes on.
  await expert.page.getByRole('button', { name: 'Camera off' }).click();
  await paint('red');
  await turns(client.page, 'red');
  await unpaint();
  await picture(expert.page, 'room-sharing');
  await picture(client.page, 'room-shown-screen');
  await expert.page.getByRole('button', { name: 'Camera off' }).click();
  await button.click();
  await client.page.waitForFunction(() => document.getElementById('who').textContent === 'Dr. Ada');
  await turns(client.page, 'green');
  await moves(client.page, '#theirs');
  assert.deepEqual([...expert.said, ...client.said], []);
  await close(expert, client);
});

test('sharing that is ended by the browser\'s own button brings back the camera', { timeout: 90_000 }, async () => {
  const prepare = (page) => page.addInitScript(() => {
    const open = navigator.mediaDevices.getDisplayMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getDisplayMedia = async (wishes) => (globalThis.shared = await open(wishes));
  });
  const { expert, client } = await house.meet({ expert: { prepare } });
  await expert.page.keyboard.press('Alt+Shift+S');
  await who(client.page, 'Dr. Ada (shows the screen)');
  await expert.page.evaluate(() => {
    const [track] = globalThis.shared.getVideoTracks();
    track.stop();
    track.dispatchEvent(new Event('ended'));
  });
  await client.page.waitForFunction(() => document.getElementById('who').textContent === 'Dr. Ada');
  await turns(client.page, 'green');
  assert.equal(await expert.page.getByRole('button', { name: 'Share screen' }).getAttribute('aria-pressed'), 'false');
  await close(expert, client);
});

test('a booking that is cancelled ends the call with a sentence', { timeout: 90_000 }, async () => {
  const { room, expert, client } = await house.meet();
  assert.ok((await door.service('DELETE', `/api/bookings/${room}`)).status < 300);
  for (const one of [expert, client]) {
    await says(one.page, /cancelled/i);
    assert.equal(await one.page.getByRole('button').count(), 0);
  }
  await close(expert, client);
});

test('two who talk go on talking when the server has forgotten them', { timeout: 90_000 }, async () => {
  const own = await Stagedoor.start(builtin);
  const { expert, client } = await new House(own, browser).meet();
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

// What axe-core, an independent checker of WCAG 2.2 A and AA, says of the pages and of the built-in room: light and dark, phone and desktop.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { Stagedoor } from '../blackbox/support/stagedoor.mjs';
import { launch, moves, picture } from './support/browser.mjs';
import { builtin, close, House, says } from './support/room.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let browser, demo, door;
before(async () => ([browser, demo, door] = await Promise.all([launch(), Stagedoor.demo(), Stagedoor.start(builtin)])));
after(async () => {
  await browser?.close();
  await Promise.all([demo?.stop(), door?.stop()]);
});

const looks = [['light', 1280, 800], ['dark', 1280, 800], ['light', 390, 844], ['dark', 390, 844]];

async function violations(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() =>
    // The element's attribute `role` is the seat in the call and not WAI-ARIA's; browsers ignore values that they do not know.
    globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], rules: { 'aria-roles': { enabled: false } }, iframes: false }));
  return found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(' | ')}`);
}

// Nothing to complain about, and nothing to be scrolled sideways.
async function look(page, name) {
  await picture(page, name);
  assert.deepEqual(await violations(page), [], name);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(overflow <= 0, `${name} is ${overflow} px too wide`);
}

for (const [colorScheme, width, height] of looks) {
  const options = { colorScheme, viewport: { width, height } };
  const named = (name) => `${name}-${colorScheme}-${width}`;

  test(`the room, ${colorScheme}, ${width} wide`, { timeout: 90_000 }, async () => {
    const house = new House(door, browser);
    const room = await house.booked();
    const expert = await house.enter(room, 'expert', { options });
    await says(expert.page, 'Waiting for the other side');
    await look(expert.page, named('room-waiting'));
    const client = await house.enter(room, 'client', { options });
    await Promise.all([moves(expert.page, '#theirs'), moves(client.page, '#theirs')]);
    await client.page.getByRole('button', { name: 'Mute' }).click();
    await expert.page.locator('#quality', { hasText: 'Connection: good' }).waitFor();
    await look(expert.page, named('room-call'));
    await expert.page.locator('#devices summary').click();
    await look(expert.page, named('room-devices'));
    await expert.page.getByRole('button', { name: 'Hang up' }).click();
    await says(expert.page, 'You have left the call.');
    await look(expert.page, named('room-left'));
    await client.page.goto(`${door.base}/room/${room}?token=forged`);
    await client.page.getByRole('heading', { name: 'This link does not open the call' }).waitFor();
    await look(client.page, named('room-refused'));
    await close(expert, client);
  });

  test(`the pages, ${colorScheme}, ${width} wide`, { timeout: 90_000 }, async () => {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    await page.goto(`${demo.base}/test-videocall`);
    await page.locator('.check[data-check="Video service “builtin”"]').waitFor();
    await look(page, named('test'));
    const log = (role, user, room) => context.request.post(`${demo.base}/demo/login`, { form: { user, role, room }, maxRedirects: 0 });
    const shown = async (path, title) => {
      await page.goto(demo.base + path);
      await page.getByRole('heading', { name: title }).waitFor();
    };
    await shown('/expert/videocall/test_room', 'Please sign in');
    await look(page, named('sign-in'));
    await log('client', 'client-1', 'early_room');
    await shown('/client/videocall/early_room', 'The room is not open yet');
    await look(page, named('waiting'));
    await shown('/client/videocall/ended_room', 'This call is over');
    await look(page, named('over'));
    await page.goto(`${demo.base}/client/videocall/test_room`);
    await page.getByRole('button', { name: 'Leave' }).waitFor();
    await look(page, named('call'));
    await page.getByRole('button', { name: 'Leave' }).click();
    await look(page, named('left'));
    await context.close();
  });
}

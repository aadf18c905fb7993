// What axe-core, an independent checker of WCAG 2.2 A and AA, says of the pages: light and dark, phone and desktop.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { Stagedoor } from '../blackbox/support/stagedoor.mjs';
import { launch, picture } from './support/browser.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let browser, demo;
before(async () => ([browser, demo] = await Promise.all([launch(), Stagedoor.demo()])));
after(async () => {
  await browser?.close();
  await demo?.stop();
});

const looks = [['light', 1280, 800], ['dark', 1280, 800], ['light', 390, 844], ['dark', 390, 844]];

async function violations(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() =>
    // The element's attribute `role` is the seat in the call and not WAI-ARIA's; browsers ignore values that they do not know.
    globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], rules: { 'aria-roles': { enabled: false } }, iframes: false }));
  return found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(' | ')}`);
}

for (const [colorScheme, width, height] of looks)
  test(`${colorScheme}, ${width} wide`, { timeout: 90_000 }, async () => {
    const context = await browser.newContext({ colorScheme, viewport: { width, height } });
    const page = await context.newPage();
    const look = async (name) => {
      await picture(page, `${name}-${colorScheme}-${width}`);
      assert.deepEqual(await violations(page), [], name);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(overflow <= 0, `${name} is ${overflow} px too wide`);
    };
    await page.goto(`${demo.base}/test-videocall`);
    await page.locator('.check[data-check="Video service “builtin”"]').waitFor();
    await look('test');
    const log = (role, user, room) => context.request.post(`${demo.base}/demo/login`, { form: { user, role, room }, maxRedirects: 0 });
    const shown = async (path, title) => {
      await page.goto(demo.base + path);
      await page.getByRole('heading', { name: title }).waitFor();
    };
    await shown('/expert/videocall/test_room', 'Please sign in');
    await look('sign-in');
    await log('client', 'client-1', 'early_room');
    await shown('/client/videocall/early_room', 'The room is not open yet');
    await look('waiting');
    await shown('/client/videocall/ended_room', 'This call is over');
    await look('over');
    await page.goto(`${demo.base}/client/videocall/test_room`);
    await page.getByRole('button', { name: 'Leave' }).waitFor();
    await look('call');
    await page.getByRole('button', { name: 'Leave' }).click();
    await look('left');
    await context.close();
  });

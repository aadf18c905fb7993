// The README's pictures, made from the running demo: `./dev pictures`.
import { fileURLToPath } from 'node:url';
import { Stagedoor } from '../blackbox/support/stagedoor.mjs';
import { launch, moves } from './support/browser.mjs';

const images = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const [browser, demo] = await Promise.all([launch(), Stagedoor.demo()]);
try {
  const context = await browser.newContext({ viewport: { width: 1200, height: 760 }, deviceScaleFactor: 1 });
  const save = (page, name) => page.screenshot({ path: `${images}${name}.png` });
  const page = await context.newPage();
  await page.goto(`${demo.base}/test-videocall`);
  await page.locator('.check[data-check="Video service “builtin”"]').waitFor();
  await save(page, 'test-page');

  const join = async (role) => {
    const opened = context.waitForEvent('page');
    await page.click(`button[data-room="test_room"][data-role="${role}"]`);
    const call = await opened;
    return { call, frame: await (await call.locator('video-call iframe').elementHandle()).contentFrame() };
  };
  const expert = await join('expert');
  const client = await join('client');
  await Promise.all([moves(expert.frame, '#theirs'), moves(client.frame, '#theirs')]);
  await save(expert.call, 'demo');

  await page.goto(`${demo.base}/expert/videocall/ended_room`);
  await page.getByRole('heading', { name: 'This call is over' }).waitFor();
  await save(page, 'problem');
} finally {
  await browser.close();
  await demo.stop();
}

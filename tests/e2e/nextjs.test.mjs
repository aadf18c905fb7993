// The whole way through the Next.js example, by its one command: two people sign in, one books the other, both click "Join Meeting".
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, moves, picture } from './support/browser.mjs';
import { startExample } from './support/nextjs.mjs';

let app, browser;
before(async () => {
  app = await startExample();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  const how = await app?.stop();
  assert.deepEqual(how, { code: 0, signal: null }, 'the app and Stagedoor end in peace');
});

async function visitor() {
  const context = await browser.newContext({ permissions: ['camera', 'microphone'], viewport: { width: 1000, height: 680 } });
  const page = await context.newPage();
  page.problems = [];
  page.on('console', (message) => message.type() === 'error' && page.problems.push(`${message.text()} ${message.location().url}`));
  page.on('pageerror', (error) => page.problems.push(error.message));
  return page;
}

async function signIn(page, email, password = app.password) {
  await page.goto(`${app.origin}/dashboard`);
  await page.waitForURL(/\/login\?next=%2Fdashboard$/);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

async function callIn(page) {
  await page.getByRole('link', { name: 'Join Meeting' }).click();
  await page.waitForURL(/\/videocall\/room-/);
  const frame = await (await page.waitForSelector('video-call iframe', { timeout: 20_000 })).contentFrame();
  await frame.waitForLoadState();
  return frame;
}

test('two people sign in, one books the other, both click Join Meeting and see each other', { timeout: 120_000 }, async () => {
  const [ada, ben] = [await visitor(), await visitor()];
  await signIn(ben, 'ben@example.com', 'wrong');
  await ben.getByText('E-mail or password is not right.').waitFor();
  await picture(ben, 'nextjs-login');
  await ben.getByLabel('Password').fill(app.password);
  await ben.getByRole('button', { name: 'Sign in' }).click();
  await ben.getByText('Nothing is booked yet.').waitFor();
  await ben.getByLabel('About').fill('Analytical engines');
  await ben.getByRole('button', { name: 'Book' }).click();
  await ben.getByRole('heading', { name: 'Analytical engines' }).waitFor();
  await ben.getByText('with Ada Lovelace').waitFor();
  await picture(ben, 'nextjs-dashboard');

  const [session] = (await ben.context().cookies()).filter((one) => one.name === 'session');
  assert.deepEqual([session.httpOnly, session.sameSite], [true, 'Lax']);

  await signIn(ada, 'ada@example.com');
  await ada.getByText('with Ben Miller').waitFor();
  const [hers, his] = [await callIn(ada), await callIn(ben)];
  assert.ok(hers.url().startsWith(app.stagedoorOrigin), 'the call is of another origin');
  for (const frame of [hers, his]) await moves(frame, '#theirs');
  await picture(ada, 'nextjs-call');
  assert.deepEqual([...ada.problems, ...ben.problems], [], 'no error, and nothing that a policy has refused');

  // Somebody else who is signed in has no seat here.
  const grace = await visitor();
  await signIn(grace, 'grace@example.com');
  await grace.getByText('Nothing is booked').waitFor();
  await grace.goto(ada.url());
  await grace.getByText(/not on|not assigned|another account|booked/i).first().waitFor();
  await picture(grace, 'nextjs-not-assigned');
  for (const page of [ada, ben, grace]) await page.context().close();
});

test('a page of the app tells browsers who gets the camera and what may be framed', async () => {
  const answer = await fetch(`${app.origin}/login`);
  const policy = answer.headers.get('content-security-policy');
  assert.match(policy, new RegExp(`frame-src ${app.stagedoorOrigin}(;|$)`));
  assert.match(policy, /script-src 'nonce-[^']+' 'strict-dynamic';/);
  assert.match(answer.headers.get('permissions-policy'), new RegExp(`camera=\\(self "${app.stagedoorOrigin}"\\)`));
});

test('the login sends nobody to another site', async () => {
  const page = await visitor();
  for (const next of ['//evil.example', '/\\evil.example', 'https://evil.example']) {
    await page.goto(`${app.origin}/login?next=${encodeURIComponent(next)}`);
    assert.equal(await page.locator('input[name=next]').inputValue(), '/dashboard');
  }
  await page.context().close();
});

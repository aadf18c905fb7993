// The browser of the tests: Debian's Chromium, headless, with a camera and a microphone that are made up.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const artifacts = fileURLToPath(new URL('../artifacts/', import.meta.url));
const quiet = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  // Nothing of a test reaches beyond this machine and its own networks.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE 198.18.*, EXCLUDE 198.19.*'];
const camera = ['--use-fake-device-for-media-stream=device-count=2,display-media-type=browser', '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required'];

export const launch = ({ devices = true } = {}) =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: [...quiet, ...(devices ? camera : [])] });

// Until the video in a page or frame has shown new pictures, and not only is there.
export async function moves(frame, selector, { frames = 10, timeout = 30_000 } = {}) {
  const shown = () => frame.evaluate((at) => document.querySelector(at)?.getVideoPlaybackQuality().totalVideoFrames ?? 0, selector);
  await frame.waitForFunction((at) => document.querySelector(at)?.videoWidth > 0, selector, { timeout });
  const before = await shown();
  await frame.waitForFunction(([at, least]) => document.querySelector(at)?.getVideoPlaybackQuality().totalVideoFrames >= least, [selector, before + frames], { timeout });
}

// Kept in tests/e2e/artifacts, to be looked at.
export async function picture(page, name) {
  mkdirSync(artifacts, { recursive: true });
  await page.screenshot({ path: `${artifacts}${name}.png` });
}

// What a page complains about, which should be nothing: errors of scripts, and what a policy has blocked.
export function complaints(page) {
  const out = [];
  page.on('pageerror', (error) => out.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load resource|net::ERR_/.test(message.text())) out.push(message.text());
  });
  return out;
}

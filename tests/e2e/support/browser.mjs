// The browser of the tests: Debian's Chromium, headless, with a camera and a microphone that are made up.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const artifacts = fileURLToPath(new URL('../artifacts/', import.meta.url));
const quiet = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  // Nothing of a test reaches beyond this machine and its own networks.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE 198.18.*, EXCLUDE 198.19.*'];
const camera = ['--use-fake-device-for-media-stream=device-count=2,display-media-type=browser', '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required'];

export const launch = ({ devices = true } = {}) =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: [...quiet, ...(devices ? camera : [])] });

// A browser of somebody's own that lets sites send their cookies from other sites' pages, as most still do: Debian's does not by itself,
// and no browser in a private window. Gives its only context, and what ends it.
export async function launchPermissive() {
  const profile = mkdtempSync(join(tmpdir(), 'stagedoor-browser-'));
  mkdirSync(join(profile, 'Default'));
  writeFileSync(join(profile, 'Default', 'Preferences'), JSON.stringify({ profile: { block_third_party_cookies: false, cookie_controls_mode: 0 } }));
  const context = await chromium.launchPersistentContext(profile, { executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: quiet });
  const stop = async () => {
    await context.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  };
  return { context, stop };
}

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

// The built-in room with the two people of a booking in it, each in a browser context of their own.
import assert from 'node:assert/strict';
import { randomRoom, session } from '../../blackbox/support/stagedoor.mjs';
import { complaints, moves } from './browser.mjs';

export const builtin = { top: 'default_provider = "builtin"', providers: '[providers.builtin]\ntype = "builtin"\n' };

const people = { expert: session({ name: 'Dr. Ada' }), client: session({ sub: 'client-1', role: 'client', name: 'Bob' }) };

export class House {
  constructor(door, browser) {
    Object.assign(this, { door, browser });
  }
  async booked(change) {
    const room = randomRoom();
    const made = await this.door.book(room, change);
    assert.equal(made.status, 201, made.text);
    return room;
  }
  async link(room, role, token = people[role]) {
    const answer = await this.door.join(room, { role, token });
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
  }
  async enter(room, role, { token, browser = this.browser, prepare, options } = {}) {
    const { videoCallUrl } = await this.link(room, role, token);
    const context = await browser.newContext({ viewport: { width: 900, height: 600 }, ...options });
    const page = await context.newPage();
    const said = complaints(page);
    await prepare?.(page);
    await page.goto(videoCallUrl);
    return { page, said, context };
  }
  // Both are inside and see each other.
  async meet({ expert: ofExpert, client: ofClient } = {}) {
    const room = await this.booked();
    const [expert, client] = await Promise.all([this.enter(room, 'expert', ofExpert), this.enter(room, 'client', ofClient)]);
    await Promise.all([moves(expert.page, '#theirs'), moves(client.page, '#theirs')]);
    return { room, expert, client };
  }
}

export const says = (page, text) => page.locator('#says', { hasText: text }).waitFor({ timeout: 20_000 });
export const who = (page, text) => page.locator('#who', { hasText: text }).waitFor({ timeout: 20_000 });
export const close = (...all) => Promise.all(all.map((one) => one.context.close()));

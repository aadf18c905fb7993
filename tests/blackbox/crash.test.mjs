// Killed with SIGKILL in the middle of writes, again and again: no booking that was answered 2xx may be lost.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Stagedoor, booking, freePort } from './support/stagedoor.mjs';

const kills = Number(process.env.STAGEDOOR_KILLS ?? 200);
const writers = 8;

test(`${kills} kills lose no acknowledged booking`, { timeout: 300_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stagedoor-crash-'));
  const [port, adminPort] = [await freePort(), await freePort()];
  const acknowledged = new Map(); // room -> the start that was acknowledged last
  const tried = new Map(); // room -> starts that were sent and never answered
  let number = 0;
  let total = 0;
  try {
    for (let round = 0; round < kills; ++round) {
      const door = await Stagedoor.start({ folder, port, adminPort });
      let running = true;
      const write = async (writer) => {
        while (running) {
          // Half of the writes are new rooms, half replace a room of this writer.
          const room = Math.random() < 0.5 ? `w${writer}-${number++}` : `w${writer}-replaced`;
          const body = booking({ startsAt: new Date(1_800_000_000_000 + number * 1000).toISOString().slice(0, 19) + 'Z', endsAt: new Date(1_800_010_000_000 + number * 1000).toISOString().slice(0, 19) + 'Z' });
          tried.set(room, [...(tried.get(room) ?? []), body.startsAt]);
          try {
            const answer = await door.service('PUT', `/api/bookings/${room}`, body);
            if (answer.status === 200 || answer.status === 201) {
              acknowledged.set(room, body.startsAt);
              tried.set(room, []);
              ++total;
            }
          } catch {
            return; // killed
          }
        }
      };
      const all = Array.from({ length: writers }, (_, writer) => write(writer));
      await new Promise((done) => setTimeout(done, 5 + Math.random() * 60));
      running = false;
      door.child.kill('SIGKILL');
      await Promise.all([...all, door.ended]);
    }
    const door = await Stagedoor.start({ folder, port, adminPort });
    for (const [room, startsAt] of acknowledged) {
      const read = await door.service('GET', `/api/bookings/${room}`);
      assert.equal(read.status, 200, `${room} is lost`);
      // A write whose answer was lost may have happened or not.
      assert.ok([startsAt, ...(tried.get(room) ?? [])].includes(read.json.startsAt), `${room}: ${read.json.startsAt} instead of ${startsAt}`);
    }
    await door.stop();
    assert.ok(total > kills, `only ${total} writes were acknowledged`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

// The built-in room's way to the server, where something in between answers.
import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.location = { pathname: "/room/room-42", search: "" };
const { Line } = await import("../room/line.js");

for (const [said, least] of [["Thu, 26 Nov 2026 10:00:30 GMT", 300], ["7", 5_000], [null, 300]])
  test(`whoever is told to come back ${said ? `at "${said}"` : "at no time"} pauses first`, async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    let asked = 0;
    t.mock.method(globalThis, "fetch", async () => {
      ++asked;
      return new Response("busy", { status: 503, headers: said ? { "Retry-After": said } : {} });
    });
    const settle = async () => {
      for (let i = 0; i < 50; ++i) await Promise.resolve();
    };
    const line = new Line("token");
    const run = line.run(async () => {}, () => {});
    await settle();
    for (let ms = 0; ms < least; ms += 50) {
      t.mock.timers.tick(50);
      await settle();
    }
    assert.equal(asked, 1);
    for (let ms = 0; ms < 5_000; ms += 50) {
      t.mock.timers.tick(50);
      await settle();
    }
    assert.ok(asked > 1 && asked < 7, `${asked} times`);
    line.end();
    t.mock.timers.tick(60_000);
    await run;
  });

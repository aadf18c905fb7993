// The join client: every way in, every way out, without a network and without a clock.
import assert from "node:assert/strict";
import { test } from "node:test";
import { JoinClient } from "../dist/client.js";
import { FakeWorld, answerAt, json, problem, settle, stream } from "./fake_world.mjs";

function begin(options = {}) {
  const world = new FakeWorld();
  const client = new JoinClient({ room: "room-42", role: "expert", ...options }, world);
  const states = [];
  client.subscribe((state) => states.push(state));
  client.start();
  const names = () => states.map((one) => one.state);
  return { world, client, states, names };
}
async function begun(options) {
  const it = begin(options);
  await it.world.pass(0);
  return it;
}

test("asks for the room's address as a stream, with cookies, and follows no redirect", async () => {
  const { world } = await begun({ name: "Zoë & Co", api: "https://video.example.com/" });
  assert.equal(world.asked.length, 1);
  const { url, init } = world.last;
  assert.equal(url, "https://video.example.com/api/expert/videocall/url?roomId=room-42&userName=Zo%C3%AB+%26+Co");
  assert.match(init.headers.Accept, /^text\/event-stream/);
  assert.equal(init.credentials, "include");
  assert.equal(init.redirect, "manual");
  assert.equal(init.cache, "no-store");
  assert.equal(init.headers.Authorization, undefined);
});

test("brings a bearer token that is asked for anew each time", async () => {
  let count = 0;
  const { world } = await begun({ token: async () => `t${++count}` });
  assert.equal(world.last.init.headers.Authorization, "Bearer t1");
  world.last.answer(problem(503, "overloaded", {}, { "retry-after": "1" }));
  await world.pass(5_000);
  assert.equal(world.last.init.headers.Authorization, "Bearer t2");
});

test("follows the stream through every state to the answer", async () => {
  const { world, names, client } = await begun();
  const { response, send } = stream();
  world.last.answer(response);
  send("state", { state: "checking" });
  send("state", { state: "provisioning" });
  send("state", { state: "ready" });
  send("url", answerAt(world.time));
  await settle();
  assert.deepEqual(names(), ["checking", "checking", "provisioning", "ready"]);
  assert.equal(client.state.answer.videoCallUrl, "https://acme.app.100ms.live/preview/abc?token=t1");
  assert.equal(client.state.refreshed, false);
});

test("an early caller waits on the stream by the server's clock, and is let in", async () => {
  const { world, client, names } = await begun();
  const { response, send, write } = stream();
  world.last.answer(response);
  send("state", { state: "checking" });
  // The server's clock is an hour ahead of ours.
  send("state", { state: "waiting", opensAt: "2026-11-22T11:05:00Z", serverTime: "2026-11-22T11:00:00Z" });
  await settle();
  assert.equal(client.state.state, "waiting");
  assert.equal(client.state.opensAt - world.time, 300_000);
  for (let i = 0; i < 20; ++i) {
    await world.pass(15_000);
    write(": still here\n\n");
  }
  assert.equal(world.asked.length, 1);
  send("state", { state: "ready" });
  send("url", answerAt(world.time + 3_600_000));
  await settle();
  assert.equal(names().at(-1), "ready");
});

test("a stream that goes silent is given up and asked for again; only a second failure is told", async () => {
  const { world, client } = await begun();
  const { response, send } = stream();
  world.last.answer(response);
  send("state", { state: "waiting", opensAt: "2026-11-22T10:30:00Z", serverTime: "2026-11-22T10:00:00Z" });
  await world.pass(44_000);
  assert.equal(client.state.state, "waiting");
  await world.pass(3_000);
  assert.equal(client.state.state, "waiting");
  assert.equal(world.asked.length, 2);
  assert.ok(world.asked[0].init.signal.aborted);
  world.last.refuse(new TypeError("network"));
  await settle();
  assert.equal(client.state.state, "failed");
  assert.equal(client.state.problem.code, "unreachable");
});

test("a stream that ends with too_early goes on waiting", async () => {
  const { world, client, names } = await begun();
  const { response, send } = stream();
  world.last.answer(response);
  send("state", { state: "waiting", opensAt: "2026-11-22T11:00:00Z", serverTime: "2026-11-22T10:00:00Z" });
  await world.pass(10_000);
  send("problem", { code: "too_early", title: "", detail: "", status: 403, opensAt: "2026-11-22T11:00:00Z" });
  await settle();
  assert.equal(client.state.state, "waiting");
  await world.pass(3_000);
  assert.equal(world.asked.length, 2);
  assert.ok(!names().includes("failed") && names().at(-1) === "waiting", "it must not flicker");
});

test("where streams are held back on the way, it asks plainly, and waits by itself", async () => {
  const { world, client } = await begun();
  await world.pass(8_100);
  assert.equal(world.asked.length, 2);
  assert.equal(world.last.init.headers.Accept, "application/json");
  world.last.answer(problem(403, "too_early", { opensAt: "2026-11-22T10:10:00Z" }, { "retry-after": "90" }));
  await settle();
  assert.equal(client.state.state, "waiting");
  assert.equal(client.state.opensAt - world.time, 90_000);
  await world.pass(89_000);
  assert.equal(world.asked.length, 2, "not before it opens");
  await world.pass(3_000);
  assert.equal(world.asked.length, 3);
  assert.equal(world.last.init.headers.Accept, "application/json");
  world.last.answer(json(answerAt(world.time)));
  await settle();
  assert.equal(client.state.state, "ready");
});

test("a forwarder that answers with JSON instead of a stream is understood", async () => {
  const { world, client } = await begun();
  world.last.answer(json(answerAt(world.time)));
  await settle();
  assert.equal(client.state.state, "ready");
});

test("too many streams elsewhere: a plain question needs none", async () => {
  const { world, client } = await begun();
  world.last.answer(problem(429, "rate_limited", { policy: "streams" }, { "retry-after": "30" }));
  await settle();
  assert.equal(world.asked.length, 2);
  assert.equal(world.last.init.headers.Accept, "application/json");
  world.last.answer(json(answerAt(world.time)));
  await settle();
  assert.equal(client.state.state, "ready");
});

for (const [status, code] of [
  [400, "invalid_request"],
  [401, "unauthenticated"],
  [401, "session_expired"],
  [403, "wrong_role"],
  [403, "not_assigned"],
  [404, "room_not_found"],
  [410, "room_ended"],
  [410, "room_cancelled"],
])
  test(`${code} is final, and nobody is asked again`, async () => {
    const { world, client } = await begun();
    world.last.answer(problem(status, code));
    await settle();
    assert.equal(client.state.state, "denied");
    assert.equal(client.state.problem.code, code);
    assert.equal(client.state.problem.requestId, "r1");
    await world.pass(3_600_000);
    assert.equal(world.asked.length, 1);
    assert.equal(world.timers, 0, "nothing is left running");
    client.retry();
    await world.pass(0);
    assert.equal(world.asked.length, 2);
  });

test("provider_rejected waits for a person", async () => {
  const { world, client } = await begun();
  world.last.answer(problem(502, "provider_rejected"));
  await world.pass(3_600_000);
  assert.equal(client.state.state, "failed");
  assert.equal(client.state.retryAt, null);
  assert.equal(world.asked.length, 1);
});

for (const [status, code] of [[429, "rate_limited"], [503, "overloaded"], [503, "login_unavailable"], [503, "provider_unavailable"], [504, "provider_timeout"],
  [500, "internal_error"], [502, "bad_gateway"], [504, "gateway_timeout"], [503, "maintenance_of_somebody"]])
  test(`${code} is asked again, never before Retry-After`, async () => {
    const { world, client } = await begun();
    world.last.answer(problem(status, code, {}, { "retry-after": "7" }));
    await settle();
    assert.equal(client.state.state, "failed");
    assert.ok(client.state.retryAt - world.time >= 7_000 && client.state.retryAt - world.time < 10_001);
    await world.pass(6_900);
    assert.equal(world.asked.length, 1);
    await world.pass(3_200);
    assert.equal(world.asked.length, 2);
  });

test("pauses grow from a second to half a minute while the server is away", async () => {
  const { world, client } = await begun();
  const pauses = [];
  for (let i = 0; i < 10; ++i) {
    world.last.refuse(new TypeError("failed to fetch"));
    await settle();
    assert.equal(client.state.problem.code, "unreachable");
    pauses.push(client.state.retryAt - world.time);
    await world.pass(pauses.at(-1));
  }
  assert.ok(pauses[0] >= 500 && pauses[0] <= 1_000, String(pauses[0]));
  for (let i = 1; i < pauses.length; ++i) assert.ok(pauses[i] >= pauses[i - 1]);
  assert.ok(pauses.at(-1) <= 30_000 && pauses.at(-1) >= 15_000);
  assert.equal(world.asked.length, 11);
});

test("after half an hour without success it stops and waits for a person", async () => {
  const { world, client } = await begun();
  for (let i = 0; i < 100 && client.state.retryAt !== null; ++i) {
    world.last.refuse(new TypeError("failed to fetch"));
    await settle();
    if (client.state.retryAt) await world.pass(client.state.retryAt - world.time);
  }
  assert.equal(client.state.retryAt, null);
  assert.equal(world.asked.length, 60);
  client.retry();
  await world.pass(0);
  assert.equal(world.asked.length, 61);
});

test("a network that comes back ends a pause of our own, and none that the server has asked for", async () => {
  const { world } = await begun();
  world.last.answer(problem(429, "rate_limited", {}, { "retry-after": "60" }));
  await world.pass(10_000);
  await world.goOnline(true);
  assert.equal(world.asked.length, 1);
  await world.pass(53_000);
  assert.equal(world.asked.length, 2);
  world.last.refuse(new TypeError("network"));
  await settle();
  await world.goOnline(true);
  assert.equal(world.asked.length, 3);
});

test("a Retry-After that is a date is read by the clock that it was written by", async () => {
  const { world } = await begun();
  world.last.answer(problem(503, "overloaded", {}, { date: "Sun, 22 Nov 2026 05:00:00 GMT", "retry-after": "Sun, 22 Nov 2026 05:00:30 GMT" }));
  await world.pass(29_900);
  assert.equal(world.asked.length, 1);
  await world.pass(4_000);
  assert.equal(world.asked.length, 2);
});

test("retry() ends a pause", async () => {
  const { world, client } = await begun();
  world.last.answer(problem(503, "overloaded", {}, { "retry-after": "60" }));
  await settle();
  client.retry();
  await settle();
  assert.equal(world.asked.length, 2);
});

test("offline it asks nobody, and goes on when the network is back", async () => {
  const world = new FakeWorld();
  world.isOnline = false;
  const client = new JoinClient({ room: "r", role: "client" }, world);
  client.start();
  await world.pass(120_000);
  assert.equal(client.state.state, "offline");
  assert.equal(world.asked.length, 0);
  await world.goOnline(true);
  assert.equal(world.asked.length, 1);
});

test("an answer that takes longer than twenty seconds is a failed try", async () => {
  const { world, client } = await begun();
  await world.pass(8_100); // the stream
  await world.pass(20_100);
  assert.equal(client.state.state, "failed");
  assert.equal(client.state.problem.code, "unreachable");
});

test("a login's redirect means that nobody is signed in", async () => {
  const { world, client } = await begun();
  // What fetch gives for redirect: "manual".
  world.last.answer({ type: "opaqueredirect", status: 0, ok: false, headers: new Headers() });
  await settle();
  assert.equal(client.state.problem.code, "unauthenticated");
});

for (const [what, change] of [
  ["an address that is a script", { videoCallUrl: "javascript:alert(1)" }],
  ["a plain http address", { videoCallUrl: "http://video.example.com/x" }],
  ["an address that is none", { videoCallUrl: "video" }],
  ["no expiry", { expiresAt: undefined }],
  ["a time that is none", { refreshAfter: "soon" }],
  ["no embed", { embed: undefined }],
])
  test(`an answer with ${what} is not used`, async () => {
    const { world, client } = await begun();
    world.last.answer(json(answerAt(world.time, change)));
    await settle();
    assert.equal(client.state.state, "failed");
    assert.equal(client.state.problem.code, "bad_answer");
    await world.pass(3_600_000);
    assert.equal(world.asked.length, 1);
  });

test("http is good on this machine, for the demo", async () => {
  for (const host of ["localhost:3002", "127.0.0.1:3002", "[::1]:3002"]) {
    const { world, client } = await begun();
    world.last.answer(json(answerAt(world.time, { videoCallUrl: `http://${host}/room/x?token=y` })));
    await settle();
    assert.equal(client.state.state, "ready", host);
  }
});

test("pages in between that are no problem documents are told as what they are", async () => {
  const html = (status) => new Response("<h1>nginx</h1>", { status, headers: { "content-type": "text/html" } });
  for (const [status, code, state] of [[502, "unreachable", "failed"], [504, "unreachable", "failed"], [401, "unauthenticated", "denied"], [429, "rate_limited", "failed"], [200, "bad_answer", "failed"], [403, "bad_answer", "failed"]]) {
    const { world, client } = await begun();
    world.last.answer(html(status));
    await settle();
    assert.equal(client.state.problem.code, code, String(status));
    assert.equal(client.state.state, state);
  }
});

test("the link is refreshed before it expires, by this device's clock, whatever the server's says", async () => {
  const { world, client, states } = await begun();
  world.last.answer(json(answerAt(world.time - 86_400_000))); // a day behind
  await settle();
  await world.pass(479_000);
  assert.equal(world.asked.length, 1);
  await world.pass(2_000);
  assert.equal(world.asked.length, 2);
  world.last.answer(json(answerAt(world.time, { videoCallUrl: "https://acme.app.100ms.live/preview/abc?token=t2" })));
  await settle();
  assert.equal(client.state.state, "ready");
  assert.equal(client.state.refreshed, true);
  assert.match(client.state.answer.videoCallUrl, /t2$/);
  assert.deepEqual(states.filter((one) => one.state !== "ready").map((one) => one.state), ["checking"], "the call is not disturbed");
  await world.pass(481_000);
  assert.equal(world.asked.length, 3, "and again");
});

test("a refresh that fails is tried until the link has expired, and beyond", async () => {
  const { world, client, names } = await begun();
  world.last.answer(json(answerAt(world.time)));
  await world.pass(481_000);
  const fail = async () => {
    world.last.refuse(new TypeError("network"));
    await settle();
  };
  for (let before = 0; client.state.state !== "expired" && before < 60; ++before) {
    await fail();
    await world.pass(31_000);
  }
  assert.equal(client.state.state, "expired");
  assert.equal(client.state.problem.code, "unreachable");
  assert.ok(!names().includes("failed"));
  world.last.answer(json(answerAt(world.time)));
  await settle();
  assert.equal(client.state.state, "ready");
  assert.equal(client.state.refreshed, true);
});

test("a link that ends during a pause is told at once, and the server is not asked before its Retry-After", async () => {
  const { world, client } = await begun();
  world.last.answer(json(answerAt(world.time)));
  await world.pass(481_000);
  world.last.answer(problem(429, "rate_limited", {}, { "retry-after": "300" }));
  await world.pass(118_000);
  assert.equal(client.state.state, "ready");
  await world.pass(3_000);
  assert.equal(client.state.state, "expired");
  await world.pass(178_000);
  assert.equal(world.asked.length, 2);
  await world.pass(4_000);
  assert.equal(world.asked.length, 3);
  world.last.answer(json(answerAt(world.time)));
  await settle();
  assert.equal(client.state.state, "ready");
});

test("a refusal at the refresh leaves the call until the link ends, asks once more, and is told then", async () => {
  const { world, client } = await begun();
  world.last.answer(json(answerAt(world.time)));
  await world.pass(481_000);
  world.last.answer(problem(401, "session_expired"));
  await settle();
  assert.equal(client.state.state, "ready");
  await world.pass(121_000);
  assert.equal(world.asked.length, 3);
  world.last.answer(problem(401, "session_expired"));
  await world.pass(3_600_000);
  assert.equal(client.state.state, "expired");
  assert.equal(client.state.problem.code, "session_expired");
  assert.equal(world.asked.length, 3);
  client.retry();
  await world.pass(0);
  assert.equal(world.asked.length, 4);
});

test("stop() ends whatever is under way and leaves nothing behind", async () => {
  const { world, client } = await begun();
  client.stop();
  assert.equal(world.last.init.signal.aborted, true);
  await settle();
  assert.equal(client.state.state, "idle");
  assert.equal(world.timers, 0);
  assert.equal(world.listeners, 0);

  const other = await begun();
  other.world.last.answer(json(answerAt(other.world.time)));
  await settle();
  other.client.stop();
  await other.world.pass(3_600_000);
  assert.equal(other.world.asked.length, 1);
  assert.equal(other.world.timers, 0);
});

test("what starts, stops and starts at once asks once", async () => {
  const { world, client } = begin();
  client.stop();
  client.start();
  await world.pass(10);
  assert.equal(world.asked.length, 1);
});

test("leave() is remembered, and retry() comes back", async () => {
  const { world, client } = await begun();
  world.last.answer(json(answerAt(world.time)));
  await settle();
  client.leave();
  client.stop();
  assert.equal(client.state.state, "left");
  client.retry();
  await world.pass(0);
  assert.equal(world.asked.length, 2);
});

// Small parts: the stream's reader, pauses, sentences, addresses.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { allowFor } from "../dist/camera.js";
import { passes } from "../dist/client.js";
import { EventReader } from "../dist/events.js";
import { pauseBefore, retryAfterOf } from "../dist/pause.js";
import { countDown, loginAddress, safeAddress, sceneOf } from "../dist/scene.js";
import { sentenceOf, sentences } from "../dist/sentences.js";

test("events are read whatever the pieces they come in", () => {
  const text = "\ufeff: hello\r\nevent: state\r\ndata: {\"a\":1}\r\n\r\ndata: one\ndata:two\nid: 4\n\nevent: x\n\r\rdata\r\r";
  const whole = new EventReader().take(text + "\n");
  for (let size = 1; size < 7; ++size) {
    const reader = new EventReader();
    const out = [];
    for (let i = 0; i < text.length; i += size) out.push(...reader.take(text.slice(i, i + size)));
    out.push(...reader.take("\n"));
    assert.deepEqual(out, whole, `pieces of ${size}`);
  }
  assert.deepEqual(whole, [
    { event: "state", data: '{"a":1}' },
    { event: "message", data: "one\ntwo" },
    { event: "message", data: "" },
  ]);
});

test("an event without an end is refused", () => {
  const reader = new EventReader();
  assert.throws(() => {
    for (let i = 0; i < 400; ++i) reader.take("x".repeat(1024));
  }, RangeError);
});

test("Retry-After is seconds or a date", () => {
  const now = Date.parse("2026-11-22T10:00:00Z");
  assert.equal(retryAfterOf("7", now), 7);
  assert.equal(retryAfterOf("Sun, 22 Nov 2026 10:00:30 GMT", now), 30);
  assert.equal(retryAfterOf("Sun, 22 Nov 2026 09:00:00 GMT", now), 0);
  assert.equal(retryAfterOf("soon", now), undefined);
  assert.equal(retryAfterOf(null, now), undefined);
});

test("pauses are spread over the second half of their length", () => {
  assert.equal(pauseBefore(0, undefined, 0), 500);
  assert.equal(pauseBefore(0, undefined, 1), 1_000);
  assert.equal(pauseBefore(99, undefined, 1), 30_000);
  assert.equal(pauseBefore(0, 10, 0), 10_000);
});

test("whoever is told that we try again is asked for again, and nobody else", () => {
  for (const [code, { text }] of Object.entries(sentences))
    assert.equal(passes({ code, title: "", detail: "", status: 400 }), /we (keep trying|try again)|and try again/i.test(text), `${code}: ${text}`);
});

test("every code that the server knows has a sentence of its own", () => {
  const document = JSON.parse(readFileSync(new URL("../../api/openapi.json", import.meta.url)));
  for (const code of document.components.schemas.Problem.properties.code.enum) {
    assert.ok(sentences[code], `${code} has no sentence`);
    assert.match(sentences[code].text, /[.!]$/, code);
    assert.doesNotMatch(sentences[code].title + sentences[code].text, /[0-9_{}]|HTTP(?!S)\b|API/, `${code} speaks of what nobody knows`);
    assert.ok(sentences[code].steps.length > 0, `${code} has no next step`);
  }
});

test("an unknown code is told in the server's own words", () => {
  const told = sentenceOf({ code: "brand_new", title: "Something new", detail: "Do this.", status: 409 });
  assert.deepEqual([told.title, told.text], ["Something new", "Do this."]);
});

test("a page's own words win", () => {
  const told = sentenceOf({ code: "room_ended", title: "", detail: "", status: 410 }, { room_ended: { title: "Vorbei" } });
  assert.equal(told.title, "Vorbei");
  assert.equal(told.text, sentences.room_ended.text);
});

test("counting down reads like a clock", () => {
  assert.deepEqual([-5, 0, 1, 59_000, 60_000, 3_599_001, 3_600_000, 90_061_000, 172_800_000].map(countDown), ["0:00", "0:00", "0:01", "0:59", "1:00", "1:00:00", "1:00:00", "25:01:01", "2 days"]);
});

test("links are addresses and no scripts", () => {
  const here = "https://www.example.com/call";
  assert.equal(safeAddress("/bookings", here), "https://www.example.com/bookings");
  assert.equal(safeAddress("javascript:alert(1)", here), undefined);
  assert.equal(loginAddress("/login?next={return}", "https://a/b?c=d"), "/login?next=https%3A%2F%2Fa%2Fb%3Fc%3Dd");
});

test("a sign-in button is there only where a page says where to", () => {
  const state = { state: "denied", problem: { code: "unauthenticated", title: "", detail: "", status: 401 } };
  const ways = { here: "https://a/b", sentences: {} };
  assert.deepEqual(sceneOf(state, ways).actions.map((one) => one.kind), ["retry"]);
  const scene = sceneOf(state, { ...ways, loginUrl: "/login?to={return}" });
  assert.deepEqual(scene.actions.map((one) => [one.kind, one.main ?? false]), [["sign_in", true], ["retry", false]]);
  assert.equal(scene.actions[0].href, "https://a/login?to=https%3A%2F%2Fa%2Fb");
});

test("a frame whose address leads on to another origin is allowed at both", () => {
  const allow = "camera; microphone";
  assert.equal(allowFor("https://a.example/x", allow, "https://a.example"), allow);
  assert.equal(allowFor("https://door.example/go/t", allow, "https://a.example"), "camera https://door.example https://a.example; microphone https://door.example https://a.example");
});

// <video-call> in a document: what it shows, what it tells, and that it leaves nothing behind.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { asked, later, network, until } from "./page.mjs";
import { answerAt, json, problem, stream } from "./fake_world.mjs";
import "../dist/index.js";

const names = ["state", "ready", "denied", "error", "expired", "left"];

function put(attributes = {}) {
  const at = document.createElement("video-call");
  at.heard = [];
  for (const name of names) at.addEventListener(name, (event) => at.heard.push([name, event.detail]));
  for (const [name, value] of Object.entries({ room: "room-42", role: "expert", ...attributes })) at.setAttribute(name, value);
  document.body.append(at);
  at.find = (selector) => at.shadowRoot.querySelector(selector);
  at.title_ = () => at.find("h2")?.textContent;
  at.events = () => at.heard.map(([name]) => name).filter((name) => name !== "state");
  return at;
}
const answer = (change) => answerAt(Date.now(), change);
async function inCall(attributes, change) {
  network.answer = async () => json(answer(change));
  const at = put(attributes);
  const frame = await until(() => at.find("iframe"));
  frame.dispatchEvent(new Event("load"));
  return at;
}

beforeEach(() => (asked.length = 0));
afterEach(() => {
  document.body.replaceChildren();
  network.answer = () => new Promise(() => {});
});

test("shows that it is looking, in a live region too", async () => {
  const at = put();
  await until(() => at.title_() === "Looking up your call");
  assert.equal(at.find("[role=status]").textContent, "Looking up your call. We check who you are and whether the room is open.");
  assert.equal(asked.length, 1);
});

test("puts the call into a frame with what the answer allows, once it is there", async () => {
  const at = await inCall();
  const frame = at.find("iframe");
  assert.equal(frame.src, "https://acme.app.100ms.live/preview/abc?token=t1");
  assert.equal(frame.getAttribute("allow"), "camera; microphone; autoplay");
  assert.equal(frame.referrerPolicy, "no-referrer");
  assert.equal(frame.title, "Video call");
  assert.equal(at.find(".door").hidden, true);
  assert.deepEqual(at.events(), ["ready"]);
  assert.equal(at.heard.find(([name]) => name === "ready")[1].provider, "100ms");
});

test("events leave the shadow and reach the page", async () => {
  let heard;
  document.body.addEventListener("ready", (event) => (heard = event.target), { once: true });
  const at = await inCall();
  assert.ok(heard === at);
});

test("a provider that refuses frames is opened in a tab of its own", async () => {
  network.answer = async () => json(answer({ videoCallUrl: "https://meet.example.com/abc", embed: { mode: "new_tab", allow: "", origin: "https://meet.example.com" } }));
  const at = put();
  const link = await until(() => at.find("[data-action=open]"));
  assert.equal(link.href, "https://meet.example.com/abc");
  assert.equal(link.target, "_blank");
  assert.equal(link.rel, "noopener noreferrer");
  assert.equal(at.find("iframe"), null);
});

test("an early caller sees a clock that runs", async () => {
  const { response, send } = stream();
  network.answer = async () => response;
  const at = put();
  const now = Date.now();
  send("state", { state: "waiting", opensAt: new Date(now + 65_000).toISOString(), serverTime: new Date(now).toISOString() });
  const count = await until(() => at.find("[role=timer]"));
  assert.match(count.textContent, /^1:0[3-6]$/);
  const before = count.textContent;
  await until(() => count.textContent !== before);
  assert.ok(at.find("[role=timer]") === count, "drawn once");
});

test("a refusal is told as a sentence with its next step and reference", async () => {
  network.answer = async () => problem(401, "unauthenticated");
  const at = put({ "login-url": "/login?next={return}", "back-url": "/bookings" });
  await until(() => at.title_() === "Please sign in");
  const login = at.find("[data-action=sign_in]");
  assert.equal(login.href, "https://www.example.com/login?next=https%3A%2F%2Fwww.example.com%2Fcall");
  assert.ok(login.classList.contains("main"));
  assert.equal(at.find("code").textContent, "r1");
  assert.deepEqual(at.events(), ["denied"]);
});

test("whoever comes back signed in goes on", async () => {
  network.answer = async () => problem(401, "session_expired");
  const at = put();
  await until(() => at.title_() === "Please sign in again");
  network.answer = async () => json(answer());
  window.dispatchEvent(new Event("focus"));
  await until(() => at.find("iframe"));
});

test("a trouble that passes counts down to the next try, and the button tries now", async () => {
  network.answer = async () => problem(503, "overloaded", {}, { "retry-after": "30" });
  const at = put();
  await until(() => /^Next try in 0:[23]\d$/.test(at.find(".soon")?.textContent ?? ""));
  const again = at.find("[data-action=retry]");
  assert.equal(again.textContent, "Try now");
  assert.deepEqual(at.events(), ["error"]);
  network.answer = async () => json(answer());
  again.click();
  await until(() => at.find("iframe"));
  assert.equal(asked.length, 2);
});

test("without a good room and role it says so and asks nobody", async () => {
  for (const attributes of [{ room: "" }, { role: "boss" }, { role: "" }]) {
    const at = put(attributes);
    assert.equal(at.title_(), "This link is not complete");
    at.remove();
  }
  await later(20);
  assert.equal(asked.length, 0);
});

test("leaving takes the frame away, and joining again brings a new one", async () => {
  const at = await inCall({ "back-url": "/bookings" });
  at.find("[data-action=leave]").click();
  assert.equal(at.find("iframe"), null);
  assert.equal(at.title_(), "You have left the call");
  assert.deepEqual(at.heard.at(-1), ["left", { by: "button" }]);
  assert.equal(at.find("[data-action=back]").href, "https://www.example.com/bookings");
  at.find("[data-action=again]").click();
  await until(() => at.find("iframe"));
  assert.equal(asked.length, 2);
});

test("the framed page may say that it was left; others may not", async () => {
  const at = await inCall();
  const say = (source, origin) => window.dispatchEvent(new MessageEvent("message", { data: { type: "stagedoor:left" }, origin, source }));
  say(window, "https://acme.app.100ms.live");
  say(at.find("iframe").contentWindow, "https://evil.example");
  assert.ok(at.find("iframe"), "still there");
  say(at.find("iframe").contentWindow, "https://acme.app.100ms.live");
  assert.deepEqual(at.heard.at(-1), ["left", { by: "frame" }]);
});

test("a framed page whose call is over without anybody's wish gets a way back in above it", async () => {
  const at = await inCall({ "back-url": "/bookings" });
  const frame = at.find("iframe");
  const say = (type) => window.dispatchEvent(new MessageEvent("message", { data: { type }, origin: "https://acme.app.100ms.live", source: frame.contentWindow }));
  say("stagedoor:ended");
  assert.match(at.find(".bar").textContent, /The call has ended here/);
  assert.equal(at.find(".bar [data-action=back]").href, "https://www.example.com/bookings");
  say("of somebody else");
  assert.equal(at.find(".bar").hidden, false);
  frame.dispatchEvent(new Event("load"));
  assert.equal(at.find(".bar").hidden, true, "it was loaded anew");
  say("stagedoor:ended");
  at.find(".bar [data-action=again]").click();
  assert.equal(at.find("iframe"), null);
  await until(() => at.find("iframe"));
  assert.equal(asked.length, 2);
  assert.equal(at.find(".bar").hidden, true);
});

test("a refresh leaves the frame alone", async () => {
  const soon = () => new Date(Date.now() - 1_000).toISOString();
  let count = 0;
  network.answer = async () => json(answer({ videoCallUrl: `https://acme.app.100ms.live/preview/abc?token=t${++count}`, refreshAfter: soon() }));
  const at = put();
  const frame = await until(() => at.find("iframe"));
  frame.dispatchEvent(new Event("load"));
  await until(() => count === 1);
  // The least pause between two refreshes is five seconds.
  await later(5_200);
  assert.equal(count, 2);
  assert.ok(at.find("iframe") === frame);
  assert.match(frame.src, /t1$/);
  assert.deepEqual(at.events(), ["ready"], "ready is told once");
  assert.equal(at.heard.at(-1)[1].refreshed, true);
});

test("what expires is told above the call, which stays", async () => {
  const past = (ms) => new Date(Date.now() + ms).toISOString();
  network.answer = async () => json(answer({ refreshAfter: past(0), expiresAt: past(1_000) }));
  const at = put();
  (await until(() => at.find("iframe"))).dispatchEvent(new Event("load"));
  network.answer = async () => problem(410, "room_ended");
  await later(5_200);
  await until(() => at.events().includes("expired"));
  assert.ok(at.find("iframe"));
  assert.match(at.find(".bar").textContent, /This call is over/);
});

test("another room is another call", async () => {
  const at = await inCall();
  at.room = "room-43";
  await until(() => asked.length === 2);
  assert.match(asked[1].url, /roomId=room-43/);
  assert.equal(at.heard.filter(([name]) => name === "left").length, 0);
});

test("several attributes at once are one change", async () => {
  const at = put();
  at.setAttribute("room", "a");
  at.setAttribute("role", "client");
  at.setAttribute("api", "https://video.example.com");
  await later(20);
  assert.equal(asked.length, 1);
  assert.equal(asked[0].url, "https://video.example.com/api/client/videocall/url?roomId=a");
});

test("taken out of the document it stops asking, and put back it begins anew", async () => {
  const at = put();
  await until(() => asked.length === 1);
  at.remove();
  assert.equal(asked[0].init.signal.aborted, true);
  document.body.append(at);
  await until(() => asked.length === 2);
});

test("a token that was set before the class was known is used", async () => {
  const at = document.createElement("video-call");
  Object.defineProperty(at, "token", { value: () => "early", configurable: true, writable: true });
  at.setAttribute("room", "r");
  at.setAttribute("role", "expert");
  document.body.append(at);
  await until(() => asked.length === 1);
  assert.equal(asked[0].init.headers.Authorization, "Bearer early");
});

test("a page's own sentences are shown", async () => {
  network.answer = async () => problem(410, "room_cancelled");
  const at = put();
  at.sentences = { room_cancelled: { title: "Abgesagt", text: "Der Termin wurde abgesagt." } };
  await until(() => at.title_() === "Abgesagt");
});

test("a header that keeps the camera from the call is found and explained", async () => {
  const asks = [];
  HTMLIFrameElement.prototype.featurePolicy = { allowsFeature: (feature, origin) => (asks.push([feature, origin]), feature !== "camera") };
  try {
    const at = await inCall();
    await until(() => /keeps the call from using your camera/.test(at.find(".bar").textContent));
    assert.match(at.find(".bar small").textContent, /Permissions-Policy: camera=\(self "https:\/\/acme\.app\.100ms\.live"\)/);
    assert.equal(at.heard.find(([name]) => name === "error")[1].code, "policy_blocked");
    assert.ok(at.find("iframe"), "one may still watch and listen");
    assert.deepEqual(asks[0], ["camera", "https://acme.app.100ms.live"]);
  } finally {
    delete HTMLIFrameElement.prototype.featurePolicy;
  }
});

test("nothing on it is a style or script in a string of HTML", async () => {
  const at = await inCall();
  const all = [...at.shadowRoot.querySelectorAll("*")];
  assert.ok(all.length > 5);
  for (const one of all) {
    assert.equal(one.hasAttribute("style"), false, one.tagName);
    assert.equal([...one.attributes].some(({ name }) => name.startsWith("on")), false, one.tagName);
    assert.ok(!["STYLE", "SCRIPT", "LINK"].includes(one.tagName));
  }
});

// The React wrapper and the hook, also where React mounts everything twice.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { asked, later, network, until } from "./page.mjs";
import { answerAt, json, problem } from "./fake_world.mjs";
const { StrictMode, act, createElement } = await import("react");
const { createRoot } = await import("react-dom/client");
const { renderToString } = await import("react-dom/server");
const { VideoCall, useJoin } = await import("../dist/react.js");

let root, box;
beforeEach(() => {
  asked.length = 0;
  box = document.createElement("div");
  document.body.append(box);
  root = createRoot(box);
});
afterEach(async () => {
  await act(async () => root.unmount());
  box.remove();
  network.answer = () => new Promise(() => {});
});
const show = (what) => act(async () => root.render(what));
const strictly = (what) => createElement(StrictMode, null, what);

test("renders on a server, as a tag that the browser fills", () => {
  assert.equal(renderToString(createElement(VideoCall, { room: "a&b", role: "expert", loginUrl: "/login" })), '<video-call room="a&amp;b" role="expert" login-url="/login"></video-call>');
});

test("a component that is mounted twice asks once, and hears its events", async () => {
  network.answer = async () => json(answerAt(Date.now()));
  const heard = [];
  let element;
  await show(strictly(createElement(VideoCall, { room: "room-42", role: "expert", name: "Ada", fill: true, elementRef: (at) => (element = at ?? element), onReady: (answer) => heard.push(answer.roomId), onState: (state) => heard.push(state.state) })));
  await act(() => until(() => heard.includes("room-42")));
  assert.equal(asked.length, 1);
  assert.match(asked[0].url, /userName=Ada/);
  assert.deepEqual(heard, ["checking", "ready", "room-42"]);
  assert.equal(element.hasAttribute("fill"), true);
});

test("new handlers are heard, without asking anew", async () => {
  let answer;
  network.answer = () => new Promise((done) => (answer = done));
  const heard = [];
  const of = (name) => createElement(VideoCall, { room: "r", role: "client", onDenied: ({ code }) => heard.push(name + code) });
  await show(of("old "));
  await act(() => until(() => answer));
  await show(of("new "));
  answer(problem(410, "room_ended"));
  await act(() => until(() => heard.length));
  assert.deepEqual(heard, ["new room_ended"]);
  assert.equal(asked.length, 1);
});

test("a token function that is new with each render does not restart the call", async () => {
  network.answer = async () => json(answerAt(Date.now()));
  const of = () => createElement(VideoCall, { room: "r", role: "client", token: () => "t" });
  await show(of());
  await act(() => until(() => box.querySelector("video-call").shadowRoot.querySelector("iframe")));
  const frame = box.querySelector("video-call").shadowRoot.querySelector("iframe");
  await show(of());
  await act(() => later(20));
  assert.ok(box.querySelector("video-call").shadowRoot.querySelector("iframe") === frame);
  assert.equal(asked.length, 1);
  assert.equal(asked[0].init.headers.Authorization, "Bearer t");
});

function Hooked({ room, enabled, seen }) {
  const { state, retry, leave } = useJoin({ room, role: "expert", enabled, token: () => "t" });
  seen.push({ state: state.state, retry, leave });
  return createElement("p", null, state.state);
}

test("useJoin() mounted twice asks once, tells its state, and stops when it is taken away", async () => {
  network.answer = async () => json(answerAt(Date.now()));
  const seen = [];
  await show(strictly(createElement(Hooked, { room: "r", seen })));
  await act(() => until(() => box.textContent === "ready"));
  assert.equal(asked.length, 1);
  await act(async () => seen.at(-1).leave());
  assert.equal(box.textContent, "left");
  await act(async () => seen.at(-1).retry());
  await act(() => until(() => box.textContent === "ready"));
  assert.equal(asked.length, 2);
  network.answer = () => new Promise(() => {});
  await show(strictly(createElement(Hooked, { room: "other", seen })));
  await act(() => until(() => asked.length === 3));
  await show(null);
  assert.equal(asked[2].init.signal.aborted, true);
});

test("useJoin() waits until it is enabled", async () => {
  const seen = [];
  await show(createElement(Hooked, { room: "r", seen, enabled: false }));
  await act(() => later(20));
  assert.equal(asked.length, 0);
  await show(createElement(Hooked, { room: "r", seen, enabled: true }));
  await act(() => until(() => asked.length === 1));
});

// A world for the join client without network and clock: requests wait for the test's answer, time moves when it is told to.

export class FakeWorld {
  time = Date.parse("2026-11-22T10:00:00Z");
  chance = 0.5;
  asked = []; // { url, init, answer(response), refuse(error) }
  isOnline = true;
  #timers = [];
  #listeners = new Set();

  fetch = (url, init) =>
    new Promise((answer, refuse) => {
      const gone = () => refuse(init.signal.reason);
      if (init.signal.aborted) return gone();
      init.signal.addEventListener("abort", gone);
      this.asked.push({ url, init, answer, refuse });
    });
  now = () => this.time;
  later = (ms, what) => {
    const timer = { at: this.time + ms, what };
    this.#timers.push(timer);
    return () => (this.#timers = this.#timers.filter((one) => one !== timer));
  };
  random = () => this.chance;
  online = () => this.isOnline;
  onOnline = (what) => {
    this.#listeners.add(what);
    return () => this.#listeners.delete(what);
  };

  get timers() {
    return this.#timers.length;
  }
  get listeners() {
    return this.#listeners.size;
  }
  goOnline(is) {
    this.isOnline = is;
    if (is) for (const one of [...this.#listeners]) one();
    return settle();
  }
  // Moves time on, through every timer that is due on the way.
  async pass(ms) {
    const end = this.time + ms;
    for (;;) {
      await settle();
      const due = this.#timers.filter((one) => one.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((one) => one !== due);
      this.time = Math.max(this.time, due.at);
      due.what();
    }
    this.time = end;
    await settle();
  }
  get last() {
    return this.asked.at(-1);
  }
}

// Until everything that hangs on promises and streams has happened.
export const settle = () => new Promise((done) => setImmediate(() => setImmediate(done)));

const iso = (ms) => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");

export const answerAt = (now, change = {}) => ({
  videoCallUrl: "https://acme.app.100ms.live/preview/abc?token=t1",
  roomId: "room-42",
  userName: "Expert",
  role: "expert",
  provider: "100ms",
  expiresAt: iso(now + 600_000),
  refreshAfter: iso(now + 480_000),
  serverTime: iso(now),
  embed: { mode: "iframe", allow: "camera; microphone; autoplay", origin: "https://acme.app.100ms.live" },
  ...change,
});

export const json = (value, status = 200, headers = {}) =>
  new Response(JSON.stringify(value), { status, headers: { "content-type": status < 400 ? "application/json" : "application/problem+json", ...headers } });

export const problem = (status, code, more = {}, headers = {}) =>
  json({ type: `https://docs.example/#${code}`, title: code, status, detail: `about ${code}`, code, requestId: "r1", ...more }, status, headers);

// An event stream that the test writes to.
export function stream() {
  let control;
  const body = new ReadableStream({ start: (given) => (control = given) });
  const encoder = new TextEncoder();
  return {
    response: new Response(body, { headers: { "content-type": "text/event-stream; charset=utf-8" } }),
    write: (text) => control.enqueue(encoder.encode(text)),
    send: (event, data) => control.enqueue(encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)),
    close: () => control.close(),
    fail: () => control.error(new TypeError("network")),
  };
}

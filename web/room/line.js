// line: events come down on one stream, messages go up one by one; both carry the token in a header, so that it stands in no address.
import { keep, room } from "./token.js";

function randomName() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// In ms. We send seconds; whoever stands between may send a date, which the growing pause is good enough for.
const retryAfter = (answer) => 1_000 * (Number(answer.headers.get("Retry-After")) || 0);

// The server lets itself be heard every fifteen seconds; a line that is silent for three times as long is dead.
function soon(reading) {
  let timer;
  const silence = new Promise((_, fail) => (timer = setTimeout(() => fail(new TypeError("silence")), 45_000)));
  return Promise.race([reading, silence]).finally(() => clearTimeout(timer));
}

// Reads a stream of server-sent events; EventSource cannot send a header.
async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await soon(reader.read());
    if (done) return;
    text += value;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const one = { name: "message", data: "" };
      for (const line of text.slice(0, end).split("\n")) {
        if (line.startsWith("event: ")) one.name = line.slice(7);
        if (line.startsWith("data: ")) one.data += line.slice(6);
      }
      text = text.slice(end + 2);
      if (one.data) yield { name: one.name, data: JSON.parse(one.data) };
    }
  }
}

// The way to the server: connects again with growing pauses until it is told that there is no coming back.
export class Line {
  constructor(token) {
    this.token = token;
    this.page = randomName();
    this.sending = Promise.resolve();
    this.over = false;
  }
  header() {
    return { Authorization: "Bearer " + this.token };
  }
  async run(hear, lost) {
    for (let pause = 500; !this.over; pause = Math.min(pause * 2, 15_000)) {
      const attempt = (this.attempt = new AbortController());
      try {
        const answer = await fetch(room + "/events?page=" + this.page, {
          headers: { ...this.header(), Accept: "text/event-stream" },
          cache: "no-store",
          signal: attempt.signal,
        });
        if (answer.ok) {
          for await (const event of eventsOf(answer.body)) {
            pause = 500;
            if (event.name === "token") keep((this.token = event.data.token));
            await hear(event.name, event.data);
            if (this.over) return;
          }
        } else {
          const problem = await answer.json().catch(() => ({}));
          const again = answer.status === 429 || answer.status >= 500;
          if (!again) return hear("refused", { status: answer.status, detail: problem.detail ?? "This link does not work any more." });
          pause = Math.max(pause, retryAfter(answer));
        }
      } catch (error) {
        if (this.over) return;
        if (!(error instanceof TypeError) && error.name !== "AbortError") console.error(error);
      }
      attempt.abort();
      if (this.over) return;
      lost();
      await sleep(pause * (0.75 + Math.random() / 2));
    }
  }
  // One after the other: the order of a negotiation matters. False where it reached nobody.
  send(message) {
    const sent = this.sending.then(() => this.post(message));
    this.sending = sent.catch(() => {});
    return sent;
  }
  async post(message, last = false) {
    for (let attempt = 0; attempt < 5; ++attempt) {
      let wait = 500 * 2 ** attempt;
      try {
        const answer = await fetch(room + "/signal", {
          method: "POST",
          headers: { ...this.header(), "Content-Type": "application/json" },
          body: JSON.stringify({ page: this.page, ...message }),
          keepalive: last,
        });
        if (answer.ok) return (await answer.json()).delivered;
        if (answer.status !== 429 && answer.status < 500) return false;
        wait = Math.max(wait, retryAfter(answer));
      } catch {
        // The network is away: the next attempt may find it.
      }
      if (last || this.over) return false;
      await sleep(wait);
    }
    return false;
  }
  end() {
    this.over = true;
    this.attempt?.abort();
  }
}

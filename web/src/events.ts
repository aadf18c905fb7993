// Server-sent events (WHATWG HTML, section 9.2) from a fetch: EventSource sends no Authorization and hides problem documents.

export interface ServerEvent {
  event: string;
  data: string;
}

// An answer is some KiB; what is longer than this without an end is none.
const pendingMax = 256 * 1024;

// Takes text as it arrives and gives the events that are complete.
export class EventReader {
  #pending = "";
  #event = "";
  #data: string[] = [];
  #began = false;

  take(text: string): ServerEvent[] {
    this.#pending += text;
    if (!this.#began && this.#pending) {
      this.#began = true;
      if (this.#pending.startsWith("\ufeff")) this.#pending = this.#pending.slice(1);
    }
    if (this.#pending.length > pendingMax) throw new RangeError("an event without an end");
    const out: ServerEvent[] = [];
    for (;;) {
      const end = this.#pending.search(/[\r\n]/);
      // A CR at the very end may be the first half of CRLF.
      if (end < 0 || (this.#pending[end] === "\r" && end + 1 === this.#pending.length)) return out;
      const line = this.#pending.slice(0, end);
      this.#pending = this.#pending.slice(this.#pending.startsWith("\r\n", end) ? end + 2 : end + 1);
      this.#line(line, out);
    }
  }

  #line(line: string, out: ServerEvent[]): void {
    if (line === "") {
      if (this.#data.length) out.push({ event: this.#event || "message", data: this.#data.join("\n") });
      this.#event = "";
      this.#data = [];
      return;
    }
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "event") this.#event = value;
    if (name === "data") this.#data.push(value);
  }
}

// The join client: asks for the call, waits for its room, keeps its link fresh, and tells each step. It shows nothing.
import { badAnswer, readAnswer, readProblem, readResponse, unreachable, type Outcome } from "./answers.js";
import { EventReader, type ServerEvent } from "./events.js";
import { pauseBefore } from "./pause.js";
import type { JoinAnswer, JoinOptions, JoinState, Problem, Role } from "./types.js";
import { browser, type World } from "./world.js";

export type { JoinAnswer, JoinOptions, JoinState, Problem, Role, World };

// What goes away by itself, so that asking again is worth it: these, and whatever else says when to come back.
const passing = new Set([
  "unreachable",
  "bad_gateway",
  "gateway_timeout",
  "rate_limited",
  "overloaded",
  "login_unavailable",
  "provider_unavailable",
  "provider_timeout",
  "request_timeout",
  "internal_error",
]);
export const passes = ({ code, status, retryAfter }: Problem): boolean => passing.has(code) || (status >= 500 && retryAfter !== undefined);

const seconds = 1_000;
// After so many tries without success, about half an hour, a person decides whether to go on.
const triesMax = 60;
// The server comments every 15 s; a stream that is silent for three times as long is dead.
const silenceMax = 45 * seconds;
// A first event comes at once. Where it does not, something on the way holds streams back until their end.
const firstEventMax = 8 * seconds;
const answerMax = 20 * seconds;
// Without a stream nobody tells us that a booking has changed: look now and then.
const waitingLookMax = 120 * seconds;
// A stream that lived so long was no failed try.
const longStream = 60 * seconds;
const refreshLeast = 5 * seconds;

type StreamState = Extract<JoinState, { state: "checking" | "waiting" | "provisioning" }>;

export class JoinClient {
  readonly options: Readonly<JoinOptions>;
  readonly #world: World;
  readonly #listeners = new Set<(state: JoinState) => void>();
  #state: JoinState = { state: "idle" };
  #run: AbortController | null = null;
  #wake: (() => void) | null = null;
  #streams = true;
  #streamed = 0; // how long the last stream lived, in ms
  #ahead = 0; // the server's clock before ours, in ms
  #notBefore = 0; // until then the server wants no question, in ms
  #forgetOnline: (() => void) | null = null;

  constructor(options: JoinOptions, world: World = browser) {
    this.options = { ...options };
    this.#world = world;
  }

  get state(): JoinState {
    return this.#state;
  }
  // Called after each change; gives what ends it.
  subscribe(listener: (state: JoinState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // Begins, or does nothing where it has begun. What starts and stops at once asks nobody: frameworks mount twice.
  start(): void {
    if (this.#run) return;
    const run = (this.#run = new AbortController());
    this.#forgetOnline = this.#world.onOnline(() => this.#online());
    const callOff = this.#world.later(0, () => void this.#go(run));
    run.signal.addEventListener("abort", callOff);
  }
  // Ends everything that is under way, silently.
  stop(): void {
    this.#run?.abort();
    this.#end();
    if (this.#state.state !== "left") this.#set({ state: "idle" });
  }
  leave(): void {
    this.#run?.abort();
    this.#end();
    this.#set({ state: "left" });
  }
  // Asks now: instead of waiting on, or anew where it had ended.
  retry(): void {
    if (this.#run) this.#wake?.();
    else this.start();
  }

  // Whoever was told to come back later is not called earlier by a network that comes back.
  #online(): void {
    if (this.#state.state === "offline" || this.#world.now() >= this.#notBefore) this.#wake?.();
  }
  #end(): void {
    this.#run = null;
    this.#wake = null;
    this.#forgetOnline?.();
    this.#forgetOnline = null;
  }
  #set(state: JoinState): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) listener(state);
  }

  async #go(run: AbortController): Promise<void> {
    try {
      const answer = await this.#enter(run.signal);
      if (answer) await this.#keepFresh(answer, run.signal);
    } catch (error) {
      if (run.signal.aborted) return;
      this.#set({ state: "failed", problem: badAnswer(String(error)), retryAt: null });
    }
    if (this.#run === run) this.#end();
  }

  // Until there is an answer, or a problem that does not pass; null then.
  async #enter(signal: AbortSignal): Promise<JoinAnswer | null> {
    for (let tries = 0; ; ) {
      await this.#untilOnline(signal);
      if (this.#state.state !== "waiting") this.#set({ state: "checking" });
      const outcome = await this.#ask(signal);
      if ("answer" in outcome) {
        this.#set({ state: "ready", answer: outcome.answer, refreshed: false });
        return outcome.answer;
      }
      const { problem } = outcome;
      if (problem.policy === "streams" && this.#streams) {
        // Too many streams are open elsewhere; a plain question needs none.
        this.#streams = false;
        continue;
      }
      if (problem.code === "too_early") {
        tries = 0;
        await this.#untilOpening(problem, signal);
        continue;
      }
      if (this.#streamed > longStream) tries = 0;
      if (!passes(problem)) {
        this.#set({ state: problem.status >= 500 || problem.code === "bad_answer" ? "failed" : "denied", problem, retryAt: null });
        return null;
      }
      if (++tries >= triesMax) {
        this.#set({ state: "failed", problem, retryAt: null });
        return null;
      }
      await this.#pause(problem, tries, signal);
    }
  }

  #pauseAfter({ retryAfter }: Problem, tries: number): number {
    this.#notBefore = retryAfter === undefined ? 0 : this.#world.now() + retryAfter * seconds;
    return pauseBefore(tries, retryAfter, this.#world.random());
  }
  async #pause(problem: Problem, tries: number, signal: AbortSignal): Promise<void> {
    if (!this.#world.online()) return;
    const ms = this.#pauseAfter(problem, tries - 1);
    // Whoever waits need not know of a line that broke once.
    if (this.#state.state !== "waiting" || tries > 1) this.#set({ state: "failed", problem, retryAt: this.#world.now() + ms });
    await this.#nap(ms, signal, true);
  }

  async #untilOnline(signal: AbortSignal): Promise<void> {
    while (!this.#world.online()) {
      this.#set({ state: "offline" });
      await this.#nap(answerMax, signal, true);
    }
  }

  // The stream waits for the opening itself, but not for ever; and where there is none, we do.
  async #untilOpening(problem: Problem, signal: AbortSignal): Promise<void> {
    const now = this.#world.now();
    const opensAt =
      problem.retryAfter !== undefined
        ? now + problem.retryAfter * seconds
        : problem.opensAt
          ? Date.parse(problem.opensAt) - this.#ahead
          : now + waitingLookMax;
    this.#set({ state: "waiting", opensAt });
    const spread = (1 + this.#world.random()) * seconds;
    const wait = this.#streams ? spread : Math.min(opensAt - now + spread / 2, waitingLookMax);
    await this.#nap(Math.max(wait, spread / 2), signal, true);
  }

  // Ends with the link's: a refresh changes nothing for the call that runs, only the link to come back with.
  async #keepFresh(first: JoinAnswer, signal: AbortSignal): Promise<void> {
    let answer = first;
    let expired = false;
    for (let tries = 0; ; ) {
      const server = Date.parse(answer.serverTime);
      const here = this.#world.now();
      this.#ahead = server - here;
      const expiresAt = here + (Date.parse(answer.expiresAt) - server);
      if (tries === 0) await this.#nap(Math.max(Date.parse(answer.refreshAfter) - server, refreshLeast), signal);
      for (;;) {
        const outcome = await this.#askOnce(signal);
        if ("answer" in outcome) {
          answer = outcome.answer;
          tries = 0;
          expired = false;
          this.#set({ state: "ready", answer, refreshed: true });
          break;
        }
        const { problem } = outcome;
        const left = expiresAt - this.#world.now();
        const tell = () => {
          expired = true;
          this.#set({ state: "expired", answer, problem });
        };
        if (!expired && left <= 0) tell();
        if (passes(problem)) {
          const ms = this.#pauseAfter(problem, tries++);
          // A link that ends during the pause is told in time, and asks nobody earlier.
          const ends = !expired && left < ms;
          if (ends && (await this.#nap(left, signal, true))) tell();
          if (!ends || expired) await this.#nap(ends ? ms - left : ms, signal, true);
        } else if (expired) {
          return;
        } else {
          // Refused, and the link is good a little longer: whoever signs in again meanwhile goes on.
          await this.#nap(left, signal, true);
        }
      }
    }
  }

  #ask(signal: AbortSignal): Promise<Outcome> {
    return this.#streams ? this.#askStream(signal) : this.#askOnce(signal);
  }

  get #address(): string {
    const { api, role, room, name } = this.options;
    const query = new URLSearchParams({ roomId: room });
    if (name) query.set("userName", name);
    return `${(api ?? "").replace(/\/+$/, "")}/api/${role}/videocall/url?${query}`;
  }

  async #fetch(accept: string, signal: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = { Accept: accept };
    const token = await this.options.token?.();
    signal.throwIfAborted();
    if (token) headers["Authorization"] = `Bearer ${token}`;
    return this.#world.fetch(this.#address, {
      headers,
      credentials: this.options.credentials ?? "include",
      cache: "no-store",
      redirect: "manual",
      signal,
    });
  }

  async #askOnce(signal: AbortSignal): Promise<Outcome> {
    return this.#within(answerMax, signal, async (mine) => {
      const answer = await this.#fetch("application/json", mine.signal);
      return readResponse(answer, this.#world.now());
    });
  }

  async #askStream(signal: AbortSignal): Promise<Outcome> {
    const began = this.#world.now();
    let heard = false;
    const outcome = await this.#within(firstEventMax, signal, async (mine) => {
      const answer = await this.#fetch("text/event-stream, application/json;q=0.5", mine.signal);
      const streams = /^text\/event-stream\b/i.test(answer.headers.get("content-type") ?? "");
      if (!answer.ok || !streams || !answer.body) {
        // Whoever forwards to Stagedoor does not stream, so we wait ourselves.
        if (answer.ok) this.#streams = false;
        return readResponse(answer, this.#world.now());
      }
      return this.#listen(answer.body, mine, () => (heard = true));
    });
    this.#streamed = this.#world.now() - began;
    if (heard || !("problem" in outcome) || outcome.problem.code !== "unreachable" || this.#streamed < firstEventMax) return outcome;
    this.#streams = false;
    return this.#askOnce(signal);
  }

  async #listen(body: ReadableStream<Uint8Array>, mine: Patience, onEvent: () => void): Promise<Outcome> {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    const events = new EventReader();
    try {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return { problem: unreachable("The stream ended early.") };
        mine.extend(silenceMax);
        for (const one of events.take(decoder.decode(value, { stream: true }))) {
          onEvent();
          const outcome = this.#hear(one);
          if (outcome) return outcome;
        }
      }
    } finally {
      reader.cancel().catch(() => {});
    }
  }

  // One event: the end of the stream, or a step on the way.
  #hear({ event, data }: ServerEvent): Outcome | undefined {
    let said: unknown;
    try {
      said = JSON.parse(data);
    } catch {
      return { problem: badAnswer("An event is no JSON.") };
    }
    if (event === "url") return readAnswer(said);
    if (event === "problem") return { problem: readProblem(said, 0) ?? badAnswer("An event is no problem document.") };
    const step = event === "state" ? this.#step(said) : undefined;
    if (step) this.#set(step);
    return undefined;
  }

  #step(said: unknown): StreamState | undefined {
    const one = said as { state?: string; opensAt?: string; serverTime?: string };
    if (one.state === "provisioning") return { state: "provisioning" };
    if (one.state === "checking") return this.#state.state === "waiting" ? undefined : { state: "checking" };
    if (one.state !== "waiting" || !one.opensAt || Number.isNaN(Date.parse(one.opensAt))) return undefined;
    const server = Date.parse(one.serverTime ?? "");
    if (!Number.isNaN(server)) this.#ahead = server - this.#world.now();
    return { state: "waiting", opensAt: Date.parse(one.opensAt) - this.#ahead };
  }

  // Does something that ends with `signal` or after `ms`; what the network does to it is a problem, not an exception.
  async #within(ms: number, signal: AbortSignal, what: (mine: Patience) => Promise<Outcome>): Promise<Outcome> {
    const mine = new Patience(this.#world, signal);
    mine.extend(ms);
    try {
      // Not every body ends with its request: a reader may hang where the network has gone.
      return await Promise.race([what(mine), mine.over]);
    } catch (error) {
      if (signal.aborted) throw error;
      return { problem: mine.late ? unreachable("No answer came in time.") : unreachable("The server cannot be reached.") };
    } finally {
      mine.end();
    }
  }

  // Sleeps; retry() ends it where it may, and the network's coming back: false then.
  #nap(ms: number, signal: AbortSignal, wakes = false): Promise<boolean> {
    return new Promise((done, failed) => {
      const end = () => {
        callOff();
        signal.removeEventListener("abort", gone);
        this.#wake = null;
      };
      const up = (late: boolean) => (end(), done(late));
      const gone = () => (end(), failed(signal.reason));
      const callOff = this.#world.later(ms, () => up(true));
      if (signal.aborted) return gone();
      signal.addEventListener("abort", gone);
      if (wakes) this.#wake = () => up(false);
    });
  }
}

// How long something may still take.
class Patience {
  readonly #world: World;
  readonly #own = new AbortController();
  readonly #outer: AbortSignal;
  #callOff: (() => void) | null = null;
  #fail: (why: unknown) => void = () => {};
  readonly over: Promise<never>;
  late = false;

  constructor(world: World, outer: AbortSignal) {
    this.#world = world;
    this.#outer = outer;
    this.over = new Promise((_, fail) => (this.#fail = fail));
    this.over.catch(() => {});
    outer.addEventListener("abort", this.#give);
    if (outer.aborted) this.#give();
  }
  get signal(): AbortSignal {
    return this.#own.signal;
  }
  extend(ms: number): void {
    this.#callOff?.();
    this.#callOff = this.#world.later(ms, () => {
      this.late = true;
      this.#give();
    });
  }
  // Also frees what is left of the connection.
  end(): void {
    this.#callOff?.();
    this.#outer.removeEventListener("abort", this.#give);
    this.#own.abort();
  }
  readonly #give = (): void => {
    this.#own.abort();
    this.#fail(new Error("over"));
  };
}

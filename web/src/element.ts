// <video-call room="…" role="expert">: joins a call and shows it, with everything that may happen on the way.
import { allowFor, obstacleTo, type Obstacle } from "./camera.js";
import { JoinClient } from "./client.js";
import { drawing } from "./icons.js";
import { busy, countDown, sceneOf, wayBack, type Action, type Scene, type Ways } from "./scene.js";
import type { Sentence } from "./sentences.js";
import { style } from "./style.js";
import type { JoinAnswer, JoinState, Problem, Role } from "./types.js";

export interface VideoCallEvents {
  state: CustomEvent<JoinState>;
  ready: CustomEvent<JoinAnswer>;
  denied: CustomEvent<Problem>;
  // A problem that may pass, or an obstacle to camera and microphone; the latter has `remedy` where the page is to blame.
  error: CustomEvent<Problem | Obstacle>;
  expired: CustomEvent<Problem>;
  left: CustomEvent<{ by: "button" | "frame" | "page" }>;
}

// What a framed page of a provider of your own may say to have its end noticed: postMessage({ type: "stagedoor:left" }, origin).
const leftMessage = "stagedoor:left";
// The same for a call that is over without anybody's wish, for a link that has ended, say. Another message, or a page that loads, takes it back.
const endedMessage = "stagedoor:ended";
// A frame that has not loaded by then gets a way around it.
const loadMax = 15_000;
// Whoever comes back from signing in, at most so often.
const lookAgainLeast = 5_000;

// Where the classes of the DOM are missing (a server that renders), the module can still be imported.
const Base: typeof HTMLElement = globalThis.HTMLElement ?? (class {} as unknown as typeof HTMLElement);

let scriptOrigin = "";
// The script that a page loads from Stagedoor itself asks where it came from; a bundle asks its own page's origin.
export function askByDefault(origin: string): void {
  scriptOrigin = origin;
}

let sheet: CSSStyleSheet | undefined;
function sharedSheet(): CSSStyleSheet {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
  }
  return sheet;
}

// Attributes that change what is asked for, so that the call begins anew.
const asked = ["room", "role", "api", "credentials"];

export class VideoCallElement extends Base {
  static readonly observedAttributes = [...asked, "name", "login-url", "back-url", "label"];

  #client: JoinClient | null = null;
  #unsubscribe: (() => void) | null = null;
  #token: (() => string | Promise<string>) | undefined;
  #sentences: Partial<Record<string, Partial<Sentence>>> = {};
  #parts: Parts | null = null;
  #ticking: ReturnType<typeof setInterval> | undefined;
  #loading: ReturnType<typeof setTimeout> | undefined;
  #answer: JoinAnswer | null = null; // of the frame that is shown
  #obstacle: Obstacle | undefined;
  #frameOpens = false; // it is there, and has not loaded yet
  #frameIsLate = false;
  #frameEnded = false; // it says that its call is over
  #focusFrame = false; // somebody was here with the keyboard when the call came
  #lookedAgain = 0;
  #restarts = false;

  // ---- what a page may use ----

  get room(): string { return this.getAttribute("room") ?? ""; }
  set room(value: string) { this.setAttribute("room", value); }
  get state(): JoinState { return this.#client?.state ?? { state: "idle" }; }
  // For sessions that are no cookie: asked before each request.
  get token(): (() => string | Promise<string>) | undefined { return this.#token; }
  set token(value: (() => string | Promise<string>) | undefined) {
    const begins = (this.#token === undefined) !== (value === undefined);
    this.#token = value;
    // A new function is only another way to the same token: frameworks make one each time they render.
    if (begins) this.#restartSoon();
  }
  // Sentences of the page's own, by problem code.
  get sentences(): Partial<Record<string, Partial<Sentence>>> { return this.#sentences; }
  set sentences(value: Partial<Record<string, Partial<Sentence>>>) {
    this.#sentences = value;
    this.#show();
  }
  // Asks again: at once instead of later, or anew after a refusal, an end or leaving.
  join(): void {
    if (!this.isConnected) return;
    const over = ["expired", "left", "denied", "failed"].includes(this.state.state);
    if (!this.#client || (over && this.#answer) || this.#frameEnded) this.#restart();
    else this.#client.retry();
  }
  leave(): void { this.#leave("page"); }

  // ---- life ----

  connectedCallback(): void {
    // What a page has set before this class was there hides the accessors.
    for (const name of ["token", "sentences"] as const) {
      const early = Object.getOwnPropertyDescriptor(this, name)?.value;
      if (early === undefined) continue;
      delete this[name];
      this[name] = early;
    }
    this.#parts ??= this.#build();
    document.addEventListener("visibilitychange", this.#lookAgain);
    window.addEventListener("focus", this.#lookAgain);
    window.addEventListener("message", this.#hear);
    window.addEventListener("online", this.#networkChanged);
    window.addEventListener("offline", this.#networkChanged);
    this.#restart();
  }
  disconnectedCallback(): void {
    document.removeEventListener("visibilitychange", this.#lookAgain);
    window.removeEventListener("focus", this.#lookAgain);
    window.removeEventListener("message", this.#hear);
    window.removeEventListener("online", this.#networkChanged);
    window.removeEventListener("offline", this.#networkChanged);
    this.#drop();
  }
  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now || !this.isConnected) return;
    if (asked.includes(name) || (name === "name" && !this.#answer)) this.#restartSoon();
    else this.#show();
  }

  #drop(): void {
    this.#unsubscribe?.();
    this.#client?.stop();
    this.#client = this.#unsubscribe = null;
    clearInterval(this.#ticking);
    this.#ticking = undefined;
    this.#takeFrameAway();
  }
  // Several attributes change one after the other; that is one change.
  #restartSoon(): void {
    if (this.#restarts || !this.isConnected) return;
    this.#restarts = true;
    queueMicrotask(() => {
      this.#restarts = false;
      if (this.isConnected) this.#restart();
    });
  }
  #restart(): void {
    this.#drop();
    const role = this.getAttribute("role");
    if (!this.room || (role !== "expert" && role !== "client")) {
      this.#show();
      return;
    }
    const client = (this.#client = new JoinClient({
      room: this.room,
      role: role as Role,
      name: this.getAttribute("name") ?? undefined,
      api: this.getAttribute("api") ?? scriptOrigin,
      credentials: (this.getAttribute("credentials") ?? "include") as RequestCredentials,
      token: this.#token && (() => this.#token?.() ?? ""),
    }));
    this.#unsubscribe = client.subscribe((state) => this.#changed(state));
    client.start();
    this.#show();
  }

  #tell<Name extends keyof VideoCallEvents>(name: Name, detail: VideoCallEvents[Name]["detail"]): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
  #changed(state: JoinState): void {
    if (state.state === "ready" && state.answer.embed.mode === "iframe" && !this.#answer) this.#putFrame(state.answer);
    if (["denied", "failed", "left", "offline", "waiting"].includes(state.state)) this.#takeFrameAway();
    this.#show();
    this.#tell("state", state);
    if (state.state === "ready" && !state.refreshed) this.#tell("ready", state.answer);
    if (state.state === "denied") this.#tell("denied", state.problem);
    if (state.state === "failed") this.#tell("error", state.problem);
    if (state.state === "expired") this.#tell("expired", state.problem);
  }

  // ---- the frame ----

  #putFrame(answer: JoinAnswer): void {
    const parts = this.#parts!;
    const hadFocus = this.shadowRoot?.activeElement != null;
    const frame = document.createElement("iframe");
    frame.setAttribute("part", "frame");
    frame.allow = allowFor(answer.videoCallUrl, answer.embed.allow, answer.embed.origin);
    frame.referrerPolicy = "no-referrer";
    frame.title = this.getAttribute("label") ?? "Video call";
    frame.addEventListener("load", () => this.#showFrame(false));
    frame.src = answer.videoCallUrl;
    this.#answer = answer;
    this.#frameOpens = true;
    this.#focusFrame = hadFocus;
    this.#loading = setTimeout(() => this.#showFrame(true), loadMax);
    parts.stage.prepend(frame);
    parts.frame = frame;
    obstacleTo(frame, answer.embed.allow, answer.embed.origin).then((obstacle) => {
      if (this.#answer !== answer) return;
      this.#obstacle = obstacle;
      this.#show();
      if (obstacle) this.#tell("error", obstacle);
    });
  }
  #showFrame(late: boolean): void {
    clearTimeout(this.#loading);
    this.#frameOpens = false;
    this.#frameIsLate = late;
    this.#frameEnded = false;
    this.#show();
    if (this.#focusFrame) this.#parts?.frame?.focus();
    this.#focusFrame = false;
  }
  #takeFrameAway(): void {
    clearTimeout(this.#loading);
    this.#parts?.frame?.remove();
    if (this.#parts) this.#parts.frame = null;
    this.#answer = null;
    this.#obstacle = undefined;
    this.#frameOpens = this.#frameIsLate = this.#frameEnded = this.#focusFrame = false;
  }

  readonly #hear = (event: MessageEvent): void => {
    const frame = this.#parts?.frame;
    if (!frame || !this.#answer || event.source !== frame.contentWindow) return;
    const origins = [this.#answer.embed.origin, new URL(this.#answer.videoCallUrl).origin];
    const type: unknown = event.data?.type;
    if (!origins.includes(event.origin) || typeof type !== "string" || !type.startsWith("stagedoor:")) return;
    if (type === leftMessage) return this.#leave("frame");
    this.#frameEnded = type === endedMessage;
    this.#show();
  };
  #leave(by: "button" | "frame" | "page"): void {
    if (!this.#client || this.state.state === "left") return;
    this.#client.leave();
    this.#tell("left", { by });
  }

  // Somebody may have signed in elsewhere meanwhile.
  readonly #lookAgain = (): void => {
    const state = this.state;
    if (document.visibilityState === "hidden" || state.state !== "denied" || state.problem.status !== 401) return;
    if (Date.now() - this.#lookedAgain < lookAgainLeast) return;
    this.#lookedAgain = Date.now();
    this.#client?.retry();
  };
  readonly #networkChanged = (): void => this.#show();

  // ---- the picture ----

  #ways(): Ways {
    return {
      loginUrl: this.getAttribute("login-url") ?? undefined,
      backUrl: this.getAttribute("back-url") ?? undefined,
      here: location.href,
      sentences: this.#sentences,
    };
  }
  #scene(): Scene {
    if (this.#frameOpens) return busy("Opening the call", "The video service is loading.");
    if (this.#client) return sceneOf(this.#client.state, this.#ways());
    const problem: Problem = { code: "invalid_request", title: "", detail: "room and role (expert or client) are required", status: 400 };
    return sceneOf({ state: "denied", problem }, this.#ways());
  }

  #build(): Parts {
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sharedSheet()];
    const box = (tag: string, name: string, ...inside: Node[]) => {
      const out = document.createElement(tag);
      out.className = name;
      out.setAttribute("part", name);
      out.append(...inside);
      return out;
    };
    const says = box("div", "unseen");
    says.setAttribute("role", "status");
    const bar = box("div", "bar");
    const door = box("div", "door");
    const stage = box("div", "stage", door);
    const foot = box("div", "foot");
    const base = box("div", "base", bar, stage, foot, says);
    root.append(base);
    return { base, bar, door, stage, foot, says, frame: null, drawn: "" };
  }

  #show(): void {
    const parts = this.#parts;
    if (!parts) return;
    const scene = this.#scene();
    const inCall = scene.place === "call" && parts.frame !== null && !this.#frameOpens;
    parts.door.hidden = inCall;
    parts.foot.hidden = !inCall;
    this.#showBar(parts, inCall ? this.#notice(scene) : undefined);
    // Drawn only where it differs, so that focus stays on the button that has it.
    const drawn = JSON.stringify([inCall, scene]);
    if (drawn !== parts.drawn) {
      parts.drawn = drawn;
      if (inCall) this.#drawFoot(parts);
      else this.#drawDoor(parts, scene);
      const words = inCall ? "You are in the call." : `${scene.title}. ${scene.text}`;
      if (parts.says.textContent !== words) parts.says.textContent = words;
    }
    this.#tick();
    const counts = scene.opensAt !== undefined || scene.retryAt !== undefined;
    if (counts && this.#ticking === undefined) this.#ticking = setInterval(() => this.#tick(), 250);
    if (!counts) {
      clearInterval(this.#ticking);
      this.#ticking = undefined;
    }
  }

  #drawDoor(parts: Parts, scene: Scene): void {
    const hadFocus = parts.door.contains(this.shadowRoot?.activeElement ?? null);
    const card = document.createElement("section");
    card.className = `card ${scene.look}`;
    card.setAttribute("part", "card");
    const title = document.createElement("h2");
    title.setAttribute("part", "title");
    title.textContent = scene.title;
    card.append(drawing(document, scene.look), title, textOf("p", "text", scene.text));
    if (scene.opensAt !== undefined) {
      const count = textOf("div", "count", "");
      count.setAttribute("role", "timer");
      count.dataset["until"] = String(scene.opensAt);
      const at = new Date(scene.opensAt);
      const far = scene.opensAt - Date.now() > 12 * 3_600_000;
      const when = far ? at.toLocaleString([], { dateStyle: "medium", timeStyle: "short" }) : at.toLocaleTimeString([], { timeStyle: "short" });
      card.append(count, textOf("p", "when", `It opens ${far ? "on" : "at"} ${when}.`));
    }
    if (scene.retryAt !== undefined) {
      const soon = textOf("p", "soon", "");
      soon.dataset["retry"] = String(scene.retryAt);
      card.append(soon);
    }
    const actions = document.createElement("div");
    actions.className = "actions";
    if (scene.tab) actions.append(this.#tabLink(scene.tab, "Open the call"));
    for (const one of scene.actions) actions.append(this.#button(one));
    card.append(actions);
    if (scene.reference) {
      const reference = textOf("p", "reference", "Reference: ");
      reference.append(textOf("code", "", scene.reference));
      card.append(reference);
    }
    parts.door.replaceChildren(card);
    if (hadFocus) (card.querySelector<HTMLElement>(".button") ?? this.#focusable(title)).focus();
  }
  #focusable(title: HTMLElement): HTMLElement {
    title.tabIndex = -1;
    return title;
  }

  #drawFoot(parts: Parts): void {
    const where = textOf("span", "where", this.getAttribute("label") ?? `Video call · ${this.room}`);
    parts.foot.replaceChildren(where, this.#button({ kind: "leave", label: "Leave" }));
  }

  // What stands above a call that goes on.
  #notice(scene: Scene): Notice | undefined {
    if (this.state.state === "expired") return { title: scene.title, text: scene.text, actions: this.#afterExpiry(scene) };
    if (this.#frameEnded) {
      const back = wayBack(this.#ways());
      const text = "Below it says why. You can come back as long as the room is open.";
      return { title: "The call has ended here", text, actions: [{ kind: "again", label: "Join again" }, ...(back ? [back] : [])] };
    }
    if (navigator.onLine === false)
      return { title: "You are offline", text: "The call goes on as soon as your connection is back.", actions: [] };
    if (this.#frameIsLate && this.#answer)
      return { title: "The call's page takes long", text: "If nothing is to be seen below, open it in a tab of its own.", actions: [], tab: this.#answer.videoCallUrl };
    if (this.#obstacle) return { ...this.#obstacle, actions: [] };
    return undefined;
  }
  // The call below may well go on; only its link is no longer good for coming back.
  #afterExpiry(scene: Scene): Action[] {
    const again: Action = { kind: "again", label: "Join again" };
    const others = scene.actions.filter((one) => one.kind !== "retry");
    return scene.actions.length > others.length || others.length === 0 ? [again, ...others] : others;
  }
  #showBar(parts: Parts, notice: Notice | undefined): void {
    parts.bar.hidden = !notice;
    const drawn = JSON.stringify(notice ?? null);
    if (parts.bar.dataset["drawn"] === drawn) return;
    parts.bar.dataset["drawn"] = drawn;
    parts.bar.replaceChildren();
    if (!notice) return;
    const words = textOf("div", "words", "");
    words.append(textOf("strong", "", notice.title), textOf("span", "", notice.text));
    if (notice.remedy) words.append(textOf("small", "", notice.remedy));
    parts.bar.append(words);
    if (notice.tab) parts.bar.append(this.#tabLink(notice.tab, "Open in a tab"));
    for (const one of notice.actions) parts.bar.append(this.#button({ ...one, main: false }));
    parts.says.textContent = `${notice.title}. ${notice.text}`;
  }

  #button(action: Action): HTMLElement {
    const out = action.href ? document.createElement("a") : document.createElement("button");
    out.className = action.main ? "button main" : "button";
    out.setAttribute("part", action.main ? "button main-button" : "button");
    out.dataset["action"] = action.kind;
    out.textContent = action.label;
    if (out instanceof HTMLAnchorElement && action.href) out.href = action.href;
    if (out instanceof HTMLButtonElement) {
      out.type = "button";
      out.addEventListener("click", () => (action.kind === "leave" ? this.#leave("button") : this.join()));
    }
    return out;
  }
  #tabLink(address: string, label: string): HTMLElement {
    const out = document.createElement("a");
    out.className = "button main";
    out.setAttribute("part", "button main-button");
    out.dataset["action"] = "open";
    out.href = address;
    out.target = "_blank";
    out.rel = "noopener noreferrer";
    out.textContent = label;
    return out;
  }

  #tick(): void {
    const now = Date.now();
    for (const one of this.#parts?.door.querySelectorAll<HTMLElement>("[data-until]") ?? [])
      one.textContent = countDown(Number(one.dataset["until"]) - now);
    for (const one of this.#parts?.door.querySelectorAll<HTMLElement>("[data-retry]") ?? [])
      one.textContent = `Next try in ${countDown(Number(one.dataset["retry"]) - now)}`;
  }
}

interface Notice {
  title: string;
  text: string;
  remedy?: string;
  tab?: string;
  actions: Action[];
}
interface Parts {
  base: HTMLElement;
  bar: HTMLElement;
  stage: HTMLElement;
  door: HTMLElement;
  foot: HTMLElement;
  says: HTMLElement;
  frame: HTMLIFrameElement | null;
  drawn: string;
}

function textOf(tag: string, name: string, text: string): HTMLElement {
  const out = document.createElement(tag);
  if (name) {
    out.className = name;
    out.setAttribute("part", name);
  }
  out.textContent = text;
  return out;
}

// Once per page, whoever comes first.
export function defineVideoCall(): void {
  if (typeof customElements !== "undefined" && !customElements.get("video-call")) customElements.define("video-call", VideoCallElement);
}

declare global {
  interface HTMLElementTagNameMap {
    "video-call": VideoCallElement;
  }
}

// What is to be seen in each state: words and buttons, without a document.
import { passes } from "./client.js";
import { sentenceOf, type Sentence, type Step } from "./sentences.js";
import type { JoinState, Problem } from "./types.js";

export interface Action {
  kind: Step | "leave" | "again";
  label: string;
  href?: string;
  main?: boolean;
}

export interface Scene {
  // "call" shows the frame, "door" a panel in its place.
  place: "door" | "call";
  look: "busy" | "wait" | "open" | "trouble" | "calm";
  title: string;
  text: string;
  // Instants that are counted down to, in ms.
  opensAt?: number;
  retryAt?: number;
  // A link that opens the call in a tab of its own.
  tab?: string;
  actions: Action[];
  reference?: string;
}

export interface Ways {
  loginUrl?: string | undefined;
  backUrl?: string | undefined;
  here: string; // where a login leads back to
  sentences: Partial<Record<string, Partial<Sentence>>>;
}

// "https://…/login?next={return}", with this page's address in it.
export function loginAddress(template: string, here: string): string {
  return template.replaceAll("{return}", encodeURIComponent(here));
}

// Only what a link on a page may be: no javascript:.
export function safeAddress(text: string, here: string): string | undefined {
  if (!URL.canParse(text, here)) return undefined;
  const address = new URL(text, here);
  return address.protocol === "https:" || address.protocol === "http:" ? address.href : undefined;
}

export function wayBack(ways: Ways): Action | undefined {
  const href = ways.backUrl ? safeAddress(ways.backUrl, ways.here) : undefined;
  return href ? { kind: "back", label: "Back", href } : undefined;
}

function actionsOf(steps: readonly Step[], ways: Ways): Action[] {
  const out: Action[] = [];
  for (const step of steps) {
    if (step === "retry") out.push({ kind: "retry", label: "Try again" });
    if (step === "sign_in") {
      const href = ways.loginUrl ? safeAddress(loginAddress(ways.loginUrl, ways.here), ways.here) : undefined;
      if (href) out.push({ kind: "sign_in", label: "Sign in", href });
    }
    if (step === "back") {
      const back = wayBack(ways);
      if (back) out.push(back);
    }
  }
  if (out[0]) out[0].main = true;
  return out;
}

function troubleScene(problem: Problem, retryAt: number | null, ways: Ways): Scene {
  const sentence = sentenceOf(problem, ways.sentences);
  const { title, steps } = sentence;
  const text = passes(problem) && retryAt === null ? `${sentence.text} For now we have stopped trying.` : sentence.text;
  const actions = actionsOf(steps, ways);
  const again = actions.find((one) => one.kind === "retry");
  if (again && retryAt !== null) again.label = "Try now";
  return {
    place: "door",
    look: "trouble",
    title,
    text,
    actions,
    ...(retryAt === null ? {} : { retryAt }),
    ...(problem.requestId ? { reference: problem.requestId } : {}),
  };
}

export const busy = (title: string, text: string): Scene => ({ place: "door", look: "busy", title, text, actions: [] });

export function sceneOf(state: JoinState, ways: Ways): Scene {
  switch (state.state) {
    case "idle":
      return busy("Video call", "One moment …");
    case "checking":
      return busy("Looking up your call", "We check who you are and whether the room is open.");
    case "provisioning":
      return busy("Preparing the room", "The room is being made ready for you. This takes a few seconds.");
    case "waiting": {
      const { title, text } = sentenceOf({ code: "too_early", title: "", detail: "", status: 403 }, ways.sentences);
      const back = wayBack(ways);
      return { place: "door", look: "wait", title, text, opensAt: state.opensAt, actions: back ? [back] : [] };
    }
    case "ready":
      if (state.answer.embed.mode === "iframe") return { place: "call", look: "calm", title: "Video call", text: "", actions: [] };
      return {
        place: "door",
        look: "open",
        title: "Your call is ready",
        text: "This video service opens in a tab of its own. Keep this page open to find your way back in.",
        tab: state.answer.videoCallUrl,
        actions: [],
      };
    case "offline":
      return {
        place: "door",
        look: "trouble",
        title: "You are offline",
        text: "This device has no connection to the internet. We go on by ourselves as soon as it is back.",
        actions: [{ kind: "retry", label: "Try now", main: true }],
      };
    case "denied":
      return troubleScene(state.problem, null, ways);
    case "failed":
      return troubleScene(state.problem, state.retryAt, ways);
    case "expired": {
      if (state.answer.embed.mode === "new_tab") return troubleScene(state.problem, null, ways);
      return { ...troubleScene(state.problem, null, ways), place: "call" };
    }
    case "left": {
      const back = wayBack(ways);
      return {
        place: "door",
        look: "calm",
        title: "You have left the call",
        text: "As long as the room is open you can come back.",
        actions: [{ kind: "again", label: "Join again", main: true }, ...(back ? [back] : [])],
      };
    }
  }
}

// "1:05:09", "12:34", "0:07"; from two days on "3 days".
export function countDown(ms: number): string {
  const left = Math.max(0, Math.ceil(ms / 1000));
  const days = Math.floor(left / 86_400);
  if (days >= 2) return `${days} days`;
  const hours = Math.floor(left / 3600);
  const pair = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.floor((left % 3600) / 60);
  return hours > 0 ? `${hours}:${pair(minutes)}:${pair(left % 60)}` : `${minutes}:${pair(left % 60)}`;
}

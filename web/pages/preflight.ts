// The checks of the test page: what of this device, this network and this server would keep a call from working.

import { keptFrom } from "../src/camera.js";

export type Grade = "good" | "fair" | "bad" | "plain";
export interface Finding {
  name: string;
  grade: Grade;
  told: string;
}

export interface ServerFacts {
  address: string;
  limitedAs: string;
  https: boolean;
  serverTime: string;
  version: string;
  providers: { name: string; mode: "iframe" | "new_tab"; origin: string; allow: string }[];
}
export interface Framing {
  provider: string;
  framing: "allowed" | "refused" | "unknown";
  detail: string;
}
export interface Answered {
  facts: ServerFacts;
  milliseconds: number;
  skew: number; // ms by which this device's clock is ahead
}

const seconds = (ms: number) => (Math.abs(ms) / 1000).toFixed(1);

export async function askServer(): Promise<Answered | string> {
  const began = performance.now();
  try {
    const answer = await fetch("/api/preflight", { cache: "no-store", signal: AbortSignal.timeout(10_000) });
    const here = Date.now();
    const milliseconds = performance.now() - began;
    if (!answer.ok) return `The API answers ${answer.status}.`;
    const facts = (await answer.json()) as ServerFacts;
    // The server's time has whole seconds, so it was on average half a second later; the answer was half the way under way.
    const skew = here - milliseconds / 2 - (Date.parse(facts.serverTime) + 500);
    return { facts, milliseconds, skew };
  } catch (error) {
    const late = error instanceof DOMException && error.name === "TimeoutError";
    return late ? "The API did not answer within ten seconds." : "The API cannot be reached.";
  }
}

export function contextFinding(): Finding {
  const name = "Secure page";
  if (!window.isSecureContext)
    return { name, grade: "bad", told: "Browsers give camera and microphone to https pages only. Open the https:// address." };
  const told = location.protocol === "https:" ? "This page came over https." : "This page is on this machine, which browsers trust.";
  return { name, grade: "good", told };
}

export function browserFinding(): Finding {
  const lacking = [
    typeof RTCPeerConnection === "undefined" && "WebRTC",
    !navigator.mediaDevices?.getUserMedia && "access to cameras",
    typeof ReadableStream === "undefined" && "streams",
    typeof CSSStyleSheet.prototype.replaceSync === "undefined" && "style sheets by script",
  ].filter(Boolean);
  return lacking.length === 0
    ? { name: "Browser", grade: "good", told: "It has what calls need." }
    : { name: "Browser", grade: "bad", told: `It lacks ${lacking.join(", ")}. A current Chrome, Edge, Firefox or Safari has it.` };
}

const words: Record<string, string> = { granted: "allowed", prompt: "will be asked for", denied: "blocked" };

export async function permissionFinding(): Promise<Finding> {
  const name = "Camera and microphone";
  if (!navigator.mediaDevices) return { name, grade: "bad", told: "Not available on this page." };
  const states: [string, string][] = [];
  for (const one of ["camera", "microphone"]) {
    try {
      states.push([one, (await navigator.permissions.query({ name: one as PermissionName })).state]);
    } catch {
      states.push([one, "prompt"]);
    }
  }
  const devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
  const count = (kind: string) => devices.filter((one) => one.kind === kind).length;
  const has = `${count("videoinput") ? "a camera" : "no camera"} and ${count("audioinput") ? "a microphone" : "no microphone"}`;
  const told = `${states.map(([one, state]) => `${one} ${words[state] ?? state}`).join(", ")}; this device has ${has}.`;
  const blocked = states.some(([, state]) => state === "denied");
  const grade = blocked ? "bad" : count("videoinput") && count("audioinput") ? "good" : "fair";
  const advice = blocked ? " Click the symbol beside the address to allow them." : "";
  return { name, grade, told: told[0]!.toUpperCase() + told.slice(1) + advice };
}

export function networkFinding(asked: Answered | string): Finding {
  if (typeof asked === "string") return { name: "Way to the API", grade: "bad", told: asked };
  const ms = Math.round(asked.milliseconds);
  return { name: "Way to the API", grade: ms < 400 ? "good" : ms < 1500 ? "fair" : "bad", told: `It answered in ${ms} ms.` };
}

export function addressFinding({ facts }: Answered): Finding {
  const network = facts.limitedAs === facts.address ? "" : ` Limits count all of ${facts.limitedAs} as one.`;
  return { name: "Your address", grade: "plain", told: `Limits see ${facts.address}.${network} If others have the same, a proxy hides you.` };
}

export function clockFinding({ skew }: Answered): Finding {
  const name = "Clock";
  if (Math.abs(skew) < 2_000) return { name, grade: "good", told: "It agrees with the server's." };
  const told = `It is ${seconds(skew)} s ${skew > 0 ? "ahead of" : "behind"} the server's.`;
  // Sessions allow 30 s.
  if (Math.abs(skew) < 30_000) return { name, grade: "fair", told };
  return { name, grade: "bad", told: `${told} Set it by the internet's time: sessions may look expired.` };
}

// Whether this page may hand camera and microphone on to the provider's, asked of a frame that is never shown: outside of the document
// it loads nothing, and yet has a source, without which browsers judge it by our own origin.
function policyTold(origin: string): string | undefined {
  const devices = ["camera", "microphone"];
  const probe = document.createElement("iframe");
  probe.allow = devices.map((one) => `${one} ${origin}`).join("; ");
  probe.src = origin + "/";
  const lacking = keptFrom(probe, devices, origin);
  return lacking.length ? `a header in between keeps ${lacking.join(" and ")} from it (Permissions-Policy)` : undefined;
}

export async function providerFinding(one: ServerFacts["providers"][number]): Promise<Finding> {
  const name = `Video service “${one.name}”`;
  if (one.mode === "new_tab") return { name, grade: "good", told: "Its calls open in a tab of their own." };
  const policy = policyTold(one.origin);
  if (policy) return { name, grade: "bad", told: `${one.origin}: ${policy}.` };
  try {
    const address = `/api/preflight/framing?provider=${encodeURIComponent(one.name)}`;
    const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(10_000) });
    if (!answer.ok) return { name, grade: "fair", told: `Whether it can be framed is not known: the API answers ${answer.status}.` };
    const { framing, detail } = (await answer.json()) as Framing;
    return { name, grade: framing === "allowed" ? "good" : framing === "refused" ? "bad" : "fair", told: detail };
  } catch {
    return { name, grade: "fair", told: "Whether it can be framed is not known: the API did not answer." };
  }
}

// Text for a message to whoever helps.
export function reportOf(findings: readonly Finding[], asked: Answered | string | undefined): string {
  const lines = findings.map((one) => `${one.grade === "plain" ? "info" : one.grade}  ${one.name}: ${one.told}`.trim());
  const server = typeof asked === "object" ? `Stagedoor ${asked.facts.version}, ${asked.facts.serverTime}` : "server unknown";
  return [
    `Video call check of ${new Date().toISOString()}`,
    `page  ${location.origin}${location.pathname} (${server})`,
    `browser  ${navigator.userAgent}`,
    `screen  ${innerWidth}×${innerHeight}, ${navigator.language}`,
    ...lines,
  ].join("\n");
}

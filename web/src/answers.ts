// Reads what came back: an answer or a problem, and nothing that only looks like one.
import { retryAfterOf } from "./pause.js";
import type { JoinAnswer, Problem } from "./types.js";

export type Outcome = { answer: JoinAnswer } | { problem: Problem };

// Codes that the server does not know, as they are about the way to it.
export const unreachable = (detail: string, status = 0, retryAfter?: number): Problem => ({
  code: "unreachable",
  title: "No connection",
  detail,
  status,
  ...(retryAfter === undefined ? {} : { retryAfter }),
});
export const badAnswer = (detail: string, status = 0): Problem => ({
  code: "bad_answer",
  title: "Unexpected answer",
  detail,
  status,
});

const isLoopback = (host: string) => host === "localhost" || host === "[::1]" || /^127(\.\d+){3}$/.test(host);

// https, or http on this machine; never javascript: or data:, whoever has answered.
function isCallAddress(text: unknown): text is string {
  if (typeof text !== "string" || !URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === "https:" || (protocol === "http:" && isLoopback(hostname));
}
const isTime = (text: unknown): text is string => typeof text === "string" && !Number.isNaN(Date.parse(text));
const isText = (text: unknown): text is string => typeof text === "string";

export function readAnswer(value: unknown): Outcome {
  const wrong = (what: string): Outcome => ({ problem: badAnswer(`The answer has no good ${what}.`, 200) });
  if (typeof value !== "object" || value === null) return wrong("content");
  const one = value as Partial<JoinAnswer>;
  if (!isCallAddress(one.videoCallUrl)) return wrong("videoCallUrl");
  for (const name of ["expiresAt", "refreshAfter", "serverTime"] as const) if (!isTime(one[name])) return wrong(name);
  const embed = one.embed;
  if (typeof embed !== "object" || embed === null || !isText(embed.allow) || !isText(embed.origin)) return wrong("embed");
  // A mode that is new to us is safe in a tab of its own.
  const mode = embed.mode === "iframe" ? "iframe" : "new_tab";
  return { answer: { ...(one as JoinAnswer), embed: { ...embed, mode } } };
}

// A problem document; undefined where it is none.
export function readProblem(value: unknown, status: number): Problem | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const one = value as Record<string, unknown>;
  if (!isText(one.code) || !/^[a-z_]{1,64}$/.test(one.code)) return undefined;
  const out: Problem = {
    code: one.code,
    title: isText(one.title) ? one.title : one.code,
    detail: isText(one.detail) ? one.detail : "",
    status: typeof one.status === "number" ? one.status : status,
  };
  for (const name of ["requestId", "parameter", "policy"] as const) if (isText(one[name])) out[name] = one[name];
  for (const name of ["opensAt", "closesAt"] as const) if (isTime(one[name])) out[name] = one[name];
  return out;
}

// What a status says where no problem document came: somebody in between has answered.
function problemOfStatus(status: number, retryAfter: number | undefined): Problem {
  if (status === 401) return { code: "unauthenticated", title: "Not signed in", detail: "", status };
  if (status === 429) {
    const problem: Problem = { code: "rate_limited", title: "Too many requests", detail: "", status };
    return retryAfter === undefined ? problem : { ...problem, retryAfter };
  }
  if (status >= 500) return unreachable(`The way to the server answers ${status}.`, status, retryAfter);
  return badAnswer(`The server answers ${status} without a reason.`, status);
}

async function jsonOf(answer: Response): Promise<unknown> {
  if (!/[/+]json\b/i.test(answer.headers.get("content-type") ?? "")) return undefined;
  try {
    return await answer.json();
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export async function readResponse(answer: Response, now: number): Promise<Outcome> {
  // Many sites lead whoever is not signed in to their login.
  if (answer.type === "opaqueredirect" || (answer.status >= 300 && answer.status < 400))
    return { problem: { code: "unauthenticated", title: "Not signed in", detail: "", status: 401 } };
  const value = await jsonOf(answer);
  if (answer.ok) return value === undefined ? { problem: badAnswer("The answer is no JSON.", answer.status) } : readAnswer(value);
  // A date is meant by the clock of whoever answers, where that can be read.
  const sent = Date.parse(answer.headers.get("date") ?? "");
  const retryAfter = retryAfterOf(answer.headers.get("retry-after"), Number.isNaN(sent) ? now : sent);
  const problem = readProblem(value, answer.status) ?? problemOfStatus(answer.status, retryAfter);
  if (retryAfter !== undefined) problem.retryAfter = retryAfter;
  const requestId = answer.headers.get("x-request-id");
  if (requestId && !problem.requestId) problem.requestId = requestId;
  return { problem };
}

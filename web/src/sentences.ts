// Each problem as a sentence and a next step, for the person in front of the page.
import type { Problem } from "./types.js";

export type Step = "retry" | "sign_in" | "back";
export interface Sentence {
  title: string;
  // What has happened, and what to do about it.
  text: string;
  // Buttons, the likeliest to help first.
  steps: readonly Step[];
}

const away: Sentence = {
  title: "We cannot reach the call service",
  text: "Your connection may be down, or the service is away for a moment. We keep trying.",
  steps: ["retry"],
};
const unexpected = "Something unexpected happened between this page and the call. Reload the page; if it stays, tell us the reference below.";

export const sentences: Readonly<Record<string, Sentence>> = {
  unauthenticated: {
    title: "Please sign in",
    text: "We don't know yet who you are. Sign in, and you will come back to this call.",
    steps: ["sign_in", "retry"],
  },
  session_expired: {
    title: "Please sign in again",
    text: "You were signed out because some time has passed. Sign in again, and you will come back to this call.",
    steps: ["sign_in", "retry"],
  },
  wrong_role: {
    title: "This is the other side's door",
    text: "Your account takes part in this call from the other side, or not in this role. Use the link that was made for you.",
    steps: ["back", "sign_in"],
  },
  not_assigned: {
    title: "You are not on the list",
    text: "This call was booked for another account. If you have several, sign in with the one that the booking was made for.",
    steps: ["sign_in", "back"],
  },
  too_early: {
    title: "The room is not open yet",
    text: "You are early. This page lets you in as soon as the room opens.",
    steps: ["retry"],
  },
  room_not_found: {
    title: "We cannot find this call",
    text: "There is no booking behind this link. Check that it is complete, or open the call from your bookings.",
    steps: ["back", "retry"],
  },
  room_ended: {
    title: "This call is over",
    text: "Its time has passed, or it was ended. To talk again, make a new booking.",
    steps: ["back"],
  },
  room_cancelled: {
    title: "This call was cancelled",
    text: "The booking was called off, so there is nobody to meet here. Your bookings show what comes next.",
    steps: ["back"],
  },
  invalid_request: {
    title: "This link is not complete",
    text: "A part of the link is missing or damaged. Open the call from your bookings once more.",
    steps: ["back"],
  },
  https_required: {
    title: "A secure address is needed",
    text: "Calls work over https only. Open this page at its https:// address.",
    steps: ["back"],
  },
  not_found: {
    title: "There is no call service here",
    text: "The address that this page asks does not exist. Reload the page; if it stays, tell us.",
    steps: ["retry", "back"],
  },
  rate_limited: {
    title: "One moment, please",
    text: "Many requests came from here in a short time. We try again as soon as it is allowed.",
    steps: ["retry"],
  },
  provider_rejected: {
    title: "The video service refuses the call",
    text: "This is not your fault, and trying again soon will hardly help. Please tell us the reference below.",
    steps: ["retry", "back"],
  },
  login_unavailable: {
    title: "Nobody can be signed in right now",
    text: "The login does not answer. It should be back in a moment, and we keep trying.",
    steps: ["retry"],
  },
  provider_unavailable: {
    title: "The video service does not answer",
    text: "It should be back in a moment, and we keep trying. You need not do anything.",
    steps: ["retry"],
  },
  provider_timeout: { title: "The video service is slow", text: "It did not answer in time. We try again.", steps: ["retry"] },
  overloaded: {
    title: "Much is going on right now",
    text: "More people are joining than we can let in at once. We keep your place and try again.",
    steps: ["retry"],
  },
  internal_error: {
    title: "Something broke on our side",
    text: "We try again. If it stays, tell us the reference below.",
    steps: ["retry"],
  },
  request_timeout: { title: "The connection is slow", text: "Our question did not arrive in time. We try again.", steps: ["retry"] },
  headers_too_large: {
    title: "Your browser sends too much",
    text: "Too many cookies are stored for this site. Delete the site's cookies, sign in again and come back.",
    steps: ["retry"],
  },
  uri_too_long: {
    title: "This link is too long",
    text: "Something was added to the link. Open the call from your bookings once more.",
    steps: ["back"],
  },
  method_not_allowed: { title: "Something does not fit", text: unexpected, steps: ["retry"] },
  body_too_large: { title: "Something does not fit", text: unexpected, steps: ["retry"] },
  unsupported_media_type: { title: "Something does not fit", text: unexpected, steps: ["retry"] },
  expectation_failed: { title: "Something does not fit", text: unexpected, steps: ["retry"] },
  invalid_booking: { title: "Something does not fit", text: unexpected, steps: ["retry"] },
  not_implemented: { title: "Something does not fit", text: unexpected, steps: ["retry"] },
  version_not_supported: { title: "Something does not fit", text: unexpected, steps: ["retry"] },
  // Of whoever forwards to the server.
  bad_gateway: away,
  gateway_timeout: away,
  // Made on this side.
  unreachable: away,
  bad_answer: { title: "Something does not fit", text: unexpected, steps: ["retry", "back"] },
};

// What the page says, which is the sentence above or the page's own words for it.
export function sentenceOf(problem: Problem, own: Partial<Record<string, Partial<Sentence>>> = {}): Sentence {
  const unknown: Sentence = {
    title: problem.title || "Something does not fit",
    text: problem.detail || unexpected,
    steps: ["retry", "back"],
  };
  return { ...(sentences[problem.code] ?? unknown), ...own[problem.code] };
}

// What the server says, and what this side makes of it.

export type Role = "expert" | "client";

// The answer of GET /api/{role}/videocall/url.
export interface JoinAnswer {
  videoCallUrl: string;
  roomId: string;
  userName: string;
  role: Role;
  provider: string;
  expiresAt: string;
  refreshAfter: string;
  serverTime: string;
  embed: { mode: "iframe" | "new_tab"; allow: string; origin: string };
}

// A problem document (RFC 9457) of the server, or one that this side has made.
export interface Problem {
  code: string;
  title: string;
  detail: string;
  status: number; // 0 where no answer came
  requestId?: string;
  retryAfter?: number; // seconds, from the header field
  opensAt?: string;
  closesAt?: string;
  parameter?: string;
  policy?: string;
}

// Instants are milliseconds of this device's clock, corrected by what the server's says.
export type JoinState =
  | { state: "idle" }
  | { state: "checking" }
  | { state: "waiting"; opensAt: number }
  | { state: "provisioning" }
  | { state: "ready"; answer: JoinAnswer; refreshed: boolean }
  | { state: "denied"; problem: Problem }
  | { state: "failed"; problem: Problem; retryAt: number | null } // null: it waits for retry()
  | { state: "offline" }
  | { state: "expired"; answer: JoinAnswer; problem: Problem }
  | { state: "left" };

export interface JoinOptions {
  room: string;
  role: Role;
  // A hint what others are shown; the session's own name where it is absent.
  name?: string | undefined;
  // Where Stagedoor, or what forwards to it, answers: "https://video.example.com". The page's own origin where it is absent.
  api?: string | undefined;
  // How fetch treats cookies; "include", so that they go to another origin of the same site too.
  credentials?: RequestCredentials | undefined;
  // Asked before each request where the session is no cookie: goes into Authorization: Bearer.
  token?: (() => string | Promise<string>) | undefined;
}

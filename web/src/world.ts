// What the join client needs of the world around it: network, time and chance. Tests bring their own.

export interface World {
  fetch(url: string, init: RequestInit): Promise<Response>;
  now(): number;
  // Calls back once, after so many milliseconds; the function that is given calls it off.
  later(ms: number, what: () => void): () => void;
  random(): number; // 0 up to 1
  online(): boolean;
  // Calls back whenever the network comes back; the function that is given ends it.
  onOnline(what: () => void): () => void;
}

// setTimeout counts in 32 bits and would fire at once beyond.
const timerMax = 2 ** 31 - 1;

export const browser: World = {
  fetch: (url, init) => fetch(url, init),
  now: () => Date.now(),
  later(ms, what) {
    const timer = setTimeout(what, Math.min(Math.max(ms, 0), timerMax));
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
  // Where the browser does not say, it is tried.
  online: () => navigator.onLine !== false,
  onOnline(what) {
    if (typeof window === "undefined") return () => {};
    window.addEventListener("online", what);
    return () => window.removeEventListener("online", what);
  },
};

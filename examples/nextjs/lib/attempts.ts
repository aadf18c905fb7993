// Guessing passwords is slow: per address and account, ten attempts in five minutes.
const attemptsMax = 10;
const period = 5 * 60_000;
const keysMax = 10_000;

const attempts = new Map<string, { count: number; until: number }>();

export function mayTry(key: string, now = Date.now()): boolean {
  const entry = attempts.get(key);
  if (entry && entry.until > now) return ++entry.count <= attemptsMax;
  // Oldest first: a Map keeps the order in which keys came.
  for (const [old, { until }] of attempts) {
    if (until > now && attempts.size < keysMax) break;
    attempts.delete(old);
  }
  attempts.delete(key);
  attempts.set(key, { count: 1, until: now + period });
  return true;
}

export const forget = (key: string) => attempts.delete(key);

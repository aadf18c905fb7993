// How long to wait before asking again.

const first = 1_000;
const longest = 30_000;

// Seconds of a Retry-After field, which is a number or a date (RFC 9110 section 10.2.3).
export function retryAfterOf(field: string | null, now: number): number | undefined {
  if (!field) return undefined;
  if (/^\d{1,9}$/.test(field.trim())) return Number(field);
  const date = Date.parse(field);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - now) / 1000));
}

// Milliseconds before the next try: it doubles from a second to half a minute, and somewhere in its second half, so that many pages
// do not come back together. Never before the server has asked for.
export function pauseBefore(tries: number, retryAfter: number | undefined, chance: number): number {
  const step = Math.min(longest, first * 2 ** Math.min(tries, 10));
  const spread = step / 2 + (step / 2) * chance;
  return retryAfter === undefined ? spread : retryAfter * 1000 + Math.min(spread, 3_000) * chance;
}

// A join as one would write it in JavaScript today, with jose: for the Next.js route handler here and for bench/peers/node.
// The limit, the checks and the answer are Stagedoor's; request ids, access log, metrics and RateLimit fields are left out.
import { randomUUID, webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { SignJWT, jwtVerify } from 'jose';

const lifetime = 300;
const roomPattern = /^[A-Za-z0-9._~:@-]{1,128}$/;
const notInNames = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

const hs256 = { name: 'HMAC', hash: 'SHA-256' };
const keyOf = (secret) => webcrypto.subtle.importKey('raw', Buffer.from(secret), hs256, false, ['sign', 'verify']);

class TokenBuckets {
  constructor(rate, burst) {
    Object.assign(this, { rate, burst });
    this.buckets = new Map();
  }
  take(address) {
    const now = performance.now() / 1000;
    let bucket = this.buckets.get(address);
    if (!bucket) this.buckets.set(address, (bucket = { tokens: this.burst, at: now }));
    bucket.tokens = Math.min(this.burst, bucket.tokens + (now - bucket.at) * this.rate);
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}

// Read at the first request: `next build` loads the route without an environment.
let state;
let loading;
const load = () => (loading ??= (async () => ({
  session: await keyOf(process.env.PEER_SESSION_SECRET),
  token: await keyOf(process.env.PEER_TOKEN_SECRET),
  bookings: new Map(Object.entries(JSON.parse(readFileSync(process.env.PEER_BOOKINGS, 'utf8')))),
  limiter: new TokenBuckets(Number(process.env.PEER_LIMIT_RATE), Number(process.env.PEER_LIMIT_BURST)),
}))());

const refusal = (status, detail) => ({ status, body: { status, detail } });
const timeOf = (seconds) => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');

export async function join({ role, address, authorization, query }) {
  const { session, token, bookings, limiter } = state ?? (state = await load());
  if (!limiter.take(address)) return refusal(429, 'too many requests');
  const roomId = query.get('roomId');
  if (!roomId || query.getAll('roomId').length > 1 || !roomPattern.test(roomId)) return refusal(400, 'roomId');
  const userName = (query.get('userName') ?? '').trim();
  if ([...userName].length > 64 || notInNames.test(userName)) return refusal(400, 'userName');
  let caller;
  try {
    if (!authorization?.startsWith('Bearer ')) return refusal(401, 'no session');
    const options = { algorithms: ['HS256'], requiredClaims: ['sub', 'exp'] };
    ({ payload: caller } = await jwtVerify(authorization.slice(7), session, options));
  } catch {
    return refusal(401, 'session');
  }
  const seats = bookings.get(roomId);
  if (!seats) return refusal(404, 'no such room');
  if (seats[caller.sub] !== role) return refusal(403, 'not your room');

  const now = Math.floor(Date.now() / 1000);
  const name = userName || caller.name || 'Guest';
  const signed = await new SignJWT({
    iss: 'https://video.example.com', aud: 'https://video.example.org', sub: caller.sub, room: roomId, role, name,
    iat: now, nbf: now - 5, exp: now + lifetime, jti: randomUUID(),
  }).setProtectedHeader({ alg: 'HS256', kid: 'k1', typ: 'JWT' }).sign(token);
  return {
    status: 200,
    body: {
      videoCallUrl: `https://video.example.org/room/${encodeURIComponent(roomId)}?token=${signed}`,
      roomId, userName: name, role, provider: 'own',
      expiresAt: timeOf(now + lifetime), refreshAfter: timeOf(now + lifetime - 60), serverTime: timeOf(now),
      embed: { mode: 'iframe', allow: 'camera; microphone; display-capture; autoplay; fullscreen', origin: 'https://video.example.org' },
    },
  };
}

// Who is at the door: tokens that Stagedoor has signed, checked with the keys that it publishes. There is no secret between the two.
import { createRemoteJWKSet, errors, jwtVerify } from 'jose';

const lifetimeMax = 15 * 60;   // seconds; Stagedoor signs for five minutes unless told otherwise
const clocksDiffer = 10;       // seconds

export class NotLetIn extends Error {
  constructor(status, code, detail) {
    super(detail);
    Object.assign(this, { status, code });
  }
}

export class Door {
  // `issuer` is Stagedoor's public_url, `audience` ours.
  constructor({ issuer, audience, jwksUrl = `${issuer}/.well-known/jwks.json` }) {
    Object.assign(this, { issuer, audience });
    // Fetched once for many tokens, again for a key that is not known yet, and at most once in 30 s.
    this.keys = createRemoteJWKSet(new URL(jwksUrl), { cacheMaxAge: 600_000, cooldownDuration: 30_000, timeoutDuration: 5_000 });
  }

  async verify(token, { typ, requiredClaims }) {
    if (typeof token !== 'string' || token.length === 0 || token.length > 4096) throw new NotLetIn(401, 'no_token', 'This call needs a link. Go back and join again.');
    try {
      const { payload } = await jwtVerify(token, this.keys, {
        algorithms: ['EdDSA'],   // ours, never the token's choice
        issuer: this.issuer, audience: this.audience, typ, clockTolerance: clocksDiffer,
        requiredClaims: ['exp', 'iat', ...requiredClaims],
      });
      if (payload.exp - payload.iat > lifetimeMax) throw new NotLetIn(401, 'bad_token', 'This link is not valid.');
      return payload;
    } catch (error) {
      if (error instanceof NotLetIn) throw error;
      if (error instanceof errors.JWTExpired) throw new NotLetIn(401, 'expired', 'This link is no longer valid. Go back and join again.');
      const ours = error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError) || error.code === 'ERR_JOSE_GENERIC';
      if (ours) throw new NotLetIn(503, 'keys_unavailable', 'Your link cannot be checked right now. Try again in a moment.');
      throw new NotLetIn(401, 'bad_token', 'This link is not valid. Go back and join again.');
    }
  }

  // A participant's link. The token alone says who this is and which room is meant: `user=` and `role=` of the address say nothing.
  async guest(token, roomId) {
    const { sub, room, role, name } = await this.verify(token, { typ: 'JWT', requiredClaims: ['sub', 'room', 'role'] });
    if (room !== roomId) throw new NotLetIn(403, 'other_room', 'This link is for another room.');
    return { user: sub, role, name: typeof name === 'string' && name ? name.slice(0, 64) : 'Guest' };
  }

  // Stagedoor itself, when it makes, changes or deletes a room.
  async stagedoor(authorization) {
    const token = /^Bearer ([^ ]+)$/i.exec(authorization ?? '')?.[1];
    const { scope } = await this.verify(token, { typ: 'at+jwt', requiredClaims: ['scope'] });
    if (!String(scope).split(' ').includes('rooms:write')) throw new NotLetIn(403, 'scope', 'The scope rooms:write is missing.');
  }
}

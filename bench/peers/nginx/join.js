// The join in njs; limit_req is the address limit. njs starts a new world for each request: only the preloaded objects live on.
// Signatures are compared as in njs's own examples, since it has no comparison in constant time.
import hashes from 'crypto';

const lifetime = 300;
const head = 'eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIiwidHlwIjoiSldUIn0';  // {"alg":"HS256","kid":"k1","typ":"JWT"}
const roomPattern = /^[A-Za-z0-9._~:@-]{1,128}$/;
const notInNames = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

function hmac(secret, input) {
  return hashes.createHmac('sha256', secret).update(input).digest('base64url');
}

function verified(token) {
  const parts = token.split('.');
  if (parts.length !== 3 || parts[2] !== hmac(settings.session, parts[0] + '.' + parts[1])) return null;
  try {
    if (JSON.parse(Buffer.from(parts[0], 'base64url').toString()).alg !== 'HS256') return null;
    const claims = JSON.parse(Buffer.from(parts[1], 'base64url').toString());
    return claims.exp > Date.now() / 1000 && claims.sub ? claims : null;
  } catch (e) {
    return null;
  }
}

function encode(value) {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function timeOf(seconds) {
  return new Date(seconds * 1000).toISOString().slice(0, 19) + 'Z';
}

function refuse(r, status, detail) {
  r.headersOut['Content-Type'] = 'application/json';
  r.return(status, JSON.stringify({ status: status, detail: detail }));
}

function join(r) {
  const role = r.uri.split('/')[2];
  const roomId = r.args.roomId;
  if (typeof roomId !== 'string' || !roomPattern.test(roomId)) return refuse(r, 400, 'roomId');
  const given = r.args.userName;
  const userName = typeof given === 'string' ? given.trim() : '';
  if (userName.length > 64 || notInNames.test(userName)) return refuse(r, 400, 'userName');
  const authorization = r.headersIn.Authorization;
  const caller = authorization && authorization.startsWith('Bearer ') ? verified(authorization.slice(7)) : null;
  if (!caller) return refuse(r, 401, 'session');
  const seats = bookings[roomId];
  if (!seats) return refuse(r, 404, 'no such room');
  if (seats[caller.sub] !== role) return refuse(r, 403, 'not your room');

  const now = Math.floor(Date.now() / 1000);
  const name = userName || caller.name || 'Guest';
  const input = head + '.' + encode({
    iss: 'https://video.example.com', aud: 'https://video.example.org', sub: caller.sub, room: roomId, role: role, name: name,
    iat: now, nbf: now - 5, exp: now + lifetime, jti: r.variables.request_id,
  });
  const signed = input + '.' + hmac(settings.token, input);
  r.headersOut['Content-Type'] = 'application/json';
  r.headersOut['Cache-Control'] = 'no-store';
  r.return(200, JSON.stringify({
    videoCallUrl: 'https://video.example.org/room/' + encodeURIComponent(roomId) + '?token=' + signed, roomId: roomId, userName: name,
    role: role, provider: 'own', expiresAt: timeOf(now + lifetime), refreshAfter: timeOf(now + lifetime - 60), serverTime: timeOf(now),
    embed: { mode: 'iframe', allow: 'camera; microphone; display-capture; autoplay; fullscreen', origin: 'https://video.example.org' },
  }));
}

export default { join };

// A scripted Google: the token endpoint checks the assertion, the Meet API has spaces and the masked 403.
import { createVerify, generateKeyPairSync } from 'node:crypto';
import { FakeVendor, TokenDesk } from './fake_vendor.mjs';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const email = 'stagedoor@project.iam.gserviceaccount.com';
const scope = 'https://www.googleapis.com/auth/meetings.space.created';
const word = (n) => Array.from({ length: n }, () => 'abcdefghijkmnopqrstuvwxyz'[Math.floor(Math.random() * 25)]).join('');
const refusal = (code, status, message) => ({ error: { code, message, status } });

export class FakeGoogleMeet extends FakeVendor {
  tokens = new TokenDesk(3599);
  spaces = new Map();
  assertions = [];
  delegated = new Set(['calls@example.com']);
  keyFile = {
    type: 'service_account', project_id: 'project', private_key_id: 'key-1', private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    client_email: email, client_id: '1234567890', token_uri: 'https://oauth2.googleapis.com/token',
  };

  get configuration() {
    return `[providers.meet]
type = "google-meet"
service_account = '''${JSON.stringify(this.keyFile)}'''
subjects = ["calls@example.com"]
base_url = "${this.origin}"
token_url = "${this.origin}/token"
`;
  }

  token(body, json) {
    const form = new URLSearchParams(body);
    if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer') return json(400, { error: 'unsupported_grant_type' });
    const assertion = form.get('assertion') ?? '';
    const [head, claims, signature] = assertion.split('.');
    if (!createVerify('RSA-SHA256').update(`${head}.${claims}`).verify(publicKey, signature ?? '', 'base64url')) return json(400, { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' });
    const { alg, kid } = JSON.parse(Buffer.from(head, 'base64url'));
    const said = JSON.parse(Buffer.from(claims, 'base64url'));
    const now = Date.now() / 1000;
    if (alg !== 'RS256' || kid !== 'key-1' || said.iss !== email || said.aud !== 'https://oauth2.googleapis.com/token') return json(400, { error: 'invalid_grant', error_description: 'Invalid JWT.' });
    if (said.iat > now || said.exp <= now || said.exp > said.iat + 3600) return json(400, { error: 'invalid_grant', error_description: 'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.' });
    if (said.scope !== scope || !this.delegated.has(said.sub)) return json(401, { error: 'unauthorized_client', error_description: 'Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.' });
    this.assertions.push(assertion);
    return json(200, this.tokens.issue());
  }

  answer({ method, path, query, body, headers }, json) {
    if (path === '/token') return this.token(body, json);
    if (!this.tokens.accepts(headers.authorization)) return json(401, refusal(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.'));
    if (method === 'POST' && path === '/v2/spaces') {
      const code = `${word(3)}-${word(4)}-${word(3)}`;
      const space = { name: 'spaces/' + Math.random().toString(36).slice(2, 10) + 'Zz', meetingUri: 'https://meet.google.com/' + code, meetingCode: code, config: JSON.parse(body || '{}').config ?? {} };
      this.spaces.set(space.name, space);
      return json(200, space);
    }
    if (path === '/v2/conferenceRecords') return json(200, { conferenceRecords: [] });
    const match = /^\/v2\/(spaces\/[\w-]+)(:endActiveConference)?$/.exec(path);
    const space = this.spaces.get(match?.[1]) ?? (method === 'GET' ? [...this.spaces.values()].find((one) => 'spaces/' + one.meetingCode === match?.[1]) : undefined);
    if (!space) return json(403, refusal(403, 'PERMISSION_DENIED', 'Permission denied on resource Space (or it might not exist)'));
    if (match[2]) {
      if (!space.running) return json(400, refusal(400, 'FAILED_PRECONDITION', 'There is no active conference for the given space.'));
      space.running = false;
      space.ended = true;
      return json(200, {});
    }
    if (method === 'PATCH' && query.get('updateMask') === 'config.accessType') space.config.accessType = JSON.parse(body).config.accessType;
    return json(200, space);
  }
}

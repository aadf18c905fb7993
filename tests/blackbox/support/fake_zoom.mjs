// A scripted Zoom: token endpoint, meetings, invite links and the limits of a host's day, as documented.
import { FakeVendor, TokenDesk } from './fake_vendor.mjs';

export const zoomSecret = 'zO0mS3cr3t-of-the-s2s-app-0123456';

export class FakeZoom extends FakeVendor {
  tokens = new TokenDesk(3600);
  account = 'acct-1';
  secret = zoomSecret;
  meetings = new Map();
  hosts = new Set(['a@example.com', 'b@example.com']);
  created = new Map(); // host -> creates of today
  perDay = 100;
  scope = 'meeting:write:meeting:admin meeting:read:meeting:admin meeting:update:meeting:admin meeting:update:status:admin meeting:delete:meeting:admin user:read:token:admin';
  #next = 93_123_456_789;

  get configuration() {
    return `[providers.zoom]
type = "zoom"
account_id = "${this.account}"
client_id = "client-1"
client_secret = "${this.secret}"
hosts = ["a@example.com", "b@example.com"]
base_url = "${this.origin}/v2"
token_url = "${this.origin}/oauth/token"
`;
  }

  answer({ method, path, query, body, headers }, json) {
    if (path === '/oauth/token') {
      const basic = 'Basic ' + Buffer.from(`client-1:${this.secret}`).toString('base64');
      if (headers.authorization !== basic) return json(400, { reason: 'Invalid client_id or client_secret', error: 'invalid_client' });
      const form = new URLSearchParams(body);
      if (form.get('grant_type') !== 'account_credentials') return json(400, { reason: 'unsupported grant type', error: 'unsupported_grant_type' });
      if (form.get('account_id') !== this.account) return json(400, { reason: 'Account does not exist', error: 'invalid_request' });
      return json(200, { ...this.tokens.issue(), scope: this.scope, api_url: 'https://api.zoom.us' });
    }
    if (!this.tokens.accepts(headers.authorization)) return json(401, { code: 124, message: 'Invalid access token.' });
    let match;
    if ((match = /^\/v2\/users\/([^/]+)\/(meetings|token)$/.exec(path))) {
      const host = decodeURIComponent(match[1]);
      if (!this.hosts.has(host)) return json(404, { code: 1001, message: `User does not exist: ${host}.` });
      if (match[2] === 'token') return query.get('type') === 'zak' ? json(200, { token: 'zak-of-' + host }) : json(400, { code: 300, message: 'type' });
      if (method === 'POST') return this.create(host, JSON.parse(body), json);
    }
    if ((match = /^\/v2\/meetings\/(\d+)(\/status|\/invite_links)?$/.exec(path))) {
      const meeting = this.meetings.get(match[1]);
      if (!meeting) return json(404, { code: 3001, message: `Meeting does not exist: ${match[1]}.` });
      if (match[2] === '/status') {
        if (meeting.status !== 'started') return json(400, { code: 300, message: 'Meeting is not running.' });
        meeting.status = 'waiting';
        return json(204);
      }
      if (match[2] === '/invite_links') {
        const wanted = JSON.parse(body);
        return json(201, { attendees: wanted.attendees.map(({ name }) => ({ name, join_url: `https://us02web.zoom.us/w/${meeting.id}?tk=${encodeURIComponent(name)}.${wanted.ttl}` })) });
      }
      if (method === 'GET') return json(200, { ...meeting, start_url: `https://us02web.zoom.us/s/${meeting.id}?zak=fresh-${this.calls.length}` });
      if (method === 'PATCH') return Object.assign(meeting, JSON.parse(body)), json(204);
      if (method === 'DELETE') return this.meetings.delete(match[1]), json(204);
    }
    return json(404, { code: 404, message: 'no such path' });
  }

  create(host, wanted, json) {
    const used = this.created.get(host) ?? 0;
    if (used >= this.perDay) {
      const midnight = new Date(Math.ceil((Date.now() + 1) / 86_400_000) * 86_400_000).toISOString().replace('.000', '');
      const message = `You have exceeded the daily rate limit (${this.perDay}) of Meeting Create/Update API requests permitted for this particular user. You may resume these requests at GMT 00:00:00.`;
      return json(429, { code: 429, message }, { 'retry-after': midnight, 'x-ratelimit-type': 'Daily-limit' });
    }
    if (wanted.type !== 2 || !/Z$/.test(wanted.start_time) || !/^[A-Za-z0-9@\-_*]{1,10}$/.test(wanted.password)) return json(400, { code: 300, message: 'Validation Failed.' });
    this.created.set(host, used + 1);
    const id = this.#next++;
    const meeting = { uuid: '/4444AAAiAAAAAiAiAiiAii==', id, host_email: host, ...wanted, status: 'waiting', join_url: `https://us02web.zoom.us/j/${id}?pwd=enc.1` };
    this.meetings.set(String(id), meeting);
    return json(201, { ...meeting, start_url: `https://us02web.zoom.us/s/${id}?zak=first` });
  }
}

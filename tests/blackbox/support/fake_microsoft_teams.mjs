// A scripted Microsoft: tenant token endpoint, and online meetings of Graph with policy, lobby and externalId.
import { FakeVendor, TokenDesk } from './fake_vendor.mjs';

export const teamsSecret = 'tE8~mSS3cr3t-of-the-app-registration';
export const organizer = '550fae72-d251-43ec-868c-373732c2704f';
const appId = '1f3b8a52-7c1d-4a7e-9a1b-0c5d2e3f4a5b';
const refusal = (code, message) => ({ error: { code, message, innerError: { date: '2026-11-24T12:00:00', 'request-id': 'r', 'client-request-id': 'c' } } });

export class FakeMicrosoftTeams extends FakeVendor {
  tokens = new TokenDesk(3599);
  meetings = new Map(); // by id
  #made = 0;
  policy = true;

  get configuration() {
    return `[providers.teams]
type = "microsoft-teams"
tenant = "contoso.onmicrosoft.com"
client_id = "${appId}"
client_secret = "${teamsSecret}"
organizers = ["${organizer}"]
base_url = "${this.origin}/v1.0"
login_url = "${this.origin}"
`;
  }

  answer({ method, path, body, headers }, json) {
    if (path === '/contoso.onmicrosoft.com/oauth2/v2.0/token') {
      const form = new URLSearchParams(body);
      const good = form.get('client_id') === appId && form.get('client_secret') === teamsSecret && form.get('grant_type') === 'client_credentials';
      if (!good) return json(401, { error: 'invalid_client', error_description: 'AADSTS7000215: Invalid client secret provided.', error_codes: [7000215] });
      if (form.get('scope') !== 'https://graph.microsoft.com/.default') return json(400, { error: 'invalid_scope', error_description: 'AADSTS70011' });
      return json(200, this.tokens.issue());
    }
    if (!this.tokens.accepts(headers.authorization)) return json(401, refusal('InvalidAuthenticationToken', 'Access token is empty or expired.'));
    const match = /^\/v1\.0\/users\/([^/]+)\/onlineMeetings(?:\/(.+))?$/.exec(path);
    if (match?.[1] !== organizer) return json(404, refusal('NotFound', 'User not found'));
    if (!this.policy) return json(403, refusal('Forbidden', 'No Application Access Policy found for this app.'));
    if (method === 'POST' && match[2] === 'createOrGet') {
      const wanted = JSON.parse(body);
      if (!wanted.externalId || wanted.endDateTime <= wanted.startDateTime) return json(400, refusal('BadRequest', 'dates'));
      const there = [...this.meetings.values()].find((one) => one.externalId === wanted.externalId);
      if (there) return json(200, there);
      const n = ++this.#made;
      const thread = encodeURIComponent(`19:meeting_${n}@thread.v2`).toLowerCase();
      const made = {
        '@odata.context': 'https://graph.microsoft.com/v1.0/$metadata#x', id: Buffer.from(`1*${organizer}*0**${n}`).toString('base64'), ...wanted,
        joinWebUrl: `https://teams.microsoft.com/l/meetup-join/${thread}/0?context=%7b%22Tid%22%3a%22t%22%7d`,
        lobbyBypassSettings: { scope: 'organization', isDialInBypassEnabled: false },
      };
      this.meetings.set(made.id, made);
      return json(201, made);
    }
    if (!match[2]) return json(200, { value: [] });
    const id = decodeURIComponent(match[2]);
    const meeting = this.meetings.get(id);
    if (!meeting) return json(404, refusal('NotFound', '3004: Specified meeting is not found'));
    if (method === 'PATCH') return json(200, Object.assign(meeting, JSON.parse(body)));
    if (method === 'DELETE') return this.meetings.delete(id), json(204);
    return json(200, meeting);
  }
}

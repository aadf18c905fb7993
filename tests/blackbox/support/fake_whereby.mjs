// A scripted Whereby: meetings with names of its own choice, host links, idempotent deletes.
import { randomUUID } from 'node:crypto';
import { FakeVendor } from './fake_vendor.mjs';

export const wherebyKey = 'wR7yLq2nVx5kTd8mZc4hJb9sGf3pUa6e';

export class FakeWhereby extends FakeVendor {
  meetings = new Map();
  #next = 87_673_375;

  get configuration() {
    return `[providers.whereby]
type = "whereby"
api_key = "${wherebyKey}"
subdomain = "acme"
base_url = "${this.origin}/v1"
`;
  }

  answer({ method, path, query, body, headers }, json) {
    if (headers.authorization !== `Bearer ${wherebyKey}`) return json(401, { error: 'unauthorized' });
    if (method === 'POST' && path === '/v1/meetings') {
      const wanted = JSON.parse(body);
      if (!(Date.parse(wanted.endDate) > Date.now())) return json(400, { error: 'endDate' });
      const name = '/' + randomUUID();
      const meeting = { meetingId: String(this.#next++), roomName: name, roomUrl: 'https://acme.whereby.com' + name, startDate: new Date().toISOString(), endDate: wanted.endDate };
      if (wanted.fields?.includes('hostRoomUrl')) meeting.hostRoomUrl = `${meeting.roomUrl}?roomKey=eyJhb.host.key`;
      this.meetings.set(meeting.meetingId, meeting);
      return json(201, meeting);
    }
    if (method === 'GET' && path === '/v1/meetings') return json(200, { cursor: null, results: [...this.meetings.values()].slice(0, Number(query.get('limit'))) });
    const id = /^\/v1\/meetings\/(\w+)$/.exec(path)?.[1];
    if (method === 'DELETE' && id) return this.meetings.delete(id), json(204);
    return json(404, { error: 'not found' });
  }
}

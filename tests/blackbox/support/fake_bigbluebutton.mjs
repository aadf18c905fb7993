// A scripted BigBlueButton: checks every checksum over the query as it came, answers in XML, refuses with status 200.
import { createHash, createHmac } from 'node:crypto';
import { FakeVendor } from './fake_vendor.mjs';

export const bbbSecret = '639259d4-9dd8-4b25-bf01-95f9567eaf4b';
const algorithms = { 40: 'sha1', 64: 'sha256', 96: 'sha384', 128: 'sha512' };
const escape = (text) => String(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;');

// The query of the address that a meeting's end is told to, as the server makes it for `meeting`.
export function endOf(meeting, closes = Math.floor(Date.now() / 1000) + 3600) {
  const signature = createHmac('sha256', bbbSecret).update(`end callback\n${meeting}\n${closes}`).digest('hex');
  return `meeting=${meeting}&closes=${closes}&signature=${signature}`;
}

// A report of bbb-webhooks to `url`.
export function bbbWebhook(url, event, { at = Date.now(), secret = bbbSecret, hash = 'sha1', spoil = '' } = {}) {
  const body = new URLSearchParams({ domain: 'bbb.example.com', event: JSON.stringify([event]), timestamp: String(at) }).toString();
  const checksum = createHash(hash).update(url + body + secret).digest('hex');
  return { query: `?checksum=${checksum}`, method: 'POST', body: body + spoil, headers: { 'content-type': 'application/x-www-form-urlencoded' } };
}

export class FakeBigBlueButton extends FakeVendor {
  meetings = new Map();

  get configuration() {
    return `[providers.bbb]
type = "bigbluebutton"
url = "${this.origin}/bigbluebutton/"
secret = "${bbbSecret}"
`;
  }

  // Whether the address is signed, as the server itself would say.
  isSigned(call, search) {
    const match = /^\?(.*)&checksum=([0-9a-f]+)$/.exec(search);
    if (!match || !algorithms[match[2].length]) return false;
    return createHash(algorithms[match[2].length]).update(call + match[1] + bbbSecret).digest('hex') === match[2];
  }

  answer({ path, query, search }, _, response) {
    const xml = (members) => {
      response.writeHead(200, { 'content-type': 'text/xml;charset=utf-8' });
      response.end('<response>' + Object.entries(members).map(([name, value]) => `<${name}>${escape(value)}</${name}>`).join('') + '</response>');
    };
    const failed = (messageKey, message) => xml({ returncode: 'FAILED', messageKey, message });
    const call = /^\/bigbluebutton\/api\/(\w+)$/.exec(path)?.[1];
    if (!this.isSigned(call, search)) return failed('checksumError', 'Checksums do not match');
    const id = query.get('meetingID');
    const meeting = this.meetings.get(id);
    if (call === 'isMeetingRunning') return xml({ returncode: 'SUCCESS', running: Boolean(meeting?.joined) });
    if (call === 'create') {
      const passwords = query.get('attendeePW') + query.get('moderatorPW');
      if (meeting?.ended) return failed('meetingForciblyEnded', 'ended');
      if (meeting && meeting.passwords !== passwords) return failed('idNotUnique', 'A meeting already exists with that meeting ID.');
      const one = meeting ?? { createTime: Date.now(), passwords, moderatorPW: query.get('moderatorPW'), query };
      this.meetings.set(id, one);
      return xml({ returncode: 'SUCCESS', meetingID: id, internalMeetingID: `x-${one.createTime}`, createTime: one.createTime, hasBeenForciblyEnded: false, messageKey: meeting ? 'duplicateWarning' : '' });
    }
    if (!meeting) return failed('notFound', 'We could not find a meeting with that meeting ID');
    if (call === 'end') {
      if (query.get('password') !== meeting.moderatorPW) return failed('invalidPassword', 'no');
      meeting.ended = true;
      return xml({ returncode: 'SUCCESS', messageKey: 'sentEndMeetingRequest', message: 'A request to end the meeting was sent.' });
    }
    return failed('unsupportedRequest', call);
  }
}

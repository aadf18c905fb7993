// Rooms and who is in them. One room here is one video room at Janus; one guest is one Janus session with a handle for the own picture
// and one for each other's. Guests never speak to Janus: they say what they want, and what is said to Janus is written here.
import { randomBytes } from 'node:crypto';
import { NotLetIn } from './tokens.mjs';

const roomsMax = 1_000;
const guestsMax = 8;                        // unless Stagedoor's hook says fewer
const lifetime = 4 * 3600_000;              // of a room of which the hook has told no end
const endedFor = 15 * 60_000;               // no token that was signed before a room's end lives longer
const absence = 20_000;                     // a guest without an event stream is gone after this,
const farewell = 3_000;                     // and after this where the page has said that it goes
const roomExists = 427;

export class Rooms {
  constructor({ janus, adminKey, log, now = Date.now }) {
    Object.assign(this, { janus, adminKey, log, now, rooms: new Map(), ended: new Map() });
    this.sweeping = setInterval(() => this.sweep(), 1_000);
    this.sweeping.unref();
  }

  // Told by Stagedoor ahead of time, and again when a booking changes.
  define(id, { notBefore, expiresAt, maxParticipants }) {
    this.ended.delete(id);
    const room = this.at(id);
    room.opensAt = notBefore ? Date.parse(notBefore) : 0;
    if (expiresAt) room.closesAt = Date.parse(expiresAt);
    if (maxParticipants) room.guestsMax = Math.min(maxParticipants, guestsMax);
    return room;
  }

  at(id) {
    let room = this.rooms.get(id);
    if (!room) {
      if (this.rooms.size >= roomsMax) throw new NotLetIn(503, 'full', 'There is no room left right now. Try again later.');
      room = new Room(this, id);
      this.rooms.set(id, room);
    }
    return room;
  }

  // The room that a verified guest may enter. After a restart of ours the token is enough to have it again.
  enter(id, guest) {
    if (this.ended.has(id)) throw new NotLetIn(410, 'ended', 'This call is over.');
    return this.at(id).enter(guest);
  }

  guest(id, key) {
    const guest = this.rooms.get(id)?.guests.get(key ?? '');
    if (!guest) throw new NotLetIn(401, 'gone', 'You are not in this call any more. Go back and join again.');
    return guest;
  }

  async end(id) {
    this.ended.set(id, this.now() + endedFor);
    const room = this.rooms.get(id);
    this.rooms.delete(id);
    await room?.end('ended', 'This call is over.');
  }

  sweep() {
    const now = this.now();
    for (const [id, until] of this.ended) if (until <= now) this.ended.delete(id);
    for (const room of this.rooms.values()) {
      if (room.closesAt <= now) this.end(room.id).catch((error) => this.log('room_not_ended', { room: room.id, error: error.message }));
      else for (const guest of room.guests.values()) if (!guest.stream && guest.seenAt + absence <= now) guest.leave();
    }
  }

  async close() {
    clearInterval(this.sweeping);
    await Promise.allSettled([...this.rooms.values()].map((room) => room.end('restart', 'The video service is restarting. Join again in a moment.')));
  }
}

class Room {
  constructor(rooms, id) {
    Object.assign(this, { rooms, id, guests: new Map(), opensAt: 0, closesAt: rooms.now() + lifetime, guestsMax, secret: randomBytes(16).toString('hex') });
  }

  enter({ user, role, name }) {
    if (this.opensAt > this.rooms.now()) throw new NotLetIn(403, 'early', 'This room is not open yet.');
    // The same person again replaces themselves: a reload, or another window.
    for (const guest of this.guests.values()) if (guest.user === user) guest.leave({ event: 'end', code: 'replaced', detail: 'This call goes on in another window.' });
    if (this.guests.size >= this.guestsMax) throw new NotLetIn(403, 'full', 'Everybody who may be here is here already.');
    const guest = new Guest(this, { user, role, name });
    this.guests.set(guest.key, guest);
    return guest;
  }

  // Made at Janus when the first guest comes; whoever comes later finds it. Janus forgets it with its own restart.
  async makeAt(handle) {
    try {
      await handle.request({
        request: 'create', room: this.id, admin_key: this.rooms.adminKey, secret: this.secret, is_private: true, permanent: false,
        publishers: guestsMax, bitrate: 1_500_000, fir_freq: 10, audiocodec: 'opus', videocodec: 'vp8',
      });
    } catch (error) {
      if (error.code !== roomExists) throw error;
    }
  }

  nameOf(feed) {
    for (const guest of this.guests.values()) if (guest.feed === feed) return { name: guest.name, role: guest.role };
    return { name: 'Guest', role: '' };
  }

  async end(code, detail) {
    const handle = [...this.guests.values()].find((one) => one.publisher)?.publisher;
    await handle?.request({ request: 'destroy', room: this.id, secret: this.secret, permanent: false }).catch(() => {});
    await Promise.all([...this.guests.values()].map((guest) => guest.leave({ event: 'end', code, detail })));
  }
}

class Guest {
  constructor(room, { user, role, name }) {
    // The key is what the page shows from now on. It outlives the token, as long as the guest is in the room.
    Object.assign(this, { room, user, role, name, key: randomBytes(32).toString('base64url'), stream: null, seenAt: room.rooms.now(), unheard: [], subscribers: new Map(), gone: false });
  }

  async open() {
    const { rooms } = this.room;
    this.session = await rooms.janus.session((error) => this.lost(error));
    this.publisher = await this.session.attach((kind, data) => this.hearOthers(kind, data));
    await this.room.makeAt(this.publisher);
    const { data } = await this.publisher.request({ request: 'join', ptype: 'publisher', room: this.room.id, display: this.name });
    this.feed = data.id;
    this.subscribeTo(data.publishers);
  }

  lost(error) {
    this.room.rooms.log('janus_lost', { room: this.room.id, error: error.message });
    this.leave({ event: 'end', code: 'lost', detail: 'The connection to the video service was lost.' });
  }

  hearOthers(kind, data) {
    if (kind === 'webrtcup') return this.tell({ event: 'up' });
    if (kind !== 'event' || !data) return;
    if (data.publishers) this.subscribeTo(data.publishers);
    const left = data.unpublished ?? data.leaving;
    if (left && left !== 'ok') this.unsubscribe(left);
    if (data.videoroom === 'destroyed') this.leave({ event: 'end', code: 'ended', detail: 'This call is over.' });
  }

  subscribeTo(publishers = []) {
    for (const { id } of publishers)
      this.subscribe(id).catch((error) => this.room.rooms.log('not_subscribed', { room: this.room.id, error: error.message }));
  }

  async subscribe(feed) {
    if (this.subscribers.has(feed) || this.subscribers.size >= guestsMax) return;
    const handle = await this.session.attach((kind, data, jsep) => jsep && this.tell({ event: 'offer', feed, sdp: jsep.sdp, ...this.room.nameOf(feed) }));
    this.subscribers.set(feed, handle);
    const { jsep } = await handle.request({ request: 'join', ptype: 'subscriber', room: this.room.id, streams: [{ feed }] });
    this.tell({ event: 'offer', feed, sdp: jsep.sdp, ...this.room.nameOf(feed) });
  }

  unsubscribe(feed) {
    const handle = this.subscribers.get(feed);
    if (!handle) return;
    this.subscribers.delete(feed);
    this.tell({ event: 'left', feed });
    handle.detach();
  }

  // What the page says. Every message is one of these, and nothing of it reaches Janus unread.
  async say(message) {
    this.seenAt = this.room.rooms.now();
    switch (message.type) {
      case 'publish': {
        const { jsep } = await this.publisher.request({ request: 'configure', audio: true, video: true }, { type: 'offer', sdp: text(message.sdp) });
        return this.tell({ event: 'answer', sdp: jsep.sdp });
      }
      case 'answer':
        // Whoever is answered may have left meanwhile.
        return this.subscribers.get(message.feed)?.request({ request: 'start' }, { type: 'answer', sdp: text(message.sdp) });
      case 'candidates': {
        const handle = message.feed ? this.subscribers.get(message.feed) : this.publisher;
        if (!handle) return;
        const candidates = list(message.candidates).map(({ candidate, sdpMid, sdpMLineIndex }) => ({ candidate: text(candidate), sdpMid, sdpMLineIndex }));
        if (candidates.length > 0) await handle.trickle(candidates);
        if (message.completed) await handle.trickled();
        return;
      }
      case 'away':
        this.going = true;
        this.stream?.end();
        return;
      case 'bye':
        return this.leave();
      default:
        throw new NotLetIn(400, 'message', 'There is no such message.');
    }
  }

  listen(stream) {
    this.stream?.end();
    this.stream = stream;
    this.going = false;
    stream.on('close', () => {
      if (this.stream !== stream) return;
      this.stream = null;
      this.seenAt = this.room.rooms.now() - (this.going ? absence - farewell : 0);
    });
    for (const message of this.unheard.splice(0)) this.tell(message);
  }

  tell(message) {
    if (this.gone) return;
    if (this.stream) this.stream.write(`data: ${JSON.stringify(message)}\n\n`);
    else if (this.unheard.length < 64) this.unheard.push(message);
    else this.leave();
  }

  async leave(lastWords) {
    if (this.gone) return;
    if (lastWords) this.tell(lastWords);
    this.gone = true;
    this.room.guests.delete(this.key);
    this.stream?.end();
    await this.session?.end();
  }
}

function text(value) {
  if (typeof value !== 'string' || value.length > 60_000) throw new NotLetIn(400, 'message', 'The message is not readable.');
  return value;
}
function list(value) {
  if (!Array.isArray(value) || value.length > 64) throw new NotLetIn(400, 'message', 'The message is not readable.');
  return value;
}


// The call's page: one connection to Janus for the own picture, one for each other's. Everything is said to the gateway, nothing to Janus.
const byId = (id) => document.getElementById(id);
const room = location.pathname.replace(/\/$/, '');
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// The token leaves the address at once. What is kept for a reload is the key that it was exchanged for, in this entry of the history alone:
// sessionStorage is closed to frames of other sites in some browsers.
const keep = (key) => history.replaceState({ key }, '', room);
function credentialOf() {
  const token = new URLSearchParams(location.search).get('token');
  if (token) keep(null);
  return token ?? history.state?.key;
}

class Refused extends Error {
  constructor(status, { code, detail }) {
    super(detail);
    Object.assign(this, { status, code });
  }
}

class Line {
  constructor(credential) {
    this.credential = credential;
    this.sending = Promise.resolve();
  }
  async post(path, body, keepalive = false) {
    const answer = await fetch(room + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.credential}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      body: body && JSON.stringify(body),
      keepalive,
    });
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Refused(answer.status, said);
    return said;
  }
  async join() {
    const joined = await this.post('/join');
    this.credential = joined.key;
    keep(joined.key);
    return joined;
  }
  // One after the other: the order of what is negotiated matters.
  send(message) {
    const sent = this.sending.then(() => this.post('/signal', message));
    this.sending = sent.catch(() => {});
    return sent;
  }
  // Until the stream ends.
  async *events(signal) {
    const answer = await fetch(`${room}/events`, { headers: { authorization: `Bearer ${this.credential}` }, signal, cache: 'no-store' });
    if (!answer.ok) throw new Refused(answer.status, await answer.json().catch(() => ({})));
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let text = ''; ;) {
      const { value, done } = await reader.read();
      if (done) return;
      const parts = (text += value).split('\n\n');
      text = parts.pop();
      for (const part of parts) if (part.startsWith('data: ')) yield JSON.parse(part.slice(6));
    }
  }
}

// A connection to Janus, and the candidates that belong to it.
class Way {
  constructor(line, feed) {
    Object.assign(this, { line, feed, found: [], peer: new RTCPeerConnection() });
    this.peer.onicecandidate = ({ candidate }) => this.gather(candidate);
  }
  // Held back until the description is there, sent in bursts after that.
  gather(candidate) {
    if (candidate?.candidate) this.found.push(candidate.toJSON());
    else if (!candidate) this.completed = true;
    if (this.described) this.tell();
  }
  tell() {
    const candidates = this.found.splice(0);
    const completed = this.completed ?? false;
    this.completed = undefined;
    if (candidates.length > 0 || completed) this.line.send({ type: 'candidates', feed: this.feed, candidates, completed }).catch(() => {});
  }
  async said(sending) {
    await sending;
    this.described = true;
    this.tell();
  }
  close() {
    this.peer.onicecandidate = this.peer.onconnectionstatechange = this.peer.ontrack = null;
    this.peer.close();
  }
}

class Call {
  constructor(credential) {
    this.line = new Line(credential);
    this.media = new MediaStream();
    this.ways = new Map();
    this.note = '';
  }

  async run() {
    byId('microphone').onclick = () => this.toggle('microphone', this.media.getAudioTracks(), ['Mute', 'Unmute']);
    byId('camera').onclick = () => this.toggle('camera', this.media.getVideoTracks(), ['Camera off', 'Camera on']);
    byId('leave').onclick = () => this.leave();
    // Perhaps a reload, perhaps the end: the gateway waits a moment for us to come back.
    addEventListener('pagehide', () => !this.over && this.line.post('/signal', { type: 'away' }, true).catch(() => {}));
    this.say('Asking for camera and microphone …');
    await this.openMedia();
    // Comes back by itself when the way to the service was lost, with growing pauses.
    for (let pause = 500; !this.over; pause = Math.min(pause * 2, 15_000)) {
      try {
        await this.once(() => (pause = 500));
      } catch (error) {
        if (error instanceof Refused && error.status < 500) return this.end(error.message);
      }
      if (this.over) return;
      this.closeWays();
      this.say('The connection was lost. Trying again …');
      await sleep(pause * (0.75 + Math.random() / 2));
    }
  }

  async openMedia() {
    const wanted = [{ audio: true, video: true }, { video: true }, { audio: true }];
    for (const one of wanted) {
      try {
        this.media = await navigator.mediaDevices.getUserMedia(one);
        break;
      } catch (error) {
        console.info('getUserMedia', error.name);
      }
    }
    const [audio, video] = [this.media.getAudioTracks().length > 0, this.media.getVideoTracks().length > 0];
    if (!audio && !video) this.note = 'Neither camera nor microphone may be used: you can watch and listen.';
    else if (!audio || !video) this.note = `There is no ${audio ? 'camera' : 'microphone'}, or it may not be used.`;
    byId('microphone').disabled = !audio;
    byId('camera').disabled = !video;
    byId('mine').srcObject = this.media;
    byId('mine').classList.toggle('live', video);
  }

  async once(joined) {
    await this.line.join();
    const stop = (this.stop = new AbortController());
    byId('leave').disabled = false;
    this.waiting();
    const publishing = this.publish().catch((error) => (console.error(error), stop.abort()));
    for await (const event of this.line.events(stop.signal)) {
      joined();
      await this.hear(event);
      if (this.over) return;
    }
    await publishing;
  }

  async publish() {
    if (this.media.getTracks().length === 0) return;
    const way = (this.own = new Way(this.line));
    way.peer.onconnectionstatechange = () => way.peer.connectionState === 'failed' && this.stop.abort();
    for (const track of this.media.getTracks()) way.peer.addTransceiver(track, { direction: 'sendonly', streams: [this.media] });
    await way.peer.setLocalDescription();
    await way.said(this.line.send({ type: 'publish', sdp: way.peer.localDescription.sdp }));
  }

  async hear({ event, feed, sdp, name, role, code, detail }) {
    if (event === 'answer') await this.own?.peer.setRemoteDescription({ type: 'answer', sdp });
    else if (event === 'offer') await this.watch(feed, sdp, name, role);
    else if (event === 'left') this.unwatch(feed);
    else if (event === 'end' && code === 'lost') this.stop.abort();
    else if (event === 'end') this.end(detail);
  }

  async watch(feed, sdp, name, role) {
    let way = this.ways.get(feed);
    if (!way) {
      way = new Way(this.line, feed);
      this.ways.set(feed, way);
      way.figure = this.show(feed, name, role);
      way.peer.ontrack = ({ streams: [stream] }) => (way.figure.querySelector('video').srcObject = stream);
    }
    await way.peer.setRemoteDescription({ type: 'offer', sdp });
    await way.peer.setLocalDescription();
    await way.said(this.line.send({ type: 'answer', feed, sdp: way.peer.localDescription.sdp }));
    this.waiting();
  }

  show(feed, name, role) {
    const figure = document.createElement('figure');
    const video = document.createElement('video');
    Object.assign(video, { autoplay: true, playsInline: true });
    video.setAttribute('aria-label', `${name}'s picture`);
    const caption = document.createElement('figcaption');
    caption.textContent = role ? `${name} · ${role}` : name;
    figure.append(video, caption);
    byId('others').append(figure);
    return figure;
  }

  unwatch(feed) {
    const way = this.ways.get(feed);
    if (!way) return;
    this.ways.delete(feed);
    way.close();
    way.figure.remove();
    this.waiting();
  }

  waiting() {
    this.say(this.ways.size > 0 ? '' : 'You are here. Waiting for the other side …');
  }
  say(text) {
    byId('says').textContent = [text, this.note].filter(Boolean).join(' ');
  }

  toggle(id, tracks, [on, off]) {
    const enabled = !tracks[0].enabled;
    for (const track of tracks) track.enabled = enabled;
    byId(id).textContent = enabled ? on : off;
    byId(id).setAttribute('aria-pressed', String(!enabled));
  }

  closeWays() {
    this.own?.close();
    this.own = null;
    for (const feed of [...this.ways.keys()]) this.unwatch(feed);
  }

  leave() {
    this.line.post('/signal', { type: 'bye' }, true).catch(() => {});
    // The page around us may want to know (Stagedoor's <video-call> does). It learns nothing that it does not know.
    if (parent !== window) parent.postMessage({ type: 'stagedoor:left' }, '*');
    this.end('You have left the call.');
  }

  end(detail) {
    this.over = true;
    this.stop?.abort();
    this.closeWays();
    for (const track of this.media.getTracks()) track.stop();
    keep(null);
    byId('mine').classList.remove('live');
    for (const id of ['microphone', 'camera', 'leave']) byId(id).disabled = true;
    this.note = '';
    this.say(detail ?? 'This call is over.');
  }
}

const credential = credentialOf();
if (credential) new Call(credential).run();
else byId('says').textContent = 'This call needs a link. Go back and join again.';

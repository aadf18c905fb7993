// The page of the built-in room: a call between two browsers, introduced to each other by the server. Events come down
// on one stream, messages go up one by one; both carry the token in a header, so that it stands in no address.

const byId = (id) => document.getElementById(id);
const room = location.pathname.replace(/\/$/, "");
const keptAs = "stagedoor-token " + room;

// The token leaves the address at once: nobody copies it, and no history keeps it. A reload finds it in this tab only.
function takeToken() {
  const given = new URLSearchParams(location.search).get("token");
  if (given) history.replaceState(null, "", room);
  return given;
}
function keep(token) {
  try {
    token ? sessionStorage.setItem(keptAs, token) : sessionStorage.removeItem(keptAs);
  } catch {
    // Storage is blocked in some frames: a reload then needs a new link.
  }
}
function kept() {
  try {
    return sessionStorage.getItem(keptAs);
  } catch {
    return null;
  }
}

function randomName() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// The server lets itself be heard every fifteen seconds; a line that is silent for three times as long is dead.
function soon(reading) {
  let timer;
  const silence = new Promise((_, fail) => (timer = setTimeout(() => fail(new TypeError("silence")), 45_000)));
  return Promise.race([reading, silence]).finally(() => clearTimeout(timer));
}

// Reads a stream of server-sent events; EventSource cannot send a header.
async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await soon(reader.read());
    if (done) return;
    text += value;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const one = { name: "message", data: "" };
      for (const line of text.slice(0, end).split("\n")) {
        if (line.startsWith("event: ")) one.name = line.slice(7);
        if (line.startsWith("data: ")) one.data += line.slice(6);
      }
      text = text.slice(end + 2);
      if (one.data) yield { name: one.name, data: JSON.parse(one.data) };
    }
  }
}

// The way to the server: connects again with growing pauses until it is told that there is no coming back.
class Line {
  constructor(token) {
    this.token = token;
    this.page = randomName();
    this.sending = Promise.resolve();
    this.over = false;
  }
  header() {
    return { Authorization: "Bearer " + this.token };
  }
  async run(hear, lost) {
    for (let pause = 500; !this.over; pause = Math.min(pause * 2, 15_000)) {
      const attempt = (this.attempt = new AbortController());
      try {
        const answer = await fetch(room + "/events?page=" + this.page, {
          headers: { ...this.header(), Accept: "text/event-stream" },
          cache: "no-store",
          signal: attempt.signal,
        });
        if (answer.ok) {
          for await (const event of eventsOf(answer.body)) {
            pause = 500;
            if (event.name === "token") keep((this.token = event.data.token));
            else await hear(event.name, event.data);
            if (this.over) return;
          }
        } else {
          const problem = await answer.json().catch(() => ({}));
          const again = answer.status === 429 || answer.status >= 500;
          if (!again) return hear("end", { code: problem.code, detail: problem.detail ?? "This link does not work any more." });
          pause = Math.max(pause, 1_000 * Number(answer.headers.get("Retry-After") ?? 0));
        }
      } catch (error) {
        if (this.over) return;
        if (!(error instanceof TypeError) && error.name !== "AbortError") console.error(error);
      }
      attempt.abort();
      if (this.over) return;
      lost();
      await sleep(pause * (0.75 + Math.random() / 2));
    }
  }
  // One after the other: the order of a negotiation matters. False where it reached nobody.
  send(message) {
    const sent = this.sending.then(() => this.post(message));
    this.sending = sent.catch(() => {});
    return sent;
  }
  async post(message, last = false) {
    for (let attempt = 0; attempt < 5; ++attempt) {
      let wait = 500 * 2 ** attempt;
      try {
        const answer = await fetch(room + "/signal", {
          method: "POST",
          headers: { ...this.header(), "Content-Type": "application/json" },
          body: JSON.stringify({ page: this.page, ...message }),
          keepalive: last,
        });
        if (answer.ok) return (await answer.json()).delivered;
        if (answer.status !== 429 && answer.status < 500) return false;
        wait = Math.max(wait, 1_000 * Number(answer.headers.get("Retry-After") ?? 0));
      } catch {
        // The network is away: the next attempt may find it.
      }
      if (last || this.over) return false;
      await sleep(wait);
    }
    return false;
  }
  end() {
    this.over = true;
    this.attempt?.abort();
  }
}

// Camera and microphone, as many of them as there are and as we may have.
async function openMedia() {
  if (!navigator.mediaDevices?.getUserMedia) return { stream: new MediaStream(), missing: "This browser gives no camera here: you can watch and listen." };
  const picture = { width: { ideal: 1280 }, height: { ideal: 720 } };
  const sound = { echoCancellation: true, noiseSuppression: true };
  const ways = [
    [{ audio: sound, video: picture }, ""],
    [{ audio: sound }, "There is no camera, or it may not be used: the others hear you."],
    [{ video: picture }, "There is no microphone, or it may not be used: the others see you."],
  ];
  for (const [wanted, missing] of ways) {
    try {
      return { stream: await navigator.mediaDevices.getUserMedia(wanted), missing };
    } catch (error) {
      console.info("getUserMedia", error.name);
    }
  }
  return { stream: new MediaStream(), missing: "Neither camera nor microphone may be used: you can watch and listen." };
}

// One call with one page of the other side: the pattern of "perfect negotiation" (W3C WebRTC, section 10.7). The
// client is the polite side.
class Call {
  constructor(with_) {
    Object.assign(this, with_); // { line, id, iceServers, polite, media, onTracks, onState, onOther }
    this.makingOffer = false;
    this.ignoringOffer = false;
    this.early = [];
    this.pending = [];
    this.remote = new MediaStream();
    const peer = (this.peer = new RTCPeerConnection({ iceServers: this.iceServers }));
    // Both kinds always have their place, so that a screen can be shown where there is no camera.
    this.senders = {};
    for (const kind of ["audio", "video"]) {
      const track = this.media[kind];
      if (!this.polite) this.senders[kind] = peer.addTransceiver(track ?? kind, { direction: "sendrecv" }).sender;
    }
    peer.onnegotiationneeded = () => this.offer();
    peer.onicecandidate = ({ candidate }) => candidate?.candidate && this.gather(candidate);
    peer.ontrack = ({ track }) => {
      this.remote.addTrack(track);
      this.onTracks(this.remote);
    };
    peer.onconnectionstatechange = () => {
      if (peer.connectionState === "failed") peer.restartIce();
      this.onState(peer.connectionState);
    };
  }
  say(message) {
    return this.line.send({ call: this.id, ...message });
  }
  // Candidates come in bursts; one message takes those of a tenth of a second.
  gather(candidate) {
    this.pending.push(candidate.toJSON());
    this.gathering ??= setTimeout(() => {
      this.gathering = null;
      while (this.pending.length) this.say({ type: "candidate", candidates: this.pending.splice(0, 16) });
    }, 100);
  }
  async offer() {
    try {
      this.makingOffer = true;
      await this.peer.setLocalDescription();
      this.describe();
    } catch (error) {
      console.error(error);
    } finally {
      this.makingOffer = false;
    }
  }
  describe() {
    const { type, sdp } = this.peer.localDescription;
    return this.say({ type, sdp });
  }
  async hear(message) {
    if (message.type === "state") return this.onOther(message);
    if (message.type === "candidate") {
      for (const one of message.candidates) await this.addCandidate(one);
      return;
    }
    const stable = this.peer.signalingState === "stable" || (this.peer.signalingState === "have-local-offer" && message.type === "answer");
    this.ignoringOffer = !this.polite && message.type === "offer" && (this.makingOffer || !stable);
    if (this.ignoringOffer) return;
    if (message.type === "answer" && this.peer.signalingState !== "have-local-offer") return;
    await this.peer.setRemoteDescription({ type: message.type, sdp: message.sdp });
    for (const one of this.early.splice(0)) await this.addCandidate(one);
    if (message.type !== "offer") return;
    this.takePlaces();
    await this.peer.setLocalDescription();
    this.describe();
  }
  // The polite side speaks in the places that the other side's offer has made.
  takePlaces() {
    for (const place of this.peer.getTransceivers()) {
      const kind = place.receiver.track.kind;
      if (this.senders[kind]) continue;
      place.direction = "sendrecv";
      this.senders[kind] = place.sender;
      if (this.media[kind]) place.sender.replaceTrack(this.media[kind]);
    }
  }
  async addCandidate(one) {
    if (!this.peer.remoteDescription) return void this.early.push(one);
    try {
      await this.peer.addIceCandidate(one);
    } catch (error) {
      if (!this.ignoringOffer) console.info("addIceCandidate", error.name);
    }
  }
  // The way to the server was away for a while: what was on its way may be lost.
  again() {
    if (this.peer.signalingState === "have-local-offer") this.describe();
    else if (!this.polite && this.peer.connectionState !== "connected") this.peer.restartIce();
  }
  replace(kind, track) {
    this.media[kind] = track;
    return this.senders[kind]?.replaceTrack(track ?? null);
  }
  end() {
    clearTimeout(this.gathering);
    this.peer.onnegotiationneeded = this.peer.onicecandidate = this.peer.ontrack = this.peer.onconnectionstatechange = null;
    this.peer.close();
  }
}

class Room {
  constructor(token) {
    this.line = new Line(token);
    this.call = null;
    this.other = null;
    this.media = {};
    this.off = { audio: false, video: false };
    this.screen = null;
    this.note = "";
  }
  async open() {
    this.bind();
    this.say("Asking for camera and microphone …");
    const { stream, missing } = await openMedia();
    this.note = missing;
    for (const track of stream.getTracks()) this.media[track.kind] = track;
    this.camera = this.media.video ?? null;
    this.showOwn();
    this.say("Connecting …");
    this.running = this.line.run((name, data) => this.hear(name, data), () => this.lineLost());
    return this.running;
  }
  bind() {
    byId("microphone").onclick = () => this.toggle("audio");
    byId("camera").onclick = () => this.toggle("video");
    byId("screen").onclick = () => (this.screen ? this.stopScreen() : this.startScreen());
    byId("hangup").onclick = () => this.hangUp();
    byId("play").onclick = () => this.play();
    addEventListener("pagehide", () => !this.line.over && this.line.post({ type: "bye" }, true));
  }
  say(text) {
    byId("says").textContent = [text, this.note].filter(Boolean).join(" ");
  }
  showOwn() {
    const shown = this.screen ?? (this.off.video ? null : this.camera);
    const mine = byId("mine");
    mine.srcObject = shown ? new MediaStream([shown]) : null;
    mine.classList.toggle("live", Boolean(shown));
    mine.classList.toggle("shown-as-is", Boolean(this.screen));
    const set = (id, text, pressed, enabled) => {
      const button = byId(id);
      button.textContent = text;
      button.setAttribute("aria-pressed", String(pressed));
      button.disabled = !enabled;
    };
    set("microphone", this.off.audio ? "Unmute" : "Mute", this.off.audio, Boolean(this.media.audio));
    set("camera", this.off.video ? "Camera on" : "Camera off", this.off.video, Boolean(this.camera));
    set("screen", this.screen ? "Stop sharing" : "Share screen", Boolean(this.screen), Boolean(navigator.mediaDevices?.getDisplayMedia));
    byId("hangup").disabled = this.line.over;
  }
  tellState() {
    this.call?.say({
      type: "state",
      audio: Boolean(this.media.audio) && !this.off.audio,
      video: Boolean(this.screen) || (Boolean(this.camera) && !this.off.video),
      screen: Boolean(this.screen),
    });
  }
  toggle(kind) {
    this.off[kind] = !this.off[kind];
    const track = kind === "audio" ? this.media.audio : this.camera;
    if (track) track.enabled = !this.off[kind];
    this.showOwn();
    this.tellState();
  }
  async startScreen() {
    let stream;
    try {
      stream = await navigator.mediaDevices.getDisplayMedia({ video: true });
    } catch {
      return; // they have thought better of it
    }
    this.screen = stream.getVideoTracks()[0];
    this.screen.onended = () => this.stopScreen();
    await this.showVideo(this.screen);
  }
  async stopScreen() {
    this.screen?.stop();
    this.screen = null;
    await this.showVideo(this.camera);
  }
  async showVideo(track) {
    this.media.video = track;
    await this.call?.replace("video", track);
    this.showOwn();
    this.tellState();
  }
  async hear(name, data) {
    if (name === "hello") this.hello(data);
    else if (name === "call") this.introduce(data);
    else if (name === "signal" && this.call?.id === data.call) await this.call.hear(data).catch((error) => console.error(error));
    else if (name === "left") this.otherLeft(data.why);
    else if (name === "replaced") this.end("This call goes on in another window.");
    else if (name === "end") this.end(data.detail);
  }
  hello({ iceServers, seat }) {
    this.iceServers = iceServers;
    this.polite = seat === "client";
    if (!this.call) this.say("You are here. Waiting for the other side …");
  }
  introduce({ call, peer }) {
    if (this.call?.id === call) {
      this.call.again();
    } else {
      this.endCall();
      this.other = peer;
      byId("who").textContent = peer.name;
      this.say("Connecting to " + peer.name + " …");
      this.call = new Call({
        line: this.line,
        id: call,
        iceServers: this.iceServers,
        polite: this.polite,
        media: { ...this.media },
        onTracks: (remote) => this.showOther(remote),
        onState: (state) => this.connection(state),
        onOther: (state) => this.otherState(state),
      });
    }
    this.tellState();
  }
  showOther(remote) {
    const theirs = byId("theirs");
    if (theirs.srcObject !== remote) theirs.srcObject = remote;
    this.play();
  }
  // Browsers start sound only after a click where nobody has touched the page yet.
  play() {
    const theirs = byId("theirs");
    theirs.play().then(
      () => (byId("play").hidden = true),
      (error) => error.name === "NotAllowedError" && (byId("play").hidden = false),
    );
  }
  connection(state) {
    if (state === "connected") this.say("");
    else if (state === "disconnected") this.say("The connection is interrupted …");
    else if (state === "failed") this.say("There is no way between the two of you right now. Trying again …");
    document.body.dataset.connection = state;
  }
  otherState({ audio, video, screen }) {
    byId("theirs").classList.toggle("live", video);
    const how = [audio ? "" : "muted", screen ? "shows the screen" : video ? "" : "no picture"].filter(Boolean).join(", ");
    byId("who").textContent = this.other.name + (how ? " (" + how + ")" : "");
  }
  lineLost() {
    if (this.call?.peer.connectionState !== "connected") this.say("The server cannot be reached. Trying again …");
  }
  otherLeft(why) {
    const name = this.other?.name ?? "The other side";
    if (why === "bye") {
      this.endCall();
      this.say(name + " has left the call. Waiting for them to come back …");
    } else if (this.call?.peer.connectionState !== "connected") {
      this.say(name + " has lost the connection. Waiting for them to come back …");
    }
  }
  endCall() {
    this.call?.end();
    this.call = null;
    byId("theirs").srcObject = null;
    byId("theirs").classList.remove("live");
    byId("who").textContent = "";
    delete document.body.dataset.connection;
  }
  async hangUp() {
    const line = this.line;
    await Promise.race([line.post({ type: "bye" }), sleep(1_000)]);
    this.end("You have left the call.");
    const rejoin = byId("rejoin");
    rejoin.hidden = false;
    rejoin.onclick = () => location.reload();
    rejoin.focus();
    // The page around it may have something better to show: <video-call> has. It is no secret, so whoever frames us may hear it.
    if (parent !== window) parent.postMessage({ type: "stagedoor:left" }, "*");
  }
  end(text) {
    this.line.end();
    this.endCall();
    for (const track of [...Object.values(this.media), this.camera, this.screen]) track?.stop();
    this.media = {};
    this.camera = this.screen = null;
    this.note = "";
    this.showOwn();
    byId("screen").disabled = true;
    this.say(text);
  }
}

const given = takeToken();
if (document.body.dataset.refused) {
  // A reload of a page whose address has no token any more; each kept token is tried once.
  const again = given ? null : kept();
  keep(null);
  if (again) location.replace(room + "?token=" + encodeURIComponent(again));
} else {
  keep(given);
  new Room(given).open();
}

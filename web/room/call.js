// One call with one page of the other side: the pattern of "perfect negotiation" (W3C WebRTC, section 10.7). The
// client is the polite side.
export class Call {
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
      clearTimeout(this.patience);
      if (peer.connectionState === "failed") this.restart();
      // Often it comes back by itself; after a change of networks it does not.
      if (peer.connectionState === "disconnected") this.restart(2_000);
      this.onState(peer.connectionState);
    };
  }
  // Looks for a new way, in some ms. Both sides notice at once that there is none, and one search is enough for both: the polite side leaves
  // it to the other one for a while, so that the two do not get in each other's way.
  restart(pause = 0) {
    clearTimeout(this.patience);
    this.patience = setTimeout(() => this.peer.restartIce(), pause + (this.polite ? 3_000 : 0));
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
    if (message.type === "offer") clearTimeout(this.patience); // the other side has begun
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
  // Credentials of a TURN server end; a way that is looked for anew needs those of today.
  useIceServers(iceServers) {
    this.peer.setConfiguration({ iceServers });
  }
  // Another network: the way that there was may lead nowhere.
  findAnotherWay() {
    if (this.peer.connectionState !== "new") this.restart();
  }
  replace(kind, track) {
    this.media[kind] = track;
    return this.senders[kind]?.replaceTrack(track ?? null);
  }
  end() {
    clearTimeout(this.gathering);
    clearTimeout(this.patience);
    this.peer.onnegotiationneeded = this.peer.onicecandidate = this.peer.ontrack = this.peer.onconnectionstatechange = null;
    this.peer.close();
  }
}

// The page of the built-in room: a call between two browsers, introduced to each other by the server.
import { Call } from "./call.js";
import { DeviceMenu, openMedia, openOne, passedOn } from "./devices.js";
import { Line, sleep } from "./line.js";
import { watchQuality } from "./quality.js";
import { keep, kept, room, takeToken } from "./token.js";

const byId = (id) => document.getElementById(id);

// Why one is not let in now, and may be in a while.
const maybeLater = ["seat_taken", "overloaded"];

class Room {
  constructor(token) {
    this.line = new Line(token);
    this.devices = new DeviceMenu(byId("devices"), (kind, id) => this.useDevice(kind, id), () => this.showDevices());
    this.call = null;
    this.other = null;
    this.media = {};
    this.off = { audio: false, video: false };
    this.screen = null;
    this.note = "";
    this.over = false;
  }
  async open() {
    this.bind();
    this.say("Asking for camera and microphone …");
    const { tracks, missing } = await openMedia();
    this.note = missing;
    for (const [kind, track] of Object.entries(tracks)) this.take(kind, track);
    this.showOwn();
    this.showDevices();
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
    addEventListener("keydown", (event) => this.shortcut(event));
    addEventListener("online", () => this.call?.findAnotherWay());
    addEventListener("pagehide", () => !this.line.over && this.line.post({ type: "bye" }, true));
    // Some browsers keep a page that was left, and show it as it was when somebody comes back to it.
    addEventListener("pageshow", ({ persisted }) => persisted && !this.over && location.reload());
  }
  // With Alt and Shift: single letters belong to screen readers and to whoever dictates (WCAG 2.1.4).
  shortcut(event) {
    if (this.over || !event.altKey || !event.shiftKey || event.ctrlKey || event.metaKey || event.repeat) return;
    const button = { KeyM: "microphone", KeyC: "camera", KeyS: "screen" }[event.code];
    if (button && !byId(button).disabled) byId(button).click();
  }
  // A track of ours, until it ends: unplugged, or taken away by the system.
  take(kind, track) {
    this.media[kind] = track;
    if (kind === "video") this.camera = track;
    track.enabled = !this.off[kind];
    track.onended = () => this.lost(kind);
  }
  async lost(kind) {
    const what = kind === "audio" ? "microphone" : "camera";
    this.note = `The ${what} has gone. Plug it in again, or choose another one.`;
    if (kind === "video") this.camera = null;
    if (kind === "audio" || !this.screen) {
      this.media[kind] = undefined;
      await this.call?.replace(kind, null);
    }
    this.say("");
    this.showOwn();
    this.tellState();
    this.showDevices();
  }
  showDevices() {
    if (this.over) return undefined;
    return this.devices.show({ audio: this.media.audio, video: this.camera ?? undefined });
  }
  async useDevice(kind, id) {
    try {
      if (kind === "output") return await byId("theirs").setSinkId(id);
      // First the old one goes: many phones open one camera at a time.
      const old = kind === "video" ? this.camera : this.media.audio;
      if (old) (old.onended = null), old.stop();
      const fresh = await openOne(kind, id);
      if (this.over) return fresh.stop();
      const shown = this.screen;
      this.take(kind, fresh);
      if (kind === "video" && shown) this.media.video = shown;
      else await this.call?.replace(kind, fresh);
      this.note = "";
      this.say("");
    } catch (error) {
      this.note = "This device cannot be used" + (error.name === "NotReadableError" ? ": another program may have it." : ".");
      this.say("");
    }
    this.showOwn();
    this.tellState();
    await this.showDevices();
  }
  // What the page around us may hear: no secret, no name and no room, as whoever frames us hears it.
  tellParent(type) {
    if (parent !== window) parent.postMessage({ type: "stagedoor:" + type }, "*");
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
    // The label stays and the state changes: "Mute, pressed" is what a screen reader should say.
    const set = (id, pressed, enabled) => {
      const button = byId(id);
      button.setAttribute("aria-pressed", String(pressed));
      button.disabled = !enabled;
    };
    set("microphone", this.off.audio, Boolean(this.media.audio));
    set("camera", this.off.video, Boolean(this.camera));
    set("screen", Boolean(this.screen), Boolean(navigator.mediaDevices?.getDisplayMedia));
    byId("hangup").disabled = this.over;
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
    // Told to whom it matters, and when it does: most people never share a screen.
    if (!passedOn("display-capture")) return this.say("The page around this call does not pass the screen on to it.");
    let stream;
    try {
      stream = await navigator.mediaDevices.getDisplayMedia({ video: true });
    } catch (error) {
      // Chromium names whom the system has refused; else they have thought better of it.
      if (error.name === "NotAllowedError" && !/system/i.test(error.message)) return;
      this.note = "The screen cannot be shared here.";
      return this.say("");
    }
    if (this.over) return stream.getTracks().forEach((track) => track.stop());
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
    else if (name === "token") this.useIceServers(data);
    else if (name === "call") this.introduce(data);
    else if (name === "signal" && this.call?.id === data.call) await this.call.hear(data).catch((error) => console.error(error));
    else if (name === "left") this.otherLeft(data.why);
    else if (name === "replaced") this.endFor("This call goes on in another window.", true);
    else if (name === "refused") this.refused(data);
    else if (name === "end") this.endFor(data.detail, maybeLater.includes(data.code));
  }
  // For another reason than that somebody has hung up.
  endFor(why, canComeBack = false) {
    this.end(why);
    if (canComeBack) this.offerToRejoin();
    this.tellParent("ended");
  }
  // A server that was started anew may not know our token: it introduces nobody then, and two who talk already go on.
  refused({ status, detail }) {
    const ended = status === 401 ? "This link has ended. Go back to where you found it and join the call again." : detail;
    if (status !== 401 || this.call?.peer.connectionState !== "connected") return this.endFor(ended);
    this.line.end();
    this.note = "The server does not know this link any more: you can go on talking, and need a new link to come back.";
    this.say("");
  }
  useIceServers({ iceServers }) {
    this.iceServers = iceServers;
    this.call?.useIceServers(iceServers);
  }
  hello({ iceServers, seat }) {
    this.useIceServers({ iceServers });
    this.polite = seat === "client";
    if (!this.call) this.say("You are here. Waiting for the other side …");
  }
  introduce({ call, peer }) {
    this.otherIsGone = false;
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
    if (state !== "connected") byId("quality").hidden = true; // it was of the way that is not there now
    if (state === "connected") {
      this.say("");
      this.stopWatching ??= watchQuality(this.call.peer, (level, seen) => this.showQuality(level, seen));
      if (this.joined !== this.call.id) this.tellParent("joined");
      this.joined = this.call.id;
    } else if (state === "disconnected") this.say(this.otherIsGone ? this.waitingForOther() : "The connection is interrupted …");
    else if (state === "failed" && this.line.over) this.endFor("The call has ended. You need a new link to come back.");
    else if (state === "failed") this.say(this.otherIsGone ? this.waitingForOther() : "There is no way between the two of you right now. Trying again …");
    document.body.dataset.connection = state;
  }
  showQuality(level, { roundTrip, loss }) {
    const shown = byId("quality");
    shown.hidden = false;
    shown.dataset.level = level;
    shown.textContent = "Connection: " + level;
    shown.title = `${Math.round(roundTrip * 1000)} ms there and back, ${(loss * 100).toFixed(1)} % lost`;
  }
  otherState({ audio, video, screen }) {
    byId("theirs").classList.toggle("live", video);
    const how = [audio ? "" : "muted", screen ? "shows the screen" : video ? "" : "no picture"].filter(Boolean).join(", ");
    byId("who").textContent = this.other.name + (how ? " (" + how + ")" : "");
  }
  lineLost() {
    if (this.call?.peer.connectionState !== "connected") this.say("The server cannot be reached. Trying again …");
  }
  // Whom the server has lost may still be seen and heard: what is between the two does not go through it.
  otherLeft(why) {
    this.otherIsGone = true;
    if (why === "bye") {
      this.endCall();
      this.say(this.otherName() + " has left the call. Waiting for them to come back …");
    } else if (this.call?.peer.connectionState !== "connected") this.say(this.waitingForOther());
  }
  waitingForOther() {
    return this.otherName() + " has lost the connection. Waiting for them to come back …";
  }
  // Who comes and goes within a moment was never introduced.
  otherName() {
    return this.other?.name ?? "The other side";
  }
  endCall() {
    this.stopWatching?.();
    this.stopWatching = null;
    byId("quality").hidden = true;
    this.call?.end();
    this.call = null;
    byId("theirs").srcObject = null;
    byId("theirs").classList.remove("live");
    byId("who").textContent = "";
    delete document.body.dataset.connection;
  }
  async hangUp() {
    if (!this.line.over) await Promise.race([this.line.post({ type: "bye" }), sleep(1_000)]);
    this.end("You have left the call.");
    this.offerToRejoin();
    this.tellParent("left"); // it may have something better to show: <video-call> has
  }
  offerToRejoin() {
    const rejoin = byId("rejoin");
    rejoin.hidden = false;
    rejoin.onclick = () => location.reload();
    rejoin.focus();
  }
  end(text) {
    this.over = true;
    document.body.dataset.over = "yes";
    this.line.end();
    this.endCall();
    for (const track of [...Object.values(this.media), this.camera, this.screen]) if (track) (track.onended = null), track.stop();
    this.media = {};
    this.camera = this.screen = null;
    this.note = "";
    this.showOwn();
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
  new Room(given).open();
}

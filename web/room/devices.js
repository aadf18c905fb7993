// devices: camera, microphone and loudspeaker: which there are, which one is used, and why one is not.
const wishes = {
  audio: { echoCancellation: true, noiseSuppression: true },
  video: { width: { ideal: 1280 }, height: { ideal: 720 } },
};
const named = { audio: "microphone", video: "camera" };
const reasons = {
  NotAllowedError: "denied", SecurityError: "denied", NotFoundError: "missing", OverconstrainedError: "missing", NotReadableError: "busy", AbortError: "busy",
};

const sentences = {
  denied: (what) => `The ${what} may not be used: allow it beside the browser's address and load this page anew.`,
  missing: (what) => `There is no ${what}.`,
  busy: (what) => `The ${what} cannot be opened, perhaps because another program uses it: close that and load this page anew.`,
  framed: (what) => `The page around this call does not pass the ${what} on to it.`,
};

// Whether a page around ours lets us. Browsers that cannot say are taken to.
export const passedOn = (feature) => (document.permissionsPolicy ?? document.featurePolicy)?.allowsFeature(feature) ?? true;

async function permission(kind) {
  try {
    return (await navigator.permissions.query({ name: named[kind] })).state;
  } catch {
    return "prompt"; // not every browser tells
  }
}

async function ask(kinds, chosen = {}) {
  const wanted = Object.fromEntries(kinds.map((kind) => [kind, { ...wishes[kind], ...(chosen[kind] && { deviceId: { exact: chosen[kind] } }) }]));
  const stream = await navigator.mediaDevices.getUserMedia(wanted);
  return Object.fromEntries(stream.getTracks().map((track) => [track.kind, track]));
}

// As many of both as there are and as we may have, with a sentence on what is missing. Nobody is asked twice for what they refused.
export async function openMedia() {
  if (!navigator.mediaDevices?.getUserMedia) return { tracks: {}, missing: "This browser gives no camera here: you can watch and listen." };
  const why = {};
  for (const kind of ["video", "audio"]) {
    if (!passedOn(named[kind])) why[kind] = "framed";
    else if ((await permission(kind)) === "denied") why[kind] = "denied";
  }
  let tracks = {};
  const left = () => ["audio", "video"].filter((kind) => !why[kind]);
  const tryFor = async (kinds) => {
    try {
      return await ask(kinds);
    } catch (error) {
      console.info("getUserMedia", kinds.join(" "), error.name);
      const reason = reasons[error.name] ?? "busy";
      // Of two it is not said which: what was refused is refused, for the rest each is tried.
      if (reason === "denied" || kinds.length === 1) for (const kind of kinds) why[kind] = reason;
      return null;
    }
  };
  if (left().length > 0) {
    tracks = (await tryFor(left())) ?? {};
    if (Object.keys(tracks).length === 0) for (const kind of left()) Object.assign(tracks, await tryFor([kind]));
  }
  return { tracks, missing: missing(why) };
}

function missing(why) {
  const kinds = ["video", "audio"].filter((kind) => why[kind]);
  if (kinds.length === 0) return "";
  const told = kinds.length === 2 && why.video === why.audio ? [sentences[why.video]("camera and microphone").replace("is no camera and", "is neither camera nor")]
    : kinds.map((kind) => sentences[why[kind]](named[kind]));
  return [...told, kinds.length === 2 ? "You can watch and listen." : why.video ? "The others hear you." : "The others see you."].join(" ");
}

export const openOne = async (kind, deviceId) => (await ask([kind], { [kind]: deviceId }))[kind];

// The choice among what is plugged in. `choose(kind, deviceId)` is told of another one; kind is audio, video or output.
export class DeviceMenu {
  constructor(box, choose, changed) {
    this.box = box;
    this.selects = { audio: box.querySelector("#microphones"), video: box.querySelector("#cameras"), output: box.querySelector("#speakers") };
    for (const [kind, select] of Object.entries(this.selects)) select.onchange = () => choose(kind, select.value);
    navigator.mediaDevices?.addEventListener("devicechange", changed);
  }
  // `used` has the tracks in use; names are only told to whom may use one of the kind.
  async show(used = this.used ?? {}) {
    this.used = used;
    const all = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
    const kinds = { audio: "audioinput", video: "videoinput", output: "audiooutput" };
    for (const [kind, select] of Object.entries(this.selects)) {
      const fitting = all.filter((one) => one.kind === kinds[kind] && one.deviceId && one.label);
      const current = used[kind]?.getSettings?.().deviceId ?? select.value;
      const idle = kind !== "output" && !used[kind];
      select.replaceChildren(...(idle && fitting.length > 0 ? [new Option("none", "")] : []),
        ...fitting.map((one) => new Option(one.label, one.deviceId, false, !idle && one.deviceId === current)));
      // One that is not in use can be taken; a choice of one is none.
      select.parentElement.hidden = fitting.length < (idle ? 1 : 2) || (kind === "output" && !("setSinkId" in HTMLMediaElement.prototype));
    }
    this.box.hidden = Object.values(this.selects).every((select) => select.parentElement.hidden);
    return all;
  }
}

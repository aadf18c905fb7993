// quality: how good the way between the two is, in a word, from what the browser counts (W3C WebRTC statistics).
const every = 3_000;

// Round trip in seconds and lost packets as a share. ITU-T G.114 calls 150 ms one way good and more than 400 ms bad.
export const levelOf = ({ roundTrip, loss }) => (roundTrip > 0.6 || loss > 0.08 ? "poor" : roundTrip > 0.3 || loss > 0.02 ? "fair" : "good");

export function readStats(stats, before = { received: 0, lost: 0 }) {
  const now = { received: 0, lost: 0 };
  let roundTrip = 0;
  for (const one of stats.values()) {
    if (one.type === "candidate-pair" && one.nominated && one.state === "succeeded") roundTrip = Math.max(roundTrip, one.currentRoundTripTime ?? 0);
    if (one.type !== "inbound-rtp") continue;
    now.received += one.packetsReceived ?? 0;
    now.lost += one.packetsLost ?? 0;
  }
  const lost = Math.max(0, now.lost - before.lost);
  const all = lost + Math.max(0, now.received - before.received);
  return { counts: now, roundTrip, loss: all > 0 ? lost / all : 0 };
}

// Calls `show(level, {roundTrip, loss})` while the peer is connected; the answer ends it.
export function watchQuality(peer, show) {
  let counts;
  let over = false;
  const timer = setInterval(async () => {
    if (peer.connectionState !== "connected") return;
    const stats = await peer.getStats().catch(() => null);
    if (!stats || over) return;
    const seen = readStats(stats, counts);
    counts = seen.counts;
    show(levelOf(seen), seen);
  }, every);
  return () => {
    over = true;
    clearInterval(timer);
  };
}

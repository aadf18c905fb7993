// The built-in room through TURN servers: Debian's coturn in networks of the test's own, with the credentials that Stagedoor makes. What
// happens when a server loses its memory, and when the network that a call goes through is gone and another one is there.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Stagedoor } from '../blackbox/support/stagedoor.mjs';
import { launch, moves, picture } from './support/browser.mjs';
import { Network, noNetworkBecause } from './support/network.mjs';
import { close, House, says } from './support/room.mjs';
import { TurnServer } from './support/turn.mjs';

const skip = noNetworkBecause() ?? false;
const secret = 'nL4tX8wQ2pH6vM9b-turn';
// Two ways into the world, as a telephone has them; each with a TURN server. One is there at a time.
let networks = [], servers = [], browser, door, house;
before(async () => {
  if (skip) return;
  for (let i = 0; i < 2; ++i) networks.push(await Network.start());
  for (const network of networks) servers.push(await TurnServer.start({ network, secret }));
  networks[1].down();
  const ice = servers.map((one) => `"${one.url}"`).join(', ');
  [browser, door] = await Promise.all([
    launch(), Stagedoor.start({ top: 'default_provider = "builtin"', providers: `[providers.builtin]\ntype = "builtin"\nice_servers = [${ice}]\nturn_secret = "${secret}"\n` }),
  ]);
  house = new House(door, browser);
});
after(async () => {
  await browser?.close();
  await door?.stop();
  for (const one of [...servers, ...networks]) await one.stop();
});

// As behind a firewall that lets nothing but TURN through.
const relayOnly = (page) => page.addInitScript(() => {
  globalThis.peers = [];
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(how) {
      super({ ...how, iceTransportPolicy: 'relay' });
      globalThis.peers.push(this);
    }
    setConfiguration(how) {
      super.setConfiguration({ ...how, iceTransportPolicy: 'relay' });
    }
  };
});
const meet = () => house.meet({ expert: { prepare: relayOnly }, client: { prepare: relayOnly } });
const both = ({ expert, client }, what) => Promise.all([what(expert.page), what(client.page)]);
const seeEachOther = (call) => both(call, (page) => moves(page, '#theirs', { timeout: 60_000 }));

// Both ends of the way that is in use, as [type, address].
const way = (page) => page.evaluate(async () => {
  const all = await globalThis.peers.at(-1).getStats();
  const { selectedCandidatePairId } = [...all.values()].find((one) => one.type === 'transport');
  const pair = all.get(selectedCandidatePairId);
  return [pair.localCandidateId, pair.remoteCandidateId].map((id) => all.get(id)).map((one) => [one.candidateType, one.address]);
});
async function goesThrough(call, network) {
  for (const ends of await both(call, way)) assert.deepEqual(ends, [['relay', network.inside], ['relay', network.inside]]);
}

test('a call goes through the TURN server where there is no other way, and both see each other', { skip, timeout: 90_000 }, async () => {
  const call = await meet();
  await goesThrough(call, networks[0]);
  for (const user of ['expert-1', 'client-1']) assert.match(servers[0].log, new RegExp(`user <\\d{10}:${user}>`), 'each has a name of their own, with its end');
  assert.deepEqual([...call.expert.said, ...call.client.said], []);
  await close(call.expert, call.client);
});

test('a TURN server that has forgotten everybody is asked anew, and the call goes on', { skip, timeout: 120_000 }, async () => {
  const call = await meet();
  await servers[0].kill();
  await both(call, (page) => says(page, 'The connection is interrupted'));
  await picture(call.client.page, 'room-interrupted');
  await servers[0].begin();
  await seeEachOther(call);
  await goesThrough(call, networks[0]);
  await both(call, (page) => page.waitForFunction(() => document.getElementById('says').textContent === ''));
  assert.deepEqual(await both(call, (page) => page.evaluate(() => globalThis.peers.length)), [1, 1], 'it is the same call');
  await close(call.expert, call.client);
});

test('when the network of a call is gone and there is another one, the call goes on through that', { skip, timeout: 120_000 }, async () => {
  const call = await meet();
  await goesThrough(call, networks[0]);
  networks[1].up();
  networks[0].down();
  try {
    await both(call, (page) => page.waitForFunction(() => document.body.dataset.connection !== 'connected', null, { timeout: 30_000 }));
    const since = Date.now();
    await seeEachOther(call);
    assert.ok(Date.now() - since < 12_000, `${Date.now() - since} ms: the two have not got in each other's way`);
    await goesThrough(call, networks[1]);
    assert.deepEqual(await both(call, (page) => page.evaluate(() => globalThis.peers.length)), [1, 1], 'it is the same call');
  } finally {
    networks[0].up();
    networks[1].down();
  }
  await close(call.expert, call.client);
});

test('a browser that says it is online again looks for a new way at once', { skip, timeout: 90_000 }, async () => {
  const call = await meet();
  const fragment = () => call.client.page.evaluate(() => /a=ice-ufrag:(\S+)/.exec(globalThis.peers[0].localDescription.sdp)[1]);
  const before = await fragment();
  await call.client.context.setOffline(true);
  await call.client.context.setOffline(false);
  for (const end = Date.now() + 20_000; (await fragment()) === before; await call.client.page.waitForTimeout(100)) assert.ok(Date.now() < end, 'the way is still the old one');
  await seeEachOther(call);
  assert.deepEqual(await both(call, (page) => page.evaluate(() => globalThis.peers.length)), [1, 1], 'it is the same call');
  await close(call.expert, call.client);
});

test('credentials whose time is over, or that somebody has made longer, open nothing', { skip, timeout: 60_000 }, async () => {
  const { page, context } = await house.enter(await house.booked(), 'expert', { prepare: relayOnly });
  const hello = await page.evaluate(async () => {
    const events = await fetch(`${location.pathname}/events?page=${'x'.repeat(20)}`, { headers: { authorization: `Bearer ${history.state.token}`, accept: 'text/event-stream' } });
    const { value } = await events.body.pipeThrough(new TextDecoderStream()).getReader().read();
    return JSON.parse(/data: (.*)/.exec(value)[1]);
  });
  const turn = hello.iceServers.find((one) => one.username);
  const [ends, user] = turn.username.split(':');
  assert.equal(Number(ends), Date.parse(hello.closesAt) / 1000, 'they live as long as the room is open');
  const credential = (username) => ({ username, credential: createHmac('sha1', secret).update(username).digest('base64') });
  assert.equal(turn.credential, credential(turn.username).credential);

  const now = Math.floor(Date.now() / 1000);
  const tries = [turn, credential(`${now - 60}:${user}`), { ...turn, username: `${Number(ends) + 3600}:${user}` }, credential(`${now + 60}:${user}`)];
  const found = await page.evaluate(([tries, urls]) => Promise.all(tries.map(async ({ username, credential }) => {
    const peer = new RTCPeerConnection({ iceServers: [{ urls, username, credential }] });
    const answer = new Promise((done) => {
      peer.onicecandidate = ({ candidate }) => candidate?.type === 'relay' && done('relayed');
      // Other errors say that there is no way from some other interface of this machine.
      peer.onicecandidateerror = ({ errorCode, errorText }) => errorCode === 401 && done(`${errorCode} ${errorText}`);
    });
    peer.createDataChannel('x');
    await peer.setLocalDescription();
    const what = await answer;
    peer.close();
    return what;
  })), [tries, servers[0].url]);
  assert.deepEqual(found, ['relayed', '401 Unauthorized.', '401 Unauthorized.', 'relayed']);
  await context.close();
});

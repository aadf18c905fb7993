// Reports of vendors end to end: what is forged or stale moves nothing, what comes twice or late moves nothing twice, and an end does not close
// the door. Zoom's own receiver is asked first whether it would take what we send.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { AwsLambdaReceiver } from '@zoom/rivet/meetings';
import { FakeBigBlueButton, bbbWebhook, endOf } from './support/fake_bigbluebutton.mjs';
import { FakeMicrosoftTeams } from './support/fake_microsoft_teams.mjs';
import { FakeWhereby } from './support/fake_whereby.mjs';
import { FakeZoom } from './support/fake_zoom.mjs';
import { Stagedoor, randomRoom, rfc3339 } from './support/stagedoor.mjs';
import { follow } from './support/vendor_failures.mjs';

const zoomHook = 'zoom-webhook-secret-token';
const wherebyHook = 'whereby-webhook-secret';
const teamsState = 'the clientState of our subscriptions';
const hex = (secret, text) => createHmac('sha256', secret).update(text).digest('hex');
const json = (body, headers) => ({ method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } });
const soon = () => ({ startsAt: rfc3339(Date.now() + 600_000), endsAt: rfc3339(Date.now() + 4_200_000) });

const fakes = {};
let door;
before(async () => {
  Object.assign(fakes, { zoom: await FakeZoom.start(), whereby: await FakeWhereby.start(), teams: await FakeMicrosoftTeams.start(), bbb: await FakeBigBlueButton.start() });
  door = await Stagedoor.start({
    top: 'default_provider = "zoom"',
    providers: `${fakes.zoom.configuration}webhook_secret = "${zoomHook}"\n${fakes.whereby.configuration}webhook_secret = "${wherebyHook}"\n${fakes.teams.configuration}webhook_secret = "${teamsState}"\n${fakes.bbb.configuration}`,
    extra: '[rooms]\nprepare_before = "0s"\n',
  });
});
after(async () => {
  await door?.stop();
  for (const fake of Object.values(fakes)) await fake.stop();
});

function signedByZoom(event, { at = Math.floor(Date.now() / 1000), secret = zoomHook } = {}) {
  const body = JSON.stringify(event);
  return json(event, { 'x-zm-request-timestamp': String(at), 'x-zm-signature': `v0=${hex(secret, `v0:${at}:${body}`)}` });
}

// How each vendor reports of the room that was made last: `tell(begins, at in ms)` gives the event, `sign(event, how)` the request.
const vendors = {
  zoom: {
    made: () => [...fakes.zoom.meetings.keys()].at(-1),
    tell: (id, begins, at) => ({ event: begins ? 'meeting.started' : 'meeting.ended', event_ts: at, payload: { account_id: 'a', object: { id: String(id), uuid: '4444A==', type: 2 } } }),
    sign: (event, how = {}) => signedByZoom(event, how),
    other: () => ({ event: 'meeting.updated', event_ts: Date.now(), payload: { object: { id: 93_123_456_789 } } }),
  },
  whereby: {
    made: () => [...fakes.whereby.meetings.keys()].at(-1),
    tell: (id, begins, at) => ({ id: `e-${at}`, apiVersion: '1.0', createdAt: new Date(at).toISOString(), type: begins ? 'room.session.started' : 'room.session.ended', data: { meetingId: id, roomName: '/x', subdomain: 'acme' } }),
    sign: (event, { at = Math.floor(Date.now() / 1000), secret = wherebyHook } = {}) => json(event, { 'whereby-signature': `t=${at},v1=${hex(secret, `${at}.${JSON.stringify(event)}`)}` }),
    other: () => ({ id: 'e', createdAt: new Date().toISOString(), type: 'room.client.knocked', data: { meetingId: '1' } }),
  },
  bbb: {
    made: () => [...fakes.bbb.meetings.keys()].at(-1),
    tell: (id, begins, at) => ({ data: { type: 'event', id: begins ? 'user-joined' : 'meeting-ended', attributes: { meeting: { 'internal-meeting-id': 'int-1', 'external-meeting-id': id } }, event: { ts: at } } }),
    sign: (event, { at, ...how } = {}) => bbbWebhook(`${door.base}/webhooks/bbb`, event, { ...how, ...(at ? { at: at * 1000 } : {}) }),
    other: () => ({ data: { type: 'event', id: 'user-left', attributes: {}, event: { ts: Date.now() } } }),
  },
};

for (const [name, vendor] of Object.entries(vendors)) {
  test(`${name}: reports move the call in the vendor's order, and no others do`, async () => {
    const room = randomRoom();
    await door.book(room, { ...soon(), provider: name });
    await follow(door, room);
    const id = vendor.made();
    const send = ({ query = '', ...request }) => door.api(`/webhooks/${name}${query}`, request);
    const call = async () => (await door.service('GET', `/api/bookings/${room}`)).json.call;
    const now = Math.floor(Date.now() / 1000) * 1000;
    const start = vendor.tell(id, true, now), end = vendor.tell(id, false, now + 30_000);

    // Forged and stale.
    const refused = [
      vendor.sign(start, { secret: 'not the secret of this vendor' }),
      vendor.sign(start, { at: now / 1000 - 400 }),
      vendor.sign(start, { at: now / 1000 + 400 }),
      { ...vendor.sign(start), body: vendor.sign(start).body + ' ' },
      { ...vendor.sign(start), headers: {}, query: '' },
    ];
    for (const request of refused) {
      const answer = await send(request);
      assert.equal(answer.status, 401, answer.text);
      assert.equal(await call(), undefined);
    }

    // Late, then in order, then again.
    assert.equal((await send(vendor.sign(end))).status, 200);
    assert.equal((await call()).state, 'ended');
    assert.equal((await send(vendor.sign(start))).status, 200);
    const settled = await call();
    assert.deepEqual(settled, { state: 'ended', startedAt: rfc3339(now), endedAt: rfc3339(now + 30_000) });
    for (const again of [end, start, end]) assert.equal((await send(vendor.sign(again))).status, 200);
    assert.deepEqual(await call(), settled);
    // A second call in the same room.
    assert.equal((await send(vendor.sign(vendor.tell(id, true, now + 60_000)))).status, 200);
    assert.equal((await call()).state, 'live');

    // Of no interest, of somebody else's room, and no sense.
    assert.equal((await send(vendor.sign(vendor.other()))).status, 200);
    assert.equal((await send(vendor.sign(vendor.tell('99999999999', false, now + 90_000)))).status, 200);
    assert.equal((await call()).state, 'live');
    assert.equal((await door.service('GET', `/api/bookings/${room}`)).json.state, 'scheduled');
    // The end of a call does not lock its people out.
    assert.equal((await send(vendor.sign(vendor.tell(id, false, now + 120_000)))).status, 200);
    assert.equal((await door.join(room)).status, 200);
  });
}

test('Zoom learns that we know the secret, as its own receiver would tell it', async () => {
  const asked = { event: 'endpoint.url_validation', event_ts: Date.now(), payload: { plainToken: 'qgg8vlvZRS6UYooatFL8Aw' } };
  const receiver = new AwsLambdaReceiver({ webhooksSecretToken: zoomHook });
  const rivet = receiver.start();
  const debug = console.debug;
  console.debug = () => {};
  try {
    for (const event of [asked, vendors.zoom.tell('93123456789', true, Date.now())]) {
      const request = signedByZoom(event);
      assert.equal((await rivet({ body: request.body, headers: request.headers, isBase64Encoded: false }, {})).statusCode, 200);
      assert.equal((await door.api('/webhooks/zoom', request)).status, 200);
      const forged = signedByZoom(event, { secret: 'another' });
      assert.equal((await rivet({ body: forged.body, headers: forged.headers, isBase64Encoded: false }, {})).statusCode, 400);
      assert.equal((await door.api('/webhooks/zoom', forged)).status, 401);
    }
    const request = signedByZoom(asked);
    const theirs = await rivet({ body: request.body, headers: request.headers, isBase64Encoded: false }, {});
    const ours = await door.api('/webhooks/zoom', request);
    assert.deepEqual(ours.json, JSON.parse(theirs.body));
    assert.match(ours.headers.get('content-type'), /^application\/json/);
  } finally {
    console.debug = debug;
  }
});

test('BigBlueButton calls the address that it was given when a meeting is over', async () => {
  const room = randomRoom();
  await door.book(room, { ...soon(), provider: 'bbb' });
  await follow(door, room);
  const [id, meeting] = [...fakes.bbb.meetings].at(-1);
  const address = new URL(meeting.query.get('meta_endCallbackUrl'));
  assert.equal(address.origin + address.pathname, `${door.base}/webhooks/bbb`);
  assert.equal(address.search.slice(1), endOf(id, Number(address.searchParams.get('closes'))));
  const call = async () => (await door.service('GET', `/api/bookings/${room}`)).json.call;
  const get = (search) => door.api(address.pathname + search);
  assert.equal((await get(address.search.replace(/signature=../, 'signature=00'))).status, 401);
  assert.equal((await get(address.search.replace(id, 'sd-' + '0'.repeat(40)))).status, 401);
  assert.equal((await get('?' + endOf(id, Math.floor(Date.now() / 1000) - 90_000))).status, 401, 'of a meeting long over');
  assert.equal(await call(), undefined);
  assert.equal((await get(address.search + '&recordingmarks=false')).status, 200);
  const ended = await call();
  assert.equal(ended.state, 'ended');
  assert.equal((await get(address.search + '&recordingmarks=false')).status, 200);
  assert.deepEqual(await call(), ended);
});

test('Microsoft Graph reads its validation token again, decoded and as plain text', async () => {
  const token = 'Validation: Testing client application <script>&+é';
  const query = new URLSearchParams({ validationToken: token });
  const answer = await door.api(`/webhooks/teams?${query}`, { method: 'POST', headers: { 'content-type': 'text/plain; charset=utf-8' } });
  assert.equal(answer.status, 200);
  assert.equal(answer.text, token);
  assert.match(answer.headers.get('content-type'), /^text\/plain/);
  assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
  for (const bad of ['', 'a%0d%0ab', 'a&validationToken=b', 'a'.repeat(1025)])
    assert.equal((await door.api(`/webhooks/teams?validationToken=${bad}`, { method: 'POST' })).status, 400, bad);
});

test('notifications of Microsoft Graph need our clientState in every entry, and move nothing', async () => {
  const room = randomRoom();
  await door.book(room, { ...soon(), provider: 'teams' });
  await follow(door, room);
  const entry = (clientState) => ({ subscriptionId: 's', changeType: 'updated', clientState, encryptedContent: { data: 'AA==', dataKey: 'AA==', dataSignature: 'AA==' } });
  const send = async (request) => (await door.api('/webhooks/teams', request)).status;
  const value = (...states) => json({ value: states.map(entry) });
  const before = (await door.metrics()).match(/webhooks_total\{[^}]*provider="teams"[^}]*"ignored"[^}]*\} (\d+)/)?.[1] ?? 0;
  assert.equal(await send(value(teamsState)), 200);
  assert.equal(await send(value(teamsState, teamsState)), 200);
  assert.equal(await send(value('another')), 401);
  assert.equal(await send(value(teamsState, 'another')), 401);
  assert.equal(await send(value(undefined, teamsState)), 401);
  for (const body of ['', '{', '\xff\0', '[]', '{"value":[]}']) assert.equal(await send({ method: 'POST', body }), 400, body);
  assert.equal(await send({ method: 'POST', body: 'x'.repeat(70_000) }), 413);
  assert.equal((await door.service('GET', `/api/bookings/${room}`)).json.call, undefined);
  const after = (await door.metrics()).match(/webhooks_total\{[^}]*provider="teams"[^}]*"ignored"[^}]*\} (\d+)/)?.[1];
  assert.equal(Number(after) - Number(before), 2);
});

test('a vendor without a secret for its reports is believed nothing', async () => {
  const deaf = await Stagedoor.start({ providers: fakes.zoom.configuration + fakes.whereby.configuration + fakes.teams.configuration, top: 'default_provider = "zoom"' });
  try {
    assert.equal((await deaf.api('/webhooks/zoom', signedByZoom(vendors.zoom.tell('93123456789', true, Date.now())))).status, 404);
    assert.equal((await deaf.api('/webhooks/whereby', vendors.whereby.sign(vendors.whereby.other()))).status, 404);
    assert.equal((await deaf.api('/webhooks/teams?validationToken=a', { method: 'POST' })).status, 404);
  } finally {
    await deaf.stop();
  }
});

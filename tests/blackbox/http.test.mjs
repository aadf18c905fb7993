// HTTP/1.1 to the letter: what is ambiguous is refused and the connection ends; what is legal works.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { exchange } from './support/raw.mjs';
import { Stagedoor, booking, serviceKey, session } from './support/stagedoor.mjs';

let door;
before(async () => {
  door = await Stagedoor.start({ extra: '[http]\nhead = "1s"\nbody = "1s"\nidle = "2s"\n' });
  await door.book('talk');
});
after(() => door?.stop());

const get = (more = '', path = '/nothing') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
const put = (more, body) => `PUT /api/bookings/raw HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${serviceKey}\r\nContent-Type: application/json\r\n${more}\r\n${body}`;
const json = JSON.stringify(booking());
const smuggled = get('', '/smuggled');

// Each is answered with one status and then silence: the bytes behind it are never a request.
const refused = {
  'a bare LF after the request line': [400, `GET / HTTP/1.1\nHost: x\r\n\r\n`],
  'a bare LF between fields': [400, `GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n`],
  'a bare LF as the last line': [400, `GET / HTTP/1.1\r\nHost: x\r\n\n`],
  'a CR that no LF follows': [400, `GET / HTTP/1.1\r\nHost: x\r\nA: b\rTransfer-Encoding: chunked\r\n\r\n`],
  'a NUL': [400, `GET / HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n`],
  'a folded line': [400, `GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n Content-Length: 5\r\n\r\n`],
  'an empty field name': [400, `GET / HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n`],
  'a space before the colon': [400, `GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n`],
  'a space in a name': [400, `GET / HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n`],
  'two spaces after the method': [400, `GET  / HTTP/1.1\r\nHost: x\r\n\r\n`],
  'a tab in the request line': [400, `GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n`],
  'HTTP/0.9': [400, `GET /\r\n\r\n`],
  'HTTP/2.0': [505, `GET / HTTP/2.0\r\nHost: x\r\n\r\n`],
  'another protocol': [400, `GET / RTSP/1.0\r\nHost: x\r\n\r\n`],
  'a fragment': [400, `GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n`],
  'raw 0x80 in the target': [400, `GET /\x80 HTTP/1.1\r\nHost: x\r\n\r\n`],
  'a brace in the target': [400, `GET /{a} HTTP/1.1\r\nHost: x\r\n\r\n`],
  'no Host': [400, `GET / HTTP/1.1\r\n\r\n`],
  'two Hosts': [400, `GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n`],
  'a Host with a path': [400, `GET / HTTP/1.1\r\nHost: x/y\r\n\r\n`],
  'a Host with a port beyond 65535': [400, `GET / HTTP/1.1\r\nHost: x:65536\r\n\r\n`],
  'Content-Length and Transfer-Encoding': [400, put('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')],
  'two Content-Lengths': [400, put('Content-Length: 5\r\nContent-Length: 5\r\n', '12345')],
  'a list of Content-Lengths': [400, put('Content-Length: 5, 5\r\n', '12345')],
  'a signed Content-Length': [400, put('Content-Length: +5\r\n', '12345')],
  'an empty Content-Length': [400, put('Content-Length:\r\n', '')],
  'an overflowing Content-Length': [400, put('Content-Length: 99999999999999999999\r\n', '')],
  'an empty Transfer-Encoding': [400, put('Transfer-Encoding:\r\nContent-Length: 5\r\n', '12345')],
  'gzip, chunked': [501, put('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n')],
  'identity': [501, put('Transfer-Encoding: identity\r\n', '')],
  'chunked twice': [400, put('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')],
  'chunked in HTTP/1.0': [400, `PUT /api/bookings/raw HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  'a chunk size with 0x': [400, put('Transfer-Encoding: chunked\r\n', '0x5\r\n12345\r\n0\r\n\r\n')],
  'a chunk ended by a bare LF': [400, put('Transfer-Encoding: chunked\r\n', '5\n12345\r\n0\r\n\r\n')],
  'a chunk without its CRLF': [400, put('Transfer-Encoding: chunked\r\n', '5\r\n12345XX0\r\n\r\n')],
  'an expectation we do not know': [417, put('Content-Length: 5\r\nExpect: 200-ok\r\n', '12345')],
  'CONNECT': [405, `CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n`],
  'a target of 70,000 octets': [414, `GET /${'a'.repeat(70_000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
  'a head of 70,000 octets': [431, `GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(70_000)}\r\n\r\n`],
  '101 fields': [431, `GET / HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(101)}\r\n`],
  'a body that is too large': [413, put('Content-Length: 99999999\r\n', 'x')],
};

test('what is ambiguous is refused, answered, and ends the connection', async (t) => {
  for (const [name, [status, bytes]] of Object.entries(refused))
    await t.test(name, async () => {
      const got = await exchange(door.port, bytes + smuggled);
      const allowed = name === 'CONNECT' ? [405, 501] : [status];
      assert.ok(allowed.includes(got.statuses[0]), got.text.slice(0, 300));
      assert.equal(got.statuses.length, 1, got.text);
      assert.ok(got.closed && !got.reset, 'closed without a reset');
      assert.match(got.text, /application\/problem\+json/);
    });
});

test('an oversized chunked body is refused before all of it is read', async () => {
  // More than a body may have, less than the server hears out afterwards; the last chunk never comes.
  const got = await exchange(door.port, [put('Transfer-Encoding: chunked\r\n', ''), ...Array.from({ length: 6 }, () => `4000\r\n${'x'.repeat(0x4000)}\r\n`)]);
  assert.deepEqual(got.statuses, [413]);
  assert.ok(got.closed && !got.reset, 'closed without a reset');
});

test('who goes on sending after a refusal is cut off', async () => {
  const got = await exchange(door.port, [put('Transfer-Encoding: chunked\r\n', ''), ...Array.from({ length: 400 }, () => `4000\r\n${'x'.repeat(0x4000)}\r\n`)], { pause: 5, within: 4_000 });
  assert.ok(got.closed);
  assert.ok(got.statuses.length <= 1);
});

test('what is legal works', async () => {
  const two = await exchange(door.port, get() + get('Connection: close\r\n'));
  assert.deepEqual(two.statuses, [404, 404]);
  const tab = await exchange(door.port, get('Connection:\tclose\t\r\n') + smuggled);
  assert.deepEqual(tab.statuses, [404]);
  const old = await exchange(door.port, `GET /nothing HTTP/1.0\r\n\r\n`);
  assert.deepEqual(old.statuses, [404]);
  assert.ok(old.closed);
  const kept = await exchange(door.port, `GET /nothing HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /nothing HTTP/1.0\r\n\r\n`);
  assert.deepEqual(kept.statuses, [404, 404]);
  const absolute = await exchange(door.port, `GET http://other/nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  assert.deepEqual(absolute.statuses, [404]);
  const options = await exchange(door.port, `OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  assert.ok([200, 204].includes(options.statuses[0]), options.text);
  const upgrade = await exchange(door.port, get('Connection: Upgrade\r\nUpgrade: websocket\r\n') + get('Connection: close\r\n'));
  assert.deepEqual(upgrade.statuses, [404, 404]);
  const chunked = await exchange(door.port, put('Transfer-Encoding: chunked\r\nConnection: close\r\n', [...json].map((c) => `1;x="y"\r\n${c}\r\n`).join('') + '0\r\nTrailer: x\r\n\r\n'));
  assert.ok([200, 201, 400].includes(chunked.statuses[0]), chunked.text);
  const long = await exchange(door.port, get('Connection: close\r\n', '/' + 'a'.repeat(7_990)));
  assert.deepEqual(long.statuses, [404]);
});

test('byte by byte is the same as at once', async () => {
  const got = await exchange(door.port, [...get('Connection: close\r\n')], { pause: 1 });
  assert.deepEqual(got.statuses, [404]);
});

test('100-continue comes only when the body will be read', async () => {
  const head = put(`Content-Length: ${json.length}\r\nExpect: 100-continue\r\nConnection: close\r\n`, '');
  const good = await exchange(door.port, [head, json], { pause: 100 });
  assert.equal(good.statuses[0], 100);
  assert.ok([200, 201].includes(good.statuses[1]), good.text);
  const refused = await exchange(door.port, put('Content-Length: 5\r\nExpect: 100-continue\r\n', '').replace(serviceKey, 'wrong'), { within: 1_500 });
  assert.ok(!refused.statuses.includes(100) || refused.statuses.at(-1) === 401, refused.text);
});

test('an early answer leaves no body bytes behind as a request', async () => {
  const body = smuggled.repeat(10);
  const got = await exchange(door.port, `POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}${get('Connection: close\r\n')}`);
  assert.equal(got.statuses[0], 404);
  assert.ok(got.statuses.length <= 2, got.text);
});

test('slow and silent clients are sent away in time', async () => {
  const head = await exchange(door.port, ['GET / HTTP/1.1\r\n', ...Array.from({ length: 40 }, () => 'A: b\r\n')], { pause: 100, within: 4_000 });
  assert.ok(head.closed);
  assert.ok([undefined, 408].includes(head.statuses[0]), head.text);
  const began = Date.now();
  const body = await exchange(door.port, put('Content-Length: 500\r\n', 'x'), { within: 6_000 });
  assert.ok(body.closed && Date.now() - began < 4_500);
  assert.deepEqual(body.statuses, [408]);
  const silent = await exchange(door.port, [], { within: 6_000 });
  assert.ok(silent.closed);
  assert.equal(silent.text, '');
});

test('descriptors and memory come back after all of this', async () => {
  const settle = async () => {
    for (let i = 0; i < 100; ++i) {
      const before = door.openFiles();
      await new Promise((done) => setTimeout(done, 50));
      if (door.openFiles() === before && i > 45) break;
    }
  };
  const round = () => Promise.all(Array.from({ length: 300 }, (_, i) => exchange(door.port, i % 3 ? get('Connection: close\r\n') : 'GET / HTTP/1.1\r\nA', { end: true, within: 5_000 })));
  await round();
  await settle();
  const [files, memory] = [door.openFiles(), door.residentBytes()];
  for (let i = 0; i < 3; ++i) await round();
  await settle();
  assert.ok(door.openFiles() <= files + 2, `${files} -> ${door.openFiles()} descriptors`);
  assert.ok(door.residentBytes() < memory + 8e6, `${memory} -> ${door.residentBytes()} bytes`);
});

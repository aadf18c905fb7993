// Who means harm, or is only broken: nobody else notices, and everything comes back afterwards.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { Fake100ms, provider } from './support/fake_100ms.mjs';
import { exchange } from './support/raw.mjs';
import { Stagedoor, configuration, randomRoom, rfc3339, serviceKey, session } from './support/stagedoor.mjs';

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const soon = async (what, within = 15_000) => {
  for (const until = Date.now() + within; Date.now() < until; await pause(50)) if (await what()) return true;
  return false;
};

// A socket that is connected; closed by the test. `closed` tells whether the server has ended it.
function open(port, bytes = '') {
  return new Promise((done, failed) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.text = '';
    socket.once('connect', () => (socket.write(bytes), done(socket))).once('error', failed);
    socket.on('data', (data) => (socket.text += data.toString('latin1')));
    socket.on('error', () => {}).on('close', () => (socket.gone = true));
  });
}
const get = (path, more = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
const p95 = (times) => times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.95)];

test('malformed, cut and abandoned requests leave neither memory nor descriptors behind', async () => {
  const door = await Stagedoor.start({ extra: '[http]\nhead = "1s"\nbody = "1s"\nidle = "2s"\ndrain = "200ms"\n' });
  try {
    const put = (more, body) => `PUT /api/bookings/raw HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${serviceKey}\r\nContent-Type: application/json\r\n${more}\r\n${body}`;
    const bad = [
      ['\0\x01\x02'.repeat(100), true], ['GET / HTTP/1.1\nHost: x\n\n', true], [get('/' + 'a'.repeat(20_000)), true], [get('/', 'A: b\r\n'.repeat(200)), true],
      ['GET / HT', true], [put('Content-Length: 50\r\n', '{'), true], [put('Transfer-Encoding: chunked\r\n', '5\r\nab'), true], [put('Transfer-Encoding: chunked\r\n', 'zz\r\n'), true],
      [put('Content-Length: 99999999\r\n', 'x'), true], ['PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n' + get('/'), true], ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', true], [get('/openapi.json').repeat(50), false],
    ];
    const round = async () => {
      for (let i = 0; i < 480; i += 60)
        await Promise.all(Array.from({ length: 60 }, async (_, k) => {
          const [bytes, cut] = bad[(i + k) % bad.length];
          const socket = await open(door.port, Buffer.from(bytes, 'latin1'));
          if (k % 3 === 0) return socket.resetAndDestroy();
          if (cut && k % 3 === 1) socket.end();
          await pause(20);
          socket.destroy();
        }));
    };
    const rest = door.openFiles();
    // Buffers and the allocator's own stock grow until they have seen the most that is needed at once. Then it stays:
    // four rounds are 1,920 requests, so that half a megabyte would be 270 bytes lost for each.
    const sizes = [door.residentBytes()];
    const grown = () => sizes.at(-1) - sizes.at(-2);
    do {
      for (let i = 0; i < 4; ++i) await round();
      sizes.push(door.residentBytes());
    } while (grown() > 5e5 && sizes.length < 12);
    assert.ok(grown() <= 5e5, `resident: ${sizes.join(' -> ')} bytes`);
    assert.ok(await soon(() => door.openFiles() <= rest + 2), `${rest} -> ${door.openFiles()} descriptors`);
    assert.equal((await door.api('/nothing')).status, 404);
    assert.match(await door.metrics(), /net_connection_surprises_total 0/);
  } finally {
    await door.stop();
  }
});

test('two thousand idle connections are cheap, and those beyond the limit are turned away', async (t) => {
  const door = await Stagedoor.start({ toml: (o) => configuration(o).replace('threads = 2', 'threads = 2\nconnections_max = 2100') });
  const sockets = [];
  try {
    await door.api('/nothing');
    const [files, memory] = [door.openFiles(), door.residentBytes()];
    const more = async (count) => {
      for (let i = 0; i < count; i += 100) sockets.push(...(await Promise.all(Array.from({ length: 100 }, () => open(door.port, get('/nothing'))))));
    };
    await more(2_000);
    assert.ok(await soon(() => sockets.every((one) => one.text.includes('404'))), 'each had its answer');
    const each = Math.round((door.residentBytes() - memory) / 2_000);
    t.diagnostic(`an idle connection costs ${each} bytes of resident memory`);
    assert.ok(each < 8_192, `${each} bytes per idle connection`);
    assert.ok(sockets.every((one) => !one.gone));
    await more(300);
    assert.ok(await soon(() => sockets.filter((one) => one.gone).length >= 195), 'the total has a limit');
    assert.ok(sockets.slice(0, 2_000).every((one) => !one.gone), 'who was there first stays');
    assert.match(await door.metrics(), /net_connections_rejected_total\{reason="total"\} [1-9]/);
    for (const one of sockets) one.destroy();
    assert.ok(await soon(() => door.openFiles() <= files + 2), `${files} -> ${door.openFiles()} descriptors`);
    assert.equal((await door.api('/nothing')).status, 404);
  } finally {
    for (const one of sockets) one.destroy();
    await door.stop();
  }
});

// Loopback itself is exempt; addresses behind the PROXY protocol are not.
test('one address has a limit of its own, which others do not feel', async () => {
  const door = await Stagedoor.start({
    toml: (o) => configuration(o).replace('threads = 2', 'threads = 2\nproxy_protocol = true\nconnections_per_client_max = 10'),
    extra: '[proxy]\ntrusted = ["127.0.0.1"]\n',
  });
  const from = (ip) => open(door.port, `PROXY TCP4 ${ip} 127.0.0.1 5000 80\r\n` + get('/nothing'));
  const sockets = [];
  try {
    for (let i = 0; i < 30; ++i) sockets.push(await from('203.0.113.7'));
    assert.ok(await soon(() => sockets.filter((one) => one.gone).length >= 20));
    assert.equal(sockets.filter((one) => !one.gone).length, 10);
    const other = await from('203.0.113.8');
    sockets.push(other);
    assert.ok(await soon(() => other.text.startsWith('HTTP/1.1 ')));
    sockets.filter((one) => !one.gone && one !== other)[0].destroy();
    assert.ok(await soon(async () => {
      const again = await from('203.0.113.7');
      sockets.push(again);
      return soon(() => again.text.startsWith('HTTP/1.1 '), 500);
    }), 'a place that is given back is free');
    assert.match(await door.metrics(), /net_connections_rejected_total\{reason="client"\} [1-9]/);
    const naked = await exchange(door.port, get('/nothing'));
    assert.deepEqual([naked.statuses, naked.closed], [[], true], 'without the header nobody is served');
  } finally {
    for (const one of sockets) one.destroy();
    await door.stop();
  }
});

test('who does not read a large answer is cut at the write deadline', async () => {
  const door = await Stagedoor.start({ extra: '[http]\nwrite = "700ms"\n' });
  try {
    const participants = Array.from({ length: 64 }, (_, i) => ({ userId: `${'u'.repeat(200)}${i}`, role: i % 2 ? 'expert' : 'client' }));
    for (let i = 0; i < 200; i += 20) await Promise.all(Array.from({ length: 20 }, (_, k) => door.book(`big-${i + k}`, { participants })));
    const files = door.openFiles();
    const ask = get('/api/bookings?limit=200', `Authorization: Bearer ${serviceKey}\r\n`);
    const page = await door.service('GET', '/api/bookings?limit=200');
    assert.ok(page.text.length > 2e6, `${page.text.length} bytes`);
    const accepted = async () => Number(/^net_connections_accepted_total (\d+)/m.exec(await door.metrics())[1]);
    const before = await accepted();
    const sockets = await Promise.all(Array.from({ length: 8 }, () => open(door.port)));
    for (const one of sockets) one.pause().write(ask.repeat(8));
    assert.ok(await soon(async () => (await accepted()) >= before + 8), 'they are there');
    assert.ok(await soon(() => door.openFiles() <= files + 2), `${files} -> ${door.openFiles()} descriptors`);
    for (const one of sockets) one.destroy();
  } finally {
    await door.stop();
  }
});

test('a client that vanishes from its event stream is noticed', async () => {
  const door = await Stagedoor.start();
  try {
    await door.book('later', { startsAt: rfc3339(Date.now() + 7.2e6), endsAt: rfc3339(Date.now() + 9e6) });
    const files = door.openFiles();
    const ask = get('/api/expert/videocall/url?roomId=later', `Authorization: Bearer ${session()}\r\nAccept: text/event-stream\r\n`);
    for (const leave of ['destroy', 'resetAndDestroy', 'destroy', 'resetAndDestroy']) {
      const sockets = await Promise.all(Array.from({ length: 6 }, () => open(door.port, ask)));
      assert.ok(await soon(() => sockets.every((one) => one.text.includes('waiting'))), sockets[0].text);
      assert.ok(door.openFiles() >= files + 6);
      for (const one of sockets) one[leave]();
      assert.ok(await soon(() => door.openFiles() <= files, 3_000), `${files} -> ${door.openFiles()} descriptors`);
    }
    // More than a user's share per shard in all: places are given back.
    const last = await open(door.port, ask);
    assert.ok(await soon(() => last.text.includes('waiting')), last.text);
    last.destroy();
  } finally {
    await door.stop();
  }
});

test('a provider that hangs for a hundred rooms slows no other room down', async (t) => {
  const fake = await Fake100ms.start();
  const door = await Stagedoor.start({ providers: provider(fake), extra: '[rooms]\nprepare_before = "0s"\n[join]\ntimeout = "3s"\n' });
  try {
    const later = { startsAt: rfc3339(Date.now() + 600_000), endsAt: rfc3339(Date.now() + 4e6) };
    const [warm, cold] = [Array.from({ length: 10 }, randomRoom), Array.from({ length: 100 }, randomRoom)];
    for (const room of [...warm, ...cold]) await door.book(room, later);
    for (const room of warm) assert.equal((await door.join(room)).status, 200);
    const measure = async () => {
      const times = [];
      for (let i = 0; i < 300; ++i) {
        const began = performance.now();
        const { status } = await door.join(warm[i % warm.length]);
        times.push(performance.now() - began);
        assert.equal(status, 200);
      }
      return p95(times);
    };
    await measure();
    const calm = await measure();
    fake.misbehave(() => {}, { times: 10_000 });
    const hanging = cold.map((room) => door.join(room));
    assert.ok(await soon(() => fake.count('POST', /rooms$/) >= 10 + 16), 'calls hang');
    const busy = await measure();
    t.diagnostic(`p95 of a warm join: ${calm.toFixed(2)} ms alone, ${busy.toFixed(2)} ms beside 100 rooms that hang`);
    assert.ok(busy < calm * 5 + 20, `${calm} -> ${busy} ms`);
    for (const { status, json } of await Promise.all(hanging)) assert.ok([503, 504].includes(status), JSON.stringify(json));
  } finally {
    await door.stop();
    await fake.stop();
  }
});

// Has far more written to the log than a pipe holds, while nobody reads it; ends with `act`, and reads again.
async function unheard(door, times, act) {
  const streams = [door.child.stdout, door.child.stderr];
  try {
    for (const one of streams) one.pause();
    const ask = get('/api/expert/videocall/url?roomId=x', `X-Request-Id: ${'r'.repeat(60)}\r\n`);
    for (let i = 0; i < times; ++i) {
      const got = await exchange(door.port, ask.repeat(199) + get('/nothing', 'Connection: close\r\n'));
      assert.equal(got.statuses.length, 200);
    }
    await act();
  } finally {
    for (const one of streams) one.resume();
    await door.stop();
  }
}

test('a log that nobody reads blocks nobody', async () => {
  const door = await Stagedoor.start({ extra: '[log]\nlevel = "debug"\nbuffer = 16384\n' });
  const began = Date.now();
  await unheard(door, 20, async () => {
    assert.ok(Date.now() - began < 10_000);
    assert.equal((await fetch(`${door.admin}/livez`)).status, 200);
    const metrics = await door.metrics();
    assert.ok(Number(metrics.match(/^log_lines_dropped_total (\d+)$/m)[1]) > 1000, 'what is lost is counted');
  });
  assert.equal((await door.ended).code, 0);
  assert.match(door.log, /log_lines_dropped/, 'what was lost is said as soon as somebody reads');
});

test('a log that nobody reads does not keep the server from ending', async () => {
  const door = await Stagedoor.start({ extra: '[log]\nbuffer = 16384\n' });
  await unheard(door, 10, async () => {
    const began = Date.now();
    door.child.kill('SIGTERM');
    const [code] = await once(door.child, 'exit');
    assert.equal(code, 0);
    assert.ok(Date.now() - began < 8_000, `${Date.now() - began} ms`);
  });
});

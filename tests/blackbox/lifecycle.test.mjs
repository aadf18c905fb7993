// Starting, draining, stopping, TLS: what an operator relies on.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as tlsConnect } from 'node:tls';
import { test } from 'node:test';
import { Fake100ms, provider } from './support/fake_100ms.mjs';
import { Stagedoor, configuration, randomRoom, rfc3339, session, sessionSecret } from './support/stagedoor.mjs';

const commandOf = (pid) => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // it has ended meanwhile
  }
};

test('SIGTERM: not ready at once, requests in flight finish, exit 0', async () => {
  const fake = await Fake100ms.start();
  const door = await Stagedoor.start({ providers: provider(fake), extra: '[rooms]\nprepare_before = "0s"\n[shutdown]\ndelay = "2s"\n' });
  const room = randomRoom();
  await door.book(room, { startsAt: rfc3339(Date.now() + 600_000), endsAt: rfc3339(Date.now() + 4_000_000) });
  fake.misbehave((request, response) => setTimeout(() => fake.create(fake.calls.at(-1).body, (status, value) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(value));
  }), 1_200));
  const slow = door.join(room);
  while (fake.calls.length === 0) await new Promise((done) => setTimeout(done, 10));
  door.child.kill('SIGTERM');
  await door.logged(/stopping/);
  assert.equal((await fetch(`${door.admin}/readyz`)).status, 503);
  assert.equal((await fetch(`${door.admin}/livez`)).status, 200);
  assert.equal((await door.api('/nothing')).status, 404, 'still answers during the delay');
  assert.equal((await slow).status, 200, 'what was in flight is finished');
  const { code, signal } = await door.ended;
  assert.deepEqual([code, signal], [0, null], door.log);
  await fake.stop();
  rmSync(door.folder, { recursive: true, force: true });
});

test('SIGTERM ends streams that only wait, at once and in good order', async () => {
  const door = await Stagedoor.start();
  const room = randomRoom();
  await door.book(room, { startsAt: rfc3339(Date.now() + 7_200_000), endsAt: rfc3339(Date.now() + 9_000_000) });
  const stream = await door.stream(room);
  await stream.until(/"state":"waiting"/);
  const began = Date.now();
  door.child.kill('SIGTERM');
  await stream.rest();
  const { code } = await door.ended;
  assert.equal(code, 0, door.log);
  assert.ok(Date.now() - began < 5_000, `${Date.now() - began} ms`);
  assert.ok(!stream.text.includes('event: problem'), stream.text);
  rmSync(door.folder, { recursive: true, force: true });
});

test('a second signal stops at once', async () => {
  const door = await Stagedoor.start({ extra: '[shutdown]\ndelay = "60s"\n' });
  door.child.kill('SIGTERM');
  await door.logged(/stopping/);
  const began = Date.now();
  await door.stop('SIGTERM');
  assert.ok(Date.now() - began < 10_000);
});

test('a reload that comes while the server starts does not end it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stagedoor-test-'));
  const secret = join(folder, 'secret');
  execFileSync('mkfifo', [secret]);
  // The start waits for the secret until somebody writes it.
  const toml = (options) => configuration(options).replace(`secret = "${sessionSecret}"`, `secret_file = "${secret}"`);
  const starting = Stagedoor.start({ toml, folder });
  const given = await open(secret, 'w');
  const pid = readdirSync('/proc').find((one) => /^\d+$/.test(one) && commandOf(one).includes(join(folder, 'stagedoor.toml')));
  process.kill(Number(pid), 'SIGHUP');
  await given.write(sessionSecret);
  await given.close();
  const door = await starting;
  await door.book('open');
  assert.equal((await door.join('open')).status, 200);
  assert.equal((await door.stop()).code, 0);
  rmSync(folder, { recursive: true, force: true });
});

test('a port that is taken is said plainly', async () => {
  const door = await Stagedoor.start();
  await assert.rejects(Stagedoor.start({ port: door.port }), /in use|Address already/i);
  await door.stop();
});

test('a unix socket serves, and is gone afterwards', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stagedoor-unix-'));
  const path = join(folder, 'door.sock');
  const door = await Stagedoor.start({ toml: (o) => configuration(o).replace(/listen = \["127/, `listen = ["unix:${path}", "127`) });
  await door.book('talk');
  const status = await new Promise((done, failed) =>
    httpRequest({ socketPath: path, path: '/api/expert/videocall/url?roomId=talk', headers: { authorization: `Bearer ${session()}` } }, (answer) => {
      answer.resume();
      done(answer.statusCode);
    }).on('error', failed).end());
  assert.equal(status, 200);
  await door.stop();
  assert.ok(!existsSync(path));
  rmSync(folder, { recursive: true, force: true });
});

test('TLS 1.2 and 1.3, ALPN, HSTS, and a certificate that is exchanged without a dropped connection', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stagedoor-tls-'));
  const make = (name) =>
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', `/CN=${name}`,
      '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')], { stdio: 'ignore' });
  make('first');
  const door = await Stagedoor.start({
    toml: (o) => configuration(o).replace('http://127', 'https://127') + `\n[tls]\ncertificate_file = "${folder}/cert.pem"\nkey_file = "${folder}/key.pem"\n`,
  });
  const options = (more = {}) => ({ port: door.port, host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false, ...more });
  const handshake = (more) => new Promise((done, failed) => {
    const socket = tlsConnect(options({ ALPNProtocols: ['http/1.1'], ...more }), () => {
      done({ protocol: socket.getProtocol(), alpn: socket.alpnProtocol, name: socket.getPeerCertificate().subject?.CN });
      socket.destroy();
    }).on('error', failed);
  });
  assert.deepEqual(await handshake({ minVersion: 'TLSv1.3' }), { protocol: 'TLSv1.3', alpn: 'http/1.1', name: 'first' });
  assert.equal((await handshake({ maxVersion: 'TLSv1.2' })).protocol, 'TLSv1.2');
  await assert.rejects(handshake({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }));
  await assert.rejects(handshake({ ALPNProtocols: ['h2'] }));
  const headers = await new Promise((done, failed) =>
    httpsRequest({ ...options(), path: '/nothing' }, (answer) => { answer.resume(); done(answer.headers); }).on('error', failed).end());
  assert.match(headers['strict-transport-security'], /max-age=\d{7,}/);
  const plain = await fetch(`http://127.0.0.1:${door.port}/`).then((a) => a.status, () => 'refused');
  assert.ok(plain === 'refused' || plain === 400);
  make('second');
  door.child.kill('SIGHUP');
  let name;
  for (let i = 0; i < 100 && name !== 'second'; ++i) {
    name = (await handshake({})).name;
    await new Promise((done) => setTimeout(done, 20));
  }
  assert.equal(name, 'second');
  const { code } = await door.stop();
  assert.equal(code, 0);
  rmSync(folder, { recursive: true, force: true });
});

test('one access line for each request, as JSON, with the request\'s id and without its query', async () => {
  const door = await Stagedoor.start();
  await door.book('talk');
  await door.join('talk', { query: '&userName=Somebody', headers: { 'x-request-id': 'find-me' } });
  await door.stop();
  const lines = door.log.split('\n').filter((line) => line.includes('find-me')).map((line) => JSON.parse(line));
  assert.equal(lines.length, 1, door.log);
  assert.equal(lines[0].status, 200);
  assert.ok(!door.log.includes('Somebody'));
});

test('metrics follow the conventions and name neither users nor rooms', async () => {
  const door = await Stagedoor.start();
  try {
    await door.book('secret-room');
    await door.join('secret-room');
    const text = await door.metrics();
    assert.match(text, /http_server_request_duration_seconds_count\{.*route="\/api\/expert\/videocall\/url".*\} 1/);
    assert.match(text, /join_decisions_total\{.*\} 1/);
    assert.ok(!text.includes('secret-room') && !text.includes('expert-1'));
    for (const line of text.split('\n')) assert.match(line, /^(#.*|[a-z_]+(\{[^}]*\})? [-+0-9.eEinfNa]+|)$/, line);
  } finally {
    await door.stop();
  }
});

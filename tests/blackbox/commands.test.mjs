// The commands, as a person at a shell meets them.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { Stagedoor, command, configuration, decodeToken, freePort, hash, session } from './support/stagedoor.mjs';
import { spawn } from 'node:child_process';
import { binary } from './support/stagedoor.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('version and help', () => {
  assert.match(command(['version']).out, /^stagedoor \d+\.\d+\.\d+\n$/);
  const help = command(['--help']);
  assert.equal(help.code, 0);
  for (const name of ['serve', 'check-config', 'session', 'explain', 'healthcheck', 'version', '--demo'])
    if (name.startsWith('--')) assert.match(command(['serve', '--help']).out, new RegExp(name));
    else assert.match(help.out, new RegExp(name));
  assert.equal(command([]).code, 2);
  assert.equal(command(['sirve']).code, 2);
});

test('check-config reports every mistake of the broken example with its line', () => {
  const file = join(root, 'docs/examples/broken.toml');
  const { code, err } = command(['check-config', '--config', file]);
  assert.equal(code, 1);
  const lines = readFileSync(file, 'utf8').split('\n');
  const lineOf = (text) => lines.findIndex((line) => line.trimStart().startsWith(text)) + 1;
  for (const key of ['public_url', 'default_provider', 'lisen', 'threads', 'secret', 'leeway', 'key_hashes', 'rate', 'expert_opens_before', 'type = "100ns"', 'url_template'])
    assert.match(err, new RegExp(`broken\\.toml:${lineOf(key)}: `), `${key} in\n${err}`);
  assert.match(err, /did you mean "listen"/);
  assert.match(err, /did you mean "100ms"/);
  assert.doesNotMatch(err, /changeme-changeme/);
});

test('a good configuration is summed up, variables win, and a secret may come from a file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stagedoor-config-'));
  try {
    const file = join(folder, 's.toml');
    writeFileSync(file, configuration({ port: 4000, adminPort: 4001, folder }));
    const good = command(['check-config', '--config', file]);
    assert.equal(good.code, 0, good.err);
    assert.match(good.out, /127\.0\.0\.1:4000/);
    const moved = command(['check-config', '--config', file], { env: { ...process.env, STAGEDOOR__SERVER__LISTEN: '127.0.0.1:4555' } });
    assert.match(moved.out, /127\.0\.0\.1:4555/);
    writeFileSync(join(folder, 'secret'), 'h7Tq2wXv9LpM4rN8bZ3cK6gJ1yD5sF0e\n');
    const both = command(['check-config', '--config', file], { env: { ...process.env, STAGEDOOR__SESSION__SECRET_FILE: join(folder, 'secret') } });
    assert.equal(both.code, 1);
    assert.match(both.err, /secret_file/);
    const open = command(['check-config', '--config', file], { env: { ...process.env, STAGEDOOR__SERVER__LISTEN: '0.0.0.0:4000' } });
    assert.equal(open.code, 1);
    assert.match(open.err, /plain HTTP/);
    const unknown = command(['check-config', '--config', file], { env: { ...process.env, STAGEDOOR__SERVER__LISTN: 'x' } });
    assert.match(unknown.err, /STAGEDOOR__SERVER__LISTN.*did you mean/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('session prints a token that the running server accepts, explain tells why not', async () => {
  const door = await Stagedoor.start();
  try {
    await door.book('talk');
    const minted = command(['session', '--config', door.file, '--user', 'expert-1', '--role', 'expert', '--name', 'Dr X', '--ttl', '5m']);
    assert.equal(minted.code, 0, minted.err);
    const { claims } = decodeToken(minted.out.trim());
    assert.equal(claims.sub, 'expert-1');
    assert.equal(claims.exp - claims.iat, 300);
    assert.equal((await door.join('talk', { token: minted.out.trim() })).status, 200);
    const allowed = command(['explain', '--config', door.file, '--user', 'expert-1', '--role', 'expert', '--room', 'talk']);
    assert.equal(allowed.code, 0, allowed.err);
    assert.match(allowed.out, /assigned/);
    const refused = command(['explain', '--config', door.file, '--user', 'expert-9', '--role', 'expert', '--room', 'talk']);
    assert.match(refused.out, /not_assigned/);
    const asked = await fetch(`${door.admin}/admin/explain?user=expert-9&role=expert&room=talk`);
    assert.match(await asked.text(), /not_assigned/);
    assert.equal(command(['healthcheck', '--config', door.file]).code, 0);
  } finally {
    await door.stop();
  }
  assert.equal(command(['healthcheck', '--config', door.file]).code, 1);
});

test('a service key is made with the hash that the configuration wants', () => {
  const { out } = command(['service-key']);
  const key = /key:\s+(\S+)/.exec(out)[1];
  assert.equal(/hash: (\S+)/.exec(out)[1], hash(key));
});

test('the demo needs nothing, is on loopback only, and knows its people', async () => {
  const [port, adminPort] = [await freePort(), await freePort()];
  const env = { ...process.env, STAGEDOOR__SERVER__LISTEN: `127.0.0.1:${port}`, STAGEDOOR__ADMIN__LISTEN: `127.0.0.1:${adminPort}` };
  const child = spawn(binary, ['serve', '--demo'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  child.stderr.on('data', (text) => (log += text));
  const ended = new Promise((done) => child.on('exit', done));
  try {
    const base = `http://127.0.0.1:${port}`;
    let up = false;
    for (let i = 0; i < 300 && !up; ++i) {
      up = await fetch(`http://127.0.0.1:${adminPort}/readyz`).then((a) => a.status === 200, () => false);
      if (!up) await new Promise((done) => setTimeout(done, 20));
    }
    assert.ok(up, log);
    const token = command(['session', '--demo', '--user', 'expert-1', '--role', 'expert'], { env }).out.trim();
    const ask = (authorization) => fetch(`${base}/api/expert/videocall/url?roomId=test_room&userName=Expert`, { headers: authorization ? { authorization } : {} });
    const joined = await ask(`Bearer ${token}`);
    assert.equal(joined.status, 200);
    const body = await joined.json();
    assert.match(body.videoCallUrl, /\/room\/test_room\?token=/);
    assert.equal((await ask()).status, 401);
    const page = await fetch(`${base}/test-videocall`);
    assert.equal(page.status, 200);
    assert.match(await page.text(), /test_room/);
    const explained = command(['explain', '--demo', '--user', 'expert-2', '--role', 'expert', '--room', 'test_room'], { env });
    assert.match(explained.out, /not_assigned/);
    const remote = command(['serve', '--demo'], { env: { ...env, STAGEDOOR__SERVER__LISTEN: `0.0.0.0:${port}` } });
    assert.equal(remote.code, 1);
    assert.match(remote.err, /loopback/);
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
  // Nothing of the demo exists without it.
  const door = await Stagedoor.start();
  for (const path of ['/test-videocall', '/demo/login']) assert.equal((await door.api(path, { method: path === '/demo/login' ? 'POST' : 'GET' })).status, 404, path);
  await door.stop();
});

// The commands, as a person at a shell meets them.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { Stagedoor, command, configuration, decodeToken, freePort, hash, session } from './support/stagedoor.mjs';
import { spawn, spawnSync } from 'node:child_process';
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
  assert.match(command(['--version']).out, /^stagedoor \d+\.\d+\.\d+\n$/);
  const misspelt = command(['sirve']);
  assert.equal(misspelt.code, 2);
  assert.match(misspelt.err, /^stagedoor: unknown command "sirve"; did you mean "serve"\?\n$/);
  const bogus = command(['bogus', '--config', 'x']);
  assert.equal(bogus.code, 2);
  assert.match(bogus.err, /unknown command "bogus"; there are serve, check-config/);
});

test('check-config reports every mistake of the broken example with its line', () => {
  const file = join(root, 'docs/examples/broken.toml');
  const { code, err } = command(['check-config', '--config', file]);
  assert.equal(code, 1);
  const lines = readFileSync(file, 'utf8').split('\n');
  const lineOf = (text) => lines.findIndex((line) => line.trimStart().startsWith(text)) + 1;
  for (const key of ['public_url', 'default_provider', 'lisen', 'threads', 'secret', 'leeway', 'key_hashes', 'rate', 'expert_opens_before', 'type = "100ns"', 'url_template'])
    assert.match(err, new RegExp(`broken\\.toml:${lineOf(key)}: `), `${key} in\n${err}`);
  // Every mistake that the file's own comments promise, once and from top to bottom.
  const told = [...err.matchAll(/broken\.toml:(\d+): /g)].map((found) => Number(found[1]));
  assert.deepEqual(told, told.toSorted((a, b) => a - b));
  assert.equal(told.length, 13, err);
  assert.match(err, new RegExp(`:${lineOf('url_template')}: providers.own.url_template must be https`));
  assert.match(err, new RegExp(`:${lineOf('url_template')}: providers.own.url_template must hold \\{token\\}`));
  assert.match(err, /there is no table \[providers\.hsm\]; did you mean "hms"\?/);
  assert.match(err, /did you mean "listen"/);
  assert.match(err, /did you mean "100ms"/);
  assert.doesNotMatch(err, /changeme-changeme/);
});

test('the sample of all keys passes with the steps that it names', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'stagedoor-sample-'));
  try {
    const steps = readFileSync(join(root, 'docs/examples/all-keys.toml'), 'utf8').split('\n').filter((line) => line.startsWith('#   '));
    assert.ok(steps.length >= 5);
    const script = ['set -e', 'stagedoor() { "$STAGEDOOR_BINARY" "$@"; }', ...steps.map((line) => line.slice(4))].join('\n');
    const env = { ...process.env, TMPDIR: folder, STAGEDOOR_BINARY: binary, STAGEDOOR__STORE__PATH: join(folder, 's.db') };
    const done = spawnSync('bash', ['-c', script], { cwd: root, env, encoding: 'utf8' });
    assert.equal(done.status, 0, done.stderr);
    assert.match(done.stdout, /The configuration is good/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('files are looked at with everything else; who only signs need not be able to read them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stagedoor-files-'));
  try {
    const file = join(folder, 's.toml');
    const extra = `[tls]\ncertificate_file = "${folder}/none.pem"\nkey_file = "${folder}/none.key"\n[log]\nfile = "${folder}/none/s.log"\n`;
    const toml = configuration({ port: 4000, adminPort: 4001, folder, extra });
    writeFileSync(file, toml);
    const lineOf = (start) => toml.split('\n').findIndex((line) => line.startsWith(start)) + 1;
    for (const asked of [['check-config'], ['serve']]) {
      const { code, err } = command([...asked, '--config', file], { env: { ...process.env, STAGEDOOR__LOG__LEVEL: 'loud' } });
      assert.equal(code, 1);
      assert.match(err, new RegExp(`:${lineOf('certificate_file')}: tls.certificate_file .*none.pem: No such file or directory\n`));
      assert.match(err, new RegExp(`:${lineOf('key_file')}: tls.key_file .*none.key: No such file or directory\n`));
      assert.match(err, new RegExp(`:${lineOf('file')}: log.file .*none: No such file or directory\n`));
      assert.match(err, /STAGEDOOR__LOG__LEVEL: log.level must be one of/);
      assert.match(err, /has 4 mistakes/);
      assert.doesNotMatch(err, /system lib/);
    }
    assert.equal(command(['session', '--config', file, '--user', 'u1']).code, 0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('no address of the configuration can write into the policies of pages', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stagedoor-check-'));
  const file = join(folder, 'stagedoor.toml');
  for (const host of ['video.example.com;script-src', 'a,b.example.com', '*.example.com', "'self'"]) {
    const toml = configuration({ port: 3002, adminPort: 9464, folder })
      .replace('https://video.example.com/room', `https://${host}/room`)
      .concat(`[cors]\norigins = ["https://${host}"]\n[pages]\nframe_ancestors = ["https://${host}"]\n`);
    writeFileSync(file, toml);
    const { code, err } = command(['check-config', '--config', file]);
    assert.equal(code, 1, host);
    for (const key of ['providers.own.url_template', 'cors.origins', 'pages.frame_ancestors']) assert.ok(err.includes(key), `${host}: ${err}`);
  }
  rmSync(folder, { recursive: true });
});

test('a provider that nobody could be served by is a mistake, not a table that is left out', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stagedoor-check-'));
  const file = join(folder, 'stagedoor.toml');
  const secret = 'kD7mQ2xV9sLpT4wYhN8bR3cF6gJ1zA5e';
  const zoom = `type = "zoom"\naccount_id = "aBcDeFgHiJkL"\nclient_id = "zYxWvUtSrQpO"\nclient_secret = "${secret}"\n`;
  const teams = `type = "microsoft-teams"\ntenant = "acme.example"\nclient_id = "1f3b8a52-7c1d-4a7e-9a1b-0c5d2e3f4a5b"\nclient_secret = "${secret}"\n`;
  for (const [table, key] of [
    [zoom + 'hosts = []', 'hosts'], [teams + 'organizers = []', 'organizers'], ['type = "google-meet"\nsubjects = []', 'subjects'],
    [zoom + 'hosts = ["a@acme.example"]\nbase_url = "https://api.zoom.us:99999/v2"', 'base_url'],
    [zoom + 'hosts = ["a@acme.example"]\ntoken_url = "https://zoom.us/oauth/token#x"', 'token_url'],
    [teams + 'organizers = ["550fae72-d251-43ec-868c-373732c2704f"]\nlogin_url = "https://login.example.com/?x"', 'login_url'],
  ]) {
    writeFileSync(file, configuration({ port: 3002, adminPort: 9464, folder, providers: `[providers.main]\n${table}\n` }));
    const { code, err } = command(['check-config', '--config', file]);
    assert.equal(code, 1, table);
    assert.ok(err.includes(`providers.main.${key} `), `${key}: ${err}`);
  }
  rmSync(folder, { recursive: true });
});

test('a token for a demo that is not running is refused, explain works without it', async () => {
  const port = await freePort();
  const env = { ...process.env, STAGEDOOR__SERVER__LISTEN: `127.0.0.1:${port}` };
  const { code, out, err } = command(['session', '--demo', '--user', 'expert-1'], { env });
  assert.equal(code, 1);
  assert.equal(out, '');
  assert.match(err, new RegExp(`no demo is running on port ${port}`));
  const explained = command(['explain', '--demo', '--user', 'expert-1', '--room', 'test_room'], { env });
  assert.equal(explained.code, 0, explained.err);
  assert.match(explained.out, /allowed/);
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
    const fromFile = { STAGEDOOR__SESSION__SECRET_FILE: join(folder, 'secret') };
    const wins = command(['check-config', '--config', file], { env: { ...process.env, ...fromFile } });
    assert.equal(wins.code, 0, wins.err);
    const both = command(['check-config', '--config', file], { env: { ...process.env, ...fromFile, STAGEDOOR__SESSION__SECRET: 'x'.repeat(20) + 'h7Tq2wXv9LpM4rN8' } });
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
  for (const [method, path] of [['POST', '/demo/login'], ['GET', '/']]) assert.equal((await door.api(path, { method })).status, 404, path);
  const page = await door.api('/test-videocall');
  assert.equal(page.status, 200);
  assert.doesNotMatch(page.text, /test_room|demo\/login/);
  await door.stop();
});

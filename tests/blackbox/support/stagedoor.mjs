// Starts the real binary on free loopback ports with a configuration of the test's own, and stops it by process id.
import { spawn, spawnSync } from 'node:child_process';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.mjs';

export const binary =
  process.env.STAGEDOOR_BINARY ?? fileURLToPath(new URL('../../../build/release/stagedoor', import.meta.url));

// One that nobody has, or `wanted` if nobody has it.
export async function freePort(wanted = 0) {
  const server = createServer();
  await new Promise((done, failed) => server.on('error', failed).listen(wanted, '127.0.0.1', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

export const sessionSecret = 'kD7mQ2xV9sLpT4wYhN8bR3cF6gJ1zA5e-session';
export const serviceKey = 'sdk_' + 'mR4tX8wQ2pL6vN9bC3kJ7hF1';
export const customSecret = 'pW3nZ8kT5vB1xQ7mL4cR9sD2fH6gJ0yE-custom';
export const hash = (key) => 'sha256:' + createHash('sha256').update(key).digest('hex');
const base64url = (data) => Buffer.from(data).toString('base64url');

// A session as the marketplace would sign it.
export function session(claims = {}, { secret = sessionSecret, header = {} } = {}) {
  const now = Math.floor(Date.now() / 1000);
  const head = base64url(JSON.stringify({ alg: 'HS256', typ: 'JWT', ...header }));
  const body = base64url(JSON.stringify({ sub: 'expert-1', role: 'expert', iat: now, exp: now + 3600, ...claims }));
  const signature = createHmac('sha256', secret).update(`${head}.${body}`).digest('base64url');
  return `${head}.${body}.${signature}`;
}

// The least configuration that works, with one `custom` provider named "own"; `extra` is more TOML, `providers` replaces the provider.
export function configuration({ port, adminPort, folder, extra = '', top = '', providers, limits }) {
  return `public_url = "http://127.0.0.1:${port}"
${top}
[server]
listen = ["127.0.0.1:${port}"]
threads = 2

[admin]
listen = "127.0.0.1:${adminPort}"

[session]
secret = "${sessionSecret}"
cookies = ["session"]

[service]
key_hashes = ["${hash(serviceKey)}"]

[store]
path = "${folder}/stagedoor.db"

${limits ?? `[limits.ip]
rate = 100000
burst = 100000
[limits.user]
rate = 100000
burst = 100000
[limits.service]
rate = 100000
burst = 100000
`}
${providers ?? `[providers.own]
type = "custom"
url_template = "https://video.example.com/room/{roomId}?user={user}&token={token}&role={role}"
[providers.own.token]
secret = "${customSecret}"
`}
${extra}
`;
}

// What a test that failed has left running, and would be waited for, is stopped when the tests of its file have ended.
const children = new Set();
if (process.argv[1]?.endsWith('.test.mjs')) after(() => children.forEach((child) => child.kill('SIGKILL')));

export class Stagedoor {
  static async start(options = {}) {
    const server = new Stagedoor();
    server.folder = options.folder ?? mkdtempSync(join(tmpdir(), 'stagedoor-test-'));
    server.keepFolder = Boolean(options.folder);
    server.port = options.port ?? (await freePort());
    // The system may give the same port twice: nobody listens yet.
    do server.adminPort = options.adminPort ?? (await freePort());
    while (server.adminPort === server.port);
    server.file = join(server.folder, 'stagedoor.toml');
    writeFileSync(server.file, (options.toml ?? configuration)({ ...options, port: server.port, adminPort: server.adminPort, folder: server.folder }));
    server.under = options.under ?? [];
    await server.run(['serve', '--config', server.file], options.env, options.readyWithin, options.readyStatus);
    return server;
  }

  // The demo, as `./dev run` starts it.
  static async demo() {
    const server = new Stagedoor();
    server.keepFolder = true;
    server.port = await freePort();
    server.adminPort = await freePort();
    const env = { STAGEDOOR__SERVER__LISTEN: `127.0.0.1:${server.port}`, STAGEDOOR__ADMIN__LISTEN: `127.0.0.1:${server.adminPort}` };
    await server.run(['serve', '--demo'], env);
    return server;
  }

  async run(args, env = {}, readyWithin = 10_000, readyStatus = 200) {
    this.log = '';
    // `under` is a program that becomes the server, as prlimit does.
    const [program, ...first] = [...(this.under ?? []), binary];
    this.child = spawn(program, [...first, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    children.add(this.child);
    this.child.on('exit', () => children.delete(this.child));
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on('data', (text) => (this.log += text));
    this.ended = new Promise((done) => this.child.on('exit', (code, signal) => done({ code, signal })));
    this.base = `http://127.0.0.1:${this.port}`;
    this.admin = `http://127.0.0.1:${this.adminPort}`;
    await this.ready(readyWithin, readyStatus);
  }

  async ready(within, status = 200) {
    const giveUp = Date.now() + within;
    let gone = null;
    this.ended.then((how) => (gone = how));
    while (Date.now() < giveUp) {
      if (gone) throw new Error(`stagedoor ended at once (${JSON.stringify(gone)}):\n${this.log}`);
      try {
        const answer = await fetch(`${this.admin}/readyz`);
        await answer.arrayBuffer();
        if (answer.status === status) return;
      } catch {
        // not listening yet
      }
      await new Promise((done) => setTimeout(done, 20));
    }
    throw new Error(`stagedoor was not ready in time:\n${this.log}`);
  }

  get pid() {
    return this.child.pid;
  }
  openFiles() {
    return readdirSync(`/proc/${this.pid}/fd`).length;
  }
  residentBytes() {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))[1]) * 1024;
  }

  // Sends SIGTERM (or another signal) and gives { code, signal }. Killed if it does not end.
  async stop(signal = 'SIGTERM', within = 15_000) {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), within);
    const how = await this.ended;
    clearTimeout(timer);
    if (!this.keepFolder) rmSync(this.folder, { recursive: true, force: true });
    // No test is passed by a server that falls over while it leaves.
    if (['SIGABRT', 'SIGSEGV', 'SIGBUS'].includes(how.signal) || this.log.includes('AddressSanitizer'))
      throw new Error(`stagedoor crashed (${how.signal}):\n${this.log.slice(-4_000)}`);
    return how;
  }

  // Waits until the log holds what is looked for; lines are written with a delay of some milliseconds.
  async logged(what, within = 15_000) {
    await eventually(() => what.test(this.log), within).catch(() => {
      throw new Error(`${what} is not in the log:\n${this.log.slice(-4_000)}`);
    });
  }

  async api(path, options = {}) {
    const answer = await fetch(this.base + path, { redirect: 'manual', ...options });
    const text = await answer.text();
    let json;
    try {
      json = JSON.parse(text);
    } catch {
      json = undefined;
    }
    return { status: answer.status, headers: answer.headers, text, json };
  }

  // A join as an event stream: `text` is what came so far.
  async stream(room) {
    const answer = await fetch(`${this.base}/api/expert/videocall/url?roomId=${room}`, {
      headers: { authorization: `Bearer ${session()}`, accept: 'text/event-stream' },
    });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    return {
      status: answer.status,
      text: '',
      async until(pattern) {
        while (!pattern.test(this.text)) {
          const { value, done } = await reader.read();
          if (done) throw new Error(`the stream ended before ${pattern}:\n${this.text}`);
          this.text += value;
        }
      },
      // To its end; a cut throws.
      async rest() {
        for (let piece = await reader.read(); !piece.done; piece = await reader.read()) this.text += piece.value;
      },
    };
  }

  join(room, { token = session(), role = 'expert', query = '', headers = {} } = {}) {
    const authorization = token ? { authorization: `Bearer ${token}` } : {};
    return this.api(`/api/${role}/videocall/url?roomId=${encodeURIComponent(room)}${query}`, {
      headers: { ...authorization, ...headers },
    });
  }

  service(method, path, body) {
    return this.api(path, {
      method,
      headers: { authorization: `Bearer ${serviceKey}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      body: body ? JSON.stringify(body) : undefined,
    });
  }

  // A booking that is open now, for expert-1 and client-1 unless said otherwise.
  book(room, change = {}) {
    return this.service('PUT', `/api/bookings/${encodeURIComponent(room)}`, booking(change));
  }

  async metrics() {
    return (await fetch(`${this.admin}/metrics`)).text();
  }
}

const text = (at) => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');

export function booking(change = {}) {
  const now = Date.now();
  return {
    startsAt: text(now - 60_000),
    endsAt: text(now + 3_600_000),
    participants: [
      { userId: 'expert-1', role: 'expert' },
      { userId: 'client-1', role: 'client' },
    ],
    ...change,
  };
}

export const rfc3339 = text;

// Runs a command of the binary to its end.
export function command(args, options = {}) {
  const done = spawnSync(binary, args, { encoding: 'utf8', timeout: 20_000, ...options });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

export const randomRoom = () => 'room-' + randomBytes(6).toString('hex');

export function decodeToken(token) {
  const [head, body] = token.split('.');
  return { header: JSON.parse(Buffer.from(head, 'base64url')), claims: JSON.parse(Buffer.from(body, 'base64url')) };
}

// What `explain --token` says of what stands in its input: nothing of that itself. It does not block this process, in which the fakes answer.
export async function explainToken(file, text, more = []) {
  const child = spawn(binary, ['explain', '--config', file, '--token', '-', ...more], { stdio: ['pipe', 'pipe', 'pipe'] });
  let out = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => (out += piece));
  child.stdin.end(text + '\n');
  const code = await new Promise((done) => child.on('close', done));
  for (const part of text.split(/[.=\s]/)) if (part.length > 12 && out.includes(part)) throw new Error(`${part} is shown:\n${out}`);
  return { code, out };
}

// What `check-config --online` prints of a configuration, and how it exits. It does not block this process, in which the fakes answer.
export async function onlineCheck(toml) {
  const folder = mkdtempSync(join(tmpdir(), 'stagedoor-check-'));
  writeFileSync(join(folder, 'stagedoor.toml'), toml);
  const child = spawn(binary, ['check-config', '--online', '--config', join(folder, 'stagedoor.toml')]);
  let printed = '';
  child.stdout.on('data', (text) => (printed += text));
  child.stderr.on('data', (text) => (printed += text));
  const code = await new Promise((done) => child.on('close', done));
  rmSync(folder, { recursive: true, force: true });
  return { code, printed };
}
export const checkOnline = async (toml) => (await onlineCheck(toml)).printed;

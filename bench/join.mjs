// Whole joins per second and per CPU microsecond, against a bare epoll server in the same run.
//
//   node bench/join.mjs [--binary FILE] [--ceiling FILE] [--seconds 5] [--rounds 3] [--connections 64] [--rooms 10000]
//                       [--users 500] [--addresses 1024] [--idle 2000] [--server-core 0] [--load-core 1]
//                       [--calls] [--perf FILE] [--no-access-log] [--json FILE]
//
// Needs wrk and taskset; --calls counts system calls with strace and --perf samples stacks with perf, in rounds of their own. The server has one shard and one
// core, the load the other; everything that a shipped server does is switched on: access log, metrics, rate limits.
// Only ratios to the ceiling of the same run carry over to other machines and other days.
import { spawn, spawnSync } from 'node:child_process';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { connect, createServer } from 'node:net';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { values: given } = parseArgs({
  options: {
    binary: { type: 'string', default: here('../build/release/stagedoor') },
    ceiling: { type: 'string', default: here('../build/release/bench/ceiling') },
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '64' },
    rooms: { type: 'string', default: '10000' },
    users: { type: 'string', default: '500' },
    addresses: { type: 'string', default: '1024' },
    idle: { type: 'string', default: '2000' },
    'server-core': { type: 'string', default: '0' },
    'load-core': { type: 'string', default: '1' },
    calls: { type: 'boolean', default: false },
    'no-access-log': { type: 'boolean', default: false },
    perf: { type: 'string' },
    json: { type: 'string' },
  },
});
const number = (name) => {
  const value = Number(given[name]);
  if (!Number.isInteger(value) || value < 0) throw new Error(`--${name} must be a whole number`);
  return value;
};
const settings = {
  seconds: number('seconds'), rounds: number('rounds'), connections: number('connections'), rooms: number('rooms'),
  users: number('users'), addresses: number('addresses'), idle: number('idle'),
};

const folder = mkdtempSync(join(tmpdir(), 'stagedoor-bench-'));
const children = new Set();
const secrets = { session: randomBytes(36).toString('base64'), custom: randomBytes(36).toString('base64') };
const serviceKey = 'sdk_' + randomBytes(24).toString('base64url');

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

function sessionToken(user) {
  const now = Math.floor(Date.now() / 1000);
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({
    sub: user, name: 'Expert', role: 'expert', iat: now, exp: now + 4 * 3600,
  })}`;
  return `${input}.${createHmac('sha256', secrets.session).update(input).digest('base64url')}`;
}

const userOf = (room) => `user-${String(room % settings.users).padStart(5, '0')}`;
const nameOf = (room) => `room-${String(room).padStart(6, '0')}`;
const addressOf = (index) => `198.18.${(index >> 8) & 255}.${index & 255}`;

function configuration(port, adminPort) {
  const limit = (name) => `[limits.${name}]\nrate = 1000000\nper = "second"\nburst = 1000000\n`;
  return `public_url = "https://video.example.com"

[server]
listen = ["127.0.0.1:${port}"]
threads = 1
connections_per_client_max = 65536

[admin]
listen = "127.0.0.1:${adminPort}"

[proxy]
trusted = ["127.0.0.1"]
header = "x-forwarded-for"

[session]
secret = "${secrets.session}"

[service]
key_hashes = ["sha256:${createHash('sha256').update(serviceKey).digest('hex')}"]

[store]
path = "${folder}/stagedoor.db"

[log]
access = ${!given['no-access-log']}
file = "${folder}/stagedoor.log"

${limit('ip')}${limit('user')}${limit('service')}
[providers.own]
type = "custom"
url_template = "https://video.example.org/room/{roomId}?token={token}"
[providers.own.token]
secret = "${secrets.custom}"
`;
}

// Starts a program on one core and waits until `ready` says so.
async function start(core, command, ready) {
  const child = spawn('taskset', ['-c', core, ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  child.text = '';
  child.stdout.on('data', (data) => (child.text += data));
  child.stderr.on('data', (data) => (child.text += data));
  child.on('exit', () => children.delete(child));
  const giveUp = Date.now() + 15_000;
  while (Date.now() < giveUp) {
    if (child.exitCode !== null) break;
    if (await ready(child)) return child;
    await pause(20);
  }
  throw new Error(`${command[0]} did not start:\n${child.text}`);
}

// One request of the harness itself.
const agent = new Agent({ keepAlive: true, maxSockets: 32 });
function call(port, path, { method = 'GET', headers = {}, body } = {}) {
  return new Promise((done, failed) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (data) => (text += data)).on('end', () => done({ status: answer.statusCode, headers: answer.headers, text }));
    });
    request.on('error', failed).end(body);
  });
}

async function book(port, rooms) {
  const time = (offset) => new Date(Date.now() + offset).toISOString().replace(/\.\d+Z$/, 'Z');
  const window = { startsAt: time(-60_000), endsAt: time(3_600_000) };
  let next = 0;
  await Promise.all(Array.from({ length: 32 }, async () => {
    while (next < rooms) {
      const room = next++;
      const body = JSON.stringify({
        ...window, participants: [{ userId: userOf(room), role: 'expert' }, { userId: `client-${room}`, role: 'client' }],
      });
      const answer = await call(port, `/api/bookings/${nameOf(room)}`, {
        method: 'PUT', body,
        headers: {
          authorization: `Bearer ${serviceKey}`, 'content-type': 'application/json',
          'x-forwarded-for': addressOf(room % settings.addresses), 'x-forwarded-proto': 'https',
        },
      });
      if (answer.status !== 201) throw new Error(`booking ${nameOf(room)}: ${answer.status} ${answer.text}`);
    }
  }));
}

const joinHeaders = (room, tokens) => ({
  authorization: `Bearer ${tokens.get(userOf(room))}`, accept: 'application/json',
  'x-forwarded-for': addressOf(room % settings.addresses), 'x-forwarded-proto': 'https',
});

// The answers must be right before it matters how fast they come: each for its room and person, and no two alike.
async function checkAnswers(port, tokens) {
  const seen = new Set();
  for (let i = 0; i < 200; ++i) {
    const room = (i * 7919) % settings.rooms;
    const answer = await call(port, `/api/expert/videocall/url?roomId=${nameOf(room)}`, { headers: joinHeaders(room, tokens) });
    if (answer.status !== 200) throw new Error(`join of ${nameOf(room)}: ${answer.status} ${answer.text}`);
    for (const name of ['ratelimit', 'ratelimit-policy', 'x-request-id', 'cache-control'])
      if (!answer.headers[name]) throw new Error(`the answer has no ${name} field`);
    const said = JSON.parse(answer.text);
    const url = new URL(said.videoCallUrl);
    const [head, claims, signature] = url.searchParams.get('token').split('.');
    const expected = createHmac('sha256', secrets.custom).update(`${head}.${claims}`).digest('base64url');
    const content = Buffer.from(claims, 'base64url').toString();
    if (said.roomId !== nameOf(room) || !url.pathname.endsWith(nameOf(room)) || signature !== expected ||
        !content.includes(nameOf(room)) || !content.includes(userOf(room)))
      throw new Error(`wrong answer for ${nameOf(room)}: ${answer.text}`);
    seen.add(said.videoCallUrl);
  }
  if (seen.size !== Math.min(200, settings.rooms)) throw new Error(`only ${seen.size} different URLs in 200 joins`);
}

// The answer's size on the wire, for the ceiling to send as much.
function wireBytes(port, room, tokens) {
  return new Promise((done, failed) => {
    const socket = connect({ host: '127.0.0.1', port });
    let bytes = 0;
    let text = '';
    socket.on('data', (data) => {
      bytes += data.length;
      text += data.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      const length = /content-length: (\d+)/i.exec(text)?.[1];
      if (end < 0 || bytes < end + 4 + Number(length)) return;
      socket.destroy();
      done(bytes);
    });
    socket.on('error', failed);
    const fields = Object.entries(joinHeaders(room, tokens)).map(([name, value]) => `${name}: ${value}\r\n`).join('');
    socket.write(`GET /api/expert/videocall/url?roomId=${nameOf(room)}&userName=Expert HTTP/1.1\r\nHost: 127.0.0.1\r\n${fields}\r\n`);
  });
}

const ticksPerSecond = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout);
function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) /s, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
const residentKiB = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
const descriptors = (pid) => readdirSync(`/proc/${pid}/fd`).length;

// One run of wrk on the load's core; what it says and what the server spent meanwhile.
async function load(server, port, seconds) {
  const before = cpuSeconds(server.pid);
  const wrk = spawn('taskset', ['-c', given['load-core'], 'wrk', '-t1', `-c${settings.connections}`, `-d${seconds}s`, '--latency',
    '-s', here('join.lua'), `http://127.0.0.1:${port}`], { env: { ...process.env, JOIN_REQUESTS: join(folder, 'requests') } });
  children.add(wrk);
  let text = '';
  wrk.stdout.on('data', (data) => (text += data));
  wrk.stderr.on('data', (data) => (text += data));
  const code = await new Promise((done) => wrk.on('exit', done));
  children.delete(wrk);
  const cpu = cpuSeconds(server.pid) - before;
  const line = /^\{.*\}$/m.exec(text);
  if (code !== 0 || !line) throw new Error(`wrk failed:\n${text}`);
  const said = JSON.parse(line[0]);
  return {
    perSecond: said.requests / said.seconds, cpuMicroseconds: (cpu * 1e6) / said.requests, requests: said.requests,
    p50: said.p50, p90: said.p90, p99: said.p99, errors: said.bad_status + said.broken + said.timeouts,
    bytesEach: said.bytes / said.requests,
  };
}

// System calls per request, counted by strace, which slows everything down: the count holds, the speed does not.
async function systemCalls(server, port) {
  const file = join(folder, 'strace');
  const tracer = spawn('strace', ['-c', '-f', '-o', file, '-p', String(server.pid)], { stdio: 'ignore' });
  children.add(tracer);
  const gone = new Promise((done) => tracer.on('exit', done));
  await pause(500);
  const run = await load(server, port, 3);
  tracer.kill('SIGINT');
  await gone;
  children.delete(tracer);
  const rows = readFileSync(file, 'utf8').split('\n').map((row) => row.trim().split(/\s+/)).filter((row) => /^\d/.test(row[0] ?? ''));
  const calls = Object.fromEntries(rows.filter((row) => row.at(-1) !== 'total')
    .map((row) => [row.at(-1), Number(row[3]) / run.requests]).filter(([, each]) => each >= 0.005));
  const total = rows.find((row) => row.at(-1) === 'total');
  return { perRequest: Number(total[3]) / run.requests, calls };
}

// Where the time goes: look at FILE with `perf report`, or make a flame graph of it.
async function sampleStacks(server, port, file) {
  const perf = spawn('perf', ['record', '-q', '-F', '4999', '-e', 'cpu-clock', '-g', '-o', file, '-p', String(server.pid)],
    { stdio: 'inherit' });
  children.add(perf);
  const gone = new Promise((done) => perf.on('exit', done));
  await load(server, port, settings.seconds);
  perf.kill('SIGINT');
  await gone;
  children.delete(perf);
}

// Connections that have been served once and then say nothing.
async function idleConnections(server, port, tokens) {
  const before = residentKiB(server.pid);
  const already = descriptors(server.pid);
  const sockets = [];
  for (let first = 0; first < settings.idle; first += 100) {
    await Promise.all(Array.from({ length: Math.min(100, settings.idle - first) }, (_, i) => new Promise((done, failed) => {
      const socket = connect({ host: '127.0.0.1', port });
      sockets.push(socket);
      const fields = Object.entries(joinHeaders(i, tokens)).map(([name, value]) => `${name}: ${value}\r\n`).join('');
      socket.on('error', failed).once('data', done);
      socket.write(`GET /api/expert/videocall/url?roomId=${nameOf(i)} HTTP/1.1\r\nHost: 127.0.0.1\r\n${fields}\r\n`);
    })));
  }
  await pause(300);
  const open = descriptors(server.pid) - already;
  const result = { open, bytesEach: ((residentKiB(server.pid) - before) * 1024) / open, residentMiB: residentKiB(server.pid) / 1024 };
  for (const socket of sockets) socket.destroy();
  return result;
}

function machine() {
  const say = (command, ...args) => spawnSync(command, args, { encoding: 'utf8' }).stdout?.trim().split('\n')[0] ?? '';
  let compiler = 'unknown compiler';
  try {
    const cache = readFileSync(join(given.binary, '../CMakeCache.txt'), 'utf8');
    const of = (name) => new RegExp(`^${name}:[A-Z]+=(.*)$`, 'm').exec(cache)?.[1] ?? '';
    compiler = `${say(of('CMAKE_CXX_COMPILER'), '--version')}, ${of('CMAKE_BUILD_TYPE')}`;
  } catch {
    // not beside its build
  }
  return {
    date: new Date().toISOString(), cpu: `${cpus()[0].model} (${cpus().length} cores)`, kernel: release(), compiler,
    stagedoor: say(given.binary, 'version'), wrk: say('wrk', '-v'), load: readFileSync('/proc/loadavg', 'utf8').split(' ')[0],
    binaryMiB: statSync(given.binary).size / 2 ** 20,
  };
}

async function main() {
  const about = machine();
  for (const [name, value] of Object.entries(about)) console.log(`${name.padEnd(12)} ${typeof value === 'number' ? value.toFixed(1) : value}`);

  const [port, adminPort] = [await freePort(), await freePort()];
  const file = join(folder, 'stagedoor.toml');
  writeFileSync(file, configuration(port, adminPort), { mode: 0o600 });
  const door = await start(given['server-core'], [given.binary, 'serve', '--config', file],
    () => call(adminPort, '/readyz').then((answer) => answer.status === 200, () => false));
  const atStart = residentKiB(door.pid) / 1024;

  const tokens = new Map(Array.from({ length: settings.users }, (_, i) => [userOf(i), sessionToken(userOf(i))]));
  const began = Date.now();
  await book(port, settings.rooms);
  console.log(`booked       ${settings.rooms} rooms in ${((Date.now() - began) / 1000).toFixed(1)} s through the API`);
  await checkAnswers(port, tokens);
  writeFileSync(join(folder, 'requests'), Array.from({ length: settings.rooms },
    (_, room) => `${nameOf(room)} ${tokens.get(userOf(room))} ${addressOf(room % settings.addresses)}\n`).join(''));

  const bytes = await wireBytes(port, 1, tokens);
  let ceilingPort = 0;
  const ceiling = await start(given['server-core'], [given.ceiling, String(bytes)],
    async (child) => (ceilingPort = Number(/^(\d+)$/m.exec(child.text)?.[1] ?? 0)) > 0);

  const rounds = { door: [], ceiling: [] };
  await load(door, port, 2);
  await load(ceiling, ceilingPort, 1);
  for (let i = 0; i < settings.rounds; ++i) {
    rounds.door.push(await load(door, port, settings.seconds));
    rounds.ceiling.push(await load(ceiling, ceilingPort, settings.seconds));
  }
  await checkAnswers(port, tokens);

  const summary = {};
  for (const [name, list] of Object.entries(rounds))
    summary[name] = Object.fromEntries(Object.keys(list[0]).map((key) => [key, key === 'errors' ? list.reduce((sum, one) => sum + one.errors, 0) : median(list.map((one) => one[key]))]));
  const each = rounds.door.map((one, i) => one.cpuMicroseconds / rounds.ceiling[i].cpuMicroseconds);
  const ratio = { cpu: median(each), cpuWorst: Math.max(...each), cpuBest: Math.min(...each), perSecond: summary.ceiling.perSecond / summary.door.perSecond };

  console.log(`\nanswer       ${bytes} bytes; ${settings.connections} connections; medians of ${settings.rounds} rounds of ${settings.seconds} s each, interleaved`);
  console.log('             CPU µs/request   requests/s   p50 µs   p90 µs   p99 µs   errors');
  for (const [name, one] of Object.entries({ stagedoor: summary.door, 'bare epoll': summary.ceiling }))
    console.log(`${name.padEnd(12)} ${one.cpuMicroseconds.toFixed(2).padStart(14)} ${one.perSecond.toFixed(0).padStart(12)} ${[one.p50, one.p90, one.p99].map((x) => x.toFixed(0).padStart(8)).join(' ')} ${String(one.errors).padStart(8)}`);
  console.log(`ratio        ${ratio.cpu.toFixed(3).padStart(14)}   (rounds: ${each.map((x) => x.toFixed(3)).join(', ')}); requests/s ${ratio.perSecond.toFixed(3)}`);

  const memory = { startMiB: atStart, loadedMiB: residentKiB(door.pid) / 1024 };
  if (settings.idle > 0) memory.idle = await idleConnections(door, port, tokens);
  console.log(`memory       ${memory.startMiB.toFixed(1)} MiB at start, ${memory.loadedMiB.toFixed(1)} MiB after the load` +
    (memory.idle ? `, ${memory.idle.bytesEach.toFixed(0)} bytes for each of ${memory.idle.open} idle connections` : ''));

  if (given.perf) await sampleStacks(door, port, given.perf);
  let calls = null;
  if (given.calls) {
    calls = await systemCalls(door, port);
    console.log(`system calls ${calls.perRequest.toFixed(2)} per request: ${Object.entries(calls.calls).map(([name, x]) => `${name} ${x.toFixed(2)}`).join(', ')}`);
  }
  const errors = summary.door.errors + summary.ceiling.errors;
  if (given.json) writeFileSync(given.json, JSON.stringify({ about, settings, rounds, summary, ratio, memory, calls, errors }, null, 1) + '\n');
  if (errors > 0) throw new Error(`${errors} requests failed: the numbers above are not worth anything`);
}

try {
  await main();
} catch (error) {
  console.error(String(error?.message ?? error));
  try {
    console.error(readFileSync(join(folder, 'stagedoor.log'), 'utf8').split('\n').slice(-5).join('\n'));
  } catch {
    // it did not come so far
  }
  process.exitCode = 1;
} finally {
  for (const child of children) child.kill('SIGTERM');
  agent.destroy();
  await pause(200);
  rmSync(folder, { recursive: true, force: true });
}

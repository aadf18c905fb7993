// Whole joins per second and per CPU microsecond, against a bare epoll server in the same run.
//
//   node bench/join.mjs [--binary FILE] [--ceiling FILE] [--seconds 1] [--rounds 9] [--connections 64] [--rooms 10000]
//                       [--users 500] [--addresses 1024] [--idle 2000] [--server-core 0] [--load-core 1]
//                       [--calls] [--perf FILE] [--where] [--write] [--no-access-log] [--json FILE]
//
// Needs wrk and taskset; --calls counts system calls with strace and --perf samples stacks with perf, in rounds of their own.
// --where says what they were taken in, and --write does all that and puts it into docs/performance.md, with a flame graph.
// The server has one shard and one core, the load the other; everything that a shipped server does is switched on: access log,
// metrics, rate limits. Only ratios to the ceiling of the same run carry over to other machines and other days.
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

import { Crowd } from './lib/crowd.mjs';
import { digits, installed, machine, printMachine, ratio, report, summarise, thousands, us, writeJson } from './lib/figures.mjs';
import { requestText, wireBytes } from './lib/http.mjs';
import { closedLoop } from './lib/load.mjs';
import { common, crowd as usual, fromRoot, readOptions } from './lib/options.mjs';
import { conclude, descriptors, folder, launch, pause, residentKiB } from './lib/processes.mjs';
import { flameGraph, foldedStacks, partsOf } from './lib/stacks.mjs';
import { doorFields, startCeiling, startDoor } from './lib/servers.mjs';

const settings = readOptions({
  ...common, ...usual, seconds: 1, rounds: 9, idle: 2000, calls: false, noAccessLog: false, perf: null,
  where: false, write: false,
});
// System calls per request, counted by strace, which slows everything down: the count holds, the speed does not.
async function systemCalls(door, requests) {
  if (!installed('strace')) throw new Error('--calls needs strace');
  const file = join(folder, 'strace');
  const tracer = launch(['strace', '-c', '-f', '-o', file, '-p', String(door.pid)], { stdio: 'ignore' });
  await pause(500);
  const run = await closedLoop(settings, door, requests, 3);
  tracer.kill('SIGINT');
  await tracer.gone;
  const rows = readFileSync(file, 'utf8').split('\n').map((row) => row.trim().split(/\s+/))
    .filter((row) => /^\d/.test(row[0] ?? ''));
  const calls = Object.fromEntries(rows.filter((row) => row.at(-1) !== 'total')
    .map((row) => [row.at(-1), Number(row[3]) / run.requests]).filter(([, each]) => each >= 0.005));
  const total = rows.find((row) => row.at(-1) === 'total');
  return { perRequest: Number(total[3]) / run.requests, calls };
}

// Where the time goes; also to be looked at with `perf report`.
async function sampleStacks(door, requests, file) {
  if (!installed('perf')) throw new Error('perf is missing: it comes in the package linux-perf');
  const perf = launch(['perf', 'record', '-q', '-F', '4999', '-e', 'cpu-clock', '-g', '-o', file, '-p', String(door.pid)],
    { stdio: 'inherit' });
  await closedLoop(settings, door, requests);
  perf.kill('SIGINT');
  await perf.gone;
}

// Connections that have been served once and then say nothing.
async function idleConnections(crowd, door) {
  const before = residentKiB(door.pid);
  const already = descriptors(door.pid);
  const sockets = [];
  for (let first = 0; first < settings.idle; first += 100) {
    await Promise.all(Array.from({ length: Math.min(100, settings.idle - first) }, (_, room) => new Promise((done, failed) => {
      const socket = connect({ host: '127.0.0.1', port: door.port });
      sockets.push(socket);
      socket.on('error', failed).once('data', done);
      socket.write(requestText(crowd.pathOf(room), crowd.headersOf(room)));
    })));
  }
  await pause(300);
  const open = descriptors(door.pid) - already;
  const after = residentKiB(door.pid);
  for (const socket of sockets) socket.destroy();
  return { open, bytesEach: ((after - before) * 1024) / open, residentMiB: after / 1024 };
}

// The server as it is shipped, and what becomes of it with other sessions: signed with a key pair, and verified each time.
const kinds = {
  door: { name: 'Stagedoor', crowd: {}, wishes: {} },
  es256: { name: 'the same, sessions signed with ES256', crowd: { session: 'ES256' }, wishes: {} },
  rs256: { name: 'the same, sessions signed with RS256', crowd: { session: 'RS256' }, wishes: {} },
  unremembered: { name: 'the same, HS256 sessions verified each time', crowd: {}, wishes: { session: { cache_tokens: 0 } } },
};

async function startKind(key) {
  const who = new Crowd({ ...settings, ...kinds[key].crowd });
  const server = await startDoor(settings, who, { name: key, ...kinds[key].wishes });
  const startMiB = residentKiB(server.pid) / 1024;
  await who.book(server.port);
  await who.checkAnswers(server.port, doorFields);
  await who.checkRefusals(server.port);
  return Object.assign(server, { who, startMiB, requests: who.writeRequests(`requests-${key}`) });
}

await conclude(async () => {
  const about = machine(settings);
  printMachine(about);

  const servers = {};
  for (const key of Object.keys(kinds)) servers[key] = await startKind(key);
  const { door } = servers;
  const crowd = door.who;
  const bytes = await wireBytes(door.port, `${crowd.pathOf(1)}&userName=Expert`, crowd.headersOf(1));
  servers.ceiling = Object.assign(await startCeiling(settings, bytes), { requests: door.requests });

  const rounds = Object.fromEntries(Object.keys(servers).map((key) => [key, []]));
  for (const server of Object.values(servers)) await closedLoop(settings, server, server.requests, 1);
  for (let i = 0; i < settings.rounds; ++i)
    for (const [key, server] of Object.entries(servers)) rounds[key].push(await closedLoop(settings, server, server.requests));
  for (const key of Object.keys(kinds)) await servers[key].who.checkAnswers(servers[key].port, doorFields);

  const summary = Object.fromEntries(Object.entries(rounds).map(([key, list]) => [key, summarise(list)]));
  const ratios = Object.fromEntries(Object.keys(kinds).map((key) => [key, ratio(rounds[key], rounds.ceiling)]));
  const memory = { startMiB: door.startMiB, loadedMiB: residentKiB(door.pid) / 1024 };
  if (settings.idle > 0) memory.idle = await idleConnections(crowd, door);
  console.log(`\nmemory       ${memory.startMiB.toFixed(1)} MiB at start, ${memory.loadedMiB.toFixed(1)} MiB after the load` +
    (memory.idle ? `, ${memory.idle.bytesEach.toFixed(0)} bytes for each of ${memory.idle.open} idle connections` : ''));

  const calls = settings.calls || settings.write ? await systemCalls(door, door.requests) : null;
  const told = calls && Object.entries(calls.calls).map(([name, each]) => `${name} ${each.toFixed(2)}`).join(', ');
  if (calls) console.log(`system calls ${calls.perRequest.toFixed(2)} per request: ${told}`);
  const errors = Object.values(summary).reduce((sum, one) => sum + one.errors, 0);
  report(settings, 'join', about,
    `answers of ${bytes} bytes, ${settings.connections} connections; medians of ${settings.rounds} interleaved rounds of ${settings.seconds} s, ` +
    `one core for the server, ${memory.loadedMiB.toFixed(0)} MiB resident then` + (calls ? `; ${calls.perRequest.toFixed(2)} system calls a request (${told})` : ''),
    ['server', 'CPU µs/request', '÷ bare epoll', 'best and worst round', 'requests/s', 'p50', 'p99'],
    Object.entries(summary).map(([key, one]) => [kinds[key]?.name ?? 'bare epoll', digits(one.cpuMicroseconds),
      ratios[key] ? digits(ratios[key].median) : '', ratios[key] ? `${digits(ratios[key].best)}–${digits(ratios[key].worst)}` : '',
      thousands(one.perSecond), us(one.p50), us(one.p99)]), errors);

  const samples = settings.perf ?? (settings.where || settings.write ? join(folder, 'perf.data') : null);
  if (samples) await sampleStacks(door, door.requests, samples);
  if (settings.where || settings.write) {
    const stacks = foldedStacks(samples);
    const cost = summary.door.cpuMicroseconds;
    report(settings, 'where', about, `${cost.toFixed(1)} µs of CPU per join, as above`, ['part', 'µs', 'share'],
      partsOf(stacks).map(([part, share]) => [part, (share * cost).toFixed(2), `${(share * 100).toFixed(1)} %`]), errors);
    if (settings.write && errors === 0)
      writeFileSync(fromRoot('docs/images/join-flame.svg'), flameGraph(stacks, 'CPU time of whole joins'));
  }
  writeJson(settings, 'join', { about, settings, rounds, summary, ratios, memory, calls, errors });
  if (errors > 0) throw new Error(`${errors} requests failed: the numbers above are not worth anything`);
});

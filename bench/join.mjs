// Whole joins per second and per CPU microsecond, against a bare epoll server in the same run.
//
//   node bench/join.mjs [--binary FILE] [--ceiling FILE] [--seconds 5] [--rounds 3] [--connections 64] [--rooms 10000]
//                       [--users 500] [--addresses 1024] [--idle 2000] [--server-core 0] [--load-core 1]
//                       [--calls] [--perf FILE] [--where] [--write] [--no-access-log] [--json FILE]
//
// Needs wrk and taskset; --calls counts system calls with strace and --perf samples stacks with perf, in rounds of their own.
// --where says what they were taken in, and --write puts that into docs/performance.md with a flame graph.
// The server has one shard and one core, the load the other; everything that a shipped server does is switched on: access log,
// metrics, rate limits. Only ratios to the ceiling of the same run carry over to other machines and other days.
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

import { Crowd } from './lib/crowd.mjs';
import { machine, median, printMachine, report, summarise, writeJson } from './lib/figures.mjs';
import { requestText, wireBytes } from './lib/http.mjs';
import { closedLoop } from './lib/load.mjs';
import { common, crowd as usual, fromRoot, readOptions } from './lib/options.mjs';
import { conclude, descriptors, folder, launch, pause, residentKiB } from './lib/processes.mjs';
import { flameGraph, foldedStacks, partsOf } from './lib/stacks.mjs';
import { doorFields, startCeiling, startDoor } from './lib/servers.mjs';

const settings = readOptions({
  ...common, ...usual, seconds: 5, rounds: 3, idle: 2000, calls: false, noAccessLog: false, perf: null,
  where: false, write: false,
});
const crowd = new Crowd(settings);

// System calls per request, counted by strace, which slows everything down: the count holds, the speed does not.
async function systemCalls(door, requests) {
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
  const perf = launch(['perf', 'record', '-q', '-F', '4999', '-e', 'cpu-clock', '-g', '-o', file, '-p', String(door.pid)],
    { stdio: 'inherit' });
  await closedLoop(settings, door, requests);
  perf.kill('SIGINT');
  await perf.gone;
}

// Connections that have been served once and then say nothing.
async function idleConnections(door) {
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

await conclude(async () => {
  const about = machine(settings);
  printMachine(about);

  const door = await startDoor(settings, crowd);
  const atStart = residentKiB(door.pid) / 1024;
  const began = Date.now();
  await crowd.book(door.port);
  console.log(`booked       ${settings.rooms} rooms in ${((Date.now() - began) / 1000).toFixed(1)} s through the API`);
  await crowd.checkAnswers(door.port, doorFields);
  const requests = crowd.writeRequests();

  const bytes = await wireBytes(door.port, `${crowd.pathOf(1)}&userName=Expert`, crowd.headersOf(1));
  const ceiling = await startCeiling(settings, bytes);

  const rounds = { door: [], ceiling: [] };
  await closedLoop(settings, door, requests, 2);
  await closedLoop(settings, ceiling, requests, 1);
  for (let i = 0; i < settings.rounds; ++i) {
    rounds.door.push(await closedLoop(settings, door, requests));
    rounds.ceiling.push(await closedLoop(settings, ceiling, requests));
  }
  await crowd.checkAnswers(door.port, doorFields);

  const summary = { door: summarise(rounds.door), ceiling: summarise(rounds.ceiling) };
  const each = rounds.door.map((one, i) => one.cpuMicroseconds / rounds.ceiling[i].cpuMicroseconds);
  const ratio = {
    cpu: median(each), cpuWorst: Math.max(...each), cpuBest: Math.min(...each),
    perSecond: summary.ceiling.perSecond / summary.door.perSecond,
  };

  console.log(`\nanswer       ${bytes} bytes; ${settings.connections} connections; ` +
    `medians of ${settings.rounds} rounds of ${settings.seconds} s each, interleaved`);
  const right = (value, width, places = 0) => value.toFixed(places).padStart(width);
  console.log('             CPU µs/request   requests/s   p50 µs   p90 µs   p99 µs   errors');
  for (const [name, one] of Object.entries({ stagedoor: summary.door, 'bare epoll': summary.ceiling }))
    console.log([name.padEnd(12), right(one.cpuMicroseconds, 14, 2), right(one.perSecond, 12), right(one.p50, 8), right(one.p90, 8),
      right(one.p99, 8), right(one.errors, 8)].join(' '));
  console.log(`ratio        ${right(ratio.cpu, 14, 3)}   (rounds: ${each.map((x) => x.toFixed(3)).join(', ')}); ` +
    `requests/s ${ratio.perSecond.toFixed(3)}`);

  const memory = { startMiB: atStart, loadedMiB: residentKiB(door.pid) / 1024 };
  if (settings.idle > 0) memory.idle = await idleConnections(door);
  console.log(`memory       ${memory.startMiB.toFixed(1)} MiB at start, ${memory.loadedMiB.toFixed(1)} MiB after the load` +
    (memory.idle ? `, ${memory.idle.bytesEach.toFixed(0)} bytes for each of ${memory.idle.open} idle connections` : ''));

  const samples = settings.perf ?? (settings.where || settings.write ? join(folder, 'perf.data') : null);
  if (samples) await sampleStacks(door, requests, samples);
  if (settings.where || settings.write) {
    const stacks = foldedStacks(samples);
    const cost = summary.door.cpuMicroseconds;
    report(settings, 'where', about,
      `${cost.toFixed(1)} µs of CPU per join, ${ratio.cpu.toFixed(2)} times the bare epoll server of the same run`,
      ['part', 'µs', 'share'],
      partsOf(stacks).map(([part, share]) => [part, (share * cost).toFixed(2), `${(share * 100).toFixed(1)} %`]));
    if (settings.write)
      writeFileSync(fromRoot('docs/images/join-flame.svg'), flameGraph(stacks, 'CPU time of whole joins'));
  }
  let calls = null;
  if (settings.calls) {
    calls = await systemCalls(door, requests);
    const each = Object.entries(calls.calls).map(([name, x]) => `${name} ${x.toFixed(2)}`);
    console.log(`system calls ${calls.perRequest.toFixed(2)} per request: ${each.join(', ')}`);
  }
  const errors = summary.door.errors + summary.ceiling.errors;
  writeJson(settings.json, { about, settings, rounds, summary, ratio, memory, calls, errors });
  if (errors > 0) throw new Error(`${errors} requests failed: the numbers above are not worth anything`);
});

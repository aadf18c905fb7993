// What it takes while nothing happens, and what state costs: memory and time at start, idle connections, and joins among
// many bookings.
//
//   node bench/idle.mjs [--idle 10000] [--idle-tls 1000] [--bookings 200000] [--seconds 3] [--rounds 3] [--starts 5]
//                       [--write] [--json FILE] [--binary FILE] [--connections 64] [--rooms 1000] [--users 500]
//                       [--addresses 1024] [--server-core 0] [--load-core 1] [--no-access-log]
//
// Memory is resident memory; the kernel's for sockets is not in it. A connection is idle after it has been served once.
// nginx is asked for the same where it is installed. --bookings 0 leaves the many bookings out; a million take some minutes.
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { certificate, tlsLines } from './lib/certificate.mjs';
import { Crowd } from './lib/crowd.mjs';
import { digits, machine, median, printMachine, report, summarise, thousands, writeJson } from './lib/figures.mjs';
import { requestText } from './lib/http.mjs';
import { closedLoop } from './lib/load.mjs';
import { nginxBinary, nginxVersion, startNginx } from './lib/nginx.mjs';
import { common, crowd as usual, readOptions } from './lib/options.mjs';
import { conclude, descriptors, filesAllowed, freePort, pause, residentKiB, stop } from './lib/processes.mjs';
import { startDoor } from './lib/servers.mjs';

const settings = readOptions({
  ...common, ...usual, rooms: 1000, idle: 10000, idleTls: 1000, bookings: 200000, seconds: 3, rounds: 3, starts: 5,
  write: false, noAccessLog: false,
});
const crowd = new Crowd({ ...settings, rooms: Math.max(settings.rooms, settings.bookings) });
const files = settings.idle + 2000;

// Connections from several addresses of this machine, since one has only so many ports; each served once.
async function idleConnections(server, port, count, tls) {
  const before = residentKiB(server.pid);
  const already = descriptors(server.pid);
  const sockets = [];
  const one = (at) => new Promise((done, failed) => {
    const target = { host: '127.0.0.1', port, localAddress: `127.0.0.${2 + (at % 8)}` };
    const socket = tls ? connectTls({ ...target, rejectUnauthorized: false }) : connect(target);
    sockets.push(socket);
    socket.on('error', failed).once('data', (data) =>
      (data.toString('latin1', 9, 12) === '200' ? done() : failed(new Error(String(data)))));
    socket.write(requestText(crowd.pathOf(at % settings.rooms), crowd.headersOf(at % settings.rooms)));
  });
  for (let first = 0; first < count; first += 100)
    await Promise.all(Array.from({ length: Math.min(100, count - first) }, (_, i) => one(first + i)));
  await pause(500);
  const open = descriptors(server.pid) - already;
  const after = residentKiB(server.pid);
  for (const socket of sockets) socket.destroy();
  await pause(300);
  return { open, bytesEach: ((after - before) * 1024) / open, residentMiB: after / 1024, startMiB: before / 1024 };
}

await conclude(async () => {
  const about = machine(settings);
  printMachine(about);
  const results = {};
  const rows = [];

  const starts = [];
  for (let i = 0; i < settings.starts; ++i) {
    const door = await startDoor(settings, crowd, { name: `start-${i}`, every: 1 });
    await pause(100);
    starts.push({ ms: door.readyAfter, mib: residentKiB(door.pid) / 1024 });
    await stop(door);
  }
  results.start = { ms: median(starts.map((one) => one.ms)), mib: median(starts.map((one) => one.mib)) };
  rows.push(['from start to ready', `${results.start.ms.toFixed(0)} ms`, `median of ${settings.starts}, its launcher included`]);
  rows.push(['resident at start', `${digits(results.start.mib)} MiB`, '']);

  const idle = Math.min(settings.idle, filesAllowed - 200);
  if (idle < settings.idle) console.log(`only ${idle} idle connections: this process may open ${filesAllowed} files`);
  // A process for each kind: what the others have left free would be taken for nothing.
  const warm = crowd.writeRequests('warm', Array.from({ length: settings.rooms }, (_, room) => room));
  const startIdle = {
    Stagedoor: async () => {
      const door = await startDoor(settings, crowd, { name: 'idle', files, tls: certificate() });
      if (!results.Stagedoor.idle) await crowd.book(door.port, settings.rooms);
      return { child: door, plain: door.port, tls: door.tlsPort };
    },
  };
  if (nginxBinary) startIdle[nginxVersion()] = async (kind) => {
    const tlsPort = await freePort();
    const server = `${tlsLines(tlsPort)} location / { return 200 "x"; }`;
    const child = await startNginx(settings, kind, await freePort(), { files, server });
    return { child, plain: child.port, tls: tlsPort };
  };
  // nginx sets the memory for its connections aside at start, so its bytes for each are few and its sum tells more.
  for (const [name, start] of Object.entries(startIdle)) {
    results[name] = {};
    for (const [kind, tls, count] of [['idle', false, idle], ['tls', true, settings.idleTls]]) {
      const server = await start(kind);
      // What is made once, and what joins leave in the server's memory, is there before anybody is counted.
      await closedLoop(settings, { pid: server.child.pid, port: server.plain }, warm, 2);
      await idleConnections(server.child, tls ? server.tls : server.plain, 20, tls);
      const all = (results[name][kind] = await idleConnections(server.child, tls ? server.tls : server.plain, count, tls));
      await stop(server.child);
      rows.push([`idle ${tls ? 'TLS ' : ''}connection, ${name}`, `${thousands(all.bytesEach)} B`,
        `${digits(all.residentMiB)} MiB resident with ${thousands(all.open)} of them`]);
    }
  }

  if (settings.bookings > 0) {
    const few = await startDoor(settings, crowd, { name: 'few' });
    await crowd.book(few.port, settings.rooms);
    const began = Date.now();
    let many = await startDoor(settings, crowd, { name: 'many' });
    await crowd.book(many.port, settings.bookings);
    console.log(`booked       ${thousands(settings.bookings)} rooms in ${((Date.now() - began) / 1000).toFixed(0)} s through the API`);
    await stop(many);
    // A new process knows none of the bookings: each of these rooms is asked for the first time.
    many = await startDoor(settings, crowd, { name: 'many', every: 1 });
    results.startWithBookings = many.readyAfter;
    const sample = Math.min(settings.bookings, 30_000);
    const numbers = (count, of) => Array.from({ length: count }, (_, i) => of(i));
    const spread = crowd.writeRequests('spread', numbers(sample, (i) => Math.floor((i * settings.bookings) / sample)));
    const small = crowd.writeRequests('small', numbers(settings.rooms, (room) => room));
    await closedLoop(settings, few, small, 1);
    const cold = await closedLoop(settings, many, spread, 1);
    await closedLoop(settings, many, spread, 3);
    const rounds = { few: [], many: [] };
    for (let i = 0; i < settings.rounds; ++i) {
      rounds.few.push(await closedLoop(settings, few, small));
      rounds.many.push(await closedLoop(settings, many, spread));
    }
    const [warm, base] = [summarise(rounds.many), summarise(rounds.few)];
    const ratio = median(rounds.many.map((one, i) => one.cpuMicroseconds / rounds.few[i].cpuMicroseconds));
    const part = Math.min(1, sample / cold.requests);
    Object.assign(results, { cold, warm, base, ratio, coldPart: part });
    const errors = cold.errors + warm.errors + base.errors;
    if (errors > 0) throw new Error(`${errors} joins failed`);
    const told = (one) => `${digits(one.cpuMicroseconds)} µs CPU, ${thousands(one.perSecond)}/s`;
    rows.push([`join among ${thousands(settings.rooms)} bookings`, told(base), 'all of them asked for before']);
    const bookings = `${thousands(settings.bookings)} bookings`;
    rows.push([`join among ${bookings}, warm`, told(warm), `× ${digits(ratio)}; ${thousands(sample)} of them, all asked for before`]);
    rows.push([`join among ${bookings}, cold`, told(cold), `× ${digits(cold.cpuMicroseconds / base.cpuMicroseconds)}; ` +
      `${(part * 100).toFixed(0)} % of the joins are the first for their room, read from the store`]);
    rows.push([`from start to ready with ${bookings}`, `${many.readyAfter.toFixed(0)} ms`,
      `${digits(residentKiB(many.pid) / 1024)} MiB resident after the joins`]);
  }

  const rounds = `${settings.rounds} interleaved rounds of ${settings.seconds} s`;
  report(settings, 'idle', about, `one core for the server; medians of ${rounds} where joins are counted`,
    ['measure', 'figure', 'note'], rows);
  writeJson(settings, 'idle', { about, settings, results });
});

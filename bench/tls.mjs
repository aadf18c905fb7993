// What a new TLS 1.3 connection costs, whole and resumed, against nginx with the same certificate and the same OpenSSL.
//
//   node bench/tls.mjs [--seconds 3] [--rounds 3] [--threads 4] [--write] [--json FILE] [--binary FILE] [--tls-connect FILE]
//                      [--server-core 0] [--load-core 1]
//
// No request is sent: connect, handshake, session ticket, goodbye. CPU time is the robust figure; connections per second are
// those of clients who share one core with each other, and a handshake costs the client about as much as the server.
import { certificate, tlsLines } from './lib/certificate.mjs';
import { Crowd } from './lib/crowd.mjs';
import { digits, machine, median, printMachine, report, say, summarise, thousands, us, writeJson } from './lib/figures.mjs';
import { nginxBinary, nginxVersion, startNginx } from './lib/nginx.mjs';
import { common, crowd as usual, fromRoot, readOptions } from './lib/options.mjs';
import { conclude, cpuSeconds, freePort, runLoad } from './lib/processes.mjs';
import { startDoor } from './lib/servers.mjs';

const settings = readOptions({
  ...common, ...usual, rooms: 1, users: 1, tlsConnect: fromRoot('build/release/bench/tls_connect'),
  seconds: 3, rounds: 3, threads: 4, write: false, noAccessLog: false,
});

async function handshakes(server, resume, seconds = settings.seconds) {
  const before = cpuSeconds(server.pid);
  const said = JSON.parse(await runLoad(settings.loadCore, [settings.tlsConnect, '--port', String(server.tlsPort),
    '--seconds', String(seconds), '--threads', String(settings.threads), '--resume', resume ? '1' : '0']));
  const resumedPart = said.resumed / said.handshakes;
  if (resume ? resumedPart < 0.95 : resumedPart > 0)
    throw new Error(`${(resumedPart * 100).toFixed(0)} % of the handshakes were resumed`);
  return {
    cpuMicroseconds: ((cpuSeconds(server.pid) - before) * 1e6) / said.handshakes, perSecond: said.per_second,
    p50: said.p50, p99: said.p99, errors: said.failed,
  };
}

await conclude(async () => {
  const about = machine(settings);
  about.openssl = say('openssl', 'version').split(' ').slice(0, 2).join(' ');
  printMachine(about);

  const servers = { Stagedoor: await startDoor(settings, new Crowd(settings), { tls: certificate() }) };
  if (nginxBinary) {
    const tlsPort = await freePort();
    const server = `${tlsLines(tlsPort)} location / { return 200 "x"; }`;
    const nginx = await startNginx(settings, 'tls', await freePort(), { server });
    servers[nginxVersion()] = Object.assign(nginx, { tlsPort });
  } else {
    console.log('left out     nginx: it is missing');
  }

  const kinds = { whole: false, resumed: true };
  const rounds = Object.fromEntries(Object.keys(servers).map((name) => [name, { whole: [], resumed: [] }]));
  for (const server of Object.values(servers)) for (const resume of Object.values(kinds)) await handshakes(server, resume, 0.5);
  for (let i = 0; i < settings.rounds; ++i)
    for (const [kind, resume] of Object.entries(kinds))
      for (const [name, server] of Object.entries(servers)) rounds[name][kind].push(await handshakes(server, resume));

  const [own, other] = Object.keys(servers);
  const ratio = (kind) =>
    other && median(rounds[own][kind].map((one, i) => one.cpuMicroseconds / rounds[other][kind][i].cpuMicroseconds));
  const rows = Object.keys(kinds).flatMap((kind) => Object.keys(servers).map((name) => {
    const one = summarise(rounds[name][kind]);
    return [`${kind} handshake, ${name}`, digits(one.cpuMicroseconds), name === own && other ? digits(ratio(kind)) : '',
      thousands(one.perSecond), us(one.p50), us(one.p99)];
  }));
  const errors = Object.values(rounds).flatMap((one) => Object.values(one).flat()).reduce((sum, one) => sum + one.errors, 0);
  report(settings, 'tls', about,
    `TLS 1.3, ECDSA P-256, ${about.openssl}; ${settings.threads} clients at a time; ` +
    `medians of ${settings.rounds} interleaved rounds of ${settings.seconds} s, one core for the server`,
    ['connection', 'CPU µs', '÷ nginx', 'per second', 'p50', 'p99'], rows, errors);
  writeJson(settings, 'tls', { about, settings, rounds, ratio: { whole: ratio('whole'), resumed: ratio('resumed') }, errors });
  if (errors > 0) throw new Error(`${errors} handshakes failed`);
});

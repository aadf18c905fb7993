// The same work by the servers that one might have taken instead, side by side in one run.
//
//   node bench/peers.mjs [--only stagedoor,nginx-njs] [--seconds 1] [--rounds 9] [--write] [--json FILE]
//                        [--binary FILE] [--ceiling FILE] [--connections 64] [--rooms 10000] [--users 500] [--addresses 1024]
//                        [--server-core 0] [--load-core 1] [--no-access-log]
//
// Every server has one core and the load the other; the rounds of all are interleaved (short ones, many: the machine's mood changes within seconds), and the figure is the median of each
// server's rounds. The bare epoll server always takes part. A server whose tools are missing is left out, with a line that
// says why. --write puts the table into docs/performance.md and draws docs/images/peers.svg.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { barChart } from './lib/chart.mjs';
import { Crowd } from './lib/crowd.mjs';
import {
  digits, installed, machine, markdownTable, printMachine, printTable, ratio, rewriteBlock, say, summarise, thousands, us,
  writeJson,
} from './lib/figures.mjs';
import { answers, call, wireBytes } from './lib/http.mjs';
import { closedLoop } from './lib/load.mjs';
import { constantOf, nginxBinary, nginxVersion, startNginx } from './lib/nginx.mjs';
import { common, crowd as usual, fromRoot, readOptions } from './lib/options.mjs';
import { conclude, folder, freePort, launch, start, stop } from './lib/processes.mjs';
import { doorFields, startCeiling, startDoor } from './lib/servers.mjs';

const settings = readOptions({ ...common, ...usual, seconds: 1, rounds: 9, only: '', write: false, noAccessLog: false });
const crowd = new Crowd(settings);
const generous = { rate: 1_000_000, burst: 1_000_000 };

class Missing extends Error {}
const needs = (what, there) => {
  if (!there) throw new Missing(`${what} is missing`);
};

const work = 'limit, JWT check, booking, signed token, JSON';
const next = fromRoot('bench/peers/nextjs');
let bookingsFile = null;
const environment = (port, { rate, burst }) => ({
  ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1', GOMAXPROCS: '1', PORT: String(port),
  PEER_SESSION_SECRET: crowd.secrets.session, PEER_TOKEN_SECRET: crowd.secrets.custom,
  PEER_BOOKINGS: (bookingsFile ??= crowd.writeBookings()), PEER_LIMIT_RATE: String(rate), PEER_LIMIT_BURST: String(burst),
});

// Longer work of a tool, made once and told about.
async function make(what, command, options = {}) {
  console.log(`making       ${what}: ${command.join(' ')}`);
  const child = launch(command, options);
  const giveUp = setTimeout(() => child.kill('SIGTERM'), 300_000);
  const code = await child.gone;
  clearTimeout(giveUp);
  if (code !== 0) throw new Missing(`${command.join(' ')} failed: ${child.text.trim().split('\n').slice(-3).join(' ')}`);
}

const nodeModules = async (name) => {
  needs('npm', installed('npm'));
  const lock = join(next, 'package-lock.json');
  const done = join(next, 'node_modules/.package-lock.json');
  if (!existsSync(done) || statSync(lock).mtimeMs > statSync(done).mtimeMs)
    // Not `npm ci`, which also wants to know of optional packages for systems that this is not.
    await make(name, ['npm', 'install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: next });
  return JSON.parse(readFileSync(join(next, `node_modules/${name}/package.json`), 'utf8')).version;
};

// An environment is not a file's business: servers of one command read theirs here.
async function startCommand(command, limit, options = {}) {
  const port = await freePort();
  const child = await start(settings.serverCore, command, () => answers(port, '/api/expert/videocall/url', 400),
    { env: environment(port, limit), seconds: 30, ...options });
  return Object.assign(child, { port });
}

const realip = 'set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For;';
const limitZone = ({ rate }) => `limit_req_zone $binary_remote_addr zone=address:16m rate=${rate}r/s; limit_req_status 429;`;
const limitHere = ({ burst }) => `limit_req zone=address burst=${burst} nodelay;`;

// `prepare` makes what is needed and returns the version; `start` gets the limit per address and, for constants, the answer's size.
const peers = {
  stagedoor: {
    name: 'Stagedoor', does: `${work}; access log, metrics, request ids`, full: true, fields: doorFields,
    prepare: () => say(settings.binary, 'version').replace('stagedoor ', ''),
    start: async (limit) => {
      const door = await startDoor(settings, crowd, { name: `door-${limit.rate}`, limits: { ip: limit } });
      await crowd.book(door.port, limit === generous ? settings.rooms : 10);
      return door;
    },
  },
  'stagedoor-plain': {
    name: 'Stagedoor, sessions verified each time', does: `${work}; access log, metrics, request ids`, full: true, fields: doorFields,
    prepare: () => '',
    start: async (limit) => {
      const wishes = { limits: { ip: limit }, session: { cache_tokens: 0 } };
      const door = await startDoor(settings, crowd, { name: `plain-${limit.rate}`, ...wishes });
      await crowd.book(door.port, limit === generous ? settings.rooms : 10);
      return door;
    },
  },
  epoll: {
    name: 'bare epoll', does: 'nothing: a constant', prepare: () => '',
    start: (_, bytes) => startCeiling(settings, bytes),
  },
  nginx: {
    name: 'nginx', does: 'nothing: a constant',
    prepare: () => (needs('nginx', nginxBinary), nginxVersion().replace('nginx/', '')),
    start: async (_, bytes) =>
      startNginx(settings, 'constant', await freePort(), { server: `location / { ${constantOf(bytes)} }` }),
  },
  'nginx-limit': {
    name: 'nginx with limit_req', does: 'limit, then a constant', limits: true,
    prepare: () => (needs('nginx', nginxBinary), nginxVersion().replace('nginx/', '')),
    // `return` comes before limits, in a phase of its own; a file that is known not to be there leads from the one to the other.
    start: async (limit, bytes) => startNginx(settings, `limit-${limit.rate}`, await freePort(), {
      http: `${limitZone(limit)} ${realip}
        open_file_cache max=16 inactive=1d; open_file_cache_valid 1d; open_file_cache_errors on;`,
      server: `location / { ${limitHere(limit)} root ${folder}; try_files /none @constant; }
        location @constant { ${constantOf(bytes)} }`,
    }),
  },
  'nginx-njs': {
    name: 'nginx with njs', does: work, full: true,
    prepare: () => {
      needs('nginx', nginxBinary);
      needs('libnginx-mod-http-js', existsSync('/usr/lib/nginx/modules/ngx_http_js_module.so'));
      const njs = say('dpkg-query', '-W', '-f', '${Version}', 'libnginx-mod-http-js');
      return `${nginxVersion().replace('nginx/', '')}, njs ${njs}`;
    },
    start: async (limit) => {
      const { PEER_BOOKINGS: bookings } = environment(0, limit);
      const secrets = join(folder, 'secrets.json');
      writeFileSync(secrets, JSON.stringify({ session: crowd.secrets.session, token: crowd.secrets.custom }), { mode: 0o600 });
      return startNginx(settings, `njs-${limit.rate}`, await freePort(), {
        main: 'load_module /usr/lib/nginx/modules/ngx_http_js_module.so;',
        http: `js_path ${fromRoot('bench/peers/nginx')}; js_import door from join.js; js_preload_object bookings from ${bookings};
          js_preload_object settings from ${secrets}; ${limitZone(limit)} ${realip}`,
        server: `location ~ ^/api/(expert|client)/videocall/url$ { ${limitHere(limit)} js_content door.join; }`,
      });
    },
  },
  go: {
    name: 'Go net/http', does: work, full: true,
    prepare: async () => {
      needs('go (golang-go)', installed('go'));
      const out = fromRoot('build/peers/go');
      mkdirSync(out, { recursive: true });
      await make('Go net/http', ['go', 'build', '-o', join(out, 'peer'), '.'],
        { cwd: fromRoot('bench/peers/go'), env: { ...process.env, GOFLAGS: '-mod=mod', GOPROXY: 'off', CGO_ENABLED: '0' } });
      return /go(\d[\d.]*)/.exec(say('go', 'version'))?.[1];
    },
    start: (limit) => startCommand([fromRoot('build/peers/go/peer')], limit),
  },
  node: {
    name: 'node:http with jose', does: work, full: true,
    prepare: async () => `Node ${process.versions.node}, jose ${await nodeModules('jose')}`,
    start: (limit) => startCommand([process.execPath, fromRoot('bench/peers/node/server.mjs')], limit),
  },
  nextjs: {
    name: 'Next.js route handler', does: work, full: true,
    prepare: async () => {
      const version = await nodeModules('next');
      const built = join(next, '.next/BUILD_ID');
      const newest = ['package-lock.json', 'next.config.mjs', 'lib/join.mjs', 'app/api/[role]/videocall/url/route.js']
        .map((file) => statSync(join(next, file)).mtimeMs);
      if (!existsSync(built) || Math.max(...newest) > statSync(built).mtimeMs)
        await make('Next.js', [process.execPath, 'node_modules/next/dist/bin/next', 'build'],
          { cwd: next, env: environment(0, generous) });
      return `Next.js ${version}, Node ${process.versions.node}`;
    },
    start: async (limit) => {
      const port = await freePort();
      const command = [process.execPath, 'node_modules/next/dist/bin/next', 'start', '-H', '127.0.0.1', '-p', String(port)];
      return Object.assign(await start(settings.serverCore, command, () => answers(port, '/api/expert/videocall/url', 400),
        { env: environment(port, limit), seconds: 60, cwd: next }), { port });
    },
  },
};

// With a limit of one a second and three at once, the tenth request of an address is refused and another address is not.
async function checkLimit(peer, bytes) {
  const server = await peer.start({ rate: 1, burst: 3 }, bytes);
  const ask = (address) => call(server.port, crowd.pathOf(1), { headers: { ...crowd.headersOf(1), 'x-forwarded-for': address } });
  const got = [];
  for (let i = 0; i < 10; ++i) got.push((await ask('198.18.200.1')).status);
  got.push((await ask('198.18.200.2')).status);
  await stop(server);
  if (got[0] !== 200 || got[9] !== 429 || got[10] !== 200) throw new Error(`${peer.name} does not limit: ${got.join(' ')}`);
}

await conclude(async () => {
  const wanted = settings.only ? settings.only.split(',') : Object.keys(peers);
  for (const key of wanted)
    if (!peers[key]) throw new Error(`--only knows ${Object.keys(peers).join(', ')}; not ${key}`);
  const about = machine(settings);
  printMachine(about);

  // Stagedoor says how long an answer is, so it comes up even where it is not measured.
  const running = new Map();
  const versions = {};
  const skipped = {};
  let bytes = 0;
  for (const [key, peer] of Object.entries(peers)) {
    if (key !== 'stagedoor' && key !== 'epoll' && !wanted.includes(key)) continue;
    try {
      versions[key] = await peer.prepare();
    } catch (error) {
      if (!(error instanceof Missing)) throw error;
      skipped[key] = error.message;
      console.log(`left out     ${peer.name}: ${error.message}`);
      continue;
    }
    if (peer.full || peer.limits) await checkLimit(peer, bytes);
    const server = await peer.start(generous, bytes);
    if (key === 'stagedoor') bytes = await wireBytes(server.port, `${crowd.pathOf(1)}&userName=Expert`, crowd.headersOf(1));
    if (peer.full) {
      await crowd.checkAnswers(server.port, peer.fields);
      await crowd.checkRefusals(server.port);
    }
    if (key === 'stagedoor' && !wanted.includes(key)) await stop(server);
    else running.set(key, server);
  }

  const requests = crowd.writeRequests();
  const rounds = Object.fromEntries([...running.keys()].map((key) => [key, []]));
  // Until what is compiled while it runs has been compiled: so many requests, or as many as come in a while.
  for (const server of running.values())
    for (let [asked, seconds] = [0, 0]; asked < 20_000 && seconds < 20; ++seconds) asked += (await closedLoop(settings, server, requests, 1)).requests;
  for (let i = 0; i < settings.rounds; ++i)
    for (const [key, server] of running) rounds[key].push(await closedLoop(settings, server, requests));
  for (const [key, server] of running)
    if (peers[key].full) await crowd.checkAnswers(server.port, peers[key].fields);

  const results = [...running.keys()].map((key) => ({
    key, name: peers[key].name, does: peers[key].does, version: versions[key] ?? '', full: Boolean(peers[key].full),
    ...summarise(rounds[key]),
    toCeiling: ratio(rounds[key], rounds.epoll), toDoor: running.has('stagedoor') ? ratio(rounds[key], rounds.stagedoor).median : null,
  })).sort((a, b) => a.cpuMicroseconds - b.cpuMicroseconds);

  const { best, worst } = results.find((one) => one.key === 'stagedoor')?.toCeiling ?? {};
  const versus = (one) => (one.key === 'stagedoor' || one.toDoor === null ? '' : `${digits(one.toDoor)}×`);
  const head = ['server', 'CPU µs/request', '÷ bare epoll', '÷ Stagedoor', 'requests/s', 'p50', 'p99', 'does'];
  const rows = results.map((one) => [
    one.name, digits(one.cpuMicroseconds), digits(one.toCeiling.median), versus(one), thousands(one.perSecond), us(one.p50), us(one.p99),
    one.does,
  ]);
  const method = `answers of ${bytes} bytes, ${settings.connections} connections, ${thousands(settings.rooms)} rooms, ` +
    `${settings.users} people, ${thousands(settings.addresses)} addresses; ` +
    `medians of ${settings.rounds} interleaved rounds of ${settings.seconds} s, one core for the server` +
    (best ? `; Stagedoor ÷ bare epoll was ${digits(best)} in its best round and ${digits(worst)} in its worst` : '');
  console.log(`\n${method}`);
  printTable(head, rows);

  const errors = results.reduce((sum, one) => sum + one.errors, 0);
  writeJson(settings, 'peers', { about, settings, versions, skipped, bytes, rounds, results, errors });
  if (errors > 0) throw new Error(`${errors} requests failed: the numbers above are not worth anything`);
  if (!settings.write) return;

  const noted = [...new Set(results.filter((one) => one.version).map((one) => `${one.name} ${one.version}`))].join('; ');
  rewriteBlock(fromRoot('docs/performance.md'), 'peers', [
    `Measured on ${about.date.slice(0, 10)}: ${about.cpu}, Linux ${about.kernel}, ${about.compiler}; ${method}.`, '',
    markdownTable(head, rows), '',
    '![CPU time per request of each server, as bars](images/peers.svg)', '',
    `Versions: ${noted}.`,
    ...Object.entries(skipped).map(([key]) => `Left out for want of its tools: ${peers[key].name}.`),
  ].join('\n'));
  writeFileSync(fromRoot('docs/images/peers.svg'), barChart({
    title: 'CPU microseconds per request, one core (shorter is better, logarithmic)',
    bars: results.map((one) => ({
      label: one.name, value: one.cpuMicroseconds, text: `${digits(one.cpuMicroseconds)} µs`,
      kind: one.key.startsWith('stagedoor') ? 'own' : one.full ? 'full' : 'less',
    })),
    legend: { own: 'Stagedoor', full: 'the same work', less: 'less work: a constant' },
  }));
  console.log('\nwritten      docs/performance.md, docs/images/peers.svg');
});

// One check of the rate limiter, beside what it could have been: nanoseconds and bytes with a thousand, a million and ten
// million addresses, beside one random memory access and beside hash maps behind one mutex and behind 64; then all cores at once.
//
//   node bench/limiter.mjs [--micro FILE] [--rounds 3] [--write] [--json FILE] [--binary FILE] [--server-core 0] [--load-core 1]
import { spawnSync } from 'node:child_process';

import { machine, median, printMachine, report, thousands, writeJson } from './lib/figures.mjs';
import { common, fromRoot, readOptions } from './lib/options.mjs';

const settings = readOptions({ ...common, micro: fromRoot('build/release/bench/micro'), rounds: 3, write: false });
const about = machine(settings);
printMachine(about);

// Interleaved by google/benchmark itself: all of them once, then all of them again.
const rounds = [];
for (let i = 0; i < settings.rounds; ++i) {
  const said = spawnSync(settings.micro, ['--benchmark_filter=limiter|random_memory|map', '--benchmark_min_time=0.1',
    '--benchmark_format=json'], { encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (said.status !== 0) throw new Error(`${settings.micro}: ${said.stderr}`);
  rounds.push(Object.fromEntries(JSON.parse(said.stdout).benchmarks.map((one) =>
    [one.name.replace(/\/iterations:\d+|\/real_time/g, ''), one])));
}
const of = (name, what) => median(rounds.map((round) => {
  if (!round[name]) throw new Error(`no benchmark is named ${name}: ${Object.keys(round).join(', ')}`);
  return round[name][what];
}));
const ns = (name) => of(name, 'real_time');

// The memory of the access that a table is compared with is the table's own.
const sizes = [
  ['1,000', 'limiter_take/addresses:1000/MiB:64', 'random_memory_access/MiB:1', 1000],
  ['1,000,000', 'limiter_take/addresses:1000000/MiB:64', 'random_memory_access/MiB:64', 1_000_000],
  ['1,000,000, in 20 MiB', 'limiter_take/addresses:1000000/MiB:20', 'random_memory_access/MiB:20', 1_000_000],
  ['10,000,000, in 200 MiB', 'limiter_take/addresses:10000000/MiB:200', 'random_memory_access/MiB:200', 10_000_000],
];
const bytes = (name) => of(name, 'B/address').toFixed(0);
const both = (name) => [name, name.replace('/', '_in_turn/')].map((one) => ns(one).toFixed(0)).join(' · ');
const rows = sizes.map(([name, take, access, count]) => [name, both(take), both(access),
  ns(`one_map/addresses:${count}`).toFixed(0), ns(`sharded_map/addresses:${count}`).toFixed(0),
  count === 1000 ? 'bounded by the table' : bytes(take), bytes(`one_map/addresses:${count}`),
  `${((100 * of(take, 'without_own_place'))).toFixed(2)} %`]);
report(settings, 'limiter', about, `medians of ${settings.rounds} rounds, nanoseconds for one check`,
  ['addresses', 'limiter: overlapping · in turn', 'one random memory access: the same', 'map and mutex', '64 maps and mutexes', 'bytes an address', 'in a map',
    'without a place of their own'], rows);

const cores = [...new Set(Object.keys(rounds[0]).map((name) => /threads:(\d+)$/.exec(name)?.[1]).filter(Boolean))].map(Number);
const at = (name, threads) => ns(`${name}/threads:${threads}`);
const together = [
  ['one address from all cores', 'limiter_hot_address/shared:1', 'one_map_hot_address/shared:1', 'sharded_map_hot_address/shared:1'],
  ['an address for each core', 'limiter_hot_address/shared:0', 'one_map_hot_address/shared:0', 'sharded_map_hot_address/shared:0'],
  ['a million addresses', 'limiter_spread_addresses', 'one_map_spread_addresses', 'sharded_map_spread_addresses'],
].map(([name, ...benches]) => [name, ...benches.map((one) => cores.map((n) => at(one, n).toFixed(0)).join(' · '))]);
report(settings, 'limiter on all cores', about,
  `the same with ${cores.join(' · ')} threads at once: nanoseconds of the clock for each check of all threads together`,
  ['who asks', 'limiter', 'map and mutex', '64 maps and mutexes'], together);
console.log(`others       IPv6 ${ns('limiter_take_ipv6').toFixed(0)} ns, a user ${ns('limiter_take_user').toFixed(0)} ns, ` +
  `refused ${ns('limiter_refuse').toFixed(0)} ns; ${thousands(of('limiter_take/addresses:1000/MiB:64', 'iterations'))} checks each`);
writeJson(settings, 'limiter', { about, settings, rounds });

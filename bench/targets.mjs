// What was measured last, beside what it should be.
//
//   node bench/targets.mjs [--write]
//
// Reads what the other scripts have left in build/bench. What none of them has measured is said to be so.
import { digits, markdownTable, median, printTable, readJson, rewriteBlock, thousands } from './lib/figures.mjs';
import { fromRoot, readOptions } from './lib/options.mjs';

const settings = readOptions({ write: false });
const { join, peers, overload, cold, idle, tls, limiter } = Object.fromEntries(
  ['join', 'peers', 'overload', 'cold', 'idle', 'tls', 'limiter'].map((name) => [name, readJson(name)]));

const times = (value) => `${digits(value)}×`;
const percent = (value) => `${(value * 100).toFixed(0)} %`;
const count = (value) => (Number.isInteger(value) ? String(value) : digits(value));
const inUnit = (unit) => (value) => `${Number.isInteger(value) ? thousands(value) : digits(value)} ${unit}`;
const peer = (key) => peers.results.find((one) => one.key === key);
const beyond = (name) => overload.results.overload[name];
const check = (name, what = 'real_time') => median(limiter.rounds.map((round) => round[name][what]));
const ours = () => idle.results.Stagedoor;

// `value` throws a TypeError or gives undefined where nobody has measured it. A limit is the most that it may be, or with
// `atLeast` the least; one that is a function is measured as well.
const targets = [
  { measure: "a join's CPU time ÷ bare epoll", must: 1.5, goal: 1.2, unit: times, value: () => join.ratios.door.median },
  { measure: 'the same, beside the peers', must: 1.5, goal: 1.2, unit: times, value: () => peer('stagedoor').toCeiling.median },
  { measure: 'nginx with `limit_req` and a constant ÷ a join', must: 1, unit: times, atLeast: true, value: () => peer('nginx-limit').toDoor },
  { measure: 'nginx with a constant ÷ a join', goal: 1, unit: times, atLeast: true, value: () => peer('nginx').toDoor },
  { measure: 'a Next.js route handler ÷ a join', must: 75, goal: 100, unit: times, atLeast: true, value: () => peer('nextjs').toDoor },
  { measure: 'a join with an ES256 session ÷ bare epoll', must: 1.6, goal: 1.25, unit: times, value: () => join.ratios.es256.median },
  { measure: 'a join with an RS256 session ÷ bare epoll', must: 1.6, goal: 1.25, unit: times, value: () => join.ratios.rs256.median },
  { measure: 'system calls per request under full load', must: 2.2, goal: 2.05, unit: digits, value: () => join.calls.perRequest },
  { measure: 'p50 at 500/s ÷ bare epoll', must: 1.5, goal: 1.15, unit: times, value: () => overload.results.calm.p50 },
  { measure: 'p99 at 500/s ÷ bare epoll', must: 3, goal: 1.5, unit: times, value: () => overload.results.calm.p99 },
  { measure: 'goodput at 3 × peak through a pool', must: 0.8, goal: 0.95, unit: percent, atLeast: true, value: () => beyond('compared').threefold },
  { measure: 'p99 of what is answered then', goal: 50, unit: inUnit('ms'), value: () => median(beyond('threefold').map(([one]) => one.p99)) / 1000 },
  { measure: 'goodput at 3 × peak, everybody with a connection', must: 0.8, goal: 0.95, unit: percent, atLeast: true, value: () => beyond('compared').people },
  { measure: 'p99 of what is answered then', goal: 50, unit: inUnit('ms'), value: () => median(beyond('people').map(([one]) => one.p99)) / 1000 },
  { measure: "an address's p99 beside a flood ÷ beside as many of others", must: 1, unit: times, value: () => overload.results.flood.p99 },
  { measure: "others' p99 beside a provider that is stuck", goal: 50, unit: inUnit('ms'), value: () => overload.results.stuck.p99 / 1000 },
  { measure: `create calls for ${cold ? thousands(cold.settings.joins) : 'many'} joins at once`, must: 1, goal: 1, unit: count, value: () => cold.creates },
  { measure: "the last of them answered, after the provider's time", goal: 20, unit: inUnit('ms'), value: () => cold.lateMs },
  { measure: 'user memory of an idle connection', must: 4300, goal: 528, unit: inUnit('B'), value: () => Math.round(ours().idle.bytesEach) },
  { measure: 'of an idle TLS connection', must: 15_000, goal: 10_000, unit: inUnit('B'), value: () => Math.round(ours().tls.bytesEach) },
  { measure: 'resident at start', must: 15, goal: 10, unit: inUnit('MiB'), value: () => idle.results.start.mib },
  { measure: `resident with ${idle ? thousands(ours().idle.open) : 'many'} idle connections`, must: 60, goal: 20, unit: inUnit('MiB'), value: () => ours().idle.residentMiB },
  { measure: `a warm join, of 30,000 rooms, among ${idle ? thousands(idle.settings.bookings) : 'many'} bookings ÷ among a thousand`, must: 1.3, goal: 1.1, unit: times, value: () => idle.results.ratio },
  { measure: 'a TLS 1.3 handshake ÷ nginx', must: 1.15, goal: 1, unit: times, value: () => tls.ratio.whole },
  { measure: 'a resumed one ÷ nginx', must: 1.15, goal: 1, unit: times, value: () => tls.ratio.resumed },
  ...[[1000, 64, 15], [1_000_000, 64, 190], [10_000_000, 200, 210]].map(([addresses, mib, goal]) => ({
    measure: `a check among ${thousands(addresses)} addresses; must: half of a map's behind a mutex`, goal, unit: inUnit('ns'),
    must: () => check(`one_map/addresses:${addresses}`) / 2, value: () => check(`limiter_take/addresses:${addresses}/MiB:${mib}`),
  })),
  { measure: 'memory for each of ten million addresses', must: 48, goal: 24, unit: inUnit('B'), value: () => check('limiter_take/addresses:10000000/MiB:200', 'B/address') },
  { measure: 'two shards against one (the load would need a machine of its own)', must: 1.6, goal: 1.9, unit: times, atLeast: true, value: () => undefined },
];

function measured(value) {
  try {
    return typeof value === 'function' ? value() : value;
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

const rows = targets.map(({ measure, goal, unit, atLeast = false, ...one }) => {
  const [value, must] = [measured(one.value), measured(one.must)];
  const keeps = (limit) => limit !== undefined && (atLeast ? value >= limit : value <= limit);
  const limit = (at) => (at === undefined ? '' : `${atLeast ? '≥' : '≤'} ${unit(at)}`);
  const verdict = value === undefined ? 'not measured'
    : keeps(goal) && (must === undefined || keeps(must)) ? 'goal reached' : keeps(must) ? (goal === undefined ? 'reached' : 'must reached') : must === undefined ? 'goal missed' : 'missed';
  return [measure, limit(must), limit(goal), value === undefined ? '' : unit(value), verdict];
});
const head = ['measure', 'must', 'goal', 'measured', ''];
printTable(head, rows);
const dates = [join, peers, overload, cold, idle, tls, limiter].filter(Boolean).map((run) => run.about.date.slice(0, 10)).sort();
const measuredOn = dates.length === 0 ? 'Nothing was measured yet.' : `Measured ${dates[0] === dates.at(-1) ? `on ${dates[0]}` : `from ${dates[0]} to ${dates.at(-1)}`}.`;
if (settings.write) {
  rewriteBlock(fromRoot('docs/performance.md'), 'targets', `${measuredOn}\n\n${markdownTable(head, rows)}`);
  console.log('\nwritten      docs/performance.md');
}

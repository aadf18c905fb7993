// More than it can carry, one who asks for more than his share, and a provider that is stuck: does it keep serving the others,
// and how fast?
//
//   node bench/overload.mjs [--seconds 4] [--rounds 3] [--pool 512] [--people 4096] [--fair-share 1000] [--write] [--json FILE]
//                           [--binary FILE] [--ceiling FILE] [--open-loop FILE] [--connections 64] [--rooms 10000] [--users 500]
//                           [--addresses 1024] [--server-core 0] [--load-core 1] [--no-access-log]
//
// Closed loops of --connections and of --pool, and requests at 0.5, 1, 2 and 3 times what a first look took for the peak, whether
// or not they are answered (an open loop; latency counts from the instant at which a request was due): through a pool of
// connections that turns away what finds none free, as a proxy in front does, and from --people who have a connection each, so
// that as many requests stand in line at the server itself; the bare epoll server gets these as well. "Turned away" has not been
// sent; 429 and 503 are the server's own answers.
// Then somebody asks 500 times a second, alone, beside the load of many addresses, and beside as many requests of one address
// that is over its limit of --fair-share a second. Then people join beside others whose provider never answers. At last 500
// requests a second come to a server with nothing else to do, against the bare epoll server.
import { Crowd } from './lib/crowd.mjs';
import { digits, machine, median, printMachine, report, thousands, us, writeJson } from './lib/figures.mjs';
import { wireBytes } from './lib/http.mjs';
import { closedLoop, openLoop } from './lib/load.mjs';
import { common, crowd as usual, openLoopProgram, readOptions } from './lib/options.mjs';
import { conclude, filesAllowed, pause, stop } from './lib/processes.mjs';
import { doorFields, startCeiling, startDoor } from './lib/servers.mjs';
import { startService } from './lib/service.mjs';

const settings = readOptions({
  ...common, ...openLoopProgram, ...usual, seconds: 4, rounds: 3, pool: 512, people: 4096, fairShare: 1000, write: false,
  noAccessLog: false,
});
settings.people = Math.min(settings.people, Math.floor(filesAllowed / 2) - 600);
const crowd = new Crowd(settings);
const files = 2 * settings.people + 1000;

const statuses = (one, status) => one.by_status[status] ?? 0;
const answeredOf = (reports) => reports.reduce((sum, one) => sum + one.answered, 0);
// Anything but an answer in time and what overload explains.
const broken = (runs, explained = ['200', '429', '503']) => runs.flat().reduce((sum, one) => sum + one.errors +
  Object.entries(one.by_status).reduce((all, [status, count]) => all + (explained.includes(status) ? 0 : count), 0), 0);
const middle = (runs, of) => median(runs.map(of));
const share = (part) => (part === 0 ? '' : `${(part * 100).toFixed(part < 0.1 ? 1 : 0)} %`);

// Each round runs all of `runs` once: {name: run} becomes {name: [what it returned, round by round]}.
async function interleaved(runs) {
  const results = Object.fromEntries(Object.keys(runs).map((name) => [name, []]));
  for (let i = 0; i < settings.rounds; ++i)
    for (const [name, run] of Object.entries(runs)) {
      results[name].push(await run());
      await pause(200);
    }
  return results;
}

const results = {};
const rows = [];
// One row for the first flow of each run.
function note(label, runs, compared = '', remark = '') {
  const part = (of) => share(middle(runs, ([one]) => of(one) / one.due));
  rows.push([label, thousands(middle(runs, ([one]) => one.goodput)), compared, us(middle(runs, ([one]) => one.p50)),
    us(middle(runs, ([one]) => one.p99)), part((one) => one.turned_away), part((one) => statuses(one, 429) + statuses(one, 503)),
    part((one) => one.timeouts + one.unsent), remark]);
}
const ratioOf = (runs, others, of) => median(runs.map(([one], i) => of(one) / of(others[i][0])));

// The peak, and beyond it. What carries most in a round is that round's peak: the machine's mood is in both then.
async function measureOverload(door, bare, requests) {
  const { perSecond } = await closedLoop(settings, door, requests, 1);
  const open = async (rate, connections = settings.pool, server = door, seconds = settings.seconds) =>
    (await openLoop(settings, server, [{ requests, rate: Math.round(rate), connections, queue: 0 }], { seconds })).reports;
  const [full] = await open(3 * perSecond, settings.pool, door, 1);
  const peak = Math.max(perSecond, full.goodput);

  const closed = async (connections) => [{ goodput: (await closedLoop(settings, door, requests, settings.seconds, connections)).perSecond }];
  const runs = await interleaved({
    few: () => closed(settings.connections), pool: () => closed(settings.pool),
    half: () => open(0.5 * peak), full: () => open(peak), twofold: () => open(2 * peak), threefold: () => open(3 * peak),
    people: () => open(3 * peak, settings.people), bare: () => open(3 * peak, settings.people, bare),
  });
  const own = Object.keys(runs).filter((name) => name !== 'bare');
  const best = runs.few.map((_, i) => Math.max(...own.map((name) => runs[name][i][0].goodput)));
  const compared = (name) => median(runs[name].map(([one], i) => one.goodput / best[i]));
  for (const [name, connections] of [['few', settings.connections], ['pool', settings.pool]])
    rows.push([`closed loop of ${connections}`, thousands(middle(runs[name], ([one]) => one.goodput)), share(compared(name)),
      '', '', '', '', '', '']);
  for (const [name, label] of Object.entries({
    half: `0.5 × peak, pool of ${settings.pool}`, full: '1 × peak', twofold: '2 × peak', threefold: '3 × peak',
    people: `3 × peak, ${thousands(settings.people)} people with a connection each`,
  })) note(label, runs[name], share(compared(name)));
  note('the same, bare epoll', runs.bare);
  results.overload = { ...runs, best, compared: Object.fromEntries(own.map((name) => [name, compared(name)])) };
  return median(best);
}

// One person's latency while others ask for half of what the server can carry: many addresses, or one that is over its limit.
async function measureFlood(peak) {
  const limit = { rate: settings.fairShare, burst: Math.ceil(settings.fairShare / 10) };
  const door = await startDoor(settings, crowd, { name: 'strict', limits: { ip: limit } });
  await crowd.book(door.port);
  const ask = (name, addressOf, rate, connections) =>
    ({ requests: crowd.writeRequests(name, crowd.allRooms(), addressOf), rate: Math.round(rate), connections });
  const quiet = ask('quiet', () => '203.0.113.1', settings.fairShare / 2, 8);
  const many = ask('many', (room) => crowd.addressOf(room), peak / 2, settings.connections);
  const flood = ask('flood', () => '203.0.113.2', peak / 2, settings.connections);
  const cost = {};
  const run = (name, ...flows) => async () => {
    const { reports, cpuSeconds } = await openLoop(settings, door, flows);
    (cost[name] ??= []).push((cpuSeconds * 1e6) / answeredOf(reports));
    return reports;
  };
  await openLoop(settings, door, [quiet, many], { seconds: 1 });
  const runs = await interleaved({ alone: run('alone', quiet), busy: run('busy', quiet, many), flooded: run('flooded', quiet, flood) });
  await stop(door);

  const refused = median(cost.flooded.map((each, i) => each / cost.busy[i]));
  const refusedPart = middle(runs.flooded, ([, one]) => statuses(one, 429) / one.due);
  const p99 = ratioOf(runs.flooded, runs.busy, (one) => one.p99);
  note(`${quiet.rate}/s of one address, alone`, runs.alone);
  note(`the same beside ${thousands(many.rate)}/s of ${thousands(settings.addresses)} addresses`, runs.busy);
  note(`the same beside ${thousands(flood.rate)}/s of one address over its limit`, runs.flooded,
    `p99 × ${digits(p99)}`,
    `${share(refusedPart)} of the flood refused; a refusal costs ${digits(refused)} of a join`);
  const unserved = [...runs.alone, ...runs.busy, ...runs.flooded].reduce((sum, [one]) => sum + one.due - statuses(one, 200), 0);
  results.flood = { ...runs, cost, refused, refusedPart, unserved, p99 };
}

// Joins of rooms that are there, while others wait for a provider that never answers. Each round has a server of its own: after some
// seconds its circuit opens, and then the provider is not stuck any more but known to be away.
async function measureStuckProvider(peak) {
  const service = await startService(Infinity);
  const warm = Math.floor(settings.rooms / 2);
  let started = 0;
  const on = async (flows) => {
    const door = await startDoor(settings, crowd, { name: `stuck-${started++}`, files, rooms: service.url, prepareBefore: '0s' });
    await crowd.book(door.port, warm);
    await crowd.book(door.port, settings.rooms, { first: warm, provider: 'made', startsIn: 60 });
    await openLoop(settings, door, [joins], { seconds: 1 });
    const { reports } = await openLoop(settings, door, flows);
    await stop(door);
    return reports;
  };
  const rooms = crowd.allRooms();
  const joins = { requests: crowd.writeRequests('warm', rooms.slice(0, warm)), rate: Math.round(peak / 4), connections: settings.connections };
  const waiting = { requests: crowd.writeRequests('waiting', rooms.slice(warm)), rate: 5000, connections: settings.people, queue: 0 };
  const runs = await interleaved({ alone: () => on([joins]), beside: () => on([joins, waiting]) });
  note('joins of rooms that are there', runs.alone);
  note(`the same beside ${thousands(waiting.rate)}/s whose provider is stuck`, runs.beside,
    `p99 × ${digits(ratioOf(runs.beside, runs.alone, (one) => one.p99))}`);
  note(`those ${thousands(waiting.rate)}/s`, runs.beside.map(([, one]) => [one]), '',
    `half of the 503 after ${us(middle(runs.beside, ([, one]) => one.refused.p50))}, p99 ${us(middle(runs.beside, ([, one]) => one.refused.p99))}`);
  results.stuck = { ...runs, made: service.made, p99: middle(runs.beside, ([one]) => one.p99) };
}

async function measureCalm(bare, requests) {
  const door = await startDoor(settings, crowd, { name: 'calm' });
  await crowd.book(door.port);
  const gentle = [{ requests, rate: 500, connections: 16 }];
  // Each run asks for the same rooms in the same order: now the server knows them.
  await openLoop(settings, door, gentle);
  const runs = await interleaved({
    ours: async () => (await openLoop(settings, door, gentle)).reports,
    bare: async () => (await openLoop(settings, bare, gentle)).reports,
  });
  await stop(door);
  const [p50, p99] = ['p50', 'p99'].map((which) => ratioOf(runs.ours, runs.bare, (one) => one[which]));
  note('500/s, Stagedoor', runs.ours, `p50 × ${digits(p50)}, p99 × ${digits(p99)}`, 'against the next line');
  note('500/s, bare epoll', runs.bare);
  results.calm = { ...runs, p50, p99 };
}

await conclude(async () => {
  const about = machine(settings);
  printMachine(about);
  const door = await startDoor(settings, crowd, { files });
  await crowd.book(door.port);
  await crowd.checkAnswers(door.port, doorFields);
  const requests = crowd.writeRequests();
  const bytes = await wireBytes(door.port, `${crowd.pathOf(1)}&userName=Expert`, crowd.headersOf(1));
  const bare = await startCeiling(settings, bytes, files);
  const peak = await measureOverload(door, bare, requests);
  await crowd.checkAnswers(door.port, doorFields);
  await stop(door);
  await measureFlood(peak);
  await measureStuckProvider(peak);
  await measureCalm(bare, requests);

  const { overload, flood, stuck, calm } = results;
  const { half, full, twofold, threefold, people } = overload;
  const plain = [half, full, twofold, threefold, people, overload.bare, flood.alone, flood.busy, flood.flooded, stuck.alone, calm.ours, calm.bare];
  // Who was let through to the stuck provider is told that it did not answer.
  const mistakes = plain.reduce((sum, runs) => sum + broken(runs), broken(stuck.beside, ['200', '503', '504']));
  const wrong = [
    mistakes > 0 && `${mistakes} requests failed in a way that overload does not explain`,
    flood.unserved > 0 && `${flood.unserved} requests of the address that kept to its limit were not served`,
    flood.refusedPart < 0.9 && `only ${share(flood.refusedPart)} of the flood were refused: its lines show nothing`,
    stuck.made < settings.rounds && 'the stuck provider was not asked in each round: its lines show nothing',
  ].filter(Boolean);
  report(settings, 'overload', about,
    `answers of ${bytes} bytes; medians of ${settings.rounds} interleaved rounds of ${settings.seconds} s, one core for the server`,
    ['load', 'answered in time, per second', 'compared', 'p50', 'p99', 'turned away', '429 or 503', 'given up after 1 s', ''], rows, wrong.length);
  writeJson(settings, 'overload', { about, settings, bytes, results, errors: wrong.length });
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
});

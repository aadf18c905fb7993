// More than it can carry, and one who asks for more than his share: does it keep serving the others, and how fast?
//
//   node bench/overload.mjs [--seconds 4] [--rounds 3] [--pool 512] [--flood-limit 200] [--write] [--json FILE]
//                           [--binary FILE] [--ceiling FILE] [--open-loop FILE] [--connections 64] [--rooms 10000] [--users 500]
//                           [--addresses 1024] [--server-core 0] [--load-core 1] [--no-access-log]
//
// The peak is that of closed loops, of --connections and of --pool, whichever carries more. Then requests come at 0.5, 1 and 3 times the peak, whether or not they are answered (an
// open loop; latency counts from the instant at which a request was due), through a pool of connections that turns away what
// finds none free, as a proxy in front does: the pool's size is how many requests the server has before it at once. Then someone
// floods one address while another one asks 100 times a second; and 500 requests a second come to a server with nothing else
// to do, against the bare epoll server.
import { Crowd } from './lib/crowd.mjs';
import { digits, machine, median, printMachine, report, thousands, us, writeJson } from './lib/figures.mjs';
import { wireBytes } from './lib/http.mjs';
import { closedLoop, openLoop } from './lib/load.mjs';
import { common, crowd as usual, openLoopProgram, readOptions } from './lib/options.mjs';
import { conclude, pause, stop } from './lib/processes.mjs';
import { doorFields, startCeiling, startDoor } from './lib/servers.mjs';

const settings = readOptions({
  ...common, ...openLoopProgram, ...usual, seconds: 4, rounds: 3, pool: 512, floodLimit: 200, write: false, noAccessLog: false,
});
const crowd = new Crowd(settings);
const files = 4 * settings.pool + 1000;

const refusedOf = (one) => (one.by_status['429'] ?? 0) + (one.by_status['503'] ?? 0);
const broken = (one) => one.errors + Object.entries(one.by_status)
  .reduce((sum, [status, count]) => sum + (['200', '429', '503'].includes(status) ? 0 : count), 0);
// Medians of the figures that are compared.
const middle = (runs, of) => median(runs.map(of));

async function repeat(rounds, ...runs) {
  const results = runs.map(() => []);
  for (let i = 0; i < rounds; ++i)
    for (const [at, run] of runs.entries()) results[at].push(await run());
  return results;
}

await conclude(async () => {
  const about = machine(settings);
  printMachine(about);
  const rows = [];
  const results = {};

  const door = await startDoor(settings, crowd, { files });
  await crowd.book(door.port);
  await crowd.checkAnswers(door.port, doorFields);
  const requests = crowd.writeRequests();
  const bytes = await wireBytes(door.port, `${crowd.pathOf(1)}&userName=Expert`, crowd.headersOf(1));

  await closedLoop(settings, door, requests, 1);
  const peaks = { few: [], pool: [] };
  const load = async (factor, connections) => {
    const { reports } = await openLoop(settings, door, [{ requests, rate: Math.round(peak * factor), connections, queue: 0 }]);
    await pause(300);
    return reports[0];
  };
  let peak = 0;
  const overload = { half: [], full: [], threefold: [], crowded: [] };
  for (let i = 0; i < settings.rounds; ++i) {
    peaks.few.push((await closedLoop(settings, door, requests)).perSecond);
    peaks.pool.push((await closedLoop(settings, door, requests, settings.seconds, settings.pool)).perSecond);
    peak = Math.max(median(peaks.few), median(peaks.pool));
    overload.half.push(await load(0.5, settings.pool));
    overload.full.push(await load(1, settings.pool));
    overload.threefold.push(await load(3, settings.pool));
    overload.crowded.push(await load(3, 4 * settings.pool));
  }
  await crowd.checkAnswers(door.port, doorFields);
  results.peaks = peaks;
  results.overload = overload;
  for (const [runs, connections] of [[peaks.few, settings.connections], [peaks.pool, settings.pool]])
    rows.push([`closed loop of ${connections}`, thousands(median(runs)), `${((median(runs) / peak) * 100).toFixed(0)} %`, '', '', '']);
  const labels = {
    half: `0.5 × peak, pool of ${settings.pool}`, full: `1 × peak, pool of ${settings.pool}`,
    threefold: `3 × peak, pool of ${settings.pool}`, crowded: `3 × peak, pool of ${4 * settings.pool}`,
  };
  for (const [key, runs] of Object.entries(overload)) {
    const goodput = middle(runs, (one) => one.goodput);
    const unserved = middle(runs, (one) => (one.turned_away + one.unsent + one.timeouts + refusedOf(one)) / one.due);
    rows.push([labels[key], thousands(goodput), `${((goodput / peak) * 100).toFixed(0)} %`, us(middle(runs, (one) => one.p50)),
      us(middle(runs, (one) => one.p99)), `${(unserved * 100).toFixed(0)} % not served`]);
  }
  await stop(door);

  // One address asks for half of what the server can carry; the other one has its tenth of a thousand a second.
  const ip = { rate: settings.floodLimit, burst: settings.floodLimit };
  const strict = await startDoor(settings, crowd, { name: 'strict', limits: { ip } });
  const some = Math.min(100, settings.rooms);
  for (let first = 0; first < some; first += settings.floodLimit / 4) {
    await crowd.book(strict.port, Math.min(some, first + settings.floodLimit / 4), first);
    await pause(50);
  }
  const rooms = Array.from({ length: some }, (_, room) => room);
  const quiet = { requests: crowd.writeRequests('quiet', rooms, () => '203.0.113.1'), rate: 100, connections: 8 };
  const flood = {
    requests: crowd.writeRequests('flood', rooms, () => '203.0.113.2'),
    rate: Math.round(peak / 2), connections: settings.connections,
  };
  const [alone, flooded] = await repeat(settings.rounds,
    async () => (await openLoop(settings, strict, [quiet])).reports,
    async () => (await openLoop(settings, strict, [quiet, flood])).reports);
  results.flood = { alone, flooded };
  const refusedQuiet = [...alone, ...flooded].reduce((sum, [one]) => sum + one.due - (one.by_status['200'] ?? 0), 0);
  const refusedFlood = middle(flooded, ([, one]) => refusedOf(one) / one.due);
  const p99 = (runs) => middle(runs, ([one]) => one.p99);
  for (const [label, runs, note] of [['100/s of one address, alone', alone, ''],
    [`the same while another floods with ${thousands(flood.rate)}/s`, flooded,
      `${(refusedFlood * 100).toFixed(1)} % of the flood refused`]])
    rows.push([label, thousands(middle(runs, ([one]) => one.goodput)),
      runs === flooded ? `p99 × ${digits(p99(flooded) / p99(alone))}` : '', us(middle(runs, ([one]) => one.p50)), us(p99(runs)), note]);
  await stop(strict);

  const calm = await startDoor(settings, crowd, { name: 'calm' });
  await crowd.book(calm.port);
  const ceiling = await startCeiling(settings, bytes);
  const gentle = [{ requests, rate: 500, connections: 16 }];
  await openLoop(settings, calm, gentle, { seconds: 1 });
  const [ours, bare] = await repeat(settings.rounds,
    async () => (await openLoop(settings, calm, gentle)).reports[0],
    async () => (await openLoop(settings, ceiling, gentle)).reports[0]);
  results.calm = { ours, bare };
  const times = (of) => digits(median(ours.map((one, i) => of(one) / of(bare[i]))));
  rows.push(['500/s, Stagedoor', '500', `p50 × ${times((one) => one.p50)}, p99 × ${times((one) => one.p99)}`,
    us(middle(ours, (one) => one.p50)), us(middle(ours, (one) => one.p99)), 'against the next line']);
  rows.push(['500/s, bare epoll', '500', '', us(middle(bare, (one) => one.p50)), us(middle(bare, (one) => one.p99)), '']);

  report(settings, 'overload', about,
    `answers of ${bytes} bytes; medians of ${settings.rounds} interleaved rounds of ${settings.seconds} s, one core for the server`,
    ['load', 'answered in time, per second', 'compared', 'p50', 'p99', 'rest'], rows);
  const mistakes = [...Object.values(overload).flat(), ...alone.flat(), ...flooded.flat(), ...ours, ...bare]
    .reduce((sum, one) => sum + broken(one), 0);
  writeJson(settings.json, { about, settings, bytes, results, mistakes, refusedQuiet });
  if (refusedQuiet > 0) console.log(`\n${refusedQuiet} requests of the address that kept to its limit were not served`);
  if (mistakes > 0) throw new Error(`${mistakes} requests failed in a way that overload does not explain`);
});

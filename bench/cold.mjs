// Many joins at once for a room that is not there yet: how often is the provider asked, and how long after its answer has the
// last one theirs?
//
//   node bench/cold.mjs [--joins 1000] [--provider-ms 200] [--rounds 5] [--write] [--json FILE] [--binary FILE]
//                       [--open-loop FILE] [--server-core 0] [--load-core 1] [--no-access-log]
//
// Each round has a room of its own with as many people as a booking may have, and --joins connections that are open already, each
// from an address of its own; their requests are due within a millisecond. The provider is a service of one's own that answers a
// create call after --provider-ms; it shares the load's core. What the provider's own timer is late counts as ours.
import { spawnSync } from 'node:child_process';

import { Crowd } from './lib/crowd.mjs';
import { machine, median, printMachine, report, thousands, us, writeJson } from './lib/figures.mjs';
import { openLoop } from './lib/load.mjs';
import { common, crowd as usual, openLoopProgram, readOptions } from './lib/options.mjs';
import { conclude, stop } from './lib/processes.mjs';
import { startDoor } from './lib/servers.mjs';
import { startService } from './lib/service.mjs';

const settings = readOptions({
  ...common, ...openLoopProgram, ...usual, joins: 1000, providerMs: 200, rounds: 5, rooms: 64, users: 64, write: false, noAccessLog: false,
});
const crowd = new Crowd(settings);
const addressOf = (number) => `198.18.${(number >> 8) & 255}.${number & 255}`;

await conclude(async () => {
  const about = machine(settings);
  printMachine(about);
  spawnSync('taskset', ['-cp', settings.loadCore, String(process.pid)]);
  const service = await startService(settings.providerMs);
  const door = await startDoor(settings, crowd, { name: 'cold', files: settings.joins + 1000, rooms: service.url, prepareBefore: '0s' });
  await crowd.book(door.port, settings.rounds + 1, { provider: 'made', startsIn: 60, experts: settings.users });

  const rounds = [];
  for (let room = 0; room <= settings.rounds; ++room) {
    const before = service.made;
    const everybody = Array.from({ length: settings.joins }, (_, number) => [room, number % settings.users, addressOf(number)]);
    const flow = { requests: crowd.writeJoins(`cold-${room}`, everybody), rate: settings.joins * 1000, connections: settings.joins };
    const { reports: [said] } = await openLoop(settings, door, [flow], { seconds: 0.001, timeoutMs: 10_000 });
    rounds.push({ creates: service.made - before, good: said.by_status['200'] ?? 0, due: said.due, firstHalf: said.p50, last: said.max });
  }
  await stop(door);
  rounds.shift();  // the first connection to the provider is made once

  const late = (of) => median(rounds.map((one) => of(one) - settings.providerMs * 1000));
  const creates = Math.max(...rounds.map((one) => one.creates));
  const wrong = rounds.find((one) => one.creates !== 1 || one.good !== settings.joins || one.due !== settings.joins);
  report(settings, 'cold', about,
    `${thousands(settings.joins)} joins of ${settings.users} people at once for one new room, a provider that takes ${settings.providerMs} ms; medians of ${settings.rounds} rounds`,
    ['measure', 'figure'], [
      ['create calls, at most', String(creates)],
      ['half of all answered, after the provider\'s time', us(late((one) => one.firstHalf))],
      ['the last one answered, after the provider\'s time', us(late((one) => one.last))],
    ], wrong ? 1 : 0);
  writeJson(settings, 'cold', { about, settings, rounds, creates, lateMs: late((one) => one.last) / 1000, errors: wrong ? 1 : 0 });
  if (wrong) throw new Error(`not everybody got in by one create call: ${JSON.stringify(wrong)}`);
});

// Load on its own core, and what the server spent meanwhile.
import { fromRoot } from './options.mjs';
import { cpuSeconds, runLoad } from './processes.mjs';

// A closed loop: as many requests at a time as there are connections, the next one when the last is answered.
export async function closedLoop(settings, server, requests, seconds = settings.seconds, connections = settings.connections) {
  const before = cpuSeconds(server.pid);
  const text = await runLoad(settings.loadCore, ['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--latency',
    '-s', fromRoot('bench/join.lua'), `http://127.0.0.1:${server.port}`], { JOIN_REQUESTS: requests });
  const cpu = cpuSeconds(server.pid) - before;
  const line = /^\{.*\}$/m.exec(text);
  if (!line) throw new Error(`wrk said nothing of use:\n${text}`);
  const said = JSON.parse(line[0]);
  return {
    perSecond: said.requests / said.seconds, cpuMicroseconds: (cpu * 1e6) / said.requests, requests: said.requests,
    p50: said.p50, p90: said.p90, p99: said.p99, errors: said.bad_status + said.broken + said.timeouts,
    bytesEach: said.bytes / said.requests,
  };
}

// An open loop: requests at constant rates, however long the answers take. Each flow is {requests, rate, connections, queue};
// the answer is one of open_loop's reports for each flow, and the CPU time that the server spent.
export async function openLoop(settings, server, flows, { seconds = settings.seconds, timeoutMs = 1000 } = {}) {
  const before = cpuSeconds(server.pid);
  const words = flows.flatMap(({ requests, rate, connections, queue = 1_000_000_000 }) =>
    ['--rate', String(rate), '--connections', String(connections), '--queue', String(queue), requests]);
  const text = await runLoad(settings.loadCore, [settings.openLoop, '--port', String(server.port), '--seconds', String(seconds),
    '--timeout-ms', String(timeoutMs), ...words]);
  const reports = text.trim().split('\n').map((line) => JSON.parse(line));
  return { reports, cpuSeconds: cpuSeconds(server.pid) - before };
}

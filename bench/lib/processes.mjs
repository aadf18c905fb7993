// Programs under measurement: started on a core of their own, looked at through /proc, and ended with the script.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Everything that a run writes; gone when it ends.
export const folder = mkdtempSync(join(tmpdir(), 'stagedoor-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const children = new Set();
const cleanups = [];

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));
export const atTheEnd = (cleanup) => cleanups.push(cleanup);

export async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

export function launch(command, options = {}) {
  const child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  children.add(child);
  child.text = '';
  const hear = (data) => (child.text = (child.text + data).slice(-1_000_000));
  child.stdout?.on('data', hear);
  child.stderr?.on('data', hear);
  child.gone = new Promise((done) => {
    child.on('exit', done);
    child.on('error', (error) => {
      hear(String(error));
      done(-1);
    });
  }).then((code) => {
    children.delete(child);
    return code;
  });
  return child;
}

// Starts a program on one core and waits until `ready`, asked every few milliseconds, says so.
// `files` raises its limit on open files.
export async function start(core, command, ready, { seconds = 15, files = 0, every = 20, ...options } = {}) {
  const limited = files ? ['sh', '-c', `ulimit -n ${files} && exec "$@"`, 'sh', ...command] : command;
  const began = performance.now();
  const child = launch(['taskset', '-c', core, ...limited], options);
  const giveUp = Date.now() + seconds * 1000;
  while (Date.now() < giveUp) {
    if (child.exitCode !== null) break;
    if (await ready(child)) return Object.assign(child, { readyAfter: performance.now() - began });
    await pause(every);
  }
  throw new Error(`${command[0]} did not start:\n${child.text}`);
}

export async function stop(child) {
  child.kill('SIGTERM');
  const hard = setTimeout(() => child.kill('SIGKILL'), 5000);
  await child.gone;
  clearTimeout(hard);
}

// Runs a program of the load to its end and returns what it printed.
export async function runLoad(core, command, env = {}) {
  const child = launch(['taskset', '-c', core, ...command], { env: { ...process.env, ...env } });
  const code = await child.gone;
  if (code !== 0) throw new Error(`${command[0]} failed:\n${child.text}`);
  return child.text;
}

// A server and the processes that it started: nginx works in a child.
export function family(pid) {
  try {
    const born = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean).map(Number);
    return [pid, ...born.flatMap(family)];
  } catch {
    return [pid];
  }
}

const ticksPerSecond = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout);
const cpuSecondsOf = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) /s, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
};
const sum = (list) => list.reduce((total, one) => total + one, 0);
export const cpuSeconds = (pid) => sum(family(pid).map(cpuSecondsOf));
export const residentKiB = (pid) =>
  sum(family(pid).map((one) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${one}/status`, 'utf8'))[1])));
// How many files this process may open; Node takes the hard limit.
export const filesAllowed = Number(/^Max open files +\S+ +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1] ?? 1024);
export const descriptors = (pid) => sum(family(pid).map((one) => readdirSync(`/proc/${one}/fd`).length));

// The whole of a script: tells in one sentence what went wrong, and leaves nothing behind.
export async function conclude(main) {
  const end = async () => {
    for (const child of children) child.kill('SIGTERM');
    for (const cleanup of cleanups) cleanup();
    for (let i = 0; i < 100 && children.size > 0; ++i) await pause(20);
    for (const child of children) child.kill('SIGKILL');
  };
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.on(signal, () => end().finally(() => process.exit(1)));
  try {
    await main();
  } catch (error) {
    console.error(String(error?.message ?? error));
    try {
      console.error(readFileSync(join(folder, 'stagedoor.log'), 'utf8').split('\n').slice(-5).join('\n'));
    } catch {
      // it did not come so far
    }
    process.exitCode = 1;
  } finally {
    await end();
  }
}

// Figures out of rounds, and tables out of figures.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { dirname, join } from 'node:path';

import { fromRoot } from './options.mjs';

export const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

// The CPU time of one server over another's, round by round: the machine's mood was the same for both.
export function ratio(rounds, others) {
  const each = rounds.map((one, i) => one.cpuMicroseconds / others[i].cpuMicroseconds);
  return { median: median(each), best: Math.min(...each), worst: Math.max(...each) };
}

// The median of each figure, and all errors.
export const summarise = (rounds) => Object.fromEntries(Object.keys(rounds[0]).map((key) =>
  [key, key === 'errors' ? rounds.reduce((sum, one) => sum + one.errors, 0) : median(rounds.map((one) => one[key]))]));

export const say = (command, ...args) => {
  const said = spawnSync(command, args, { encoding: 'utf8', timeout: 20_000 });
  return `${said.stdout ?? ''}${said.stderr ?? ''}`.trim().split('\n')[0] ?? '';
};
export const installed = (command) => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;

export function machine({ binary }) {
  let compiler = 'unknown compiler';
  try {
    const cache = readFileSync(join(binary, '../CMakeCache.txt'), 'utf8');
    const of = (name) => new RegExp(`^${name}:[A-Z]+=(.*)$`, 'm').exec(cache)?.[1] ?? '';
    compiler = `${say(of('CMAKE_CXX_COMPILER'), '--version')}, ${of('CMAKE_BUILD_TYPE')}`;
  } catch {
    // not beside its build
  }
  return {
    date: new Date().toISOString(), cpu: `${cpus()[0].model} (${cpus().length} cores)`, kernel: release(), compiler,
    stagedoor: say(binary, 'version'), wrk: say('wrk', '-v'), load: readFileSync('/proc/loadavg', 'utf8').split(' ')[0],
    binaryMiB: statSync(binary).size / 2 ** 20,
  };
}

export function printMachine(about) {
  for (const [name, value] of Object.entries(about))
    console.log(`${name.padEnd(12)} ${typeof value === 'number' ? value.toFixed(1) : value}`);
}

// Columns for the terminal: the first and the last to the left, the others to the right unless they are words.
export function printTable(head, rows) {
  const all = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, at) => Math.max(...all.map((row) => row[at].length)));
  const figure = /^[\d.,]+( |$|×)|^$/;
  const words = head.map((_, at) => at === 0 || at === head.length - 1 || rows.every((row) => !figure.test(String(row[at]))));
  for (const row of all)
    console.log(row.map((cell, at) => (words[at] ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join('  ').trimEnd());
}

export const markdownTable = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

// A document's block between `<!-- NAME: … -->` and `<!-- end of NAME -->`, which a script fills in.
export function rewriteBlock(file, name, content) {
  const text = readFileSync(file, 'utf8');
  const block = new RegExp(`(<!-- ${name}:[^>]*-->\\n)[\\s\\S]*?(<!-- end of ${name} -->)`);
  if (!block.test(text)) throw new Error(`${file} has no block named ${name}`);
  writeFileSync(file, text.replace(block, (_, begin, end) => `${begin}${content.trim()}\n${end}`));
}

// What a script found, as a table of measures: for the terminal, and with --write for its block in docs/performance.md.
// A run with `errors` is shown and not written.
export function report(settings, name, about, method, head, rows, errors = 0) {
  console.log(`\n${method}`);
  printTable(head, rows);
  if (!settings.write || errors > 0) return;
  const where = `${about.date.slice(0, 10)}: ${about.cpu}, Linux ${about.kernel}, ${about.compiler}`;
  rewriteBlock(fromRoot('docs/performance.md'), name, `Measured on ${where}; ${method}.\n\n${markdownTable(head, rows)}`);
  console.log('\nwritten      docs/performance.md');
}

export const us = (value) =>
  (value >= 1000 ? `${(value / 1000).toFixed(value >= 10_000 ? 0 : 1)} ms` : `${value.toFixed(0)} µs`);
export const thousands = (value) => value.toFixed(0).replace(/\B(?=(\d{3})+$)/g, ',');
export const digits = (value) => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);

// Everything that a script found, for bench/targets.mjs and for whoever wants to look closer: --json FILE, else build/bench/NAME.json.
const kept = (name) => fromRoot(`build/bench/${name}.json`);
export function writeJson(settings, name, value) {
  if ((value.errors ?? 0) > 0 && settings.json === null) return;
  const file = settings.json ?? kept(name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(value, null, 1) + '\n');
}
export const readJson = (name) => (existsSync(kept(name)) ? JSON.parse(readFileSync(kept(name), 'utf8')) : null);

// Command lines: every script names its options with their defaults, and the default says what an option is: a whole number,
// a text, a switch (false), or a text that may be absent (null). `serverCore` is --server-core.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export const fromRoot = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

// What all scripts have in common: what is measured, and which core belongs to whom.
export const common = {
  binary: fromRoot('build/release/stagedoor'),
  ceiling: fromRoot('build/release/bench/ceiling'),
  serverCore: '0',
  loadCore: '1',
  json: null,
};

// The program that asks at a constant rate.
export const openLoopProgram = { openLoop: fromRoot('build/release/bench/open_loop') };

// What the requests are about.
export const crowd = { connections: 64, rooms: 10000, users: 500, addresses: 1024 };

const dashed = (name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

export function readOptions(defaults) {
  try {
    return read(defaults);
  } catch (error) {
    console.error(error.message);
    process.exit(2);
  }
}

function read(defaults) {
  const of = (value) => (value === false ? { type: 'boolean', default: false } : { type: 'string' });
  const { values } = parseArgs({
    options: Object.fromEntries(Object.entries(defaults).map(([name, value]) => [dashed(name), of(value)])),
  });
  return Object.fromEntries(Object.entries(defaults).map(([name, value]) => {
    const said = values[dashed(name)];
    if (said === undefined) return [name, value];
    if (typeof value !== 'number') return [name, said];
    if (!/^\d{1,12}$/.test(said)) throw new Error(`--${dashed(name)} must be a whole number`);
    return [name, Number(said)];
  }));
}

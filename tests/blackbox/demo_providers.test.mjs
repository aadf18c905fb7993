// ./dev demo-providers prints one link of every type that is built in.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { command } from './support/stagedoor.mjs';

test('the demonstration has a link of every provider', () => {
  const done = spawnSync(process.execPath, [fileURLToPath(new URL('demo_providers.mjs', import.meta.url)), '--once'], { encoding: 'utf8', timeout: 60_000 });
  assert.equal(done.status, 0, done.stdout + done.stderr);
  const links = Object.fromEntries(done.stdout.trim().split('\n\n').map((one) => one.split('\n').map((line) => line.trim())));
  for (const link of Object.values(links)) assert.match(link, /^https?:\/\/\S+$/);
  // The mistake about a type names all that there are.
  const known = command(['check-config'], { env: { ...process.env, STAGEDOOR__PROVIDERS__X__TYPE: 'none' } });
  const types = /no known type of provider: ([^;\n]+)/.exec(known.out + known.err)[1].split(', ');
  assert.deepEqual(Object.keys(links).sort(), types.sort());
});

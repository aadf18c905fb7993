// What an operator reads on /metrics is what the operator's page explains.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { Stagedoor } from './support/stagedoor.mjs';

test('every metric is named in docs/operations.md', async () => {
  const door = await Stagedoor.start();
  try {
    await door.book('talk');
    assert.equal((await door.join('talk')).status, 200);
    assert.equal((await door.join('talk', { token: null })).status, 401);
    const families = [...(await door.metrics()).matchAll(/^# TYPE (\S+) /gm)].map((found) => found[1]);
    assert.ok(families.length > 20, families.join(' '));
    const page = readFileSync(fileURLToPath(new URL('../../docs/operations.md', import.meta.url)), 'utf8');
    for (const name of families) assert.ok(page.includes(`\`${name}\``), `${name} is not named in docs/operations.md`);
  } finally {
    await door.stop();
  }
});

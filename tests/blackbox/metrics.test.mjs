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
    const served = await door.metrics();
    const families = [...served.matchAll(/^# TYPE (\S+) /gm)].map((found) => found[1]);
    assert.ok(families.length > 20, families.join(' '));
    const page = readFileSync(fileURLToPath(new URL('../../docs/operations.md', import.meta.url)), 'utf8');
    for (const name of families) {
      const row = page.split('\n').find((line) => line.startsWith('| `') && line.split('|')[1].includes(`\`${name}\``));
      assert.ok(row, `${name} is not named in docs/operations.md`);
      const labels = new Set();
      for (const [, inner] of served.matchAll(new RegExp(`^${name}(?:_count)?\\{(.*)\\} `, 'gm')))
        for (const [, label] of inner.matchAll(/(\w+)="/g)) labels.add(label);
      const told = (row.split('|')[2].match(/\w+/g) ?? []).sort();
      if (labels.size > 0 || new RegExp(`^${name} `, 'm').test(served)) assert.deepEqual([...labels].sort(), told, `labels of ${name}`);
    }
  } finally {
    await door.stop();
  }
});

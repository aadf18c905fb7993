// What becomes of secrets in the running process's memory: no dump of it, no swapping where that can be had, and a plain word where it cannot.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Stagedoor } from './support/stagedoor.mjs';

const proc = (door, name) => readFileSync(`/proc/${door.pid}/${name}`, 'utf8');
const status = (door, field) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(proc(door, 'status'))[1]);
const debug = '[log]\nlevel = "debug"\n';

test('the process leaves no core dump', async () => {
  const door = await Stagedoor.start();
  // One byte, soft and hard: zero would still let the kernel pipe a dump to a collector (core(5)).
  assert.match(proc(door, 'limits'), /^Max core file size +1 +1 /m);
  await door.stop();
});

// The server and the one who looks are the same plain user: nothing but the flag stands between them.
test('another program of the same plain user cannot look into the process', async () => {
  const under = process.getuid() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];
  const run = (how, words) => how(...(([program, ...rest]) => [program, rest])([...under, ...words]));
  const folder = mkdtempSync(join(tmpdir(), 'stagedoor-memory-'));
  chmodSync(folder, 0o777);
  const door = await Stagedoor.start({ under, folder });
  const look = (pid) => run(spawnSync, ['cat', `/proc/${pid}/environ`]).status;
  const other = run(spawn, ['sleep', '60']);
  await new Promise((done) => setTimeout(done, 200));
  assert.equal(look(other.pid), 0, 'one without the flag can be looked into');
  assert.notEqual(look(door.pid), 0);
  other.kill();
  assert.match(proc(door, 'limits'), /^Max core file size +1 +1 /m);
  await door.stop();
  rmSync(folder, { recursive: true, force: true });
});

// Either of two lets a process lock what it likes: a limit of infinity, or CAP_IPC_LOCK. Which of them can be had depends on where the tests run
// (raising the limit takes CAP_SYS_RESOURCE, which a container may not give); `withoutLock` takes the capability away.
const withoutLock = process.getuid() === 0 ? ['setpriv', '--bounding-set=-ipc_lock', '--inh-caps=-ipc_lock'] : [];
const works = (under) => spawnSync(under[0], [...under.slice(1), 'true']).status === 0;
const capable = Boolean(BigInt('0x' + /^CapEff:\s+(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]) & (1n << 14n));
const ways = [
  { name: 'a limit of infinity', under: ['prlimit', '--memlock=unlimited:unlimited', ...withoutLock] },
  { name: 'CAP_IPC_LOCK, whatever the limit', under: ['prlimit', '--memlock=65536:65536'], skip: !capable && 'there is no CAP_IPC_LOCK here' },
];

for (const { name, under, skip = !works(under) && 'the limit on locked memory cannot be raised here' } of ways)
  test(`with ${name} all memory is locked, and the log says so`, { skip }, async () => {
    const door = await Stagedoor.start({ under, extra: debug });
    await door.logged(/"event":"memory","locked":true/);
    // Everything that is resident and writable, heap and stacks of all threads included.
    assert.ok(status(door, 'VmLck') > 4_096, `${status(door, 'VmLck')} kB are locked`);
    const heap = /\[heap\][\s\S]*?^VmFlags: (.*)$/m.exec(proc(door, 'smaps'));
    assert.match(heap[1], /\blo\b/, 'the heap, where secrets are, is locked');
    assert.equal((await door.book('locked')).status, 201);
    assert.equal((await door.join('locked')).status, 200);
    await door.stop();
  });

test('with a limit and no capability nothing is locked; the server says so and goes on', async () => {
  const door = await Stagedoor.start({ under: ['prlimit', '--memlock=65536:65536', ...withoutLock], extra: debug });
  await door.logged(/"event":"memory","locked":false/);
  assert.equal(status(door, 'VmLck'), 0);
  assert.equal((await door.book('unlocked')).status, 201);
  assert.equal((await door.join('unlocked')).status, 200);
  await door.stop();
});

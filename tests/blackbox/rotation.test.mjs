// The session's secret is replaced under load, as docs/logins.md says: nobody who is logged in notices, and the old secret ends when it is taken out.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { eventually } from './support/eventually.mjs';
import { Stagedoor, session, sessionSecret } from './support/stagedoor.mjs';

const newSecret = 'qW8eR5tY2uI9oP4aS7dF1gH6jK3lZ0xC-rotated';

test('a secret is rotated by SIGHUP without a dropped or refused request', async (t) => {
  const door = await Stagedoor.start();
  t.after(() => door.stop());
  await door.book('open');
  const original = readFileSync(door.file, 'utf8');
  const current = `secret = "${sessionSecret}"`;
  assert.ok(original.includes(current));
  let reloads = 0;
  const reload = async (text) => {
    writeFileSync(door.file, original.replace(current, text));
    door.child.kill('SIGHUP');
    ++reloads;
    await eventually(() => (door.log.match(/"event":"reloaded"/g) ?? []).length >= reloads);
  };
  const [old, young] = [session(), session({}, { secret: newSecret })];
  // What is sent all the time has to be let in all the time; fetch throws where a connection is dropped.
  const always = async (token, work) => {
    let running = true;
    let count = 0;
    const loops = Array.from({ length: 8 }, async () => {
      while (running) {
        const answer = await door.join('open', { token });
        assert.equal(answer.status, 200, answer.text);
        count++;
      }
    });
    await work();
    const far = count + loops.length;
    await Promise.race([eventually(() => count > far), ...loops]);
    running = false;
    await Promise.all(loops);
  };
  const both = `secret = "${newSecret}"\nprevious_secret = "${sessionSecret}"`;
  await always(old, async () => {
    for (let i = 0; i < 10; i++) {
      await reload(both);
      await reload(current);
    }
    await reload(both);
  });
  await always(young, () => reload(`secret = "${newSecret}"`));
  assert.equal((await door.join('open', { token: old })).status, 401);
  assert.equal((await door.stop()).code, 0);
});

test('origins that a reload brings wait for a restart, for cookies as for reading answers, and the log says so', async () => {
  const [before, after] = ['https://www.example.com', 'https://new.example.com'];
  const door = await Stagedoor.start({ extra: `[cors]\norigins = ["${before}"]\n` });
  await door.book('open');
  const from = async (origin) => {
    const answer = await door.api('/api/expert/videocall/url?roomId=open', { headers: { origin, cookie: `session=${session()}`, 'sec-fetch-site': 'cross-site' } });
    return [answer.status, answer.headers.get('access-control-allow-origin')];
  };
  assert.deepEqual(await from(before), [200, before]);
  writeFileSync(door.file, readFileSync(door.file, 'utf8').replace(before, after));
  door.child.kill('SIGHUP');
  await door.logged(/"event":"restart_needed".*cors/);
  for (let i = 0; i < 12; i++) {
    assert.deepEqual(await from(before), [200, before]);
    assert.deepEqual(await from(after), [401, null]);
  }
  await door.stop();
});

test('a reload with a weak secret keeps the good one, and says why', async () => {
  const door = await Stagedoor.start();
  await door.book('open');
  writeFileSync(door.file, readFileSync(door.file, 'utf8').replace(sessionSecret, 'too-short'));
  door.child.kill('SIGHUP');
  await door.logged(/"event":"reload_refused".*too short/);
  assert.equal((await door.join('open')).status, 200);
  await door.stop();
});

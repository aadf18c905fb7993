// The audit log: one line per decision, in a file of its own, with nothing in it that opens a door.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from './support/eventually.mjs';
import { Stagedoor, hash, rfc3339, serviceKey, session } from './support/stagedoor.mjs';

test('an audit log that cannot be written keeps nobody out, and the log says so', async () => {
  const door = await Stagedoor.start({ extra: '[audit]\nfile = "/dev/full"\n' });
  await door.book('open');
  for (let i = 0; i < 3; i++) assert.equal((await door.join('open')).status, 200);
  await door.logged(/"level":"error","event":"audit_lines_dropped","count":\d/);
  const lost = async () => Number(/^audit_lines_dropped_total (\d+)/m.exec(await door.metrics())[1]);
  await eventually(async () => (await lost()) >= 4);
  assert.equal(await lost(), 4, 'the booking and three joins');
  assert.equal(door.log.match(/audit_lines_dropped/g).length, 1, 'once is enough for a minute');
  await door.stop();
});

test('every decision is a line, and a rotated file is followed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stagedoor-audit-'));
  const file = join(folder, 'audit.log');
  const door = await Stagedoor.start({ extra: `[log]\nlevel = "error"\n[audit]\nfile = "${file}"\n` });
  const lines = () => readFileSync(file, 'utf8').trim().split('\n').filter(Boolean).map((line) => JSON.parse(line));
  const upTo = async (count) => {
    await eventually(() => lines().length >= count);
    return lines();
  };
  await door.book('open');
  await door.book('early', { startsAt: rfc3339(Date.now() + 7.2e6), endsAt: rfc3339(Date.now() + 9e6) });
  const token = session({ jti: 'token-1' });
  const allowed = await door.join('open', { token });
  await door.join('early', { token });
  await door.join('open', { token: null });
  await door.join('open', { token: session({ sub: 'stranger' }) });
  const stream = await fetch(`${door.base}/api/expert/videocall/url?roomId=nowhere`, { headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' } });
  await stream.text();
  await door.service('POST', '/api/sessions/revoke', { tokenId: 'token-1' });
  const all = await upTo(8);
  const booked = all.filter((line) => line.event === 'booking_changed');
  assert.deepEqual(booked.map(({ room, how, participants }) => [room, how, participants].join(': ')).sort(), [
    'early: created: expert expert-1, client client-1',
    'open: created: expert expert-1, client client-1',
  ]);
  const seen = all.filter((line) => line.event !== 'booking_changed');
  // Each shard's lines are in their order; those of two shards may be written in either.
  assert.deepEqual(seen.map(({ user, room, role, outcome, rule }) => [user, room, role, outcome, rule].join(' ')).sort(), [
    'expert-1 open expert allowed ok',
    'expert-1 early expert denied too_early',
    ' open expert denied unauthenticated',
    'stranger open expert denied not_assigned',
    'expert-1 nowhere expert denied room_not_found',
    '    ',
  ].sort());
  const entered = seen.find((line) => line.outcome === 'allowed');
  assert.equal(entered.token, createHash('sha256').update('token-1').digest('hex').slice(0, 32));
  assert.equal(entered.provider, 'own');
  assert.equal(entered.request_id, allowed.headers.get('x-request-id'));
  const revoked = seen.find((line) => line.event === 'sessions_revoked');
  assert.ok(hash(serviceKey).startsWith(`sha256:${revoked.key}`) && revoked.key.length === 32, JSON.stringify(revoked));
  assert.equal(booked[0].key, revoked.key);
  assert.equal(revoked.token, entered.token);
  // Who tries a session that was taken back is known, and the answer does not say so.
  const refused = await door.join('open', { token });
  assert.deepEqual(Object.keys(refused.json), ['type', 'title', 'status', 'detail', 'code', 'requestId'], refused.text);
  assert.equal(refused.json.code, 'unauthenticated');
  const tried = (await upTo(9)).find((line) => line.request_id === refused.headers.get('x-request-id'));
  assert.deepEqual([tried.user, tried.room, tried.outcome, tried.rule, tried.token], ['expert-1', 'open', 'denied', 'session_revoked', entered.token]);
  assert.ok(!readFileSync(file, 'utf8').includes('eyJ') && !readFileSync(file, 'utf8').includes('token-1'));
  assert.ok(!door.log.includes('join_decided'));
  renameSync(file, file + '.1');
  door.child.kill('SIGHUP');
  await eventually(async () => {
    await door.join('open', { token: null });
    return existsSync(file) && lines().length > 0;
  });
  await door.stop();
  rmSync(folder, { recursive: true, force: true });
});

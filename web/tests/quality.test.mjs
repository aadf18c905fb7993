// The built-in room's word for the way between the two, from what a browser counts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { levelOf, readStats } from '../room/quality.js';

const stats = (...all) => new Map(all.map((one, at) => [String(at), one]));
const pair = (change) => ({ type: 'candidate-pair', nominated: true, state: 'succeeded', currentRoundTripTime: 0.05, ...change });

test('the words follow round trip and loss, the worse of the two', () => {
  assert.equal(levelOf({ roundTrip: 0.05, loss: 0 }), 'good');
  assert.equal(levelOf({ roundTrip: 0.31, loss: 0 }), 'fair');
  assert.equal(levelOf({ roundTrip: 0.05, loss: 0.03 }), 'fair');
  assert.equal(levelOf({ roundTrip: 0.61, loss: 0 }), 'poor');
  assert.equal(levelOf({ roundTrip: 0.05, loss: 0.09 }), 'poor');
});

test('loss is that of the time since the last look, of sound and picture together', () => {
  const first = readStats(stats(pair(), { type: 'inbound-rtp', packetsReceived: 900, packetsLost: 100 }));
  assert.equal(first.loss, 0.1);
  const second = readStats(stats(pair({ currentRoundTripTime: 0.2 }), { type: 'inbound-rtp', packetsReceived: 1400, packetsLost: 100 },
    { type: 'inbound-rtp', packetsReceived: 480, packetsLost: 20 }), first.counts);
  assert.equal(second.loss, 0.02);
  assert.equal(second.roundTrip, 0.2);
});

test('a pair that is not in use does not count, nor do counters that went back', () => {
  const seen = readStats(stats(pair({ nominated: false, currentRoundTripTime: 9 }), pair({ state: 'failed', currentRoundTripTime: 9 }),
    { type: 'inbound-rtp', packetsReceived: 10, packetsLost: -3 }), { received: 500, lost: 50 });
  assert.deepEqual([seen.roundTrip, seen.loss], [0, 0]);
});

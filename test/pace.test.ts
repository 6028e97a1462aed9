import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Pace, Pacer } from '../lib/pace.ts';
import { timed } from './sh.ts';

test('over any time no more than the burst and the rate, and nothing is waited for below it', () => {
  const step = fc.record({ bytes: fc.integer({ min: 1, max: 65_536 }), idle: fc.nat(3000) });
  fc.assert(fc.property(fc.integer({ min: 16_384, max: 1_000_000 }), fc.array(step, { maxLength: 100 }), (rate, steps) => {
    let now = 0;
    const pace = new Pace(rate, () => now);
    const burst = Math.max(rate, 65_536);
    let read = 0;
    for (const { bytes, idle } of steps) {
      now += pace.wait + idle;
      read += bytes;
      pace.spend(bytes);
      assert.ok(read <= burst + (rate * now) / 1000 + 65_536, `${read} bytes in ${now} ms at ${rate}`);
      if (read <= burst) assert.is(pace.wait, 0);
    }
    now += pace.wait;
    assert.is(Math.ceil(pace.wait - 1e-6), 0);
  }));
});

test('another rate counts from now on', () => {
  let now = 0;
  const pace = new Pace(100_000, () => now);
  pace.spend(200_000);
  assert.is(pace.wait, 1000);
  pace.change(50_000);
  assert.is(pace.wait, 2000);
  now = 1000;
  assert.is(pace.wait, 1000);
  pace.change(1_000_000);
  assert.is(pace.wait, 50);
});

test('connections of one key take turns, and each counts the time it waited', timed(10_000, async () => {
  // A machine that stands still for a moment pays for much at once, which one alone would read: such moments do not count.
  let [clock, looked] = [0, performance.now()];
  const pace = new Pace(1_000_000, () => {
    const now = performance.now();
    clock += Math.min(now - looked, 15);
    looked = now;
    return clock;
  });
  pace.spend(1_000_000);
  const reads = [0, 0, 0];
  const pacers = reads.map((_, i) => new Pacer(pace, () => {
    const pacer = pacers[i] as Pacer;
    // As a connection does: it reads on while it need not wait, also after a pause in which all was paid for.
    while (!pacer.waiting && reads.reduce((sum, n) => sum + n) < 30) {
      reads[i] = (reads[i] as number) + 1;
      pacer.spend(10_000);
    }
  }));
  pacers.forEach((pacer) => pacer.spend(10_000));
  const begun = performance.now();
  while (reads.reduce((sum, n) => sum + n) < 30) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(performance.now() - begun >= 290, '300 KB at 1 MB/s');
  assert.ok(reads.every((n) => n >= 8), reads.join());
  for (const pacer of pacers) assert.ok(pacer.limited > 100 && pacer.limited < 10_000);
  const [one] = pacers as [Pacer];
  one.change(undefined);
  assert.not(one.waiting);
  one.spend(1e9);
  assert.not(one.waiting);
  pacers.forEach((pacer) => pacer.stop());
}));

test.run();

/** Signals: whoever has read one is told when it has changed, once, and never sees a half of a change. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { computed, effect, signal, untracked } from '../lib/web/signal.ts';

test('values made of others, in any net of them, are those made anew from nothing; effects run when what they read has changed, and only then', () => {
  // Each node adds up two earlier ones, the second only while the first is odd; halved, so that some changes end on the way.
  const node = fc.tuple(fc.nat(), fc.nat());
  const step = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 9 }));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(node, { maxLength: 12 }), fc.array(step, { maxLength: 30 }), (count, nodes, steps) => {
      const values = Array.from({ length: count }, (_, i) => i);
      const signals = values.map((value) => signal(value));
      const all: { readonly value: number }[] = [...signals];
      const plain = (i: number): number => {
        if (i < count) return values[i] as number;
        const [a, b] = nodes[i - count] as [number, number];
        const first = plain(a % i);
        return Math.floor((first + (first % 2 === 1 ? plain(b % i) : 0)) / 2);
      };
      nodes.forEach(([a, b], n) => {
        const [one, two] = [all[a % (count + n)], all[b % (count + n)]];
        all.push(computed(() => {
          const first = one?.value ?? NaN;
          return Math.floor((first + (first % 2 === 1 ? (two?.value ?? NaN) : 0)) / 2);
        }));
      });
      const seen: number[][] = all.map(() => []);
      const ends = all.map((one, i) => effect(() => {
        seen[i]?.push(one.value);
        assert.is(one.value, plain(i), 'no effect sees a half of a change');
      }));
      const wanted = all.map((_, i) => [plain(i)]);
      for (const [at, value] of steps) {
        values[at % count] = value;
        (signals[at % count] as { value: number }).value = value;
        wanted.forEach((list, i) => plain(i) !== list.at(-1) && list.push(plain(i)));
        assert.equal(all.map((one) => one.value), all.map((_, i) => plain(i)));
      }
      assert.equal(seen, wanted);
      ends.forEach((end) => end());
      signals.forEach((one) => (one.value += 100));
      assert.equal(seen, wanted, 'an effect that was ended runs no more');
    }),
    { numRuns: 500 },
  );
});

test('an effect reads what it reads now; what it sets is told when it is done; within another it is its own', () => {
  const [which, a, b, sum] = [signal('a'), signal(1), signal(10), signal(0)];
  const log: string[] = [];
  effect(() => void log.push(`sum ${sum.value}`));
  const end = effect(() => {
    const value = which.value === 'a' ? a.value : b.value;
    sum.value = value;
    sum.value = value + 1;
    log.push(`took ${value}`);
  });
  assert.equal(log.splice(0), ['sum 0', 'took 1', 'sum 2']);
  b.value = 20; // not read
  assert.equal(log.splice(0), []);
  which.value = 'b';
  assert.equal(log.splice(0), ['took 20', 'sum 21']);
  a.value = 2;
  assert.equal(log.splice(0), []);
  end();
  which.value = 'a';
  assert.equal(log.splice(0), []);

  const [outer, inner] = [signal(0), signal(0)];
  const ends: (() => void)[] = [];
  effect(() => {
    log.push(`outer ${outer.value}`);
    ends.push(effect(() => void log.push(`inner ${inner.value}`)));
    untracked(() => log.push(`aside ${inner.value}`));
    log.push(`peeked ${inner.peek()}`);
  });
  assert.equal(log.splice(0), ['outer 0', 'inner 0', 'aside 0', 'peeked 0']);
  inner.value = 1;
  assert.equal(log.splice(0), ['inner 1']);
  ends.forEach((stop) => stop());
  outer.value = 1;
  assert.equal(log.splice(0), ['outer 1', 'inner 1', 'aside 1', 'peeked 1']);
});

test('an effect that fails says so, and hinders no other', () => {
  const value = signal(0);
  const seen: number[] = [];
  effect(() => {
    if (value.value === 1) throw new Error('no');
  });
  effect(() => void seen.push(value.value));
  assert.throws(() => (value.value = 1), 'no');
  value.value = 2;
  assert.equal(seen, [0, 1, 2]);
});

test.run();

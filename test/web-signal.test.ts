/** Signals: what depends on a value follows it, once for each change, and not when nothing has changed. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { computed, effect, signal, untracked } from '../lib/web/signal.ts';

test('an effect runs at once and for each change of what it read last, not for others', () => {
  const [which, a, b] = [signal(true), signal(1), signal(2)];
  const seen: number[] = [];
  const end = effect(() => void seen.push(which.value ? a.value : b.value));
  b.value = 3; // not read
  a.value = 1; // no change
  a.value = 4;
  which.value = false;
  a.value = 5; // read no more
  b.value = 6;
  end();
  b.value = 7;
  assert.equal(seen, [1, 4, 3, 6]);
});

test('a value worked out is so once for all who read it, and those run only when it is another', () => {
  const n = signal(1);
  let worked = 0;
  const odd = computed(() => (worked++, n.value % 2 === 1));
  const seen: boolean[] = [];
  const ends = [0, 1].map(() => effect(() => void seen.push(odd.value)));
  n.value = 3;
  assert.equal([seen, worked], [[true, true], 2]);
  n.value = 4;
  assert.equal([seen, worked], [[true, true, false, false], 3]);
  ends.forEach((end) => end());
  n.value = 5;
  assert.is(worked, 3, 'nobody reads it');
  assert.is(odd.value, true);
  n.value = 6;
  assert.is(odd.value, false);
});

test('two ways from one value make one run, of values that belong together', () => {
  const n = signal(1);
  const [double, square] = [computed(() => n.value * 2), computed(() => n.value ** 2)];
  const seen: string[] = [];
  effect(() => void seen.push(`${double.value} ${square.value}`));
  n.value = 3;
  assert.equal(seen, ['2 1', '6 9']);
});

test('an effect may set what others read, and what it reads itself until it holds; untracked does not bind', () => {
  const [n, copy, other] = [signal(1), signal(0), signal(0)];
  const seen: number[] = [];
  effect(() => {
    if (n.value < 3) n.value++;
    copy.value = n.value + untracked(() => other.value);
  });
  effect(() => void seen.push(copy.value));
  other.value = 10;
  n.value = 4;
  assert.equal(seen, [3, 14]);
});

test('an effect that throws stops neither itself nor others', () => {
  const n = signal(0);
  const seen: number[] = [];
  effect(() => {
    if (n.value === 1) throw new Error('once');
  });
  effect(() => void seen.push(n.value));
  assert.throws(() => (n.value = 1), 'once');
  n.value = 2;
  assert.equal(seen.at(-1), 2);
});

test.run();

/** Gaps, duplicates and late lines of a run. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Account, MAX_RANGES, Run, type Verdict } from '../lib/account.ts';

const see = (...numbers: number[]): Verdict[] => {
  const run = new Run('a', 'r');
  return numbers.map((n) => run.see(n));
};

test('in order: nothing to say', () => {
  assert.equal(see(1, 2, 3), ['first', 'next', 'next']);
});

test('the first number seen is where we joined, not a loss', () => {
  const run = new Run('a', 'r');
  assert.is(run.see(812), 'first');
  assert.is(run.lost, 0);
  assert.is(run.see(813), 'next');
  assert.is(run.see(811), 'early');
  assert.is(run.see(811), 'duplicate');
  assert.is(run.see(1), 'early');
  assert.is(run.lost, 0);
});

test('a gap is exact, and a late line fills it once', () => {
  const run = new Run('a', 'r');
  run.see(1);
  assert.is(run.see(10), 'gap');
  assert.equal([run.gapFrom, run.lost, run.next], [2, 8, 11]);
  assert.equal([5, 5, 2, 9, 10, 1].map((n) => run.see(n)), ['late', 'duplicate', 'late', 'late', 'duplicate', 'duplicate']);
  assert.is(run.lost, 5);
});

test('a beat reveals the loss at the end of a burst', () => {
  const run = new Run('a', 'r');
  assert.not.ok(run.upTo(7), 'joined behind 7');
  assert.is(run.see(8), 'next');
  assert.ok(run.upTo(11));
  assert.equal([run.gapFrom, run.lost], [9, 3]);
  assert.not.ok(run.upTo(11), 'said once');
  assert.not.ok(run.upTo(3), 'an old beat says nothing');
  assert.equal([run.see(12), run.see(10), run.see(7)], ['next', 'late', 'early']);
});

test('a beat of a run that has written nothing: its first line is expected', () => {
  const run = new Run('a', 'r');
  assert.not.ok(run.upTo(0));
  assert.is(run.see(3), 'gap');
  assert.equal([run.gapFrom, run.lost], [1, 2]);
});

test('a number as large as a number can be does no harm to those after it', () => {
  const run = new Run('a', 'r');
  run.see(1);
  assert.is(run.see(Number.MAX_SAFE_INTEGER), 'gap');
  assert.equal([2, 3, 4, 3].map((n) => run.see(n)), ['late', 'late', 'late', 'duplicate']);
});

test('agrees with a set of numbers, in any order with any repeats', () => {
  const step = fc.record({ beat: fc.boolean(), n: fc.integer({ min: 1, max: 60 }) });
  fc.assert(fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
    const run = new Run('a', 'r');
    const seen = new Set<number>();
    let joined = 0;
    let top = 0;
    for (const { beat, n } of steps) {
      const before = run.lost;
      if (beat) {
        const news = run.upTo(n);
        if (joined === 0) joined = n + 1;
        assert.is(news, n > Math.max(top, joined - 1));
        if (news) assert.equal([run.gapFrom, run.lost - before], [Math.max(top + 1, joined), n - Math.max(top, joined - 1)]);
        top = Math.max(top, n);
        continue;
      }
      const verdict = run.see(n);
      const wanted = joined === 0 ? 'first' : seen.has(n) ? 'duplicate' : n < joined ? 'early' : n <= top ? 'late' : n === top + 1 ? 'next' : 'gap';
      assert.is(verdict, wanted);
      if (joined === 0) joined = n;
      if (verdict === 'gap') assert.equal([run.gapFrom, run.lost - before], [Math.max(top + 1, joined), n - Math.max(top + 1, joined)]);
      seen.add(n);
      top = Math.max(top, n);
      let missing = 0;
      for (let i = joined; i <= top; i++) if (!seen.has(i)) missing++;
      assert.is(run.lost, missing);
    }
  }), { numRuns: 2000 });
});

test('ranges are bounded: the lowest are given up, and a line of theirs is stale, not new', () => {
  const run = new Run('a', 'r');
  for (let n = 1; n <= 4 * MAX_RANGES; n += 2) run.see(n);
  assert.is(run.lost, 2 * MAX_RANGES - 1);
  assert.is(run.see(2), 'stale');
  assert.is(run.see(4 * MAX_RANGES - 2), 'late');
  assert.is(run.see(4 * MAX_RANGES), 'next');
});

test('runs are bounded: those in use stay, a forgotten one says so', () => {
  const account = new Account(3);
  const busy = account.run('a', '1');
  const idle = account.run('a', '2');
  for (let i = 3; i < 100; i++) {
    busy.see(i);
    account.run('a', String(i));
  }
  assert.is(account.size, 3);
  assert.is(account.forgotten, 96);
  assert.ok(idle.forgotten);
  assert.is(account.run('a', '1'), busy);
  assert.is.not(account.run('a', '2'), idle);
});

test('a run that only gives signs of life is in use', () => {
  const account = new Account(3);
  const quiet = account.run('a', '1');
  quiet.upTo(4);
  for (let i = 2; i < 20; i++) {
    quiet.upTo(4);
    account.run('a', String(i)).see(1);
  }
  assert.not.ok(quiet.forgotten);
});

test('a run is of one stream', () => {
  const account = new Account();
  assert.is.not(account.run('a', 'r'), account.run('b', 'r'));
  assert.is(account.run('__proto__', 'r'), account.run('__proto__', 'r'));
});

test.run();

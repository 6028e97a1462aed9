import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ExpiringSet } from '../lib/expiring-set.ts';
import { Slowdown } from '../lib/slowdown.ts';

const PACE = { free: 3, longestMs: 5000, forgetMs: 60_000, size: 4 };

test('the first failures are free, then the wait doubles up to the longest', () => {
  const s = new Slowdown(PACE);
  const waits = [0, 0, 0, 1000, 2000, 4000, 5000, 5000];
  let now = 0;
  for (const wait of waits) {
    assert.is(s.wait('k', now), wait);
    now += wait;
    assert.is(s.wait('k', now), 0);
    s.count('k', now);
  }
  assert.is(s.wait('k', now + 4999), 1);
  assert.is(s.wait('other', now), 0);
});

test('all is forgotten after a while, and one can be taken back', () => {
  const s = new Slowdown(PACE);
  for (let i = 0; i < 5; i++) s.count('k', i);
  assert.is(s.wait('k', 4), 4000);
  s.takeBack('k');
  assert.is(s.wait('k', 4), 2000);
  assert.is(s.wait('k', 60_005), 0);
  s.count('k', 60_006);
  assert.is(s.wait('k', 60_006), 0, 'it begins anew');
  s.takeBack('k');
  s.takeBack('k');
  for (let i = 0; i < 3; i++) s.count('k', 60_007);
  assert.is(s.wait('k', 60_007), 1000, 'never below none');
});

test('of too many keys, those that failed longest ago are forgotten', () => {
  const s = new Slowdown(PACE);
  for (const key of ['a', 'b', 'c', 'd']) for (let i = 0; i < 3; i++) s.count(key, 0);
  s.count('a', 0);
  s.count('e', 0);
  assert.equal(['a', 'b', 'c', 'd', 'e'].map((key) => s.wait(key, 0)), [2000, 0, 1000, 1000, 0]);
});

test('a set whose members leave it', () => {
  const set = new ExpiringSet(3);
  set.add('a', 10);
  assert.ok(set.has('a', 9));
  assert.not(set.has('a', 10));
  assert.not(set.has('a', 9), 'it is gone');
  for (const key of ['a', 'b', 'c', 'a', 'd']) set.add(key, 100);
  assert.equal(['a', 'b', 'c', 'd'].map((key) => set.has(key, 0)), [true, false, true, true]);
  set.clear();
  assert.not(set.has('a', 0));
});

test.run();

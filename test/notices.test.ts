import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Backoff } from '../lib/backoff.ts';
import { Notices } from '../lib/notices.ts';
import { plainAddress, Strangers } from '../lib/strangers.ts';

test('a burst passes, then one by one; what is left out is counted, and nothing is lost in the count', () => {
  fc.assert(fc.property(fc.array(fc.nat(400), { maxLength: 200 }), (gaps) => {
    let now = 0;
    const said: string[] = [];
    const notices = new Notices((text) => said.push(text), { burst: 3, every: 1000 }, () => now);
    for (const gap of gaps) {
      now += gap;
      notices.say('x');
    }
    notices.end();
    const leftOut = said.reduce((sum, text) => sum + Number(/\d+/.exec(text)?.[0] ?? 0), 0);
    const passed = said.filter((text) => text.startsWith('x')).length;
    assert.is(passed + leftOut, gaps.length);
    assert.ok(passed <= 3 + now / 1000, `${passed} in ${now} ms`);
  }));
});

test('the same text is not said again for a while', () => {
  let now = 0;
  const said: string[] = [];
  const notices = new Notices((text) => said.push(text), { same: 60_000 }, () => now);
  for (const text of ['a', 'b', 'a', 'a']) notices.say(text);
  assert.equal(said, ['a', 'b']);
  now = 60_000;
  notices.say('a');
  assert.equal(said, ['a', 'b', 'a (2 messages left out before this one)']);
});

test('waits double up to 30 s, are drawn anew each time, and begin again after a success', () => {
  const most = new Backoff(250, 30_000, () => 1);
  assert.equal(Array.from({ length: 9 }, () => most.next()), [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  most.reset();
  assert.is(most.next(), 250);
  const drawn = new Backoff(250, 30_000, () => 0.1);
  assert.equal([drawn.next(), drawn.next()], [25, 50]);
});

test('places for strangers are counted by address, and freed once', () => {
  const strangers = new Strangers(2);
  const enter = (address: string, port: number): boolean => strangers.enter(address, port);
  assert.equal([enter('a', 1), enter('a', 2), enter('a', 3), enter('b', 3)], [true, true, false, true]);
  strangers.leave('a', 3);
  assert.is(strangers.enter('a', 3), false);
  strangers.leave('a', 1);
  strangers.leave('a', 1);
  assert.equal([strangers.enter('a', 3), strangers.enter('a', 4)], [true, false]);
  assert.equal([plainAddress('::ffff:192.0.2.1'), plainAddress('::1'), plainAddress(undefined)], ['192.0.2.1', '::1', '']);
});

test.run();

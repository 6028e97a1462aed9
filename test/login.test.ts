import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { networkOf } from '../lib/address.ts';
import { credentials, Login, type Verdict } from '../lib/login.ts';
import { timed } from './sh.ts';

const basic = (user: string, password: string): string => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const USERS = new Map([['alice', 'hash of wonder'], ['bob', 'hash of builder']]);
const A = '192.0.2.1';
const B = '192.0.2.2';

/** A door whose clock stands still, and whose hashes say what they are of. */
class Door {
  now = 0;
  asked: string[] = [];
  answer: (() => Promise<void>) | undefined;
  readonly login = new Login(USERS, async (stored, password) => {
    this.asked.push(`${stored} ${password}`);
    await this.answer?.();
    return stored === `hash of ${password}`;
  }, () => this.now);

  async try(user: string, password: string, address = A): Promise<string> {
    const verdict: Verdict = await this.login.check(basic(user, password), address);
    return verdict.outcome === 'slow' ? `slow ${verdict.seconds}` : verdict.outcome === 'in' ? `in ${verdict.user}` : 'denied';
  }
}

test('the header', () => {
  assert.equal(credentials(basic('alice', 'wonder')), { user: 'alice', password: 'wonder' });
  assert.equal(credentials(basic('alice', 'a:b:')), { user: 'alice', password: 'a:b:' });
  assert.equal(credentials(basic('älice', '日本')), { user: 'älice', password: '日本' });
  assert.equal(credentials(basic('alice', '')), { user: 'alice', password: '' });
  assert.equal(credentials(`bAsIc   ${basic('a', 'b').slice(6)} `), { user: 'a', password: 'b' });
  for (const header of [
    undefined, '', 'Basic', 'Basic ', 'Bearer abc', 'Basic a b', 'Basic !!!!', basic('', 'x'), 'Basic YWxpY2U=',
    basic('a\0', 'b'), basic('a', 'b\n'), basic('a', 'b\x7f'),
    `Basic ${Buffer.from([0x61, 0x3a, 0xff]).toString('base64')}`, basic('a', 'x'.repeat(2000)),
  ]) assert.is(credentials(header), undefined, header);
  fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.base64String().map((s) => `Basic ${s}`)), (header) => {
    const given = credentials(header);
    if (given) assert.is(Buffer.from(header.slice(6).trim(), 'base64').toString(), `${given.user}:${given.password}`);
  }), { numRuns: 2000 });
});

test('whom an address stands for', () => {
  for (const [address, network] of [
    ['192.0.2.1', '192.0.2.1'], ['::ffff:192.0.2.1', '192.0.2.1'], ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::'],
    ['2001:db8:1:2::9', '2001:db8:1:2::'],
    ['2001:db8::9', '2001:db8:0:0::'], ['2001:db8::1:2:3:4:9', '2001:db8:0:1::'],
    ['::1', '0:0:0:0::'], ['fe80::1%eth0', 'fe80:0:0:0::'], ['1::', '1:0:0:0::'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::'], ['', ''],
  ] as const) assert.is(networkOf(address), network, address);
});

test('right, wrong, unknown; and what is known is not looked at again', timed(5000, async () => {
  const door = new Door();
  assert.is(await door.try('alice', 'wonder'), 'in alice');
  assert.is(await door.try('alice', 'wonder', B), 'in alice');
  assert.is(door.asked.length, 1);
  assert.is(await door.try('alice', 'builder'), 'denied');
  assert.is(await door.try('alice', 'builder'), 'denied');
  assert.is(await door.try('bob', 'wonder'), 'denied');
  assert.is(door.asked.length, 3);
  assert.equal(await door.login.check(undefined, A), { outcome: 'denied' });
  assert.equal(await door.login.check('Basic x', A), { outcome: 'denied' });
  assert.equal(door.login.counts, { in: 2, denied: 3, slow: 0, verified: 3 });
  door.now = 600_000;
  assert.is(await door.try('alice', 'wonder'), 'in alice');
  assert.is(door.asked.length, 4, 'after ten minutes it is');
}));

test('an unknown user costs a look at a hash, always the same one, and is let in by no password', timed(5000, async () => {
  const door = new Door();
  const users = Array.from({ length: 40 }, (_, i) => `nobody${i}`);
  for (const user of users) {
    door.now += 1_000_000;
    for (const password of ['wonder', 'builder']) assert.is(await door.try(user, password), 'denied');
  }
  assert.is(door.asked.length, 80);
  const hashes = users.map((_, i) => [door.asked[2 * i]?.split(' ')[2], door.asked[2 * i + 1]?.split(' ')[2]]);
  assert.ok(hashes.every(([a, b]) => a === b));
  assert.equal(new Set(hashes.flat()), new Set(['wonder', 'builder']));
  assert.is(await new Login(new Map(), () => Promise.resolve(true)).check(basic('a', 'b'), A).then((v) => v.outcome), 'denied');
}));

test('guessing is slowed by address, and the right password too until the wait is over', timed(5000, async () => {
  const door = new Door();
  for (let i = 0; i < 5; i++) assert.is(await door.try(`user${i}`, `guess${i}`), 'denied');
  assert.is(await door.try('alice', 'guess'), 'slow 1');
  assert.is(await door.try('alice', 'wonder'), 'slow 1');
  assert.is(await door.try('alice', 'wonder', B), 'in alice');
  door.now = 999;
  assert.is(await door.try('alice', 'other'), 'slow 1');
  door.now = 1000;
  assert.is(await door.try('alice', 'other'), 'denied');
  assert.is(await door.try('alice', 'another'), 'slow 2');
  for (let i = 0; i < 20; i++) {
    door.now += 60_000;
    assert.is(await door.try('bob', `try${i}`), 'denied');
  }
  assert.is(await door.try('bob', 'again'), 'slow 60');
  assert.is(door.asked.length, 27);
}));

test('guessing is slowed by user, from however many addresses; one who has been in from there before is not', timed(5000, async () => {
  const door = new Door();
  assert.is(await door.try('alice', 'wonder', '198.51.100.1'), 'in alice');
  door.login.replace(new Map(USERS)); // nothing is remembered of passwords
  for (let i = 0; i < 20; i++) assert.is(await door.try('alice', `guess${i}`, `192.0.2.${i + 10}`), 'denied');
  assert.is(await door.try('alice', 'wonder', '203.0.113.1'), 'slow 1');
  assert.is(await door.try('alice', 'wonder', '198.51.100.1'), 'in alice');
  door.login.replace(new Map(USERS));
  for (let i = 0; i < 5; i++) assert.is(await door.try('alice', `wrong${i}`, '198.51.100.1'), 'denied');
  assert.is(await door.try('alice', 'wonder', '198.51.100.1'), 'slow 1', 'but only until others guess there');
  assert.is(await door.try('bob', 'builder', '198.51.100.1'), 'in bob');
}));

test('addresses of one IPv6 network count as one', timed(5000, async () => {
  const door = new Door();
  for (let i = 0; i < 5; i++) assert.is(await door.try('alice', `guess${i}`, `2001:db8::${i}`), 'denied');
  assert.is(await door.try('alice', 'wonder', '2001:db8::ffff'), 'slow 1');
  assert.is(await door.try('alice', 'wonder', '2001:db8:0:1::1'), 'in alice');
}));

test('many at once: a question is asked once, a guess counts when it begins, 16 at most are under way', timed(5000, async () => {
  const door = new Door();
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  door.answer = () => opened;
  const same = Array.from({ length: 50 }, () => door.try('alice', 'wonder'));
  const guesses = Array.from({ length: 50 }, (_, i) => door.try('bob', `guess${i}`, B));
  const spread = Array.from({ length: 50 }, (_, i) => door.try(`user${i}`, 'guess', `198.51.100.${i}`));
  await Promise.resolve();
  assert.is(door.asked.length, 16);
  open();
  assert.equal([...new Set(await Promise.all(same))], ['in alice']);
  const outcomes = await Promise.all(guesses);
  assert.equal([outcomes.filter((o) => o === 'denied').length, outcomes.filter((o) => o === 'slow 1').length], [5, 45]);
  assert.is((await Promise.all(spread)).filter((o) => o === 'denied').length, 10);
  assert.is(door.asked.length, 16);
  assert.is(await door.try('carol', 'x', '198.51.100.99'), 'denied', 'and there is room again');
}));

test('other users: at once, also for what is under way', timed(5000, async () => {
  const door = new Door();
  assert.is(await door.try('alice', 'wonder'), 'in alice');
  assert.is(await door.try('carol', 'sing'), 'denied');
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  door.answer = () => opened;
  const bob = door.try('bob', 'builder');
  const early = door.try('alice', 'mirror');
  door.login.replace(new Map([['alice', 'hash of mirror'], ['carol', 'hash of sing']]));
  open();
  assert.equal([await bob, await early], ['denied', 'denied'], 'looked at by the old hashes');
  assert.is(await door.try('alice', 'wonder'), 'denied');
  assert.is(await door.try('alice', 'mirror'), 'in alice');
  assert.is(await door.try('carol', 'sing'), 'in carol');
}));

test('when passwords cannot be checked, nobody is blamed', timed(5000, async () => {
  const door = new Door();
  door.answer = () => Promise.reject(new Error('no thread'));
  for (let i = 0; i < 10; i++) assert.is(await door.try('alice', 'wonder').catch((err: Error) => err.message), 'no thread');
  door.answer = undefined;
  assert.is(await door.try('alice', 'wonder'), 'in alice');
}));

test.run();

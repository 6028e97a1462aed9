import { createHash } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findSetting, parseReceivers, readSetting, settingHomes } from '../lib/settings.ts';
import { timed, withFolder } from './sh.ts';

const pin = (name: string): string => `sha256:${createHash('sha256').update(name).digest('base64url')}`;

test('the homes of settings', () => {
  assert.equal(settingHomes({ HOME: '/home/a' }), ['/home/a/.config/lm', '/etc/lm']);
  assert.equal(settingHomes({ HOME: '/home/a', XDG_CONFIG_HOME: '/c' }), ['/c/lm', '/etc/lm']);
  assert.equal(settingHomes({ HOME: '/home/a', XDG_CONFIG_HOME: '' }), ['/home/a/.config/lm', '/etc/lm']);
  assert.equal(settingHomes({ HOME: '/home/a', XDG_CONFIG_HOME: 'c' }), ['/home/a/.config/lm', '/etc/lm']);
  assert.equal(settingHomes({ HOME: 'here' }), ['/etc/lm']);
});

test('the first that is there is found, readable or not', () => withFolder((dir) => {
  const homes = [`${dir}/a`, `${dir}/b`, `${dir}/file`];
  writeFileSync(`${dir}/file`, '');
  assert.is(findSetting('receivers', homes), undefined);
  mkdirSync(`${dir}/b`);
  writeFileSync(`${dir}/b/receivers`, '');
  assert.is(findSetting('receivers', homes), `${dir}/b/receivers`);
  mkdirSync(`${dir}/a`);
  assert.is(findSetting('receivers', homes), `${dir}/b/receivers`);
  writeFileSync(`${dir}/a/receivers`, '', { mode: 0 });
  assert.is(findSetting('receivers', homes), `${dir}/a/receivers`);
  symlinkSync(`${dir}/a/loop`, `${dir}/a/loop`);
  assert.throws(() => findSetting('loop', homes), /^Error: cannot read .*loop: ELOOP$|cannot read .*: ELOOP/);
}));

test('a setting is read whole, and is not too long', timed(10_000, () => withFolder(async (dir) => {
  const reason = (path: string): Promise<string> => readSetting(path).then(() => 'read', (err: Error) => err.message);
  writeFileSync(`${dir}/f`, 'ünïcödé\n');
  assert.is(await readSetting(`${dir}/f`), 'ünïcödé\n');
  writeFileSync(`${dir}/limit`, Buffer.alloc(1_048_576, 'x'));
  assert.is((await readSetting(`${dir}/limit`)).length, 1_048_576);
  writeFileSync(`${dir}/beyond`, Buffer.alloc(1_048_577));
  assert.is(await reason(`${dir}/beyond`), `cannot read ${dir}/beyond: longer than 1 MiB`);
  assert.is(await reason('/dev/zero'), 'cannot read /dev/zero: longer than 1 MiB');
  assert.is(await reason(`${dir}/none`), `cannot read ${dir}/none: ENOENT`);
  assert.is(await reason(dir), `cannot read ${dir}: EISDIR`);
})));

test('receivers: one spelling of an address, two pins while a key is changed', () => {
  const { receivers, problems } = parseReceivers(`# known\nLogs.Example.com ${pin('a')}\nlogs.example.com:5333 ${pin('b')} # the new one
[2001:DB8::0:1]:99\t${pin('c')}\r\n2001:db8::1 ${pin('d')}\n`);
  assert.equal(problems, []);
  assert.equal([...receivers], [
    ['logs.example.com:5333', [pin('a'), pin('b')]],
    ['[2001:db8::1]:99', [pin('c')]],
    ['[2001:db8::1]:5333', [pin('d')]],
  ]);
});

test('receivers: a bad line is told and trusts nobody', () => {
  for (const [line, fact] of [
    ['host', 'no pin'],
    ['host sha256:x', 'sha256:x is not a pin'],
    [`host ${pin('a')} more words`, 'more words is not understood'],
    [`ho/st ${pin('a')}`, 'ho/st is no address of a receiver'],
    [`host:0 ${pin('a')}`, 'host:0 is no address of a receiver'],
    [`${pin('a')} host`, `${pin('a')} is no address of a receiver`],
  ] as const) {
    const { receivers, problems } = parseReceivers(`${line}\nok ${pin('z')}`);
    assert.equal(problems, [`line 1: ${fact}`]);
    assert.equal([...receivers.keys()], ['ok:5333']);
  }
});

test('receivers: any text is read without an Error', () => {
  const word = fc.oneof(fc.constantFrom(pin('a'), 'host', '[::1]:5', '#', '\n'), fc.string({ unit: 'binary', maxLength: 8 }));
  fc.assert(fc.property(fc.array(word, { maxLength: 40 }), fc.constantFrom(' ', ''), (words, between) => {
    const { receivers } = parseReceivers(words.join(between));
    for (const pins of receivers.values()) assert.equal([...new Set(pins)], [pin('a')]);
  }), { numRuns: 1000 });
});

test.run();

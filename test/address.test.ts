import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAddress, parseListen, showAddress } from '../lib/address.ts';

test('what is understood', () => {
  for (const [text, host, port] of [
    ['host', 'host', 5333],
    ['Logs.Example.COM', 'logs.example.com', 5333],
    ['logs.example.com.', 'logs.example.com.', 5333],
    ['a_b-c:1', 'a_b-c', 1],
    ['host:65535', 'host', 65535],
    ['1.2.3.4', '1.2.3.4', 5333],
    ['1.2.3.4:5', '1.2.3.4', 5],
    ['[::1]:5', '::1', 5],
    ['[::1]', '::1', 5333],
    ['::1', '::1', 5333],
    ['2001:DB8:0:0::7', '2001:db8::7', 5333],
    ['fe80::1%eth0', 'fe80::1%eth0', 5333],
    ['[FE80::1%eth0]:7', 'fe80::1%eth0', 7],
    ['4chan.example', '4chan.example', 5333],
  ] as const) assert.equal(parseAddress(text, 5333), { host, port }, text);
});

test('what is not', () => {
  const long = `${'a'.repeat(63)}.`.repeat(4);
  for (const text of [
    '', ':', ':1', 'host:', 'host:x', 'host:1x', 'host: 1', 'host:-1', 'ho st', 'a..b', '.a', '-a', 'a-',
    `${'a'.repeat(64)}.b`, long, `${long}b`, 'host:1:2', '[::1', '::1]',
    '[host]:1', '[]:1', '[::1]x', '[::1]:', '1.2.3', '1.2.3.4.5', '256.1.1.1', '12345',
    'http://host', 'host/path', 'user@host', 'h\0st', 'höst', 'host\n', '*',
  ]) assert.throws(() => parseAddress(text, 5333), (err: Error) => err.message === `address ${text} is not understood`, text);
  for (const port of ['0', '65536', '99999']) {
    assert.throws(() => parseAddress(`host:${port}`, 1), (err: Error) => err.message === `port ${port} is out of range`);
  }
});

test('where to listen: every address, and a free port', () => {
  assert.equal(parseListen(':0', 1), { host: '', port: 0 });
  assert.equal(parseListen(':5333', 1), { host: '', port: 5333 });
  assert.equal(parseListen('127.0.0.1:0', 1), { host: '127.0.0.1', port: 0 });
  assert.equal(parseListen('[::]', 5333), { host: '::', port: 5333 });
  for (const text of ['', '*:1', '5333', ':', '[]:1']) assert.throws(() => parseListen(text, 1), /is not understood/);
  assert.throws(() => parseListen(':65536', 1), /port 65536 is out of range/);
});

test('what is shown is read back as the same', () => {
  const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6());
  fc.assert(fc.property(host, fc.integer({ min: 1, max: 65_535 }), (name, port) => {
    const read = parseAddress(name.includes(':') ? `[${name}]:${port}` : `${name}:${port}`, 1);
    assert.is(read.port, port);
    assert.equal(parseAddress(showAddress(read.host, read.port), 1), read);
  }));
});

test('any text is either understood or an Error', () => {
  const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom(...'[]:.%a1-\0 ') }));
  fc.assert(fc.property(texts, (text) => {
    for (const parse of [parseAddress, parseListen]) {
      try {
        const { host, port } = parse(text, 1);
        assert.equal(parse(showAddress(host, port), 2), { host, port });
      } catch (err) {
        assert.match((err as Error).message, /^(address|port) /);
      }
    }
  }), { numRuns: 2000 });
});

test.run();

/** Host, Origin and the addresses of proxies. */
import type { IncomingMessage } from 'node:http';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { trustedHeader } from '../lib/access.ts';
import { HostCheck, hostName, isFromElsewhere, isLoopback, isSameOrigin, openerHeaders, SAFE_HEADERS } from '../lib/gate.ts';

test('the name in a Host header', () => {
  const cases: [string, string | undefined][] = [['Example.COM', 'example.com'], ['example.com:80', 'example.com'], ['[::1]:5334', '::1'], ['[::1]', '::1'],
    ['127.0.0.1:1', '127.0.0.1'], ['a.', 'a'], ['', undefined], ['a b', undefined], ['a/b', undefined], ['u@a', undefined], ['::1', undefined], [':80', undefined],
    ['a:b', undefined], ['[::1', undefined], ['a:123456', undefined], ['[a]x', undefined]];
  for (const [host, name] of cases) assert.is(hostName(host), name, host);
});

test('loopback is what this machine calls itself', () => {
  assert.equal(['localhost', '127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', '127.evil.example', '10.0.0.1', '::', '0.0.0.0', 'x'].map(isLoopback),
    [true, true, true, true, true, false, false, false, false, false]);
});

test('a server at the loopback answers to its names and those given', () => {
  const check = new HostCheck('127.0.0.1', ['Logs.example.com'], 'box');
  for (const host of ['localhost', 'LOCALHOST:5334', '127.0.0.1:80', '[::1]:1', 'logs.example.com', 'logs.example.com:443']) assert.ok(check.allows(host), host);
  for (const host of [undefined, '', 'evil.example', '10.0.0.1', 'box', 'localhost.evil.example', '127.0.0.1.evil.example', 'x@localhost']) {
    assert.not.ok(check.allows(host), host);
  }
});

test('a server elsewhere answers to addresses and to its own name', () => {
  const check = new HostCheck('0.0.0.0', [], 'box');
  for (const host of ['10.1.2.3:5334', 'box:1', '[2001:db8::1]', 'localhost']) assert.ok(check.allows(host), host);
  for (const host of ['evil.example', 'box.evil.example']) assert.not.ok(check.allows(host), host);
  assert.ok(new HostCheck('10.0.0.1', ['logs.example.com'], 'box').allows('logs.example.com:80'));
});

test('a page of another site is told from ours', () => {
  const yes = [[undefined, 'a'], ['http://a:5334', 'a:5334'], ['https://a', 'a'], ['http://a', 'a:80'], ['https://A.example', 'a.example:443'], ['http://[::1]:1', '[::1]:1']];
  const no = [['http://b', 'a'], ['http://a:1', 'a:2'], ['http://a', 'a:5334'], ['null', 'a'], ['', 'a'], ['file://a', 'a'], ['http://a', undefined], ['http://a.b', 'a']];
  for (const [origin, host] of yes) assert.ok(isSameOrigin(origin, host), `${origin} ${host}`);
  for (const [origin, host] of no) assert.not.ok(isSameOrigin(origin, host), `${origin} ${host}`);
});

test('what another site embeds or fetches is told from a link that somebody follows', () => {
  const sent = (site: string, mode: string, dest: string) => ({ 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': dest });
  for (const headers of [{}, sent('same-origin', 'cors', 'empty'), sent('none', 'navigate', 'document'), sent('cross-site', 'navigate', 'document')]) {
    assert.not.ok(isFromElsewhere(headers), JSON.stringify(headers));
  }
  for (const headers of [sent('cross-site', 'no-cors', 'image'), sent('same-site', 'cors', 'empty'), sent('cross-site', 'navigate', 'iframe'), sent('x', '', '')]) {
    assert.ok(isFromElsewhere(headers), JSON.stringify(headers));
  }
});

test('who opens the page from another site gets no hold of its window', () => {
  for (const site of ['cross-site', 'same-site', 'x', undefined]) {
    assert.equal(openerHeaders({ 'sec-fetch-site': site }), { 'Cross-Origin-Opener-Policy': 'same-origin' }, site);
  }
  for (const site of ['none', 'same-origin']) assert.equal(openerHeaders({ 'sec-fetch-site': site }), {}, site);
});

test('the policy allows nothing inline and nothing from elsewhere', () => {
  const policy = SAFE_HEADERS['Content-Security-Policy'] ?? '';
  assert.match(policy, "default-src 'none'");
  assert.not.match(policy, /unsafe|data:|blob:|\*|http/);
});

const asked = (remoteAddress: string, headers: Record<string, string>): IncomingMessage => ({ socket: { remoteAddress }, headers } as unknown as IncomingMessage);

test('only a known proxy is believed', () => {
  const access = trustedHeader('X-Remote-User', ['10.0.0.7/32', '10.1.0.0/16', '2001:db8::5/128']);
  const status = (address: string, headers: Record<string, string>): number | undefined => {
    const said = access(asked(address, headers));
    if (said instanceof Promise) throw new Error('not decided at once');
    return 'status' in said ? said.status : undefined;
  };
  for (const address of ['127.0.0.1', '::1', '10.0.0.7', '::ffff:10.0.0.7', '10.1.2.3', '2001:db8::5', '']) {
    assert.is(status(address, { 'x-remote-user': 'ann' }), undefined, address);
    assert.is(status(address, { 'x-remote-user': ' ' }), 401);
    assert.is(status(address, {}), 401);
  }
  for (const address of ['10.0.0.8', '10.2.0.1', '2001:db8::1']) assert.is(status(address, { 'x-remote-user': 'ann' }), 403, address);
});

test('an address that is none is refused', () => {
  for (const text of ['', 'localhost', '10.0.0.0/33', '10.0.0.0/', '::/129', '10.0.0', '1.2.3.4/8/8']) {
    assert.throws(() => trustedHeader('X', [text]), (err: Error) => err.message === `address ${text} is not understood`);
  }
});

test.run();

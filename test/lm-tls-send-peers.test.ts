import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sh, start, startLine, stopAll, timed, until, withFolder } from './sh.ts';
import { deadPort, makeKey, send, sendArgs, startRecv, withSite } from './tls.ts';

/** A shell line in which the hosts file is `hosts`, where the kernel lets users make namespaces. */
const withHosts = (hosts: string, line: string): string => `unshare -rm bash -c 'mount --bind ${hosts} /etc/hosts && exec ${line}'`;
const NAMESPACE = sh('unshare -rm mount --bind /etc/hostname /etc/hosts').code === 0;
const IPV6 = sh('grep -q "^0*1 .* lo$" /proc/net/if_inet6 || grep -q lo /proc/net/if_inet6').code === 0;

(NAMESPACE ? test : test.skip)('a receiver that moves: the name is looked up at each attempt',
  timed(30_000, () => withSite(async (site) => {
  const { dir, receiver, sender, recv, out } = site;
  const hosts = join(dir, 'hosts');
  writeFileSync(hosts, '127.0.0.9 logs.test\n');
  const r = startLine(withHosts(hosts, `lm-tls-send -k ${sender.pem} --pin ${receiver.pin} logs.test:${recv.port}`));
  r.child.stdin?.end('moved\n');
  await r.says(/cannot send to logs\.test:\d+: ECONNREFUSED; trying again/);
  writeFileSync(hosts, '127.0.0.1 logs.test\n');
  await r.closed;
  assert.is(r.code, 0, r.err);
  assert.is(out(), 'moved\n');
})));

(NAMESPACE && IPV6 ? test : test.skip)('a name with two addresses: IPv4 is taken when nobody answers at the IPv6 one',
  timed(30_000, () => withSite(async (site) => {
  const { dir, receiver, sender, recv, out } = site;
  const hosts = join(dir, 'hosts');
  writeFileSync(hosts, '::1 logs.test\n127.0.0.1 logs.test\n');
  const r = startLine(withHosts(hosts, `lm-tls-send -k ${sender.pem} --pin ${receiver.pin} logs.test:${recv.port}`));
  r.child.stdin?.end('four\n');
  await r.closed;
  assert.equal([r.code, r.err], [0, '']);
  assert.is(out(), 'four\n');
})));

test('a receiver of TLS 1.2 only is as good', timed(30_000, () => withFolder(async (dir) => {
  const [receiver, sender] = [makeKey(dir, 'receiver'), makeKey(dir, 'sender')];
  const recv = await startRecv(['-k', receiver.pem, '--anyone'], join(dir, 'out'), { NODE_OPTIONS: '--tls-max-v1.2' });
  const r = await send(sendArgs(sender, receiver, recv.address), 'old\n');
  assert.equal([r.code, r.err], [0, '']);
  assert.is(readFileSync(join(dir, 'out'), 'utf8'), 'old\n');
  await stopAll(recv.process);
})));

test('openssl s_server: no protocol, a foreign one, TLS that is too old. Each is said, and nothing is sent',
  timed(40_000, () => withFolder(async (dir) => {
  const [receiver, sender] = [makeKey(dir, 'receiver'), makeKey(dir, 'sender')];
  for (const [options, message] of [
    ['', /it takes TLS but does not speak lm\/1; see --raw; trying again/],
    ['-alpn h2', /it does not speak lm\/1; see --raw; trying again/],
    ['-tls1_1 -cipher DEFAULT@SECLEVEL=0', /TLS fails: \S.*; trying again/],
  ] as const) {
    const port = await deadPort();
    const server = startLine(`exec openssl s_server -accept 127.0.0.1:${port} -key ${receiver.pem} -cert ${receiver.crt} ${options}`);
    await until(() => /ACCEPT/.test(server.out) || server.over);
    const r = start('lm-tls-send', ['-t', '0', ...sendArgs(sender, receiver, `127.0.0.1:${port}`)]);
    r.child.stdin?.write('secret\n');
    await r.says(message);
    await stopAll(r);
    assert.is(r.code, 1);
    await stopAll(server);
    assert.not.match(server.out, /secret/);
  }
})));

test('a new certificate for the same key changes nothing; a new key is refused until it is pinned',
  timed(30_000, () => withSite(async (site) => {
  const { dir, receiver, sender, recv, out } = site;
  const key = readFileSync(receiver.pem, 'latin1').split(/(?=-----BEGIN CERT)/)[0] ?? '';
  writeFileSync(join(dir, 'receiver.key'), key);
  sh(`openssl req -x509 -new -key ${dir}/receiver.key -subj /CN=renewed -days 9 -out ${dir}/renewed.crt`);
  writeFileSync(receiver.pem, key + readFileSync(join(dir, 'renewed.crt'), 'latin1'));
  recv.process.kill('SIGHUP');
  await recv.process.says(/read again/);
  assert.is((await send(sendArgs(sender, receiver, recv.address), 'renewed\n')).code, 0);
  const fresh = makeKey(dir, 'fresh');
  writeFileSync(receiver.pem, readFileSync(fresh.pem));
  recv.process.kill('SIGHUP');
  await until(() => (recv.process.err.match(/read again/g) ?? []).length === 2);
  const r = start('lm-tls-send', ['-t', '0', ...sendArgs(sender, receiver, recv.address)]);
  await r.says(/is not the one in --pin; trying again/);
  await stopAll(r);
  assert.is((await send(['--pin', receiver.pin, ...sendArgs(sender, fresh, recv.address)], 'fresh\n')).code, 0);
  assert.is(out(), 'renewed\nfresh\n');
})));

test('nothing that waits or times out goes by the clock of the day', () => {
  const parts = [
    'sender', 'window', 'uplink', 'connection', 'dial', 'backoff', 'spool', 'spool-log', 'spool-window', 'left-window', 'spool-writer',
    'notices', 'loss-report',
  ];
  for (const part of parts) {
    const text = readFileSync(new URL(`../lib/${part}.ts`, import.meta.url), 'utf8');
    assert.not.match(text, /Date\.now|new Date/, part);
  }
});

test.run();

/** What a receiver allows each sender, and shows of it: rates, addresses, keys that change, SIGHUP under way, SIGUSR1. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TYPE } from '../lib/wire.ts';
import { Light } from './light.ts';
import { sh, start, stopAll, timed, until, withFolder, type Running } from './sh.ts';
import { makeKey, sendArgs, startRecv, type Key, type Recv } from './tls.ts';

type Site = { dir: string; receiver: Key; keys: Key[]; recv: Recv; allow: (text: string) => Promise<void>; out: () => string };

/** A receiver with `count` keys; `list` makes the file of authorized senders from them. */
async function withSite(count: number, list: (keys: Key[]) => string, body: (site: Site) => Promise<void>, options: string[] = []): Promise<void> {
  await withFolder(async (dir) => {
    const receiver = makeKey(dir, 'receiver', '/CN=localhost');
    const keys = Array.from({ length: count }, (_, i) => makeKey(dir, `k${i}`));
    const file = join(dir, 'authorized');
    writeFileSync(file, list(keys));
    const recv = await startRecv(['-k', receiver.pem, '-a', file, ...options], join(dir, 'out'));
    const allow = async (text: string): Promise<void> => {
      const before = recv.process.err.length;
      writeFileSync(file, text);
      recv.process.kill('SIGHUP');
      await until(() => /read again/.test(recv.process.err.slice(before)));
    };
    await body({ dir, receiver, keys, recv, allow, out: () => readFileSync(join(dir, 'out'), 'latin1') });
    await stopAll(recv.process);
    assert.is(recv.process.code, 0, recv.process.err);
  });
}

function send(site: Site, key: Key | undefined, input: string): Running {
  const r = start('lm-tls-send', sendArgs(key as Key, site.receiver, site.recv.address));
  r.child.stdin?.end(input);
  return r;
}
const lines = (name: string, bytes: number): string => Array.from({ length: bytes / 100 }, (_, i) => `${`${name} ${i} `.padEnd(99, '.')}\n`).join('');
const of = (out: string, name: string): string => out.split(/(?<=\n)/).filter((line) => line.startsWith(`${name} `)).join('');
const epochOf = (n: number): string => n.toString(16);

test('a rate holds a sender up and nobody else, loses nothing, is shown, and changes on SIGHUP while the connection stands',
  timed(60_000, () => withSite(2, ([a, b]) => `slow ${a?.pin} rate=100k *\nfast ${b?.pin} *\n`, async (site) => {
  const { keys: [a, b], recv, out } = site;
  const [slow, fast] = [lines('slow', 1_000_000), lines('fast', 1_000_000)];
  const begun = performance.now();
  const s = send(site, a, slow);
  const f = send(site, b, fast);
  await f.closed;
  assert.is(f.code, 0, f.err);
  assert.ok(performance.now() - begun < 6000, 'the other one is not held up');
  await until(() => performance.now() - begun > 3000);
  const came = of(out(), 'slow').length;
  const seconds = (performance.now() - begun) / 1000;
  assert.ok(came > 100_000 && came <= 102_400 * (1 + seconds) + 131_072, `${came} bytes in ${seconds} s`);
  recv.process.kill('SIGUSR1');
  const [, limited] = await recv.process.says(
    /sender slow: from 127\.0\.0\.1, since \S+Z, lines [\d,]+, committed \S+ KiB, behind [\d.]+ K?i?B, refused 0, lost 0 B, limited (\S+) s\n/,
  );
  assert.ok(Number(limited) > 0.5 && Number(limited) <= seconds + 1, limited);
  assert.match(recv.process.err, /senders 1, limited [01],/);
  assert.match(recv.process.err, /sender fast: not connected since \S+Z\n/);
  const before = performance.now();
  await site.allow(`slow ${a?.pin} *\nfast ${b?.pin} *\n`);
  await s.closed;
  assert.ok(performance.now() - before < 3000, 'no rate any more');
  assert.is(s.code, 0, s.err);
  assert.not.match(recv.process.err, /is back|is gone/);
  assert.ok(of(out(), 'slow') === slow && of(out(), 'fast') === fast);
})));

test('a rate holds for raw senders, too', timed(60_000, () => withSite(1, ([a]) => `slow ${a?.pin} rate=100k *\n`, async (site) => {
  const text = lines('slow', 350_000);
  const begun = performance.now();
  const socat = start('socat', ['-t', '10', '-u', 'STDIN', `OPENSSL:${site.recv.address},cafile=${site.receiver.crt},commonname=localhost,cert=${site.keys[0]?.pem}`]);
  socat.child.stdin?.end(text);
  await until(() => site.out().length === text.length, 20_000, () => `${site.out().length} bytes; ${site.recv.process.err}${socat.err}`);
  const seconds = (performance.now() - begun) / 1000;
  assert.ok(seconds > 1.5, `${seconds} s`); // 350 KB, of which 100 KB at once and 64 KiB on account
  assert.is(site.out(), text);
  await socat.closed;
  await site.recv.process.says(/slow \(127\.0\.0\.1\) is gone, raw.*lines 3,500, .*limited \d\.\d s\n/);
}, ['--raw'])));

test('from: another address is refused, learns no more than a stranger, and has to go when the file changes',
  timed(30_000, () => withSite(2, ([a]) => `web1 ${a?.pin} from=127.0.0.2,10.0.0.0/8 *\n`, async ({ dir, keys: [a, b], recv, allow }) => {
  const at = (localAddress: string, key: Key | undefined): Light => new Light({ port: recv.port, pem: key?.pem, localAddress });
  const wrong = at('127.0.0.1', a);
  const stranger = at('127.0.0.1', b);
  assert.is(await wrong.says(TYPE.error), `X 0 {"code":"AUTH","reason":"unknown key ${a?.pin}"}`);
  assert.is(await stranger.says(TYPE.error), `X 0 {"code":"AUTH","reason":"unknown key ${b?.pin}"}`);
  const file = join(dir, 'authorized');
  await recv.process.says(
    new RegExp(`refused 127\\.0\\.0\\.1: the key of web1 may not come from this address; ${file} says from=127\\.0\\.0\\.2,10\\.0\\.0\\.0/8\n`),
  );
  const right = at('127.0.0.2', a);
  assert.match(await right.join(epochOf(1)), /^W 0 \{"v":1,"name":"web1","known":false/);
  await allow(`web1 ${a?.pin} from=127.0.0.1 *\n`);
  assert.is(await right.says(TYPE.error), 'X 0 {"code":"AUTH","reason":"no longer authorized"}');
  await right.closed;
  assert.match(await at('127.0.0.1', a).join(epochOf(1)), /^W 0 \{"v":1,"name":"web1","known":true/);
})));

test('two lines with one name: the stream goes on under the new key, and the old one leaves', timed(30_000, () => withSite(
  2, ([a, b]) => `web1 ${a?.pin} web1/*\nweb1 ${b?.pin} web1/*\n`, async ({ keys: [a, b], recv, allow, out }) => {
    const record = (n: number): string => `{"id":"web1/x","run":"r","n":${n},"ts":1,"msg":"line"}\n`;
    const old = new Light({ port: recv.port, pem: a?.pem });
    await old.join(epochOf(7));
    old.data(0, record(1));
    const { length } = record(1);
    await old.says(TYPE.ack);
    const renewed = new Light({ port: recv.port, pem: b?.pem });
    assert.match(await renewed.join(epochOf(7)), new RegExp(`^W ${length} \\{"v":1,"name":"web1","known":true,"next":${length}`));
    assert.match(await old.says(TYPE.error), /"code":"FENCED"/);
    renewed.data(length, record(2));
    await renewed.says(TYPE.ack);
    await allow(`web1 ${b?.pin} web1/*\n`);
    renewed.data(2 * length, record(3));
    await renewed.says(TYPE.ack);
    const again = new Light({ port: recv.port, pem: a?.pem });
    assert.match(await again.says(TYPE.error), /"code":"AUTH"/);
    assert.is(out(), record(1) + record(2) + record(3));
    renewed.socket.destroy();
  })));

test('SIGHUP: patterns change under way; a damaged line allows nothing; a damaged key does not keep in who was taken off',
  timed(30_000, () => withSite(3, (keys) => keys.map((k, i) => `k${i} ${k.pin} a/*\n`).join(''), async (site) => {
  const { dir, keys, recv, allow, out, receiver } = site;
  const peers = keys.map((key) => new Light({ port: recv.port, pem: key.pem }));
  for (const [i, peer] of peers.entries()) await peer.join(epochOf(i));
  const [staying, damaged, removed] = peers as [Light, Light, Light];
  const [a = '', b = ''] = ['a/1', 'b/1'].map((id) => `{"id":"${id}","msg":"x"}\n`);
  staying.data(0, a + b);
  assert.match(await staying.says(TYPE.loss), /^L \d+ \{"to":\d+,"lines":1,"reason":"stream b\/1 is not allowed for k0"\}/);
  writeFileSync(join(dir, 'authorized'), `k0 ${keys[0]?.pin} b/*\nk1 ${keys[1]?.pin} rate=much b/*\n`);
  writeFileSync(receiver.pem, 'damaged');
  recv.process.kill('SIGHUP');
  await recv.process.says(/cannot use \S+: no private key in it; going on with what was read before\n/);
  await recv.process.says(/authorized: line 2: option rate=: size much is not understood\n/);
  await recv.process.says(/: authorized senders read again\n/);
  assert.match(await damaged.says(TYPE.error), /"AUTH","reason":"no longer authorized"/);
  assert.match(await removed.says(TYPE.error), /"AUTH","reason":"no longer authorized"/);
  staying.heard.length = 0;
  staying.data(2 * a.length, a + b);
  await until(() => out() === a + b, 5000, out);
  assert.match(await staying.says(TYPE.loss), /"lines":2,"reason":"stream a\/1 is not allowed for k0"/);
  await allow(`k0 ${keys[0]?.pin} b/*\nk1 ${keys[1]?.pin} *\n`);
  assert.match(await new Light({ port: recv.port, pem: keys[1]?.pem }).join(epochOf(1)), /^W 0 /);
  staying.socket.destroy();
})));

test('SIGUSR1: those furthest behind come first, what was announced counts, and who is missing is named', timed(20_000, () => withSite(
  3, (keys) => keys.map((k, i) => `k${i} ${k.pin} a/*
`).join(''), async ({ keys, recv }) => {
    const { control } = await import('../lib/wire.ts');
    const [little, far] = [0, 1].map((i) => new Light({ port: recv.port, pem: keys[i]?.pem })) as [Light, Light];
    await little.join(epochOf(1));
    await far.join(epochOf(2));
    little.data(0, '{"id":"a/1","msg":"x"}\nno record\n');
    little.socket.write(control(TYPE.loss, 33, { to: 1057, lines: 9, reason: 'spool full' }));
    little.socket.write(control(TYPE.ping, 2081));
    far.socket.write(control(TYPE.ping, 5 << 20));
    await little.says(TYPE.ack);
    await until(() => {
      recv.process.kill('SIGUSR1');
      return recv.process.err.includes('behind 5.0 MiB') && recv.process.err.includes('behind 1.0 KiB');
    });
    const [, shown = ''] = /.*lm-tls-recv: lines 1, ([^]*)$/.exec(recv.process.err) ?? [];
    assert.match(shown.replaceAll(/since \S+Z/g, 'since T'), new RegExp([
      '.*refused 1, .*lost bytes 1.0 KiB, .*',
      'lm-tls-recv: sender k1: from 127.0.0.1, since T, lines 0, committed 0 B, behind 5.0 MiB, refused 0, lost 0 B, limited 0.0 s',
      'lm-tls-recv: sender k0: from 127.0.0.1, since T, lines 1, committed 1.0 KiB, behind 1.0 KiB, refused 1, lost 1.0 KiB, limited 0.0 s',
      'lm-tls-recv: sender k2: not connected\n',
    ].join('\n')));
    [little, far].forEach(({ socket }) => socket.destroy());
  })));

test('what a sender says when the receiver is at fault is written down', timed(20_000, () => withSite(1, ([a]) => `web1 ${a?.pin} *\n`,
  async ({ keys: [a], recv }) => {
  const peer = new Light({ port: recv.port, pem: a?.pem });
  await peer.join(epochOf(1));
  const { control } = await import('../lib/wire.ts');
  peer.socket.write(control(TYPE.error, 0, { code: 'FRAME', reason: 'an END out of place' }));
  await recv.process.says(/web1 \(127\.0\.0\.1\) is gone, not finished: it says FRAME: an END out of place; lines 0, committed 0 B, behind 0 B\n/);
  await peer.closed;
})));

/** What `openssl s_client` gets back when it says HELLO, with these options: an answer, or the end. */
async function client(recv: Recv, options: string, dir: string): Promise<{ out: string; err: string }> {
  const args = ['s_client', '-quiet', '-no_ign_eof', '-nocommands', '-connect', recv.address, ...options.split(' ')];
  const r = start('openssl', args);
  r.child.stdin?.write(readFileSync(join(dir, 'hello')));
  await until(() => /^L[WX][^]*\}/.test(r.out) || r.over, 20_000, () => r.err);
  r.child.stdin?.end();
  await r.closed;
  return { out: r.out, err: r.err };
}

test('openssl s_client: TLS 1.2 and 1.3, expired and renewed certificates are let in by their key; nothing older, and no other protocol',
  timed(60_000, () => withSite(1, ([a]) => `web1 ${a?.pin} *\n`, async ({ dir, keys: [a], recv }) => {
  const { control } = await import('../lib/wire.ts');
  writeFileSync(join(dir, 'hello'), control(TYPE.hello, 0, { v: 1, epoch: '1'.repeat(32), agent: 'openssl' }));
  const identity = `-key ${dir}/k0.key -cert ${a?.crt}`;
  for (const options of [`-tls1_2 -alpn lm/1 ${identity}`, `-tls1_3 -alpn lm/1 ${identity}`, `-alpn h2,lm/1 ${identity}`]) {
    assert.match((await client(recv, options, dir)).out, /^LW.*"name":"web1"/s, options);
  }
  const csr = `openssl req -new -key ${dir}/k0.key -subj /CN=other -out ${dir}/csr 2>/dev/null`;
  for (const [name, days] of [['expired', -1], ['renewed', 30]] as const) {
    assert.is(sh(`${csr} && openssl x509 -req -in ${dir}/csr -signkey ${dir}/k0.key -days ${days} -out ${dir}/${name} 2>/dev/null`).code, 0);
    assert.match((await client(recv, `-alpn lm/1 -key ${dir}/k0.key -cert ${dir}/${name}`, dir)).out, /^LW.*"name":"web1"/s, name);
  }
  const other = await client(recv, `-alpn h2 ${identity}`, dir);
  assert.match(other.err, /no application protocol/);
  await recv.process.says(/refused 127\.0\.0\.1: TLS fails: /);
  const old = await client(recv, `-tls1_1 -cipher DEFAULT@SECLEVEL=0 -alpn lm/1 ${identity}`, dir);
  assert.match(old.err, /alert protocol version|unsupported protocol|no protocols available/);
  assert.not.match(old.out, /^LW/);
  const none = await client(recv, '-alpn lm/1', dir);
  assert.match(none.out, /^LX.*"code":"AUTH","reason":"no key shown; see lm-cert\(1\)"/s);
})));

test.run();

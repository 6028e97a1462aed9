import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { freePort, sh, start, startLine, stopAll, timed, until, withFolder, type Running } from './sh.ts';
import { makeKey, startRecv, type Key, type Recv } from './tls.ts';

const numbered = (count: number): string => Array.from({ length: count }, (_, i) => `line ${i} ${'.'.repeat(i % 300)}\n`).join('');

/** A receiver that lets strangers in, and what it has written. */
async function withRaw(body: (recv: Recv, receiver: Key, out: () => string) => Promise<void>): Promise<void> {
  await withFolder(async (dir) => {
    const receiver = makeKey(dir, 'receiver', '/CN=localhost');
    const recv = await startRecv(['-k', receiver.pem, '--anyone', '--raw'], join(dir, 'out'));
    await body(recv, receiver, () => readFileSync(join(dir, 'out'), 'latin1'));
    await stopAll(recv.process);
    assert.is(recv.process.code, 0);
  });
}

/** Strangers as senders: 3,000 lines and an unfinished one. None may close before what it sent is taken: ncat --send-only does. */
for (const [name, line] of [
  ['socat', (recv: Recv, key: Key) => `socat -t 5 -u STDIN OPENSSL:${recv.address},cafile=${key.crt},commonname=localhost`],
  ['socat, TLS 1.2 only', (recv: Recv, key: Key) => (
    `socat -t 5 -u STDIN OPENSSL:${recv.address},cafile=${key.crt},commonname=localhost,openssl-max-proto-version=TLS1.2`
  )],
  ['openssl s_client', (recv: Recv) => `(cat; sleep 1) | openssl s_client -quiet -no_ign_eof -nocommands -connect ${recv.address}`],
  ['ncat --ssl', (recv: Recv) => `ncat --ssl ${recv.address.replace(':', ' ')}`],
] as const) {
  test(`${name} sends to lm-tls-recv --raw`, timed(20_000, () => withRaw(async (recv, key, out) => {
    const text = `${numbered(3000)}no newline`;
    const r = sh(line(recv, key), text);
    await until(() => out().length === text.length + 1, 5000, () => `${out().length} of ${text.length + 1} bytes: ${r.err}`);
    assert.is(out(), `${text}\n`);
  })));
}

test('four socats at once: no line is torn', timed(20_000, () => withRaw(async (recv, key, out) => {
  const texts = [0, 1, 2, 3].map((i) => Array.from({ length: 2000 }, (_, n) => `${i} ${n} ${String(i).repeat((n * 37) % 9000)}\n`));
  const senders = texts.map((lines) => {
    const r = start('socat', ['-t', '5', '-u', 'STDIN', `OPENSSL:${recv.address},cafile=${key.crt},commonname=localhost`]);
    r.child.stdin?.end(lines.join(''));
    return r;
  });
  await Promise.all(senders.map((s) => s.closed));
  const total = texts.flat().join('').length;
  await until(() => out().length === total, 5000);
  const got = out().split(/(?<=\n)/);
  texts.forEach((lines, i) => assert.ok(got.filter((l) => l.startsWith(`${i} `)).join('') === lines.join('')));
})));

test('a peer that offers another protocol is refused in the handshake', timed(20_000, () => withRaw(async (recv) => {
  const r = sh(`openssl s_client -alpn h2 -connect ${recv.address} < /dev/null`);
  assert.match(r.err, /no application protocol/);
  await recv.process.says(/refused 127\.0\.0\.1: TLS fails: /);
})));

async function sendRaw(args: string[], input: string): Promise<Running> {
  const r = start('lm-tls-send', ['--raw', ...args]);
  r.child.stdin?.end(input);
  await r.closed;
  return r;
}

/** Strangers as receivers, from the shell: the sender waits until they listen. */
for (const [name, line] of [
  ['socat', (port: number, key: Key) => `exec socat -u OPENSSL-LISTEN:${port},bind=127.0.0.1,reuseaddr,cert=${key.pem},verify=0 STDOUT`],
  ['openssl s_server', (port: number, key: Key) => (
    `sleep 30 | openssl s_server -quiet -naccept 1 -accept 127.0.0.1:${port} -cert ${key.pem} -key ${key.pem}`
  )],
  ['ncat --ssl', (port: number, key: Key) => `exec ncat --ssl --ssl-cert ${key.pem} --ssl-key ${key.pem} --recv-only -l 127.0.0.1 ${port}`],
] as const) {
  test(`lm-tls-send --raw sends to ${name}`, timed(20_000, () => withFolder(async (dir) => {
    const key = makeKey(dir, 'receiver');
    const port = await freePort();
    const far = startLine(line(port, key));
    const text = numbered(3000);
    const r = await sendRaw(['--ca', key.crt, `127.0.0.1:${port}`], text);
    assert.is(r.code, 0, r.err);
    assert.match(r.err, /^lm-tls-send: sending without acknowledgements: what a broken connection loses is not noticed\n/);
    await until(() => far.out.length >= text.length, 5000, () => `${far.out.length} of ${text.length} bytes`);
    assert.is(far.out, text);
    await stopAll(far);
  })));
}

test('without --raw a plain TLS receiver is refused, and nothing is sent to it', timed(20_000, () => withFolder(async (dir) => {
  const key = makeKey(dir, 'receiver');
  const port = await freePort();
  const far = startLine(`exec socat -u OPENSSL-LISTEN:${port},bind=127.0.0.1,reuseaddr,fork,cert=${key.pem},verify=0 STDOUT`);
  const r = start('lm-tls-send', ['-t', '0', '--ca', key.crt, `127.0.0.1:${port}`]);
  r.child.stdin?.write('secret\n');
  await r.says(/it takes TLS but does not speak lm\/1; see --raw/);
  await stopAll(r, far);
  assert.is(far.out, '');
})));

test('a raw receiver that dies: the sender goes on with the next one, and does not call it well',
  timed(20_000, () => withFolder(async (dir) => {
  const key = makeKey(dir, 'receiver');
  const port = await freePort();
  const listen = (): Running => startLine(`exec socat -u OPENSSL-LISTEN:${port},bind=127.0.0.1,reuseaddr,cert=${key.pem},verify=0 STDOUT`);
  const first = listen();
  const r = start('lm-tls-send', ['--raw', '--ca', key.crt, `127.0.0.1:${port}`]);
  r.child.stdin?.write('one\n');
  await until(() => first.out === 'one\n');
  await stopAll(first);
  await r.says(/lost the connection/);
  const second = listen();
  r.child.stdin?.end('two\n');
  await r.closed;
  await until(() => second.out === 'two\n');
  assert.is(r.code, 1);
  assert.match(r.err, /connections that broke: 1; lines under way then may be lost or doubled\n$/);
  await stopAll(second);
})));

test('lm-tls-send --raw to lm-tls-recv --raw', timed(20_000, () => withRaw(async (recv, key, out) => {
  const r = await sendRaw(['--pin', key.pin, recv.address], numbered(500));
  assert.is(r.code, 0, r.err);
  await until(() => out() === numbered(500));
})));

test.run();

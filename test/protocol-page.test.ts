/** lm-protocol(5) says what the code does: its examples byte for byte, and a peer in another language that was written from it. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readHello, readWelcome } from '../lib/messages.ts';
import { ack, ackLimit, control, FrameReader, TYPE, type Frame } from '../lib/wire.ts';
import { frameOf } from './light.ts';
import { sh, start, stopAll, timed, until, withFolder } from './sh.ts';
import { examplesOf, makeKey, startRecv } from './tls.ts';

const page = readFileSync(fileURLToPath(new URL('../man/lm-protocol.5', import.meta.url)), 'utf8');
const PEER = fileURLToPath(new URL('lm1.py', import.meta.url));
const hash = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');

/** Numbered lines, with bytes of every kind and one line longer than a window. */
const lines = (count: number): Buffer => Buffer.concat(Array.from({ length: count }, (_, i) => (
  Buffer.from(`${i} ${'\x00\xff"\\ é'.repeat(i % 40)}${i === count / 2 ? 'long '.repeat(40_000) : ''}\n`, i % 2 ? 'utf8' : 'latin1')
)));

test('the frames in EXAMPLES are those that the code writes and reads', () => {
  const blocks = [...page.matchAll(/^\.Bd -literal -offset 2n\n([^]*?)^\.Ed/gm)].map((m) => (m[1] ?? '').trim());
  const shown = blocks.filter((text) => /^[0-9a-f ]{2}/.test(text)).map((text) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
  const [hello, welcome] = blocks.filter((text) => text.startsWith('{'));
  assert.equal(shown.map((b) => b.toString('hex')), [
    control(TYPE.hello, 0, JSON.parse(hello ?? '') as object), control(TYPE.welcome, 0, JSON.parse(welcome ?? '') as object),
    frameOf(TYPE.data, 0, 'one\ntwo\n', 2), ack(8, 4_194_312), control(TYPE.ping, 8), control(TYPE.end, 8),
  ].map((b) => b.toString('hex')));
  const frames: Frame[] = [];
  const reader = new FrameReader();
  reader.push(Buffer.concat(shown), (frame) => void frames.push({ ...frame, payload: Buffer.from(frame.payload) }));
  const [h, w, , a] = frames as [Frame, Frame, Frame, Frame];
  assert.equal(readHello(h), { epoch: '000102030405060708090a0b0c0d0e0f', from: 0, base: 0, tail: 0, agent: 'demo' });
  assert.equal(readWelcome(w), { committed: 0, next: 0, limit: 4_194_304, known: false, last: undefined, name: 'web1' });
  assert.equal([a.offset, ackLimit(a)], [8, 4_194_312]);
});

test('every type of frame and every code of an error is on the page', () => {
  for (const [name, letter] of Object.entries(TYPE)) {
    assert.match(page, new RegExp(`^\\.It ${name.toUpperCase()} Ta ${String.fromCharCode(letter)} 0x${letter.toString(16)} Ta`, 'm'));
    assert.match(page, new RegExp(`^\\.Ss ${name.toUpperCase()}$`, 'm'));
  }
  const wire = readFileSync(fileURLToPath(new URL('../lib/wire.ts', import.meta.url)), 'utf8');
  const codes = [.../^export type Fault = (.*);$/m.exec(wire)?.[1]?.matchAll(/'(\w+)'/g) ?? []].map((m) => m[1]);
  assert.ok(codes.length > 5);
  for (const code of codes) assert.match(page, new RegExp(`^\\.It Li ${code}$`, 'm'));
});

test('a sender in Python, written from the page, through cuts to lm-tls-recv', timed(60_000, () => withFolder(async (dir) => {
  const [receiver, sender] = [makeKey(dir, 'receiver'), makeKey(dir, 'sender')];
  writeFileSync(join(dir, 'authorized'), `python ${sender.pin} *\n`);
  const recv = await startRecv(['-k', receiver.pem, '-a', join(dir, 'authorized')], join(dir, 'out'));
  const input = lines(9000);
  const peer = start('python3', [PEER, 'send', String(recv.port), sender.pem, 'a'.repeat(32), '30', '100000', '7', '250003', '400000']);
  peer.child.stdin?.end(input);
  await peer.closed;
  assert.equal([peer.code, peer.err], [0, '']);
  await recv.process.says(/python \(127\.0\.0\.1\) has finished: 9,000 lines/);
  await stopAll(recv.process);
  assert.is(hash(readFileSync(join(dir, 'out'))), hash(input));
  assert.is((recv.process.err.match(/is back: lm1\.py/g) ?? []).length, 5);
})));

test('a stream that begins behind 0, from Python: a journal takes it from there on, and misses nothing', timed(60_000, () => withFolder(async (dir) => {
  const [receiver, sender] = [makeKey(dir, 'receiver'), makeKey(dir, 'sender')];
  writeFileSync(join(dir, 'authorized'), `python ${sender.pin} *\n`);
  const recv = await startRecv(['-k', receiver.pem, '-a', join(dir, 'authorized'), '-J', join(dir, 'journal')], join(dir, 'out'));
  const input = lines(3000);
  const from = input.indexOf('\n', 50_000) + 1;
  const peer = start('python3', [PEER, 'send', String(recv.port), sender.pem, `${'b'.repeat(32)}:${from}`, '100000', '5']);
  peer.child.stdin?.end(input);
  await peer.closed;
  assert.equal([peer.code, peer.err], [0, '']);
  await until(() => readFileSync(join(dir, 'out')).length === input.length - from);
  await stopAll(recv.process);
  assert.is(hash(readFileSync(join(dir, 'out'))), hash(input.subarray(from)));
  assert.not.match(recv.process.err, /lost/);
})));

test('a receiver in Python, written from the page, that cuts lm-tls-send off', timed(60_000, () => withFolder(async (dir) => {
  const receiver = makeKey(dir, 'receiver');
  const input = lines(9000);
  const peer = start('python3', [PEER, 'recv', receiver.pem, '1', '100000', '200000', '5']);
  const [, port] = await peer.says(/^(\d+)\n/);
  const send = start('lm-tls-send', ['--pin', receiver.pin, `127.0.0.1:${port}`]);
  send.child.stdin?.end(input);
  await Promise.all([send.closed, peer.closed]);
  assert.is(send.code, 0, send.err);
  assert.equal([peer.code, peer.err], [0, `${port}\n`]);
  assert.is(hash(Buffer.from(peer.out, 'latin1')), hash(input));
})));

test('lm-tls-send says what a receiver does wrong, and waits an hour at most', timed(20_000, () => withFolder(async (dir) => {
  const pem = readFileSync(makeKey(dir, 'receiver').pem);
  const heard: string[] = [];
  const answers = [
    [control(TYPE.welcome, 0, { v: 1, next: 0, limit: 65_536, name: '' }), ack(9, 65_536)],
    [control(TYPE.welcome, 0, { v: 2, next: 0, limit: 65_536, name: '' })],
    [control(TYPE.goaway, 0, { reason: 'x', retry: 2 ** 53 - 1 })],
  ];
  const server = createServer({ key: pem, cert: pem, ALPNProtocols: ['lm/1'] }, (socket) => {
    const reader = new FrameReader();
    socket.on('error', () => {}).on('data', (chunk: Buffer) => reader.push(chunk, (frame) => {
      if (frame.type === TYPE.hello) (answers.shift() ?? []).forEach((answer) => socket.write(answer));
      else heard.push(`${String.fromCharCode(frame.type)} ${frame.payload.toString()}`);
    }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const send = start('lm-tls-send', ['-t', '0', '--ca', join(dir, 'receiver.crt'), `127.0.0.1:${port}`]);
  await send.says(/it breaks the protocol: bytes acknowledged that were not sent; trying again/);
  await send.says(/it breaks the protocol: version 1 is spoken here; trying again/);
  await send.says(/it says: x; trying again/);
  await until(() => heard.length >= 2, 5000, () => heard.join());
  assert.equal(heard, [
    'X {"code":"FRAME","reason":"bytes acknowledged that were not sent"}', 'X {"code":"VERSION","reason":"version 1 is spoken here"}',
  ]);
  await stopAll(send);
  server.close();
})));

test('the example with openssl: the bytes of the page, and the answer it promises', timed(20_000, () => withFolder(async (dir) => {
  const [receiver, sender] = [makeKey(dir, 'receiver'), makeKey(dir, 'web1')];
  writeFileSync(join(dir, 'authorized'), `web1 ${sender.pin} *\n`);
  const recv = await startRecv(['-k', receiver.pem, '-a', join(dir, 'authorized')], join(dir, 'out'));
  const hello = /^\.Bd -literal -offset 2n\n(4c 48[^]*?)^\.Ed/m.exec(page)?.[1] ?? '';
  writeFileSync(join(dir, 'hello'), Buffer.from(hello.replaceAll(/\s/g, ''), 'hex'));
  const [line = ''] = examplesOf('lm-protocol.5');
  const { out } = sh(`cd ${dir}; ${line.replace('localhost:5333', recv.address)}`);
  const welcome = /^\.Bd -literal -offset 2n\n(4c 57[^]*?)^\.Ed/m.exec(page)?.[1] ?? '';
  assert.ok(Buffer.from(out).equals(Buffer.from(Buffer.from(welcome.replaceAll(/\s/g, ''), 'hex').toString())), out);
  await until(() => recv.process.err.includes('web1 (127.0.0.1) is here: demo'));
  await stopAll(recv.process);
})));

test.run();

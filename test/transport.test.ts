import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect as netConnect } from 'node:net';
import { join } from 'node:path';
import { connect as tlsConnect } from 'node:tls';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { control, HEADER, putHeader, TYPE } from '../lib/wire.ts';
import { random } from './oracle.ts';
import { start, stopAll, timed, until, withFolder, type Running } from './sh.ts';
import { Chaos, makeKey, sendArgs, startRecv, type Cut, type Key } from './tls.ts';

/** The file of sender `i`: numbered lines of 1 to `longest` bytes, all of which name their sender. */
function writeLines(path: string, i: number, count: number, longest: number): void {
  const next = random(i + 1);
  const text = 'abcdefghijklmnopqrstuvwxyz'.repeat(1 + longest / 26);
  const lines = Array.from({ length: count }, (_, n) => `${i} ${n} ${text.slice(0, next() * longest)}\n`);
  writeFileSync(path, lines.join(''));
}

/** What came, by sender, must be what each sent: same bytes, same order, no line torn. */
function checkStreams(dir: string, out: string, senders: number): void {
  const got = new Map<string, string[]>();
  for (const line of readFileSync(out, 'latin1').split(/(?<=\n)/)) {
    const key = line.slice(0, line.indexOf(' '));
    const lines = got.get(key) ?? [];
    lines.push(line);
    got.set(key, lines);
  }
  assert.is(got.size, senders);
  for (let i = 0; i < senders; i++) {
    const sent = readFileSync(join(dir, `in${i}`));
    const came = Buffer.from((got.get(String(i)) ?? []).join(''), 'latin1');
    assert.is(digest(came), digest(sent), `sender ${i}: ${came.length} of ${sent.length} bytes`);
  }
}
const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

function startSend(args: string[], input: string): Running {
  const fd = openSync(input, 'r');
  const r = start('lm-tls-send', args, { stdio: [fd, 'ignore', 'pipe'] });
  closeSync(fd);
  return r;
}

/** A receiver that knows `senders` keys with the names s0, s1... */
async function setUp(dir: string, senders: number, options: string[] = [], out: string | undefined = join(dir, 'out')) {
  const receiver = makeKey(dir, 'recv');
  const keys = Array.from({ length: senders }, (_, i) => makeKey(dir, `s${i}`));
  writeFileSync(join(dir, 'authorized'), keys.map((k, i) => `s${i} ${k.pin} *\n`).join(''));
  const recv = await startRecv(['-k', receiver.pem, '-a', join(dir, 'authorized'), ...options], out);
  return { receiver, keys, recv, out: out ?? '' };
}

test('50 cuts under load, 3 senders: every byte once, in order', timed(200_000, () => withFolder(async (dir) => {
  const { receiver, keys, recv, out } = await setUp(dir, 3);
  const next = random(7);
  const hows: Cut['how'][] = ['reset', 'end', 'reset', 'silence'];
  const chaos = new Chaos(recv.port, () => (
    chaos.cuts < 50 ? { after: Math.floor(next() * 400_000), how: hows[Math.floor(next() * 4)] ?? 'reset' } : undefined
  ));
  const address = await chaos.listen();
  for (let i = 0; i < 3; i++) writeLines(join(dir, `in${i}`), i, 25_000, i === 2 ? 2000 : 400);
  const sends = keys.map((key, i) => startSend(sendArgs(key, receiver, address), join(dir, `in${i}`)));
  await Promise.all(sends.map((s) => s.closed));
  sends.forEach((s) => assert.is(s.code, 0, s.err));
  await stopAll(recv.process);
  chaos.close();
  assert.ok(chaos.cuts >= 50, `${chaos.cuts} cuts`);
  checkStreams(dir, out, 3);
})));

test('20 senders at once, lines of 100 bytes to 20 KB: none torn, none lost', timed(200_000, () => withFolder(async (dir) => {
  const { receiver, keys, recv, out } = await setUp(dir, 20);
  for (let i = 0; i < 20; i++) writeLines(join(dir, `in${i}`), i, 1500, i % 5 === 0 ? 20_000 : 200);
  const sends = keys.map((key, i) => startSend(sendArgs(key, receiver, recv.address), join(dir, `in${i}`)));
  await Promise.all(sends.map((s) => s.closed));
  sends.forEach((s) => assert.is(s.code, 0, s.err));
  await stopAll(recv.process);
  checkStreams(dir, out, 20);
})));

test('a reader that stalls for 5 s makes senders wait: no reconnect, bounded memory, nothing lost',
  timed(200_000, () => withFolder(async (dir) => {
  const receiver = makeKey(dir, 'recv');
  const keys = [0, 1, 2].map((i) => makeKey(dir, `s${i}`));
  // 3 senders of 12 MB: more than windows and pipes hold.
  const recv = await startRecv(['-k', receiver.pem, '--anyone', '-M', '4M']);
  recv.process.child.stdout?.pause();
  for (let i = 0; i < 3; i++) writeLines(join(dir, `in${i}`), i, 30_000, 800);
  const sends = keys.map((key, i) => startSend(sendArgs(key, receiver, recv.address), join(dir, `in${i}`)));
  await until(() => (recv.process.err.match(/ is here/g) ?? []).length === 3, 60_000);
  await new Promise((resolve) => setTimeout(resolve, 5000));
  const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${recv.process.child.pid}/status`, 'utf8'))?.[1]);
  assert.ok(rss < 130_000, `${rss} KB`);
  sends.forEach((s) => assert.not.ok(s.over, s.err));
  const fd = openSync(join(dir, 'out'), 'w');
  recv.process.child.stdout?.on('data', (d: Buffer) => writeFileSync(fd, d)).resume();
  await Promise.all(sends.map((s) => s.closed));
  sends.forEach((s) => assert.equal([s.code, s.err], [0, '']));
  await stopAll(recv.process);
  closeSync(fd);
  assert.not.match(recv.process.err, /back|gone/);
  checkStreams(dir, join(dir, 'out'), 3);
})));

/** A TLS connection with a sender's key that says what a test wants. */
async function rogue(port: number, key: Key, bytes: Buffer[]): Promise<string> {
  const pem = readFileSync(key.pem);
  const socket = tlsConnect({ host: '127.0.0.1', port, key: pem, cert: pem, rejectUnauthorized: false, ALPNProtocols: ['lm/1'] });
  let heard = '';
  socket.on('data', (d: Buffer) => (heard += d.toString('latin1')));
  socket.on('error', () => {});
  for (const b of bytes) socket.write(b);
  await new Promise((resolve) => socket.once('close', resolve));
  return heard;
}

test('enemies: noise, silence, random frames, strangers. The good sender is served all the while',
  timed(200_000, () => withFolder(async (dir) => {
  const { receiver, keys: [good, bad], recv, out } = await setUp(dir, 2, ['--raw']);
  if (!good || !bad) throw new Error('no keys');
  writeLines(join(dir, 'in0'), 0, 5000, 300);
  const next = random(3);
  const noise = (n: number): Buffer => Buffer.from(Array.from({ length: n }, () => next() * 256));
  const noises = [noise(10), noise(3000), Buffer.from('GET / HTTP/1.0\r\n\r\n'), Buffer.alloc(0)];
  const plain = noises.map((bytes) => new Promise<void>((resolve) => {
    const socket = netConnect(recv.port, '127.0.0.1', () => socket.write(bytes));
    socket.on('error', () => {}).on('close', () => resolve());
    if (bytes.length === 0) setTimeout(() => socket.destroy(), 2000); // silence
  }));
  const frame = (type: number, offset: number, text: string): Buffer => {
    const bytes = Buffer.concat([Buffer.alloc(HEADER), Buffer.from(text)]);
    putHeader(bytes, type, offset, 1);
    return bytes;
  };
  const hello = control(TYPE.hello, 0, { v: 1, epoch: 'ab'.repeat(16), agent: '\x1b[31m\nred' });
  const answers = await Promise.all([
    rogue(recv.port, bad, [noise(5000)]),
    rogue(recv.port, bad, [frame(TYPE.data, 0, 'before hello\n')]),
    rogue(recv.port, bad, [control(TYPE.hello, 0, { v: 99, epoch: 'ab'.repeat(16) })]),
    rogue(recv.port, bad, [control(TYPE.hello, 0, { v: 1, epoch: '../../etc' })]),
    rogue(recv.port, makeKey(dir, 'stranger'), [hello, frame(TYPE.data, 0, 'from a stranger\n')]),
  ]);
  assert.match(answers[0] ?? '', /"code":"FRAME"/);
  assert.match(answers[1] ?? '', /payload too long|before HELLO/);
  assert.match(answers[2] ?? '', /"code":"VERSION"/);
  assert.match(answers[3] ?? '', /bad epoch/);
  assert.match(answers[4] ?? '', /"code":"AUTH","reason":"unknown key sha256:/);
  const later = [
    await rogue(recv.port, bad, [hello, frame(TYPE.data, 5, 'a gap\n')]),
    await rogue(recv.port, bad, [hello, frame(TYPE.data, 0, 'no newline')]),
    await rogue(recv.port, bad, [hello, noise(100)]),
  ];
  assert.match(later[0] ?? '', /"code":"GAP"/);
  assert.match(later[1] ?? '', /not whole lines/);
  assert.match(later[2] ?? '', /"code":"FRAME"/);
  const send = startSend(sendArgs(good, receiver, recv.address), join(dir, 'in0'));
  await send.closed;
  assert.is(send.code, 0, send.err);
  await Promise.all(plain);
  await stopAll(recv.process);
  assert.is(recv.process.code, 0);
  checkStreams(dir, out, 1);
  assert.ok(recv.process.err.includes('\\x1b[31m\\x0ared'), recv.process.err);
  assert.not.match(recv.process.err, /\x1b|^red/m);
})));

test('one address that opens connections and says nothing does not keep others out', timed(100_000, () => withFolder(async (dir) => {
  const { receiver, keys, recv, out } = await setUp(dir, 1);
  const silent = Array.from({ length: 40 }, () => netConnect({ port: recv.port, host: '127.0.0.1', localAddress: '127.0.0.2' }));
  silent.forEach((s) => s.on('error', () => {}));
  await recv.process.says(/refused 127\.0\.0\.2: too many connections that do not say who they are/);
  writeLines(join(dir, 'in0'), 0, 10, 100);
  const send = startSend(sendArgs(keys[0] as Key, receiver, recv.address), join(dir, 'in0'));
  await send.closed;
  assert.is(send.code, 0, send.err);
  silent.forEach((s) => s.destroy());
  await stopAll(recv.process);
  checkStreams(dir, out, 1);
})));

test('memory is bounded when many begin and do not finish', timed(100_000, () => withFolder(async (dir) => {
  const receiver = makeKey(dir, 'recv');
  const recv = await startRecv(['-k', receiver.pem, '--anyone', '--raw', '-M', '2M'], join(dir, 'out'));
  const sockets = Array.from({ length: 12 }, () => {
    const socket = tlsConnect({ host: '127.0.0.1', port: recv.port, rejectUnauthorized: false });
    socket.on('secureConnect', () => socket.write(Buffer.alloc(900_000, 'x')));
    socket.on('error', () => {});
    return socket;
  });
  await recv.process.says(/is gone, raw/);
  const rss = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${recv.process.child.pid}/status`, 'utf8'))?.[1]);
  assert.ok(rss < 130_000, `${rss} KB`);
  sockets.forEach((s) => s.destroy());
  await stopAll(recv.process);
  assert.is(recv.process.code, 0);
})));

test.run();

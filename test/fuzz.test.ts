/** Bytes that no honest peer sends, to the receiver's real process: it answers as lm-protocol(5) says, keeps its memory, and serves on. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAuthorized } from '../lib/authorized.ts';
import { control, FrameReader, HEADER, MAX_PAYLOAD, TYPE, type Frame } from '../lib/wire.ts';
import { frameOf } from './light.ts';
import { start, stopAll, timed, until, withFolder } from './sh.ts';
import { makeKey, sendArgs, startRecv } from './tls.ts';

const SOAK = process.env['LM_SOAK'] !== undefined;
const SEED = SOAK ? {} : { seed: 20_261_125 }; // the soak tries others each time; fast-check tells which when one fails
const CODES = ['VERSION', 'FRAME', 'GAP', 'CREDIT', 'FENCED'];

const offsets = fc.oneof(fc.nat(30), fc.constantFrom(2 ** 32 - 1, 2 ** 32, 2 ** 53 - 2, 2 ** 53 - 1, 65_536));
const json = fc.oneof(
  fc.json({ maxDepth: 3 }).map((text) => text.slice(0, 4000)),
  fc.constantFrom('{', '[]', 'null', '{"v":1}', '{"v":1,"epoch":5}', '{"to":9007199254740993,"lines":1}', '{"to":1e400}', '\xff'),
  fc.constant(`{"v":1,"a":${'['.repeat(2000)}`),
  fc.record({
    v: fc.constantFrom(1, 2, '1'),
    epoch: fc.constantFrom('a'.repeat(32), 'A'.repeat(32), ''),
    tail: fc.oneof(fc.nat(), fc.constant(-1)),
    from: fc.oneof(offsets, fc.constantFrom(-1, 0.5, '0', null, undefined)),
  }).map((o) => JSON.stringify(o)),
  fc.record({ to: offsets, lines: offsets, reason: fc.string() }).map((o) => JSON.stringify(o)),
);
const payloads = fc.oneof(
  json.map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom('a\nb\n', '\n', 'x', '').map((text) => Buffer.from(text)),
);
const fit = (type: number, payload: Buffer): Buffer => (
  payload.subarray(0, type === TYPE.ping || type === TYPE.end ? 0 : type === TYPE.ack ? 8 : 4000)
);
/** Frames whose checksum is right and whose contents are anything. */
const anyFrame = fc.tuple(fc.constantFrom(...Object.values(TYPE)), offsets, payloads, fc.nat()).map(([type, offset, payload, lines]) => {
  const fitting = fit(type, payload);
  return frameOf(type, Math.min(offset, 2 ** 53 - 1 - fitting.length), fitting, lines % 2 ** 32);
});
const hello = control(TYPE.hello, 0, { v: 1, epoch: 'c'.repeat(32), agent: 'fuzz' });
const honest = Buffer.concat([
  hello, frameOf(TYPE.data, 0, 'one\ntwo\n', 2), control(TYPE.ping, 8), frameOf(TYPE.data, 8, 'three\n'), control(TYPE.end, 14),
]);

/** Say this over a connection of its own, and hear the answers to the end. */
function talk(port: number, pem: Buffer, bytes: Buffer): Promise<Frame[]> {
  return new Promise((resolve) => {
    const heard: Frame[] = [];
    const reader = new FrameReader();
    reader.max = MAX_PAYLOAD;
    const socket = connect({ host: '127.0.0.1', port, key: pem, cert: pem, rejectUnauthorized: false, ALPNProtocols: ['lm/1'] });
    socket.on('data', (chunk: Buffer) => reader.push(chunk, (frame) => void heard.push({ ...frame, payload: Buffer.from(frame.payload) })));
    socket.on('error', () => {}).on('close', () => resolve(heard));
    socket.end(bytes);
  });
}

const codeIn = (frames: Frame[]): string | undefined => {
  const error = frames.find(({ type }) => type === TYPE.error);
  return error && (JSON.parse(error.payload.toString()) as { code: string }).code;
};

test('frames that are damaged at one byte, or hold anything: an ERROR with a code of the page, and nobody else notices',
  timed(SOAK ? 600_000 : 60_000, () => withFolder(async (dir) => {
  const [receiver, bad, good] = [makeKey(dir, 'receiver'), makeKey(dir, 'bad'), makeKey(dir, 'good')];
  writeFileSync(join(dir, 'authorized'), `bad ${bad.pin} nothing/*\ngood ${good.pin} *\n`);
  const recv = await startRecv(['-k', receiver.pem, '-a', join(dir, 'authorized')], join(dir, 'out'));
  const send = start('lm-tls-send', sendArgs(good, receiver, recv.address));
  send.child.stdin?.write('before\n');
  const pem = readFileSync(bad.pem);
  const damaged = fc.tuple(fc.nat(honest.length - 1), fc.integer({ min: 1, max: 255 }));
  await fc.assert(fc.asyncProperty(damaged, async ([at, flip]) => {
    const bytes = Buffer.from(honest);
    bytes[at] = (bytes[at] as number) ^ flip;
    const code = codeIn(await talk(recv.port, pem, bytes));
    let frame = 0; // where the damaged frame begins
    while (frame + HEADER + honest.readUInt32BE(frame + 4) <= at) frame += HEADER + honest.readUInt32BE(frame + 4);
    // A greater length may be that of a frame that has not ended yet.
    if (code === undefined) assert.ok(at >= frame + 4 && at < frame + 8, `byte ${at} of the frame at ${frame} may not be ${bytes[at]}`);
    else assert.ok(CODES.includes(code), code);
  }), { ...SEED, numRuns: SOAK ? 3000 : 120 });
  await fc.assert(fc.asyncProperty(fc.boolean(), fc.array(anyFrame, { minLength: 1, maxLength: 8 }), async (introduced, frames) => {
    const heard = await talk(recv.port, pem, Buffer.concat(introduced ? [hello, ...frames] : frames));
    const code = codeIn(heard);
    assert.ok(code === undefined || CODES.includes(code), code);
    const first = frames[0]?.[1];
    if (!introduced && first !== TYPE.hello && first !== TYPE.error) assert.is(code, 'FRAME', 'a frame before HELLO');
  }), { ...SEED, numRuns: SOAK ? 3000 : 120 });
  const rss = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${recv.process.child.pid}/status`, 'utf8'))?.[1]);
  assert.ok(rss < 200_000, `${rss} KB`);
  send.child.stdin?.end('after\n');
  await send.closed;
  assert.equal([send.code, send.err], [0, '']);
  await until(() => readFileSync(join(dir, 'out'), 'utf8') === 'before\nafter\n');
  await stopAll(recv.process);
  assert.is(recv.process.code, 0, recv.process.err);
})));

test('files of authorized senders: whatever is in them, no Error, and every line is understood or told', () => {
  const pins = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((b) => `sha256:${Buffer.from(b).toString('base64url')}`);
  const word = fc.oneof(
    pins,
    fc.constantFrom('web1', '*', 'rate=1M', 'rate=', 'rate=1e9', 'from=10.0.0.0/8', 'from=::/0,', 'from=999.1.1.1'),
    fc.constantFrom('#', 'a/*', 'x=y', '=', '\ufeff'),
    fc.string({ unit: 'binary', maxLength: 12 }),
  );
  const line = fc.array(word, { maxLength: 7 }).map((words) => words.join(' ').replaceAll('\n', ' '));
  fc.assert(fc.property(fc.array(line, { maxLength: 15 }), (lines) => {
    const { senders, problems } = parseAuthorized(lines.join('\n'));
    const meant = lines.filter((text, i) => {
      const row = (i === 0 ? text.replace(/^\ufeff/, '') : text).trim();
      return row !== '' && !row.startsWith('#');
    });
    assert.is(senders.size + problems.length, meant.length);
  }), { ...SEED, numRuns: SOAK ? 50_000 : 2000 });
});

test.run();

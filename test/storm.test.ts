/** Eight senders through a proxy that cuts, swallows and dribbles, a fault each 150 ms: about 15 s, or 10 minutes with LM_SOAK. */
import { crc32 } from 'node:zlib';
import { createReadStream, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { random } from './oracle.ts';
import { start, stopAll, timed, until, withFolder, type Running } from './sh.ts';
import { KINDS, Storm } from './storm.ts';
import { makeKey, sendArgs, startRecv } from './tls.ts';

const SOAK = process.env['LM_SOAK'] !== undefined;
const SECONDS = SOAK ? 600 : 12;
const SENDERS = 8;
const TEXT = 'abcdefghijklmnopqrstuvwxyz0123456789 '.repeat(600);

/** A line that names its stream, its number, and the checksum of both and its text. */
function lineOf(stream: number, n: number, length: number): string {
  const body = `${stream} ${n} ${TEXT.slice(0, length)}`;
  return `${crc32(body)} ${body}\n`;
}

/** What is wrong with the lines that came, by kind; and the last number of each stream. */
async function judge(out: string): Promise<{ torn: number; missing: number; doubled: number; reordered: number; last: number[] }> {
  const verdict = { torn: 0, missing: 0, doubled: 0, reordered: 0, last: Array<number>(SENDERS).fill(0) };
  const missing = Array.from({ length: SENDERS }, () => new Set<number>());
  for await (const line of createInterface({ input: createReadStream(out, 'latin1'), crlfDelay: Infinity })) {
    const [, crc, body = ''] = /^(\d+) (.*)$/.exec(line) ?? [];
    const [stream, n] = body.split(' ', 2).map(Number) as [number, number];
    const last = verdict.last[stream];
    if (crc === undefined || Number(crc) !== crc32(body) || last === undefined) verdict.torn++;
    else if (n > last) {
      for (let i = last + 1; i < n; i++) missing[stream]?.add(i);
      verdict.last[stream] = n;
    } else if (missing[stream]?.delete(n)) verdict.reordered++;
    else verdict.doubled++;
  }
  verdict.missing = missing.reduce((sum, set) => sum + set.size, 0);
  return verdict;
}

/** Writes lines until told to stop, as fast as they are taken but not faster than so many a tick; resolves with their number. */
function writer(sender: Running, stream: number, next: () => number): { stop: () => Promise<number> } {
  let [n, ended] = [0, false];
  const done = (async () => {
    const stdin = sender.child.stdin;
    while (!ended && stdin && !sender.over) {
      const lines = Array.from({ length: 20 + Math.floor(next() * 40) }, () => lineOf(stream, ++n, next() < 0.01 ? next() * 20_000 : next() * 300));
      if (!stdin.write(lines.join(''))) await until(() => !stdin.writableNeedDrain || stdin.destroyed || ended, 1e6);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return {
    stop: async () => {
      ended = true;
      await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 60_000).unref())]);
      sender.child.stdin?.end(lineOf(stream, ++n, 10)); // a fresh one
      return n;
    },
  };
}

test(`${SENDERS} senders in a storm of ${SECONDS} s: nothing missing, doubled, torn or reordered, and a fresh line flows`,
  timed((SECONDS + 150) * 1000, () => withFolder(async (dir) => {
  const receiver = makeKey(dir, 'receiver');
  const keys = Array.from({ length: SENDERS }, (_, i) => makeKey(dir, `s${i}`));
  writeFileSync(join(dir, 'authorized'), keys.map(({ pin }, i) => `s${i} ${pin} *${i === 7 ? ' rate=200k' : ''}\n`).join(''));
  const recv = await startRecv(['-k', receiver.pem, '-a', join(dir, 'authorized')], join(dir, 'out'));
  const next = random(SOAK ? Date.now() % 1e6 : 150);
  const storm = new Storm(recv.port, 150, next);
  const address = await storm.listen();
  const senders = keys.map((key) => start('lm-tls-send', sendArgs(key, receiver, address)));
  const writers = senders.map((sender, i) => writer(sender, i, random(i + 1)));
  storm.begin();
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
  storm.calm();
  const sent = await Promise.all(writers.map((w) => w.stop()));
  await Promise.all(senders.map((s) => s.closed));
  senders.forEach((s) => assert.is(s.code, 0, s.err));
  await stopAll(recv.process);
  storm.close();
  const { last, ...wrong } = await judge(join(dir, 'out'));
  if (SOAK) {
    const lines = sent.reduce((sum, n) => sum + n);
    console.log(`${lines} lines, ${storm.faults} faults ${JSON.stringify(storm.counts)}, ${storm.connections} connections, ${JSON.stringify(wrong)}`);
  }
  assert.equal(wrong, { torn: 0, missing: 0, doubled: 0, reordered: 0 });
  assert.equal(last, sent);
  for (const kind of KINDS) assert.ok(storm.counts[kind] >= SECONDS / 6, `${kind}: ${storm.counts[kind]}`);
})));

(SOAK ? test : test.skip)('a connection that is half open is noticed by both ends within 35 s, and nothing is lost or doubled', timed(120_000, () => withFolder(async (dir) => {
  const [receiver, sender] = [makeKey(dir, 'receiver'), makeKey(dir, 'sender')];
  const recv = await startRecv(['-k', receiver.pem, '--anyone'], join(dir, 'out'));
  // The kernel goes on answering for a relay that is stopped, so that TCP finds nothing wrong.
  const relay = start('socat', ['-d', '-d', 'TCP-LISTEN:0,bind=127.0.0.1,fork,reuseaddr', `TCP:${recv.address}`]);
  const [, port] = await relay.says(/listening on AF=2 127\.0\.0\.1:(\d+)/);
  const send = start('lm-tls-send', sendArgs(sender, receiver, `127.0.0.1:${port}`));
  send.child.stdin?.write('one\n');
  await until(() => readFileSync(join(dir, 'out'), 'utf8') === 'one\n');
  relay.kill('SIGSTOP');
  const begun = performance.now();
  send.child.stdin?.write('two\n');
  await Promise.all([recv.process.says(/no sign of life for 30 s/, 40_000), send.says(/no sign of life for 30 s/, 40_000)]);
  const seconds = (performance.now() - begun) / 1000;
  console.log(`half open: noticed by both ends after ${seconds.toFixed(1)} s`);
  assert.ok(seconds < 36, `${seconds} s`);
  relay.kill('SIGCONT');
  send.child.stdin?.end('three\n');
  await send.closed;
  assert.is(send.code, 0, send.err);
  await stopAll(recv.process, relay);
  assert.is(readFileSync(join(dir, 'out'), 'utf8'), 'one\ntwo\nthree\n');
})));

test.run();

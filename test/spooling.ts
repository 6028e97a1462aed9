/** Spools under test: filled by senders that are killed, looked into, and a source that goes on where the last sender came to. */
import { createHash } from 'node:crypto';
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { parseSegmentName, readSegment } from '../lib/segment.ts';
import { HEADER } from '../lib/wire.ts';
import { random } from './oracle.ts';
import { start, until, type Running } from './sh.ts';
import { deadPort } from './tls.ts';

/** Line `n` of the source, with its own checksum. */
export function checkedLine(n: number): string {
  const text = `source ${n} ${'abcdefghij'.repeat(1 + (n % 23))}`;
  return `${text} ${createHash('md5').update(text).digest('hex')}\n`;
}

const numberOf = (line: string): number => Number(/^source (\d+) /.exec(line)?.[1] ?? 0);

/** The number of the last whole line of a text file; 0 if there is none. */
function lastOfFile(path: string): number {
  if (!existsSync(path)) return 0;
  const fd = openSync(path, 'r');
  const { size } = fstatSync(fd);
  const tail = Buffer.alloc(Math.min(size, 4096));
  readSync(fd, tail, 0, tail.length, size - tail.length);
  closeSync(fd);
  return numberOf(tail.toString('latin1').trimEnd().split('\n').at(-1) ?? '');
}

/** The last line of each file of frames in a spool, which may be in use. */
export function lastLines(spool: string): string[] {
  return framesIn(spool).flatMap((name) => {
    let bytes: Buffer;
    try {
      bytes = readFileSync(join(spool, name));
    } catch {
      return []; // acknowledged meanwhile
    }
    const frame = readSegment(bytes, parseSegmentName(name)?.base ?? 0).frames.at(-1);
    return frame ? [frame.bytes.subarray(HEADER).toString('latin1').split('\n').at(-2) ?? ''] : []; // as it is: it may end in spaces
  });
}

/** The number of the last line that has gone through: what the receiver wrote, or else what the spool holds. */
export function wentThrough(spool: string, out: string): number {
  const held = lastLines(spool).map(numberOf); // first: what is gone from there is in the output by then
  return Math.max(lastOfFile(out), ...held);
}

/** Feed lines from `from` on as fast as they are taken, until the process ends or `last` is written. */
export async function feed(process: Running, from: number, last: number): Promise<void> {
  const { stdin } = process.child;
  for (let n = from; n <= last && !process.over && stdin && !stdin.destroyed; ) {
    let text = '';
    for (const end = Math.min(last, n + 199); n <= end; n++) text += checkedLine(n);
    if (!stdin.write(text)) await new Promise<void>((resolve) => {
      stdin.once('drain', resolve);
      stdin.once('close', resolve);
      stdin.once('error', () => resolve());
    });
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Kill the sender `times` times under load, then let a last one finish `more` lines. The receiver's output must be the source. */
export async function killSenders(args: string[], spool: string, out: string, times: number, more: number): Promise<void> {
  const next = random(times);
  for (let i = 0; i < times; i++) {
    const sender = start('lm-tls-send', ['-s', spool, ...args]);
    const fed = feed(sender, wentThrough(spool, out) + 1, Infinity);
    setTimeout(() => sender.kill('SIGKILL'), 150 + next() * 500);
    await sender.closed;
    await fed;
    assert.is(sender.signal, 'SIGKILL', sender.err);
  }
  const from = wentThrough(spool, out) + 1;
  const last = start('lm-tls-send', ['-s', spool, ...args]);
  await feed(last, from, from + more);
  last.child.stdin?.end();
  await last.closed;
  assert.is(last.code, 0, last.err);
  checkOutput(out, from + more);
}

/** The file holds lines 1 to `last` of the source, each once and in order. */
export function checkOutput(out: string, last: number): void {
  const lines = readFileSync(out, 'latin1').split('\n');
  assert.is(lines.pop(), '');
  lines.forEach((line, i) => {
    if (`${line}\n` !== checkedLine(i + 1)) throw new Error(`line ${i + 1} is: ${line}`);
  });
  assert.is(lines.length, last);
}

/** The files of frames in a spool, which may not be there yet. */
export const framesIn = (dir: string): string[] => (
  (existsSync(dir) ? readdirSync(dir) : []).filter((name) => name.endsWith('.frames')).sort()
);
/** Bytes in files of frames; files may come and go meanwhile. */
export function spooled(dir: string): number {
  return framesIn(dir).reduce((sum, name) => sum + (statSync(join(dir, name), { throwIfNoEntry: false })?.size ?? 0), 0);
}
/** Numbers, one a line. */
export const seq = (from: number, to: number): string => Array.from({ length: to - from + 1 }, (_, i) => `${from + i}\n`).join('');

/** A sender that has read the lines and cannot deliver them, killed: a spool with these lines in it. */
export async function strand(dir: string, input: string, args: string[] = []): Promise<void> {
  const before = spooled(dir);
  const r = start('lm-tls-send', ['-s', dir, ...args, '--pin', `sha256:${'A'.repeat(43)}`, `127.0.0.1:${await deadPort()}`]);
  r.child.stdin?.write(input);
  await until(() => spooled(dir) >= before + Buffer.byteLength(input));
  r.kill('SIGKILL');
  await r.closed;
}

/** Lines of about a kilobyte, numbered. */
export function longLines(count: number): string {
  return Array.from({ length: count }, (_, i) => `${i} ${'x'.repeat(950 + (i % 100))}\n`).join('');
}

/** Lines of every awkward kind, and what must be left of them at the other end. */
import { createHash } from 'node:crypto';

/** A small generator with a long period (xorshift32), so that a seed gives the same lines everywhere. */
export function random(seed: number): () => number {
  let x = seed >>> 0 || 1;
  return () => {
    x ^= x << 13;
    x >>>= 0;
    x ^= x >>> 17;
    x ^= x << 5;
    x >>>= 0;
    return x / 2 ** 32;
  };
}

const WORDS = 'GET POST /index.html 200 404 error warn info timeout=30 user=ünïcödé "quoted" back\\slash 日本語 🙂 [2001:db8::1] 127.0.0.1 - -'.split(' ');
const KINDS: ((n: number, next: () => number) => Buffer)[] = [
  () => Buffer.from(''),
  () => Buffer.from('0'),
  () => Buffer.from('null'),
  (n) => Buffer.from(`${n} carriage return\r`),
  (n) => Buffer.from(`${n} \x1b[31mred\x1b[0m \x1b[38;5;208morange\x1b[0m`),
  (n) => Buffer.from(`${n} NUL \0 and controls \x01\x02\x7f`),
  (n) => Buffer.concat([Buffer.from(`${n} not UTF-8 `), Buffer.from([0xff, 0xc3, 0x28, 0xe2, 0x82]), Buffer.from(' end')]),
  (n) => Buffer.from(`{"json":${n},"a":[1,2,{"b":null}],"s":"x\\ny"}`),
  (n) => Buffer.from(`${n} \ttab and trailing blanks   `),
];

/** Line number `n` (1, 2...) without its newline: mostly ordinary ones of 20 to 400 bytes, some odd, one in 5,000 long, to 100 KB. */
export function lineOf(n: number, next: () => number): Buffer {
  const dice = next();
  if (dice < 0.0002) return Buffer.from(`${n} ${WORDS[Math.floor(next() * WORDS.length)]} `.repeat(Math.floor(next() * 100_000 / 20)).slice(0, 90_000));
  if (dice < 0.02) return KINDS[Math.floor(next() * KINDS.length)]?.(n, next) ?? Buffer.from('');
  let line = String(n);
  for (let words = 3 + Math.floor(next() * 30); words > 0; words--) line += ` ${WORDS[Math.floor(next() * WORDS.length)]}`;
  return Buffer.from(line);
}

/** What a line is after it went through: invalid UTF-8 replaced as the WHATWG decoder does, all else as it was. */
export function arrives(line: Buffer): Buffer {
  return Buffer.from(new TextDecoder('utf-8', { ignoreBOM: true }).decode(line));
}

/** A running hash over lines, in order: equal hashes and counts mean the same lines. */
export class Tally {
  lines = 0;
  readonly #hash = createHash('sha256');

  add(line: Uint8Array | string): void {
    this.lines++;
    this.#hash.update(`${line.length} `).update(line).update('\n');
  }

  toString(): string {
    return `${this.lines} lines, sha256 ${this.#hash.copy().digest('hex')}`;
  }
}

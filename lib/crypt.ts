/** The crypt(3) hashes of password files that are built on MD5 and SHA-2: `$1$` and `$apr1$`, `$5$` and `$6$`. */
import { createHash } from 'node:crypto';

const DIGITS = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const MD5_ROUNDS = 1000;

type Algorithm = 'md5' | 'sha256' | 'sha512';

function digest(algorithm: Algorithm, ...parts: Uint8Array[]): Buffer {
  const hash = createHash(algorithm);
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** `block` again and again, `length` bytes of it. */
function fill(block: Buffer, length: number): Buffer {
  return Buffer.alloc(length, block);
}

/** Six bits a character, the lowest first. */
function digits(value: number, count: number): string {
  let text = '';
  for (let i = 0; i < count; i++) text += DIGITS[(value >> (6 * i)) & 63];
  return text;
}

/** Three bytes of the hash as four characters; an index beyond it stands for zero. */
function triple(hash: Buffer, a: number, b: number, c: number, count = 4): string {
  return digits(((hash[a] ?? 0) << 16) | ((hash[b] ?? 0) << 8) | (hash[c] ?? 0), count);
}

/** For each bit of the length, the lowest first: one part or the other. */
function byBits(length: number, set: Buffer, clear: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let bits = length; bits > 0; bits >>= 1) parts.push(bits & 1 ? set : clear);
  return parts;
}

/** The hash part of `$1$SALT$...` and `$apr1$SALT$...` (Poul-Henning Kamp's md5-crypt; Apache's is the same with another `magic`). */
export function md5Crypt(password: Buffer, salt: Buffer, magic: '1' | 'apr1'): string {
  const inner = digest('md5', password, salt, password);
  const bits = byBits(password.length, Buffer.alloc(1), password.subarray(0, 1));
  let hash = digest('md5', password, Buffer.from(`$${magic}$`), salt, fill(inner, password.length), ...bits);
  for (let i = 0; i < MD5_ROUNDS; i++) {
    const odd = i % 2 === 1;
    hash = digest('md5', odd ? password : hash, ...(i % 3 ? [salt] : []), ...(i % 7 ? [password] : []), odd ? hash : password);
  }
  let text = '';
  for (let i = 0; i < 5; i++) text += triple(hash, i, i + 6, i === 4 ? 5 : i + 12);
  return text + triple(hash, -1, -1, 11, 2);
}

/** The hash part of `$5$...` and `$6$...` (Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512", 0.4). */
export function shaCrypt(password: Buffer, salt: Buffer, algorithm: 'sha256' | 'sha512', rounds: number): string {
  const inner = digest(algorithm, password, salt, password);
  let hash = digest(algorithm, password, salt, fill(inner, password.length), ...byBits(password.length, inner, password));
  const p = fill(digest(algorithm, fill(password, password.length ** 2)), password.length);
  const s = fill(digest(algorithm, fill(salt, salt.length * (16 + (hash[0] ?? 0)))), salt.length);
  for (let i = 0; i < rounds; i++) {
    const odd = i % 2 === 1;
    hash = digest(algorithm, odd ? p : hash, ...(i % 3 ? [s] : []), ...(i % 7 ? [p] : []), odd ? hash : p);
  }
  return shaText(hash);
}

/** The bytes in the order of the specification, which turns from one triple to the next. */
function shaText(hash: Buffer): string {
  const third = Math.floor(hash.length / 3);
  let [a, b, c] = [0, third, 2 * third];
  let text = '';
  for (let i = 0; i < third; i++) {
    text += triple(hash, a, b, c);
    [a, b, c] = hash.length === 64 ? [b + 1, c + 1, a + 1] : [c + 1, a + 1, b + 1];
  }
  return text + (hash.length === 64 ? triple(hash, -1, -1, 63, 2) : triple(hash, -1, 31, 30, 3));
}

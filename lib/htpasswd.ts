/** Password files as htpasswd(1) writes them: the users, and whether a password is that of a stored hash. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { md5Crypt, shaCrypt } from './crypt.ts';
import { Problems, rowsOf, shown } from './rows.ts';

/** Stored hashes by user. */
export type Users = ReadonlyMap<string, string>;

const MIN_BCRYPT_COST = 4; // bcrypt's own bound
/** The costliest hashes that are taken: each takes a second or two of a processor for every guess. */
const MAX_BCRYPT_COST = 15;
const MAX_SHA_ROUNDS = 500_000;
const DEFAULT_SHA_ROUNDS = 5000;
const MAX_USER = 255; // htpasswd's own bound

const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
const MD5 = /^\$(1|apr1)\$([^$]{0,8})\$[./A-Za-z0-9]{22}$/;
const SHA = /^\$(5(?=.*\$.{43}$)|6(?=.*\$.{86}$))\$(?:rounds=([1-9]\d{3,8})\$)?([^$]{0,16})\$[./A-Za-z0-9]+$/;
const SHA1 = /^\{SHA\}[A-Za-z0-9+/]{27}=$/;

/** What keeps a hash from being used; undefined when nothing does. */
function fault(stored: string): string | undefined {
  const [, cost] = BCRYPT.exec(stored) ?? [];
  const [sha, , rounds] = SHA.exec(stored) ?? [];
  if (cost !== undefined) {
    const taken = Number(cost) >= MIN_BCRYPT_COST && Number(cost) <= MAX_BCRYPT_COST;
    return taken ? undefined : `bcrypt with cost ${cost}, and ${MIN_BCRYPT_COST} to ${MAX_BCRYPT_COST} are taken`;
  }
  if (sha) return Number(rounds ?? 0) > MAX_SHA_ROUNDS ? `${rounds} rounds, and at most ${MAX_SHA_ROUNDS} are taken` : undefined;
  if (MD5.test(stored) || SHA1.test(stored)) return undefined;
  return 'the password is in no known format: set it with htpasswd -B';
}

/** The users of a file, and what is wrong with its other lines, which let nobody in. A user's first line holds. Never throws. */
export function parseHtpasswd(text: string): { users: Map<string, string>; problems: string[] } {
  const users = new Map<string, string>();
  const problems = new Problems();
  for (const { line, text: row } of rowsOf(text, problems)) {
    const [user = '', stored = ''] = row.split(':', 2); // what follows a third colon is a comment
    const wrong = fault(stored);
    if (user === '' || user.length > MAX_USER) problems.add(line, 'no name of a user');
    else if (users.has(user)) problems.add(line, `user ${shown(user)} stands on a line above`);
    else if (wrong !== undefined) problems.add(line, `user ${shown(user)}: ${wrong}`);
    else users.set(user, stored);
  }
  return { users, problems: problems.list() };
}

/** The hash of a password, made as the stored one was. */
async function hashLike(stored: string, password: string): Promise<string> {
  if (BCRYPT.test(stored)) {
    const { default: bcrypt } = await import('bcryptjs');
    return bcrypt.hash(password, stored.slice(0, 29));
  }
  const bytes = Buffer.from(password);
  const prefix = stored.slice(0, stored.lastIndexOf('$') + 1);
  const [, magic, md5Salt = ''] = MD5.exec(stored) ?? [];
  if (magic === '1' || magic === 'apr1') return prefix + md5Crypt(bytes, Buffer.from(md5Salt), magic);
  const [, kind, rounds = DEFAULT_SHA_ROUNDS, salt = ''] = SHA.exec(stored) ?? [];
  if (kind !== undefined) return prefix + shaCrypt(bytes, Buffer.from(salt), kind === '5' ? 'sha256' : 'sha512', Number(rounds));
  return `{SHA}${createHash('sha1').update(bytes).digest('base64')}`;
}

/** Whether it is the password of a hash that `parseHtpasswd` has taken; compared in a time that does not depend on where they differ. */
export async function isPassword(stored: string, password: string): Promise<boolean> {
  const [given, wanted] = [Buffer.from(await hashLike(stored, password)), Buffer.from(stored)];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** Login by HTTP Basic (RFC 7617): who is let in, with guessing slowed down and what is known remembered for a while. */
import { createHmac, randomBytes } from 'node:crypto';
import { networkOf } from './address.ts';
import { ExpiringSet } from './expiring-set.ts';
import type { Users } from './htpasswd.ts';
import { Slowdown } from './slowdown.ts';

/** Let in; not (ask for a password); or to come again after some seconds, without having been looked at. */
export type Verdict = { outcome: 'in'; user: string } | { outcome: 'denied' } | { outcome: 'slow'; seconds: number };

export type Credentials = { user: string; password: string };

/** Whether it is the password of the stored hash. */
export type Verify = (stored: string, password: string) => Promise<boolean>;

const MAX_HEADER = 2048;
const MAX_AT_ONCE = 16;
const REMEMBER_MS = 600_000;
const MAX_REMEMBERED = 1000;
/** By address, by user, and by both for those who have been let in from there before. */
const PACES = {
  address: { free: 5, longestMs: 60_000, forgetMs: 900_000, size: 10_000 },
  user: { free: 20, longestMs: 10_000, forgetMs: 900_000, size: 10_000 },
  both: { free: 5, longestMs: 60_000, forgetMs: 900_000, size: 1000 },
};
const DENIED: Verdict = { outcome: 'denied' };

/** User and password out of an Authorization header; undefined when it is none that anybody could have. */
export function credentials(header: string | undefined): Credentials | undefined {
  if (header === undefined || header.length > MAX_HEADER) return undefined;
  const [, base64] = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header.trim()) ?? [];
  if (base64 === undefined) return undefined;
  let text;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(base64, 'base64'));
  } catch {
    return undefined;
  }
  const at = text.indexOf(':');
  if (at < 1 || /[\u0000-\u001f\u007f]/.test(text)) return undefined;
  return { user: text.slice(0, at), password: text.slice(at + 1) };
}

/** The door. Passwords are kept nowhere: what is remembered is an HMAC by a key of this process. */
export class Login {
  /** Verdicts on passwords, and how many were really looked at for them. */
  readonly counts = { in: 0, denied: 0, slow: 0, verified: 0 };
  readonly #verify: Verify;
  readonly #now: () => number;
  readonly #key = randomBytes(32);
  readonly #good = new ExpiringSet(MAX_REMEMBERED);
  readonly #bad = new ExpiringSet(MAX_REMEMBERED);
  readonly #home = new ExpiringSet(MAX_REMEMBERED); // users where they have been let in
  readonly #slow = { address: new Slowdown(PACES.address), user: new Slowdown(PACES.user), both: new Slowdown(PACES.both) };
  readonly #running = new Map<string, Promise<Verdict>>();
  #users: Users;

  constructor(users: Users, verify: Verify, now: () => number = () => performance.now()) {
    this.#users = users;
    this.#verify = verify;
    this.#now = now;
  }

  /** Other users from now on: what was remembered of passwords is forgotten. */
  replace(users: Users): void {
    this.#users = users;
    this.#good.clear();
    this.#bad.clear();
  }

  /** Who may come in by this Authorization header from this address. Rejects when passwords cannot be checked. */
  async check(header: string | undefined, address: string): Promise<Verdict> {
    const given = credentials(header);
    if (!given) return DENIED;
    const verdict = await this.#check(given, networkOf(address));
    this.counts[verdict.outcome]++;
    return verdict;
  }

  #check(given: Credentials, network: string): Promise<Verdict> | Verdict {
    if (this.#users.size === 0) return DENIED;
    const now = this.#now();
    const guess = this.#hmac(given.user, given.password);
    if (this.#good.has(guess, now)) return { outcome: 'in', user: given.user };
    // A page that goes on asking with an old password is one guess, not many.
    if (this.#bad.has(guess, now)) return DENIED;
    const running = this.#running.get(guess);
    if (running) return running;
    const wait = this.#running.size < MAX_AT_ONCE ? this.#wait(given.user, network, now) : 1000;
    if (wait > 0) return { outcome: 'slow', seconds: Math.ceil(wait / 1000) };
    const verdict = this.#look(given, guess, network, now).finally(() => this.#running.delete(guess));
    this.#running.set(guess, verdict);
    return verdict;
  }

  /** What is counted for a try. One who has been let in from there before is not slowed by what others do. */
  #pacing(user: string, network: string, now: number): [Slowdown, string][] {
    const both = this.#hmac(user, network);
    if (this.#home.has(both, now)) return [[this.#slow.both, both]];
    return [[this.#slow.address, network], [this.#slow.user, this.#hmac(user)]];
  }

  #wait(user: string, network: string, now: number): number {
    return Math.max(...this.#pacing(user, network, now).map(([slowdown, key]) => slowdown.wait(key, now)));
  }

  async #look({ user, password }: Credentials, guess: string, network: string, now: number): Promise<Verdict> {
    const pacing = this.#pacing(user, network, now);
    for (const [slowdown, key] of pacing) slowdown.count(key, now);
    const users = this.#users;
    const stored = users.get(user);
    this.counts.verified++;
    const takeBack = (): void => pacing.forEach(([slowdown, key]) => slowdown.takeBack(key));
    // For an unknown user the hash of some other one, always the same: it takes as long, and tells nothing.
    const matches = await this.#verify(stored ?? this.#decoy(user), password).catch((err: unknown) => {
      takeBack();
      throw err;
    });
    const right = matches && stored !== undefined && this.#users.get(user) === stored;
    if (right) {
      takeBack();
      this.#home.add(this.#hmac(user, network), Infinity);
    }
    if (users === this.#users) (right ? this.#good : this.#bad).add(guess, now + REMEMBER_MS);
    return right ? { outcome: 'in', user } : DENIED;
  }

  #decoy(user: string): string {
    const hashes = [...this.#users.values()];
    return hashes[createHmac('sha256', this.#key).update(user).digest().readUInt32BE() % hashes.length] ?? '';
  }

  /** Parts never hold a NUL, so no two lists of them are the same bytes. */
  #hmac(...parts: string[]): string {
    return createHmac('sha256', this.#key).update(parts.join('\0')).digest('base64');
  }
}

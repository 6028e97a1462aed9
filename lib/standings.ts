/** How far every stream of every sender is: what a receiver has to know again after a restart. It is bounded, and forgets by itself. */
import { textOf, wholeOf } from './json.ts';
import type { Last } from './messages.ts';

const DAY_MS = 86_400_000;
const KEEP_MS = 30 * DAY_MS; // after the last use: a sender may be away for a month
const KEEP_ENDED_MS = DAY_MS; // after the end: only an answer that got lost is still to be given
const MAX_NAME = 256;
const NOTHING = { lines: 0, bytes: 0, reason: '' };

/** One stream of one sender as it stands after all its bytes below `committed`. Never changed once made. */
export type Standing = {
  readonly principal: string;
  readonly epoch: string;
  /** Everything below is safe. */
  readonly committed: number;
  /** The last frame, when it ends at `committed`. */
  readonly last: Last | undefined;
  readonly ended: boolean;
  /** Lines passed on, in all. */
  readonly lines: number;
  /** Lines that patterns did not allow, in all, and why. */
  readonly refused: number;
  readonly why: string;
  /** What the sender has said will not come, in all. */
  readonly lost: { readonly lines: number; readonly bytes: number; readonly reason: string };
};

/** A stream of which nothing has come. */
export function newStanding(principal: string, epoch: string, base: number): Standing {
  return {
    principal, epoch, committed: base, last: undefined, ended: false, lines: 0, refused: 0, why: '',
    lost: NOTHING,
  };
}

/** A standing, and when its stream was last used, ms since the epoch. */
export type Kept = { standing: Standing; used: number };

/** As it stands in a control line; what is nothing is left out, and so is `used` where the line's own time says it. */
export function standingJson({ standing, used }: Kept, ts: number): object {
  const { principal, epoch, committed, last, ended, lines, refused, why, lost } = standing;
  return {
    sender: principal,
    epoch,
    to: committed,
    ...(last && { last }),
    ...(ended && { ended }),
    lines,
    ...(refused > 0 && { refused, why }),
    ...((lost.bytes > 0 || lost.lines > 0) && { lost }),
    ...(used !== ts && { used }),
  };
}

/** The same read back. Throws Error for anything else. */
export function readStanding(value: unknown, ts: number): Kept {
  const o = objectOf(value);
  const epoch = o['epoch'];
  if (typeof epoch !== 'string' || !/^[0-9a-f]{32}$/.test(epoch)) throw new Error('bad epoch');
  if (typeof o['sender'] !== 'string' || o['sender'].length > MAX_NAME) throw new Error('bad sender');
  const lost = o['lost'] === undefined ? undefined : objectOf(o['lost']);
  const last = o['last'] === undefined ? undefined : objectOf(o['last']);
  return {
    used: o['used'] === undefined ? ts : wholeOf(o, 'used'),
    standing: {
      principal: o['sender'],
      epoch,
      committed: wholeOf(o, 'to'),
      last: last && { offset: wholeOf(last, 'offset'), length: wholeOf(last, 'length', 1), crc: wholeOf(last, 'crc') },
      ended: o['ended'] === true,
      lines: wholeOf(o, 'lines'),
      refused: o['refused'] === undefined ? 0 : wholeOf(o, 'refused'),
      why: textOf(o, 'why'),
      lost: lost ? { lines: wholeOf(lost, 'lines'), bytes: wholeOf(lost, 'bytes'), reason: textOf(lost, 'reason') } : NOTHING,
    },
  };
}

function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new Error('not an object');
  return value as Record<string, unknown>;
}

/** The standings of at most `most` streams, those used last at the end. Times are given, ms since the epoch. */
export class Standings {
  readonly #most: number;
  readonly #kept = new Map<string, Kept>();
  readonly #perSender = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** The standing of a stream, which is thereby used. */
  recall(principal: string, epoch: string, now: number): Standing | undefined {
    const standing = this.#kept.get(keyOf(principal, epoch))?.standing;
    if (standing) this.put(standing, now);
    return standing;
  }

  put(standing: Standing, used: number): void {
    const { principal, epoch } = standing;
    const key = keyOf(principal, epoch);
    if (!this.#kept.delete(key)) this.#perSender.set(principal, (this.#perSender.get(principal) ?? 0) + 1);
    this.#kept.set(key, { standing, used });
    if (this.#kept.size > this.#most) this.#forgetOne(key);
  }

  /** All of them, those unused for longest first. */
  all(): Kept[] {
    return [...this.#kept.values()];
  }

  /** Forget those whose time is over. */
  expire(now: number): void {
    for (const [key, { standing, used }] of this.#kept) {
      if (now - used > (standing.ended ? KEEP_ENDED_MS : KEEP_MS)) this.#forget(key, standing.principal);
    }
  }

  /** One too many: of the sender that has most, so that none pushes out another's; one that has ended, else the one unused for longest. */
  #forgetOne(spared: string): void {
    const most = Math.max(...this.#perSender.values());
    let victim: [string, Kept] | undefined;
    for (const entry of this.#kept) {
      const [key, { standing }] = entry;
      if (key === spared || this.#perSender.get(standing.principal) !== most) continue;
      victim ??= entry;
      if (!standing.ended) continue;
      victim = entry;
      break;
    }
    if (victim) this.#forget(victim[0], victim[1].standing.principal);
  }

  #forget(key: string, principal: string): void {
    this.#kept.delete(key);
    const left = (this.#perSender.get(principal) ?? 1) - 1;
    if (left > 0) this.#perSender.set(principal, left);
    else this.#perSender.delete(principal);
  }
}

function keyOf(principal: string, epoch: string): string {
  return `${principal}\n${epoch}`;
}

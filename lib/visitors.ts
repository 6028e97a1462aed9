/** Those who were let in at the receiver: what memory they may hold together, whether they still may stay, and how they stand. */
import type { LmPeer } from './lm-peer.ts';
import { RawPeer } from './raw-peer.ts';
import type { Roster } from './roster.ts';
import type { Rota } from './rota.ts';
import { instant, rollLines, type Attendance } from './rollcall.ts';

const ROOM_AGAIN = 0.75; // of the memory, below which reading goes on

/** A connection that was let in. */
export type Visitor = { peer: LmPeer | RawPeer; pin: string | undefined; address: string; since: Date };

export class Visitors {
  readonly #roster: Roster;
  readonly #rota: Rota;
  readonly #memory: number;
  readonly #all = new Set<Visitor>();
  readonly #gone = new Map<string, Date>(); // when the last connection of a name in the roster ended
  #names: Set<string>;
  #held = 0; // bytes of unfinished frames and lines
  #onHold = false;
  #closing = false;

  /** `memory` in bytes is for everything under way: in the rota, and in frames and lines that are begun. */
  constructor(roster: Roster, rota: Rota, memory: number) {
    this.#roster = roster;
    this.#rota = rota;
    this.#memory = memory;
    this.#names = roster.names;
  }

  [Symbol.iterator](): Iterator<Visitor> {
    return this.#all.values();
  }

  get count(): number {
    return this.#all.size;
  }

  /** Connections of raw senders now. */
  get raw(): number {
    return [...this.#all].filter(({ peer }) => peer instanceof RawPeer).length;
  }

  /** Connections that their rate keeps waiting now. */
  get limited(): number {
    return [...this.#all].filter(({ peer }) => peer.limited).length;
  }

  /** Until its connection closes. */
  add(visitor: Visitor): void {
    this.#all.add(visitor);
    if (this.#onHold) visitor.peer.hold(true);
    visitor.peer.socket.once('close', () => {
      this.#all.delete(visitor);
      if (this.#names.has(visitor.peer.name)) this.#gone.set(visitor.peer.name, new Date());
    });
  }

  /** The roster has changed: those no longer on it have to go, the others may send what it says now. */
  check(): void {
    this.#names = this.#roster.names;
    for (const name of this.#gone.keys()) if (!this.#names.has(name)) this.#gone.delete(name);
    for (const { peer, pin, address } of this.#all) {
      const guest = this.#roster.admit(pin, address);
      if (guest) peer.update(guest);
      else peer.dismiss('AUTH', 'no longer authorized');
    }
  }

  /** Unfinished frames and lines hold so many bytes more, or less. */
  account(change: number): void {
    this.#held += change;
    this.balance();
  }

  /** Memory has become free or short: read on, or wait. */
  balance(): void {
    if (this.#closing) return;
    const used = this.#rota.held + this.#held;
    if (!this.#onHold && used > this.#memory) this.#hold(true);
    else if (this.#onHold && used < this.#memory * ROOM_AGAIN) this.#hold(false);
    // Nothing that could go out, and all of the memory in what is begun and not finished: the greatest of it has to go.
    if (!this.#onHold || this.#rota.held > 0) return;
    const [greatest] = [...this.#all].sort((a, b) => b.peer.held - a.peer.held);
    greatest?.peer.dismiss('BUSY', 'memory is short');
  }

  /** Read nobody any further, for good. */
  stopReading(): void {
    this.#closing = true;
    this.#hold(true);
    for (const { peer } of this.#all) if (peer instanceof RawPeer) peer.dismiss();
  }

  #hold(onHold: boolean): void {
    this.#onHold = onHold;
    for (const { peer } of this.#all) peer.hold(onHold);
  }

  /** How those that have introduced themselves stand. */
  get present(): Attendance[] {
    const present: Attendance[] = [];
    for (const { peer, address, since } of this.#all) {
      const { figures, name } = peer;
      if (figures) present.push({ ...figures, name, address, since, raw: peer instanceof RawPeer });
    }
    return present;
  }

  /** Lines about the senders, `most` at most of those that are connected, and of those that are not. */
  describe(most: number): string[] {
    const present = this.present;
    const here = new Set(present.map(({ name }) => name));
    const away = [...this.#names].filter((name) => !here.has(name)).sort();
    const lines = away.slice(0, most).map((name) => {
      const gone = this.#gone.get(name);
      return `sender ${name}: not connected${gone ? ` since ${instant(gone)}` : ''}`;
    });
    if (away.length > most) lines.push(`senders not connected, left out: ${away.length - most}`);
    return [...rollLines(present, most), ...lines];
  }
}

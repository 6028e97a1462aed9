/** One connection of a sender that speaks nothing but TLS (socat, openssl s_client, ncat), at the receiver. */
import type { TLSSocket } from 'node:tls';
import { countLines, LineCutter } from './lines.ts';
import { Pacer } from './pace.ts';
import type { Guest } from './roster.ts';
import { Lane, type Rota } from './rota.ts';
import type { Figures } from './rollcall.ts';

const QUEUE = 262_144; // bytes of one connection that wait for the output, then it is not read further

/** Totals that connections add to; `waiting` are bytes that came and are not written yet. */
export type RawCounts = { lines: number; bytes: number; waiting: number; refused: number; split: number; unended: number };

export type RawEvents = {
  /** Bytes of unfinished lines that it holds have changed by so many. */
  held(change: number): void;
  /** Lines are refused for the first time. */
  refused(reason: string): void;
};

export class RawPeer {
  readonly socket: TLSSocket;
  readonly #cutter = new LineCutter();
  readonly #lane: Lane;
  readonly #counts: RawCounts;
  readonly #events: RawEvents;
  readonly #pacer: Pacer;
  #guest: Guest;
  #lines = 0;
  #held = 0;
  #given = 0; // bytes given to the lane, and of these, written
  #out = 0;
  #onHold = false;
  #ended = false;
  #refused = 0;

  constructor(socket: TLSSocket, guest: Guest, rota: Rota, counts: RawCounts, events: RawEvents) {
    this.socket = socket;
    this.#guest = guest;
    this.#pacer = new Pacer(guest.pace, () => this.#flow());
    this.#counts = counts;
    this.#events = events;
    this.#lane = new Lane(rota, (mark) => {
      counts.waiting -= mark - this.#out;
      this.#out = mark;
      this.#flow();
    });
    socket.on('data', (chunk: Buffer) => {
      this.#pacer.spend(chunk.length);
      if (!this.#ended) this.#put(this.#cutter.push(chunk));
    });
    socket.on('end', () => {
      this.#finish();
      socket.end();
    });
    socket.on('close', () => {
      this.#pacer.stop();
      this.#finish();
    });
  }

  /** Bytes of an unfinished line. */
  get held(): number {
    return this.#held;
  }

  get name(): string {
    return this.#guest.name;
  }

  /** How it stands; what it lost nobody knows. */
  get figures(): Figures {
    const behind = this.#given - this.#out + this.#held;
    return { lines: this.#lines, committed: this.#out, behind, refused: this.#refused, lost: 0, limited: this.#pacer.limited };
  }

  /** Its rate keeps it waiting now. */
  get limited(): boolean {
    return this.#pacer.waiting;
  }

  /** Stop or go on reading: memory is short. */
  hold(onHold: boolean): void {
    this.#onHold = onHold;
    this.#flow();
  }

  update(guest: Guest): void {
    this.#guest = guest;
    this.#pacer.change(guest.pace);
  }

  /** Read no further; what has come is passed on. There is no way to tell the other side why. */
  dismiss(): void {
    this.#finish();
    this.socket.destroy();
  }

  #put(blocks: Buffer[]): void {
    for (const block of blocks) {
      const passed = this.#guest.filter?.(block) ?? { kept: [block], lines: countLines(block), refused: 0, reason: '' };
      this.#counts.lines += passed.lines;
      this.#counts.refused += passed.refused;
      if (passed.refused > 0 && this.#refused === 0) this.#events.refused(passed.reason);
      this.#lines += passed.lines;
      this.#refused += passed.refused;
      for (const bytes of passed.kept) {
        this.#counts.bytes += bytes.length;
        this.#counts.waiting += bytes.length;
        this.#lane.put(bytes, (this.#given += bytes.length));
      }
    }
    const change = this.#cutter.held - this.#held;
    this.#held += change;
    if (change !== 0) this.#events.held(change);
    this.#flow();
  }

  #flow(): void {
    if (this.socket.destroyed || this.#ended) return;
    if (this.#onHold || this.#pacer.waiting || this.#lane.queued > QUEUE) this.socket.pause();
    else if (this.socket.isPaused()) this.socket.resume();
  }

  /** An end without newline and a cut look alike: the last line is passed on either way, and counted. */
  #finish(): void {
    if (this.#ended) return;
    this.#put(this.#cutter.end());
    this.#ended = true;
    this.#counts.split += this.#cutter.split;
    this.#counts.unended += this.#cutter.unended;
  }
}

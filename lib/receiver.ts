/** The receiver's side of lm/1 without its connections: what it has of every sender's stream, and what it answers. */
import { crc32 } from './crc.ts';
import { countLines } from './lines.ts';
import { lossFrame, readLoss, welcomeFrame, type Hello, type Last } from './messages.ts';
import { Lane, type Rota } from './rota.ts';
import { newStanding, type Standing } from './standings.ts';
import { ack, control, TYPE, WireError, type Frame } from './wire.ts';

const LF = 10;
const MIN_WINDOW = 65_536;
const NOTHING = Buffer.alloc(0);

/** Bounds: bytes under way of one stream and of all, and how many streams are remembered. */
export type Bounds = { window: number; total: number; remembered: number };

/** A connection, as far as the protocol knows it. */
export interface Peer {
  send(frame: Buffer): void;
  /** Another connection has taken the stream over: say FENCED and close. */
  fenced(): void;
}

/** Chooses lines: `kept` holds those that may pass, in order, and their number; `refused` counts the others, `reason` says why. */
export type Filter = (lines: Buffer) => { kept: Buffer[]; lines: number; refused: number; reason: string };

/** Lines and bytes passed on, lines refused, bytes that came twice, bytes that the sender has lost. */
export type Counts = { lines: number; bytes: number; refused: number; repeated: number; lost: number };

/** One stream of one sender: (principal, epoch). It outlives its connections. */
export class Session {
  readonly principal: string;
  readonly epoch: string;
  /** Everything below has come in; everything below `committed` is out. */
  received: number;
  committed: number;
  last: Last | undefined;
  peer: Peer | undefined;
  filter: Filter | undefined;
  /** All of it has been committed, and the sender has said that it is all. */
  ended: boolean;
  readonly counts: Counts = { lines: 0, bytes: 0, refused: 0, repeated: 0, lost: 0 };
  #reason: string;
  #lost: Standing['lost'];
  readonly #receiver: Receiver;
  readonly #lane: Lane;
  #end: number | undefined;
  #limit = 0;
  #told = 0; // committed, as the last ACK said
  #toldRefused = 0;
  #toldEnd = false;

  /** Goes on where its stream stands. */
  constructor(receiver: Receiver, rota: Rota, standing: Standing) {
    const { committed, ended, lines, refused, lost } = standing;
    this.#receiver = receiver;
    this.principal = standing.principal;
    this.epoch = standing.epoch;
    this.received = committed;
    this.committed = committed;
    this.last = standing.last;
    this.ended = ended;
    this.#end = ended ? committed : undefined;
    Object.assign(this.counts, { lines, refused, lost: lost.bytes });
    this.#reason = standing.why;
    this.#lost = lost;
    this.#told = committed;
    this.#lane = new Lane(rota, (mark) => this.#commit(mark));
  }

  /** Nobody is connected, and nothing is on its way. */
  get idle(): boolean {
    return !this.peer && this.#lane.idle;
  }

  /** It has ended without a byte. */
  get empty(): boolean {
    return this.#end === 0;
  }

  /** A connection begins, or takes over from an older one; it hears what is here already. */
  join(peer: Peer, known: boolean, name: string): void {
    this.peer?.fenced();
    this.peer = peer;
    this.#toldRefused = 0;
    this.#toldEnd = false;
    const { committed, received: next, last } = this;
    peer.send(welcomeFrame({ committed, next, limit: this.#credit(), known, last, name }));
    this.#told = committed;
    this.#tellRefused();
  }

  /** The connection is gone; what it brought stays. */
  leave(peer: Peer): void {
    if (this.peer === peer) this.peer = this.filter = undefined;
  }

  /** A frame of the sender. Frames of connections that no longer count are ignored. Throws WireError. */
  take(peer: Peer, frame: Frame): void {
    if (peer !== this.peer) return;
    if (frame.type === TYPE.data) this.#data(frame);
    else if (frame.type === TYPE.end) this.#takeEnd(frame);
    else if (frame.type === TYPE.loss) this.#loss(frame);
    else if (frame.type !== TYPE.ping) throw new WireError('FRAME', 'a frame out of place');
  }

  #data(frame: Frame): void {
    let { payload } = frame;
    const end = frame.offset + payload.length;
    if (payload.length === 0 || payload[payload.length - 1] !== LF) throw new WireError('FRAME', 'not whole lines');
    if (frame.offset > this.received) throw new WireError('GAP', `bytes ${this.received} to ${frame.offset} are missing`);
    if (end <= this.received) {
      this.#add('repeated', payload.length);
      this.#receiver.answer(this);
      return;
    }
    if (this.#end !== undefined && end > this.#end) throw new WireError('FRAME', 'lines behind the end');
    if (end > this.#limit && frame.offset > this.committed) throw new WireError('CREDIT', `sent beyond ${this.#limit}`);
    const skip = this.received - frame.offset;
    if (skip > 0) {
      if (payload[skip - 1] !== LF) throw new WireError('GAP', `no line begins at ${this.received}`);
      this.#add('repeated', skip);
      payload = payload.subarray(skip);
    }
    this.last = { offset: this.received, length: payload.length, crc: skip > 0 ? crc32(payload) : frame.crc };
    this.received = end;
    this.#pass(payload, skip > 0 ? countLines(payload) : Math.min(frame.lines, payload.length));
  }

  #pass(payload: Buffer, lines: number): void {
    if (!this.filter) {
      this.#add('lines', lines);
      this.#add('bytes', payload.length);
      this.#put(payload);
      return;
    }
    const { kept, refused, reason, lines: passed } = this.filter(payload);
    this.#add('lines', passed);
    this.#add('bytes', kept.reduce((sum, bytes) => sum + bytes.length, 0));
    if (refused > 0) {
      if (this.counts.refused === 0) this.#receiver.events.refused(this, reason);
      this.#add('refused', refused);
      this.#reason = reason;
    }
    this.#put(kept.length === 1 && kept[0] ? kept[0] : Buffer.concat(kept)); // what a frame brought is safe as a whole or not at all
  }

  /** Pass these on; with them, the stream stands as it does now. */
  #put(lines: Buffer): void {
    const { principal, epoch, received: committed, last, counts } = this;
    this.#lane.put(lines, committed, {
      principal, epoch, committed, last, ended: this.#end === committed, lines: counts.lines, refused: counts.refused, why: this.#reason,
      lost: this.#lost,
    });
  }

  #add(what: keyof Counts, n: number): void {
    this.counts[what] += n;
    this.#receiver.counts[what] += n;
  }

  #loss(frame: Frame): void {
    const { from, to, lines, reason } = readLoss(frame);
    if (from > this.received) throw new WireError('GAP', `bytes ${this.received} to ${from} are missing`);
    if (to <= this.received) return;
    if (this.#end !== undefined && to > this.#end) throw new WireError('FRAME', 'a loss behind the end');
    const bytes = to - this.received;
    this.#add('lost', bytes);
    this.#lost = { lines: this.#lost.lines + Math.min(lines, bytes), bytes: this.#lost.bytes + bytes, reason };
    this.#receiver.events.lost(this, { lines: Math.min(lines, bytes), bytes, reason });
    this.received = to;
    this.last = undefined;
    this.#put(NOTHING);
  }

  #takeEnd(frame: Frame): void {
    if (frame.offset !== this.received) {
      throw new WireError('GAP', `the stream ends at ${frame.offset}, but ${this.received} bytes are here`);
    }
    this.#end = frame.offset;
    if (this.empty) this.#finish(); // nothing to be kept of it
    else this.#put(NOTHING);
  }

  #commit(mark: number): void {
    this.committed = mark;
    if (this.#finish() || !this.peer) return;
    this.#receiver.answer(this, this.committed - this.#told >= this.#receiver.window / 4);
  }

  /** Say that all is committed, when it is. */
  #finish(): boolean {
    if (this.#end === undefined || this.committed !== this.#end) return false;
    this.ended = true;
    if (!this.peer || this.#toldEnd) return true;
    this.#toldEnd = true;
    this.#tellRefused();
    this.peer.send(control(TYPE.end, this.committed));
    return true;
  }

  /** Say how far things are. */
  acknowledge(): void {
    if (!this.peer || this.ended) return;
    this.#tellRefused();
    this.#told = this.committed;
    this.peer.send(ack(this.committed, this.#credit()));
  }

  #tellRefused(): void {
    const { refused } = this.counts;
    if (!this.peer || refused === this.#toldRefused) return;
    this.#toldRefused = refused;
    this.peer.send(lossFrame({ from: this.committed, to: this.committed, lines: refused, reason: this.#reason }));
  }

  #credit(): number {
    this.#limit = Math.max(this.#limit, this.committed + this.#receiver.window);
    return this.#limit;
  }
}

/** What the receiver wants done or known. */
export type Events = {
  /** Acknowledgements wait: call `acknowledge` soon. */
  due(): void;
  /** A sender has said that bytes will not come. */
  lost(session: Session, loss: { lines: number; bytes: number; reason: string }): void;
  /** Lines of the stream are refused for the first time. */
  refused(session: Session, reason: string): void;
};

/** How the stream of this principal and epoch stands, or undefined when it is not known. */
export type Recall = (principal: string, epoch: string) => Standing | undefined;

/** All streams of all senders. */
export class Receiver {
  readonly #rota: Rota;
  readonly #bounds: Bounds;
  readonly events: Events;
  /** Of all streams so far. */
  readonly counts: Counts = { lines: 0, bytes: 0, refused: 0, repeated: 0, lost: 0 };
  readonly #recall: Recall | undefined;
  readonly #sessions = new Map<string, Session>(); // those used last are the last
  readonly #due = new Set<Session>();
  #live = 0;

  /** With `recall`, streams are remembered elsewhere as well, for longer than this process lives. */
  constructor(rota: Rota, bounds: Bounds, events: Events, recall?: Recall) {
    this.#rota = rota;
    this.#bounds = bounds;
    this.events = events;
    this.#recall = recall;
  }

  /** Streams that have a connection now. */
  get live(): number {
    return this.#live;
  }

  /** Streams remembered. */
  get remembered(): number {
    return this.#sessions.size;
  }

  /** Bytes that each stream may have under way now. */
  get window(): number {
    const share = Math.floor(this.#bounds.total / Math.max(1, this.#live));
    return Math.min(this.#bounds.window, Math.max(MIN_WINDOW, share));
  }

  /** A sender has introduced itself over `peer`. `name` is what it is told it is called. */
  open(peer: Peer, principal: string, hello: Hello, name: string, filter?: Filter): { session: Session; known: boolean } {
    const key = keyOf(principal, hello.epoch);
    const old = this.#sessions.get(key);
    const stored = old ? undefined : this.#recall?.(principal, hello.epoch);
    // Where streams are remembered for long, one that is not known and whose sender holds less than all of it has been forgotten: it says so.
    const base = this.#recall ? hello.from : hello.base;
    const session = old ?? new Session(this, this.#rota, stored ?? newStanding(principal, hello.epoch, base));
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    this.#forget(session);
    if (!session.peer) this.#live++;
    session.filter = filter;
    const known = old !== undefined || stored !== undefined;
    session.join(peer, known, name);
    return { session, known };
  }

  /** A connection is gone. */
  close(peer: Peer, session: Session): void {
    if (session.peer !== peer) return;
    this.#live--;
    session.leave(peer);
    if (session.empty) this.#sessions.delete(keyOf(session.principal, session.epoch));
  }

  /** For Session: it has something to tell, `now` or soon. */
  answer(session: Session, now = false): void {
    if (now) {
      this.#due.delete(session);
      session.acknowledge();
      return;
    }
    this.#due.add(session);
    if (this.#due.size === 1) this.events.due();
  }

  /** Send the acknowledgements that are due. */
  acknowledge(): void {
    for (const session of this.#due) session.acknowledge();
    this.#due.clear();
  }

  /** Keep memory bounded: forget streams that have ended, and where there are none, those unused for longest. Never one in use. */
  #forget(spared: Session): void {
    for (const wanted of [(s: Session) => s.ended, () => true]) {
      if (this.#sessions.size <= this.#bounds.remembered) return;
      for (const [key, session] of this.#sessions) {
        if (session === spared || !session.idle || !wanted(session)) continue;
        this.#sessions.delete(key);
        if (this.#sessions.size <= this.#bounds.remembered) return;
      }
    }
  }
}

function keyOf(principal: string, epoch: string): string {
  return `${principal}\n${epoch}`;
}

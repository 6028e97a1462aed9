/** One connection of a sender that speaks lm/1, at the receiver. */
import type { TLSSocket } from 'node:tls';
import { errorFrame, goAwayFrame, readComplaint, readHello } from './messages.ts';
import { Pacer } from './pace.ts';
import type { Peer, Receiver, Session } from './receiver.ts';
import type { Guest } from './roster.ts';
import type { Figures } from './rollcall.ts';
import { control, FrameReader, MAX_PAYLOAD, TYPE, WireError, type Fault, type Frame } from './wire.ts';

const HELLO_MS = 10_000;
const TICK_MS = 5000;
const PING_TICKS = 2;
const SILENT_TICKS = 6;
const FRAME_TICKS = 6; // a frame must be whole within 30 s, and 1 s more for each SLOWEST bytes of it
const SLOWEST = 8192;
const UNREAD = 65_536; // answers that a sender leaves unread, then it is let go
const GOODBYE_MS = 1000; // for the last words to arrive

/** What the peer tells its door. */
export type PeerEvents = {
  /** It has introduced itself. */
  joined(known: boolean, agent: string): void;
  /** Bytes of unfinished frames that it holds have changed by so many, or lines have gone on their way. */
  held(change: number): void;
};

export class LmPeer implements Peer {
  readonly socket: TLSSocket;
  /** Why the connection ended, when it was not the sender's wish. */
  reason = '';
  session: Session | undefined;
  readonly #receiver: Receiver;
  readonly #events: PeerEvents;
  readonly #reader = new FrameReader();
  readonly #ticker: NodeJS.Timeout;
  readonly #hello: NodeJS.Timeout;
  readonly #pacer: Pacer;
  #guest: Guest;
  #announced = 0; // where the stream ends so far, as the sender last said
  #held = 0;
  #silent = 0;
  #ticks = 0;
  #frames = 0;
  #stuck = 0;
  #onHold = false;
  #over = false;

  constructor(socket: TLSSocket, guest: Guest, receiver: Receiver, events: PeerEvents) {
    this.socket = socket;
    this.#guest = guest;
    this.#receiver = receiver;
    this.#events = events;
    this.#pacer = new Pacer(guest.pace, () => this.#flow());
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
    this.#hello = setTimeout(() => this.dismiss('FRAME', 'no HELLO within 10 s'), HELLO_MS);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('end', () => socket.end());
    socket.on('close', () => this.#closed());
  }

  /** Bytes of an unfinished frame. */
  get held(): number {
    return this.#held;
  }

  get name(): string {
    return this.#guest.name;
  }

  /** How its stream stands, once it has introduced itself. */
  get figures(): Figures | undefined {
    if (!this.session) return undefined;
    const { counts, received, committed } = this.session;
    const behind = Math.max(this.#announced, received) - committed;
    return { lines: counts.lines, committed, behind, refused: counts.refused, lost: counts.lost, limited: this.#pacer.limited };
  }

  /** Its rate keeps it waiting now. */
  get limited(): boolean {
    return this.#pacer.waiting;
  }

  send(frame: Buffer): void {
    if (this.#over || !this.socket.writable) return;
    this.socket.write(frame);
    if (this.socket.writableLength > UNREAD) this.#drop('it does not read the answers');
  }

  fenced(): void {
    this.dismiss('FENCED', 'another connection has taken this stream over');
  }

  /** End the connection with a word why. */
  dismiss(code: Fault, reason: string): void {
    if (this.#over) return;
    this.reason = reason;
    this.#leave(errorFrame(code, reason));
  }

  /** Ask the sender to come again later; what it was acknowledged stands. */
  sendAway(reason: string, retry: number): void {
    if (this.#over) return;
    this.reason = reason;
    this.#leave(goAwayFrame(this.session?.committed ?? 0, { reason, retry }));
  }

  /** Stop or go on reading: memory is short. HELLO is read all the same: a sender that waits for its answer would begin anew. */
  hold(onHold: boolean): void {
    this.#onHold = onHold;
    this.#flow();
  }

  #flow(): void {
    if (this.#over || !this.session || !(this.#onHold || this.#pacer.waiting)) this.socket.resume();
    else this.socket.pause();
  }

  /** The list of authorized senders has changed. */
  update(guest: Guest): void {
    this.#guest = guest;
    if (this.session) this.session.filter = guest.filter;
    this.#pacer.change(guest.pace);
  }

  #take(chunk: Buffer): void {
    this.#silent = 0;
    if (this.#over) return;
    this.#pacer.spend(chunk.length);
    try {
      this.#reader.push(chunk, (frame) => this.#frame(frame));
    } catch (err) {
      if (!(err instanceof WireError)) throw err;
      this.dismiss(err.code, err.message);
    }
    this.#account();
  }

  #frame(frame: Frame): void {
    if (this.#over) return;
    if (frame.type === TYPE.error) {
      const { code, reason } = readComplaint(frame);
      this.#drop(`it says ${code}: ${reason}`);
    } else if (this.session) {
      if (frame.type === TYPE.ping) this.#announced = frame.offset;
      this.session.take(this, frame);
    } else if (frame.type === TYPE.hello) this.#join(frame);
    else throw new WireError('FRAME', 'a frame before HELLO');
  }

  #join(frame: Frame): void {
    const hello = readHello(frame);
    this.#announced = hello.tail ?? 0;
    clearTimeout(this.#hello);
    this.#reader.max = MAX_PAYLOAD;
    const { principal, name, filter } = this.#guest;
    const { session, known } = this.#receiver.open(this, principal, hello, name, filter);
    this.session = session;
    this.#events.joined(known, hello.agent);
    this.#flow();
  }

  #account(): void {
    const held = this.#over ? 0 : this.#reader.held;
    const change = held - this.#held;
    this.#held = held;
    this.#events.held(change);
  }

  /** While reading stands still by our own choice, nothing is expected of the sender. */
  #tick(): void {
    if (++this.#ticks % PING_TICKS === 0) this.send(control(TYPE.ping, this.session?.committed ?? 0));
    if (this.#onHold || this.#pacer.waiting || this.#over) return;
    if (++this.#silent > SILENT_TICKS) this.#drop('no sign of life for 30 s');
    const sameFrame = this.#reader.held > 0 && this.#reader.frames === this.#frames;
    this.#frames = this.#reader.frames;
    this.#stuck = sameFrame ? this.#stuck + 1 : 0;
    const patience = FRAME_TICKS + this.#reader.held / SLOWEST / (TICK_MS / 1000);
    if (this.#stuck > patience) this.#drop('it does not finish a frame');
  }

  /** Say the last words, then wait a little for the other side to close: closing at once would destroy what it has not read. */
  #leave(words: Buffer): void {
    this.#over = true;
    this.#pacer.stop();
    this.#account();
    if (this.session) this.#receiver.close(this, this.session);
    this.socket.end(words);
    this.socket.resume();
    const timer = setTimeout(() => this.socket.destroy(), GOODBYE_MS);
    this.socket.once('close', () => clearTimeout(timer));
  }

  #drop(reason: string): void {
    if (this.#over) return;
    this.reason = reason;
    this.socket.destroy();
  }

  #closed(): void {
    clearInterval(this.#ticker);
    clearTimeout(this.#hello);
    this.#pacer.stop();
    this.#over = true;
    this.#account();
    if (this.session) this.#receiver.close(this, this.session);
  }
}

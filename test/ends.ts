/** The two ends of lm/1 in one process, without a network: what is written, what arrives, and what is lost is for the test to say. */
import { readHello } from '../lib/messages.ts';
import { Receiver, type Bounds, type Filter, type Peer, type Session } from '../lib/receiver.ts';
import { Rota } from '../lib/rota.ts';
import { newStream as streamOf, SenderSession, type Stream } from '../lib/sender.ts';
import { Window } from '../lib/window.ts';
import { FrameReader, MAX_PAYLOAD, TYPE, type Frame } from '../lib/wire.ts';

export const WINDOW = 65_536;
export const BOUNDS: Bounds = { window: WINDOW, total: 1 << 28, remembered: 100 };

export function reader(): FrameReader {
  const r = new FrameReader();
  r.max = MAX_PAYLOAD;
  return r;
}

export type NewStream = Stream & { window: Window };

let epochs = 0;
export const newStream = (limit = 1 << 22): NewStream => ({
  ...streamOf(new Window(limit)), epoch: (++epochs).toString(16).padStart(32, '0'),
});

/** A receiver's memory, and its output so far; `crash` makes it forget everything but what was written. */
export class Far {
  out = '';
  /** Bytes that a sender said will not come. */
  lost = 0;
  rota = new Rota(() => {});
  receiver: Receiver;
  readonly #bounds: Bounds;

  constructor(bounds = BOUNDS) {
    this.#bounds = bounds;
    this.receiver = this.#begin();
  }

  #begin(): Receiver {
    return new Receiver(this.rota, this.#bounds, {
      due: () => {}, refused: () => {}, lost: (_, loss) => void (this.lost += loss.bytes),
    });
  }

  write(quantum = 65_536): void {
    const taken = this.rota.take(quantum);
    for (const { block } of taken) this.out += block.bytes.toString('latin1');
    this.rota.done(taken);
  }

  crash(): void {
    this.out = '';
    this.lost = 0;
    this.rota = new Rota(() => {});
    this.receiver = this.#begin();
  }
}

/** A connection: bytes under way in both directions, delivered in pieces, or never. */
export class Link implements Peer {
  readonly session: SenderSession;
  readonly far: Far;
  fencedOff = false;
  /** Where the sender's stream began for this receiver, once HELLO has come. */
  welcomed: { known: boolean; base: number; next: number } | undefined;
  readonly #incarnation: Receiver;
  readonly #filter: Filter | undefined;
  #toFar: Buffer;
  #toSender: Buffer = Buffer.alloc(0);
  #dead = false;
  readonly #acks: Frame[] = [];
  readonly #farReader = reader();
  readonly #senderReader = reader();
  #there: Session | undefined;

  constructor(far: Far, stream: Stream, filter?: Filter) {
    this.far = far;
    this.#filter = filter;
    this.#incarnation = far.receiver;
    this.session = new SenderSession(stream);
    this.#toFar = this.session.hello('test');
  }

  send(frame: Buffer): void {
    if (!this.#dead) this.#toSender = Buffer.concat([this.#toSender, frame]);
  }

  fenced(): void {
    this.fencedOff = true;
  }

  /** The sender writes up to n frames. */
  pump(n: number): void {
    for (; n > 0; n--) {
      const frame = this.session.next();
      if (!frame) return;
      this.#toFar = Buffer.concat([this.#toFar, frame]);
    }
  }

  /** n bytes arrive at the receiver, unless that is another by now. */
  deliver(n: number): void {
    const bytes = this.#toFar.subarray(0, n);
    this.#toFar = this.#toFar.subarray(n);
    if (this.#incarnation !== this.far.receiver) return;
    this.#farReader.push(Buffer.from(bytes), (frame) => {
      if (frame.type === TYPE.hello) {
        const { session, known } = this.far.receiver.open(this, 'web1', readHello(frame), 'web1', this.#filter);
        this.#there = session;
        this.welcomed = { known, base: frame.offset, next: session.received };
      } else this.#there?.take(this, frame);
    });
  }

  /** n bytes arrive at the sender. */
  answer(n: number): void {
    const bytes = this.#toSender.subarray(0, n);
    this.#toSender = this.#toSender.subarray(n);
    this.#senderReader.push(Buffer.from(bytes), (frame) => {
      if (frame.type === TYPE.ack) this.#acks.push({ ...frame, payload: Buffer.from(frame.payload) });
      this.session.take(frame);
    });
  }

  /** An acknowledgement that came before comes again. */
  repeat(n: number): void {
    const frame = this.#acks[n % Math.max(1, this.#acks.length)];
    if (frame && this.session.state === 'open') this.session.take(frame);
  }

  /** The receiver notices that the connection is gone; what it sent and has not arrived is lost. */
  close(): void {
    this.#dead = true;
    this.#toSender = Buffer.alloc(0);
    if (this.#there && this.#incarnation === this.far.receiver) this.far.receiver.close(this, this.#there);
  }
}

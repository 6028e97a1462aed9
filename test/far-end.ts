/** A receiver as a model: what it has of each stream outlives everything, and each connection can break after any frame. */
import { crc32 } from '../lib/crc.ts';
import { readHello, readLoss, welcomeFrame, type Last } from '../lib/messages.ts';
import { SenderSession, type Stream } from '../lib/sender.ts';
import { ack, control, FrameReader, MAX_PAYLOAD, TYPE, type Frame } from '../lib/wire.ts';

type Known = { received: number; last: Last | undefined; ended: boolean };

export class FarEnd {
  readonly streams = new Map<string, Known>();
  lines: string[] = [];
  lost = { lines: 0, bytes: 0 };
  /** Bytes a sender may have under way. */
  credit = 1 << 22;

  take(frame: Frame, known: Known): void {
    if (frame.type === TYPE.data) {
      const skip = known.received - frame.offset;
      if (skip < 0) throw new Error(`gap: ${known.received} to ${frame.offset}`);
      if (skip >= frame.payload.length) return;
      if (skip > 0 && frame.payload[skip - 1] !== 10) throw new Error('no line begins there');
      const payload = frame.payload.subarray(skip);
      this.lines.push(...payload.toString().split('\n').slice(0, -1));
      known.last = { offset: known.received, length: payload.length, crc: crc32(payload) };
      known.received += payload.length;
    } else if (frame.type === TYPE.loss) {
      const { from, to, lines } = readLoss(frame);
      if (from > known.received) throw new Error(`gap: ${known.received} to ${from}`);
      if (to <= known.received) return;
      this.lost.lines += lines;
      this.lost.bytes += to - known.received;
      known.received = to;
      known.last = undefined;
    } else if (frame.type === TYPE.end) {
      if (frame.offset !== known.received) throw new Error(`ends at ${frame.offset}, but ${known.received} are here`);
      known.ended = true;
    } else throw new Error('a frame out of place');
  }
}

/** A connection of a stream to the far end. */
export class Link {
  readonly session: SenderSession;
  readonly #far: FarEnd;
  readonly #there = new FrameReader();
  #known: Known | undefined;

  /** Says HELLO, and takes WELCOME. Throws Rollback. */
  constructor(far: FarEnd, stream: Stream) {
    this.#far = far;
    this.#there.max = MAX_PAYLOAD;
    this.session = new SenderSession(stream);
    this.#there.push(this.session.hello('test'), (frame) => {
      const { epoch, base } = readHello(frame);
      const old = far.streams.get(epoch);
      const known = old ?? { received: base, last: undefined, ended: false };
      far.streams.set(epoch, known);
      this.#known = known;
      const { received: next, last } = known;
      this.#back(welcomeFrame({ committed: next, next, limit: next + far.credit, known: old !== undefined, last, name: 'me' }));
    });
  }

  /** One frame goes over; with `answer` its acknowledgement comes back. False when there is nothing to send now. */
  step(answer = true): boolean {
    const frame = this.session.next();
    const known = this.#known;
    if (!frame || !known) {
      this.acknowledge();
      return false;
    }
    this.#there.push(frame, (read) => this.#far.take(read, known));
    if (answer) this.acknowledge();
    return true;
  }

  acknowledge(): void {
    const known = this.#known;
    if (!known || this.session.state !== 'open') return;
    this.#back(known.ended ? control(TYPE.end, known.received) : ack(known.received, known.received + this.#far.credit));
  }

  #back(bytes: Buffer): void {
    const reader = new FrameReader();
    reader.push(bytes, (frame) => this.session.take(frame));
  }
}

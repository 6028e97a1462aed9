/** The sender's side of lm/1 without its connection: one stream of lines, and one session of it after another. */
import { randomBytes } from 'node:crypto';
import type { Backlog } from './backlog.ts';
import {
  helloFrame, lossFrame, readComplaint, readGoAway, readLoss, readWelcome, type Complaint, type GoAway, type Welcome,
} from './messages.ts';
import { ackLimit, control, TYPE, WireError, type Frame } from './wire.ts';

/** What one process sends: `epoch` names it (128 random bits as hex) and changes only when the receiver holds other bytes under it. */
export type Stream = {
  readonly window: Backlog;
  epoch: string;
  /** Where the epoch begins: what is below was acknowledged under an earlier name. */
  from: number;
  /** Nothing more will be appended. */
  ended: boolean;
  /** An earlier process began it, and has left it on disk: there may have been more of it than the disk still has. */
  readonly left?: true;
  /** Lines that the receiver took but did not pass on, as it last said, and why; `earlier` by receivers that have forgotten the epoch. */
  refused: { lines: number; earlier: number; reason: string };
};

/** A new name for a stream. */
export function newEpoch(): string {
  return randomBytes(16).toString('hex');
}

/** A stream that begins with nothing sent: what its window takes from now on. */
export function newStream<W extends Backlog>(window: W): Stream & { readonly window: W } {
  return { window, epoch: newEpoch(), from: 0, ended: false, refused: { lines: 0, earlier: 0, reason: '' } };
}

/** Give what is not acknowledged a new name, under which it begins where the old one was acknowledged last. */
export function renew(stream: Stream): void {
  stream.from = stream.window.acked;
  stream.epoch = newEpoch();
}

/** The receiver holds other bytes than ours under this epoch, or more: the epoch must be given up. */
export class Rollback extends Error {}

/** Where a session is: `done` when all is acknowledged and the end agreed; `over` when the receiver ended it first. */
export type SessionState = 'hello' | 'open' | 'done' | 'over';

/** One connection's talk. Frames that arrived go into `take`; what may be written comes out of `next`. */
export class SenderSession {
  state: SessionState = 'hello';
  /** Why the receiver ended the session, when `state` is `over`. */
  goAway: GoAway | undefined;
  complaint: Complaint | undefined;
  /** Name under which the receiver knows this sender. */
  name = '';
  /** Bytes are acknowledged that were not when the session began. */
  progressed = false;
  /** Where the receiver was when it said WELCOME, if all of that was safe. */
  settled: number | undefined;
  /** Something about the stream that people should know, found when the session began. */
  remark: string | undefined;
  readonly #stream: Stream;
  #sent = 0; // end of what was sent or already there
  #committed = 0; // as this receiver says
  #end = 0; // where the stream ends, as END said
  #limit = 0;
  #loss: Buffer | undefined;
  #endSent = false;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  /** The frame to begin with. */
  hello(agent: string): Buffer {
    const { epoch, from, window } = this.#stream;
    return helloFrame({ epoch, from, base: Math.max(from, window.base), tail: window.tail, agent });
  }

  /** Throws WireError when the receiver breaks the protocol, Rollback when the epoch is of no use any more. */
  take(frame: Frame): void {
    if (this.state === 'done' || this.state === 'over') return;
    switch (frame.type) {
      case TYPE.ping:
        return;
      case TYPE.goaway:
        this.goAway = readGoAway(frame);
        if (this.state === 'open') this.#release(frame.offset);
        this.state = 'over';
        return;
      case TYPE.error:
        this.complaint = readComplaint(frame);
        this.state = 'over';
        return;
    }
    if (this.state === 'hello' && frame.type === TYPE.welcome) this.#welcome(readWelcome(frame));
    else if (this.state === 'open' && frame.type === TYPE.ack) this.#ack(frame);
    else if (this.state === 'open' && frame.type === TYPE.loss) this.#refused(frame);
    else if (this.state === 'open' && frame.type === TYPE.end) this.#finish(frame);
    else throw new WireError('FRAME', 'a frame out of place');
  }

  #welcome(welcome: Welcome): void {
    const { window, refused } = this.#stream;
    const { next, known } = welcome;
    this.#compare(welcome);
    const from = Math.max(next, window.lowest);
    if (next < from) {
      this.#loss = lossFrame({ from: next, to: from, lines: 0, reason: 'acknowledged before, then forgotten by the receiver' });
    }
    if (!known) this.#stream.refused = { ...refused, earlier: refused.earlier + refused.lines, lines: 0 };
    this.#sent = from;
    window.sent = from;
    this.#release(welcome.committed);
    this.#limit = welcome.limit;
    if (welcome.committed === next) this.settled = next;
    this.name = welcome.name;
    this.state = 'open';
  }

  /** Does the receiver hold what we sent? Throws Rollback. */
  #compare({ next, last }: Welcome): void {
    const { window, left } = this.#stream;
    window.seal(); // only frames can be compared
    if (next > window.tail) {
      if (!left) throw new Rollback(`receiver has ${next} bytes of this stream, which has ${window.tail}`);
      this.remark = `the receiver has ${next} bytes of a stream of which ${window.tail} are in the spool: `
        + 'the disk has lost its end, or an older copy was put back; nothing of it is sent again';
    } else if (last && last.offset + last.length === next) {
      const crc = window.crc(last.offset, last.length);
      if (crc !== undefined && crc !== last.crc) throw new Rollback(`receiver has other bytes than these at ${last.offset}`);
    }
  }

  #ack(frame: Frame): void {
    this.#release(frame.offset);
    this.#limit = Math.max(this.#limit, ackLimit(frame));
  }

  #release(offset: number): void {
    if (offset > this.#sent) throw new WireError('FRAME', 'bytes acknowledged that were not sent');
    const { window } = this.#stream;
    if (offset > window.acked || (this.state === 'open' && offset > this.#committed)) this.progressed = true;
    this.#committed = Math.max(this.#committed, offset);
    window.release(offset);
  }

  #refused(frame: Frame): void {
    const { lines, reason } = readLoss(frame);
    const { refused } = this.#stream;
    if (lines > refused.lines) this.#stream.refused = { ...refused, lines, reason };
  }

  #finish(frame: Frame): void {
    if (!this.#endSent || frame.offset !== this.#end) throw new WireError('FRAME', 'an END out of place');
    this.#release(frame.offset);
    this.state = 'done';
  }

  /**
   * The next frame to write now, or undefined until there is more to say: credit or lines are missing. A frame goes out when it ends
   * within the credit; with nothing unacknowledged one frame always may, so that a line longer than the credit gets through.
   */
  next(): Buffer | undefined {
    if (this.state !== 'open') return undefined;
    const loss = this.#loss;
    if (loss) {
      this.#loss = undefined;
      return loss;
    }
    const { window, ended } = this.#stream;
    const frame = window.at(this.#sent);
    if (frame) {
      const limit = Math.min(this.#limit, this.#committed + window.flight);
      if (frame.end > limit && !frame.loss && this.#committed < Math.max(frame.offset, this.#sent)) return undefined;
      this.#sent = window.sent = frame.end;
      return frame.bytes;
    }
    if (!ended || window.open || this.#endSent || this.#sent < window.sealed) return undefined;
    this.#endSent = true;
    this.#end = Math.max(this.#sent, window.tail);
    return control(TYPE.end, this.#end);
  }

  /** Whether all frames that are built have been sent. */
  get caughtUp(): boolean {
    return this.state === 'open' && this.#sent >= this.#stream.window.sealed;
  }
}

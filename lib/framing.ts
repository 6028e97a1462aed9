/** Records of lines that have no stream id: a receiver puts them under their sender's name. */
import { Framer } from './framer.ts';
import { isStreamId, MAX_ID } from './stream-id.ts';
import { newRun, recordBuffer } from './record-writer.ts';

const MAX = 65_536; // bytes of a line in one record, as lm-frame has it

let shared: Buffer | undefined; // one buffer for all senders: what is made in it is copied at once

/** A stream id for a sender's name or its address: the same text, but for what an id may not hold. */
export function streamIdOf(name: string): string {
  const id = name.replace(/[^A-Za-z0-9._/@:-]|\.(?=\.)/g, '-').replace(/^[^A-Za-z0-9]/, '0$&').slice(0, MAX_ID);
  return isStreamId(id) ? id : 'unnamed';
}

/** One run of a sender's stream. */
export class Framing {
  readonly #framer: Framer;

  constructor(name: string) {
    this.#framer = new Framer({ id: streamIdOf(name), run: newRun(), max: MAX, buffer: shared ??= recordBuffer() });
  }

  /** Whole lines in, blocks of whole records out, which arrive now. Lines longer than 64 KiB take several records. */
  frame(lines: Buffer): Buffer[] {
    return Array.from(this.#framer.push(lines, Date.now()), (block) => Buffer.from(block));
  }
}

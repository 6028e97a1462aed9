/** Which lines of a sender may pass: by the stream id of each record. */
import { isUtf8 } from 'node:buffer';
import type { Sender } from './authorized.ts';
import type { Filter } from './receiver.ts';
import { RecordReader } from './record.ts';

const LF = 10;
const MAX_READERS = 8;
const UNFRAMED = 'unframed';

/**
 * Reads the stream id of each line as viewers do: a line that is no record has the id `unframed`. Streams that come mixed have a reader
 * each, since a reader is fast as long as its lines begin alike.
 */
class Ids {
  readonly #readers: { prefix: Buffer; reader: RecordReader }[] = [];
  readonly #any = new RecordReader();

  of(bytes: Buffer, start: number, end: number): string {
    const at = this.#readers.findIndex(({ prefix }) => startsWith(bytes, start, end, prefix));
    const known = this.#readers[at];
    const reader = known?.reader ?? this.#any;
    if (at > 0 && known) {
      this.#readers.splice(at, 1);
      this.#readers.unshift(known);
    }
    if (reader.read(bytes, start, end) !== undefined) return UNFRAMED;
    if (!known && reader.canonical) {
      this.#readers.unshift({ prefix: Buffer.from(`{"id":"${reader.id}",`), reader: new RecordReader() });
      this.#readers.length = Math.min(this.#readers.length, MAX_READERS);
    }
    return reader.id;
  }
}

function startsWith(bytes: Buffer, start: number, end: number, prefix: Buffer): boolean {
  if (end - start < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (bytes[start + i] !== prefix[i]) return false;
  return true;
}

/** The filter for this sender's lines, or undefined when it may send everything. */
export function lineFilter(sender: Sender): Filter | undefined {
  if (sender.patterns.includes('*')) return undefined;
  const ids = new Ids();
  return (bytes) => {
    const kept: Buffer[] = [];
    const valid = isUtf8(bytes);
    let [lines, refused, reason, from] = [0, 0, '', 0];
    for (let start = 0, next = 0; start < bytes.length; start = next) {
      const end = bytes.indexOf(LF, start);
      next = end + 1;
      const id = valid || isUtf8(bytes.subarray(start, end)) ? ids.of(bytes, start, end) : UNFRAMED;
      if (sender.allows(id)) {
        lines++;
        continue;
      }
      if (from < start) kept.push(bytes.subarray(from, start));
      from = next;
      if (refused++ === 0) reason = `stream ${id} is not allowed for ${sender.name}`;
    }
    if (from < bytes.length) kept.push(bytes.subarray(from));
    return { kept, lines, refused, reason };
  };
}

/** Which lines of a sender may pass, by the stream id of each record, and which are made records first. */
import { isUtf8 } from 'node:buffer';
import type { Sender } from './authorized.ts';
import type { Framing } from './framing.ts';
import type { Filter } from './receiver.ts';
import { RecordReader } from './record.ts';

const LF = 10;
const MAX_READERS = 8;
const UNFRAMED = 'unframed';

/**
 * Reads the stream id of each line as viewers do: undefined for a line that is no record, or has none. Streams that come mixed have a
 * reader each, since a reader is fast as long as its lines begin alike.
 */
class Ids {
  readonly #readers: { prefix: Buffer; reader: RecordReader }[] = [];
  readonly #any = new RecordReader();

  of(bytes: Buffer, start: number, end: number): string | undefined {
    const at = this.#readers.findIndex(({ prefix }) => startsWith(bytes, start, end, prefix));
    const known = this.#readers[at];
    const reader = known?.reader ?? this.#any;
    if (at > 0 && known) {
      this.#readers.splice(at, 1);
      this.#readers.unshift(known);
    }
    if (reader.read(bytes, start, end) !== undefined || !reader.hasId) return undefined;
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

/** What becomes of a line. */
type Fate = 'pass' | 'frame' | 'refuse';

/**
 * The filter for this sender's lines, or undefined when it may send everything. With `framing`, lines without a stream id become records
 * of the sender's own stream, whatever the patterns are: those are about ids that the sender chooses.
 */
export function lineFilter(sender: Sender, framing?: Framing): Filter | undefined {
  const all = sender.patterns.includes('*');
  if (all && !framing) return undefined;
  const ids = new Ids();
  return (bytes) => {
    const kept: Buffer[] = [];
    const valid = isUtf8(bytes);
    let [lines, refused, reason, from, fate]: [number, number, string, number, Fate] = [0, 0, '', 0, 'pass'];
    const settle = (to: number): void => {
      if (from < to && fate === 'pass') kept.push(bytes.subarray(from, to));
      else if (from < to && fate === 'frame' && framing) kept.push(...framing.frame(bytes.subarray(from, to)));
      from = to;
    };
    for (let start = 0, next = 0; start < bytes.length; start = next) {
      const end = bytes.indexOf(LF, start);
      next = end + 1;
      const id = valid || isUtf8(bytes.subarray(start, end)) ? ids.of(bytes, start, end) : undefined;
      const its: Fate = id === undefined && framing ? 'frame' : all || sender.allows(id ?? UNFRAMED) ? 'pass' : 'refuse';
      if (its !== fate) settle(start);
      fate = its;
      if (its !== 'refuse') lines++;
      else if (refused++ === 0) reason = `stream ${id ?? UNFRAMED} is not allowed for ${sender.name}`;
    }
    settle(bytes.length);
    return { kept, lines, refused, reason };
  };
}

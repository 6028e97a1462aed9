/** Which lines of a sender may pass, by the stream id of each record, and which are made records first. */
import { isUtf8 } from 'node:buffer';
import type { Sender } from './authorized.ts';
import type { Framing } from './framing.ts';
import { Form, nextLine } from './line-form.ts';
import type { Filter } from './receiver.ts';
import { RecordReader } from './record.ts';

const MAX_STREAMS = 16;
const UNFRAMED = 'unframed';

/** Records of one stream: most have the form; a reader of their own reads the others fast, since it knows how they begin. */
type Known = { id: string; allowed: boolean; form: Form; reader: RecordReader };

/** Reads the stream id of each line as viewers do: a line that is no record, or has none, has the id `unframed`. */
class Ids {
  /** The id of the line that was read last, whether the line says it itself, and whether it may pass. */
  id = UNFRAMED;
  named = false;
  allowed = false;
  readonly #sender: Sender;
  #streams: Known[] = [];
  readonly #any = new RecordReader();

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  /** Read the line at `start`; returns where the next one begins. The bytes are valid UTF-8. */
  read(bytes: Buffer, start: number): number {
    for (const known of this.#streams) {
      if (!known.form.begins(bytes, start)) continue;
      const end = known.form.end(bytes, start);
      if (end > 0) {
        this.id = known.id;
        this.named = true;
        this.allowed = known.allowed;
        return end;
      }
      return this.#slowly(bytes, start, known.reader);
    }
    return this.#slowly(bytes, start, this.#any);
  }

  #slowly(bytes: Buffer, start: number, reader: RecordReader): number {
    const next = nextLine(bytes, start);
    const end = next - 1;
    this.is(reader.read(bytes, start, end) === undefined && reader.hasId ? reader.id : undefined);
    if (reader === this.#any && this.named && reader.canonical && reader.run !== '') {
      const form = Form.of(bytes, start, end, reader.id, reader.run, reader.tail);
      const known = form && { id: this.id, allowed: this.allowed, form, reader: new RecordReader() };
      if (known) this.#streams = [known, ...this.#streams].slice(0, MAX_STREAMS);
    }
    return next;
  }

  /** The line read last says that it has this id, or none. */
  is(id: string | undefined): void {
    this.named = id !== undefined;
    this.id = id ?? UNFRAMED;
    this.allowed = this.#sender.allows(this.id);
  }
}

/** What becomes of a line. */
type Fate = 'pass' | 'frame' | 'refuse';

/**
 * The filter for this sender's lines, or undefined when it may send everything. With `framing`, lines without a stream id become records
 * of the sender's own stream, whatever the patterns are: those are about ids that the sender chooses.
 */
export function lineFilter(sender: Sender, framing?: Framing): Filter | undefined {
  if (sender.patterns.includes('*') && !framing) return undefined;
  const ids = new Ids(sender);
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
      if (valid || isUtf8(bytes.subarray(start, nextLine(bytes, start)))) next = ids.read(bytes, start);
      else {
        next = nextLine(bytes, start);
        ids.is(undefined);
      }
      const its: Fate = framing && !ids.named ? 'frame' : ids.allowed ? 'pass' : 'refuse';
      if (its !== fate) settle(start);
      fate = its;
      if (its !== 'refuse') lines++;
      else if (refused++ === 0) reason = `stream ${ids.id} is not allowed for ${sender.name}`;
    }
    settle(bytes.length);
    return { kept, lines, refused, reason };
  };
}

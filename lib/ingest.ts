/** From lines to entries: every record is accounted for and copied into the feed, everything else is kept as `unframed`. */
import { isUtf8 } from 'node:buffer';
import { Account, type Run } from './account.ts';
import { BatchBuilder, KIND, MAX_COUNT } from './batch.ts';
import { RecordReader } from './record.ts';
import { bareMessage, canonical, type Line, unframed } from './rewrite.ts';
import type { Ring } from './ring.ts';
import { type Stream, Streams } from './streams.ts';

/** A batch is closed when it has so many bytes (and its last line). */
export const BATCH_BYTES = 256 * 1024;

const LF = 10;
const QUOTE = 0x22;
const SLOTS = 8192;

/** What was last read of one run: what most records need is found without a search. */
class Slot {
  readonly reader = new RecordReader();
  stream: Stream | undefined;
  run: Run | undefined;
}

/** Everything that was counted since the start. */
export class Counts {
  /** Lines and bytes that came in, of whatever kind. */
  received = 0;
  bytes = 0;
  /** Records that were given an entry. */
  records = 0;
  /** Lines that were no records, in all and by reason. */
  malformed = 0;
  readonly reasons = new Map<string, number>();
  /** Records dropped because their number had come before, or was given up long ago. */
  duplicates = 0;
  stale = 0;
  /** Numbers reported missing, and those of them that came after all. */
  lost = 0;
  late = 0;
  /** Signs of life and ends that writers sent. */
  beats = 0;
}

/** One way in for lines. Records of one run must come through one of them, in order. */
export class Source {
  readonly #slots = new Map<number, Slot>();

  /** The slot for the line at `start`: the same for all lines that begin with the same id and run. */
  slot(bytes: Uint8Array, start: number, end: number): Slot {
    let hash = 0;
    let at = start + 7; // behind {"id":"
    for (; at < end && bytes[at] !== QUOTE; at++) hash = (Math.imul(hash, 31) + (bytes[at] as number)) | 0;
    if (bytes[at + 3] === 0x72) { // ","run":"
      for (at += 9; at < end && bytes[at] !== QUOTE; at++) hash = (Math.imul(hash, 31) + (bytes[at] as number)) | 0;
    }
    let slot = this.#slots.get(hash);
    if (!slot) {
      if (this.#slots.size >= SLOTS) this.#slots.clear();
      slot = new Slot();
      this.#slots.set(hash, slot);
    }
    return slot;
  }
}

/** Takes blocks of lines from any number of sources, and appends batches of entries to the ring. */
export class Ingest {
  readonly counts = new Counts();
  readonly streams = new Streams();
  readonly account = new Account();
  readonly #ring: Ring;
  readonly #builder = new BatchBuilder();
  #copied = 0; // the block in hand: bytes before it are dealt with; those from it to the line in hand are to be copied

  constructor(ring: Ring) {
    this.#ring = ring;
  }

  /** Entries that are not in the ring yet. */
  get pending(): number {
    return this.#builder.count;
  }

  /** Take in whole lines, each with its newline, that arrived at `now` (ms). Nothing of the block is kept. */
  push(source: Source, block: Buffer, now: number): void {
    const valid = isUtf8(block);
    this.counts.bytes += block.length;
    this.#copied = 0;
    for (let start = 0; start < block.length; ) {
      const end = block.indexOf(LF, start);
      if (end < 0) throw new Error('a block does not end in a newline');
      this.counts.received++;
      const slot = source.slot(block, start, end);
      const bad = valid || isUtf8(block.subarray(start, end)) ? slot.reader.read(block, start, end) : 'invalid UTF-8';
      if (bad !== undefined) this.#keepBad(block, start, end, bad, now);
      else if (slot.reader.kind !== 'line') this.#beat(slot, block, start, end, now);
      else if (!slot.reader.hasId) this.#keepBad(block, start, end, 'no id', now, slot.reader);
      else this.#record(slot, block, start, end, now);
      start = end + 1;
      if (this.#builder.length + start - this.#copied >= BATCH_BYTES || this.#builder.count >= MAX_COUNT - 16) {
        this.#copy(block, start, start);
        this.flush();
      }
    }
    this.#copy(block, block.length, block.length);
  }

  /** Make what is pending visible. */
  flush(): void {
    if (this.#builder.count === 0) return;
    const batch = this.#builder.take(this.#ring.next);
    const last = new Map<number, number>();
    for (let i = 0; i < batch.count; i++) if (batch.kinds[i] !== KIND.mark) last.set(batch.streams[i] as number, i);
    for (const [stream, i] of last) {
      const of = this.streams.of(batch.ids[stream] as string);
      of.keepSample(batch.bytes, batch.msgs[2 * i] as number, batch.msgs[2 * i + 1] as number);
    }
    this.#ring.append(batch);
  }

  /** Copy the lines up to `end` that are taken as they are; the next such line begins at `next` or later. */
  #copy(block: Buffer, end: number, next: number): void {
    if (end > this.#copied) this.#builder.append(block, this.#copied, end);
    this.#copied = next;
  }

  #record(slot: Slot, block: Buffer, start: number, end: number, now: number): void {
    const { reader } = slot;
    const stream = this.#stream(slot, reader.id);
    if (reader.run !== '' && !this.#accept(slot, stream, block, start, end, now)) return;
    stream.line(end - start + 1, now);
    this.counts.records++;
    if (!reader.canonical) {
      this.#copy(block, start, end + 1);
      this.#put(reader.id, KIND.line, canonical(reader, block, start, now), now);
      return;
    }
    const builder = this.#builder;
    if (builder.count === 0) builder.ts = now;
    const at = builder.length - this.#copied;
    builder.note(reader.id, KIND.line, at + reader.msgStart, at + reader.msgEnd, at + end + 1);
  }

  /** Account for a numbered record. False: it is dropped. */
  #accept(slot: Slot, stream: Stream, block: Buffer, start: number, end: number, now: number): boolean {
    const run = this.#run(slot);
    const verdict = run.see(slot.reader.n);
    if (verdict === 'next') return true;
    if (verdict === 'first') stream.pulse.begin(now);
    else if (verdict === 'gap') {
      this.#copy(block, start, start);
      this.#lost(run, stream, run.gapFrom, slot.reader.n - 1, now);
    } else if (verdict === 'late') {
      this.counts.late++;
      stream.lost--;
    } else if (verdict === 'duplicate' || verdict === 'stale') {
      this.#copy(block, start, end + 1);
      if (verdict === 'stale') this.counts.stale++;
      else this.counts.duplicates++;
      stream.duplicates++;
      return false;
    }
    return true;
  }

  #beat(slot: Slot, block: Buffer, start: number, end: number, now: number): void {
    const { reader } = slot;
    this.counts.beats++;
    this.#copy(block, start, end + 1);
    if (!reader.hasId) return;
    const stream = this.#stream(slot, reader.id);
    const run = reader.run === '' ? undefined : this.#run(slot);
    if (run?.next === 0) stream.pulse.begin(now);
    if (reader.kind === 'beat') stream.pulse.beat(now);
    else stream.pulse.end(now);
    if (run?.upTo(reader.n)) this.#lost(run, stream, run.gapFrom, reader.n, now);
    if (reader.kind !== 'end') return;
    this.#mark(reader.id, { '@': 'end', id: reader.id, run: reader.run, ts: now }, now);
  }

  #lost(run: Run, stream: Stream, from: number, to: number, now: number): void {
    const lines = to - from + 1;
    this.counts.lost += lines;
    stream.lost += lines;
    this.#mark(run.id, { '@': 'lost', id: run.id, run: run.token, from, to, lines, ts: now }, now);
  }

  #keepBad(block: Buffer, start: number, end: number, bad: string, now: number, reader?: RecordReader): void {
    this.#copy(block, start, end + 1);
    this.counts.malformed++;
    this.counts.reasons.set(bad, (this.counts.reasons.get(bad) ?? 0) + 1);
    this.streams.of('unframed').line(end - start + 1, now);
    const message = reader && bareMessage(reader, block, start, now);
    for (const line of message ? [message] : unframed(block, start, end, bad, now)) this.#put('unframed', KIND.unframed, line, now);
  }

  #mark(id: string, mark: Record<string, string | number>, now: number): void {
    this.#put(id, KIND.mark, { bytes: Buffer.from(`${JSON.stringify(mark)}\n`), from: 0, to: 0 }, now);
  }

  #put(id: string, kind: 0 | 1 | 2, line: Line, now: number): void {
    if (this.#builder.count === 0) this.#builder.ts = now;
    const at = this.#builder.append(line.bytes, 0, line.bytes.length);
    this.#builder.note(id, kind, at + line.from, at + line.to, at + line.bytes.length);
  }

  #stream(slot: Slot, id: string): Stream {
    const known = slot.stream;
    if (known && known.id === id && !known.forgotten) return known;
    return (slot.stream = this.streams.of(id));
  }

  #run(slot: Slot): Run {
    const { id, run: token } = slot.reader;
    const known = slot.run;
    if (known && known.token === token && known.id === id && !known.forgotten) return known;
    return (slot.run = this.account.run(id, token));
  }
}

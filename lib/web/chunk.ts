/** About a thousand lines of the store, kept as bytes: half the memory of strings, and dropped whole. */
import { unescapeTo } from '../json-text.ts';
import { isLine, type Kind, type Label } from './kind.ts';

/** The most rows of a chunk, and the bytes at which it takes no further row. */
export const CHUNK_ROWS = 1024;
export const CHUNK_BYTES = 256 * 1024;

/** A line may begin with U+FEFF: that is a character of it. */
const KEEP = { ignoreBOM: true };
const decoder = new TextDecoder('utf-8', KEEP);
const encoder = new TextEncoder();
const NONE = new Uint8Array(0);

export class Chunk {
  /** Position of the first row in the store, counted from the first row it ever held. */
  readonly first: number;
  /** Rows held, and how many of them are lines. */
  count = 0;
  lines = 0;
  /** Names of the streams of these rows; rows hold indexes into it, '' is the page itself. */
  readonly names: string[] = [];
  readonly kinds = new Uint8Array(CHUNK_ROWS);
  readonly ids = new Uint16Array(CHUNK_ROWS);
  /** For each row where its text ends and where the keys after it end; the next row's text begins there. */
  readonly ends = new Uint32Array(CHUNK_ROWS * 2);
  bytes: Uint8Array<ArrayBuffer>;
  sealed = false;
  /** For each row its traits, its time, and its number within its run. */
  readonly traits = new Uint8Array(CHUNK_ROWS);
  readonly ts = new Float64Array(CHUNK_ROWS);
  readonly ns = new Float64Array(CHUNK_ROWS);
  readonly #runs: string[] = [];
  readonly #runOf = new Uint16Array(CHUNK_ROWS);

  /** `room` is where its text is put until it is sealed: an earlier chunk's, used again, since buffers that grow anew each time cost much. */
  constructor(first: number, room: Uint8Array<ArrayBuffer> = new Uint8Array(32 * 1024)) {
    this.first = first;
    this.bytes = room;
  }

  get used(): number {
    return this.count === 0 ? 0 : (this.ends[this.count * 2 - 1] as number);
  }

  get full(): boolean {
    return this.sealed || this.count === CHUNK_ROWS || this.used >= CHUNK_BYTES;
  }

  /** Bytes this chunk takes: text and what is kept for each row. */
  get size(): number {
    return this.bytes.length + CHUNK_ROWS * 30;
  }

  /**
   * Add a row: its text is from[start, end), escaped as in JSON if `escaped`; the keys that followed it are from[end + 1, tailEnd).
   */
  add(label: Label, from: Uint8Array, start: number, end: number, escaped: boolean, tailEnd = end): void {
    const tailStart = Math.min(end + 1, tailEnd);
    let at = this.used;
    this.#reserve(at + (tailEnd - start));
    if (escaped) at = unescapeTo(this.bytes, at, from, start, end);
    else if (end - start < 300) for (let i = start; i < end; i++) this.bytes[at++] = from[i] as number;
    else {
      this.bytes.set(from.subarray(start, end), at);
      at += end - start;
    }
    const row = this.count;
    this.ends[row * 2] = at;
    if (tailEnd > tailStart + 1) this.bytes.set(from.subarray(tailStart, tailEnd), at);
    this.ends[row * 2 + 1] = at + (tailEnd > tailStart + 1 ? tailEnd - tailStart : 0);
    this.kinds[row] = label.kind;
    this.ids[row] = indexIn(this.names, label.id);
    this.#runOf[row] = indexIn(this.#runs, label.run);
    this.ns[row] = label.n;
    this.ts[row] = label.ts;
    this.traits[row] = label.traits;
    if (isLine(label.kind)) this.lines++;
    this.count++;
  }

  /** Add a note of the page, whose text is given. */
  note(label: Label, text: string): void {
    const bytes = encoder.encode(text);
    this.add(label, bytes, 0, bytes.length, false);
  }

  /** The chunk takes no further row: it moves into as much memory as it needs. Gives the room it leaves, for the next one. */
  seal(): Uint8Array<ArrayBuffer> {
    const room = this.bytes;
    this.bytes = room.slice(0, this.used);
    this.sealed = true;
    return room;
  }

  label(row: number): Label {
    return {
      kind: this.kinds[row] as Kind,
      id: this.names[this.ids[row] as number] ?? '',
      run: this.#runs[this.#runOf[row] as number] ?? '',
      n: this.ns[row] as number,
      ts: this.ts[row] as number,
      traits: this.traits[row] as number,
    };
  }

  /** Where the text of a row begins and ends in `bytes`. */
  start(row: number): number {
    return row === 0 ? 0 : (this.ends[row * 2 - 1] as number);
  }

  end(row: number): number {
    return this.ends[row * 2] as number;
  }

  /** The text of a row, or of its first `max` bytes (a character cut in the middle is left out). */
  text(row: number, max = Infinity): string {
    const start = this.start(row);
    const end = this.end(row);
    if (end - start <= max) return decoder.decode(this.bytes.subarray(start, end));
    return new TextDecoder('utf-8', KEEP).decode(this.bytes.subarray(start, start + max), { stream: true });
  }

  /** The keys that followed msg in the record, as `,"host":"web1"}`; '' for none, or for more than `max` bytes. */
  tail(row: number, max = Infinity): string {
    const [start, end] = [this.end(row), this.ends[row * 2 + 1] as number];
    return end === start || end - start > max ? '' : decoder.decode(this.bytes.subarray(start, end));
  }

  #reserve(size: number): void {
    if (size <= this.bytes.length) return;
    const old = this.bytes;
    this.bytes = new Uint8Array(Math.max(size, old.length * 2));
    this.bytes.set(this.count === 0 ? NONE : old.subarray(0, this.used));
  }
}

/** The index of a name, added if it is new: a chunk holds few. */
function indexIn(names: string[], name: string): number {
  const known = names.indexOf(name);
  return known >= 0 ? known : names.push(name) - 1;
}

/** The lines that this tab holds: the newest, bounded in number and bytes, each at a position that never changes. */
import { Chunk } from './chunk.ts';
import { Errors } from './errors.ts';
import { isError, isLine, type Label } from './kind.ts';
import { LIMITS, type Limits } from './limits.ts';
import { Places } from './places.ts';

/** Room that one long line has made longer than this is not kept, bytes. */
const MAX_ROOM = 1024 * 1024;

export class Store {
  readonly errors = new Errors();
  readonly places = new Places();
  /** Oldest first; only the last one takes rows. */
  readonly chunks: Chunk[] = [];
  /** Lines held, and lines that were held once and have been dropped for newer ones. */
  lines = 0;
  dropped = 0;
  readonly #limits: Limits;
  #room: Uint8Array<ArrayBuffer> | undefined; // left by a chunk that was sealed
  #sealedBytes = 0;
  #next: number; // position of the next chunk's first row, if that is beyond the last one's end

  /** `start` is the position of the first row. */
  constructor(limits: Limits = LIMITS, start = 0) {
    this.#limits = limits;
    this.#next = start;
  }

  /** Position of the oldest row held, and the one after the newest. */
  get first(): number {
    return this.chunks[0]?.first ?? this.#next;
  }

  get end(): number {
    const last = this.chunks.at(-1);
    return last ? last.first + last.count : this.#next;
  }

  get bytes(): number {
    const last = this.chunks.at(-1);
    return this.#sealedBytes + (last && !last.sealed ? last.size : 0);
  }

  /** How many older lines it could take: none once lines have been dropped, since those would be missing behind them. */
  get room(): number {
    return this.dropped > 0 || this.bytes >= this.#limits.bytes ? 0 : Math.max(0, this.#limits.lines - this.lines);
  }

  /** Leave room for so many rows behind the last one; gives the position of the first of them. */
  leave(rows: number): number {
    const { end } = this;
    this.#close();
    this.#next = end + rows;
    return end;
  }

  /** Put the rows of another store, which began in such a room or before all rows, where they belong. */
  fill(other: Store): void {
    other.#close();
    this.chunks.splice(this.indexOf(other.first), 0, ...other.chunks);
    this.places.add(other.places);
    this.lines += other.lines;
    this.#sealedBytes += other.#sealedBytes;
  }

  /** The next row is this entry of the server's. */
  place(epoch: string, seq: number): void {
    this.places.put(epoch, seq, Math.max(this.end, this.#next));
  }

  /** Add a row; see Chunk.add. */
  add(label: Label, from: Uint8Array, start: number, end: number, escaped: boolean, tailEnd = end): void {
    const chunk = this.#open();
    chunk.add(label, from, start, end, escaped, tailEnd);
    if (!isLine(label.kind)) return;
    this.lines++;
    if (isError(label.traits)) this.errors.add(label.id);
  }

  /** Add a note of the page itself. */
  note(label: Label, text: string): void {
    this.#open().note(label, text);
  }

  /** Drop the oldest chunks while there is too much; gives those dropped. Called between blocks, so that it costs nothing a line. */
  trim(): Chunk[] {
    const gone: Chunk[] = [];
    while (this.chunks.length > 1 && (this.lines > this.#limits.lines || this.bytes > this.#limits.bytes)) {
      const chunk = this.chunks.shift() as Chunk;
      if (chunk.sealed) this.#sealedBytes -= chunk.size;
      this.lines -= chunk.lines;
      this.dropped += chunk.lines;
      gone.push(chunk);
    }
    return gone;
  }

  /** The chunk that holds a position, undefined if it is not held (any more). */
  chunkOf(position: number): Chunk | undefined {
    let low = 0;
    let high = this.chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const chunk = this.chunks[middle] as Chunk;
      if (position < chunk.first) high = middle;
      else if (position >= chunk.first + chunk.count) low = middle + 1;
      else return chunk;
    }
    return undefined;
  }

  /** The index of the chunk that holds a position or, where none does, of the one that would stand behind it. */
  indexOf(position: number): number {
    let low = 0;
    let high = this.chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const chunk = this.chunks[middle] as Chunk;
      if (position >= chunk.first + chunk.count) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #open(): Chunk {
    const last = this.chunks.at(-1);
    if (last && !last.full) return last;
    this.#close();
    const chunk = new Chunk(Math.max(this.end, this.#next), this.#room);
    this.#room = undefined;
    this.chunks.push(chunk);
    return chunk;
  }

  /** The last chunk takes no more rows. */
  #close(): void {
    const last = this.chunks.at(-1);
    if (!last || last.sealed) return;
    const room = last.seal();
    if (room.length <= MAX_ROOM) this.#room = room;
    this.#sealedBytes += last.size;
  }
}

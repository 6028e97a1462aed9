/** Rows that stand for others: equal lines in a row, lines of a stack trace; and rows shown only because one near them matches. */
import type { Chunk } from './chunk.ts';
import { isLine, TRAIT } from './kind.ts';
import type { Lens } from './lens.ts';
import { FLAG, type Piece } from './piece.ts';

export type Folding = { repeats: boolean; stacks: boolean; around: number };

/** A row that others may be folded under: its number, and whether the person has opened it. */
type Head = { number: number; opened: boolean };
type Place = { chunk: Chunk; row: number };

const MAX_HEADS = 4096;
/** Rows that have changed since somebody asked: more than a screen shows are not told. */
const MAX_CHANGED = 200;

/**
 * Decides row by row, from the oldest to the newest, what becomes of it. A line that goes on from another is folded under the last
 * row shown of its stream unless a line between them began anew. A line equal to the row shown last, of the same stream, is counted
 * there. What is folded leaves the view with its head, but for equal lines, of which the first that is still held takes its place.
 */
export class Folds {
  /** Numbers of rows that have come to stand for more. */
  readonly changed = new Set<number>();
  readonly #lens: Lens;
  readonly #how: Folding;
  readonly #opened: ReadonlySet<number>;
  readonly #heads = new Map<string, Head>();
  #hidden: Place[] = []; // the last rows that did not match: surroundings of the next that does
  #owed = 0; // rows still to be shown as surroundings of the last match
  #last: (Head & { id: string }) | undefined; // the row shown last, if an equal one may be counted there

  constructor(lens: Lens, how: Folding, opened: ReadonlySet<number>) {
    this.#lens = lens;
    this.#how = how;
    this.#opened = opened;
  }

  /** The next row that is the pane's business; `shown` unless it is hidden by filter, level or time. */
  take(chunk: Chunk, row: number, shown: boolean): void {
    const { around } = this.#how;
    if (!isLine(chunk.kinds[row] as number)) {
      for (const place of this.#hidden) this.#leave(place.chunk, place.row);
      this.#hidden = [];
      this.#emit(chunk, row, 0);
    } else if (shown) {
      for (const place of this.#hidden) this.#emit(place.chunk, place.row, FLAG.context);
      this.#hidden = [];
      this.#emit(chunk, row, 0);
      this.#owed = around;
    } else if (this.#owed > 0) {
      this.#owed--;
      this.#emit(chunk, row, FLAG.context);
    } else if (around === 0) this.#leave(chunk, row);
    else {
      this.#hidden.push({ chunk, row });
      const gone = this.#hidden.length > around ? this.#hidden.shift() : undefined;
      if (gone) this.#leave(gone.chunk, gone.row);
    }
  }

  /** The oldest piece has left the lens, whose base is behind it now. */
  forget(gone: Piece): void {
    this.#hidden = this.#hidden.filter((place) => place.chunk !== gone.chunk);
    const { pieces } = this.#lens;
    const first = pieces.findIndex((piece) => piece.lead !== undefined || piece.count > 0);
    const { lead } = pieces[first] ?? {};
    if (!lead) return;
    this.#promote(pieces[first] as Piece, lead, pieces.slice(first + 1));
    for (const empty of pieces.slice(0, first)) empty.start--;
  }

  /** Equal lines that a row stood for which has gone: the first of them that is held becomes the row, of the same number. */
  #promote(piece: Piece, lead: { row: number; count: number }, later: readonly Piece[]): void {
    const { more } = piece;
    if (!more) return;
    let repeats = lead.count;
    let own = piece.count;
    for (const { lead: further, count } of later) {
      if (own > 0) break;
      repeats += further?.count ?? 0;
      own = count;
    }
    for (const list of [piece.rows, more.repeats, more.folded, more.flags]) list.copyWithin(1, 0, piece.count);
    piece.rows[0] = lead.row;
    more.repeats[0] = repeats;
    more.folded[0] = more.flags[0] = 0;
    piece.lead = undefined;
    piece.survey = undefined;
    piece.count++;
    piece.start--;
    this.#lens.base--;
    this.#change(piece.start);
  }

  /** A hidden row is no surroundings any more. */
  #leave(chunk: Chunk, row: number): void {
    if (((chunk.traits[row] as number) & TRAIT.goesOn) === 0) this.#heads.delete(idOf(chunk, row));
  }

  #emit(chunk: Chunk, row: number, flags: number): void {
    const line = isLine(chunk.kinds[row] as number);
    const id = idOf(chunk, row);
    const goesOn = line && this.#how.stacks && ((chunk.traits[row] as number) & TRAIT.goesOn) !== 0;
    // What matches is not hidden under what does not.
    const alone = flags === 0 && this.#isContext(id);
    if (goesOn && !alone && this.#fold(id)) return;
    if (line && flags === 0 && !goesOn && this.#repeat(chunk, row, id)) return;
    const opened = this.#opened.has(chunk.first + row);
    const number = this.#show(chunk, row, flags | (opened ? FLAG.opened : 0));
    if (line && !goesOn) this.#lead(id, { number, opened });
    else if (goesOn && (alone || !this.#heads.has(id))) this.#lead(id, { number, opened });
    this.#last = line && flags === 0 && !goesOn ? { number, opened, id } : undefined;
  }

  /** A row begins anew in its stream. */
  #lead(id: string, head: Head): void {
    if (!this.#how.stacks) return;
    if (this.#heads.size >= MAX_HEADS) this.#heads.clear();
    this.#heads.set(id, head);
  }

  /** Whether the head of a stream's lines is shown only because of others, and what belongs to it has not been asked for. */
  #isContext(id: string): boolean {
    const head = this.#heads.get(id);
    const at = head && !head.opened ? this.#lens.at(head.number) : undefined;
    return ((at?.piece.more?.flags[at.index] ?? 0) & FLAG.context) !== 0;
  }

  /** Whether a line that goes on could be folded under its head. */
  #fold(id: string): boolean {
    const head = this.#heads.get(id);
    if (!head || head.opened) return false;
    const at = this.#lens.at(head.number);
    if (!at?.piece.more) return false;
    at.piece.more.folded[at.index] = (at.piece.more.folded[at.index] as number) + 1;
    if (this.#last?.number === head.number) this.#last = undefined;
    this.#change(head.number);
    return true;
  }

  /** Whether a line could be counted in the row shown last, to which it is equal. */
  #repeat(chunk: Chunk, row: number, id: string): boolean {
    const last = this.#how.repeats ? this.#last : undefined;
    if (!last || last.id !== id) return false;
    const at = this.#lens.at(last.number);
    if (!at?.piece.more || !equal(at, { chunk, row })) return false;
    if (last.opened) {
      this.#last = { ...last, number: this.#show(chunk, row, FLAG.opened) };
      this.#lead(id, { number: this.#last.number, opened: this.#opened.has(chunk.first + row) });
      return true;
    }
    at.piece.more.repeats[at.index] = (at.piece.more.repeats[at.index] as number) + 1;
    if (at.chunk !== chunk) {
      const piece = this.#pieceOf(chunk);
      if (piece) piece.lead = { row: piece.lead?.row ?? row, count: (piece.lead?.count ?? 0) + 1 };
    }
    this.#lead(id, { number: last.number, opened: false });
    this.#change(last.number);
    return true;
  }

  /** Show a row as the newest one; gives its number. */
  #show(chunk: Chunk, row: number, flags: number): number {
    const { pieces } = this.#lens;
    const piece = this.#pieceOf(chunk);
    if (!piece?.more) return NaN;
    piece.rows[piece.count] = row;
    piece.more.repeats[piece.count] = 1;
    piece.more.flags[piece.count] = flags;
    piece.count++;
    // Surroundings may be of an earlier chunk: those behind it have no rows yet.
    for (let i = pieces.length - 1; pieces[i] !== piece; i--) (pieces[i] as Piece).start++;
    return this.#lens.end++;
  }

  #pieceOf(chunk: Chunk): Piece | undefined {
    const { pieces } = this.#lens;
    for (let i = pieces.length - 1; i >= 0; i--) if (pieces[i]?.chunk === chunk) return pieces[i];
    return undefined;
  }

  #change(number: number): void {
    this.changed.delete(number);
    this.changed.add(number);
    if (this.changed.size > MAX_CHANGED) for (const oldest of this.changed) return void this.changed.delete(oldest);
  }
}

const idOf = (chunk: Chunk, row: number): string => chunk.names[chunk.ids[row] as number] ?? '';

/** Whether two rows have the same text, byte for byte. */
function equal(a: Place, b: Place): boolean {
  const [from, length] = [a.chunk.start(a.row), a.chunk.end(a.row) - a.chunk.start(a.row)];
  const other = b.chunk.start(b.row);
  if (b.chunk.end(b.row) - other !== length) return false;
  for (let i = length - 1; i >= 0; i--) if (a.chunk.bytes[from + i] !== b.chunk.bytes[other + i]) return false;
  return true;
}

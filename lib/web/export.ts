/** What a lens shows, as a file: the text of its lines, or the records as lm-serve read them, which can be piped into another one. */
import type { Chunk } from './chunk.ts';
import type { Lens } from './lens.ts';
import { FLAG, type Piece } from './piece.ts';
import { recordText } from './record-text.ts';
import { plainText } from './sgr.ts';

/** Parts of the file are made so long, characters: one string for all would not fit. */
const PART_LENGTH = 1_000_000;

/** The lines of rows [from, to), and those that they stand for; notes are no lines. */
export function exportLines(lens: Lens, as: 'text' | 'ndjson', from: number, to: number): { blob: Blob; lines: number } {
  const [first, last] = [lens.at(Math.max(from, lens.base)), lens.at(to)];
  const start = first ? first.chunk.first + first.row : Infinity;
  const stop = last ? last.chunk.first + last.row : Infinity;
  const parts: Blob[] = [];
  let text = '';
  let lines = 0;
  for (const piece of lens.pieces) {
    const { chunk } = piece;
    const context = surroundings(piece);
    for (let row = Math.max(piece.from, start - chunk.first); row < Math.min(piece.to, stop - chunk.first); row++) {
      if (!context.has(row) && !lens.has(chunk, row)) continue;
      text += as === 'text' ? `${plainText(chunk.text(row))}\n` : `${recordOf(chunk, row)}\n`;
      lines++;
      if (text.length < PART_LENGTH) continue;
      parts.push(new Blob([text]));
      text = '';
    }
  }
  parts.push(new Blob([text]));
  return { blob: new Blob(parts, { type: as === 'text' ? 'text/plain' : 'application/x-ndjson' }), lines };
}

/** Rows of a piece that are shown only because of others. */
function surroundings({ rows, count, more }: Piece): Set<number> {
  const found = new Set<number>();
  for (let i = 0; more && i < count; i++) if (((more.flags[i] as number) & FLAG.context) !== 0) found.add(rows[i] as number);
  return found;
}

/** The record of a row. */
export function recordOf(chunk: Chunk, row: number): string {
  return recordText(chunk.label(row), chunk.text(row), chunk.tail(row));
}

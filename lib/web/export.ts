/** What a lens shows, as a file: the text of its lines, with their times and streams or without, or the records as lm-serve read them. */
import type { Chunk } from './chunk.ts';
import type { Lens } from './lens.ts';
import { FLAG, type Piece } from './piece.ts';
import { recordText } from './record-text.ts';
import { plainText } from './sgr.ts';
import type { Form } from './talk.ts';

const textOf = (chunk: Chunk, row: number): string => plainText(chunk.text(row)).replaceAll('\n', '\\n');
const FORMS: Record<Form, (chunk: Chunk, row: number) => string> = {
  text: textOf,
  told: (chunk, row) => {
    const { id, ts } = chunk.label(row);
    return `${new Date(ts).toISOString()} ${id} ${textOf(chunk, row)}`;
  },
  ndjson: recordOf,
};

/** Parts of the file are made so long, characters: one string for all would not fit. */
const PART_LENGTH = 1_000_000;
/** So long at a time, ms: whoever asks for rows meanwhile gets them. */
const AT_ONCE = 30;

/**
 * The lines of all rows, and those that they stand for; notes are no lines. Which they are is settled when it is called, whatever comes
 * or goes while the file is made.
 */
export async function exportLines(lens: Lens, as: Form): Promise<{ blob: Blob; lines: number }> {
  const chosen = lens.pieces.map((piece) => ({ chunk: piece.chunk, rows: rowsOf(piece, lens) }));
  const parts: Blob[] = [];
  let text = '';
  let lines = 0;
  let since = performance.now();
  for (const { chunk, rows } of chosen) {
    for (const row of rows) text += `${FORMS[as](chunk, row)}\n`;
    lines += rows.length;
    if (text.length >= PART_LENGTH) {
      parts.push(new Blob([text]));
      text = '';
    }
    if (performance.now() - since < AT_ONCE) continue;
    await new Promise((resolve) => setTimeout(resolve));
    since = performance.now();
  }
  parts.push(new Blob([text]));
  return { blob: new Blob(parts, { type: as === 'ndjson' ? 'application/x-ndjson' : 'text/plain' }), lines };
}

/** Those that go into the file. */
function rowsOf(piece: Piece, lens: Lens): Uint16Array {
  const { chunk, from, to } = piece;
  const context = surroundings(piece);
  const rows: number[] = [];
  for (let row = from; row < to; row++) if (context.has(row) || lens.has(chunk, row)) rows.push(row);
  return Uint16Array.from(rows);
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

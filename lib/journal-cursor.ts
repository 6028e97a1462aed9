/** How far a reader of a journal has come, kept in a file so that it goes on there: lm-journal(5), "Cursors". */
import { why } from './cli.ts';
import type { Disk } from './disk.ts';
import type { Position } from './journal-format.ts';
import { UNFINISHED } from './journal-recovery.ts';
import { parseObject, wholeOf } from './json.ts';

const MAX_TEXT = 256;

/** The file's text. */
export function cursorText({ segment, at, done }: Position): string {
  return `${JSON.stringify({ '@': 'cursor', segment, at, done })}\n`;
}

/** Throws Error when the text is no cursor. */
export function parseCursor(text: Buffer): Position {
  const object = parseObject(text);
  if (object['@'] !== 'cursor') throw new Error('not a cursor');
  return { segment: wholeOf(object, 'segment', 1), at: wholeOf(object, 'at'), done: wholeOf(object, 'done') };
}

/** The position in the file, or undefined when there is no such file. Rejects with an Error that names it. */
export async function readCursor(disk: Disk, path: string): Promise<Position | undefined> {
  try {
    const file = await disk.open(path, 'read');
    const text = Buffer.alloc(MAX_TEXT);
    return parseCursor(text.subarray(0, await file.read(text, 0).finally(() => file.close())));
  } catch (err) {
    if (why(err) === 'ENOENT') return undefined;
    throw new Error(`cannot read ${path}: ${why(err)}`, { cause: err });
  }
}

/** Put the position into the file: the old one stays until the new one is on the disk. Rejects with the system's error. */
export async function saveCursor(disk: Disk, path: string, position: Position): Promise<void> {
  const file = await disk.open(path + UNFINISHED, 'new');
  try {
    await file.write([Buffer.from(cursorText(position))], 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(path + UNFINISHED, path);
}

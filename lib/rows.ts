/** Small text files that people write by hand: one thing a line, `#` comments, and what is wrong told by line number. */

/** Bounds of such a file: bytes of the whole (`MAX_TEXT` for who reads it), characters of a line, lines. */
export const MAX_TEXT = 1_048_576;
export const MAX_ROW = 4096;
export const MAX_ROWS = 10_000;
const MAX_PROBLEMS = 20;

/** A line that is neither empty nor a comment, without blanks around it. */
export type Row = { line: number; text: string };

/** What is wrong with a file, for people; the first 20 facts, and how many more there are. */
export class Problems {
  readonly #list: string[] = [];
  #more = 0;

  add(line: number, fact: string): void {
    if (this.#list.length < MAX_PROBLEMS) this.#list.push(`line ${line}: ${fact}`);
    else this.#more++;
  }

  list(): string[] {
    return this.#more === 0 ? this.#list : [...this.#list, `and ${this.#more} more`];
  }
}

/** The rows of a text. What lies beyond a bound is not among them, and is told. Never throws. */
export function rowsOf(text: string, problems: Problems): Row[] {
  const whole = text.length <= MAX_TEXT;
  const lines = text.slice(0, MAX_TEXT).replace(/^\ufeff|\n$/g, '').split('\n', MAX_ROWS + 1);
  if (!whole || lines.length > MAX_ROWS) {
    lines.length = Math.min(lines.length - 1, MAX_ROWS); // the last one may be half a line
    problems.add(lines.length + 1, `longer than ${whole ? `${MAX_ROWS} lines` : '1 MiB'}: nothing is read from here on`);
  }
  const rows: Row[] = [];
  lines.forEach((given, i) => {
    const row = given.trim();
    if (given.length > MAX_ROW) problems.add(i + 1, `longer than ${MAX_ROW} characters`);
    else if (row !== '' && !row.startsWith('#')) rows.push({ line: i + 1, text: row });
  });
  return rows;
}

/** The words of a row; one that begins with `#` begins a comment. */
export function wordsOf(row: string): string[] {
  const words = row.split(/[ \t]+/);
  const comment = words.findIndex((word) => word.startsWith('#'));
  return comment < 0 ? words : words.slice(0, comment);
}

/** A word of a file as it is shown in a message: not longer than 64 characters. */
export function shown(word: string): string {
  return word.length > 64 ? `${word.slice(0, 61)}...` : word;
}

/** Fields of structured lines as columns: which there are, what each row has in them, and how wide they are. */
import { structureOf, type Structure } from './structure.ts';
import { nodeAt, pathKeys, pathName, said, type Node } from './tree.ts';

/** Columns that anybody can look at side by side. */
export const MAX_COLUMNS = 12;
const MAX_PATHS = 200;
const MIN_CHARS = 4;
const MAX_CHARS = 40;
/** Room for the button that takes a column away. */
const CLOSE = 3;

/** A cell: what it shows, and the value's place in the line's plain text; an empty one for a line that has no such field. */
export type Cell = { text: string; node: Node | undefined };

/** What a line has in the columns. */
export function cellsOf(text: string, structure: Structure | undefined, columns: readonly string[]): Cell[] {
  return columns.map((path) => {
    const node = structure && nodeAt(structure.root, pathKeys(path));
    return { text: node ? said(text, node) : '', node };
  });
}

/** The fields that lines have, by their paths, those of most lines first. */
export function pathsIn(texts: readonly string[]): string[] {
  const counts = new Map<string, number>();
  const walk = (node: Node, keys: string[]): void => {
    for (const item of node.items) {
      const own = [...keys, item.key];
      if (item.kind === 'object' && item.items.length > 0) walk(item, own);
      else if (counts.size < MAX_PATHS || counts.has(pathName(own))) counts.set(pathName(own), (counts.get(pathName(own)) ?? 0) + 1);
    }
  };
  for (const text of texts) {
    const structure = structureOf(text, true);
    if (structure) walk(structure.root, []);
  }
  return [...counts].sort((a, b) => b[1] - a[1]).map(([path]) => path);
}

/** Widths in characters, which only grow: a column that became narrower under somebody's eyes would move all that is right of it. */
export class Widths {
  readonly #widths = new Map<string, number>();

  clear(): void {
    this.#widths.clear();
  }

  of(column: string): number {
    return this.#widths.get(column) ?? Math.min(MAX_CHARS, Math.max(MIN_CHARS, column.length + CLOSE));
  }

  /** Have room for a row's cells; true where a column has grown. The last column has what is left of the window. */
  fit(columns: readonly string[], cells: readonly Cell[]): boolean {
    let grown = false;
    columns.forEach((column, i) => {
      const wanted = Math.min(MAX_CHARS, cells[i]?.text.length ?? 0);
      if (wanted <= this.of(column)) return;
      this.#widths.set(column, wanted);
      grown = true;
    });
    return grown;
  }
}

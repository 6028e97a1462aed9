/** A structured line as one line for people: its message first, then its other fields as key=value. */
import { messageOf, roleOf, type Structure } from './structure.ts';
import { pathName, said, type Node } from './tree.ts';

/** What a piece is; it becomes its CSS class. */
export type Role = 'text' | 'message' | 'key' | 'string' | 'number' | 'word' | 'fault' | 'gap';

/**
 * A piece of what is shown. It stands for the line's plain text [at, end); where `text` is not exactly that (escapes were resolved, or it
 * was shortened) `own` is true. Gaps stand for nothing: at === end.
 */
export type Piece = { text: string; at: number; end: number; own: boolean; role: Role };

const MAX_FIELDS = 60;
/** The longest that a list, or an object within one, is shown. */
const MAX_LIST = 80;

/**
 * The pieces of a structured line. Time and level are left out, which have columns of their own, but for a level
 * that is none (not `levelled`), unless something in `marks` (start,
 * end... in the text) is within them: what was found can be seen. Values that begin at a place in `aside` are left out as well.
 */
export function summaryOf(
  text: string, { root }: Structure, marks: readonly number[] = [], aside?: ReadonlySet<number | undefined>, levelled = true,
): Piece[] {
  const pieces: Piece[] = [];
  const found = messageOf(text, root);
  const message = found && !aside?.has(found.start) ? found : undefined;
  const put: Put = { left: MAX_FIELDS, aside, message };
  if (root.start > 0) {
    const before = text.slice(0, root.start).trimEnd();
    if (before !== '') pieces.push({ text: before, at: 0, end: before.length, own: false, role: 'text' });
  }
  if (message) {
    gap(pieces, pieces.length > 0 ? ' ' : '');
    pieces.push(valuePiece(text, message, 'message'));
  }
  for (const item of root.items) {
    const role = roleOf(item.key);
    // MongoDB has its time in an object.
    const own = (role === 'time' || (role === 'level' && levelled)) && (item.items.length === 0 || item.items[0]?.key === '$date');
    if (!own || !found || touches(marks, item.start, item.end)) putField(text, pieces, [item.key], item, role === 'fault', put);
  }
  if (put.left < 0 || root.cut) gap(pieces, ' …');
  return pieces;
}

/** How many fields may still be put, and which values are not. */
type Put = { left: number; aside: ReadonlySet<number | undefined> | undefined; message: Node | undefined };

function putField(text: string, pieces: Piece[], keys: string[], node: Node, fault: boolean, put: Put): void {
  if (node === put.message || put.aside?.has(node.start)) return;
  if (node.kind === 'object' && node.items.length > 0) {
    for (const item of node.items) putField(text, pieces, [...keys, item.key], item, fault, put);
    return;
  }
  if (put.left-- <= 0) return;
  gap(pieces, pieces.length > 0 ? '  ' : '');
  const name = pathName(keys);
  // The key stands before its value; where it is written otherwise than it is shown, it is text of our own.
  const at = text.lastIndexOf(name, node.start);
  const near = keys.length === 1 && at >= 0 && node.start - at - name.length <= 4;
  pieces.push({ text: name, at: near ? at : node.start, end: near ? at + name.length : node.start, own: !near, role: 'key' });
  gap(pieces, '=');
  pieces.push(valuePiece(text, node, fault ? 'fault' : undefined));
}

function valuePiece(text: string, node: Node, as: Role | undefined): Piece {
  const role = as ?? (node.kind === 'number' ? 'number' : node.kind === 'word' ? 'word' : 'string');
  if (node.kind === 'array' || node.kind === 'object') return shortened(text, node, role);
  if (node.kind !== 'string') return { text: text.slice(node.start, node.end), at: node.start, end: node.end, own: false, role };
  const inside = text.slice(node.start + 1, node.end - 1);
  const own = inside.includes('\\');
  // Docker keeps the newline at the end of every line.
  return { text: own ? said(text, node).replace(/\n$/, '') : inside, at: node.start + 1, end: node.end - 1, own, role };
}

function shortened(text: string, { start, end, cut }: Node, role: Role): Piece {
  const written = text.slice(start, Math.min(end, start + MAX_LIST));
  const own = end - start > MAX_LIST || cut;
  return { text: own ? `${written}…` : written, at: start, end, own, role };
}

function gap(pieces: Piece[], text: string): void {
  const at = pieces.at(-1)?.end ?? 0;
  if (text !== '') pieces.push({ text, at, end: at, own: true, role: 'gap' });
}

/** Whether any of the stretches that the pairs are has something of [start, end). */
export function touches(pairs: readonly number[], start: number, end: number): boolean {
  for (let i = 0; i < pairs.length; i += 2) if ((pairs[i] as number) < end && (pairs[i + 1] as number) > start) return true;
  return false;
}

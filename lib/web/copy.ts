/** What a selection in the lines is on the clipboard: lines as they came, without terminal colours and without what the page adds. */
import type { Rows } from './rows.ts';
import { plainText } from './sgr.ts';

/** Undefined where the browser's own copy is right: within one row people want exactly what they see selected. */
export function cleanText(selection: Selection | null, rows: Rows): string | undefined {
  if (!selection || selection.isCollapsed || selection.rangeCount === 0) return undefined;
  const range = selection.getRangeAt(0);
  const [from, to] = [numberAt(range.startContainer, rows), numberAt(range.endContainer, rows)];
  if (from === undefined || to === undefined || from >= to) return undefined;
  const last = ends(range) ? to : to - 1; // a selection that ends before the first letter of a row has nothing of it
  return rows.textOf(from, last, (row) => plainText(row.text));
}

function numberAt(node: globalThis.Node, rows: Rows): number | undefined {
  const element = node instanceof Element ? node : node.parentElement;
  return element ? rows.rowOf(element)?.at : undefined;
}

/** Whether a range takes anything of the row that it ends in. */
function ends({ endContainer, endOffset }: Range): boolean {
  if (endOffset > 0) return true;
  const element = endContainer instanceof Element ? endContainer : endContainer.parentElement;
  const text = element?.closest('.row')?.querySelector('.text');
  return text !== null && text !== undefined && text.contains(endContainer) && endContainer.previousSibling !== null;
}

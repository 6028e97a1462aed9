/** The text of a line as elements: its stretches with their colours, its summary if it has structure, its cells if there are columns. */
import { isLine } from './kind.ts';
import { counted, size } from './clock.ts';
import { readable, textOn } from './colour.ts';
import { cellsOf, type Cell, type Widths } from './columns.ts';
import type { Look } from './look.ts';
import { layered, summarized, type Segment } from './segments.ts';
import { paint, plainText } from './sgr.ts';
import { structureOf, type Structure } from './structure.ts';
import { summaryOf, type Piece } from './summary.ts';
import type { Row } from './talk.ts';
import { isLink, tokensIn } from './tokens.ts';

/** The most characters of a line that a row shows; the rest is one click away. */
const ROW_CHARS = 2000;

/** The 16 colours as terminals have them, for text on a background of its own; line.css has others that suit the theme. */
const XTERM = [
  '#000000', '#cd0000', '#00cd00', '#cdcd00', '#0000ee', '#cd00cd', '#00cdcd', '#e5e5e5',
  '#7f7f7f', '#ff0000', '#00ff00', '#ffff00', '#5c5cff', '#ff00ff', '#00ffff', '#ffffff',
];
const hexOf = (colour: string): string => (colour.startsWith('#') ? colour : (XTERM[Number(colour)] ?? ''));

/** What a row needs to be drawn, besides itself. */
export type Manner = { look: Look; columns: readonly string[]; widths: Widths };

/** The structure of a row's line, where it is shown by it. */
export function structureIn(row: Row, look: Look): { plain: string; structure: Structure } | undefined {
  if (!look.structure || !isLine(row.kind) || row.more) return undefined;
  const { plain } = paint(row.text);
  const structure = structureOf(plain, row.rest > 0);
  return structure && { plain, structure };
}

/** More marks on a letter than any script has, as they are or as JSON has them. */
const HEAP = /\p{M}{5}|(?:\\u03[0-6][\da-f]){5}/iu;

/** Draw the text of a row, without tokens if it is `hurried`. Gives the structure that it was drawn by, if any. */
export function drawText(element: HTMLElement, row: Row, manner: Manner, hurried: boolean): Structure | undefined {
  const { look } = manner;
  const tokens = look.tokens && !hurried;
  element.classList.toggle('heaped', HEAP.test(row.text));
  if (!isLine(row.kind)) {
    element.textContent = row.text;
    return undefined;
  }
  const known = structureIn(row, look);
  const summed = known && isSummed(known.structure, manner) ? known : undefined;
  const nodes = summed ? structured(row, summed.plain, summed.structure, manner, tokens) : unstructured(row, tokens);
  if (typeof nodes === 'string') element.textContent = nodes;
  else element.replaceChildren(...nodes);
  if (row.more) element.append(small('goes-on', ' ⏎ goes on'));
  if (row.rest > 0 || (!summed && row.text.length > ROW_CHARS)) element.append(wholeButton(row, summed ? row.text : row.text.slice(0, ROW_CHARS)));
  return known?.structure;
}

/** Prose with pairs in it, and markup that looks like that, stays as it was written; its fields are in its tree and in columns. */
function isSummed({ form, root }: Structure, { columns }: Manner): boolean {
  return form === 'json' || root.start === 0 || columns.length > 0;
}

function unstructured(row: Row, tokens: boolean): Node[] | string {
  const text = row.text.length > ROW_CHARS ? row.text.slice(0, ROW_CHARS) : row.text;
  const { plain, runs } = paint(text);
  const segments = layered(plain, runs, { marks: row.marks, found: row.found, tokens: tokens ? tokensIn(plain) : [] });
  return segments.length === 0 ? plain : drawAll(segments, () => 'text');
}

function structured(row: Row, plain: string, structure: Structure, { columns, widths }: Manner, tokens: boolean): Node[] {
  const marks = [...row.marks, ...row.found];
  const layers = { marks: row.marks, found: row.found, tokens: [] };
  const levelled = row.level > 0;
  const { runs } = paint(row.text);
  const draw = (pieces: Piece[]): Node[] =>
    drawAll(summarized(plain, runs, short(pieces), layers, tokens), ({ piece }) => pieces[piece]?.role ?? 'text');
  if (columns.length === 0) return draw(summaryOf(plain, structure, marks, undefined, levelled));
  const cells = cellsOf(plain, structure, columns);
  widths.fit(columns, cells);
  const shown = new Set(cells.map(({ node }) => node?.start));
  const rest = summaryOf(plain, structure, marks, shown, levelled);
  return [...cells.map((cell, i) => drawCell(cell, i, draw)), ...draw(rest)];
}

function drawCell({ text, node }: Cell, i: number, draw: (pieces: Piece[]) => Node[]): Node {
  const element = small('cell', '');
  element.style.width = `var(--column-${i})`;
  if (!node || text === '') return element;
  const string = node.kind === 'string';
  const [at, end] = string ? [node.start + 1, node.end - 1] : [node.start, node.end];
  const role = node.kind === 'number' ? 'number' : node.kind === 'word' ? 'word' : 'string';
  element.append(...draw([{ text, at, end, own: text.length !== end - at, role }]));
  element.title = text.slice(0, 300);
  return element;
}

/** As many pieces as a row shows. */
function short(pieces: Piece[]): Piece[] {
  let left = ROW_CHARS;
  const shown: Piece[] = [];
  for (const piece of pieces) {
    if (left <= 0) break;
    shown.push(piece.text.length <= left ? piece : { ...piece, text: `${piece.text.slice(0, left)}…`, own: true });
    left -= piece.text.length;
  }
  return shown;
}

/** Behind the text that is `shown`; it tells of matches beyond. */
function wholeButton({ text, rest, marks, found }: Row, shown: string): HTMLElement {
  const more = rest > 0 ? size(rest) : counted(text.length - ROW_CHARS);
  const { length } = plainText(shown);
  const [matches, hits] = [marks, found].map((pairs) => (pairs.at(-1) ?? 0) > length);
  const names = `whole${matches || hits ? ' marked' : ''}${hits ? ' found' : ''}`;
  return smallButton(names, `… ${more} more${matches || hits ? ', with a match' : ''}`, 'Show the whole line');
}

/** A button within a row: `name` is its class. */
export function smallButton(name: string, text: string, title: string): HTMLButtonElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = name;
  button.textContent = text;
  button.title = title;
  return button;
}

/** A part of a row: `name` is its class. */
export function small(name: string, text: string): HTMLElement {
  const span = document.createElement('span');
  span.className = name;
  span.textContent = text;
  return span;
}

/** Stretches as elements; neighbours that look alike are one, since elements are what costs. */
function drawAll(segments: readonly Segment[], roleOf: (segment: Segment) => Piece['role']): Node[] {
  const nodes: Node[] = [];
  let last: Segment | undefined;
  let names = '';
  let text = '';
  for (const segment of segments) {
    const now = namesOf(segment, roleOf(segment));
    if (last && now === names && last.mark === segment.mark && last.found === segment.found && !isOwn(last) && !isOwn(segment)) {
      text += segment.text;
      continue;
    }
    if (last) nodes.push(drawSegment(last, text, names));
    [last, names, text] = [segment, now, segment.text];
  }
  if (last) nodes.push(drawSegment(last, text, names));
  return nodes;
}

/** Whether a stretch looks as no other does: it is a link, or has colours of its own that are not marked over. */
const isOwn = ({ url, fg, bg, mark, found }: Segment): boolean => url !== '' || (!mark && !found && (fg !== '' || bg !== ''));

/** The CSS classes of a stretch. What lies between fields goes with their keys. */
function namesOf({ classes, mark, found, hidden, token, url }: Segment, role: Piece['role']): string {
  let names = classes;
  if (hidden) names += ' unseen';
  if (found) names += ' found';
  if (mark || found) return (url === '' ? names : `${names} marked`).trimStart();
  if (token !== '') names += ` t-${token}`;
  else if (role !== 'text') names += role === 'gap' ? ' f-key' : ` f-${role}`;
  return names.trimStart();
}

function drawSegment(segment: Segment, text: string, names: string): Node {
  const { mark, found, url } = segment;
  const over = mark || found;
  if (!over && names === '' && segment.fg === '' && segment.bg === '') return document.createTextNode(text);
  const element = url !== '' && isLink(url) ? link(url) : document.createElement(over ? 'mark' : 'span');
  element.textContent = text;
  if (names !== '') element.className = names;
  if (!over) colour(element, segment);
  return element;
}

/** The page is told to nobody whom a line links to, and they get no hold of it. */
function link(url: string): HTMLAnchorElement {
  const element = document.createElement('a');
  element.href = url;
  element.target = '_blank';
  element.rel = 'noopener noreferrer';
  element.tabIndex = -1; // hundreds of them would stand in the way of the Tab key; the sheet of a line has them as well
  return element;
}

/** Text on the page's own background is moved until it can be read; text on a background of its own is as the writer wanted it, unless that hides it. */
function colour(element: HTMLElement, { fg, bg, classes }: Segment): void {
  if (fg === '' && bg === '') return;
  const inverse = classes.includes('inverse');
  const [front, back] = inverse ? [bg, fg] : [fg, bg];
  if (back !== '') {
    const ground = hexOf(back);
    element.style.backgroundColor = ground;
    element.style.color = front === '' || hexOf(front) === ground ? textOn(ground) : hexOf(front);
    element.classList.remove('inverse');
  } else if (front.startsWith('#')) element.style.color = readable(front);
  else if (front !== '') element.classList.add(`ansi${front}`);
}

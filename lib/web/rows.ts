/** The rows that are on the screen: a few dozen elements, used again and again for whatever lines are to be seen. */
import { isLine, KIND } from './chunk.ts';
import { counted, moment, size, timeOfDay } from './clock.ts';
import { hueOf, readable, textOn } from './colour.ts';
import { segmentsOf, type Segment } from './segments.ts';
import type { Row } from './talk.ts';

/** The most characters of a line that a row shows; the rest is one click away. */
const ROW_CHARS = 2000;

/** The 16 colours as terminals have them, for text on a background of its own; page.css has others that suit the theme. */
const XTERM = [
  '#000000', '#cd0000', '#00cd00', '#cdcd00', '#0000ee', '#cd00cd', '#00cdcd', '#e5e5e5',
  '#7f7f7f', '#ff0000', '#00ff00', '#ffff00', '#5c5cff', '#ff00ff', '#00ffff', '#ffffff',
];
const hexOf = (colour: string): string => (colour.startsWith('#') ? colour : (XTERM[Number(colour)] ?? ''));

const KIND_CLASS: Record<number, string> = {
  [KIND.line]: 'row',
  [KIND.bad]: 'row bad',
  [KIND.lost]: 'row note lost',
  [KIND.end]: 'row note ended',
  [KIND.skip]: 'row note lost',
  [KIND.restart]: 'row note restart',
  [KIND.hole]: 'row note lost',
};

type Line = { element: HTMLElement; time: HTMLElement; tag: HTMLElement; text: HTMLElement; row: Row | undefined };

export class Rows {
  readonly #block: HTMLElement;
  #lines: Line[] = [];
  /** Numbers of the rows on the screen: [from, to). */
  from = 0;
  to = 0;

  constructor(block: HTMLElement) {
    this.#block = block;
  }

  /** Have exactly the rows [from, to) in the block. Those already there are not touched, so that a selection in them stays. */
  show(from: number, to: number, rowAt: (at: number) => Row | undefined): void {
    const keepFrom = Math.max(from, this.from);
    const keepTo = Math.min(to, this.to);
    const kept = keepFrom < keepTo ? this.#lines.slice(keepFrom - this.from, keepTo - this.from) : [];
    const spare = kept.length === 0 ? this.#lines : this.#lines.filter((_, i) => this.from + i < keepFrom || this.from + i >= keepTo);
    const above = kept.length === 0 ? 0 : keepFrom - from;
    const take = (): Line => spare.pop() ?? newLine();
    const before = Array.from({ length: above }, take);
    const after = Array.from({ length: to - from - above - kept.length }, take);
    for (const line of spare) line.element.remove();
    const first = kept[0]?.element ?? null;
    for (const line of before) this.#block.insertBefore(line.element, first);
    for (const line of after) this.#block.append(line.element);
    this.#lines = [...before, ...kept, ...after];
    this.from = from;
    this.to = Math.max(from, to);
    this.#lines.forEach((line, i) => draw(line, rowAt(from + i)));
  }

  /** Top of a row within the block, and its height, as laid out. */
  placeOf(at: number): { top: number; height: number } | undefined {
    const element = this.#lines[at - this.from]?.element;
    return element && { top: element.offsetTop, height: element.offsetHeight };
  }

  /** Show which row the person is at. */
  point(at: number): void {
    this.#lines.forEach((line, i) => line.element.classList.toggle('here', this.from + i === at));
  }

  /** The row whose element this is or is within. */
  rowOf(element: Element): Row | undefined {
    const own = element.closest('.row');
    return this.#lines.find((line) => line.element === own)?.row;
  }

  rowAt(at: number): Row | undefined {
    return this.#lines[at - this.from]?.row;
  }
}

function newLine(): Line {
  const element = document.createElement('div');
  const [time, tag, text] = ['time', 'tag', 'text'].map((name) => {
    const span = document.createElement('span');
    span.className = name;
    element.append(span);
    return span;
  }) as [HTMLElement, HTMLElement, HTMLElement];
  return { element, time, tag, text, row: undefined };
}

function draw(line: Line, row: Row | undefined): void {
  if (row === line.row || !row) return;
  const old = line.row;
  line.row = row;
  if (old?.kind !== row.kind) line.element.className = KIND_CLASS[row.kind] ?? 'row';
  if (old?.ts !== row.ts) {
    line.time.textContent = timeOfDay(row.ts);
    line.time.title = moment(row.ts);
  }
  if (old?.id !== row.id) {
    line.tag.textContent = row.id;
    line.tag.title = row.id;
    line.element.style.setProperty('--hue', String(hueOf(row.id)));
  }
  drawText(line.text, row);
}

function drawText(element: HTMLElement, row: Row): void {
  const cut = row.text.length > ROW_CHARS;
  const text = cut ? row.text.slice(0, ROW_CHARS) : row.text;
  const { plain, segments } = isLine(row.kind) ? segmentsOf(text, row.marks) : { plain: text, segments: [] };
  if (segments.length === 0) element.textContent = plain;
  else element.replaceChildren(...segments.map(drawSegment));
  if (row.more) element.append(small('goes-on', ' ⏎ goes on'));
  if (cut || row.rest > 0) element.append(wholeButton(row));
}

function wholeButton(row: Row): HTMLElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'whole';
  const rest = row.text.length - ROW_CHARS;
  button.textContent = row.rest > 0 ? `… ${size(row.rest)} more` : `… ${counted(rest)} more`;
  button.title = 'Show the whole line';
  return button;
}

function small(name: string, text: string): HTMLElement {
  const span = document.createElement('span');
  span.className = name;
  span.textContent = text;
  return span;
}

function drawSegment(segment: Segment): Node {
  const { text, classes, mark, hidden } = segment;
  if (!mark && !hidden && classes === '' && segment.fg === '' && segment.bg === '') return document.createTextNode(text);
  const element = document.createElement(mark ? 'mark' : 'span');
  element.textContent = text;
  const names = hidden ? `${classes} unseen` : classes;
  if (names !== '') element.className = names.trim();
  if (!mark) colour(element, segment);
  return element;
}

/** Text on the page's own background is moved until it can be read; text on a background of its own is as the writer wanted it. */
function colour(element: HTMLElement, { fg, bg, classes }: Segment): void {
  const inverse = classes.includes('inverse');
  const [front, back] = inverse ? [bg, fg] : [fg, bg];
  if (back !== '') {
    element.style.backgroundColor = hexOf(back);
    element.style.color = front === '' ? textOn(hexOf(back)) : hexOf(front);
    element.classList.remove('inverse');
  } else if (front.startsWith('#')) element.style.color = readable(front);
  else if (front !== '') element.classList.add(`ansi${front}`);
}

/** The rows that are on the screen: a few dozen elements, used again and again for whatever lines are to be seen. */
import { isLine, KIND } from './kind.ts';
import { moment } from './clock.ts';
import { hueOf } from './colour.ts';
import { Widths } from './columns.ts';
import type { FieldAct, Turned } from './fieldtree.ts';
import { drawText, small, smallButton, structureIn, type Manner } from './ink.ts';
import { restNow } from './later.ts';
import { PLAIN_LOOK, type Look } from './look.ts';
import { note } from './notes.ts';
import type { Row } from './talk.ts';
import { dayBegun, timeText } from './timing.ts';

const KIND_CLASS: Record<number, string> = {
  [KIND.line]: 'row',
  [KIND.bad]: 'row bad',
  [KIND.lost]: 'row note lost',
  [KIND.end]: 'row note ended',
  [KIND.skip]: 'row note lost skip',
  [KIND.restart]: 'row note restart',
  [KIND.mark]: 'row note marker',
};

/** The names of the levels; the first letter is its sign: it is told by more than colour. */
const NAMES = ['', 'trace', 'debug', 'info', 'warning', 'error', 'fatal'] as const;

/** Drawn in a hurry, or not yet. */
const NO_VERSION = -1;
/** What no row has for its number: those that a filter finds before the newest have negative ones. */
export const NO_ROW = -Infinity;

type Line = {
  element: HTMLElement;
  sign: HTMLElement;
  time: HTMLElement;
  tag: HTMLElement;
  twist: HTMLButtonElement;
  extra: HTMLElement;
  text: HTMLElement;
  row: Row | undefined;
  /** The look it was drawn in. */
  version: number;
  fields: HTMLElement | undefined;
};

/** What of all rows is set by the person, by their positions in the store. */
export type Marks = {
  opened: Map<number, Turned>;
  wrapped: Set<number>;
  bookmarks: ReadonlySet<number>;
  /** The row that times are counted from. */
  zero: { position: number; ts: number } | undefined;
};

export class Rows implements Manner {
  readonly element = document.createElement('div');
  readonly widths = new Widths();
  readonly marks: Marks = { opened: new Map(), wrapped: new Set(), bookmarks: new Set(), zero: undefined };
  readonly #act: (act: FieldAct) => void;
  #look = PLAIN_LOOK;
  #columns: readonly string[] = [];
  #version = 0;
  #lines: Line[] = [];
  /** Numbers of the rows on the screen: [from, to). */
  from = 0;
  to = 0;
  /** The number of the row that the person is at. */
  here = NO_ROW;

  constructor(act: (act: FieldAct) => void) {
    this.element.className = 'block';
    this.#act = act;
  }

  get look(): Look {
    return this.#look;
  }

  set look(look: Look) {
    this.#look = look;
    this.#version++;
  }

  get columns(): readonly string[] {
    return this.#columns;
  }

  set columns(columns: readonly string[]) {
    this.#columns = columns;
    this.widths.clear();
    this.#version++;
  }

  /** Draw the rows anew that are drawn next. */
  stale(): void {
    this.#version++;
  }

  /** Whether each of the rows [from, to) is exactly one line of text high, unless all are wrapped. */
  areEven(from: number, to: number, rowAt: (at: number) => Row | undefined): boolean {
    const { opened, wrapped } = this.marks;
    if (opened.size === 0 && wrapped.size === 0) return true;
    for (let at = from; at < to; at++) {
      const position = rowAt(at)?.position ?? NaN;
      if (opened.has(position) || wrapped.has(position)) return false;
    }
    return true;
  }

  /** Have exactly the rows [from, to) in the element. Those already there are not touched, so that a selection in them stays. `hurried`: they will be gone in a moment, and are drawn without what nobody could see. */
  show(from: number, to: number, rowAt: (at: number) => Row | undefined, hurried = false): void {
    this.#arrange(from, to);
    let last = rowAt(from - 1);
    let line = last; // the last that is somebody's line: a note of the page has a time of its own
    for (let at = from - 2; line && !isLine(line.kind); at--) line = rowAt(at);
    const now = Date.now();
    this.#lines.forEach((here, i) => {
      const row = rowAt(from + i);
      if (row && (row !== here.row || (here.version !== this.#version && !hurried))) this.#draw(here, row, hurried);
      this.#dress(here, from + i);
      if (row) {
        this.#time(here, row, last?.ts ?? NaN, now);
        showDay(here, isLine(row.kind) ? dayBegun(this.#look.time, row.ts, line?.ts ?? NaN) : '');
        if (isLine(row.kind)) line = row;
      }
      last = row;
    });
  }

  /** Have as many elements as rows, each that stays at its place; where none stays they all do, since to move one costs as much as to draw it. */
  #arrange(from: number, to: number): void {
    const count = Math.max(0, to - from);
    const keepFrom = Math.max(from, this.from);
    const keepTo = Math.min(to, this.to);
    const kept = keepFrom < keepTo ? this.#lines.slice(keepFrom - this.from, keepTo - this.from) : this.#lines.slice(0, count);
    const above = keepFrom < keepTo ? keepFrom - from : 0;
    if (keepFrom >= keepTo) unselect(this.element);
    const stays = new Set(kept);
    const spare = this.#lines.filter((line) => !stays.has(line));
    const take = (): Line => spare.pop() ?? newLine();
    const before = Array.from({ length: above }, take);
    const after = Array.from({ length: count - above - kept.length }, take);
    for (const line of spare) line.element.remove();
    this.element.prepend(...before.map((line) => line.element));
    this.element.append(...after.map((line) => line.element));
    this.#lines = [...before, ...kept, ...after];
    this.from = from;
    this.to = from + count;
  }

  /** Top of a row within the element, and its height, as laid out. */
  placeOf(at: number): { top: number; height: number } | undefined {
    const element = this.#lines[at - this.from]?.element;
    return element && { top: element.offsetTop, height: element.offsetHeight };
  }

  /** Give the rows the classes that they should have now. */
  dress(): void {
    this.#lines.forEach((line, i) => this.#dress(line, this.from + i));
  }

  /** The row whose element this is or is within. */
  rowOf(element: Element): Row | undefined {
    const own = element.closest('.row');
    return own ? this.#lines.find((line) => line.element === own)?.row : undefined;
  }

  rowAt(at: number): Row | undefined {
    return this.#lines[at - this.from]?.row;
  }

  elementAt(at: number): HTMLElement | undefined {
    return this.#lines[at - this.from]?.element;
  }

  /** Whether a row's line has structure that can be opened. */
  canOpen(row: Row): boolean {
    return structureIn(row, this.#look) !== undefined;
  }

  #draw(line: Line, row: Row, hurried: boolean): void {
    const old = line.row;
    line.row = row;
    line.version = hurried ? NO_VERSION : this.#version;
    if (old?.level !== row.level) {
      const name = NAMES[row.level];
      line.sign.textContent = name.charAt(0).toUpperCase();
      line.sign.title = name;
    }
    if (old?.id !== row.id) {
      line.tag.textContent = row.id;
      line.tag.title = row.id;
      line.element.style.setProperty('--hue', String(hueOf(row.id)));
    }
    if (old?.ts !== row.ts) line.time.title = moment(row.ts) + (row.late ? ', later here than lines of that time' : '');
    const structure = drawText(line.text, row, this, hurried);
    line.twist.hidden = !structure;
    this.#extra(line, row);
    this.#fields(line, row);
  }

  /** What a row says besides its text: lines folded under it, or that it stands for, or what can be done about a note. */
  #extra(line: Line, row: Row): void {
    const text = note(row);
    line.extra.replaceChildren(...(text ? [smallButton(text.act, text.says, text.title)] : []));
  }

  #fields(line: Line, row: Row): void {
    line.fields?.remove();
    line.fields = undefined;
    const turned = this.marks.opened.get(row.position);
    line.twist.ariaExpanded = turned ? 'true' : 'false';
    const known = turned && structureIn(row, this.#look);
    const { FieldTree } = restNow() ?? {};
    if (!turned || !known || !FieldTree) return; // none is opened before it is there
    const holder = document.createElement('div');
    holder.className = 'holder';
    holder.append(new FieldTree(known.plain, known.structure, turned, this.#act).element);
    line.fields = holder;
    line.element.append(holder);
  }

  /** The classes of a row's element. */
  #dress(line: Line, at: number): void {
    const { row } = line;
    if (!row) return;
    const { opened, wrapped, bookmarks, zero } = this.marks;
    let names = KIND_CLASS[row.kind] ?? 'row';
    if (row.level > 0) names += ` l${row.level}`;
    if (row.context) names += ' context';
    if (row.late) names += ' late';
    if (at === this.here) names += ' here';
    if (opened.has(row.position)) names += ' opened';
    if (wrapped.has(row.position)) names += ' wrapped';
    if (bookmarks.has(row.position)) names += ' bookmark';
    if (zero?.position === row.position) names += ' zero';
    if (line.element.className !== names) line.element.className = names;
  }

  #time(line: Line, row: Row, above: number, now: number): void {
    const text = timeText(this.#look.time, row.ts, { now, above, zero: this.marks.zero?.ts });
    if (line.time.textContent !== text) line.time.textContent = text;
  }

  /** The text of the rows [from, to] as it came, for the clipboard. */
  textOf(from: number, to: number, text: (row: Row) => string): string {
    const lines: string[] = [];
    for (let at = from; at <= to; at++) {
      const row = this.rowAt(at);
      if (row && isLine(row.kind)) lines.push(text(row));
    }
    return lines.join('\n');
  }
}

/** The rows that were selected are gone; the elements that showed them are about to show others. */
function unselect(block: HTMLElement): void {
  const selection = document.getSelection();
  if (selection && !selection.isCollapsed && block.contains(selection.anchorNode)) selection.removeAllRanges();
}

/** A row that begins a day says so on its upper edge, where it takes no room. */
function showDay({ element, time }: Line, day: string): void {
  if ((element.dataset['day'] ?? '') === day) return;
  for (const { dataset } of [element, time]) {
    if (day === '') delete dataset['day'];
    else dataset['day'] = day;
  }
}

function newLine(): Line {
  const element = document.createElement('div');
  const twist = document.createElement('button');
  twist.type = 'button';
  twist.className = 'twist';
  twist.ariaLabel = 'Fields';
  twist.tabIndex = -1;
  twist.hidden = true;
  const [sign, time, tag, extra, text] = [small('sign', ''), small('time', ''), small('tag', ''), small('extra', ''), small('text', '')];
  element.append(sign, time, tag, twist, extra, text);
  return { element, sign, time, tag, twist, extra, text, row: undefined, version: NO_VERSION, fields: undefined };
}

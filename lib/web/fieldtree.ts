/** The fields of a line as a tree below it: each value with what can be done with it, all of it by keys as well. */
import { fieldFilter, fieldName } from './fieldfilter.ts';
import { smallButton } from './ink.ts';
import { escapedText } from './sgr.ts';
import type { Structure } from './structure.ts';
import type { Filter } from './talk.ts';
import { pathName, said, type Node } from './tree.ts';

/** What a person does with a field. */
export type FieldAct = { act: 'filter'; filter: Filter; name: string } | { act: 'column'; path: string };

/** Objects with more values than this, or this far within others, are shut at first. */
const MANY = 30;
const DEEP = 2;
/** The longest that a value is shown in the tree. */
const MAX_VALUE = 4000;

/** Paths that the person has opened or shut, against how they are at first. */
export type Turned = Set<string>;

type Item = { node: Node; keys: string[]; depth: number; listed: boolean; open: boolean | undefined };

export class FieldTree {
  readonly element = document.createElement('div');
  readonly #text: string;
  readonly #structure: Structure;
  readonly #turned: Turned;
  readonly #act: (act: FieldAct) => void;
  #items: Item[] = [];

  /** `changed` is told when it has become higher or lower. */
  constructor(text: string, structure: Structure, turned: Turned, act: (act: FieldAct) => void) {
    this.#text = text;
    this.#structure = structure;
    this.#turned = turned;
    this.#act = act;
    this.element.className = 'fields';
    this.element.role = 'tree';
    this.element.ariaLabel = 'Fields of the line';
    this.element.addEventListener('click', (event) => this.#clicked(event));
    this.element.addEventListener('keydown', (event) => this.#pressed(event));
    this.#draw();
  }

  /** Put the keyboard at its first field. */
  focus(): void {
    this.#to(0);
  }

  #draw(): void {
    this.#items = [];
    const walk = (node: Node, keys: string[], depth: number): void => {
      for (const item of node.items) {
        const own = [...keys, item.key];
        const holds = item.items.length > 0;
        const open = holds ? (depth < DEEP && item.items.length <= MANY) !== this.#turned.has(pathName(own)) : undefined;
        this.#items.push({ node: item, keys: own, depth, listed: node.kind === 'array', open });
        if (open) walk(item, own, depth + 1);
      }
    };
    walk(this.#structure.root, [], 0);
    this.element.replaceChildren(...this.#items.map((item, i) => this.#row(item, i)));
    if (this.#structure.root.cut) this.element.append(part('div', 'field-rest', 'There is more: click the time of the line for all of it'));
  }

  #row({ node, keys, depth, open }: Item, i: number): HTMLElement {
    const row = part('div', 'field', '');
    row.role = 'treeitem';
    row.ariaLevel = String(depth + 1);
    row.tabIndex = i === 0 ? 0 : -1;
    row.style.setProperty('--depth', String(depth));
    if (open !== undefined) row.ariaExpanded = String(open);
    const key = part('span', 'field-key', keys.at(-1) ?? '');
    row.append(part('span', open === undefined ? 'field-twist' : open ? 'field-twist open' : 'field-twist shut', ''), key);
    if (open === true) row.append(part('span', 'field-count', node.kind === 'array' ? `${node.items.length} in a list` : ''));
    else row.append(this.#value(node));
    const acts = part('span', 'field-acts', '');
    if (node.items.length === 0) acts.append(button('only', 'show only', 'Show only lines with this value (+)'), button('not', 'hide', 'Hide lines with this value (-)'));
    if (node.items.length === 0 || node.kind === 'array') acts.append(button('column', 'column', 'Show this field as a column, or no longer (c)'));
    row.append(acts);
    return row;
  }

  #value(node: Node): HTMLElement {
    const text = said(this.#text, node);
    const shown = escapedText(text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text, true);
    const name = node.kind === 'bare' ? 'string' : node.kind;
    if (node.items.length > 0 || node.kind === 'object' || node.kind === 'array') return part('span', `field-value f-${name}`, shown.slice(0, 200));
    const value = button('value', shown === '' ? '""' : shown, 'Show only lines with this value');
    value.className = `field-value f-${name}`;
    value.dataset['act'] = 'only';
    return value;
  }

  /** The number of the field that this is within; -1 for none. */
  #fieldOf(element: Element): number {
    return [...this.element.children].findIndex((row) => row.contains(element));
  }

  #clicked(event: MouseEvent): void {
    if (!(event.target instanceof Element)) return;
    const at = this.#fieldOf(event.target);
    if (at < 0 || String(document.getSelection()) !== '') return;
    const act = event.target.closest<HTMLElement>('[data-act]')?.dataset['act'];
    if (act !== undefined) this.#do(act, at);
    else this.#turn(at);
  }

  #do(act: string, at: number): void {
    const item = this.#items[at];
    if (!item) return;
    const path = pathName(item.keys);
    if (act === 'column') this.#act({ act: 'column', path });
    else if (item.node.items.length === 0) {
      const filter = fieldFilter(this.#text, this.#structure, item.node, item.listed, act === 'not');
      this.#act({ act: 'filter', filter, name: fieldName(this.#text, item.node, path) });
    }
  }

  /** Open or shut what a field holds. */
  #turn(at: number): void {
    const item = this.#items[at];
    if (item?.open === undefined) return;
    const path = pathName(item.keys);
    if (!this.#turned.delete(path)) this.#turned.add(path);
    this.#draw();
    this.#to(at);
  }

  #to(at: number): void {
    const rows = [...this.element.querySelectorAll<HTMLElement>('.field')];
    const row = rows[Math.max(0, Math.min(at, rows.length - 1))];
    if (!row) return;
    for (const other of rows) other.tabIndex = other === row ? 0 : -1;
    row.focus({ preventScroll: true });
  }

  /** Keys as trees have them (WAI-ARIA, Tree View), and one for each thing that can be done. */
  #pressed(event: KeyboardEvent): void {
    if (!(event.target instanceof Element) || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = this.#fieldOf(event.target);
    const item = this.#items[at];
    if (!item || (event.target.tagName === 'BUTTON' && (event.key === 'Enter' || event.key === ' '))) return;
    const { open, depth } = item;
    const parent = this.#items.findLastIndex((other, i) => i < at && other.depth < depth);
    const keys: Record<string, () => void> = {
      ArrowDown: () => this.#to(at + 1),
      ArrowUp: () => (at === 0 ? this.#leave() : this.#to(at - 1)),
      Home: () => this.#to(0),
      End: () => this.#to(this.#items.length - 1),
      ArrowRight: () => (open === false ? this.#turn(at) : this.#to(at + (open ? 1 : 0))),
      ArrowLeft: () => (open ? this.#turn(at) : parent >= 0 ? this.#to(parent) : this.#shut()),
      Enter: () => (open === undefined ? this.#do('only', at) : this.#turn(at)),
      '+': () => this.#do('only', at),
      '-': () => this.#do('not', at),
      c: () => this.#do('column', at),
      Escape: () => this.#leave(),
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  #leave(): void {
    this.element.closest<HTMLElement>('[role=log]')?.focus({ preventScroll: true });
  }

  /** The row's own button shuts the tree. */
  #shut(): void {
    this.#leave();
    this.element.closest('.row')?.querySelector<HTMLElement>('.twist')?.click();
  }
}

function part(tag: 'div' | 'span', name: string, text: string): HTMLElement {
  const element = document.createElement(tag);
  element.className = name;
  if (text !== '') element.textContent = text;
  return element;
}

function button(act: string, text: string, title: string): HTMLButtonElement {
  const element = smallButton('', text, title);
  element.tabIndex = -1;
  element.dataset['act'] = act;
  return element;
}

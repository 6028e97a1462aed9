/** What JSX becomes: elements described as plain values, and the page made to be as they say with as few changes as needed. */

type Props = Record<string, unknown>;
type Child = Described | string | number | boolean | null | undefined | readonly Child[];
type Described = { tag: string; props: Props; key: unknown };
/** What stands in an element: each child by its key, or its place. */
type Standing = { node: Element | Text; told: Described | string };
type Listeners = Record<string, ((event: Event) => void) | undefined>;
type Component = (props: never) => Child;

const SVG = 'http://www.w3.org/2000/svg';
/** These are told with `false` as well. */
const SAYS_FALSE = /^aria-|^spellcheck$/;
const standing = new WeakMap<Element, Map<string, Standing>>();
const listening = new WeakMap<Element, Listeners>();
let refs: (() => void)[] = [];

/** A component is a function without state: it is called at once. */
export function jsx(tag: string | Component, props: Props, key?: unknown): Child {
  if (typeof tag === 'string') return { tag, props, key };
  const made = tag(props as never);
  return key !== undefined && made && typeof made === 'object' && 'tag' in made ? { ...made, key } : made;
}
export { jsx as jsxs };

export const Fragment = ({ children }: { children?: Child }): Child => children;

/** Have `child` in `place`, and nothing else that was drawn there. */
export function render(child: Child, place: Element): void {
  fill(place, child);
  const due = refs;
  refs = [];
  for (const tell of due) tell();
}

/** Every child under a name that stays: its key, or its place among those beside it. Nothing keeps its place as well. */
function named(child: Child, name: string, into: Map<string, Described | string>): void {
  if (Array.isArray(child)) child.forEach((one: Child, i) => named(one, `${name}.${keyOf(one) ?? i}`, into));
  else if (typeof child === 'object') {
    if (child) into.set(name, child as Described);
  } else if (child !== undefined && typeof child !== 'boolean' && child !== '') into.set(name, String(child));
}

const keyOf = (child: Child): string | undefined =>
  child && typeof child === 'object' && 'tag' in child && child.key !== undefined ? `k${String(child.key)}` : undefined;

function fill(place: Element, child: Child): void {
  const wanted = new Map<string, Described | string>();
  named(child, '', wanted);
  const old = standing.get(place) ?? new Map<string, Standing>();
  const now = new Map<string, Standing>();
  for (const [name, told] of wanted) {
    const had = old.get(name);
    const node = had && tagOf(had.told) === tagOf(told) ? had.node : made(told, place);
    if (had?.node === node) old.delete(name);
    if (node instanceof Element) dress(node, had?.node === node ? (had.told as Described).props : {}, (told as Described).props);
    else if (had?.node !== node || had.told !== told) node.data = told as string;
    now.set(name, { node, told });
  }
  for (const { node } of old.values()) node.remove();
  // From the end, so that what is already followed by the right one is not moved and keeps its focus.
  let after: Node | null = null;
  for (const { node } of [...now.values()].reverse()) {
    if (node.parentNode !== place || node.nextSibling !== after) place.insertBefore(node, after);
    after = node;
  }
  standing.set(place, now);
}

const tagOf = (told: Described | string): string => (typeof told === 'string' ? '' : told.tag);

function made(told: Described | string, place: Element): Element | Text {
  if (typeof told === 'string') return new Text();
  if (told.tag === 'svg' || place.namespaceURI === SVG) return document.createElementNS(SVG, told.tag);
  const element = document.createElement(told.tag);
  if (element instanceof HTMLButtonElement) element.type = 'button'; // none of the page sends a form
  return element;
}

function dress(element: Element, old: Props, now: Props): void {
  fill(element, now['children'] as Child);
  for (const name in { ...old, ...now }) {
    if (name === 'children') continue;
    const value = now[name];
    if (name === 'ref') refs.push(() => (value as (element: Element) => void)(element));
    else if (name === 'value' || name === 'checked') {
      // As it is, not as it was last drawn: people change it.
      if ((element as unknown as Props)[name] !== value) (element as unknown as Props)[name] = value;
    } else if (value !== old[name]) put(element, name, value, old[name]);
  }
}

function put(element: Element, name: string, value: unknown, old: unknown): void {
  if (name.startsWith('on')) listen(element, name.slice(2).toLowerCase(), value as Listeners[string]);
  else if (name === 'style') {
    const { style } = element as HTMLElement;
    const now = value as Record<string, string | number>;
    for (const key in old as Props) if (!(key in now)) style.removeProperty(key);
    for (const key in now) style.setProperty(key, String(now[key]));
  } else if (value === undefined || value === null || (value === false && !SAYS_FALSE.test(name))) element.removeAttribute(name);
  else element.setAttribute(name, value === true && !SAYS_FALSE.test(name) ? '' : String(value));
}

/** One listener for each kind of event, which calls what is there now. */
function listen(element: Element, type: string, call: Listeners[string]): void {
  let calls = listening.get(element);
  if (!calls) listening.set(element, (calls = {}));
  if (!(type in calls)) element.addEventListener(type, (event) => calls[type]?.(event));
  calls[type] = call;
}

// What TypeScript checks JSX by.

type On<E, T> = ((event: E & { currentTarget: T }) => unknown) | undefined;
type Attributes<T> = {
  [name: `${'aria' | 'data'}-${string}`]: string | number | boolean | undefined;
  children?: Child;
  ref?: (element: T) => void;
  style?: Record<string, string | number>;
  onClick?: On<MouseEvent, T>;
  onKeyDown?: On<KeyboardEvent, T>;
  onInput?: On<InputEvent, T>;
  onChange?: On<Event, T>;
  onClose?: On<Event, T>;
  onScroll?: On<Event, T>;
  onSubmit?: On<SubmitEvent, T>;
  onBlur?: On<FocusEvent, T>;
  onFocusOut?: On<FocusEvent, T>;
} & { [name in `onPointer${'Down' | 'Move' | 'Up' | 'Leave' | 'Cancel'}`]?: On<PointerEvent, T> } & {
  [name in Plain]?: string | number | boolean | undefined;
};
type Plain =
  | 'class' | 'id' | 'key' | 'title' | 'role' | 'type' | 'value' | 'checked' | 'disabled' | 'placeholder' | 'spellcheck' | 'autocomplete'
  | 'autocapitalize' | 'autofocus' | 'tabIndex' | 'size' | 'name' | 'href' | 'target' | 'rel' | 'min' | 'max' | 'step' | 'open' | 'hidden'
  | 'width' | 'height' | 'viewBox' | 'd' | 'x' | 'y' | 'fill' | 'preserveAspectRatio';

/** The types that the compiler looks for. */
export declare namespace JSX {
  type Element = Child;
  type ElementChildrenAttribute = { children: unknown };
  type IntrinsicAttributes = { key?: string | number };
  type IntrinsicElements = { [tag in keyof HTMLElementTagNameMap]: Attributes<HTMLElementTagNameMap[tag]> } & {
    [tag in 'svg' | 'path' | 'rect' | 'use']: Attributes<SVGElement>;
  };
}

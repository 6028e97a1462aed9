/** A filter that matches a field's value in lines as they are written: what "show only" and "hide" of a value mean. */
import { literal } from './pattern.ts';
import type { Structure } from './structure.ts';
import type { Filter } from './talk.ts';
import { said, type Node } from './tree.ts';

/** Longer values are matched by their beginning. */
const MAX_VALUE = 300;

/** The key of a value of JSON as it is written before it. */
const KEY = /("(?:[^"\\]|\\.)*")\s*:\s*$/;
const MAX_KEY = 300;

/**
 * The filter for lines that have this value in a field of this name, or `listed`, in a list. It looks at the text, as all filters do: the
 * field is found by its own key, wherever in the line it stands, with any space around the colon.
 */
export function fieldFilter(text: string, { form }: Structure, node: Node, listed: boolean, exclude: boolean): Filter {
  const written = text.slice(node.start, Math.min(node.end, node.start + MAX_VALUE));
  const whole = node.end - node.start <= MAX_VALUE;
  const value = literal(written);
  const key = listed ? '[[,]\\s*' : form === 'json' ? `${literal(keyBefore(text, node))}\\s*:\\s*` : `(?:^|\\s)${literal(node.key)}=`;
  const end = !whole || written.endsWith('"') ? '' : form === 'json' ? '(?![\\w.+-])' : '(?=\\s|$)';
  return { source: `${key}${value}${end}`, mode: 'regex', fold: false, exclude };
}

function keyBefore(text: string, { key, start }: Node): string {
  return KEY.exec(text.slice(Math.max(0, start - MAX_KEY), start))?.[1] ?? JSON.stringify(key);
}

/** What such a filter is called: `level=error`. */
export function fieldName(text: string, node: Node, path: string): string {
  const value = said(text, node);
  return `${path}=${value.length > 60 ? `${value.slice(0, 60)}…` : value}`;
}

/** What a line is made of, as far as it says so: a JSON object, one behind some text, or the key=value pairs of logfmt. */
import { readJson, said, type Kind, type Node } from './tree.ts';

/** `root` is an object; what stands before `root.start` is text. */
export type Structure = { form: 'json' | 'logfmt'; root: Node };

/** Places in a line at which an object may begin that are tried. */
const MAX_TRIES = 4;
const MAX_PAIRS = 300;
/** A single x=1 is met in any prose. */
const FEWEST_PAIRS = 2;
/** Longer texts are left as they are: nobody reads a megabyte as fields. */
const MAX_TEXT = 262_144;

/**
 * The structure of a line's plain text; undefined for text without one. `cut` says that the text ends before the line does: then what is
 * whole of it counts. Takes time linear in the length of the text, and gives places in it, never other text.
 */
export function structureOf(text: string, cut = false): Structure | undefined {
  if (text.length > MAX_TEXT) return undefined;
  return jsonIn(text, cut) ?? logfmtIn(text);
}

function jsonIn(text: string, cut: boolean): Structure | undefined {
  const end = text.trimEnd().length;
  if (!cut && text[end - 1] !== '}') return undefined;
  const opening = /(?:^|[\s:=|,\]-])(?=\{\s*")/g;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const match = opening.exec(text);
    if (!match) return undefined;
    const start = match.index + match[0].length;
    opening.lastIndex = start + 1;
    const root = readJson(text, start, cut);
    if (root && root.items.length > 0 && (root.end === end || root.end === text.length)) return { form: 'json', root };
  }
  return undefined;
}

// A pair and the space behind it; or a word that is none. Each alternative begins where the last ended, so nothing is read twice but a
// quoted value without end.
const PAIR = /([A-Za-z_@][\w.@-]{0,99})=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))(?=\s|$)/y;
const WORD = /\S+/y;
const FLAG = /^[A-Z]{2,3}$/;
const SPACE = /\s*/y;

/** Pairs up to the end of the line, behind any text. */
function logfmtIn(text: string): Structure | undefined {
  if (text.indexOf('=') < 1) return undefined;
  let items: Node[] = [];
  let first = 0;
  let quotes = 0; // openings without an end: each costs a scan to the end of the line
  for (let at = skip(SPACE, text, 0); at < text.length; at = skip(SPACE, text, at)) {
    PAIR.lastIndex = at;
    const pair = quotes < MAX_TRIES ? PAIR.exec(text) : null;
    if (!pair) {
      const word = skip(WORD, text, at);
      if (text.slice(at, word).includes('="')) quotes++;
      // iptables has flags among its pairs, such as DF and SYN: behind text, where the line is shown as it was written.
      if (first === 0 || items.length < 4 || !FLAG.test(text.slice(at, word))) items = [];
      at = word;
      continue;
    }
    if (items.length === 0) first = at;
    if (items.length >= MAX_PAIRS) return undefined;
    const [whole, key = '', , bare] = pair;
    const start = at + key.length + 1;
    items.push({ kind: bare === undefined ? 'string' : kindOf(bare), key, start, end: at + whole.length, items: [], cut: false });
    at += whole.length;
  }
  if (items.length < FEWEST_PAIRS) return undefined;
  const root: Node = { kind: 'object', key: '', start: first, end: text.trimEnd().length, items, cut: false };
  return { form: 'logfmt', root };
}

function skip(what: RegExp, text: string, at: number): number {
  what.lastIndex = at;
  return what.test(text) ? what.lastIndex : at;
}

function kindOf(bare: string): Kind {
  if (/^-?\d+(?:\.\d+)?$/.test(bare)) return 'number';
  return /^(?:true|false|null|nil)$/.test(bare) ? 'word' : 'bare';
}

/** In lower case, the surest first. */
const MESSAGES = [
  'msg', 'message', '@message', '@m', 'renderedmessage', '@mt', 'messagetemplate', 'short_message', 'event', 'eventname', 'text', 'log', 'body', 'stringvalue',
];
/** Objects in which some loggers have the message. */
const HOLDERS = /^(?:fields|body)$/;
const TIMES = /^@?(?:ts|time|timestamp|t|datetime|date|eventtime|asctime)$/i;
const LEVELS = /^(?:log[._]?level|level(?:_?name|_?value|no)?|lvl|severity(?:_?(?:text|number))?|@l)$/i;
const FAULTS = /^(?:err(?:or)?(?:_?(?:code|message|msg|type|trace))?|exc(?:eption|_info)?|@x|stack(?:_?trace)?|cause|panic)$/i;

/** What a key is for, by its name: its line's message, time, level, what went wrong, or anything else. */
export function roleOf(key: string): 'message' | 'time' | 'level' | 'fault' | 'other' {
  if (MESSAGES.includes(key.toLowerCase())) return 'message';
  if (TIMES.test(key)) return 'time';
  if (LEVELS.test(key)) return 'level';
  return FAULTS.test(key) ? 'fault' : 'other';
}

/** The value that is a line's message, undefined for none: the best known name counts, not the first. */
export function messageOf(text: string, root: Node): Node | undefined {
  for (const name of MESSAGES) {
    const node = root.items.find((item) => item.key.toLowerCase() === name);
    if (node && node.items.length === 0 && said(text, node) !== '') return node;
  }
  const holder = root.items.find(({ key, items }) => items.length > 0 && HOLDERS.test(key));
  return holder && messageOf(text, holder);
}

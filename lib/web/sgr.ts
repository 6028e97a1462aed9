/** Text with ANSI sequences turned into plain text and runs of style; what cannot be seen is marked to be shown escaped. */

/** A stretch of the plain text in one style. Colours are 0 to 15 for the theme's own, '#rrggbb' for others, '' for none. */
export type Run = { start: number; end: number; classes: string; fg: string; bg: string; hidden: boolean };

export type Painted = { plain: string; runs: Run[] };

// Characters that show nothing, move the cursor or turn the direction of others: C0 but tab, C1, bidi controls, soft hyphens, fillers,
// zero-width and tag characters, and variants beyond those of emoji.
const UNSEEN = /[\0-\x08\x0a-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|\udb40[\udc00-\udc7f\udd00-\uddef]/;
const UNSEEN_ALL = new RegExp(UNSEEN, 'g');

// CSI sequences (ECMA-48, 5.4), OSC 8, which makes links, and the choice of ASCII that `tput sgr0` writes; any other escape is shown.
const SEQUENCE = /\x1b\[([0-?]*)[ -/]*([@-~])|\x1b\]8;[^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\(B/g;

/** The text without its ANSI sequences: what is searched and shown. */
export function plainText(text: string): string {
  return text.includes('\x1b') ? text.replace(SEQUENCE, '') : text;
}

/** A character that cannot be seen, as it is written in JavaScript. */
export function escaped(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  const name = NAMES.get(code);
  if (name !== undefined) return name;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`;
}

/** Text with all that cannot be seen escaped; with `lines` newlines stay. */
export function escapedText(text: string, lines = false): string {
  return UNSEEN.test(text) ? text.replace(UNSEEN_ALL, (char) => (lines && char === '\n' ? char : [...char].map(escaped).join(''))) : text;
}
const NAMES = new Map([[8, '\\b'], [10, '\\n'], [11, '\\v'], [12, '\\f'], [13, '\\r'], [0, '\\0']]);

/** Plain text and its runs; no runs means that all of it is plain and can be seen. */
export function paint(text: string): Painted {
  const coloured = text.includes('\x1b');
  const runs: Run[] = [];
  if (!coloured) {
    if (UNSEEN.test(text)) putRuns(runs, text, 0, PLAIN);
    return { plain: text, runs };
  }
  const pen = new Pen();
  let plain = '';
  let from = 0;
  const put = (piece: string): void => {
    if (piece === '') return;
    putRuns(runs, piece, plain.length, pen.style());
    plain += piece;
  };
  for (const match of text.matchAll(SEQUENCE)) {
    put(text.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === 'm') pen.change(match[1] ?? '');
  }
  put(text.slice(from));
  return { plain, runs };
}

type Style = { classes: string; fg: string; bg: string };
const PLAIN: Style = { classes: '', fg: '', bg: '' };

/** Add one run, or several where a character of it has to be shown escaped. */
function putRuns(runs: Run[], piece: string, at: number, style: Style): void {
  let from = 0;
  const put = (start: number, end: number, hidden: boolean): void => {
    if (end > start) runs.push({ start: at + start, end: at + end, ...style, hidden });
  };
  for (const match of piece.matchAll(UNSEEN_ALL)) {
    put(from, match.index, false);
    from = match.index + match[0].length;
    put(match.index, from, true);
  }
  put(from, piece.length, false);
}

const ATTRIBUTES = new Map([
  [1, 'bold'], [2, 'dim'], [3, 'italic'], [4, 'under'], [5, 'bold'], [7, 'inverse'], [9, 'strike'], [21, 'under'],
]);
const ENDS = new Map([[22, ['bold', 'dim']], [23, ['italic']], [24, ['under']], [25, []], [27, ['inverse']], [29, ['strike']]]);

/** The graphic rendition that SGR sequences set (ECMA-48, 8.3.117, with the colours of xterm and ISO 8613-6). */
class Pen {
  #fg = '';
  #bg = '';
  readonly #on = new Set<string>();
  #style: Style = PLAIN;

  style(): Style {
    return this.#style;
  }

  change(parameters: string): void {
    const codes = parameters.split(';', 64).map((p) => p.split(':', 8).map((n) => (n === '' ? 0 : Number(n))));
    for (let i = 0; i < codes.length; i++) {
      const [code = 0, ...own] = codes[i] as number[];
      if (code === 38 || code === 48 || code === 58) i += this.#extended(code, own, codes.slice(i + 1).map(([next = 0]) => next));
      else this.#apply(code === 4 && own[0] === 0 ? 24 : code); // 4:3 and the like are underlines of other forms
    }
    this.#style = { classes: [...this.#on].join(' '), fg: this.#fg, bg: this.#bg };
  }

  #apply(code: number): void {
    const attribute = ATTRIBUTES.get(code);
    if (code === 0) {
      this.#on.clear();
      this.#fg = this.#bg = '';
    } else if (attribute !== undefined) this.#on.add(attribute);
    else if (ENDS.has(code)) for (const name of ENDS.get(code) ?? []) this.#on.delete(name);
    else if (code >= 30 && code <= 37) this.#fg = String(code - 30);
    else if (code >= 90 && code <= 97) this.#fg = String(code - 82);
    else if (code === 39) this.#fg = '';
    else if (code >= 40 && code <= 47) this.#bg = String(code - 40);
    else if (code >= 100 && code <= 107) this.#bg = String(code - 92);
    else if (code === 49) this.#bg = '';
  }

  /**
   * `38;5;n` or `38;2;r;g;b`; with colons, where a colour space, often empty, may stand before r. Gives how many of the parameters behind
   * it are its own. 58 is the colour of underlines, which are not coloured here.
   */
  #extended(code: number, own: readonly number[], next: readonly number[]): number {
    const [kind, ...values] = own.length > 0 ? own : next;
    const colour = kind === 5 ? indexed(values[0]) : kind === 2 ? rgb(...(own.length > 4 ? values.slice(1, 4) : values.slice(0, 3))) : '';
    if (code === 38) this.#fg = colour;
    else if (code === 48) this.#bg = colour;
    if (own.length > 0) return 0;
    return kind === 5 ? 2 : kind === 2 ? 4 : next.length;
  }
}

const LEVELS = [0, 95, 135, 175, 215, 255];

/** A colour of xterm's 256: 16 of the theme, a cube of 6 x 6 x 6, 24 greys. */
function indexed(n: number | undefined): string {
  if (n === undefined || !(n >= 0 && n <= 255)) return '';
  if (n < 16) return String(n);
  if (n >= 232) return rgb(8 + (n - 232) * 10, 8 + (n - 232) * 10, 8 + (n - 232) * 10);
  const cube = n - 16;
  return rgb(LEVELS[Math.floor(cube / 36)], LEVELS[Math.floor(cube / 6) % 6], LEVELS[cube % 6]);
}

function rgb(...parts: (number | undefined)[]): string {
  if (parts.length < 3 || !parts.every((p) => p !== undefined && p >= 0 && p <= 255)) return '';
  return `#${parts.map((p) => Math.floor(p ?? 0).toString(16).padStart(2, '0')).join('')}`;
}

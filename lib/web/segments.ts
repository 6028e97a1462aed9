/** A line cut into the stretches that are drawn: by its ANSI runs, by what can be told apart in it, and by what filter and find matched. */
import { escaped, paint, type Run } from './sgr.ts';
import { touches, type Piece } from './summary.ts';
import { tokensIn, type Found, type Token } from './tokens.ts';

/**
 * Text to draw in one style; `mark` is true where the filter matched, `found` where the find box did, `hidden` where a character is shown
 * escaped. `token` is what it was told to be, `at` the piece of a summary that it belongs to (-1 for none).
 */
export type Segment = {
  text: string;
  classes: string;
  fg: string;
  bg: string;
  mark: boolean;
  found: boolean;
  hidden: boolean;
  token: Token | '';
  piece: number;
  /** The whole address that it is part of, '' for none. */
  url: string;
};

/** More stretches than this are drawn without style: a line may change its colour with every character. */
const MAX_SEGMENTS = 2000;

/** What lies over the text of a line: pairs of start and end in its plain text, ascending, and its tokens. */
export type Layers = { marks: readonly number[]; found: readonly number[]; tokens: readonly Found[] };

const NOTHING: Layers = { marks: [], found: [], tokens: [] };

/** The stretches of a line. An empty answer means: draw `plain` as it is. */
export function segmentsOf(text: string, marks: readonly number[]): { plain: string; segments: Segment[] } {
  const { plain, runs } = paint(text);
  return { plain, segments: layered(plain, runs, { ...NOTHING, marks }) };
}

/** The stretches of a line whose plain text and runs are known; none where it is drawn as it is. */
export function layered(plain: string, runs: readonly Run[], layers: Layers): Segment[] {
  const { marks, found, tokens } = layers;
  if (runs.length === 0 && marks.length === 0 && found.length === 0 && tokens.length === 0) return [];
  const out: Segment[] = [];
  if (runs.length + marks.length + found.length + tokens.length > MAX_SEGMENTS) {
    put(out, plain, runs.length > 0 ? unstyled(runs, plain) : [whole(plain)], NOTHING, 0, plain.length, -1);
  } else put(out, plain, runs.length > 0 ? runs : [whole(plain)], layers, 0, plain.length, -1);
  return out;
}

/**
 * The stretches of a summary: what a piece stands for is marked where the line is; text of its own is marked as a whole. With `tokens` the
 * message is told apart as any text is, and addresses everywhere.
 */
export function summarized(plain: string, runs: readonly Run[], pieces: readonly Piece[], layers: Layers, tokens: boolean): Segment[] {
  const out: Segment[] = [];
  const all = runs.length > 0 ? unstyled(runs, plain) : [whole(plain)];
  pieces.forEach((piece, i) => {
    const { at, end, own, role } = piece;
    const told = (text: string, from: number): Found[] => {
      if (!tokens || role === 'gap' || role === 'key') return [];
      const found = role === 'message' || role === 'text' || text.includes('://') ? tokensIn(text) : [];
      const fit = role === 'message' || role === 'text' ? found : found.filter(({ token }) => token === 'url');
      return fit.map(({ start, end: stop, token }) => ({ start: start + from, end: stop + from, token }));
    };
    if (!own) return put(out, plain, all, { ...layers, tokens: told(piece.text, at) }, at, end, i);
    const shown = paint(piece.text);
    const within = (pairs: readonly number[]): number[] => (at < end && touches(pairs, at, end) ? [0, shown.plain.length] : []);
    const over = { marks: within(layers.marks), found: within(layers.found), tokens: told(shown.plain, 0) };
    put(out, shown.plain, shown.runs.length > 0 ? shown.runs : [whole(shown.plain)], over, 0, shown.plain.length, i);
  });
  return out;
}

const whole = (plain: string): Run => ({ start: 0, end: plain.length, classes: '', fg: '', bg: '', hidden: false });
const styled = (run: Run): boolean => run.classes !== '' || run.fg !== '' || run.bg !== '' || run.hidden;

/** Runs joined where both can be seen; the hidden characters stay escaped. */
function unstyled(runs: readonly Run[], plain: string): Run[] {
  const joined: Run[] = [];
  for (const run of runs) {
    const last = joined.at(-1);
    if (last && last.hidden === run.hidden) last.end = run.end;
    else joined.push({ ...whole(plain), start: run.start, end: run.end, hidden: run.hidden });
  }
  return joined;
}

/** A way through ascending pairs: whether a place is within one, and where that changes next. */
class Walk {
  readonly #pairs: readonly number[];
  #i = 0;

  constructor(pairs: readonly number[]) {
    this.#pairs = pairs;
  }

  /** Places are asked for in ascending order. */
  at(place: number): { inside: boolean; until: number } {
    while (this.#i < this.#pairs.length && (this.#pairs[this.#i + 1] as number) <= place) this.#i += 2;
    const start = this.#pairs[this.#i] ?? Infinity;
    return start <= place ? { inside: true, until: this.#pairs[this.#i + 1] as number } : { inside: false, until: start };
  }
}

/** The stretches of plain text [from, to). Tokens colour what has no style of its own only: its writer knew better. */
function put(out: Segment[], plain: string, runs: readonly Run[], layers: Layers, from: number, to: number, piece: number): void {
  const marks = new Walk(layers.marks);
  const found = new Walk(layers.found);
  const { tokens } = layers;
  let t = 0;
  for (const run of runs) {
    if (run.end <= from) continue;
    if (run.start >= to) break;
    const end = Math.min(run.end, to);
    const plainRun = !styled(run);
    for (let at = Math.max(run.start, from); at < end; ) {
      while (t < tokens.length && (tokens[t] as Found).end <= at) t++;
      const token = plainRun ? tokens[t] : undefined;
      const within = token !== undefined && token.start <= at;
      const [mark, hit] = [marks.at(at), found.at(at)];
      const until = Math.min(end, mark.until, hit.until, within ? token.end : (token?.start ?? Infinity));
      const text = plain.slice(at, until);
      const { classes, fg, bg, hidden } = run;
      out.push({
        text: hidden ? [...text].map(escaped).join('') : text,
        classes, fg, bg, hidden, mark: mark.inside, found: hit.inside, token: within ? token.token : '', piece,
        url: within && token.token === 'url' ? plain.slice(token.start, token.end) : '',
      });
      at = until;
    }
  }
}

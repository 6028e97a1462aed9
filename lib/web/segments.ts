/** A line cut into the stretches that are drawn: by its ANSI runs, and by what the filter matched in it. */
import { escaped, paint, type Run } from './sgr.ts';

/** Text to draw in one style; `mark` is true where the filter matched, `hidden` where a character is shown escaped. */
export type Segment = { text: string; classes: string; fg: string; bg: string; mark: boolean; hidden: boolean };

/** More stretches than this are drawn without style: a line may change its colour with every character. */
const MAX_SEGMENTS = 2000;

/**
 * The stretches of a line. `marks` are pairs of start and end in its plain text, ascending. An empty answer means: draw `plain` as it is.
 */
export function segmentsOf(text: string, marks: readonly number[]): { plain: string; segments: Segment[] } {
  const { plain, runs } = paint(text);
  if (runs.length === 0 && marks.length === 0) return { plain, segments: [] };
  if (runs.length + marks.length > MAX_SEGMENTS) return { plain, segments: shown(unstyled(runs, plain), plain, []) };
  return { plain, segments: shown(runs.length > 0 ? runs : [whole(plain)], plain, marks) };
}

const whole = (plain: string): Run => ({ start: 0, end: plain.length, classes: '', fg: '', bg: '', hidden: false });

/** Runs joined where both can be seen; the hidden characters stay escaped. */
function unstyled(runs: Run[], plain: string): Run[] {
  const joined: Run[] = [];
  for (const run of runs) {
    const last = joined.at(-1);
    if (last && last.hidden === run.hidden) last.end = run.end;
    else joined.push({ ...whole(plain), start: run.start, end: run.end, hidden: run.hidden });
  }
  return joined;
}

function shown(runs: Run[], plain: string, marks: readonly number[]): Segment[] {
  const segments: Segment[] = [];
  let m = 0;
  for (const run of runs) {
    let at = run.start;
    while (at < run.end) {
      while (m < marks.length && (marks[m + 1] as number) <= at) m += 2;
      const from = marks[m] ?? Infinity;
      const mark = from <= at;
      const end = Math.min(run.end, mark ? (marks[m + 1] as number) : from);
      segments.push(segment(run, plain.slice(at, end), mark));
      at = end;
    }
  }
  return segments;
}

function segment(run: Run, text: string, mark: boolean): Segment {
  const { classes, fg, bg, hidden } = run;
  return { text: hidden ? [...text].map(escaped).join('') : text, classes, fg, bg, mark, hidden };
}

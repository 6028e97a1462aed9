/** The shape of the lines over time as paths to be drawn: bars of stacked levels, the gravest at the foot so that they are never lost. */
import { LEVEL, LEVELS } from '../level.ts';

/** From the foot: fatal, error, warn, info, debug, trace, none. */
export const STACK = [6, 5, 4, 3, 2, 1, 0] as const;
/** No bar of warnings or errors is lower than this part of the height. */
const LEAST = 0.05;
/** Gap between bars, as a part of their width. */
const GAP = 0.18;

export type Shape = { from: number; to: number; step: number; counts: ArrayLike<number>; earlier: number; later: number };

export const binsOf = ({ counts }: Shape): number => Math.floor(counts.length / LEVELS);

/** Lines of one bin: all, and those that are errors. */
export function binAt({ counts }: Shape, bin: number): { lines: number; errors: number; warnings: number } {
  const of = (level: number): number => counts[bin * LEVELS + level] ?? 0;
  let lines = 0;
  for (const level of STACK) lines += of(level);
  return { lines, errors: of(LEVEL.error) + of(LEVEL.fatal), warnings: of(LEVEL.warn) };
}

/** A path for each level, by STACK, in a box as wide as there are bins and 1 high, 0 being the top. */
export function pathsOf(shape: Shape): string[] {
  const bins = binsOf(shape);
  let most = 1;
  for (let bin = 0; bin < bins; bin++) most = Math.max(most, binAt(shape, bin).lines);
  const paths = STACK.map(() => '');
  for (let bin = 0; bin < bins; bin++) {
    let foot = 1;
    STACK.forEach((level, i) => {
      const count = shape.counts[bin * LEVELS + level] ?? 0;
      if (count === 0) return;
      const height = Math.min(foot, Math.max(count / most, level >= LEVEL.warn ? LEAST : 0.02));
      const x = (bin + GAP / 2).toFixed(2);
      paths[i] += `M${x} ${foot.toFixed(4)}h${1 - GAP}v${(-height).toFixed(4)}h${GAP - 1}z`;
      foot -= height;
    });
  }
  return paths;
}

/** The time at which a bin begins, and where (0 to 1) a time is. */
export const timeOf = ({ from, step }: Shape, bin: number): number => from + bin * step;
export const placeOf = (shape: Shape, time: number): number => (time - shape.from) / (binsOf(shape) * shape.step);

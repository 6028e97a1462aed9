/** A view as plain data: which panes there are, and of each what it shows and where it stands. */
import { ALL_LEVELS } from '../level.ts';
import type { Choice } from './talk.ts';
import type { TimeMode } from './timing.ts';

/** A filter, or what is sought by find. Text is taken as it is; `fold` makes upper and lower case the same. */
export type Pattern = { source: string; mode: 'regex' | 'text'; fold: boolean };
export type Chip = Pattern & { exclude: boolean; on: boolean };

/** One line for ever: its stream, the run of its writer, and its number there. */
export type LineName = { id: string; run: string; n: number };

/** What is chosen of the lines, and how the pane shows them; `streams` are in the order in which they were chosen. */
export type PaneView = Omit<Choice, 'filters'> & {
  /** The filter in the box, which is in force while it is typed; and those that have been kept beside it. */
  draft: Chip;
  filters: Chip[];
  /** All filters are switched off, without forgetting which are on. */
  off: boolean;
  find: Pattern;
  /** Long lines are wrapped; undefined leaves it to the width of the window. */
  wrap: boolean | undefined;
  /** Fields shown as columns. */
  columns: string[];
  /** The line that stands at the top, undefined while the newest are followed; and whether it is the one that somebody was sent to. */
  at: LineName | undefined;
  pointed: boolean;
};

export type Layout = {
  panes: PaneView[];
  /** Panes move together in time. */
  lock: boolean;
  /** Lines asked of the server when the page opens; undefined for what is usual. */
  lines: number | undefined;
  /** How times are shown; undefined leaves it to what the browser remembers. */
  time: TimeMode | undefined;
};

export const MAX_PANES = 4;

export const noPattern: Pattern = { source: '', mode: 'regex', fold: true };
export const noChip: Chip = { ...noPattern, exclude: false, on: true };

/** A pane as it is without being told. */
export const plainPane = (): PaneView => ({
  streams: undefined,
  draft: noChip,
  filters: [],
  off: false,
  find: noPattern,
  levels: ALL_LEVELS,
  wrap: undefined,
  columns: [],
  repeats: false,
  stacks: false,
  around: 0,
  from: undefined,
  to: undefined,
  after: undefined,
  at: undefined,
  pointed: false,
});

/** Whether two patterns, or two chips, are the same search. */
export const samePattern = (a: Pattern & { exclude?: boolean }, b: Pattern & { exclude?: boolean }): boolean =>
  a.source === b.source && a.mode === b.mode && a.fold === b.fold && a.exclude === b.exclude;

/** One pane's choices: what the person has chosen to see in it, and what is known of it, as signals that its controls draw themselves from. */
import { computed, effect, signal } from '@preact/signals-core';
import { ALL_LEVELS } from '../level.ts';
import { noChip, noPattern, type Chip, type PaneView, type Pattern } from './layout.ts';
import { filterFault } from './pattern.ts';
import type { Choice, Filter, PaneState } from './talk.ts';

/** What context hides for a while: the lines around one are shown whatever the filters say. */
export type Peek = { position: number };

const asFilter = ({ source, mode, fold, exclude }: Chip): Filter => ({ source, mode, fold, exclude });

export class Choices {
  readonly id: number;
  readonly streams;
  readonly draft;
  readonly filters;
  /** All filters are switched off, without forgetting which are on. */
  readonly off;
  readonly find;
  readonly levels;
  readonly wrap;
  readonly columns;
  readonly repeats;
  readonly stacks;
  readonly around;
  readonly from;
  readonly to;
  /** What it was cleared after; and what before, to go back to. */
  readonly after;
  readonly cleared: (string | undefined)[] = [];
  readonly peek = signal<Peek | undefined>(undefined);

  /** Why the text in a box is no pattern, '' if it is one; and the last that was one. */
  readonly fault = signal('');
  readonly findFault = signal('');
  readonly applied = signal<Chip>(noChip);
  readonly sought = signal<Pattern>(noPattern);

  readonly following = signal(true);
  /** Rows, and errors, that have come since the lines were stopped. */
  readonly fresh = signal(0);
  readonly freshErrors = signal(0);
  /** Time of the line at the top, ms; undefined while the newest are followed. */
  readonly place = signal<number | undefined>(undefined);
  /** How things stood a moment ago. */
  readonly state = signal<PaneState | undefined>(undefined);
  /** Which hit was last gone to, counted from 1; 0 for none. */
  readonly hit = signal(0);

  readonly name = computed(() => nameOf(this.streams.value));
  readonly choice = computed((): Choice => this.#choice());
  readonly #stop: (() => void)[] = [];

  constructor(id: number, view: PaneView) {
    this.id = id;
    this.streams = signal(view.streams);
    this.draft = signal(view.draft);
    this.filters = signal(view.filters);
    this.find = signal(view.find);
    this.levels = signal(view.levels);
    this.wrap = signal(view.wrap);
    this.columns = signal(view.columns);
    this.repeats = signal(view.repeats);
    this.off = signal(view.off);
    this.stacks = signal(view.stacks);
    this.around = signal(view.around);
    this.from = signal(view.from);
    this.to = signal(view.to);
    this.after = signal(view.after);
    this.#settle(this.draft, this.fault, this.applied);
    this.#settle(this.find, this.findFault, this.sought);
    this.#stop.push(effect(() => this.#endPeek()));
  }

  /** Become what a view says. */
  take(view: PaneView): void {
    const { at, pointed, ...shown } = view; // where it stands is the view's
    Object.entries(shown).forEach(([key, value]) => {
      (this[key as 'streams'] as { value: unknown }).value = value;
    });
    this.peek.value = undefined;
  }

  /** What it shows, as plain data; where it stands is the view's to say. */
  get view(): Omit<PaneView, 'at' | 'pointed'> {
    const { streams, applied, filters, off, sought, levels, wrap, columns, repeats, stacks, around, from, to, after } = this;
    return {
      streams: streams.value,
      draft: applied.value,
      filters: filters.value,
      find: sought.value,
      levels: levels.value,
      wrap: wrap.value,
      columns: columns.value,
      repeats: repeats.value,
      off: off.value,
      stacks: stacks.value,
      around: around.value,
      from: from.value,
      to: to.value,
      after: after.value,
    };
  }

  /** Filters that are in force. Those that are no patterns, as an address may name them, are not. */
  get inForce(): Chip[] {
    if (this.off.value || this.peek.value) return [];
    return [...this.filters.value, this.applied.value].filter((chip) => chip.on && chip.source !== '' && filterFault(chip) === undefined);
  }

  end(): void {
    this.#stop.forEach((stop) => stop());
  }

  /** Whoever chooses what to see wants to see it: all lines are shown around one only until then. */
  #endPeek(): void {
    for (const one of [this.streams, this.applied, this.filters, this.off, this.levels, this.from, this.to, this.after]) void one.value;
    this.peek.value = undefined;
  }

  #choice(): Choice {
    const peeks = this.peek.value !== undefined;
    return {
      streams: this.streams.value,
      filters: this.inForce.map(asFilter),
      levels: peeks ? ALL_LEVELS : this.levels.value,
      repeats: this.repeats.value,
      stacks: this.stacks.value,
      around: peeks ? 0 : this.around.value,
      from: peeks ? undefined : this.from.value,
      to: peeks ? undefined : this.to.value,
      after: peeks ? undefined : this.after.value,
    };
  }

  /** What is typed is in force at once where it is a pattern; until then the last that was one stays. */
  #settle<P extends Pattern>(typed: { value: P }, fault: { value: string }, settled: { value: P }): void {
    const settle = (): void => {
      const pattern = typed.value;
      fault.value = pattern.source === '' ? '' : (filterFault({ exclude: false, ...pattern }) ?? '');
      if (fault.value === '') settled.value = pattern;
    };
    this.#stop.push(effect(settle));
  }
}

/** What a pane is called: its streams. */
export function nameOf(streams: string[] | undefined): string {
  if (streams === undefined) return 'All streams';
  if (streams.length <= 2) return streams.join(', ');
  return `${streams.slice(0, 2).join(', ')} and ${streams.length - 2} more`;
}

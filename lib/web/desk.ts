/** What the page knows and what the person has chosen, as signals that the controls draw themselves from. */
import { signal } from '@preact/signals-core';
import { fromHash } from './hash.ts';
import type { Label } from './chunk.ts';
import type { PaneState, State, Stream } from './talk.ts';

const seen = fromHash(location.hash);
const NARROW = '(max-width: 700px)';

/** Streams shown, undefined for all; the order is that in which they were chosen. */
export const streams = signal<string[] | undefined>(seen.streams);
/** The text in the filter box, why it is no pattern ('' if it is one), and the pattern in use. */
export const typed = signal(seen.pattern);
export const fault = signal('');
export const pattern = signal('');
/** Upper and lower case are the same. */
export const fold = signal(seen.fold);
/** Long lines are wrapped; undefined leaves it to the width of the window. */
export const wrap = signal<boolean | undefined>(seen.wrap);
export const narrow = signal(matchMedia(NARROW).matches);
matchMedia(NARROW).addEventListener('change', (event) => (narrow.value = event.matches));

export type Theme = 'auto' | 'light' | 'dark';
export const theme = signal<Theme>('auto');

export const following = signal(true);
/** Rows that have come since the lines were stopped. */
export const fresh = signal(0);
/** How things stood a moment ago, undefined before the first word of the feed worker. */
export const state = signal<State | undefined>(undefined);
export const pane = signal<PaneState | undefined>(undefined);
export const known = signal<Stream[]>([]);
/** Clock of the server less ours, ms; lines that it never got, and that were no records; number of the first entry it still holds. */
export const serverAhead = signal(0);
export const serverLost = signal(0);
export const serverMalformed = signal(0);
export const serverFirst = signal(0);
/** Lines asked of the server's memory when the page opens; undefined for what is usual. */
export const firstLines = signal(seen.lines);
/** Text in the search box of the streams. */
export const sought = signal('');
export const listOpen = signal(false);
export const helpOpen = signal(false);
/** A line shown whole. */
export const whole = signal<{ label: Label; text: string; tail: string } | undefined>(undefined);

/** Whether long lines are wrapped now. */
export const wrapped = (): boolean => wrap.value ?? narrow.value;

/** Show only this stream, or with `add` this one besides those chosen (or no longer). */
export function choose(id: string, add: boolean): void {
  const now = streams.value ?? [];
  if (!add) streams.value = [id];
  else if (!now.includes(id)) streams.value = [...now, id];
  else streams.value = now.length === 1 ? undefined : now.filter((other) => other !== id);
}

export function chooseAll(): void {
  streams.value = undefined;
}

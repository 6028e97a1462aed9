/** What the page knows and what the person has chosen, as signals that the controls draw themselves from; of one pane see choices.ts. */
import { computed, effect, signal } from '@preact/signals-core';
import type { Label } from './kind.ts';
import { fromHash } from './hash.ts';
import { MAX_PANES, plainPane, type PaneView } from './layout.ts';
import { memory, remember } from './memory.ts';
import { Choices } from './choices.ts';
import type { Say, State, Stream } from './talk.ts';

const NARROW = '(max-width: 700px)';

/** The view that the address asked for. */
export const asked = fromHash(location.hash);

let nextId = 0;
const newPane = (view: PaneView): Choices => new Choices(nextId++, view);

export const panes = signal<Choices[]>(asked.panes.map(newPane));
const first = panes.value[0] as Choices;
/** The pane that keys and the list of streams speak to. */
export const focused = signal<Choices>(first);
let [now, before] = [first, first];
effect(() => {
  if (focused.value !== now) [now, before] = [focused.value, now];
});
export const lock = signal(asked.lock);

export const narrow = signal(matchMedia(NARROW).matches);
matchMedia(NARROW).addEventListener('change', (event) => (narrow.value = event.matches));

/** How things stood a moment ago, undefined before the first word of the feed worker. */
export const state = signal<State | undefined>(undefined);
/** The last entry that the panes may show, `EPOCH.SEQ`: as new as they are, whereas the controls are drawn less often. */
export const cursor = signal<string | undefined>(undefined);
/** What the server said last of its streams. While it says nothing none of them is known to be live. */
const told = signal<Stream[]>([]);
export const away = computed(() => state.value?.link === 'cut' || state.value?.link === 'denied');
export const known = computed(() => (away.value ? told.value.map(unheard) : told.value));
const unheard = (stream: Stream): Stream => ({ ...stream, rate: 0, spark: [], state: stream.state === 'live' ? 'idle' : stream.state });
let names: string[] = [];
/** Ids of the streams, the same array while they are the same: to group and to search them costs by their number, and they are told anew every two seconds. */
export const streamIds = computed(() => {
  const now = known.value;
  if (now.length !== names.length || now.some(({ id }, i) => id !== names[i])) names = now.map(({ id }) => id);
  return names;
});
export const streamsById = computed(() => new Map(known.value.map((stream) => [stream.id, stream])));
/** The time of this browser, as often as it is told of streams, and each second while it is not, ms. */
export const clock = signal(Date.now());
setInterval(() => away.peek() && (clock.value = Date.now()), 1000);
/** Clock of the server less ours, ms; lines that it never got, and that were no records; number of the first entry it still holds. */
export const serverAhead = signal(0);
export const serverLost = signal(0);
export const serverMalformed = signal(0);
export const serverFirst = signal(0);
/** Entries before those held that the server has, and that there is room for. */
export const older = computed(() => (state.value?.firstEntry && serverFirst.value ? state.value.firstEntry - serverFirst.value : 0));
/** Lines asked of the server's memory when the page opens; undefined for what is usual. */
export const firstLines = signal(asked.lines);
/** Text in the search box of the streams. */
export const sought = signal('');
/** The list of streams lies over the lines, in a narrow window. */
export const listOpen = signal(false);
/** What is laid over the page. */
export type Sheet = 'help' | 'settings' | 'palette' | 'bookmarks';
export const sheet = signal<Sheet | undefined>(undefined);
/** A line shown whole. */
export const whole = signal<{ label: Label; text: string; tail: string } | undefined>(undefined);
/** Errors of each stream when somebody last looked at it. */
export const looked = signal<ReadonlyMap<string, number>>(new Map());

/** Streams that some pane was told to show. */
export const chosen = computed(() => new Set(panes.value.flatMap((pane) => pane.streams.value ?? [])));

/** Whether long lines of a pane are wrapped now. */
export const wrapped = (pane: Choices): boolean => pane.wrap.value ?? (memory.value.wrap || narrow.value);

/** Show only this stream, or with `add` this one besides those chosen (or no longer). */
export function choose(id: string, add: boolean): void {
  const { streams } = focused.value;
  const now = streams.value ?? [];
  if (!add) streams.value = [id];
  else if (!now.includes(id)) streams.value = [...now, id];
  else streams.value = now.length === 1 ? undefined : now.filter((other) => other !== id);
}

/** Show all streams of a group; with `add` besides those chosen. */
export function chooseGroup(ids: string[], add: boolean): void {
  const { streams } = focused.value;
  streams.value = [...new Set([...(add ? (streams.value ?? []) : []), ...ids])];
}

export function chooseAll(): void {
  focused.value.streams.value = undefined;
}

export function pin(ids: readonly string[]): void {
  const { pins } = memory.value;
  const all = ids.every((id) => pins.includes(id));
  remember({ pins: all ? pins.filter((id) => !ids.includes(id)) : [...pins, ...ids.filter((id) => !pins.includes(id))] });
}

/** One more pane beside the focused one, showing the same; undefined where there are enough. */
export function split(): Choices | undefined {
  if (panes.value.length >= MAX_PANES) return undefined;
  const pane = newPane({ ...plainPane(), ...focused.value.view, at: undefined, pointed: false });
  const at = panes.value.indexOf(focused.value) + 1;
  panes.value = panes.value.toSpliced(at, 0, pane);
  focused.value = pane;
  return pane;
}

/** Close a pane, unless it is the last; the one focused before it, or else one beside it, is then the focused one. */
export function close(pane: Choices): void {
  const at = panes.value.indexOf(pane);
  if (panes.value.length < 2 || at < 0) return;
  panes.value = panes.value.toSpliced(at, 1);
  if (focused.value === pane) focused.value = (panes.value.includes(before) ? before : (panes.value[at] ?? panes.value[at - 1])) as Choices;
  pane.end();
}

/** Have as many panes as these views, and show them. */
export function takeAll(views: PaneView[]): void {
  const now = panes.value;
  views.forEach((view, i) => now[i]?.take(view));
  const kept = now.slice(0, views.length);
  now.slice(views.length).forEach((pane) => pane.end());
  panes.value = [...kept, ...views.slice(kept.length).map(newPane)];
  if (!panes.value.includes(focused.value)) focused.value = panes.value[0] as Choices;
}

/** So many streams a server counts. */
const MAX_KNOWN = 10_000;

/** What the worker says of the streams. */
export function takeStreams(said: Extract<Say, { say: 'streams' }>): void {
  const ids = new Set(said.streams.map(({ id }) => id));
  // A server started again does not know those that have not spoken since, whose lines may be held here.
  told.value = [...said.streams, ...told.value.filter(({ id }) => !ids.has(id)).map(unheard)].slice(0, MAX_KNOWN);
  clock.value = Date.now();
  serverAhead.value = said.now - clock.value;
  serverLost.value = said.lost;
  serverMalformed.value = said.malformed;
  serverFirst.value = said.firstHeld;
}

/** Streams that are shown, and told to be, count as looked at. */
effect(() => {
  const shown = known.value.filter(({ id }) => chosen.value.has(id));
  const seen = document.hidden ? [] : shown.filter(({ id, errors }) => looked.peek().get(id) !== errors);
  if (seen.length > 0) looked.value = new Map([...looked.peek(), ...seen.map(({ id, errors }): [string, number] => [id, errors])]);
});

/** What a reader of the screen hears of the row that keys have gone to. */
export const heard = signal('');

/** What is said for a moment at the foot of the lines, and may be undone there. */
export type Said = { text: string; undo?: () => void; bad?: boolean };
export const said = signal<Said | undefined>(undefined);
const SAID = 6000;
let quiet: ReturnType<typeof setTimeout> | undefined;

export function say(text: string, more: Omit<Said, 'text'> = {}): void {
  said.value = { text, ...more };
  fade(more.undo ? SAID * 2 : SAID);
}

/** What somebody reads, or is about to undo, stays. */
function fade(after: number): void {
  clearTimeout(quiet);
  quiet = setTimeout(() => {
    if (document.querySelector('#said:is(:hover, :focus-within)')) fade(SAID);
    else said.value = undefined;
  }, after);
}

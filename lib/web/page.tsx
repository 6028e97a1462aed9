/** The page: joins the person's choices, the feed worker and the panes. */
import { effect } from '@preact/signals-core';
import { marks, type Mark } from './bookmarked.ts';
import { counted } from './clock.ts';
import * as desk from './desk.ts';
import { listed } from './filter.tsx';
import { Frame } from './frame.tsx';
import { fromHash, toHash } from './hash.ts';
import { listen } from './keys.ts';
import { fetchInTime, restNow, withRest } from './later.ts';
import type { Layout, PaneView } from './layout.ts';
import { hasMoved } from './lock.ts';
import { PLAIN_LOOK } from './look.ts';
import { keepMemory, memory, remember } from './memory.ts';
import { lifeOf } from './places.ts';
import { makeRuns } from './deeds.ts';
import { mount } from './mount.ts';
import { Status } from './status.tsx';
import { LIMITS } from './limits.ts';
import { Streams } from './streams.tsx';
import type { Ask, Say, State } from './talk.ts';
import { showTheme } from './theme.ts';
import { Toast } from './toast.tsx';

/** Lines asked of the server's memory when the page opens: a few megabytes, and more than anybody reads back. */
const FIRST_LINES = 50_000;
/** How often the controls are drawn anew while lines come, and how soon a place is in the address where one rests, ms. */
const CONTROLS_EVERY = 150;
const PLACE = 400;
/** When what comes later is fetched where no line has come, ms. */
const WITHOUT_LINES = 1000;
/** The widest that the column of streams becomes, characters. */
const MAX_TAG = 28;

const element = (id: string): HTMLElement => {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
};

// start.ts has started `feed`.
const ask = (message: Ask): void => feed.postMessage(message);

// Panes: one element of the page for each, all made like the first.

const first = element('panes').querySelector<HTMLElement>('.frame') ?? document.createElement('section');
const pattern = first.cloneNode(true) as HTMLElement;
const frames = new Map<number, Frame>();
const focusedFrame = (): Frame => frames.get(desk.focused.value.id) ?? ([...frames.values()][0] as Frame);

const waitingExports: ((said: Extract<Say, { say: 'exported' }>) => void)[] = [];
const runs = makeRuns({
  ask,
  frame: focusedFrame,
  link: () => location.href.replace(/#.*/s, '') + toHash(layout()),
  exported: (as) =>
    new Promise((resolve) => {
      waitingExports.push(resolve);
      ask({ ask: 'export', pane: desk.focused.value.id, as });
    }),
});
const moved = (frame: Frame): void => {
  const has = hasMoved(frame);
  place(!has && frame.view.top); // rows that are still to come say nothing of where it is
  if (!has || !desk.lock.peek() || desk.panes.peek().length < 2 || frame.pane !== desk.focused.peek()) return;
  withRest(({ moveTogether }) => moveTogether(frame, [...frames.values()].filter((other) => other !== frame)));
};

effect(() => {
  const panes = desk.panes.value;
  for (const [id, frame] of frames) {
    if (panes.some((pane) => pane.id === id)) continue;
    frame.close();
    frames.delete(id);
  }
  panes.forEach((pane, i) => {
    let frame = frames.get(pane.id);
    if (!frame) {
      const made = frames.size === 0 && first.isConnected ? first : (pattern.cloneNode(true) as HTMLElement);
      const before = element('panes').querySelectorAll('.frame')[i] ?? null;
      if (made !== first) element('panes').insertBefore(made, before);
      frame = new Frame(pane, made, { ask, runs, moved, loadOlder });
      frames.set(pane.id, frame);
    }
  });
  element('panes').dataset['count'] = String(panes.length);
});
const goTo = (views: PaneView[]): void =>
  views.forEach(({ at, pointed }, i) => {
    const pane = desk.panes.value[i];
    if (at && pane) frames.get(pane.id)?.guide.goToLine(at, pointed);
  });
goTo(desk.asked.panes);

// The view is in the address.

function layout(): Layout {
  const panes = desk.panes.value.map((pane): PaneView => {
    const { guide, view } = frames.get(pane.id) ?? {};
    const { line, pointed = false } = guide?.wanted ?? {};
    return { ...pane.view, at: line ?? (pane.following.value ? undefined : view?.name), pointed };
  });
  const { time } = memory.value;
  return { panes, lock: desk.lock.value, lines: desk.firstLines.value, time: time === PLAIN_LOOK.time ? undefined : time };
}

function writeHash(): void {
  clearTimeout(placing);
  placing = undefined;
  const hash = toHash(layout());
  if (hash !== location.hash) history.replaceState(undefined, '', hash === '' ? location.pathname + location.search : hash);
}

let placing: ReturnType<typeof setTimeout> | undefined;
/** Browsers allow only so many changes of the address a second, and while somebody scrolls or types one is not worth its time: lines that come, while the row at the top `stays`, put none off. */
function place(stays?: unknown): void {
  if (placing && stays) return;
  clearTimeout(placing);
  placing = setTimeout(writeHash, PLACE);
}
let chosen: string | undefined;
effect(() => {
  const { panes, ...rest } = layout();
  const now = JSON.stringify([rest, panes.map((pane) => ({ ...pane, draft: 0, find: 0, at: 0 }))]);
  if (chosen !== undefined && chosen !== now && !desk.asked.panes.some((pane) => pane.at)) writeHash();
  else place();
  chosen = now;
});
addEventListener('hashchange', () => {
  const seen = fromHash(location.hash);
  desk.takeAll(seen.panes);
  desk.lock.value = seen.lock;
  if (seen.time) remember({ time: seen.time });
  goTo(seen.panes);
});

/** What was cleared in a life of the server that nothing is held of says nothing here. */
const lives = new Set<string>();
effect(() => {
  const newest = desk.cursor.value;
  if (newest === undefined) return;
  lives.add(lifeOf(newest));
  for (const { after } of desk.panes.value) if (after.value !== undefined && !lives.has(lifeOf(after.value))) after.value = undefined;
});

// The worker's words come into the page, one state for each frame of the screen.

let waiting: State | undefined;
let controlsAt = 0;
let controls: ReturnType<typeof setTimeout> | undefined;

/** A page that nobody sees has no frames, and timers that wait for a minute, but a title that tells of errors. */
function inAFrame(draw: () => void): void {
  if (document.hidden) draw();
  else requestAnimationFrame(draw);
}

/** Behind this task the browser has laid out and painted, where anybody sees it. */
function behind(act: () => void, wait = 0): ReturnType<typeof setTimeout> | undefined {
  return document.hidden ? void act() : setTimeout(act, wait);
}

function drawState(): void {
  const begun = performance.now();
  const now = waiting;
  waiting = undefined;
  if (!now) return;
  for (const pane of now.panes) frames.get(pane.pane)?.update(pane);
  desk.cursor.value = now.cursor;
  if (now.held > 0) fetchInTime();
  clearTimeout(controls);
  const wait = desk.state.value?.link !== now.link ? 0 : Math.max(0, controlsAt + CONTROLS_EVERY - performance.now());
  controls = behind(() => {
    controlsAt = performance.now();
    desk.state.value = now;
  }, wait);
  behind(() => ask({ ask: 'next', turn: now.turn, took: performance.now() - begun }));
}

feed.onmessage = (event: MessageEvent<Say>) => {
  const said = event.data;
  if (said.say === 'state') {
    const first = !waiting;
    waiting = said;
    if (first) inAFrame(drawState);
  } else if (said.say === 'rows' || said.say === 'sought') frames.get(said.pane)?.take(said);
  else if (said.say === 'whole') withRest(() => (desk.whole.value = said));
  else if (said.say === 'gone') desk.say('This line is not held any more', { bad: true });
  else if (said.say === 'exported') waitingExports.shift()?.(said);
  else if (said.say === 'back') loaded(said);
  else desk.takeStreams(said);
};

// The controls around the panes.

/** Load all that the server holds, as far as this page can hold it; it would do so again. */
function loadOlder(): void {
  desk.firstLines.value = LIMITS.lines;
  ask({ ask: 'older', first: desk.serverFirst.value });
}

function loaded({ lines, more, why }: Extract<Say, { say: 'back' }>): void {
  for (const frame of frames.values()) frame.again();
  if (more) loadOlder();
  else if (why) desk.say(`Not loaded: ${why}`, { bad: true });
  else if (lines > 0) desk.say(`Loaded ${counted(lines)} lines`);
}

async function goToMark({ position }: Mark): Promise<void> {
  if (!(await focusedFrame().guide.standAt({ position }, true))) desk.say('That line is not in this view', { bad: true });
}

const lines = (): HTMLElement => focusedFrame().log;
mount(element('streams'), () => <Streams runs={runs} />, lines);
mount(element('status'), () => <Status retry={() => ask({ ask: 'retry' })} loadOlder={loadOlder} />, lines);
mount(element('said'), () => <Toast />, lines);
mount(element('sheets'), () => {
  const { Sheets } = restNow() ?? {};
  return Sheets ? <Sheets run={(id) => runs[id]()} goTo={goToMark} /> : null;
}, () => element('sheets').querySelector('h2') ?? lines());
effect(() => {
  const ids = desk.panes.value.some((pane) => !pane.streams.value) ? desk.streamIds.value : [...desk.chosen.value];
  const longest = Math.max(4, ...ids.map((id) => id.length));
  document.documentElement.style.setProperty('--tag', `${Math.min(longest, MAX_TAG)}ch`);
});
effect(() => {
  document.body.dataset['list'] = desk.narrow.value ? (desk.listOpen.value ? 'open' : 'shut') : memory.value.list ? 'beside' : 'none';
});
/** The list of streams over the lines: only it is within reach then. */
effect(() => {
  const hidden = !memory.value.list;
  const over = desk.narrow.value && desk.listOpen.value;
  const within = element('streams').contains(document.activeElement);
  for (const id of ['panes', 'status']) element(id).inert = over;
  if (over) element('streams').querySelector<HTMLElement>('.all')?.focus();
  else if (within && desk.narrow.value) document.querySelector<HTMLElement>('.menu')?.focus();
  else if (within && hidden) lines().focus({ preventScroll: true });
});
effect(() => ask({ ask: 'bookmarks', positions: marks.value.map(({ position }) => position) }));
// Its address is for a page without scripts: here it would be taken for a view.
document.querySelector('.skip')?.addEventListener('click', (event) => {
  event.preventDefault();
  lines().focus();
});
element('veil').addEventListener('click', () => (desk.listOpen.value = false));

element('panes').addEventListener('click', (event) => {
  const target = event.target instanceof Element ? event.target.closest('.whole, .time') : null;
  const row = target && [...frames.values()].map(({ view }) => view.rowOf(target)).find((one) => one);
  if (row) ask({ ask: 'whole', position: row.position });
});

/** Esc, from the inside out: an open list, the box one is in, what hides lines for a moment. */
function escape(target: HTMLElement): void {
  const inBox = target.matches('input:not([type=checkbox])');
  const own = [...frames.values()].find(({ element }) => element.contains(target))?.pane;
  const pane = own ?? desk.focused.value;
  if (listed.value) return void (listed.value = undefined);
  if (desk.listOpen.value) desk.listOpen.value = false;
  else if (inBox && !own) return target.blur();
  else if (target.matches('.find-input')) pane.find.value = { ...pane.find.value, source: '' };
  else if (pane.peek.value && !inBox) runs.context();
  else if (pane.draft.value.source !== '' || pane.draft.value.exclude) pane.draft.value = { ...pane.draft.value, source: '', exclude: false };
  else if (!inBox && pane.find.value.source !== '') pane.find.value = { ...pane.find.value, source: '' };
  if (inBox) target.blur();
}

keepMemory();
if (desk.asked.time) remember({ time: desk.asked.time });
showTheme();
effect(() => restNow()?.showBadge());
listen((id) => runs[id](), escape);
const tellSeen = (): void => ask({ ask: 'visible', visible: !document.hidden });
document.addEventListener('visibilitychange', () => {
  tellSeen();
  inAFrame(drawState);
});
ask({ ask: 'open', api: new URL('api/', location.href).href, lines: desk.firstLines.value ?? FIRST_LINES });
if (document.hidden) tellSeen();
setTimeout(fetchInTime, WITHOUT_LINES);
if (desk.asked.panes.some(({ filters }) => filters.length > 0)) fetchInTime(); // they are to be seen

/** The page: joins the person's choices, the feed worker and the view of the lines. */
import { effect, untracked } from '@preact/signals-core';
import { render, type JSX } from 'preact';
import { Bar, nextTheme } from './bar.tsx';
import * as desk from './desk.ts';
import { toHash, fromHash } from './hash.ts';
import { Icon } from './icon.tsx';
import { counted } from './clock.ts';
import { Empty } from './empty.tsx';
import { listen } from './keys.ts';
import { patternFault } from './pattern.ts';
import { startWorker } from './policy.ts';
import { Sheets } from './sheets.tsx';
import { Status } from './status.tsx';
import { LIMITS } from './store.ts';
import { Streams } from './streams.tsx';
import { EVERYTHING, type Ask, type Filter, type Say, type State } from './talk.ts';
import { rememberTheme } from './theme.ts';
import { View } from './view.ts';

/** Lines asked of the server's memory when the page opens: a few megabytes, and more than anybody reads back. */
const FIRST_LINES = 50_000;
/** The one pane that there is. */
const PANE = 0;
/** How often the controls are drawn anew while lines come, ms, and how long typing rests before it is a filter. */
const CONTROLS_EVERY = 150;
const TYPING = 120;
/** The widest that the column of streams becomes, characters. */
const MAX_TAG = 28;

const element = (id: string): HTMLElement => {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
};

const feed = startWorker('feed.js');
const ask = (message: Ask): void => feed.postMessage(message);

const view = new View(element('log'), {
  want: (lens, from, to) => ask({ ask: 'rows', pane: PANE, lens, from, to }),
  follow: (rows) => ask({ ask: 'follow', pane: PANE, rows }),
  changed: () => {
    desk.following.value = view.following;
    desk.fresh.value = view.fresh;
  },
});

const toggleFollow = (): void => (view.following ? view.pause() : view.resume());
const clearFilter = (): void => void (desk.typed.value = '');

// The person's choices go to the worker and into the address.

let serial = 0;
let awaited = 0; // states of earlier choices are not drawn: they hold lines of other streams
let shown: string[] | undefined;
effect(() => {
  const source = desk.pattern.value;
  const filters: Filter[] = source === '' ? [] : [{ source, mode: 'regex', fold: desk.fold.value, exclude: false }];
  const choice = { ...EVERYTHING, streams: desk.streams.value, filters };
  untracked(() => {
    ask({ ask: 'show', pane: PANE, serial: ++serial, choice, keep: view.anchor });
    if (choice.streams === shown) return;
    shown = choice.streams;
    awaited = serial;
    view.clear();
  });
});
effect(() => {
  view.wrap = desk.wrapped();
});

let typing: ReturnType<typeof setTimeout> | undefined;
effect(() => {
  const source = desk.typed.value;
  clearTimeout(typing);
  typing = setTimeout(
    () => {
      desk.fault.value = patternFault(source) ?? '';
      if (desk.fault.value === '') desk.pattern.value = source;
    },
    source === '' ? 0 : TYPING,
  );
});

effect(() => {
  const { streams, pattern, fold, wrap } = desk;
  const hash = toHash({ streams: streams.value, pattern: pattern.value, fold: fold.value, wrap: wrap.value, lines: desk.firstLines.value });
  document.title = streams.value ? `${streams.value.join(', ').slice(0, 80)} · lm` : 'lm: logs';
  if (hash !== location.hash) history.replaceState(undefined, '', hash === '' ? location.pathname + location.search : hash);
});
addEventListener('hashchange', () => {
  const seen = fromHash(location.hash);
  desk.streams.value = seen.streams;
  desk.typed.value = seen.pattern;
  desk.fold.value = seen.fold;
  desk.wrap.value = seen.wrap;
});
rememberTheme(desk.theme);

// The worker's words come into the page, one state for each frame.

let waiting: State | undefined;
let controlsAt = 0;
let controls: ReturnType<typeof setTimeout> | undefined;

function drawState(): void {
  const now = waiting;
  waiting = undefined;
  if (!now) return;
  const pane = now.panes.find((one) => one.pane === PANE);
  if (pane && pane.serial >= awaited) view.update(pane);
  clearTimeout(controls);
  const { state: old, pane: oldPane } = { state: desk.state.value, pane: desk.pane.value };
  const urgent = oldPane?.lens !== pane?.lens || old?.link !== now.link || oldPane?.search.state !== pane?.search.state;
  controls = setTimeout(() => {
    controlsAt = performance.now();
    desk.state.value = now;
    desk.pane.value = pane;
  }, urgent ? 0 : Math.max(0, controlsAt + CONTROLS_EVERY - performance.now()));
  ask({ ask: 'next' });
}

feed.onmessage = (event: MessageEvent<Say>) => {
  const said = event.data;
  if (said.say === 'state') {
    if (!waiting) requestAnimationFrame(drawState);
    waiting = said;
  } else if (said.say === 'rows') view.take(said.lens, said.rows);
  else if (said.say === 'whole') desk.whole.value = said;
  else if (said.say === 'streams') {
    desk.known.value = said.streams;
    desk.serverAhead.value = said.now - Date.now();
    desk.serverLost.value = said.lost;
    desk.serverMalformed.value = said.malformed;
    desk.serverFirst.value = said.firstHeld;
  }
};

// The controls.

/** Begin again with all that the server holds, as far as this page can hold it. */
function loadAll(): void {
  desk.firstLines.value = LIMITS.lines;
  location.reload();
}

function mount(id: string, draw: () => JSX.Element | null): void {
  const place = element(id);
  place.replaceChildren();
  effect(() => render(draw(), place));
}

mount('bar', () => <Bar toggleFollow={toggleFollow} />);
mount('streams', () => <Streams />);
mount('status', () => <Status retry={() => ask({ ask: 'retry' })} loadAll={loadAll} />);
mount('sheets', () => <Sheets />);
mount('pill', () =>
  desk.following.value ? null : (
    <button type="button" class={desk.fresh.value > 0 ? 'some' : ''} onClick={() => view.resume()}>
      <span>{desk.fresh.value > 0 ? `${counted(desk.fresh.value)} new` : 'Paused'}</span>
      <Icon name="down" />
      <span>Jump to newest</span>
    </button>
  ),
);
mount('empty', () => <Empty />);
effect(() => {
  const longest = Math.max(4, ...(desk.streams.value ?? desk.known.value.map((stream) => stream.id)).map((id) => id.length));
  document.documentElement.style.setProperty('--tag', `${Math.min(longest, MAX_TAG)}ch`);
});
effect(() => void (document.body.dataset['list'] = desk.listOpen.value ? 'open' : 'shut'));
effect(() => void (document.body.dataset['streams'] = desk.streams.value?.length === 1 ? 'one' : 'many'));
element('veil').addEventListener('click', () => (desk.listOpen.value = false));

element('log').addEventListener('click', (event) => {
  const target = event.target instanceof Element ? event.target.closest('.whole, .time') : null;
  const row = target && view.rowOf(target);
  if (row) ask({ ask: 'whole', position: row.position });
});

listen(
  {
    follow: toggleFollow,
    clear: clearFilter,
    lines: (count) => view.lines(count),
    pages: (count) => view.pages(count),
    home: () => view.home(),
    end: () => view.resume(),
    all: desk.chooseAll,
    wrap: () => void (desk.wrap.value = !desk.wrapped()),
    theme: nextTheme,
    help: () => void (desk.helpOpen.value = true),
  },
  () => document.querySelector<HTMLInputElement>('#filter'),
);

document.addEventListener('visibilitychange', () => ask({ ask: 'visible', visible: !document.hidden }));
ask({ ask: 'open', api: new URL('api/', location.href).href, lines: desk.firstLines.value ?? FIRST_LINES });

/** A pane on the screen: its controls and its lines, joined with the feed worker. */
import { effect, untracked } from '@preact/signals-core';
import { ALL_LEVELS } from '../level.ts';
import type { Runs } from './actions.ts';
import { Bar } from './bar.tsx';
import type { Choices } from './choices.ts';
import { focused, lock, panes, say, wrapped } from './desk.ts';
import { marks } from './bookmarked.ts';
import { MAX_COLUMNS } from './columns.ts';
import { listed } from './filter.tsx';
import { Guide } from './guide.ts';
import type { RowAct } from './hand.ts';
import { restNow } from './later.ts';
import { samePattern } from './layout.ts';
import { look, memory } from './memory.ts';
import { mount } from './mount.ts';
import type { Ask, PaneState, Say } from './talk.ts';
import { View } from './view.ts';

/** How often the controls are drawn anew while lines come, ms. */
const CONTROLS_EVERY = 150;
export type FrameEvents = { ask: (message: Ask) => void; runs: Runs; moved(frame: Frame): void; loadOlder(): void };

export class Frame {
  readonly pane: Choices;
  readonly view: View;
  readonly guide: Guide;
  readonly element: HTMLElement;
  /** The lines. */
  readonly log: HTMLElement;
  readonly #events: FrameEvents;
  readonly #stop: (() => void)[] = [];
  readonly #life = new AbortController();
  #serial = 0;
  #awaited = 0; // states of earlier choices are not drawn: they hold lines of other streams
  #shown: string[] | undefined;
  #errors = 0; // when it stopped following
  #controlsAt = 0;
  #controls: ReturnType<typeof setTimeout> | undefined;

  /** `element` is made like the one in index.html. */
  constructor(pane: Choices, element: HTMLElement, events: FrameEvents) {
    this.pane = pane;
    this.element = element;
    this.#events = events;
    const log = part(element, '.log');
    this.log = log;
    log.id = pane.id === 0 ? 'log' : `log-${pane.id}`;
    this.view = new View(log, {
      want: (lens, from, to) => events.ask({ ask: 'rows', pane: pane.id, lens, from, to }),
      follow: (rows) => events.ask({ ask: 'follow', pane: pane.id, rows }),
      changed: () => this.#changed(),
      act: (act) => this.#act(act),
    }, this.#life.signal);
    this.guide = new Guide(pane, this.view, events.ask, events.loadOlder);
    this.#listen();
    this.#send();
    this.#draw(log);
  }

  /** Ask for what is chosen, also when nothing has changed but the lines held. */
  again(): void {
    const { pane, view } = this;
    const keep = pane.peek.peek()?.position ?? view.anchor;
    this.#events.ask({ ask: 'show', pane: pane.id, serial: (this.guide.asked = ++this.#serial), choice: pane.choice.peek(), keep });
  }

  close(): void {
    this.#events.ask({ ask: 'close', pane: this.pane.id });
    clearTimeout(this.#controls);
    this.#stop.forEach((stop) => stop());
    this.#life.abort();
    this.element.remove();
  }

  /** How things stand in this pane. */
  update(state: PaneState): void {
    if (state.serial < this.#awaited) return;
    const turned = state.lens !== this.view.lens; // all rows are others: none is new, nor is any error
    this.view.update(state);
    this.guide.update(state);
    if (turned || this.guide.arriving) {
      this.view.seeAll();
      this.#errors = state.errors;
    }
    clearTimeout(this.#controls);
    const old = this.pane.state.peek();
    const urgent = old?.lens !== state.lens || old.search.state !== state.search.state || old.find.serial !== state.find.serial;
    const wait = urgent ? 0 : Math.max(0, this.#controlsAt + CONTROLS_EVERY - performance.now());
    // Filters that have found nothing yet may still find something: until they are done the bars stay.
    const shape = state.shape ?? (state.search.state === 'searching' ? old?.shape : undefined);
    this.#controls = setTimeout(() => {
      this.#controlsAt = performance.now();
      this.pane.state.value = { ...state, shape };
      this.#count(state);
    }, wait);
  }

  take(said: Say): void {
    if (said.say === 'rows') this.view.take(said.lens, said.rows);
    else if (said.say === 'sought') this.guide.take(said);
  }

  /** Something was done within a row. */
  #act(act: RowAct): void {
    const { pane } = this;
    const { columns, filters } = pane;
    if (act.act === 'unfold') this.#events.ask({ ask: 'unfold', pane: pane.id, position: act.position });
    else if (act.act === 'back') this.#events.ask({ ask: 'back', position: act.position });
    else if (act.act === 'column') {
      if (columns.value.includes(act.path)) columns.value = columns.value.filter((path) => path !== act.path);
      else columns.value = [...columns.value, act.path].slice(-MAX_COLUMNS);
    } else {
      const chip = { ...act.filter, on: true };
      if (filters.value.some((other) => samePattern(other, chip))) return say(`There is such a filter: ${act.name}`);
      filters.value = [...filters.value, chip];
      say(`${act.filter.exclude ? 'Hidden' : 'Only'}: ${act.name}`, { undo: () => void (filters.value = filters.value.filter((other) => other !== chip)) });
    }
  }

  #changed(): void {
    const { pane, view } = this;
    if (pane.following.value && !view.following) this.#errors = pane.state.peek()?.errors ?? 0;
    pane.following.value = view.following;
    pane.fresh.value = view.fresh;
    if (view.following) pane.freshErrors.value = 0;
    pane.place.value = view.following ? undefined : view.top?.ts;
    this.#events.moved(this);
  }

  #count(state: PaneState): void {
    if (!this.pane.following.value) this.pane.freshErrors.value = Math.max(0, state.errors - this.#errors);
  }

  #listen(): void {
    const take = (): void => void (focused.value = this.pane);
    for (const how of ['focusin', 'pointerdown', 'wheel']) this.element.addEventListener(how, take, { passive: true });
    const move = ({ target }: Event): void => {
      this.guide.stay();
      if (target instanceof Element && !target.closest('.filter')) listed.value = undefined;
    };
    const { signal } = this.#life;
    for (const moved of ['wheel', 'pointerdown', 'keydown']) addEventListener(moved, move, { passive: true, signal });
  }

  /** The person's choices go to the worker. */
  #send(): void {
    const { pane, view } = this;
    const { ask } = this.#events;
    this.#stop.push(
      effect(() => {
        const choice = pane.choice.value;
        untracked(() => {
          this.again();
          if (choice.streams === this.#shown) return;
          this.#shown = choice.streams;
          this.#awaited = this.#serial;
          view.clear();
        });
      }),
      effect(() => {
        const { source, mode, fold } = pane.sought.value;
        untracked(() => {
          pane.hit.value = 0;
          ask({ ask: 'find', pane: pane.id, serial: ++this.#serial, filter: source === '' ? undefined : { source, mode, fold, exclude: false } });
        });
      }),
      effect(() => void (view.wrap = wrapped(pane))),
      effect(() => void (view.look = look.value)),
      effect(() => void (view.columns = pane.columns.value)),
      effect(() => void (view.bookmarks = new Set(marks.value.map(({ position }) => position)))),
    );
  }

  #draw(log: HTMLElement): void {
    const { pane, element } = this;
    const { runs } = this.#events;
    const here = (run: () => void) => (): void => {
      focused.value = pane;
      run();
    };
    const show = (name: string, draw: Parameters<typeof mount>[1]): void => void this.#stop.push(mount(part(element, name), draw, () => this.log));
    show('.head', () => <Bar pane={pane} runs={runs} />);
    const goTo = (time: number): void => void this.guide.standAt({ time });
    const leave = (): void => log.focus({ preventScroll: true });
    show('.shape', () => {
      if (!memory.value.shape) return null;
      const { Histogram } = restNow() ?? {};
      return Histogram ? <Histogram pane={pane} goTo={goTo} leave={leave} /> : <div class="bars" />; // its room: what comes later must not move the lines
    });
    show('.pills', () => {
      const { Pill } = restNow() ?? {};
      return Pill ? <Pill pane={pane} resume={here(runs.resume)} newest={here(runs.newest)} /> : null;
    });
    show('.empty', () => {
      const { Empty } = restNow() ?? {};
      return Empty ? <Empty pane={pane} undo={here(runs.undo)} unfilter={here(unfilter)} /> : null;
    });
    this.#stop.push(
      effect(() => void log.setAttribute('aria-label', pane.name.value)),
      effect(() => {
        element.classList.toggle('focused', panes.value.length > 1 && focused.value === pane);
        element.classList.toggle('locked', lock.value);
        element.dataset['streams'] = pane.streams.value?.length === 1 ? 'one' : 'many';
      }),
    );
  }
}

/** Hide nothing in the focused pane. */
export function unfilter(): void {
  const pane = focused.value;
  pane.draft.value = { ...pane.draft.value, source: '', exclude: false };
  pane.filters.value = pane.filters.value.map((chip) => ({ ...chip, on: false }));
  pane.levels.value = ALL_LEVELS;
  pane.from.value = pane.to.value = undefined;
  pane.peek.value = undefined;
}

function part(element: Element, name: string): HTMLElement {
  const found = element.querySelector<HTMLElement>(name);
  if (!found) throw new Error(`a pane has no ${name}`);
  return found;
}

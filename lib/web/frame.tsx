/** A pane on the screen: its controls and its lines, joined with the feed worker. */
import { effect, untracked } from './signal.ts';
import { render, type JSX } from 'preact';
import type { Runs } from './actions.ts';
import { Bar } from './bar.tsx';
import type { Choices } from './choices.ts';
import { focused, lock, panes, say, wrapped } from './desk.ts';
import { Empty } from './empty.tsx';
import { marks } from './bookmarks.tsx';
import { MAX_COLUMNS } from './columns.ts';
import { samePattern, type LineName } from './layout.ts';
import { look, memory } from './memory.ts';
import { Pill } from './pill.tsx';
import { Histogram } from './histogram.tsx';
import { ALL_LEVELS, type Ask, type PaneState, type Row, type Say, type Sought } from './talk.ts';
import { View, type RowAct } from './view.ts';

/** How often the controls are drawn anew while lines come, ms. */
const CONTROLS_EVERY = 150;
/** A line that the address names is waited for while the lines held are still being sent, ms. */
const LINE_WAIT = 4000;

/** How often, and after how many ms, it is asked again for a hit while they are still being sought. */
const RETRIES = 20;
const RETRY = 100;

type Answer = Extract<Say, { say: 'sought' }>;
type Seek = Omit<Extract<Ask, { ask: 'seek' }>, 'ask' | 'pane' | 'serial' | 'what'>;

export type FrameEvents = { ask(message: Ask): void; runs: Runs; moved(frame: Frame): void };

export class Frame {
  readonly pane: Choices;
  readonly view: View;
  readonly element: HTMLElement;
  readonly #events: FrameEvents;
  readonly #stop: (() => void)[] = [];
  readonly #seeking = new Map<number, (answer: Answer) => void>();
  readonly #late: Answer[] = [];
  #serial = 0;
  #awaited = 0; // states of earlier choices are not drawn: they hold lines of other streams
  #shown: string[] | undefined;
  #errors = 0; // when it stopped following
  #controlsAt = 0;
  #shape: PaneState['shape']; // said last
  #controls: ReturnType<typeof setTimeout> | undefined;
  #wanted: { line: LineName; pointed: boolean; until: number; asked: boolean; lens: number | undefined } | undefined;

  /** `element` is made like the one in index.html. */
  constructor(pane: Choices, element: HTMLElement, events: FrameEvents) {
    this.pane = pane;
    this.element = element;
    this.#events = events;
    const log = part(element, '.log');
    log.id = pane.id === 0 ? 'log' : `log-${pane.id}`;
    this.view = new View(log, {
      want: (lens, from, to) => events.ask({ ask: 'rows', pane: pane.id, lens, from, to }),
      follow: (rows) => events.ask({ ask: 'follow', pane: pane.id, rows }),
      changed: () => this.#changed(),
      act: (act) => this.#act(act),
    });
    this.#listen();
    this.#send();
    this.#draw(log);
  }

  /** Ask for what is chosen, also when nothing has changed but the lines held. */
  again(): void {
    const { pane, view } = this;
    const keep = pane.peek.peek()?.position ?? view.anchor;
    this.#events.ask({ ask: 'show', pane: pane.id, serial: ++this.#serial, choice: pane.choice.peek(), keep });
  }

  close(): void {
    this.#events.ask({ ask: 'close', pane: this.pane.id });
    clearTimeout(this.#controls);
    this.#stop.forEach((stop) => stop());
    this.element.remove();
  }

  /** How things stand in this pane. */
  update(state: PaneState): void {
    if (state.serial < this.#awaited) return;
    this.view.update(state);
    this.#answer();
    if (state.search.state !== 'searching') this.#goToWanted();
    clearTimeout(this.#controls);
    const old = this.pane.state.peek();
    const urgent = old?.lens !== state.lens || old.search.state !== state.search.state || old.find.serial !== state.find.serial;
    const wait = urgent ? 0 : Math.max(0, this.#controlsAt + CONTROLS_EVERY - performance.now());
    const shape = state.shape ?? (old?.lens === state.lens || state.search.state === 'searching' ? old?.shape : undefined);
    // Said at most once a second: what was said last holds, also when a state in between is never drawn.
    this.#shape = state.shape ?? this.#shape;
    this.#controls = setTimeout(() => {
      this.#controlsAt = performance.now();
      this.pane.state.value = { ...state, shape: this.#shape ?? shape };
      this.#count(state);
    }, wait);
  }

  take(said: Say): void {
    if (said.say === 'rows') this.view.take(said.lens, said.rows);
    else if (said.say === 'sought') {
      this.#late.push(said);
      this.#answer();
    }
  }

  /** The next row of a sort from the row the person is at, or from another. */
  seek(what: Sought, forward: boolean, more: Partial<Seek> = {}): Promise<Answer> {
    const serial = ++this.#serial;
    return new Promise((resolve) => {
      this.#seeking.set(serial, resolve);
      this.#events.ask({ ask: 'seek', pane: this.pane.id, serial, what, row: this.view.current, forward, ...more });
    });
  }

  /** Go there; `none` is said where there is no such row. Beyond the last it goes on at the other end. */
  async goTo(what: Sought, forward: boolean, none: string): Promise<void> {
    const following = this.view.following;
    // While the newest are followed what is nearest to them is meant, the newest itself as well.
    const look = (): Promise<Answer> => (following ? this.seek(what, false, { row: this.view.current + 1 }) : this.seek(what, forward));
    let answer = await look();
    for (let i = 0; i < RETRIES && answer.row === undefined && answer.why === 'still searching'; i++) {
      await new Promise((resolve) => setTimeout(resolve, RETRY));
      answer = await look();
    }
    if (answer.row === undefined && !following) {
      const { base = 0, end = 0 } = this.pane.state.value ?? {};
      answer = await this.seek(what, forward, { row: forward ? base - 1 : end });
      if (answer.row !== undefined) say(forward ? 'Went on from the oldest' : 'Went on from the newest');
    }
    if (answer.why === 'gone') return;
    if (answer.row === undefined) return say(answer.why === 'still searching' ? 'Still searching' : none);
    if (what === 'hit') this.pane.hit.value = answer.index + 1;
    this.view.goTo(answer.row);
  }

  /** Stand where a line is; where it has not come yet, as soon as it has. */
  goToLine(line: LineName, pointed: boolean): void {
    this.#wanted = { line, pointed, until: 0, asked: false, lens: undefined };
  }

  /** The line that the person is at: a note of the page is none. */
  get row(): Row | undefined {
    return this.view.row;
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

  /** Filters may still bring another lens, which knows nothing of where one stands: then it is gone to once more, unless somebody has moved. */
  #goToWanted(): void {
    const wanted = this.#wanted;
    if (!wanted || wanted.asked || wanted.lens === this.view.lens) return;
    wanted.until ||= performance.now() + LINE_WAIT;
    wanted.asked = true;
    void this.seek('line', true, { ...wanted.line, row: 0 }).then((answer) => {
      if (this.#wanted !== wanted) return;
      wanted.asked = false;
      const late = performance.now() >= wanted.until;
      // Another row near it is taken only when the very one does not come.
      if (answer.row !== undefined && (late || answer.why === undefined)) {
        wanted.lens = answer.lens;
        this.view.goTo(answer.row, wanted.pointed, wanted.pointed ? undefined : 0);
      } else if (!late) return void setTimeout(() => this.#goToWanted(), 200);
      else if (wanted.lens === undefined) say(`The line ${wanted.line.n} of ${wanted.line.id} is not held any more, or not shown by this view`, { bad: true });
      if (late) this.#wanted = undefined;
    });
  }

  /**
   * Answers are given once the lens whose rows they number is the one shown, and reaches to the row: an answer overtakes the state that
   * tells of it. Those of lenses gone by then are of no use.
   */
  #answer(): void {
    const { lens, end } = this.view;
    for (const said of this.#late.splice(0)) {
      if (said.lens > lens || (said.lens === lens && said.row !== undefined && said.row >= end)) this.#late.push(said);
      else {
        this.#seeking.get(said.serial)?.(said.lens === lens ? said : { ...said, row: undefined, why: 'gone' });
        this.#seeking.delete(said.serial);
      }
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
    const move = (): void => void (this.#wanted = undefined);
    for (const moved of ['wheel', 'pointerdown', 'keydown']) {
      addEventListener(moved, move, { passive: true });
      this.#stop.push(() => removeEventListener(moved, move));
    }
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
          this.#shape = undefined;
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
    const mount = (name: string, draw: () => JSX.Element | null): void => {
      const place = part(element, name);
      place.replaceChildren();
      this.#stop.push(effect(() => render(draw(), place)), () => render(null, place));
    };
    mount('.head', () => <Bar pane={pane} runs={runs} />);
    mount('.shape', () => (memory.value.shape ? <Histogram pane={pane} goTo={(time) => void this.#goToTime(time)} /> : null));
    mount('.pills', () => <Pill pane={pane} resume={here(runs.resume)} newest={here(runs.newest)} />);
    mount('.empty', () => <Empty pane={pane} undo={here(runs.undo)} unfilter={here(unfilter)} />);
    this.#stop.push(
      effect(() => void log.setAttribute('aria-label', pane.name.value)),
      effect(() => {
        element.classList.toggle('focused', panes.value.length > 1 && focused.value === pane);
        element.classList.toggle('locked', lock.value);
        element.dataset['streams'] = pane.streams.value?.length === 1 ? 'one' : 'many';
      }),
    );
  }

  async #goToTime(time: number): Promise<void> {
    const answer = await this.seek('time', true, { time, row: 0 });
    if (answer.row !== undefined) this.view.goTo(answer.row);
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

/** What each action of the table does. */
import { ALL_LEVELS } from '../level.ts';
import type { Runs } from './actions.ts';
import { toggleMark } from './bookmarked.ts';
import { linesText } from './clock.ts';
import type { Choices } from './choices.ts';
import * as desk from './desk.ts';
import { unfilter, type Frame } from './frame.tsx';
import type { Guide } from './guide.ts';
import { withRest } from './later.ts';
import { plainPane } from './layout.ts';
import { memory, remember } from './memory.ts';
import type { Takings } from './takings.ts';
import type { Ask, Form, Say, Sought } from './talk.ts';
import type { TimeMode } from './timing.ts';
import type { View } from './view.ts';
import { nextDensity, nextTheme, nextTime, resize } from './theme.ts';

/** Warnings and above. */
const GRAVE = 0b1110000;
const MAX_AROUND = 50;

type Exported = Extract<Say, { say: 'exported' }>;
export type Hands = {
  ask(message: Ask): void;
  frame(): Frame;
  exported(as: Form): Promise<Exported>;
  link(): string;
};

export function makeRuns(hands: Hands): Runs {
  const { ask, frame } = hands;
  const pane = (): Choices => desk.focused.value;

  const focus = (what: string, within: ParentNode = frame().element): void => {
    const box = within.querySelector<HTMLInputElement>(what);
    box?.focus();
    box?.select();
  };
  const filter = (exclude: boolean): void => {
    pane().draft.value = { ...pane().draft.value, exclude };
    focus('.filter-input');
  };
  const takeAway = (id: keyof Takings) => (): void => withRest(({ makeTakings }) => makeTakings(hands)[id]());
  const lay = (sheet: typeof desk.sheet.value) => (): void => withRest(() => (desk.sheet.value = sheet), true);
  const turn = (what: 'off' | 'repeats' | 'stacks') => (): void => void (pane()[what].value = !pane()[what].value);
  const step = (by: number): void => {
    const ids = desk.streamIds.value.toSorted(new Intl.Collator('en', { numeric: true }).compare);
    const at = ids.indexOf(pane().streams.value?.[0] ?? '');
    const next = ids[at < 0 ? (by > 0 ? 0 : ids.length - 1) : (at + by + ids.length) % ids.length];
    if (next !== undefined) desk.choose(next, false);
  };
  // Keys come faster than the feed worker answers.
  const inTurn = (act: (view: View, guide: Guide) => void, atRow = false) => (): void => {
    const { guide, view } = frame();
    guide.afterwards(() => act(view, guide), atRow);
  };
  const atRow = (act: (view: View, guide: Guide) => void): (() => void) => inTurn(act, true);
  const stepRow = (by: number): (() => void) =>
    inTurn((view, guide) => {
      view.step(by);
      void guide.hear();
    });
  const goTo = (what: Sought, forward: boolean) => (): void => void frame().guide.goTo(what, forward);
  const unclear = ({ cleared, after }: Choices): void => {
    if (after.value === undefined) return desk.say('Nothing was cleared');
    after.value = cleared.pop();
  };
  let timeBefore: TimeMode | undefined; // what times were before they were counted from a line

  return {
    follow: inTurn((view) => (view.following ? view.pause() : view.resume())),
    newest: inTurn((view) => view.resume()),
    resume: inTurn((view) => view.goBack()),
    oldest: inTurn((view) => view.home()),
    up: inTurn((view) => view.lines(-1)),
    down: inTurn((view) => view.lines(1)),
    rowDown: stepRow(1),
    rowUp: stepRow(-1),
    open: atRow((view) => view.hand.open()),
    shut: atRow((view) => view.hand.shut()),
    pageUp: inTurn((view) => view.pages(-1)),
    pageDown: inTurn((view) => view.pages(1)),
    clear: () => {
      const from = pane();
      from.cleared.push(from.after.value);
      from.after.value = desk.cursor.value;
      desk.say(`Cleared ${linesText(from.state.value?.matched ?? 0)} from view; none is lost`, { undo: () => unclear(from) });
    },
    undo: () => unclear(pane()),
    marker: () => {
      ask({ ask: 'mark', text: 'marker' });
      desk.say('A marker stands behind the newest line');
    },
    bookmark: atRow((view) => {
      const { row } = view;
      if (row) desk.say(toggleMark(row) ? 'Bookmarked; b goes from one to the next' : 'Bookmarked no longer');
    }),
    bookmarks: lay('bookmarks'),
    nextBookmark: goTo('bookmark', true),

    find: () => focus('.find-input'),
    next: () => hit(true),
    previous: () => hit(false),
    context: atRow(() => void context()),
    nextError: goTo('error', true),
    previousError: goTo('error', false),
    nextWarning: goTo('warning', true),
    previousWarning: goTo('warning', false),

    filter: () => filter(false),
    exclude: () => filter(true),
    filtersOff: turn('off'),
    filtersAway: () => {
      const from = pane();
      const { filters, off, draft, levels, from: since, to } = from.view;
      unfilter();
      from.filters.value = [];
      from.off.value = false;
      const undo = (): void => from.take({ ...plainPane(), ...from.view, filters, off, draft, levels, from: since, to });
      desk.say('Removed all filters', { undo });
    },
    errorsOnly: () => void (pane().levels.value = pane().levels.value === GRAVE ? ALL_LEVELS : GRAVE),
    aroundMore: () => void (pane().around.value = Math.min(MAX_AROUND, pane().around.value + 1)),
    aroundLess: () => void (pane().around.value = Math.max(0, pane().around.value - 1)),
    repeats: turn('repeats'),
    stacks: turn('stacks'),
    shape: () => remember({ shape: !memory.value.shape }),
    allTime: () => void (pane().from.value = pane().to.value = undefined),

    seek: () => {
      if (desk.narrow.value) desk.listOpen.value = true;
      else remember({ list: true });
      focus('#streams .seek input', document);
    },
    all: desk.chooseAll,
    nextStream: () => step(1),
    previousStream: () => step(-1),
    pin: () => {
      const ids = pane().streams.value;
      if (ids) desk.pin(ids);
      else desk.say('Choose a stream first: its pin stands at the right of it');
    },
    list: () => {
      if (desk.narrow.value) desk.listOpen.value = !desk.listOpen.value;
      else remember({ list: !memory.value.list });
    },

    split: () => {
      const { following, name } = frame().view;
      if (!desk.split()) desk.say('Four panes are the most');
      // Panes that move together are at one time from the beginning. Later, since the key that splits would stop it, as any key does.
      else if (desk.lock.value && !following && name) setTimeout(() => frame().guide.goToLine(name, false));
    },
    close: () => {
      if (desk.panes.value.length === 1) desk.say('This is the only pane');
      desk.close(pane());
      frame().log.focus();
    },
    nextPane: () => {
      const all = desk.panes.value;
      desk.focused.value = all[(all.indexOf(pane()) + 1) % all.length] ?? pane();
      frame().log.focus();
    },
    lock: () => {
      desk.lock.value = !desk.lock.value;
      desk.say(desk.lock.value ? 'Panes move together in time' : 'Panes move by themselves');
    },

    link: takeAway('link'),
    linkLine: atRow(takeAway('linkLine')),
    copy: takeAway('copy'),
    copyTold: takeAway('copyTold'),
    copyRecords: takeAway('copyRecords'),
    saveText: takeAway('saveText'),
    saveRecords: takeAway('saveRecords'),
    shell: takeAway('shell'),

    whole: atRow((view) => {
      const { row } = view;
      if (row) ask({ ask: 'whole', position: row.position });
    }),
    wrap: () => void (pane().wrap.value = !desk.wrapped(pane())),
    time: nextTime,
    structure: () => remember({ structure: !memory.value.structure }),
    tokens: () => remember({ tokens: !memory.value.tokens }),
    wrapLine: atRow((view) => view.hand.wrapLine()),
    countFrom: atRow((view) => {
      const { time } = memory.value;
      const counts = view.hand.countFrom();
      if (counts && time !== 'delta') timeBefore = time;
      remember({ time: counts ? 'delta' : (timeBefore ?? time) });
    }),
    theme: nextTheme,
    density: nextDensity,
    larger: () => resize(1),
    smaller: () => resize(-1),
    settings: lay('settings'),
    palette: () => withRest(({ openPalette }) => openPalette(), true),
    help: lay('help'),
  };

  function hit(forward: boolean): void {
    if (pane().sought.value.source === '') focus('.find-input');
    else goTo('hit', forward)();
  }

  /** All lines around the one the person is at; and back to the place in the filtered ones. */
  async function context(): Promise<void> {
    const { peek } = pane();
    const { row } = frame().view;
    if (!row) return;
    const back = peek.value?.position;
    peek.value = back === undefined ? { position: row.position } : undefined;
    await frame().guide.standAt({ position: back ?? row.position });
  }
}


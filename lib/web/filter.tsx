/** The filter box of a pane: a filter as it is typed, those used lately and those kept for good. */
import { signal, type Signal } from '@preact/signals-core';
import type { JSX } from 'preact';
import { tip } from './actions.ts';
import { narrow } from './desk.ts';
import { Icon } from './icon.tsx';
import { noChip, samePattern, type Chip, type Pattern } from './layout.ts';
import { inFront, memory, remember } from './memory.ts';
import type { Choices } from './choices.ts';

/** The pane whose list of recent filters is open. */
const listed = signal<Choices | undefined>(undefined);

/** Put what is in the box beside it, in force until it is switched off, and the box is free again. */
export function keepDraft(pane: Choices): void {
  const draft = pane.draft.value;
  if (draft.source === '' || pane.fault.value !== '') return;
  addFilter(pane, draft);
  pane.draft.value = { ...noChip, mode: draft.mode };
}

/** One more filter of a pane, unless it has it; remembered as used. */
export function addFilter(pane: Choices, chip: Chip): void {
  const has = pane.filters.value.some((other) => samePattern(other, chip));
  pane.filters.value = has
    ? pane.filters.value.map((other) => (samePattern(other, chip) ? { ...other, on: true } : other))
    : [...pane.filters.value, { ...chip, on: true }];
  pane.off.value = false;
  remember({ recent: inFront(memory.value.recent, { ...chip, on: true }, samePattern) });
}

export function FilterBox({ pane }: { pane: Choices }): JSX.Element {
  const bad = pane.fault.value !== '';
  const draft = pane.draft;
  const key = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') keepDraft(pane);
    else if (event.key === 'ArrowDown') {
      listed.value = pane;
      focusIn(event.currentTarget, '.over button');
    } else return;
    event.preventDefault();
  };
  return (
    <form class="filter" onSubmit={(event) => event.preventDefault()}>
      <div class={`box ${bad ? 'faulty' : ''} ${draft.value.exclude ? 'excludes' : ''}`}>
        <Icon name="filter" />
        <input
          type="search"
          class="filter-input"
          aria-label="Filter"
          placeholder={narrow.value ? 'Filter' : draft.value.exclude ? 'Hide lines that match' : 'Filter'}
          title={`${tip('filter')}; Enter keeps it and frees the box, ↓ lists those used lately`}
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
          value={draft.value.source}
          aria-invalid={bad}
          aria-describedby={`fault-${pane.id}`}
          onInput={(event) => (draft.value = { ...draft.value, source: event.currentTarget.value })}
          onKeyDown={key}
        />
        <Switches of={draft} />
        <Toggle label="Exclude what matches" on={draft.value.exclude} set={(exclude) => (draft.value = { ...draft.value, exclude })}>
          <Icon name="not" />
        </Toggle>
        <button
          type="button"
          class="fold"
          aria-label="Recent and saved filters"
          title="Recent and saved filters (↓)"
          aria-expanded={listed.value === pane}
          onClick={() => (listed.value = listed.value === pane ? undefined : pane)}
        >
          <Icon name="open" />
        </button>
      </div>
      {listed.value === pane ? <Recent pane={pane} /> : null}
    </form>
  );
}

/** Whether upper and lower case differ, and whether a pattern is an expression or text as it stands. */
export function Switches<P extends Pattern>({ of, find }: { of: Signal<P>; find?: boolean }): JSX.Element {
  const { fold, mode } = of.value;
  const what = find ? 'Find: ' : '';
  return (
    <>
      <Toggle label={find ? 'Find: case matters' : 'Match case'} on={!fold} set={(on) => (of.value = { ...of.value, fold: !on })}>
        Aa
      </Toggle>
      <Toggle
        label={`${what}${find ? 'regular' : 'Regular'} expression`}
        on={mode === 'regex'}
        set={(on) => (of.value = { ...of.value, mode: on ? 'regex' : 'text' })}
      >
        .*
      </Toggle>
    </>
  );
}

type ToggleProps = { label: string; on: boolean; set: (on: boolean) => void; children: JSX.Element | string };

function Toggle({ label, on, set, children }: ToggleProps): JSX.Element {
  return (
    <button type="button" class="fold" aria-label={label} title={label} aria-pressed={on} onClick={() => set(!on)}>
      {children}
    </button>
  );
}

/** Why the pattern typed is not in use: below all controls, since it may stay for long. */
export function Fault({ pane }: { pane: Choices }): JSX.Element {
  return (
    <p id={`fault-${pane.id}`} class="fault" role="alert">
      {faultText(pane)}
    </p>
  );
}

function faultText(pane: Choices): string {
  if (pane.fault.value !== '') return `Not a pattern: ${pane.fault.value}. ${still(pane)}`;
  const search = pane.state.value?.search;
  if (search?.state === 'stopped') return `Stopped: “${search.source.slice(0, 200)}” takes too long on these lines. ${still(pane)}`;
  return '';
}

function still(pane: Choices): string {
  const inForce = (pane.state.value?.filters ?? []).map(({ source }) => source).join(' and ');
  return inForce === '' ? 'All lines are shown.' : `Lines are still filtered by ${inForce}`;
}

function focusIn(from: EventTarget | null, what: string): void {
  const box = from instanceof Element ? from.closest('.filter') : null;
  requestAnimationFrame(() => box?.querySelector<HTMLElement>(what)?.focus());
}

/** Filters kept for good, then those used lately; arrows walk through them. */
function Recent({ pane }: { pane: Choices }): JSX.Element {
  const { saved, recent } = memory.value;
  const rest = recent.filter((chip) => !saved.some((other) => samePattern(other, chip)));
  const shut = (event: { currentTarget: EventTarget | null }): void => {
    listed.value = undefined;
    focusIn(event.currentTarget, '.filter-input');
  };
  const key = (event: KeyboardEvent & { currentTarget: HTMLElement }): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === 'Escape') shut(event);
    else if (step) {
      const buttons = [...event.currentTarget.querySelectorAll<HTMLElement>('.one')];
      const at = buttons.findIndex((button) => button === document.activeElement) + step;
      if (at < 0) focusIn(event.currentTarget, '.filter-input');
      else buttons[Math.min(at, buttons.length - 1)]?.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      class="over recent"
      role="group"
      aria-label="Recent and saved filters"
      onKeyDown={key}
      onFocusOut={(event) => {
        const to = event.relatedTarget;
        if (to instanceof Node && !event.currentTarget.parentElement?.contains(to)) listed.value = undefined;
      }}
    >
      {saved.length + rest.length === 0 ? <p class="hint">No filter yet: type one and press Enter to keep it.</p> : null}
      {[...saved, ...rest].map((chip) => (
        <div key={JSON.stringify(chip)} class="line">
          <button
            type="button"
            class="one"
            onClick={(event) => {
              addFilter(pane, chip);
              shut(event);
            }}
          >
            <Icon name={chip.exclude ? 'not' : 'and'} />
            <code>{chip.source}</code>
            <small>{`${chip.mode === 'text' ? 'text' : ''}${chip.fold ? '' : ' Aa'}`}</small>
          </button>
          <Star chip={chip} />
        </div>
      ))}
    </div>
  );
}

/** Keep a filter for good, or no longer. */
export function Star({ chip }: { chip: Chip }): JSX.Element {
  const has = memory.value.saved.some((other) => samePattern(other, chip));
  const label = has ? `Save ${chip.source} no longer` : `Save ${chip.source}`;
  const { saved } = memory.value;
  return (
    <button
      type="button"
      class={has ? 'fold star has' : 'fold star'}
      aria-label={label}
      title={label}
      aria-pressed={has}
      onClick={() => remember({ saved: has ? saved.filter((other) => !samePattern(other, chip)) : inFront(saved, chip, samePattern, 100) })}
    >
      <Icon name="star" />
    </button>
  );
}

/** The filter box of a pane: a filter as it is typed, and kept. */
import { signal, type Signal } from '@preact/signals-core';
import type { JSX } from 'preact';
import { tip } from './actions.ts';
import { narrow } from './desk.ts';
import { Icon } from './icon.tsx';
import { restNow, withRest } from './later.ts';
import { noChip, samePattern, type Chip, type Pattern } from './layout.ts';
import { inFront, memory, remember } from './memory.ts';
import type { Choices } from './choices.ts';

/** The pane whose list of recent filters is open. */
export const listed = signal<Choices | undefined>(undefined);

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
  const { Recent } = restNow() ?? {};
  const key = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') keepDraft(pane);
    else if (event.key === 'ArrowDown') {
      const { currentTarget } = event;
      withRest(() => {
        listed.value = pane;
        focusIn(currentTarget, '.over button');
      });
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
          onClick={() => withRest(() => (listed.value = listed.value === pane ? undefined : pane))}
        >
          <Icon name="open" />
        </button>
      </div>
      {Recent && listed.value === pane ? <Recent pane={pane} /> : null}
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
  if (search?.state === 'slow') return `Stopped: “${search.source.slice(0, 200)}” takes too long on these lines. ${still(pane)}`;
  if (search?.state === 'unfetched') return `Filters could not be fetched. ${still(pane)}`;
  return '';
}

function still(pane: Choices): string {
  const inForce = (pane.state.value?.filters ?? []).map(({ source }) => source).join(' and ');
  return inForce === '' ? 'All lines are shown.' : `Lines are still filtered by ${inForce}`;
}

/** Have the keyboard in a part of the filter box that `from` is within. */
export function focusIn(from: EventTarget | null, what: string): void {
  const box = from instanceof Element ? from.closest('.filter') : null;
  requestAnimationFrame(() => box?.querySelector<HTMLElement>(what)?.focus());
}

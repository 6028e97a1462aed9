/** The filters that a pane keeps: each can be switched off, turned round, written anew in its place, saved and removed. */
import { signal } from '@preact/signals-core';
import type { JSX } from 'preact';
import { tip, type Runs } from './actions.ts';
import { Switches } from './filter.tsx';
import { Icon } from './icon.tsx';
import type { Chip } from './layout.ts';
import type { Choices } from './choices.ts';
import { memory } from './memory.ts';
import { filterFault, patternFault } from './pattern.ts';
import { Star } from './recent.tsx';
import { clockOf } from './timing.ts';

/** The chip that is being written anew. */
type Editing = { pane: Choices; at: number };
const editing = signal<Editing | undefined>(undefined);
const draft = signal<Chip>({ source: '', mode: 'regex', fold: true, exclude: false, on: true });

export function Chips({ pane, runs }: { pane: Choices; runs: Runs }): JSX.Element | null {
  const { from, to, after, around, peek } = pane;
  const filters = pane.filters.value;
  return (
    <div class={pane.off.value ? 'chips off' : 'chips'}>
      {peek.value ? <Note text="All lines around this one" away="Back to the filtered lines (c)" run={runs.context} /> : null}
      {filters.map((chip, at) =>
        editing.value?.pane === pane && editing.value.at === at ? (
          <Edit key={at} pane={pane} at={at} />
        ) : (
          <One key={at} pane={pane} chip={chip} at={at} />
        ),
      )}
      {pane.off.value ? <Note text="All filters are off" away={tip('filtersOff')} run={() => (pane.off.value = false)} /> : null}
      {around.value > 0 ? <Note text={`± ${around.value} lines`} away="No context around matches" run={() => (around.value = 0)} /> : null}
      {from.value !== undefined && to.value !== undefined ? (
        <Note text={[from.value, to.value].map(clockOf(memory.value.time, from.value, to.value)).join(' – ')} away={tip('allTime')} run={runs.allTime} />
      ) : null}
      {after.value !== undefined ? <Note text="Cleared" away={tip('undo')} run={runs.undo} /> : null}
    </div>
  );
}

function Note({ text, away, run }: { text: string; away: string; run: () => void }): JSX.Element {
  return (
    <span class="chip note">
      <span class="what">{text}</span>
      <button type="button" class="fold" aria-label={away} title={away} onClick={run}>
        <Icon name="close" />
      </button>
    </span>
  );
}

function replace(pane: Choices, at: number, chip: Chip | undefined): void {
  pane.filters.value = pane.filters.value.toSpliced(at, 1, ...(chip ? [chip] : []));
}

function One({ pane, chip, at }: { pane: Choices; chip: Chip; at: number }): JSX.Element {
  const what = `${chip.exclude ? 'not ' : ''}${chip.source}`;
  const fault = filterFault(chip);
  return (
    <span class={`chip ${chip.exclude ? 'not' : 'and'} ${chip.on ? '' : 'idle'} ${fault === undefined ? '' : 'faulty'}`} role="group" aria-label={`Filter ${what}`}>
      <input
        type="checkbox"
        aria-label={`Use filter ${what}`}
        title={chip.on ? 'Switch off' : 'Switch on'}
        checked={chip.on}
        onChange={() => replace(pane, at, { ...chip, on: !chip.on })}
      />
      <button
        type="button"
        class="fold turn"
        aria-label={chip.exclude ? `Show only lines with ${chip.source}` : `Hide lines with ${chip.source}`}
        title={chip.exclude ? 'Hides what matches: show only that instead' : 'Shows only what matches: hide that instead'}
        onClick={() => replace(pane, at, { ...chip, exclude: !chip.exclude })}
      >
        <Icon name={chip.exclude ? 'not' : 'and'} />
      </button>
      <button
        type="button"
        class="what"
        aria-label={`Edit filter ${what}`}
        title={`${chip.source}\n${fault === undefined ? '' : `not in use, no pattern: ${fault}\n`}${chip.mode === 'text' ? 'text as it stands' : 'regular expression'}${chip.fold ? '' : ', case matters'}; click to edit`}
        onClick={() => {
          draft.value = chip;
          editing.value = { pane, at };
        }}
      >
        {chip.source}
      </button>
      <Star chip={chip} />
      <button type="button" class="fold" aria-label={`Remove filter ${what}`} title="Remove" onClick={() => replace(pane, at, undefined)}>
        <Icon name="close" />
      </button>
    </span>
  );
}

function Edit({ pane, at }: Editing): JSX.Element {
  const fault = draft.value.mode === 'regex' ? patternFault(draft.value.source) : undefined;
  const done = (): void => {
    if (fault !== undefined || editing.value === undefined) return;
    editing.value = undefined;
    replace(pane, at, draft.value.source === '' ? undefined : draft.value);
  };
  return (
    <form
      class={fault === undefined ? 'chip edit' : 'chip edit faulty'}
      onSubmit={(event) => {
        event.preventDefault();
        done();
      }}
      onFocusOut={(event) => {
        if (!(event.relatedTarget instanceof Node && event.currentTarget.contains(event.relatedTarget))) done();
      }}
    >
      <input
        type="text"
        aria-label="Edit filter"
        aria-invalid={fault !== undefined}
        title={fault === undefined ? 'Enter takes it, Esc leaves it as it was' : `Not a pattern: ${fault}`}
        spellcheck={false}
        value={draft.value.source}
        size={Math.min(40, Math.max(8, draft.value.source.length + 1))}
        ref={(element) => {
          if (element && !element.closest('form')?.contains(document.activeElement)) element.select();
        }}
        onInput={(event) => (draft.value = { ...draft.value, source: event.currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          event.stopPropagation();
          editing.value = undefined;
        }}
      />
      <Switches of={draft} />
      {fault === undefined ? null : (
        <span class="fault" role="alert">
          Not a pattern: {fault}
        </span>
      )}
    </form>
  );
}

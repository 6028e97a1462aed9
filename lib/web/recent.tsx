/** The list below a filter box: filters used lately and those kept for good. */
import type { JSX } from 'preact';
import type { Choices } from './choices.ts';
import { addFilter, focusIn, listed } from './filter.tsx';
import { Icon } from './icon.tsx';
import { samePattern, type Chip } from './layout.ts';
import { inFront, memory, remember } from './memory.ts';

/** Filters kept for good, then those used lately; arrows walk through them. */
export function Recent({ pane }: { pane: Choices }): JSX.Element {
  const { saved, recent } = memory.value;
  const all = [...saved, ...recent.filter((chip) => !saved.some((other) => samePattern(other, chip)))];
  const shut = (event: { currentTarget: EventTarget | null }): void => {
    listed.value = undefined;
    focusIn(event.currentTarget, '.filter-input');
  };
  const key = (event: KeyboardEvent & { currentTarget: HTMLElement }): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === 'Escape') shut(event);
    else if (step) {
      const buttons = [...event.currentTarget.querySelectorAll<HTMLElement>('.one')];
      const at = buttons.indexOf(document.activeElement as HTMLElement) + step;
      if (at < 0) focusIn(event.currentTarget, '.filter-input');
      else buttons[at]?.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="over recent" role="group" aria-label="Recent and saved filters" onKeyDown={key}>
      {all.length === 0 ? <p class="hint">No filter yet: type one and press Enter to keep it.</p> : null}
      {all.map((chip) => (
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
  const label = `Save ${chip.source}${has ? ' no longer' : ''}`;
  const { saved } = memory.value;
  return (
    <button
      type="button"
      class={`fold star ${has ? 'has' : ''}`}
      aria-label={label}
      title={label}
      aria-pressed={has}
      onClick={() => remember({ saved: has ? saved.filter((other) => !samePattern(other, chip)) : inFront(saved, chip, samePattern, 100) })}
    >
      <Icon name="star" />
    </button>
  );
}

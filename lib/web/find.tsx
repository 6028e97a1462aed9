/** The find box of a pane: marks what matches, counts it and goes from one to the next, and hides nothing. */
import type { JSX } from 'preact';
import { tip, type Runs } from './actions.ts';
import { counted } from './clock.ts';
import { focused } from './desk.ts';
import { Switches } from './filter.tsx';
import { Icon } from './icon.tsx';
import type { Choices } from './choices.ts';

export function FindBox({ pane, runs }: { pane: Choices; runs: Runs }): JSX.Element {
  const bad = pane.findFault.value !== '';
  const has = pane.find.value.source !== '';
  const go = (forward: boolean): void => {
    focused.value = pane;
    (forward ? runs.next : runs.previous)();
  };
  return (
    <form class={`find ${has ? 'has' : ''}`} onSubmit={(event) => event.preventDefault()}>
      <div class={bad ? 'box faulty' : 'box'} title={bad ? `Not a pattern: ${pane.findFault.value}` : undefined}>
        <Icon name="search" />
        <input
          type="search"
          class="find-input"
          aria-label="Find"
          placeholder="Find"
          title={`${tip('find')}; Enter and Shift Enter go from hit to hit`}
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
          value={pane.find.value.source}
          aria-invalid={bad}
          aria-describedby={`hits-${pane.id}`}
          onInput={(event) => (pane.find.value = { ...pane.find.value, source: event.currentTarget.value })}
          onKeyDown={(event) => {
            if (event.key !== 'Enter') return;
            event.preventDefault();
            go(!event.shiftKey);
          }}
        />
        <span class="hits" id={`hits-${pane.id}`}>
          <span aria-live="polite">{pane.hit.value > 0 ? `${counted(pane.hit.value)} of ` : ''}</span>
          {hitsText(pane)}
        </span>
        {has ? (
          <>
            <Switches of={pane.find} find />
            <button type="button" class="fold" aria-label="Previous hit" title={tip('previous')} onClick={() => go(false)}>
              <Icon name="up" />
            </button>
            <button type="button" class="fold" aria-label="Next hit" title={tip('next')} onClick={() => go(true)}>
              <Icon name="down" />
            </button>
          </>
        ) : null}
      </div>
    </form>
  );
}

/** How many hits there are. That grows while lines come, and is not read out: which of them one is at is, and is known once one has gone there. */
function hitsText(pane: Choices): string {
  const state = pane.state.value?.find;
  if (pane.findFault.value !== '') return 'no pattern';
  if (pane.sought.value.source === '' || !state) return '';
  if (state.stopped) return state.stopped === 'slow' ? 'takes too long' : 'could not be fetched';
  if (state.count === 0) return state.searching ? 'searching' : 'none';
  return `${counted(state.count)}${state.searching ? '+' : ''}`;
}

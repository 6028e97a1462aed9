/** The bar above the lines: filter, what it hides, and how lines are shown. */
import type { JSX } from 'preact';
import { counted } from './clock.ts';
import { fault, fold, following, helpOpen, listOpen, narrow, pane, theme, typed, wrap, wrapped, type Theme } from './desk.ts';
import { Icon } from './icon.tsx';
import type { PaneState } from './talk.ts';

const NEXT_THEME: Record<Theme, Theme> = { auto: 'dark', dark: 'light', light: 'auto' };

export function Bar({ toggleFollow }: { toggleFollow: () => void }): JSX.Element {
  const turn = following.value ? 'Pause' : 'Follow';
  return (
    <>
      <button
        type="button"
        class="tool menu"
        aria-label="Streams"
        aria-expanded={listOpen.value}
        aria-controls="streams"
        onClick={() => (listOpen.value = !listOpen.value)}
      >
        <Icon name="menu" />
      </button>
      <Filter />
      <Tally />
      <div class="tools">
        <button
          type="button"
          class={following.value ? 'tool wide' : 'tool wide paused'}
          aria-label={turn}
          title={`${turn} (Space)`}
          onClick={toggleFollow}
        >
          <Icon name={following.value ? 'pause' : 'play'} />
          <span>{turn}</span>
        </button>
        <button
          type="button"
          class="tool"
          aria-label="Wrap lines"
          title="Wrap lines (w)"
          aria-pressed={wrapped()}
          onClick={() => (wrap.value = !wrapped())}
        >
          <Icon name="wrap" />
        </button>
        <button type="button" class="tool" aria-label={`Theme: ${theme.value}`} title={`Theme: ${theme.value} (t)`} onClick={nextTheme}>
          <Icon name={theme.value} />
        </button>
        <button type="button" class="tool" aria-label="Help" title="Keys (?)" onClick={() => (helpOpen.value = true)}>
          <Icon name="help" />
        </button>
      </div>
    </>
  );
}

export function nextTheme(): void {
  theme.value = NEXT_THEME[theme.value];
}

function Filter(): JSX.Element {
  const bad = fault.value !== '';
  return (
    <form role="search" class="filter" onSubmit={(event) => event.preventDefault()}>
      <label class={bad ? 'box faulty' : 'box'}>
        <Icon name="filter" />
        <input
          id="filter"
          type="search"
          aria-label="Filter"
          placeholder={narrow.value ? 'Filter' : 'Filter: a regular expression ( / )'}
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
          value={typed.value}
          aria-invalid={bad}
          aria-describedby="fault"
          onInput={(event) => (typed.value = event.currentTarget.value)}
        />
        <button
          type="button"
          class="fold"
          aria-label="Match case"
          title="Match case"
          aria-pressed={!fold.value}
          onClick={() => (fold.value = !fold.value)}
        >
          Aa
        </button>
      </label>
      <p id="fault" class="fault" role="alert">
        {faultText()}
      </p>
    </form>
  );
}

/** Why the pattern typed is not in use. */
function faultText(): string {
  if (fault.value !== '') return `Not a pattern: ${fault.value}. ${still()}`;
  const search = pane.value?.search;
  const stopped = search?.state === 'stopped' && search.source === typed.value;
  if (stopped) return `Stopped: this pattern takes too long on these lines. ${still()}`;
  return '';
}

function still(): string {
  const inForce = filterText(pane.value);
  return inForce === '' ? 'All lines are shown.' : `Lines are still filtered by ${inForce}`;
}

/** How many lines the filter shows and hides; always in view. */
function Tally(): JSX.Element {
  return (
    <p class="tally" id="tally">
      {pane.value ? tallied(pane.value) : ''}
    </p>
  );
}

/** The filters in force, as a text; '' for none. */
function filterText(now: PaneState | undefined): string {
  return now?.filters.map((filter) => filter.source).join(', ') ?? '';
}

function tallied(now: PaneState): JSX.Element {
  const { lines, matched, search } = now;
  const pattern = filterText(now);
  const searching = search.state === 'searching';
  const percent = `${Math.floor(search.progress * 100)}%`;
  if (searching && pattern !== search.source) return <>searching… {percent}</>;
  if (pattern === '') return <>{counted(lines)} {lines === 1 ? 'line' : 'lines'}</>;
  return (
    <>
      <b>{counted(matched)}</b> of {counted(lines)} lines match{searching ? ` so far (${percent})` : ''},{' '}
      <span class="hidden-count">{counted(lines - matched)} hidden</span>
    </>
  );
}

/** The head of a pane: what it shows, filter and find, and how its lines are shown. */
import type { JSX } from 'preact';
import { tip, type Runs } from './actions.ts';
import { Chips } from './chips.tsx';
import { hueOf } from './colour.ts';
import { close, focused, listOpen, lock, narrow, panes, wrapped } from './desk.ts';
import { FilterBox } from './filter.tsx';
import { FindBox } from './find.tsx';
import { Icon } from './icon.tsx';
import { Levels } from './levels.tsx';
import { memory } from './memory.ts';
import type { Choices } from './choices.ts';
import { Tally } from './tally.tsx';

/** More names than these are only counted. */
const MAX_NAMES = 2;

export function Bar({ pane, runs }: { pane: Choices; runs: Runs }): JSX.Element {
  const several = panes.value.length > 1;
  const listShown = narrow.value ? listOpen.value : memory.value.list;
  const turn = pane.following.value ? 'Pause' : 'Follow';
  const first = panes.value[0] === pane;
  return (
    <>
      <div class="row1">
        {first && (narrow.value || !memory.value.list) ? (
          <button type="button" class="tool menu" aria-label="Streams" aria-expanded={listShown} title={tip('list')} onClick={runs.list}>
            <Icon name="menu" />
          </button>
        ) : null}
        <Title pane={pane} />
        <FilterBox pane={pane} />
        <FindBox pane={pane} runs={runs} />
        <div class="tools">
          <button
            type="button"
            class={pane.following.value ? 'tool wide' : 'tool wide paused'}
            aria-label={turn}
            title={`${turn} (Space)`}
            onClick={() => at(pane, runs.follow)}
          >
            <Icon name={pane.following.value ? 'pause' : 'play'} />
            <span>{turn}</span>
          </button>
          <button type="button" class="tool" aria-label="Wrap lines" title={tip('wrap')} aria-pressed={wrapped(pane)} onClick={() => at(pane, runs.wrap)}>
            <Icon name="wrap" />
          </button>
          <button type="button" class="tool roomy" aria-label="Split" title={tip('split')} disabled={panes.value.length > 3} onClick={() => at(pane, runs.split)}>
            <Icon name="split" />
          </button>
          {several ? (
            <button type="button" class="tool" aria-label="Time lock" title={tip('lock')} aria-pressed={lock.value} onClick={runs.lock}>
              <Icon name="lock" />
            </button>
          ) : null}
          {several ? (
            <button type="button" class="tool" aria-label="Close pane" title={tip('close')} onClick={() => close(pane)}>
              <Icon name="close" />
            </button>
          ) : (
            <button type="button" class="tool" aria-label="Commands" title={tip('palette')} onClick={runs.palette}>
              <Icon name="more" />
            </button>
          )}
        </div>
      </div>
      <div class="row2">
        <Tally pane={pane} />
        <Levels pane={pane} />
        <Chips pane={pane} runs={runs} />
      </div>
    </>
  );
}

/** Do it in this pane, whichever was focused before. */
function at(pane: Choices, run: () => void): void {
  focused.value = pane;
  run();
}

function Title({ pane }: { pane: Choices }): JSX.Element {
  const ids = pane.streams.value;
  if (!ids) return <h2 class="title">All streams</h2>;
  return (
    <h2 class="title" title={ids.slice(0, 30).join('\n')}>
      {ids.slice(0, MAX_NAMES).map((id) => (
        <span key={id} class="name" style={{ '--hue': hueOf(id) }}>
          <span class="dot" />
          {id}
        </span>
      ))}
      {ids.length > MAX_NAMES ? <span class="others">+{ids.length - MAX_NAMES}</span> : null}
    </h2>
  );
}

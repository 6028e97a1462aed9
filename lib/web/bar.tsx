/** The head of a pane: what it shows, filter and find, and how its lines are shown. */
import type { JSX } from 'preact';
import { tip, type Runs } from './actions.ts';
import { hueOf } from './colour.ts';
import { focused, listOpen, lock, narrow, panes, wrapped } from './desk.ts';
import { Fault, FilterBox } from './filter.tsx';
import { FindBox } from './find.tsx';
import { Icon } from './icon.tsx';
import { restNow } from './later.ts';
import { Levels } from './levels.tsx';
import { memory } from './memory.ts';
import type { Choices } from './choices.ts';
import { Tally } from './tally.tsx';
import { Tool } from './tool.tsx';

/** More names than these are only counted. */
const MAX_NAMES = 2;

export function Bar({ pane, runs }: { pane: Choices; runs: Runs }): JSX.Element {
  const several = panes.value.length > 1;
  const listShown = narrow.value ? listOpen.value : memory.value.list;
  const turn = pane.following.value ? 'Pause' : 'Follow';
  const first = panes.value[0] === pane;
  const { Chips } = restNow() ?? {};
  return (
    <>
      <div class="row1">
        {first && (narrow.value || !memory.value.list) ? (
          <Tool label="Streams" icon="menu" kind="menu" expanded={listShown} title={tip('list')} run={runs.list} />
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
          <Tool label="Wrap lines" icon="wrap" title={tip('wrap')} pressed={wrapped(pane)} run={() => at(pane, runs.wrap)} />
          <Tool label="Split" icon="split" kind="roomy" title={tip('split')} disabled={panes.value.length > 3} run={() => at(pane, runs.split)} />
          {several ? (
            <Tool label="Time lock" icon="lock" title={tip('lock')} pressed={lock.value} run={runs.lock} />
          ) : null}
          {several ? (
            <Tool label="Close pane" icon="close" title={tip('close')} run={() => at(pane, runs.close)} />
          ) : (
            <Tool label="Commands" icon="more" title={tip('palette')} run={runs.palette} />
          )}
        </div>
      </div>
      <div class="row2">
        <Tally pane={pane} />
        <Levels pane={pane} />
        {Chips ? <Chips pane={pane} runs={runs} /> : null}
      </div>
      <Fault pane={pane} />
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

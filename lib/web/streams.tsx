/** The list of streams: which there are, how they fare, and which are shown. */
import type { JSX } from 'preact';
import { ago, counted, rate } from './clock.ts';
import { hueOf } from './colour.ts';
import { choose, chooseAll, known, listOpen, narrow, serverAhead, sought, streams } from './desk.ts';
import { Icon } from './icon.tsx';
import type { Stream } from './talk.ts';

/** More than these are found by the search box. */
const MAX_SHOWN = 300;

export function Streams(): JSX.Element {
  const list = listed();
  const chosen = streams.value;
  const total = known.value.reduce((sum, stream) => sum + stream.rate, 0);
  return (
    <>
      <label class="box seek">
        <Icon name="search" />
        <input
          type="search"
          aria-label="Find a stream"
          placeholder="Find a stream"
          spellcheck={false}
          autocomplete="off"
          value={sought.value}
          onInput={(event) => (sought.value = event.currentTarget.value)}
        />
      </label>
      <button type="button" class="all" aria-pressed={chosen === undefined} onClick={() => shut(chooseAll)} title="All streams (a)">
        <span>All streams</span>
        <span class="count">{counted(known.value.length)}</span>
        <span class="rate">{rate(total)}</span>
      </button>
      <ul>
        {list.slice(0, MAX_SHOWN).map((stream) => (
          <Item key={stream.id} stream={stream} chosen={chosen?.includes(stream.id) === true} />
        ))}
      </ul>
      {list.length > MAX_SHOWN ? <p class="hint">{counted(list.length - MAX_SHOWN)} more: search for them</p> : null}
      {list.length === 0 ? <p class="hint">{sought.value === '' ? 'No stream yet' : 'No such stream'}</p> : null}
    </>
  );
}

const byName = new Intl.Collator('en', { numeric: true });

/** Those that the search box asks for, by name; those chosen that the server does not know stand there as well. */
function listed(): Stream[] {
  const all = [...known.value];
  for (const id of streams.value ?? []) {
    if (!all.some((stream) => stream.id === id)) all.push({ id, lines: 0, bytes: 0, rate: 0, usual: 0, last: 0, state: 'idle', lost: 0, errors: 0, spark: [] });
  }
  const words = sought.value.toLowerCase().split(/\s+/).filter((word) => word !== '');
  return all.filter(({ id }) => words.every((word) => id.toLowerCase().includes(word))).sort((a, b) => byName.compare(a.id, b.id));
}

function shut(then: () => void): void {
  then();
  if (narrow.value) listOpen.value = false;
}

function clicked(event: MouseEvent, id: string): void {
  if (event.ctrlKey || event.metaKey || event.shiftKey) choose(id, true);
  else shut(() => choose(id, false));
}

function Item({ stream, chosen }: { stream: Stream; chosen: boolean }): JSX.Element {
  const { id, last, lost } = stream;
  const age = last > 0 ? ago(Date.now() + serverAhead.value - last) : '';
  const seen = age === '' ? 'never' : age === 'now' ? 'just now' : `${age} ago`;
  const state = stream.state === 'live' ? rate(stream.rate) || age : stream.state === 'ended' ? 'ended' : age;
  return (
    <li
      class={`stream ${stream.state} ${chosen ? 'chosen' : ''}`}
      ref={(element) => element?.style.setProperty('--hue', String(hueOf(id)))}
    >
      <input
        type="checkbox"
        aria-label={`Show ${id} with others`}
        title="Show together with others"
        checked={chosen}
        onChange={() => choose(id, true)}
      />
      <button
        type="button"
        class="name"
        aria-pressed={chosen}
        title={`${id}: ${counted(stream.lines)} lines, last ${seen}, ${stream.state}`}
        onClick={(event) => clicked(event, id)}
      >
        <span class="dot" />
        <span class="id">{id}</span>
        {lost > 0 ? (
          <span class="lost" title={`${counted(lost)} lines lost`}>
            −{counted(lost)}
          </span>
        ) : null}
        <span class="rate">{state}</span>
      </button>
    </li>
  );
}

/** The list of streams: which there are, how they fare, and which are shown; a thousand of them as easily as three. */
import { computed, signal } from '@preact/signals-core';
import type { JSX } from 'preact';
import { tip, type Runs } from './actions.ts';
import { counted, rate } from './clock.ts';
import { choose, chooseAll, chooseGroup, chosen, focused, known, listOpen, looked, narrow, panes, sought, streamIds, streamsById } from './desk.ts';
import { grouped, type Group, type Leaf } from './groups.ts';
import { Icon } from './icon.tsx';
import { restNow, withRest } from './later.ts';
import { memory, remember } from './memory.ts';
import { StreamItem } from './stream.tsx';
import type { Stream } from './talk.ts';
import { Tool } from './tool.tsx';

/** A row of the list; `at` are the characters that the search found. */
type Found = { id: string; label: string; depth: number; at: number[] };
type ListRow = Group | Leaf | Found | { title: string };

/** Height of a row as streams.css has it, px, and how many are drawn beyond those seen. */
const ROW = { wide: 28, narrow: 40 };
const BEYOND = 12;

/** What of the list is seen, px; and the row that the keyboard is on. */
const seen = signal({ top: 0, height: 800 });
const walked = signal(0);

/** Errors that came since somebody last looked at their streams. */
const unseenErrors = (streams: readonly Stream[]): number =>
  streams.reduce((sum, { id, errors }) => sum + Math.max(0, errors - (looked.value.get(id) ?? 0)), 0);

export function Streams({ runs }: { runs: Runs }): JSX.Element {
  const rows = listed.value;
  const ids = focused.value.streams.value;
  const total = known.value.reduce((sum, stream) => sum + stream.rate, 0);
  const errors = unseenErrors(known.value);
  return (
    <>
      <div class="brand">
        <span class="mark-lm">lm</span>
        <Tool label="Commands and streams" icon="command" title={tip('palette')} run={runs.palette} />
        <Tool label="Settings" icon="settings" title={tip('settings')} run={runs.settings} />
        <Tool label="Help" icon="help" title={tip('help')} run={runs.help} />
        <Tool label="Hide the list of streams" icon="close" title={tip('list')} run={runs.list} />
      </div>
      <label class="box seek">
        <Icon name="search" />
        <input
          type="search"
          aria-label="Find a stream"
          placeholder={`Find a stream (s)`}
          spellcheck={false}
          autocomplete="off"
          value={sought.value}
          onInput={(event) => {
            sought.value = event.currentTarget.value;
            withRest(() => {}); // finds
            walked.value = 0;
          }}
          onKeyDown={(event) => searchKey(event, rows)}
        />
      </label>
      <button type="button" class="all" aria-pressed={ids === undefined} onClick={() => shut(chooseAll)} title={tip('all')}>
        <span>All streams</span>
        <span class="count">{counted(known.value.length)}</span>
        {errors > 0 && ids !== undefined ? <span class="errs">{counted(errors)}</span> : null}
        <span class="rate">{rate(total)}</span>
      </button>
      {rows.length === 0 ? <p class="hint">{sought.value === '' ? 'No stream yet' : 'No such stream'}</p> : null}
      <List rows={rows} />
    </>
  );
}

/**
 * Those that the search asks for, best first; else those pinned, then all by name in their groups. Those chosen that the server does not
 * know stand there too.
 */
const listed = computed((): ListRow[] => {
  const all = [...new Set([...streamIds.value, ...chosen.value])];
  const { ranked } = restNow() ?? {};
  if (ranked && sought.value.trim() !== '') {
    return ranked(all, sought.value, (id) => id).map(({ item, at }) => ({ id: item, label: item, depth: 0, at }));
  }
  const { pins, shut: closed } = memory.value;
  const pinned: ListRow[] = pins.map((id) => ({ id, label: id, depth: 0 }));
  const rows: ListRow[] = grouped(all, new Set(closed));
  return pinned.length === 0 ? rows : [{ title: 'Pinned' }, ...pinned, { title: 'All' }, ...rows];
});

/** Only the rows in sight are drawn: a scrolled list of any length costs the same. */
function List({ rows }: { rows: ListRow[] }): JSX.Element {
  const height = narrow.value ? ROW.narrow : ROW.wide;
  const from = Math.max(0, Math.floor(seen.value.top / height) - BEYOND);
  const to = Math.min(rows.length, Math.ceil((seen.value.top + seen.value.height) / height) + BEYOND);
  const at = Math.min(walked.value, rows.length - 1);
  const shown = rows.slice(from, to).map((row, i) => ({ row, index: from + i }));
  // The row of the keyboard stays there, out of sight, so that the focus is not lost.
  const walkedTo = at >= 0 ? [{ row: rows[at] as ListRow, index: at }] : [];
  const [lead, rest] = [at < from ? walkedTo : [], at >= to ? walkedTo : []];
  return (
    <div
      class="list"
      ref={watch}
      onScroll={(event) => (seen.value = { top: event.currentTarget.scrollTop, height: event.currentTarget.clientHeight })}
      onKeyDown={(event) => walk(event, rows, height)}
    >
      <ul style={{ height: `${rows.length * height}px` }}>
        {[...lead, ...shown, ...rest].map(({ row, index }) => (
          <li key={keyOf(row, index)} style={{ top: `${index * height}px` }} class={'title' in row ? 'part' : ''} data-index={index}>
            <ListItem row={row} index={index} on={index === at} />
          </li>
        ))}
      </ul>
    </div>
  );
}

/** A stream that is pinned stands in the list twice. */
function keyOf(row: ListRow, index: number): string {
  if ('title' in row) return `t${row.title}`;
  if ('group' in row) return `g${row.group}`;
  const { pins } = memory.value;
  return `${index < pins.length + 1 && pins.includes(row.id) ? 'p' : 'i'}${row.id}`;
}

function ListItem({ row, index, on }: { row: ListRow; index: number; on: boolean }): JSX.Element {
  if ('title' in row) return <>{row.title}</>;
  return 'group' in row ? <GroupItem row={row} on={on} /> : <Item row={row} index={index} on={on} />;
}

const watched = new WeakSet<Element>();
function watch(element: HTMLElement | null): void {
  if (!element || watched.has(element)) return;
  watched.add(element);
  new ResizeObserver(() => (seen.value = { top: element.scrollTop, height: element.clientHeight })).observe(element);
}

const UNKNOWN: Omit<Stream, 'id'> = { lines: 0, rate: 0, usual: 0, last: 0, state: 'idle', lost: 0, errors: 0, spark: [] };

function Item({ row, index, on }: { row: Leaf | Found; index: number; on: boolean }): JSX.Element {
  const stream = streamsById.value.get(row.id) ?? { id: row.id, ...UNKNOWN };
  return (
    <StreamItem
      stream={stream}
      label={row.label}
      depth={row.depth}
      at={'at' in row ? row.at : []}
      on={on}
      choose={(add) => {
        walked.value = index;
        if (add) choose(row.id, true);
        else shut(() => choose(row.id, false));
      }}
    />
  );
}

function GroupItem({ row, on }: { row: Group; on: boolean }): JSX.Element {
  const { shut: closed } = memory.value;
  const streams = row.ids.flatMap((id) => streamsById.value.get(id) ?? []);
  const errors = unseenErrors(streams);
  const turn = (): void => remember({ shut: row.open ? [...closed, row.group] : closed.filter((path) => path !== row.group) });
  const ids = focused.value.streams.value;
  const all = ids !== undefined && row.ids.every((id) => ids.includes(id));
  return (
    <div class={all ? 'group chosen' : 'group'} style={{ '--depth': row.depth }}>
      <button
        type="button"
        class="turn"
        tabIndex={-1}
        aria-label={`${row.group} ${row.open ? 'fold' : 'unfold'}`}
        aria-expanded={row.open}
        onClick={turn}
      >
        <Icon name={row.open ? 'open' : 'shut'} />
      </button>
      <button
        type="button"
        class="name"
        tabIndex={on ? 0 : -1}
        data-group={row.group}
        aria-pressed={all}
        title={`Show all ${row.ids.length} streams of ${row.group}; with Ctrl besides those shown`}
        onClick={(event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) chooseGroup(row.ids, true);
          else shut(() => chooseGroup(row.ids, false));
        }}
      >
        <span class="id">{row.label}</span>
        <span class="count">{row.ids.length}</span>
        {errors > 0 && !row.open ? <span class="errs">{counted(errors)}</span> : null}
        {row.open ? null : <span class="rate">{rate(streams.reduce((sum, stream) => sum + stream.rate, 0))}</span>}
      </button>
    </div>
  );
}

function shut(then: () => void): void {
  then();
  if (narrow.value) listOpen.value = false;
}

/** From the search box: down into the list, Enter takes the best. */
function searchKey(event: KeyboardEvent, rows: ListRow[]): void {
  if (event.key === 'ArrowDown') goTo(event.currentTarget, rows.findIndex((row) => !('title' in row)), 0);
  else if (event.key === 'Enter') {
    withRest(() => {
      const best = listed.value.find((row) => 'id' in row);
      if (best && 'id' in best) shut(() => choose(best.id, event.ctrlKey || event.metaKey));
      toLines();
    });
  } else if (event.key === 'Escape' && sought.value !== '') sought.value = '';
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/** The keys are those of the lines again. */
const toLines = (): void => document.querySelectorAll<HTMLElement>('.frame .log')[panes.value.indexOf(focused.value)]?.focus();

/** Arrows walk, Space adds or takes away, left and right fold and unfold. */
function walk(event: KeyboardEvent, rows: ListRow[], height: number): void {
  const at = Number((event.target as Element).closest('li')?.getAttribute('data-index') ?? walked.value);
  const row = rows[at];
  const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -rows.length, End: rows.length }[event.key];
  if (step !== undefined) {
    let to = Math.max(0, Math.min(rows.length - 1, at + step));
    const beside = rows[to];
    if (beside && 'title' in beside) to = Math.max(0, Math.min(rows.length - 1, to + (step > 0 || to === 0 ? 1 : -1)));
    if (to === at && event.key === 'ArrowUp') document.querySelector<HTMLElement>('#streams .seek input')?.focus();
    else goTo(event.currentTarget, to, height);
  } else if (event.key === ' ' && row && 'id' in row) choose(row.id, true);
  else if ((event.key === 'ArrowLeft' || event.key === 'ArrowRight') && row && 'group' in row && row.open === (event.key === 'ArrowLeft')) {
    const { shut: closed } = memory.value;
    remember({ shut: row.open ? [...closed, row.group] : closed.filter((path) => path !== row.group) });
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

function goTo(from: EventTarget | null, index: number, height: number): void {
  if (index < 0) return;
  walked.value = index;
  const list = from instanceof Element ? from.closest('#streams')?.querySelector<HTMLElement>('.list') : null;
  if (!list) return;
  const top = index * height;
  if (top < list.scrollTop) list.scrollTop = top;
  else if (top + height > list.scrollTop + list.clientHeight) list.scrollTop = top + height - list.clientHeight;
  list.querySelector<HTMLElement>(`li[data-index="${index}"] .name`)?.focus();
}

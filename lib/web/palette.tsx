/** The command palette: every action, stream and saved filter by a few letters of its name. */
import { signal } from '@preact/signals-core';
import type { JSX } from 'preact';
import { ACTION_LIST, keySign, type ActionId } from './actions.ts';
import { choose, focused, sheet, streamIds } from './desk.ts';
import { addFilter } from './filter.tsx';
import { ranked } from './fuzzy.ts';
import { memory } from './memory.ts';
import { Sheet } from './sheet.tsx';
import { Marked } from './stream.tsx';

type Command = { key: string; title: string; sort: string; sign: string; run: () => void };

const MAX_SHOWN = 60;
const typed = signal('');
const at = signal(0);
/** Actions done from here lately: they are offered first. */
let lately: ActionId[] = [];

export function openPalette(): void {
  typed.value = '';
  at.value = 0;
  sheet.value = 'palette';
}

export function Palette({ run, close }: { run: (id: ActionId) => void; close: () => void }): JSX.Element {
  const found = ranked(commands(run), typed.value, ({ title }) => title).slice(0, MAX_SHOWN);
  const here = Math.min(at.value, found.length - 1);
  const take = (command: Command | undefined): void => {
    if (!command) return;
    close();
    queueMicrotask(command.run); // when the dialog is gone, so that the focus goes where the command puts it
  };
  const key = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (step !== undefined) at.value = Math.max(0, Math.min(found.length - 1, here + step));
    else if (event.key === 'Enter') take(found[here]?.item);
    else return;
    event.preventDefault();
  };
  return (
    <Sheet title="Command palette" close={close} kind="palette">
      <input
        type="text"
        role="combobox"
        aria-label="Command"
        aria-expanded="true"
        aria-controls="commands"
        aria-activedescendant={found[here] ? `command-${here}` : undefined}
        placeholder="A command, a stream, a saved filter"
        spellcheck={false}
        autocomplete="off"
        value={typed.value}
        ref={(element) => {
          if (element && document.activeElement !== element) element.focus();
        }}
        onInput={(event) => {
          typed.value = event.currentTarget.value;
          at.value = 0;
        }}
        onKeyDown={key}
      />
      <ul id="commands" role="listbox" aria-label="Commands">
        {found.map(({ item, at: hits }, i) => (
          <li
            key={item.key}
            id={`command-${i}`}
            role="option"
            aria-selected={i === here}
            ref={(element) => {
              if (element && i === here) element.scrollIntoView({ block: 'nearest' });
            }}
            onClick={() => take(item)}
          >
            <span class="what">
              <Marked text={item.title} at={hits} />
            </span>
            <span class="sort">{item.sort}</span>
            {item.sign === '' ? null : <kbd>{item.sign}</kbd>}
          </li>
        ))}
      </ul>
      {found.length === 0 ? <p class="hint">No such command, stream or filter</p> : null}
    </Sheet>
  );
}

function commands(run: (id: ActionId) => void): Command[] {
  const used = lately.flatMap((id) => ACTION_LIST.filter((action) => action.id === id));
  const others = ACTION_LIST.filter(({ id }) => id !== 'palette' && !lately.includes(id));
  const actions = [...used, ...others].map(({ id, title, group, keys }): Command => {
    const once = (): void => {
      lately = [id, ...lately.filter((other) => other !== id)].slice(0, 5);
      run(id);
    };
    return { key: `a${id}`, title, sort: group, sign: keySign(keys[0]), run: once };
  });
  const streams = streamIds.value.map((id): Command => ({ key: `s${id}`, title: id, sort: 'Stream', sign: '', run: () => choose(id, false) }));
  const filters = memory.value.saved.map(
    (chip): Command => ({
      key: `f${JSON.stringify(chip)}`,
      title: `${chip.exclude ? 'not ' : ''}${chip.source}`,
      sort: 'Filter',
      sign: '',
      run: () => addFilter(focused.value, chip),
    }),
  );
  return [...actions, ...filters, ...streams];
}

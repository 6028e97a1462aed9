/** The levels of a pane's lines: how many are held of each, how many of these the filters let pass, and which are shown. */
import type { JSX } from 'preact';
import { ALL_LEVELS, LEVEL_NAMES } from '../level.ts';
import { counted } from './clock.ts';
import type { Choices } from './choices.ts';

/** Gravest first: that is what people look for. */
const ORDER = [...LEVEL_NAMES.keys()].reverse();

export function Levels({ pane }: { pane: Choices }): JSX.Element | null {
  const counts = pane.state.value?.levels;
  const of = (list: 'held' | 'passing', level: number): string => counted(counts?.[list][level] ?? 0);
  const shown = pane.levels.value;
  const there = ORDER.filter((level) => of('held', level) !== '0' || !((shown >> level) & 1));
  if (there.length < 2 && shown === ALL_LEVELS) return null;
  return (
    <div class="levels" role="group" aria-label="Levels">
      {there.map((level) => {
        const name = LEVEL_NAMES[level] as string;
        const on = ((shown >> level) & 1) === 1;
        const [all, some] = [of('held', level), of('passing', level)];
        return (
          <button
            type="button"
            key={name}
            class={`level ${name}`}
            aria-pressed={on}
            title={`${on ? 'Hide' : 'Show'} lines ${name === 'none' ? 'without a level' : `of level ${name}`}; with Ctrl or Alt only these`}
            onClick={(event) => toggle(pane, level, event.ctrlKey || event.metaKey || event.altKey)}
          >
            <span class="glyph" />
            <span>{name === 'none' ? 'other' : name}</span> <span class="n">{some === all ? all : `${some} of ${all}`}</span>
          </button>
        );
      })}
    </div>
  );
}

function toggle(pane: Choices, level: number, alone: boolean): void {
  const bit = 1 << level;
  const now = pane.levels.value;
  if (alone) pane.levels.value = now === bit ? ALL_LEVELS : bit;
  else pane.levels.value = now === bit ? ALL_LEVELS : now ^ bit;
}

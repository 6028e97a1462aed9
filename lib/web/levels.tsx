/** The levels of a pane's lines: how many there are of each, and which are shown. */
import type { JSX } from 'preact';
import { counted } from './clock.ts';
import { ALL_LEVELS, LEVEL_NAMES } from './layout.ts';
import type { Choices } from './choices.ts';

/** Gravest first: that is what people look for. */
const ORDER = [...LEVEL_NAMES.keys()].reverse();

export function Levels({ pane }: { pane: Choices }): JSX.Element | null {
  const counts = countsOf(pane);
  const shown = pane.levels.value;
  const there = ORDER.filter((level) => (counts[level] ?? 0) > 0 || !((shown >> level) & 1));
  if (there.length < 2 && shown === ALL_LEVELS) return null;
  return (
    <div class="levels" role="group" aria-label="Levels">
      {there.map((level) => {
        const name = LEVEL_NAMES[level] as string;
        const on = ((shown >> level) & 1) === 1;
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
            <span>{name === 'none' ? 'other' : name}</span> <span class="n">{on ? counted(counts[level] ?? 0) : ''}</span>
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

/** Lines of each level among those shown. */
function countsOf(pane: Choices): number[] {
  const counts = pane.state.value?.shape?.counts;
  const sums = LEVEL_NAMES.map(() => 0);
  for (let i = 0; counts && i < counts.length; i++) {
    const level = i % LEVEL_NAMES.length;
    sums[level] = (sums[level] ?? 0) + (counts[i] ?? 0);
  }
  return sums;
}

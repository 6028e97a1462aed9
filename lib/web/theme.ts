/** How the page looks, as the person has it: theme, density and size of text, put where the style sheets find them. */
import { effect } from '@preact/signals-core';
import { memory, remember, SIZES, type Remembered } from './memory.ts';
import { TIME_MODES } from './timing.ts';

/** The next of these is in use from then on, after the last the first. */
const turn = <K extends 'theme' | 'density' | 'time'>(what: K, of: readonly Remembered[K][]) => (): void =>
  remember({ [what]: of[(of.indexOf(memory.value[what]) + 1) % of.length] });

export const nextTheme = turn('theme', ['auto', 'dark', 'light']);
export const nextDensity = turn('density', ['normal', 'roomy', 'compact']);
export const nextTime = turn('time', TIME_MODES);
/** Text of lines larger by so many pixels, within bounds. */
export const resize = (by: number): void => remember({ size: Math.min(SIZES.most, Math.max(SIZES.least, memory.value.size + by)) });

/** Show the theme now and whenever it changes. */
export function showTheme(): void {
  effect(() => void (document.documentElement.dataset['theme'] = memory.value.theme));
}

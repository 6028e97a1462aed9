/** How the page looks, as the person has it: theme, density and size of text, put where the style sheets find them. */
import { effect } from '@preact/signals-core';
import type { Density } from './look.ts';
import { memory, remember, SIZES, type Theme } from './memory.ts';
import { TIME_MODES } from './timing.ts';

const NEXT_THEME: Record<Theme, Theme> = { auto: 'dark', dark: 'light', light: 'auto' };
const NEXT_DENSITY: Record<Density, Density> = { normal: 'roomy', roomy: 'compact', compact: 'normal' };

export const nextTheme = (): void => remember({ theme: NEXT_THEME[memory.value.theme] });
export const nextDensity = (): void => remember({ density: NEXT_DENSITY[memory.value.density] });
export const nextTime = (): void => remember({ time: TIME_MODES[(TIME_MODES.indexOf(memory.value.time) + 1) % TIME_MODES.length] ?? 'local' });
/** Text of lines larger by so many pixels, within bounds. */
export const resize = (by: number): void => remember({ size: Math.min(SIZES.most, Math.max(SIZES.least, memory.value.size + by)) });

/** Show the theme now and whenever it changes. */
export function showTheme(): void {
  effect(() => void (document.documentElement.dataset['theme'] = memory.value.theme));
}

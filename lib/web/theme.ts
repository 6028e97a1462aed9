/** Light, dark or as the system has it: shown at once and remembered in this browser. */
import { effect, type Signal } from '@preact/signals-core';
import type { Theme } from './desk.ts';

const KEY = 'lm.theme';

function remembered(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'light' || value === 'dark' ? value : 'auto';
  } catch {
    return 'auto'; // storage is shut off; the theme is then that of the system
  }
}

/** Set the signal to what was remembered, and from then on show and remember what it is set to. */
export function rememberTheme(theme: Signal<Theme>): void {
  theme.value = remembered();
  effect(() => {
    document.documentElement.dataset['theme'] = theme.value;
    try {
      localStorage.setItem(KEY, theme.value);
    } catch {
      // Not remembered, then.
    }
  });
}

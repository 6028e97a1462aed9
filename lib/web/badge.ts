/** Tab title and icon: errors that have come while nobody looked. */
import { effect } from '@preact/signals-core';
import { counted } from './clock.ts';
import { panes, state } from './desk.ts';

/** Show them from now on; they count from when the page was last in sight. */
export function showBadge(): void {
  let before: number | undefined;
  let shown = '';
  const icon = document.querySelector<HTMLLinkElement>('link[rel=icon]');
  const draw = (): void => {
    const all = state.value?.errors ?? 0;
    if (!document.hidden || before === undefined) before = all;
    const errors = Math.max(0, all - before);
    const cut = state.value?.link === 'cut' || state.value?.link === 'denied';
    const name = panes.value.map((pane) => (pane.streams.value ? pane.name.value.slice(0, 80) : 'lm: logs')).join(' | ');
    const title = `${errors > 0 ? `(${counted(errors)} ${errors === 1 ? 'error' : 'errors'}) ` : cut ? '(cut) ' : ''}${name}${name.includes('lm: logs') ? '' : ' · lm'}`;
    if (title !== document.title) document.title = title;
    const href = errors > 0 || cut ? 'icon-bad.svg' : 'icon.svg';
    if (icon && href !== shown) icon.href = shown = href;
  };
  effect(draw);
  document.addEventListener('visibilitychange', draw);
}

/** The few signs of the page: index.html holds their paths, which take the colour of the text beside them. */
import type { JSX } from 'preact';

export type IconName =
  | 'menu' | 'filter' | 'pause' | 'play' | 'wrap' | 'auto' | 'dark' | 'light' | 'help' | 'down' | 'search' | 'close'
  | 'copy' | 'up' | 'split' | 'lock' | 'more' | 'shut' | 'open' | 'pin' | 'star' | 'command' | 'settings' | 'take'
  | 'not' | 'and' | 'bookmark';

export function Icon({ name }: { name: IconName }): JSX.Element {
  return (
    <svg class={`icon icon-${name}`} width="16" height="16" aria-hidden="true">
      <use href={`#i-${name}`} />
    </svg>
  );
}

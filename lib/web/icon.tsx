/** The few signs of the page, drawn as paths so that they take the colour of the text beside them. */
import type { JSX } from 'preact';

const PATHS = {
  menu: 'M2.5 4.5h11M2.5 8h11M2.5 11.5h11',
  filter: 'M2 3.5h12M4.5 8h7M6.8 12.5h2.4',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  play: 'M5 3.2v9.6L12.5 8z',
  wrap: 'M2.5 4h11M2.5 8h8.2a2.2 2.2 0 0 1 0 4.4H8.5M10 10.6l-1.8 1.8L10 14.2M2.5 12h3',
  auto: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM8 3.5v9a4.5 4.5 0 0 0 0-9z',
  dark: 'M13 9.6A5.6 5.6 0 0 1 6.4 3a5.6 5.6 0 1 0 6.6 6.6z',
  light:
    'M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6zM8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15' +
    'M3 3l1.2 1.2M11.8 11.8L13 13M3 13l1.2-1.2M11.8 4.2L13 3',
  help: 'M5.8 6.2a2.2 2.2 0 1 1 3.3 1.9c-.8.5-1.1.9-1.1 1.7M8 12.2v.1',
  down: 'M8 3v9M4.2 8.6L8 12.4l3.8-3.8',
  search: 'M7 2.8a4.2 4.2 0 1 0 0 8.4 4.2 4.2 0 0 0 0-8.4zM10.2 10.2l3 3',
  close: 'M4 4l8 8M12 4l-8 8',
  copy: 'M5.5 5.5h7v7h-7zM3.5 10.5v-7h7',
  up: 'M8 13V4M4.2 7.4L8 3.6l3.8 3.8',
  split: 'M2.5 3.5h11v9h-11zM8 3.5v9',
  lock: 'M4.5 7.5h7v5.5h-7zM6 7.5V5.4a2 2 0 0 1 4 0v2.1',
  more: 'M3.5 8h.01M8 8h.01M12.5 8h.01',
  shut: 'M5.5 3.5L10.5 8l-5 4.5',
  open: 'M3.5 5.5L8 10.5l4.5-5',
  pin: 'M6 2.5h4l-.6 4.2 2.1 2.3H4.5l2.1-2.3zM8 9v4.5',
  star: 'M8 2.4l1.7 3.5 3.9.5-2.8 2.7.7 3.8L8 11l-3.5 1.9.7-3.8L2.4 6.4l3.9-.5z',
  command: 'M3 4.5l3.5 3.5L3 11.5M8 12h5',
  settings: 'M2.5 4.5h6M11.5 4.5h2M2.5 11.5h2M7.5 11.5h6M10 3v3M6 10v3',
  take: 'M8 2.5v7.5M4.8 7L8 10.2 11.2 7M3 13h10',
  not: 'M3.5 8h9',
  and: 'M3.5 8h9M8 3.5v9',
  bookmark: 'M4.5 2.5h7v11L8 10.7l-3.5 2.8z',
} as const;

export function Icon({ name }: { name: keyof typeof PATHS }): JSX.Element {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={PATHS[name]} fill-rule="evenodd" />
    </svg>
  );
}

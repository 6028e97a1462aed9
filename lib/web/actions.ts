/** All that can be done on the page, in one table: keys, the sheet of keys, the command palette and the tooltips are made from it. */

type Spec = { title: string; group: (typeof GROUPS)[number]; keys: readonly string[] };

export const GROUPS = ['Lines', 'Find', 'Filter', 'Streams', 'Panes', 'Take away', 'Look'] as const;

/** Keys are named as in KeyboardEvent.key; `Mod` is Ctrl, or Cmd on a Mac. */
export const ACTIONS = {
  follow: { group: 'Lines', title: 'Pause, or follow the newest lines', keys: [' '] },
  newest: { group: 'Lines', title: 'Jump to the newest line and follow', keys: ['End', 'G'] },
  resume: { group: 'Lines', title: 'Resume where I stopped', keys: ['r'] },
  oldest: { group: 'Lines', title: 'Jump to the oldest line held', keys: ['Home', 'g'] },
  up: { group: 'Lines', title: 'One line up', keys: ['ArrowUp'] },
  down: { group: 'Lines', title: 'One line down', keys: ['ArrowDown'] },
  rowDown: { group: 'Lines', title: 'To the next line', keys: ['j'] },
  rowUp: { group: 'Lines', title: 'To the line before', keys: ['k'] },
  open: { group: 'Lines', title: 'Open the fields of this line, or what is folded under it', keys: ['ArrowRight', 'l'] },
  shut: { group: 'Lines', title: 'Shut them', keys: ['ArrowLeft', 'h'] },
  pageUp: { group: 'Lines', title: 'One page up', keys: ['PageUp', 'Shift+ '] },
  pageDown: { group: 'Lines', title: 'One page down', keys: ['PageDown'] },
  clear: { group: 'Lines', title: 'Clear: show only lines from now on', keys: ['C'] },
  undo: { group: 'Lines', title: 'Undo clear', keys: ['U'] },
  marker: { group: 'Lines', title: 'Put a marker here', keys: ['M'] },
  bookmark: { group: 'Lines', title: 'Bookmark this line, or no longer', keys: ['m'] },
  bookmarks: { group: 'Lines', title: 'List of bookmarks', keys: ['B'] },
  nextBookmark: { group: 'Lines', title: 'Next bookmark', keys: ['b'] },

  find: { group: 'Find', title: 'Find in the lines', keys: ['/'] },
  next: { group: 'Find', title: 'Next hit', keys: ['n'] },
  previous: { group: 'Find', title: 'Previous hit', keys: ['N'] },
  context: { group: 'Find', title: 'All lines around this one, and back', keys: ['c'] },
  nextError: { group: 'Find', title: 'Next error', keys: ['e'] },
  previousError: { group: 'Find', title: 'Previous error', keys: ['E'] },
  nextWarning: { group: 'Find', title: 'Next warning or error', keys: ['w'] },
  previousWarning: { group: 'Find', title: 'Previous warning or error', keys: ['W'] },

  filter: { group: 'Filter', title: 'Filter the lines', keys: ['f', '&'] },
  exclude: { group: 'Filter', title: 'Filter lines away', keys: ['F'] },
  filtersOff: { group: 'Filter', title: 'Switch all filters off, and on again', keys: ['x'] },
  filtersAway: { group: 'Filter', title: 'Remove all filters', keys: ['X'] },
  errorsOnly: { group: 'Filter', title: 'Only warnings and errors, or all levels', keys: ['!'] },
  aroundMore: { group: 'Filter', title: 'More lines of context around matches', keys: [')'] },
  aroundLess: { group: 'Filter', title: 'Fewer lines of context around matches', keys: ['('] },
  repeats: { group: 'Filter', title: 'Show repeated lines as one', keys: ['R'] },
  stacks: { group: 'Filter', title: 'Fold stack traces', keys: ['S'] },
  shape: { group: 'Filter', title: 'Histogram: show or hide', keys: ['i'] },
  allTime: { group: 'Filter', title: 'All times: no range selected', keys: ['I'] },

  seek: { group: 'Streams', title: 'Find a stream', keys: ['s'] },
  all: { group: 'Streams', title: 'All streams', keys: ['a'] },
  nextStream: { group: 'Streams', title: 'Next stream', keys: [']'] },
  previousStream: { group: 'Streams', title: 'Previous stream', keys: ['['] },
  pin: { group: 'Streams', title: 'Pin these streams, or no longer', keys: ['p'] },
  list: { group: 'Streams', title: 'List of streams: show or hide', keys: ['\\'] },

  split: { group: 'Panes', title: 'Split: one more pane', keys: ['|'] },
  close: { group: 'Panes', title: 'Close this pane', keys: ['Q'] },
  nextPane: { group: 'Panes', title: 'Next pane', keys: ['o'] },
  lock: { group: 'Panes', title: 'Time lock: panes move together', keys: ['L'] },

  link: { group: 'Take away', title: 'Copy a link to this view', keys: ['v'] },
  linkLine: { group: 'Take away', title: 'Copy a link to this line', keys: ['V'] },
  copy: { group: 'Take away', title: 'Copy what is shown as text', keys: ['y'] },
  copyRecords: { group: 'Take away', title: 'Copy what is shown as NDJSON', keys: ['Y'] },
  saveText: { group: 'Take away', title: 'Download what is shown as text', keys: ['d'] },
  saveRecords: { group: 'Take away', title: 'Download what is shown as NDJSON', keys: ['D'] },
  shell: { group: 'Take away', title: 'Copy as a shell command', keys: ['$'] },

  whole: { group: 'Look', title: 'The whole line, as it came', keys: ['Enter'] },
  wrap: { group: 'Look', title: 'Wrap long lines', keys: ['z'] },
  time: { group: 'Look', title: 'Times: local, UTC, relative, delta, off', keys: ['T'] },
  structure: { group: 'Look', title: 'JSON and logfmt as message and fields, or as they came', keys: ['J'] },
  tokens: { group: 'Look', title: 'Colours of times, addresses and numbers', keys: ['K'] },
  wrapLine: { group: 'Look', title: 'Wrap this line', keys: ['Z'] },
  countFrom: { group: 'Look', title: 'Times count from this line, or no longer', keys: ['0'] },
  theme: { group: 'Look', title: 'Theme: auto, dark, light', keys: ['t'] },
  density: { group: 'Look', title: 'Density: normal, roomy, compact', keys: ['='] },
  larger: { group: 'Look', title: 'Larger text of lines', keys: ['+'] },
  smaller: { group: 'Look', title: 'Smaller text of lines', keys: ['-'] },
  settings: { group: 'Look', title: 'Settings', keys: [','] },
  palette: { group: 'Look', title: 'Command palette', keys: ['Mod+k', ':'] },
  help: { group: 'Look', title: 'Keys', keys: ['?'] },
} as const satisfies Record<string, Spec>;

export type ActionId = keyof typeof ACTIONS;
export type Runs = Record<ActionId, () => void>;

export const ACTION_IDS = Object.keys(ACTIONS) as ActionId[];

const SIGNS: Record<string, string> = {
  ' ': 'Space', ArrowUp: '↑', ArrowDown: '↓', PageUp: 'PgUp', PageDown: 'PgDn', 'Shift+ ': 'Shift Space', Escape: 'Esc',
};

const onMac = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.platform);

/** A key as people read it. */
export const keySign = (key: string): string => SIGNS[key] ?? key.replace('Mod+k', onMac ? '⌘K' : 'Ctrl K');

/** Title and first key of an action: what a tooltip says. */
export const tip = (id: ActionId): string => `${ACTIONS[id].title} (${keySign(ACTIONS[id].keys[0])})`;

/** All that can be done on the page, in one table: keys, the sheet of keys, the command palette and the tooltips are made from it. */

/** Title and keys of each, by groups. Keys are named as in KeyboardEvent.key; `Mod` is Ctrl, or Cmd on a Mac. */
const TABLE = {
  Lines: {
    follow: ['Pause, or follow the newest lines', ' '],
    newest: ['Jump to the newest line and follow', 'End', 'G', 'Mod+End'],
    resume: ['Resume where I stopped', 'r'],
    oldest: ['Jump to the oldest line held', 'Home', 'g', 'Mod+Home'],
    up: ['One line up', 'ArrowUp'],
    down: ['One line down', 'ArrowDown'],
    rowDown: ['To the next line', 'j'],
    rowUp: ['To the line before', 'k'],
    open: ['Open the fields of this line, or what is folded under it', 'ArrowRight', 'l'],
    shut: ['Shut them', 'ArrowLeft', 'h'],
    pageUp: ['One page up', 'PageUp', 'Shift+ '],
    pageDown: ['One page down', 'PageDown'],
    clear: ['Clear: show only lines from now on', 'C'],
    undo: ['Undo clear', 'U'],
    marker: ['Put a marker behind the newest line', 'M'],
    bookmark: ['Bookmark this line, or no longer', 'm'],
    bookmarks: ['List of bookmarks', 'B'],
    nextBookmark: ['Next bookmark', 'b'],
  },
  Find: {
    find: ['Find in the lines', '/'],
    next: ['Next hit', 'n'],
    previous: ['Previous hit', 'N'],
    context: ['All lines around this one, and back', 'c'],
    nextError: ['Next error', 'e'],
    previousError: ['Previous error', 'E'],
    nextWarning: ['Next warning or error', 'w'],
    previousWarning: ['Previous warning or error', 'W'],
  },
  Filter: {
    filter: ['Filter the lines', 'f', '&'],
    exclude: ['Filter lines away', 'F'],
    filtersOff: ['Switch all filters off, and on again', 'x'],
    filtersAway: ['Remove all filters', 'X'],
    errorsOnly: ['Only warnings and errors, or all levels', '!'],
    aroundMore: ['More lines of context around matches', ')'],
    aroundLess: ['Fewer lines of context around matches', '('],
    repeats: ['Show repeated lines as one', 'R'],
    stacks: ['Fold stack traces', 'S'],
    shape: ['Histogram: show or hide', 'i'],
    allTime: ['All times: no range selected', 'I'],
  },
  Streams: {
    seek: ['Find a stream', 's'],
    all: ['All streams', 'a'],
    nextStream: ['Next stream', ']'],
    previousStream: ['Previous stream', '['],
    pin: ['Pin these streams, or no longer', 'p'],
    list: ['List of streams: show or hide', '\\'],
  },
  Panes: {
    split: ['Split: one more pane', '|'],
    close: ['Close this pane', 'Q'],
    nextPane: ['Next pane', 'o'],
    lock: ['Time lock: panes move together', 'L'],
  },
  'Take away': {
    link: ['Copy a link to this view', 'v'],
    linkLine: ['Copy a link to this line', 'V'],
    copy: ['Copy what is shown as text', 'y'],
    copyTold: ['Copy what is shown as text, with times and streams', 'A'],
    copyRecords: ['Copy what is shown as NDJSON', 'Y'],
    saveText: ['Download what is shown as text', 'd'],
    saveRecords: ['Download what is shown as NDJSON', 'D'],
    shell: ['Copy as a shell command', '$'],
  },
  Look: {
    whole: ['The whole line, as it came', 'Enter'],
    wrap: ['Wrap long lines', 'z'],
    time: ['Times: local, UTC, relative, delta, off', 'T'],
    structure: ['JSON and logfmt as message and fields, or as they came', 'J'],
    tokens: ['Colours of times, addresses and numbers', 'K'],
    wrapLine: ['Wrap this line', 'Z'],
    countFrom: ['Times count from this line, or no longer', '0'],
    theme: ['Theme: auto, dark, light', 't'],
    density: ['Density: normal, roomy, compact', '='],
    larger: ['Larger text of lines', '+'],
    smaller: ['Smaller text of lines', '-'],
    settings: ['Settings', ','],
    palette: ['Command palette', 'Mod+K', ':'],
    help: ['Keys', '?'],
  },
} as const satisfies Record<string, Record<string, readonly [title: string, key: string, ...keys: string[]]>>;

type Group = keyof typeof TABLE;
export type ActionId = { [G in Group]: keyof (typeof TABLE)[G] }[Group];
export type Runs = Record<ActionId, () => void>;

/** Of an action: `keys` has at least one. */
type Action = { id: ActionId; group: string; title: string; keys: [string, ...string[]] };

export const ACTION_LIST = Object.entries(TABLE).flatMap(([group, actions]) =>
  Object.entries(actions).map(([id, [title, ...keys]]) => ({ id, group, title, keys }) as Action),
);
export const GROUPS = Object.keys(TABLE);
const ACTIONS = new Map(ACTION_LIST.map((action) => [action.id, action]));

const SIGNS: Record<string, string> = {
  ' ': 'Space', ArrowUp: '↑', ArrowDown: '↓', ArrowLeft: '←', ArrowRight: '→', PageUp: 'PgUp', PageDown: 'PgDn', 'Shift+ ': 'Shift Space', Escape: 'Esc',
};

export const onMac = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.platform);

/** A key as people read it. */
export const keySign = (key: string): string => SIGNS[key] ?? key.replace('Mod+', onMac ? '⌘' : 'Ctrl ');

/** Title and first key of an action: what a tooltip says. */
export const tip = (id: ActionId): string => {
  const { title, keys } = ACTIONS.get(id) as Action;
  return `${title} (${keySign(keys[0])})`;
};

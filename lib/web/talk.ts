/** What the page and its two workers say to each other. */
import { ALL_LEVELS, type Level } from '../level.ts';
import type { Kind, Label } from './kind.ts';

/** The longest part of a line that is shown in a row, in bytes. */
export const ROW_BYTES = 4096;

/** Lines of the chosen streams by level: those held, and those that filters and time let pass, whether or not their level is shown. */
export type LevelCounts = { held: Uint32Array; passing: Uint32Array };

/** A row as it is drawn. */
export type Row = {
  /** Its number in the lens, and its position in the store. */
  at: number;
  position: number;
  kind: Kind;
  id: string;
  run: string;
  n: number;
  ts: number;
  level: Level;
  more: boolean;
  /** The text, cut to ROW_BYTES, and how many bytes were cut off. */
  text: string;
  rest: number;
  /** The record's further keys, as `,"host":"web1"}`; '' for none. */
  tail: string;
  /** What the filters and the find box matched, as start, end... in the plain text. */
  marks: number[];
  found: number[];
  /** How many equal lines this row stands for, and how many lines of a stack trace are folded under it. */
  repeats: number;
  folded: number;
  /** The person has opened it (`unfold`): what it stood for is shown below it. */
  opened: boolean;
  /** A note of lines that this page was not given: they can be asked for (`back`). */
  loadable: boolean;
  /** Shown only because a row near it matches. */
  context: boolean;
  /** In a view of several streams: its time is before that of one of the rows above it, which reached the server earlier. */
  late: boolean;
};

/** One filter that is switched on: a regular expression, or text as it stands. `fold`: upper and lower case are the same. */
export type Filter = { source: string; mode: 'regex' | 'text'; fold: boolean; exclude: boolean };

/** What the person has chosen to see in a pane. A line passes when every filter that includes matches it and none that excludes does. */
export type Choice = {
  /** Undefined for all. */
  streams: string[] | undefined;
  filters: Filter[];
  /** Set of the levels shown. */
  levels: number;
  /** Equal lines in a row are one row; lines of a stack trace are folded under its head. */
  repeats: boolean;
  stacks: boolean;
  /** So many lines before and after each match are shown as well. */
  around: number;
  /** Times of the lines shown, ms: [from, to). */
  from: number | undefined;
  to: number | undefined;
  /** What stands up to this entry of the server's, `EPOCH.SEQ`, has been cleared away. */
  after: string | undefined;
};

export const EVERYTHING: Choice = {
  streams: undefined, filters: [], levels: ALL_LEVELS, repeats: false, stacks: false, around: 0, from: undefined, to: undefined, after: undefined,
};

/** What can be looked for from a row on. */
export type Sought = 'hit' | 'error' | 'warning' | 'bookmark' | 'time' | 'position' | 'line';

/** Lines to be taken away: their text, that with time and stream before it, or their records. */
export type Form = 'text' | 'told' | 'ndjson';

/** Page to feed worker. `pane` is a number that the page gives; `serial` grows with each question of a pane. */
export type Ask =
  | { ask: 'open'; api: string; lines: number }
  /** Show this. `keep` is the position of a row that should stay where it is. */
  | { ask: 'show'; pane: number; serial: number; choice: Choice; keep: number | undefined }
  | { ask: 'close'; pane: number }
  /** Send these rows, once. */
  | { ask: 'rows'; pane: number; lens: number; from: number; to: number }
  /** Send the newest rows with every state from now on; 0 for none. */
  | { ask: 'follow'; pane: number; rows: number }
  /** Mark what this matches, and hide nothing. */
  | { ask: 'find'; pane: number; serial: number; filter: Filter | undefined }
  /** The next row of that sort beyond `row` (its number in `lens`: where another is shown by then there is no telling). */
  | {
      ask: 'seek'; pane: number; serial: number; what: Sought; row: number; forward: boolean;
      lens?: number; time?: number; position?: number; id?: string; run?: string; n?: number;
    }
  /** Open or close what is folded under the row at this position. */
  | { ask: 'unfold'; pane: number; position: number }
  /** Put a note of the person into the lines. */
  | { ask: 'mark'; text: string }
  /** All rows that the person has marked. */
  | { ask: 'bookmarks'; positions: number[] }
  /** All rows shown, as a file. */
  | { ask: 'export'; pane: number; as: Form }
  /** Load what the note at this position says was not sent. */
  | { ask: 'back'; position: number }
  /** Load a step of the lines before those held, of which the server has those from its entry `first` on. */
  | { ask: 'older'; first: number }
  | { ask: 'whole'; position: number }
  /** The last state is drawn: the next may come. */
  | { ask: 'next'; turn: number; took: number }
  | { ask: 'retry' }
  | { ask: 'visible'; visible: boolean };

export type LinkState = 'connecting' | 'live' | 'cut' | 'denied';

/** Why filters were given up: a line took one of them too long, or what tries them could not be fetched. */
export type WhyStopped = 'slow' | 'unfetched';

/** How far the filters are; `source` is that of the one that was too slow. */
export type Search = { state: 'searching' | 'done' | WhyStopped; progress: number; source: string };

/** How far the find box is. `count` is of the rows shown. */
export type Find = { serial: number; count: number; searching: boolean; stopped: WhyStopped | undefined };

/** Bits of a bin of the rail. */
export const RAIL = { hit: 1, error: 2, warning: 4, bookmark: 8 } as const;

/** Lines over time: for each step from `from` on seven counts, one a level; and how many lines are left out as too far from these. */
export type Shape = { from: number; to: number; step: number; counts: Uint32Array; earlier: number; later: number };

export type PaneState = {
  pane: number;
  /** The last choice that this state knows of. */
  serial: number;
  lens: number;
  base: number;
  end: number;
  /** Where the row to keep is in this lens. */
  keepAt: number | undefined;
  /** Lines of the chosen streams held, and those of them that are shown, or stand for in rows that are. */
  lines: number;
  matched: number;
  /** Whether filters, levels or times may hide lines of them. */
  narrowed: boolean;
  levels: LevelCounts;
  /** The filters in force. */
  filters: Filter[];
  search: Search;
  /** Lines shown at level error or above that have come since the pane was opened. */
  errors: number;
  /** The newest rows, if they were asked for. */
  tail: Row[] | undefined;
  /** Rows that have changed since the last state: they stand for more lines now. */
  changed: Row[];
  /** Another number than before: in rows sent earlier something else may match now. */
  marked: number;
  find: Find;
  /** The rows in equal bins, each with its RAIL bits; empty where nothing is marked. */
  rail: Uint8Array;
  /** Made anew at most once a second; undefined where no line is shown. */
  shape: Shape | undefined;
};

export type State = {
  say: 'state';
  /** Its number, which is given back with how long, ms, it took to draw (`next`). */
  turn: number;
  link: LinkState;
  /** When the next attempt to connect is made, ms; 0 for none. */
  retry: number;
  /** Number of the first entry of the server's that this page was given; 0 where those before it have no place here. */
  firstEntry: number;
  held: number;
  bytes: number;
  dropped: number;
  /** Lines lost of which the server that runs now knows nothing. */
  lost: number;
  skipped: number;
  repeated: number;
  /** Lines at level error or above that have come. */
  errors: number;
  /** The last entry taken, `EPOCH.SEQ`: what a view cleared now begins after. */
  cursor: string | undefined;
  panes: PaneState[];
};

/** Whether lines come: now, not now, unusually long not, no more, or unknown because the writer's signs of life have stopped. */
export type StreamState = 'live' | 'idle' | 'silent' | 'ended' | 'lost';

export type Stream = {
  id: string;
  lines: number;
  /** Lines a second; what was usual before a silence, 0 where that is not known; time of the last line, ms by the server's clock. */
  rate: number;
  usual: number;
  last: number;
  state: StreamState;
  lost: number;
  /** Lines at level error or above that came to this page. */
  errors: number;
  /** Lines a second between one answer of the server and the next, for up to half a minute, the newest last. */
  spark: number[];
};

/** Feed worker to page. */
export type Say =
  | State
  | { say: 'rows'; pane: number; lens: number; from: number; rows: Row[] }
  /**
   * The row, by its number in that lens; `why` tells why there is none ('none below', 'none above', 'still searching', 'not held', 'no
   * rows') or why it is not the very one ('hidden', 'all are earlier'). Where hits are sought it is the one with `index` (from 0) of `count`.
   */
  | { say: 'sought'; pane: number; serial: number; lens: number; row: number | undefined; index: number; count: number; why?: string }
  | { say: 'streams'; streams: Stream[]; now: number; lost: number; malformed: number; firstHeld: number }
  | { say: 'whole'; position: number; label: Label; text: string; tail: string }
  /** The line that was asked for as a whole has been dropped. */
  | { say: 'gone' }
  /** So many lines have been loaded in place of a note, or older ones, of which there may be more, or why not: panes are to ask anew (`show`). */
  | { say: 'back'; lines: number; more: boolean; why?: string }
  | { say: 'exported'; pane: number; as: Form; blob: Blob; lines: number };

/**
 * Rows to try. They are those of chunk `chunk` that were kept, or those that come along: text in `bytes`, and for each row where it
 * begins and ends. With `keep` the worker keeps them until it is told to forget.
 */
export type TryRows = { chunk: number; bytes?: Uint8Array; bounds?: Uint32Array; keep?: boolean };

/** Feed worker to match worker: try rows, mark texts (both answered, in the order in which they were asked), or forget chunks. */
export type MatchJob =
  | { what: 'try'; filters: Filter[]; rows: TryRows[] }
  | { what: 'mark'; filters: Filter[]; texts: string[] }
  | { what: 'forget'; chunks: number[] };
/**
 * `bits` are one list for each of the rows, one bit a row; `kept` is the memory that has been taken for what is kept, bytes; `rooms` is what
 * rows came in, for the next ones.
 */
export type MatchAnswer = { bits?: Uint8Array[]; kept?: number; rooms?: ArrayBuffer[]; marks?: number[][] };

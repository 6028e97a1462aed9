/** What the page and its two workers say to each other. */
import type { Kind, Label } from './chunk.ts';

/** The longest part of a line that is shown in a row, in bytes. */
export const ROW_BYTES = 4096;

/** A row as it is drawn. */
export type Row = {
  /** Its number in the lens, and its position in the store. */
  at: number;
  position: number;
  kind: Kind;
  id: string;
  ts: number;
  more: boolean;
  /** The text, cut to ROW_BYTES, and how many bytes were cut off. */
  text: string;
  rest: number;
  /** What the filter matched, as start, end... in the plain text. */
  marks: number[];
};

/** What the person has chosen to see. An empty pattern is no filter. */
export type Choice = { streams: string[] | undefined; pattern: string; fold: boolean };

/** Page to feed worker. */
export type Ask =
  | { ask: 'open'; api: string; lines: number }
  /** Show this; `serial` grows with each. `keep` is the position of a row that should stay where it is. */
  | { ask: 'show'; serial: number; choice: Choice; keep: number | undefined }
  /** Send these rows, once. */
  | { ask: 'rows'; lens: number; from: number; to: number }
  /** Send the newest rows with every state from now on; 0 for none. */
  | { ask: 'follow'; rows: number }
  /** The last state is drawn: the next may come. */
  | { ask: 'next' }
  | { ask: 'whole'; position: number }
  | { ask: 'retry' }
  | { ask: 'visible'; visible: boolean };

export type LinkState = 'connecting' | 'live' | 'cut' | 'denied';

/** How far a filter is: searching, done, or stopped because a line took it too long. */
export type Search = { state: 'searching' | 'done' | 'stopped'; progress: number; source: string };

export type State = {
  say: 'state';
  /** The last choice that this state knows of. */
  serial: number;
  link: LinkState;
  /** When the next attempt to connect is made, ms; 0 for none. */
  retry: number;
  lens: number;
  base: number;
  end: number;
  /** Where the row to keep is in this lens. */
  keepAt: number | undefined;
  /** Lines of the chosen streams held, and matched by the filter in force. */
  lines: number;
  matched: number;
  /** The filter in force: '' for none. */
  pattern: string;
  search: Search;
  /** Number of the first entry of the server's that this page was given. */
  firstEntry: number;
  held: number;
  bytes: number;
  dropped: number;
  lost: number;
  skipped: number;
  repeated: number;
  /** The newest rows, if they were asked for. */
  tail: Row[] | undefined;
};

export type Stream = {
  id: string;
  lines: number;
  bytes: number;
  /** Lines a second; time of the last one, ms by the server's clock. */
  rate: number;
  last: number;
  state: 'live' | 'idle' | 'ended';
  lost: number;
};

/** Feed worker to page. */
export type Say =
  | State
  | { say: 'rows'; lens: number; from: number; rows: Row[] }
  | { say: 'streams'; streams: Stream[]; now: number; lost: number; malformed: number; firstHeld: number }
  | { say: 'whole'; position: number; label: Label; text: string; tail: string };

/** Feed worker to match worker: try rows, or mark texts. */
export type MatchJob = { job: number; source: string; fold: boolean } & (
  | { what: 'try'; bytes: Uint8Array; bounds: Uint32Array }
  | { what: 'mark'; texts: string[] }
);
export type MatchAnswer = { job: number; bits?: Uint8Array; marks?: number[][] };

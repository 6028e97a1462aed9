/** What a row is: somebody's line or a note of the page, and what is known of it besides its text. */

/** What a row of the page is: a line, a line that was no record, or a note of the page; `filled` is one that is true no more and not shown. */
export const KIND = { line: 0, bad: 1, lost: 2, end: 3, skip: 4, restart: 5, filled: 6, mark: 7 } as const;
export type Kind = (typeof KIND)[keyof typeof KIND];

/** Whether a row of this kind holds a line of somebody's log; the others are the page's own notes. */
export const isLine = (kind: number): boolean => kind <= KIND.bad;

/** What is noted of a row besides its level, which is in the lowest three bits: it goes on from the line before it, or the next from it. */
export const TRAIT = { level: 7, goesOn: 8, more: 16 } as const;

/** What is known of a row besides its text. */
export type Label = { kind: Kind; id: string; run: string; n: number; ts: number; more: boolean };

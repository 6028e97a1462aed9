/** What a row is: somebody's line or a note of the page, and what is known of it besides its text. */

import { LEVEL, TRAIT as TOLD } from '../level.ts';

/** What a row of the page is: a line, a line that was no record, or a note of the page; `filled` is one that is true no more and not shown. */
export const KIND = { line: 0, bad: 1, lost: 2, end: 3, skip: 4, restart: 5, filled: 6, mark: 7 } as const;
export type Kind = (typeof KIND)[keyof typeof KIND];

/** Whether a row of this kind holds a line of somebody's log; the others are the page's own notes. */
export const isLine = (kind: number): boolean => kind <= KIND.bad;

/** What is noted of a row: what the server tells of its line, and that the writer says the next one goes on from it. */
export const TRAIT = { ...TOLD, more: 16 } as const;

/** What is known of a row besides its text. */
export type Label = { kind: Kind; id: string; run: string; n: number; ts: number; traits: number };

/** Whether a line of these traits is an error of its own: lines that go on from it have its level and are none. */
export const isError = (traits: number): boolean => (traits & TRAIT.level) >= LEVEL.error && (traits & TRAIT.goesOn) === 0;

/** The levels that a line can have, from none to the gravest, their names, and how one is noted of a line. */

/** A set of levels is a number with bits `1 << level`. */
export const LEVEL = { none: 0, trace: 1, debug: 2, info: 3, warn: 4, error: 5, fatal: 6 } as const;
export type Level = (typeof LEVEL)[keyof typeof LEVEL];

/** Each at its level. */
export const LEVEL_NAMES = Object.keys(LEVEL);
/** How many levels there are, and the set of all. */
export const LEVELS = LEVEL_NAMES.length;
export const ALL_LEVELS = (1 << LEVELS) - 1;

/** What is noted of a line: its level in the lowest three bits, and whether it goes on from the one before it in its stream. */
export const TRAIT = { level: 7, goesOn: 8 } as const;
/** The hexadecimal digit, as a character's code, by which the traits of a line are told; and the traits that a digit tells. */
export const digitOf = (traits: number): number => traits + (traits < 10 ? 48 : 87);
export const traitsOf = (digit: number): number => digit - (digit < 58 ? 48 : 87);

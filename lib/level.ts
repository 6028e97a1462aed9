/** The levels that a line can have, from none to the gravest, and their names. */

/** A set of levels is a number with bits `1 << level`. */
export const LEVEL = { none: 0, trace: 1, debug: 2, info: 3, warn: 4, error: 5, fatal: 6 } as const;
export type Level = (typeof LEVEL)[keyof typeof LEVEL];

/** Each at its level. */
export const LEVEL_NAMES = Object.keys(LEVEL);
/** How many levels there are, and the set of all. */
export const LEVELS = LEVEL_NAMES.length;
export const ALL_LEVELS = (1 << LEVELS) - 1;

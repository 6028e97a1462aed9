/** How much a tab holds: asked of the server by the page, kept to by the store. */

export type Limits = { lines: number; bytes: number };

/** Unless told otherwise: a million lines or 300 MB. */
export const LIMITS: Limits = { lines: 1_000_000, bytes: 300_000_000 };

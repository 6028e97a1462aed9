/** What a row says and offers besides its text. */
import { counted, linesText } from './clock.ts';
import type { Row } from './talk.ts';

/** A button of a row: its text, what it is for, and its CSS class, by which the view knows what to do. */
export type Note = { says: string; title: string; act: 'folds' | 'repeats' | 'loads' };

/** Undefined for most rows. */
export function note(row: Row): Note | undefined {
  if (row.loadable) return { says: 'load them', title: 'Ask the server for these lines', act: 'loads' };
  if (row.repeats > 1) return { says: `× ${counted(row.repeats)}`, title: `${counted(row.repeats)} equal lines: show each`, act: 'repeats' };
  if (row.folded > 0) return { says: `+ ${linesText(row.folded)}`, title: 'Lines that go on from this one: show them', act: 'folds' };
  if (row.opened) return { says: '−', title: 'Fold these lines again', act: 'folds' };
  return undefined;
}

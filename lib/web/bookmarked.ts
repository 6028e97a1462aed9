/** Lines that the person has marked to come back to. */
import { signal } from '@preact/signals-core';
import type { Row } from './talk.ts';

/** What is kept of a marked line: where it is in the store, and enough to know it by. */
export type Mark = Pick<Row, 'position' | 'id' | 'ts' | 'text'>;

const MAX_MARKS = 1000;
const MAX_TEXT = 300;

export const marks = signal<readonly Mark[]>([]);

/** Mark a line, or no longer. */
export function toggleMark({ position, id, ts, text }: Row): boolean {
  const has = marks.value.some((mark) => mark.position === position);
  if (has) marks.value = marks.value.filter((mark) => mark.position !== position);
  else marks.value = [...marks.value, { position, id, ts, text: text.slice(0, MAX_TEXT) }].sort((a, b) => a.position - b.position).slice(-MAX_MARKS);
  return !has;
}

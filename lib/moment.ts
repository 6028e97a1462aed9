/** A moment as people name it: a time of RFC 3339, milliseconds since the epoch, or how long ago it is. */
import { Calendar } from './calendar.ts';
import { Cursor } from './cursor.ts';
import { parseTime } from './quantity.ts';
import { iso } from './stamp-formats.ts';

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;
const EPOCH_MS = /^-?\d{1,16}$/;
const SPAN = /^\d+(?:\.\d+)?[a-z]+$/i;
const MAX_MS = 8.64e15; // the last millisecond that a date can name (ECMA-262)

/** Milliseconds since the epoch of `2026-11-22T22:13:26Z`, of `1795385606000` and of `15m` before `now`. Throws Error with the fact. */
export function parseMoment(text: string, now: number): number {
  if (SPAN.test(text)) return now - parseTime(text);
  const ms = EPOCH_MS.test(text) ? Number(text) : RFC_3339.test(text) ? written(text) : NaN;
  if (Math.abs(ms) <= MAX_MS) return ms;
  throw new Error(`time ${text} is not understood`);
}

/** NaN for a time that does not exist or is before 1970. */
function written(text: string): number {
  const cursor = new Cursor();
  cursor.bytes = Buffer.from(text);
  const fields = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0, ms: 0 };
  return iso({ cursor, fields, calendar: new Calendar(), now: 0 });
}

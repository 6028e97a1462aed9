/** Finds the time that a log line says it is from, without touching the line. */
import { Calendar } from './calendar.ts';
import { isDigit } from './ascii.ts';
import { Cursor } from './cursor.ts';
import {
  commonLog, dayMonthYear, epoch, iso, json, klog, levelFirst, logfmt, redis, syslog, weekdayFirst,
  type Format, type Reading,
} from './stamp-formats.ts';

const OPEN = 0x5b;

const FORMATS: readonly Format[] = [iso, syslog, commonLog, json, logfmt, epoch, weekdayFirst, dayMonthYear, klog, levelFirst, redis];

/**
 * Reads stamps at the beginning of lines, or where a format has its usual place (lm-frame(1) lists them). Never one out of prose.
 * Time is linear and bounded: nothing past the first 200 bytes is looked at. One instance a stream: it tries the last format first.
 */
export class Stamper {
  readonly #reading: Reading = {
    cursor: new Cursor(),
    fields: { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0, ms: 0 },
    calendar: new Calendar(),
    now: 0,
  };
  #last: Format = iso;

  /**
   * The time of the line that begins at `start` and ends at its newline or with the bytes, in milliseconds since the epoch; `now` when
   * none is found. `now` also decides the year where the line has none.
   */
  read(bytes: Uint8Array, start: number, now: number): number {
    const { cursor } = this.#reading;
    this.#reading.now = now;
    cursor.bytes = bytes;
    cursor.at = start;
    skipOpening(cursor);
    const begin = cursor.at;
    const usual = this.#last(this.#reading);
    if (usual >= 0) return usual;
    for (const format of FORMATS) {
      if (format === this.#last) continue;
      cursor.at = begin;
      const ts = format(this.#reading);
      if (ts >= 0) {
        this.#last = format;
        return ts;
      }
    }
    return now;
  }
}

/** Step over what may stand before any stamp: `<34>` (RFC 3164), `<34>1 ` (RFC 5424), `[`, a colour. */
function skipOpening(cursor: Cursor): void {
  cursor.skipColours();
  if (cursor.peek() === 0x3c) {
    const from = cursor.at++;
    cursor.at += cursor.digits(3);
    if (!isDigit(cursor.peek(-1)) || !cursor.skip(0x3e)) cursor.at = from;
    else cursor.skipText('1 ');
  }
  if (cursor.skip(OPEN)) cursor.skipColours();
}

/** Dates and times of day as log lines write them, to milliseconds since the epoch. */

/** Fields as a person reads them: month and day from 1. */
export type Fields = { year: number; month: number; day: number; hour: number; minute: number; second: number; ms: number };

const HOUR = 3_600_000;
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** Date takes years below 100 for those of the 20th century. */
function isDay(year: number, month: number, day: number): boolean {
  if (year < 100 || month < 1 || month > 12 || day < 1) return false;
  return day <= (DAYS[month - 1] as number) + (month === 2 && isLeap(year) ? 1 : 0);
}

/** A leap second (60) is the first of the next minute, as POSIX time has it. */
function isTime(f: Fields): boolean {
  return f.hour >= 0 && f.hour <= 23 && f.minute >= 0 && f.minute <= 59 && f.second >= 0 && f.second <= 60;
}

/**
 * Turns fields into milliseconds; NaN for a date or time that does not exist or is before 1970. It remembers the last minute, since the
 * lines of a log stand close together and a local time is dear to compute.
 */
export class Calendar {
  #localKey = -1;
  #localMinute = NaN;
  #yearKey = -1;
  #year = NaN;

  /** In universal time, `offset` minutes east of it. */
  utc(f: Fields, offset: number): number {
    if (!isDay(f.year, f.month, f.day) || !isTime(f)) return NaN;
    return sinceEpoch(Date.UTC(f.year, f.month - 1, f.day, f.hour, f.minute - offset) + f.second * 1000 + f.ms);
  }

  /** In the local time zone (TZ); an hour that comes twice, when clocks go back, is the first of the two. */
  local(f: Fields): number {
    if (!isDay(f.year, f.month, f.day) || !isTime(f)) return NaN;
    const key = (((f.year * 12 + f.month) * 31 + f.day) * 24 + f.hour) * 60 + f.minute;
    if (key !== this.#localKey) {
      this.#localKey = key;
      this.#localMinute = new Date(f.year, f.month - 1, f.day, f.hour, f.minute).getTime();
    }
    return sinceEpoch(this.#localMinute + f.second * 1000 + f.ms);
  }

  /** In the local time zone, and without a year: the one that puts it nearest to `now` (ms). Fills in `f.year`. */
  nearest(f: Fields, now: number): number {
    const key = ((f.month * 31 + f.day) * 24 + f.hour) * 1e7 + Math.floor(now / HOUR);
    if (key !== this.#yearKey) {
      this.#yearKey = key;
      this.#year = nearestYear(f, now);
    }
    f.year = this.#year;
    return this.local(f);
  }
}

function sinceEpoch(ms: number): number {
  return ms >= 0 ? ms : NaN;
}

/** Eight years to either side, since 29 February may be that far away (from 2096 to 2104). */
function nearestYear(f: Fields, now: number): number {
  const here = new Date(now).getFullYear();
  let best = NaN;
  let distance = Infinity;
  for (let year = here - 8; year <= here + 8; year++) {
    if (!isDay(year, f.month, f.day)) continue;
    const away = Math.abs(new Date(year, f.month - 1, f.day, f.hour, f.minute).getTime() - now);
    if (away < distance) [best, distance] = [year, away];
  }
  return best;
}

/** The offset east of universal time in minutes; NaN where no place on earth has it. */
export function offsetOf(sign: 1 | -1, hours: number, minutes: number): number {
  return hours >= 0 && hours <= 15 && minutes >= 0 && minutes <= 59 ? sign * (hours * 60 + minutes) : NaN;
}


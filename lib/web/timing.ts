/** The time of a line as the person wants it: of their zone or UTC, how long ago, or since another line. */
import { moment, three, timeOfDay, two } from './clock.ts';

/** `delta` is since the row above, or since the row that was chosen to count from. */
export type TimeMode = 'local' | 'utc' | 'relative' | 'delta' | 'off';
export const TIME_MODES: readonly TimeMode[] = ['local', 'utc', 'relative', 'delta', 'off'];

/** What a time is told by: now, the time of the row above (NaN for none), and of the row that times count from. */
export type Since = { now: number; above: number; zero: number | undefined };

/** The text of a time, at most 13 characters; '' for off. */
export function timeText(mode: TimeMode, ts: number, since: Since): string {
  if (mode === 'local') return timeOfDay(ts);
  if (mode === 'utc') return utc(ts);
  if (mode === 'relative') return before(since.now - ts);
  if (mode === 'delta') return Number.isNaN(since.zero ?? since.above) ? '' : span(ts - (since.zero ?? since.above));
  return '';
}

function utc(ts: number): string {
  const d = new Date(ts);
  return Number.isNaN(d.getTime()) ? '--:--:--.---' : d.toISOString().slice(-13);
}

/** `14 s ago`; what lies ahead by a clock that is wrong is `in 14 s`. */
function before(ms: number): string {
  if (Number.isNaN(ms)) return '--';
  const s = Math.round(Math.abs(ms) / 1000);
  if (s === 0) return 'now';
  const text = s < 60 ? `${s} s` : s < 3600 ? `${Math.floor(s / 60)} min` : s < 86_400 ? `${Math.floor(s / 3600)} h` : `${Math.floor(s / 86_400)} d`;
  return ms < 0 ? `in ${text}` : `${text} ago`;
}

/** `+0.042`, `+59.310`, `+1:02.500`, `+3:00:01`, `+2 d 03 h`; a negative one with a minus sign. */
export function span(ms: number): string {
  if (Number.isNaN(ms)) return '--';
  const sign = ms < 0 ? '−' : '+';
  const all = Math.round(Math.abs(ms));
  const s = Math.floor(all / 1000);
  const rest = three(all % 1000);
  if (s < 60) return `${sign}${s}.${rest}`;
  if (s < 3600) return `${sign}${Math.floor(s / 60)}:${two(s % 60)}.${rest}`;
  if (s < 86_400) return `${sign}${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  return `${sign}${Math.floor(s / 86_400)} d ${two(Math.floor(s / 3600) % 24)} h`;
}

/** Moments of a stretch that is no longer, ms, are told to the millisecond. */
const SHORT = 10_000;

/**
 * How moments of a stretch of time are written, in the zone shown: to the second, or where `fine` to the millisecond, and with their dates
 * where they are not all of today.
 */
export function clockOf(mode: TimeMode, from: number, to: number, fine = to - from < SHORT, now = Date.now()): (ts: number) => string {
  const dated = [from, to].some((ts) => dateOf(mode, ts) !== dateOf(mode, now));
  return (ts) => {
    const time = mode === 'utc' ? utc(ts) : timeOfDay(ts);
    return `${dated ? `${dateOf(mode, ts)} ` : ''}${fine ? time : time.replace(/\..../, '')}`;
  };
}

/** Days of all zones begin at a whole quarter of an hour of UTC. */
const QUARTER = 900_000;

/** The date of a line, `2026-11-22`, where it is another than that of the line above (NaN for none) in the zone shown; else ''. */
export function dayBegun(mode: TimeMode, ts: number, above: number): string {
  if (mode === 'off' || Number.isNaN(above) || Math.floor(ts / QUARTER) === Math.floor(above / QUARTER)) return '';
  const day = dateOf(mode, ts);
  return day === dateOf(mode, above) ? '' : day;
}

function dateOf(mode: TimeMode, ts: number): string {
  const d = new Date(ts);
  if (Number.isNaN(d.getTime())) return '';
  return (mode === 'utc' ? d.toISOString() : moment(ts)).slice(0, 10);
}

/** Times as people read them, in the zone of the browser. */

/** A number in two digits at least, or in three. */
export const two = (n: number): string => (n < 10 ? `0${n}` : `${n}`);
export const three = (n: number): string => (n < 100 ? `0${two(n)}` : `${n}`);

/** `22:13:26.042`; dashes where there is no such date. */
export function timeOfDay(ms: number): string {
  const d = new Date(ms);
  if (Number.isNaN(d.getTime())) return '--:--:--.---';
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}.${three(d.getMilliseconds())}`;
}

/** `2026-11-22 22:13:26.042 +01:00`: the whole moment. */
export function moment(ms: number): string {
  const d = new Date(ms);
  if (Number.isNaN(d.getTime())) return 'no date';
  const east = -d.getTimezoneOffset();
  const zone = `${east < 0 ? '-' : '+'}${two(Math.floor(Math.abs(east) / 60))}:${two(Math.abs(east) % 60)}`;
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${timeOfDay(ms)} ${zone}`;
}

/** How long ago, in a word: `now`, `14s`, `3m`, `5h`, `2d`. */
export function ago(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 2) return 'now';
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m`;
  if (s < 86_400) return `${Math.floor(s / 3600)}h`;
  return `${Math.floor(s / 86_400)}d`;
}

/** Lines a second, short: `0.3/s`, `12/s`, `3.4k/s`; '' for none. */
export function rate(perSecond: number): string {
  if (!(perSecond > 0)) return '';
  if (perSecond < 10) return `${perSecond < 0.1 ? '<0.1' : perSecond.toFixed(1)}/s`;
  return perSecond < 1000 ? `${Math.round(perSecond)}/s` : `${(perSecond / 1000).toFixed(1)}k/s`;
}

/** A count with separators, the same in every language: `48,220`. */
export function counted(n: number): string {
  return n.toLocaleString('en-US');
}

/** `1 line`, `48,220 lines`. */
export const linesText = (n: number): string => `${counted(n)} ${n === 1 ? 'line' : 'lines'}`;

/** A size: `812 B`, `3.4 kB`, `12 MB`. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const [n, unit] = bytes < 1e6 ? [bytes / 1e3, 'kB'] : [bytes / 1e6, 'MB'];
  return `${n < 10 ? n.toFixed(1) : Math.round(n)} ${unit}`;
}

/** Sizes, times and counts as people write them: `64k`, `1.5G`, `200ms`, `2h`, `10`. */

const SIZES: Record<string, number> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
const TIMES: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function parse(what: string, text: string, units: Record<string, number>, fallback: string, min: number, max: number): number {
  const match = /^(\d{1,15}(?:\.\d{1,6})?)([a-z]*)$/i.exec(text);
  const unit = units[(match?.[2] || fallback).toLowerCase()];
  if (!match || unit === undefined) throw new Error(`${what} ${text} is not understood`);
  const value = Math.round(Number(match[1]) * unit);
  if (value < min || value > max) throw new Error(`${what} ${text} is out of range`);
  return value;
}

/** Bytes of `512`, `64k`, `1.5G` (powers of 1,024). Throws Error with the fact when it is none or outside min..max. */
export function parseSize(text: string, min = 1, max = 2 ** 50): number {
  return parse('size', text, SIZES, '', min, max);
}

/** Milliseconds of `200ms`, `5s`, `10m`, `2h`, `1d`; a bare number is seconds. Throws Error when it is none or outside min..max (ms). */
export function parseTime(text: string, min = 0, max = 365 * 86_400_000): number {
  return parse('time', text, TIMES, 's', min, max);
}

/** A whole number within min..max. Throws Error with the fact. */
export function parseCount(text: string, min = 0, max = Number.MAX_SAFE_INTEGER): number {
  if (!/^\d{1,16}$/.test(text)) throw new Error(`number ${text} is not understood`);
  return parse('number', text, { '': 1 }, '', min, max);
}

/** Parameters of a request: only those a route knows, each as often as it may stand there. */
import { why } from './cli.ts';
import { parseMoment } from './moment.ts';

/** The request cannot be answered as it is: HTTP 400, with the reason as text. */
export class BadRequest extends Error {}

/** Parameters that a route takes: once, or any number of times. */
export type Parameters = Record<string, 'once' | 'many'>;

/** Read the query of a URL (behind `?`). Throws BadRequest naming the parameter. */
export function parseQuery(query: string, known: Parameters): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(query)) {
    const times = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!times) throw new BadRequest(`unknown parameter ${name.slice(0, 40)}`);
    const before = values.get(name);
    if (before && times === 'once') throw new BadRequest(`parameter ${name} given twice`);
    if (before) before.push(value);
    else values.set(name, [value]);
  }
  return values;
}

/** The one value of a parameter. */
export function valueOf(values: Map<string, string[]>, name: string): string | undefined {
  return values.get(name)?.[0];
}

/** A switch: absent, `0` and `1` are all it can be. */
export function flagOf(values: Map<string, string[]>, name: string): boolean {
  const value = valueOf(values, name) ?? '0';
  if (value !== '0' && value !== '1') throw new BadRequest(`parameter ${name} must be 0 or 1`);
  return value === '1';
}

/** A whole number from 0 to a thousand million. */
export function countOf(values: Map<string, string[]>, name: string, byDefault: number): number {
  const value = valueOf(values, name);
  if (value === undefined) return byDefault;
  if (!/^\d{1,9}$/.test(value)) throw new BadRequest(`parameter ${name} must be a number`);
  return Number(value);
}

/** A time as milliseconds since the epoch (moment.ts). */
export function momentOf(values: Map<string, string[]>, name: string, now: number): number | undefined {
  const value = valueOf(values, name);
  try {
    return value === undefined ? undefined : parseMoment(value.slice(0, 40), now);
  } catch (err) {
    throw new BadRequest(`parameter ${name}: ${why(err)}; 2026-11-22T22:13:26Z, milliseconds since the epoch and 15m (ago) are`);
  }
}

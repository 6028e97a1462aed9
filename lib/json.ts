/** Small JSON objects of a protocol, from a peer that may send anything. */

/** The object that the bytes are as JSON. Throws Error when they are none. */
export function parseObject(bytes: Buffer): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch {
    throw new Error('not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('not an object');
  return value as Record<string, unknown>;
}

/** A whole number from `min` to the largest that is exact, under `key`. Throws Error when there is another thing. */
export function wholeOf(object: Record<string, unknown>, key: string, min = 0): number {
  const value = object[key];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min) throw new Error(`bad ${key}`);
  return value;
}

/** The text under `key`, cut to `max` characters; '' when there is none. */
export function textOf(object: Record<string, unknown>, key: string, max = 256): string {
  const value = object[key];
  return typeof value === 'string' ? value.slice(0, max) : '';
}
